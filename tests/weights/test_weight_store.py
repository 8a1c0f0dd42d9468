"""What is here, what it is by its content, and models that come with the files they need."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from making import noise, sentence
from toy_registry import FILES, MODELS, WHO, Toy, make_toy, serve

from core.errors import BadInput, MissingFile, Offline
from core.keys import file_sha256
from core.models import family, known_models, list_models, load_model
from core.models.cnn import CNNModel
from core.models.store import model_card
from core.models.tc import TemporalCNNModel
from core.render import MODEL_COLOURS, model_colour
from core.weights import (
    PRETRAINED,
    ModelEntry,
    entries,
    files_of,
    get,
    git_blob_id,
    identify,
    open_weights,
    registry,
    remote_file,
    weights_folder,
)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    return make_toy(tmp_path_factory.mktemp("toy"))


@pytest.fixture
def cache(toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of downloads, empty, with the toy registry in use and no network."""
    toy.use(monkeypatch)
    folder = weights_folder()
    assert folder == home / "weights"
    folder.mkdir(parents=True)
    return folder


def states() -> dict[str, str]:
    return {card.name: card.state for card in known_models()}


# --- the real registry ---------------------------------------------------------------------------


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_every_model_says_what_it_is(entry: ModelEntry) -> None:
    card = model_card(entry.name)
    assert {*entry.needs, *entry.options} <= set(family(entry.family).option_names())
    assert card.summary and card.family and card.licence and card.citation
    if card.entry.remote is None:
        assert card.state == "shipped", "its blob_id in registry.toml is that of another file"
    for file in card.entry.downloads:
        assert file.url.startswith("https://") and file.licence == "none stated" and file.source
        assert file.citation


@pytest.mark.parametrize("name", registry()["files"])
def test_every_file_can_be_checked(name: str) -> None:
    file = remote_file(name)
    assert file.blob_id or file.sha256
    assert file.blob_id == "" or len(bytes.fromhex(file.blob_id)) == 20
    assert file.sha256 == "" or len(bytes.fromhex(file.sha256)) == 32
    assert file.url.startswith("https://")


def test_a_colour_is_its_place_in_the_registry() -> None:
    cards = known_models()
    assert cards[0].entry.remote is None, "pages begin with a model that is here"
    assert sorted(card.order for card in cards) == list(range(len(cards)))
    first = sorted(cards, key=lambda card: card.order)[: len(MODEL_COLOURS)]
    nearby = [model_colour(card.order) for card in first]
    assert len(set(nearby)) == len(nearby)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("nr/mean_shape.npy", "mean_shape.npy"),
        ("nr/eigen_vectors.npy", "eigen_vectors.npy"),
        ("nr/mean.npy", "mean.npy"),
        ("nr/tcboost.npy", "tcboost.npy"),
        ("hum/facemesh.pth", "facemesh.pth"),
        ("rep/obama2s.mp4", "obama2s.mp4"),
    ],
)
def test_published_files_are_recognised_under_any_name(
    shared: Path, tmp_path: Path, place: str, name: str
) -> None:
    path = tmp_path / "another name"
    path.write_bytes((shared / "reference" / place).read_bytes())
    found = identify(path)
    assert (found.known, found.name, found.ok) == (True, name, True)
    size = remote_file(name).size
    assert size is None or size == path.stat().st_size


def test_a_published_file_of_old_opens(shared: Path) -> None:
    """The look into pickles must not refuse what PyTorch itself once wrote."""
    opened = open_weights(shared / "reference/hum/facemesh.pth")
    assert len(opened.tensors) > 100


# --- states --------------------------------------------------------------------------------------


def test_nothing_is_here_at_first(cache: Path) -> None:
    assert states() == {"ours": "shipped", "1D_CNN": "downloadable", "1D_CNN_TC": "downloadable"}
    assert [card.name for card in list_models()] == ["ours"]


