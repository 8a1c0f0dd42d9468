"""models list, info, get, verify: what they print, and what they do to the cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import tone
from toy_registry import FILES, WHO, Toy, make_toy, serve

from core.media import write_wav
from core.weights import git_blob_id, weights_folder


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    return make_toy(tmp_path_factory.mktemp("toy"))


@pytest.fixture
def cache(toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    toy.use(monkeypatch)
    return weights_folder()


def test_list_has_a_line_for_each_model(run: Any, toy: Toy, cache: Path) -> None:
    toy.give(cache)
    (cache / "1D_CNN_TC.pt").write_bytes(b"another")
    lines = run("models", "list").out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["ours", "1D_CNN", "1D_CNN_TC"]
    table = run("models", "list", "--json").json["models"]
    assert [row["state"] for row in table] == ["shipped", "downloaded", "found but not verified"]
    for row, line in zip(table, lines, strict=True):
        assert all(row[key] in line for key in ("name", "family", "state", "summary"))
        assert row["licence"]


def test_info_says_where_it_is_from_and_what_it_needs(run: Any, toy: Toy, cache: Path) -> None:
    toy.give(cache, "mean.npy as face.npy")
    text = run("models", "info", "1D_CNN_TC").out
    assert WHO in text and "none stated" in text and "them/repository:there/mean.npy" in text
    data = run("models", "info", "1D_CNN_TC", "--json").json
    assert data["state"] == "downloadable"
    assert {f["name"]: f["here"] is not None for f in data["files"]} == {
        "1D_CNN_TC.pt": False, "mean_shape.npy": False, "eigen_vectors.npy": False, "mean.npy": True
    }  # fmt: skip
    assert run("models", "info", "ours", "--json").json["recipe"]["epochs"] == 4


def test_get_downloads_once_and_says_so(
    run: Any, toy: Toy, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(toy.origin) as url:
        toy.use(monkeypatch, url)
        first = run("models", "get", "1D_CNN", "--json").json
        again = run("models", "get", "1D_CNN")
    assert [f["name"] for f in first["files"]] == [
        "1D_CNN.pt",
        "mean_shape.npy",
        "eigen_vectors.npy",
    ]
    for file in first["files"]:
        path = Path(file["path"])
        assert file["new"] and path.parent == cache and path.stat().st_size == file["bytes"]
        assert path.read_bytes() == (toy.origin / file["name"]).read_bytes()
    assert again.code == 0 and "already downloaded" in again.out
    assert "nothing to download" in run("models", "get", "ours").out


def test_a_downloaded_model_speaks_by_its_name(
    run: Any, toy: Toy, cache: Path, tmp_path: Path
) -> None:
    write_wav(tmp_path / "a.wav", tone(0.4))
    words = ("generate", "-i", tmp_path / "a.wav", "-m", "1D_CNN", "-o", tmp_path / "out", "-s")
    assert "models get 1D_CNN" in run(*words).reason
    toy.give(cache)
    assert run(*words, "--json").json["files"][0]["frames"] == 11
    assert np.load(tmp_path / "out" / "a.wav" / "predicted.npy").shape == (11, 68, 3)


def test_get_without_a_network_is_one_sentence(run: Any, cache: Path) -> None:
    assert "network" in run("models", "get", "1D_CNN").reason
    assert not cache.exists() or list(cache.iterdir()) == []


@pytest.mark.parametrize("command", ["info", "get"])
def test_an_unknown_name_is_told_the_known_ones(run: Any, cache: Path, command: str) -> None:
    reason = run("models", command, "magic").reason
    assert "'magic'" in reason and "1D_CNN_TC" in reason


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1D_CNN.pt", {"known": True, "name": "1D_CNN", "ok": True}),
        ("mean.npy as face", {"known": True, "name": "mean.npy", "ok": True}),
        ("mean.npy as 1D_CNN.pt", {"known": True, "name": "mean.npy", "ok": True}),
        ("changed", {"known": True, "name": "1D_CNN", "ok": False}),
        ("unknown", {"known": False, "name": None, "ok": False}),
    ],
)
def test_verify(
    run: Any, toy: Toy, cache: Path, tmp_path: Path, source: str, expected: dict[str, Any]
) -> None:
    path = tmp_path / ("1D_CNN.pt" if source == "changed" else source.split()[-1])
    if source in ("changed", "unknown"):
        path.write_text("something")
    else:
        toy.give(tmp_path, source)
    done = run("models", "verify", path, "--json")
    assert done.code == 0 and expected.items() <= done.json.items()
    assert done.json["blob_id"] == git_blob_id(path)
    line = run("models", "verify", path).out
    assert line.count("\n") == 1 and path.name in line


def test_verify_needs_a_file(run: Any, cache: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        assert path.name in run("models", "verify", path).reason


def test_nothing_of_others_is_in_the_toy_by_accident(toy: Toy) -> None:
    """Without this, a test above could pass because a file was never missing."""
    assert not any((toy.pretrained / name).exists() for name in FILES)
