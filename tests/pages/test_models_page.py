"""The Models page: what it tells of each model, and its download against a server of our own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from test_pages import (  # noqa: F401 (the workspace is a fixture of this module, too)
    go_to,
    in_order,
    open_page,
    press,
    private_workspace,
    said,
)
from toy_registry import FILES, MODELS, WHO, Toy, make_toy, serve

from core.models import known_models
from core.render import model_colour
from core.render.player import unpack_player
from core.weights import weights_folder
from ui.shared import state


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    return make_toy(tmp_path_factory.mktemp("toy"))


@pytest.fixture
def cache(toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty folder of downloads of a private workspace, the toy registry, no network."""
    toy.use(monkeypatch)
    return weights_folder()


@pytest.fixture
def served(toy: Toy, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serve(toy.origin) as url:
        toy.use(monkeypatch, url)
        yield url


def words(app: AppTest) -> str:
    return said(app).replace("\\", "")


def buttons(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_the_table_lists_every_model_in_its_colour(toy: Toy, cache: Path) -> None:
    toy.give(cache)
    (cache / "1D_CNN_TC.pt").write_bytes(b"another")
    app = open_page("models")
    in_order(app)
    table = app.dataframe[0].value
    assert list(table["name"]) == list(MODELS)
    assert list(table["state"]) == ["shipped", "downloaded", "found but not verified"]
    assert table["size"][0] == pytest.approx(state.model_cards()[0].path.stat().st_size / 1e6)
    assert table["test RMSE"][0] < table["of a mean face"][0]
    assert table["test RMSE"].isna().tolist() == [False, True, True]
    assert len(set(table[""])) == len({model_colour(card.order) for card in known_models()})


def test_the_first_model_is_shown_with_its_scores_nulls_and_curves(cache: Path) -> None:
    app = open_page("models")
    assert app.subheader[0].value == "ours"
    for word in ("GRID corpus", "Apache-2.0", "learning_rate 0.0002"):
        assert word in words(app)
    scores = app.dataframe[1].value
    assert len(scores) == 8 and "null baseline: mean face" in set(scores["what"])
    assert "mouth RMSE (IOD) (closed-mouth reference)" in scores
    noisy = app.dataframe[2].value
    assert list(noisy.columns) == ["score", "noise", "clean", "12 dB", "6 dB", "0 dB"]
    assert len(app.get("plotly_chart")) == 2
    assert app.code[-1].value.splitlines()[-1] == "python -m core models info ours"


def interval(value: float | None, statistic: str = "mean") -> dict[str, object]:
    known = value is not None
    spread = {"low": 0.1, "high": 0.9, "speakers": 2}
    return {
        statistic: value,
        "low": value - 0.1 if known else None,
        "high": value + 0.1 if known else None,
        "clips": 4,
        "method": "BCa",
        "by_speaker": spread,
    }


def new_card() -> dict[str, object]:
    """A card of the second kind, whose numbers say where they stand."""
    row = {
        "lip_motion_error": interval(0.03),
        "pooled_skill": interval(0.41, "pooled"),
        "pooled_skill_eye5": interval(0.45, "pooled"),
        "aperture_correlation": interval(0.78),
        "lag_ms": interval(None, "median"),
        "mouth_rmse": interval(0.02),
    }
    part = {"clips": 2, "model": {"pooled_skill": 0.4, "lip_motion_error": None}}
    difference = {"lip_motion_error": interval(-0.01)}
    test = {
        "title": "speakers nobody knows",
        "command": "python -m core evaluate --list unseen",
        "space": "face",
        "clips": 4,
        "scores": {"model": row, "other_sound": row, "mean_face": row, "own_mean_face": row},
        "differences": {"mean_face": difference},
        "by_speaker": {"u1": part, "u2": part, "mean of speakers": part},
        "noisy": {"pink 12 dB": {"model": row}, "pink 0 dB": {"model": row}},
        "against": {},
    }
    seeds = {"unseen": {"pooled_skill": {"mean": 0.4, "low": 0.35, "high": 0.5, "values": [1, 2]}}}
    return {
        "data": "some data",
        "split": "by speaker",
        "licence": "some licence",
        "attribution": "somebody",
        "notices": ["Landmarks are non-commercial."],
        "command": "python -m core train cnn",
        "speed": {
            "real_time_factor": 0.02,
            "look_ahead_ms": 540.0,
            "compute_ms": 9.0,
            "latency_ms": 549.0,
        },
        "tests": {"unseen": test},
        "seeds": seeds,
        "leave_one_speaker_out": {
            "protocol": "Each speaker in turn.",
            "speakers": {"s2": {"pooled_skill_eye5": 0.39}},
            "mean": {"pooled_skill_eye5": 0.39},
        },
    }


def test_a_card_of_the_second_kind_is_shown_whole(
    toy: Toy, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = toy.pretrained / "ours.json"
    text = path.read_text()
    path.write_text(json.dumps(new_card()))
    try:
        app = open_page("models")
    finally:
        path.write_text(text)
    in_order(app)
    table, scores, apart, speakers, loso, seeds, noisy = (frame.value for frame in app.dataframe)
    assert table["skill, unseen voices"][0] == 0.45 and table["test RMSE"].isna()[0]
    assert list(scores["what"])[-1] == "null baseline: the clip's own mean face"
    assert scores["pooled skill"][0].startswith("0.4100  [0.3100") and "lag (ms)" in scores
    assert list(scores.columns)[-1] == "mouth RMSE (IOD) (closed-mouth reference)"
    assert apart["lip motion error (IOD)"][0].startswith("-0.0100")
    assert list(speakers["speaker"])[-1] == "95 % over speakers" and len(speakers) == 4
    assert list(loso["speaker left out"]) == ["s2", "mean"]
    assert seeds["smallest to largest"][0] == "0.3500 to 0.5000"
    assert list(noisy.columns) == ["score", "noise", "clean", "12 dB", "0 dB"]
    for word in ("Landmarks are non-commercial", "latency 549 ms", "Each speaker in turn"):
        assert word in words(app)
    assert any("--list unseen" in code.value for code in app.code)


@pytest.mark.parametrize("name", list(MODELS))
def test_the_address_names_the_model(cache: Path, name: str) -> None:
    app = open_page("models", model=name)
    in_order(app)
    assert app.subheader[0].value.replace("\\", "") == name
    assert name in app.code[-1].value


def test_the_model_and_the_clip_survive_other_pages(cache: Path) -> None:
    app = open_page("models", state.sample_clip(), model="1D_CNN")
    app = go_to(go_to(app, "library"), "models")
    assert app.query_params["model"] in ("1D_CNN", ["1D_CNN"])
    assert app.subheader[0].value == "1D\\_CNN"
    assert app.session_state["clip"] == state.sample_clip().id


def test_an_unknown_name_in_the_address_shows_the_first(cache: Path) -> None:
    app = open_page("models", model="<b>magic</b>")
    in_order(app)
    assert app.subheader[0].value == "ours" and "magic" not in words(app)


def test_a_published_model_tells_its_source_and_terms(cache: Path) -> None:
    app = open_page("models", model="1D_CNN_TC")
    for word in (
        WHO,
        "none stated",
        "them/repository:there/1D_CNN_TC.pt",
        "receives its last output",
    ):
        assert word in words(app)
    assert f"Not downloaded: {', '.join(FILES[1:])}" in words(app)
    assert str(cache) in words(app)
    assert not app.get("plotly_chart") and len(app.dataframe) == 1


def test_one_click_downloads_all_that_a_model_needs(toy: Toy, served: str, cache: Path) -> None:
    app = press(open_page("models", model="1D_CNN"), "Download")
    in_order(app)
    assert not app.error and [toast.value for toast in app.toast] == ["1D\\_CNN is available."]
    assert list(app.dataframe[0].value["state"]) == ["shipped", "downloaded", "downloadable"]
    assert sorted(p.name for p in cache.iterdir()) == [
        "1D_CNN.pt", "eigen_vectors.npy", "mean_shape.npy"
    ]  # fmt: skip
    assert [card.name for card in state.model_cards()] == ["ours", "1D_CNN"]
    assert "Run it" in buttons(app) and "Download" not in buttons(app)
    assert "models info 1D_CNN" in app.code[-1].value


def test_what_is_downloaded_can_be_run_in_its_own_colour(toy: Toy, cache: Path) -> None:
    toy.give(cache, *FILES[1:])  # without 1D_CNN, which stands before it
    app = press(open_page("models", state.sample_clip(), model="1D_CNN_TC"), "Run it")
    in_order(app)
    assert app.title[0].value == "Inference" and app.multiselect[0].value == ["1D_CNN_TC"]
    shown = unpack_player(app.get("bidi_component")[0].proto.bytes).header["panels"]
    assert {p["title"]: p["colour"] for p in shown}["1D_CNN_TC"] == model_colour(2)


def test_without_a_network_the_page_says_so_and_goes_on(cache: Path) -> None:
    app = press(open_page("models", model="1D_CNN"), "Download")
    in_order(app)
    assert "network does not answer" in app.error[0].value
    assert "Download" in buttons(app)
    app.query_params["model"] = "1D_CNN_TC"
    assert not app.run().error, "the problem belongs to the other model"
    assert not cache.exists() or list(cache.iterdir()) == []


def test_a_wrong_file_from_the_server_is_thrown_away(
    toy: Toy, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "1D_CNN.pt").write_bytes(b"<html>log in first</html>")
    with serve(tmp_path) as url:
        toy.use(monkeypatch, url)
        app = press(open_page("models", model="1D_CNN"), "Download")
    assert "another file than" in app.error[0].value
    assert not cache.exists() or list(cache.iterdir()) == []


def test_found_but_not_verified_is_explained(toy: Toy, served: str, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "1D_CNN.pt").write_bytes(b"my own")
    app = open_page("models", model="1D_CNN")
    assert "Found but not verified" in app.warning[0].value
    app = press(app, "Download")
    assert not app.warning and app.dataframe[0].value["state"][1] == "downloaded"
    assert (cache / "1D_CNN.pt").read_bytes() == b"my own"


def test_a_begun_download_is_offered_to_go_on(toy: Toy, served: str, cache: Path) -> None:
    """As after Cancel: what had come stands on the button."""
    data = (toy.origin / "1D_CNN.pt").read_bytes()
    file = next(card for card in known_models() if card.name == "1D_CNN").entry.remote
    assert file is not None
    (cache / "partial").mkdir(parents=True)
    (cache / "partial" / f"1D_CNN.pt.{file.blob_id[:12]}.part").write_bytes(data[:3_000_000])
    app = open_page("models", model="1D_CNN")
    app = press(app, "Continue the download (3.0 MB done)")
    assert not app.error and (cache / "1D_CNN.pt").read_bytes() == data


def test_another_click_ends_a_download(
    toy: Toy, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of the page that finds no wish to download does not download."""
    asked = threading.Event()
    monkeypatch.setattr("ui.models.view.get", lambda *_: asked.set())
    app = press(open_page("models", model="1D_CNN"), "Download")
    assert asked.is_set()
    asked.clear()
    app.run()
    assert not asked.is_set() and "Download" in buttons(app)


def test_no_model_can_be_uploaded(cache: Path) -> None:
    for name in MODELS:
        assert not open_page("models", model=name).get("file_uploader")


def test_an_empty_registry_is_said(toy: Toy, cache: Path) -> None:
    text = (toy.pretrained / "registry.toml").read_text()
    (toy.pretrained / "registry.toml").write_text("")
    try:
        app = open_page("models")
        in_order(app)
        assert "names no models" in app.error[0].value
    finally:
        (toy.pretrained / "registry.toml").write_text(text)