@pytest.mark.parametrize("where", ["cache", "pretrained"])
@pytest.mark.parametrize(
    "given",
    [FILES, [f"{name} as other-{k}{Path(name).suffix}" for k, name in enumerate(FILES)]],
    ids=["their own names", "other names"],
)
def test_files_put_there_are_recognised_by_their_content(
    toy: Toy, cache: Path, tmp_path: Path, where: str, given: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    folder = cache
    if where == "pretrained":
        toy = make_toy(tmp_path / "copy")
        toy.use(monkeypatch)
        folder = toy.pretrained
    toy.give(folder, *given)
    assert states() == {"ours": "shipped", "1D_CNN": "downloaded", "1D_CNN_TC": "downloaded"}
    assert [card.name for card in list_models()] == list(MODELS)
    assert [card.order for card in list_models()] == [0, 1, 2]
    assert isinstance(load_model("1D_CNN"), CNNModel)


def test_a_colour_does_not_depend_on_what_is_here(toy: Toy, cache: Path) -> None:
    toy.give(cache, "1D_CNN_TC.pt", *(n for n in FILES if n.endswith("npy")))
    assert [(card.name, card.order) for card in list_models()] == [("ours", 0), ("1D_CNN_TC", 2)]


@pytest.mark.parametrize("missing", ["mean_shape.npy", "eigen_vectors.npy", "mean.npy"])
def test_a_model_without_its_companions_cannot_be_run(toy: Toy, cache: Path, missing: str) -> None:
    toy.give(cache, *(name for name in FILES if name != missing))
    assert states()["1D_CNN_TC"] == "downloadable"
    with pytest.raises(MissingFile, match="models get 1D_CNN_TC") as caught:
        load_model("1D_CNN_TC")
    sentence(caught.value)


def test_another_file_of_the_right_name_is_found_but_not_verified(toy: Toy, cache: Path) -> None:
    toy.give(cache)
    (cache / "1D_CNN.pt").write_bytes((cache / "1D_CNN.pt").read_bytes()[:-1])
    assert states()["1D_CNN"] == "found but not verified"
    assert [card.name for card in list_models()] == ["ours", "1D_CNN_TC"]
    with pytest.raises(
        MissingFile, match=r"1D_CNN\.pt.*other content.*models get 1D_CNN"
    ) as caught:
        load_model("1D_CNN")
    sentence(caught.value)
    toy.give(cache, "1D_CNN.pt as the-right-one.pt")
    assert states()["1D_CNN"] == "downloaded"


def test_a_changed_file_is_hashed_again(toy: Toy, cache: Path) -> None:
    """Also where size and time of change look the same."""
    toy.give(cache)
    path = cache / "1D_CNN.pt"
    before = path.stat()
    assert states()["1D_CNN"] == "downloaded"
    data = bytearray(path.read_bytes())
    data[5000] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert states()["1D_CNN"] == "found but not verified"


def test_a_shipped_file_that_was_changed_is_not_run(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = make_toy(tmp_path / "copy")
    toy.use(monkeypatch)
    (toy.pretrained / "ours.safetensors").write_bytes(b"something else")
    assert states()["ours"] == "found but not verified" and list_models() == []
    for refused in (lambda: load_model("ours"), lambda: files_of("ours")):
        with pytest.raises(MissingFile, match="restore the folder pretrained/") as caught:
            refused()
        sentence(caught.value)


def test_links_out_of_the_folder_are_not_followed(toy: Toy, cache: Path, tmp_path: Path) -> None:
    toy.give(tmp_path / "elsewhere")
    for name in FILES:
        (cache / name).symlink_to(tmp_path / "elsewhere" / name)
    assert states()["1D_CNN"] == "downloadable"
    for name in FILES:
        (cache / name).unlink()
    toy.give(cache, *(f"{name} as {k}{Path(name).suffix}" for k, name in enumerate(FILES)))
    for k, name in enumerate(FILES):  # within the folder they may
        (cache / f"link-{k}{Path(name).suffix}").symlink_to(f"{k}{Path(name).suffix}")
    assert states()["1D_CNN"] == "downloaded"


def test_other_kinds_of_files_are_not_looked_at(toy: Toy, cache: Path) -> None:
    toy.give(cache, *(f"{name} as {name}.txt" for name in FILES))
    (cache / "a.pt").mkdir()
    os.mkfifo(cache / "b.pt")
    (cache / "c.pt").symlink_to("nowhere")
    assert states()["1D_CNN"] == "downloadable"


# --- what a file is ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        ("1D_CNN.pt", (True, "1D_CNN", True)),
        ("1D_CNN.pt as x", (True, "1D_CNN", True)),
        ("1D_CNN.pt as 1D_CNN_TC.pt", (True, "1D_CNN", True)),
        ("mean.npy as 1D_CNN.pt", (True, "mean.npy", True)),
        ("changed", (True, "1D_CNN", False)),
        ("unknown", (False, None, False)),
        ("empty", (False, None, False)),
    ],
)
def test_a_file_is_what_its_content_is_else_what_it_is_named(
    toy: Toy, cache: Path, tmp_path: Path, make: str, expected: tuple[bool, str | None, bool]
) -> None:
    path = tmp_path / "1D_CNN.pt" if make == "changed" else tmp_path / (make.split()[-1])
    if make in ("changed", "unknown", "empty"):
        path.write_bytes(b"" if make == "empty" else b"something")
    else:
        toy.give(tmp_path, make)
    found = identify(path)
    assert (found.known, found.name, found.ok) == expected
    assert (found.blob_id, found.sha256) == (git_blob_id(path), file_sha256(path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.pt", tmp_path):
        with pytest.raises(MissingFile) as caught:
            identify(path)
        sentence(caught.value)


# --- loading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["1D_CNN", "1D_CNN_TC"])
def test_a_published_model_comes_with_its_companions(toy: Toy, cache: Path, name: str) -> None:
    """By name, and by the path of a file that lies anywhere: the same as everything given."""
    toy.give(cache)
    given = {k: toy.origin / v for k, v in MODELS[name][2].items() if k != "template"}
    if name == "1D_CNN_TC":
        given["template"] = np.load(toy.origin / "mean.npy")  # type: ignore[assignment]
    sound = noise(0.5)
    expected = load_model(toy.origin / f"{name}.pt", **given).predict(sound).track.points
    for model in (load_model(name), load_model(toy.origin / f"{name}.pt")):
        np.testing.assert_array_equal(model.predict(sound).track.points, expected)
    assert name == "1D_CNN" or isinstance(load_model(name), TemporalCNNModel)


def test_what_is_given_wins_over_what_comes_along(toy: Toy, cache: Path, tmp_path: Path) -> None:
    toy.give(cache)
    np.save(tmp_path / "mine.npy", np.load(toy.origin / "mean_shape.npy") + 1)
    model = load_model("1D_CNN", mean_shape=tmp_path / "mine.npy")
    assert isinstance(model, CNNModel)
    np.testing.assert_allclose(model.basis.mean, np.load(tmp_path / "mine.npy").ravel())


def test_settings_come_with_the_model(
    toy: Toy, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.give(cache)
    text = (toy.pretrained / "registry.toml").read_text()
    line = 'summary = "The model 1D_CNN, made by a test"\n'
    assert line in text
    changed = text.replace(line, f"{line}options = {{ window_frames = 9, unknown = 1 }}\n")
    (toy.pretrained / "registry.toml").write_text(changed)
    try:
        with pytest.raises(BadInput, match="7 frames"):
            load_model("1D_CNN")
        load_model("1D_CNN", window_frames=7)
    finally:
        (toy.pretrained / "registry.toml").write_text(text)


def test_a_published_file_without_its_companions_gets_the_family_s_sentence(
    toy: Toy, cache: Path
) -> None:
    with pytest.raises(BadInput, match="--mean_shape") as caught:
        load_model(toy.origin / "1D_CNN.pt")
    sentence(caught.value)


# --- getting -------------------------------------------------------------------------------------


def test_getting_a_model_brings_what_is_missing_and_nothing_else(
    toy: Toy, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.give(cache, "mean_shape.npy as mine.npy")
    heard: dict[str, list[int]] = {}
    with serve(toy.origin) as url:
        toy.use(monkeypatch, url)
        found = get(
            files_of("1D_CNN"), lambda f, done, _: heard.setdefault(f.name, []).append(done)
        )
    assert [(got.name, got.new) for got in found] == [
        ("1D_CNN.pt", True),
        ("mean_shape.npy", False),
        ("eigen_vectors.npy", True),
    ]
    assert sorted(p.name for p in cache.iterdir()) == ["1D_CNN.pt", "eigen_vectors.npy", "mine.npy"]
    assert set(heard) == {"1D_CNN.pt", "eigen_vectors.npy"}
    assert model_card("1D_CNN").state == "downloaded"
    toy.use(monkeypatch)  # no network any more
    assert not any(got.new for got in get(files_of("1D_CNN")))
    with pytest.raises(Offline) as caught:
        get(files_of("1D_CNN_TC"))
    sentence(caught.value)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("ours", []),
        ("1D_CNN", ["1D_CNN.pt", "mean_shape.npy", "eigen_vectors.npy"]),
        ("1D_CNN.pt", ["1D_CNN.pt", "mean_shape.npy", "eigen_vectors.npy"]),
        ("mean.npy", ["mean.npy"]),
    ],
)
def test_what_belongs_to_a_name(cache: Path, name: str, files: list[str]) -> None:
    assert [file.name for file in files_of(name)] == files


def test_who_made_it_stands_on_the_card(toy: Toy, cache: Path) -> None:
    card = model_card("1D_CNN")
    assert (card.licence, card.citation) == ("none stated", WHO)
    assert card.entry.remote is not None
    assert card.entry.remote.source == "them/repository:there/1D_CNN.pt"
    assert card.size is None and not card.ready
    toy.give(cache)
    assert model_card("1D_CNN").size == (toy.origin / "1D_CNN.pt").stat().st_size


def test_the_shipped_folder_holds_nothing_that_is_not_ours() -> None:
    """Files of others are never part of this repository."""
    theirs = {remote_file(name).content_id for name in registry()["files"]}
    for path in PRETRAINED.iterdir():
        if path.is_file() and path.stat().st_size < 100_000_000:
            tracked = path.suffix in (".npy", ".safetensors", ".json", ".toml", ".py")
            ids = {git_blob_id(path), file_sha256(path)}
            assert not tracked or not ids & theirs
