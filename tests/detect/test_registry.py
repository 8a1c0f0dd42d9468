"""The detectors: one interface, and one sentence where one cannot be had."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from making import sentence

from core.detect import DETECTORS, detectors, open_points
from core.detect.values import Found
from core.errors import BadInput, MissingDependency
from core.tracks.scheme import get_scheme

each_detector = pytest.mark.parametrize("name", DETECTORS)


def state(name: str) -> Any:
    return next(s for s in detectors() if s.info.name == name)


@each_detector
def test_a_detector_says_what_it_gives(name: str) -> None:
    info = DETECTORS[name]
    assert info.name == name and set(info.dims) <= {2, 3} and info.dims
    assert get_scheme(info.scheme).n_points > 0
    assert info.summary and info.licence


def test_dlib_is_ready_and_comes_first() -> None:
    assert next(iter(DETECTORS)) == "dlib68"
    assert state("dlib68").ready and state("dlib68").to_json()["reason"] is None


def test_dlib_without_its_model_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not state("dlib68").ready
    assert "pip install face_recognition_models" in state("dlib68").reason


def test_dlib_s_points_are_those_that_following_found() -> None:
    model, found = open_points("dlib68"), [Found(np.ones((68, 2)), 1.0), Found(np.zeros((68, 2)))]
    picture = np.zeros((4, 4, 3), np.uint8)
    assert model.predict([model.prepare(picture, f) for f in found]) == found
    assert (model.name, model.scheme, model.dims) == ("dlib68", "dlib68", 2)


def test_depth_from_a_detector_without_it_is_refused() -> None:
    with pytest.raises(BadInput, match="no depth") as caught:
        open_points("dlib68", threed=True)
    sentence(caught.value)


def test_an_unknown_detector_is_refused_with_the_known_ones() -> None:
    with pytest.raises(MissingDependency, match="dlib68") as caught:
        open_points("magic")
    sentence(caught.value)


def test_the_command_lists_every_detector(run: Any) -> None:
    found = run("detectors", "--json").json["detectors"]
    assert [d["name"] for d in found] == list(DETECTORS)
    assert all(d["ready"] == (d["reason"] is None) for d in found)
    assert run("detectors").out.count("\n") == len(DETECTORS)


@pytest.mark.parametrize(
    ("name", "package", "fetchable"),
    [
        ("dlib68", False, False),
        ("facemesh", True, True),
        ("fan", True, True),
        ("fan", False, False),
    ],
    ids=[
        "dlib's model comes with a package",
        "the weights of FaceMesh can be downloaded",
        "those of fan, too, by its package",
        "but not without it",
    ],
)
def test_what_is_missing_can_be_fetched_or_must_be_installed(
    name: str, package: bool, fetchable: bool, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(home / "torch"))
    spec = SimpleNamespace(submodule_search_locations=[])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec if package else None)
    if name == "dlib68":
        package_gone = MissingDependency("The dlib 68-point model is missing.")
        monkeypatch.setattr("core.detect.dlib68.default_predictor", raising(package_gone))
    assert not state(name).ready and state(name).fetchable == fetchable
    assert state(name).to_json()["fetchable"] == fetchable


def test_what_is_here_need_not_be_fetched() -> None:
    assert state("dlib68").ready and not state("dlib68").fetchable


def raising(error: Exception) -> Any:
    def call(*_: object, **__: object) -> None:
        raise error

    return call


@pytest.mark.parametrize("name", ["facemesh", "fan"])
def test_doctor_tells_of_each_detector_and_fails_for_no_optional_one(
    name: str, run: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(home / "torch"))
    told = {c["name"]: c for c in run("doctor", "--json").json["checks"]}
    assert told["detector"]["ok"] and not told["detector"]["fix"]
    line = told[f"detector {name}"]
    assert line["ok"] and "not installed" in line["detail"] and line["fix"] == state(name).reason
    assert f"--   detector {name}: optional, not installed" in run("doctor").out


def test_doctor_says_ready_where_the_weights_are_here(run: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("core.detect.facemesh.missing", lambda: "")
    told = {c["name"]: c for c in run("doctor", "--json").json["checks"]}
    line = told["detector facemesh"]
    assert line["ok"] and line["detail"].startswith("ready") and not line["fix"]
