"""The Landmarks page: detectors, whose face it is, how frames got their points, and comparison; and
that what is chosen here holds everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from making import grey, movie
from streamlit.testing.v1 import AppTest
from test_pages import (  # noqa: F401 (the workspace is a fixture of this module, too)
    go_to,
    in_order,
    open_page,
    panels,
    presenter,
    press,
    private_workspace,
    said,
)

import core.workspace.faces
import core.workspace.landmarks
from core.detect import Precision
from core.detect.comparison import PUBLISHED
from core.detect.facemesh_net import FaceMeshNet
from core.errors import Offline
from core.render.player import unpack_player
from core.workspace import Clip, landmark_facts
from ui.landmarks import face_picker
from ui.landmarks.detector_view import HOW
from ui.shared import state

PRECISIONS = get_args(Precision)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """The presenter twice, side by side, the right one with a still face; then cut to grey."""
    one = presenter(8)
    pictures = [np.hstack([a, one[0]]) for a in one] + [np.zeros_like(np.hstack(one[:2]))] * 2
    path = movie(tmp_path_factory.mktemp("two") / "two.mp4", pictures, crf=12)
    return state.workspace().add_clip(path, path.name)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """The presenter alone, without sound."""
    path = movie(tmp_path_factory.mktemp("one") / "one face.mp4", presenter(12))
    return state.workspace().add_clip(path, path.name)


@pytest.fixture
def mesh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """FaceMesh is here, with weights that are sure of every face and know nothing of it."""
    torch.manual_seed(0)
    weights = FaceMeshNet().state_dict()
    weights["conf_head.4.weight"] *= 0
    weights["conf_head.4.bias"] = torch.tensor([9.0])
    torch.save(weights, tmp_path / "any.pth")
    monkeypatch.setattr("core.detect.facemesh._weights", lambda: tmp_path / "any.pth")
    core.workspace.landmarks._weights.cache_clear()
    yield
    core.workspace.landmarks._weights.cache_clear()


@pytest.fixture
def click(monkeypatch: pytest.MonkeyPatch) -> Callable[[AppTest, tuple[float, float]], AppTest]:
    """Click at a place of the picture with the faces."""
    places: list[tuple[float, float]] = []

    def component(**_: Any) -> dict[str, Any]:
        return {"place": places.pop() if places else None}

    def at(app: AppTest, place: tuple[float, float]) -> AppTest:
        places.append(place)
        return app.run()

    monkeypatch.setattr(face_picker, "_component", lambda: component)
    return at


def commands(app: AppTest) -> str:
    return "\n".join(block.value for block in app.code)


# --- which detector ---------------------------------------------------------------------------


def test_compare_turns_all_landmarks_of_a_detector_with_depth(mesh: None, one: Clip) -> None:
    app = open_page("compare", one, detector="facemesh", also="turnable")
    in_order(app)
    header = unpack_player(app.get("bidi_component")[0].proto.bytes).header
    assert panels(app)[-1] == "Clip, turnable"
    assert [(t["points"], t["dims"]) for t in header["tracks"]].count((468, 3)) == 1


def test_the_detector_holds_on_every_page_and_all_get_68_points(mesh: None, one: Clip) -> None:
    app = open_page("landmarks", one, detector="facemesh")
    in_order(app)
    assert panels(app) == ["Clip with landmarks", "Landmarks", "As 68 points"]
    assert "landmarks by facemesh" in said(app)
    assert "-o landmarks.npz --detector facemesh" in commands(app)
    assert "--as-68" not in commands(app)
    for page in ("alignment", "reference", "compare"):
        app = go_to(app, page)
        in_order(app)
        assert app.query_params["detector"] == "facemesh" and "landmarks by facemesh" in said(app)
        if page != "compare":
            assert "-o landmarks.npz --detector facemesh --as-68" in commands(app)
    app = go_to(app, "landmarks")
    app.button_group[0].set_value("dlib68").run()
    in_order(app)
    assert "detector" not in app.query_params and "landmarks by" not in said(app)
    assert "--detector" not in commands(app)


def test_the_precision_holds_on_every_page_and_in_the_url(one: Clip) -> None:
    app = open_page("landmarks", one)
    in_order(app)
    assert "precision" not in app.query_params and "--precision" not in commands(app)
    app.button_group(key="precision choice").set_value("fast").run()
    for page in ("landmarks", "alignment", "compare"):
        app = go_to(app, page)
        in_order(app)
        assert app.query_params["precision"] == "fast" and "fast landmarks" in said(app)
        if page != "compare":
            assert "-o landmarks.npz --precision fast" in commands(app)
    workspace = state.workspace()
    fine, fast = (
        workspace.load_track(
            core.workspace.landmark_key(one.id, core.workspace.LandmarkRecipe(precision=p))
        )
        for p in PRECISIONS
    )
    assert fine is not None and fast is not None
    assert fine.spread is not None and fast.spread is None
    app = open_page("landmarks", one, precision="fast", detector="facemesh")
    in_order(app)
    assert "--precision" not in commands(app) and "fast landmarks" not in said(app)


def test_a_detector_that_is_not_here_says_so_and_gets_its_weights(
    one: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(name: str, progress: Callable[[str, int, int | None], None]) -> None:
        progress(f"{name}.pth", 1, 2)
        raise Offline("The server cannot be reached; check the connection.")

    monkeypatch.setattr("ui.landmarks.detector_view.fetch_weights", offline)
    app = open_page("landmarks", one, detector="facemesh")
    in_order(app)
    assert "The weights of FaceMesh are not downloaded" in app.info[0].value and not panels(app)
    app = press(app, "Download the weights")
    in_order(app)
    assert [e.value for e in app.error] == [r"The server cannot be reached; check the connection\."]
    app = press(app, "Use dlib68")
    in_order(app)
    assert panels(app) and not app.error and "detector" not in app.query_params


def test_other_pages_tell_of_a_detector_that_is_not_here(one: Clip) -> None:
    app = open_page("alignment", one, detector="facemesh")
    in_order(app)
    assert "models get facemesh" in said(app).replace("\\", "") and not panels(app)


def test_a_package_that_must_be_installed_has_no_button(
    one: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.detect.fan.missing", lambda: "The package is not installed.")
    monkeypatch.setattr("core.detect.fan.fetchable", lambda: False)
    app = open_page("landmarks", one, detector="fan")
    in_order(app)
    labels = [b.label for b in app.button]
    assert "Use dlib68" in labels and "Download the weights" not in labels


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("detector", "magic"),
        ("detector", "<b>"),
        ("precision", "finest"),
        ("face", "second"),
        ("face", "-1"),
        ("view", "x"),
    ],
)
def test_words_of_the_address_that_mean_nothing_are_the_usual_choice(
    key: str, value: str, one: Clip
) -> None:
    app = open_page("landmarks", one, **{key: value})
    in_order(app)
    assert panels(app) == ["Clip with landmarks", "Landmarks"] and not app.error
    assert key == "view" or key not in app.query_params


# --- how frames got their points ---------------------------------------------------------------


def test_the_strip_tells_how_each_frame_got_its_points(two: Clip) -> None:
    app = open_page("landmarks", two)
    in_order(app)
    record = landmark_facts(state.workspace(), two.id)
    assert record is not None and record.course.endswith("mm")
    figure = app.get("plotly_chart")[0].proto.spec
    for word in HOW:
        assert f'"{word} {record.how.get(word, 0)}"' in figure
    shown = {m.label: m.value for m in app.metric}
    assert shown["Detector runs"] == str(record.detections)
    assert shown["First frame without a face"] == "8"


# --- several faces -----------------------------------------------------------------------------


def test_several_faces_are_told_of(two: Clip) -> None:
    app = open_page("landmarks", two)
    assert "This clip shows 2 faces" in app.info[0].value
    assert "**the first face**" in app.info[0].value


def test_a_click_takes_a_face_on_every_page_and_for_this_clip_alone(
    two: Clip, one: Clip, click: Callable[..., AppTest]
) -> None:
    app = open_page("landmarks", two, view="Several faces")
    in_order(app)
    assert "face" not in app.query_params
    assert list(app.dataframe[0].value["face"]) == [0, 1]
    app = click(app, (768, 280))  # the right one of 2 x 512 pixels
    in_order(app)
    number = app.query_params["face"]
    assert "--face " + number in commands(app) and f"face {number}" in said(app)
    app = click(app, (5, 5))
    assert app.query_params["face"] == number, "a click beside the faces takes none"
    app = go_to(app, "alignment")
    in_order(app)
    assert app.query_params["face"] == number and f"--face {number}" in commands(app)
    other = go_to(app, "landmarks")
    other.query_params["clip"] = one.id
    del other.query_params["face"]
    other.run()
    in_order(other)
    assert "--face" not in commands(other)


def test_the_points_are_those_of_the_face_that_was_clicked(
    two: Clip, click: Callable[..., AppTest]
) -> None:
    for x in (256, 768):
        app = click(open_page("landmarks", two, view="Several faces"), (x, 280))
        app = open_page("landmarks", two, face=app.query_params["face"])
        in_order(app)
        assert panels(app)
        track = state.workspace().load_track(core.workspace.landmark_key(two.id, recipe_of(app)))
        assert track is not None
        assert abs(np.nanmean(track.points[..., 0]) - x) < 80


def recipe_of(app: AppTest) -> core.workspace.LandmarkRecipe:
    return core.workspace.LandmarkRecipe(face=app.query_params["face"])


def test_faces_are_told_apart_once_for_every_choice(
    two: Clip, click: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("landmarks", two, view="Several faces")
    in_order(app)
    monkeypatch.setattr(core.workspace.faces, "find_faces", None)
    for choice in ("largest", "moving", 0, 1):
        app.selectbox[0].set_value(choice).run()
        in_order(app)
        assert app.query_params["face"] == str(choice)
        assert f"--face {choice}" in commands(app)
        in_order(open_page("landmarks", two, face=str(choice)))


def test_the_table_says_which_rule_takes_whom(two: Clip, click: Callable[..., AppTest]) -> None:
    table = open_page("landmarks", two, view="Several faces").dataframe[0].value
    taken = ", ".join(table["selected by"]).split(", ")
    assert sorted(word for word in taken if word) == ["first", "largest", "moving"]
    mouth = table.set_index("face")["mouth motion"]
    assert "moving" in table.set_index("face")["selected by"][mouth.idxmax()]


def test_a_face_number_that_is_not_there_is_one_sentence(two: Clip) -> None:
    for page in ("landmarks", "alignment"):
        app = open_page(page, two, face="7")
        in_order(app)
        assert "has a face number 7" in app.error[0].value and not panels(app)


def test_without_several_faces_there_is_nothing_to_choose(one: Clip, tmp_path: Path) -> None:
    path = movie(tmp_path / "grey.mp4", [grey(60, 48, 64)] * 3)
    empty = state.workspace().add_clip(path, path.name)
    for clip, told in ((one, "nothing to choose"), (empty, "No face was found")):
        app = open_page("landmarks", clip, view="Several faces")
        in_order(app)
        assert told in app.info[0].value and not app.error


# --- detectors compared ------------------------------------------------------------------------


def test_detectors_are_compared_when_that_is_asked_for(mesh: None, one: Clip) -> None:
    app = open_page("landmarks", one, view="Detectors compared")
    in_order(app)
    assert not panels(app) and not app.dataframe
    app = press(app, "Measure")
    in_order(app)
    methods = ["dlib68 (fine)", "dlib68 (fast)", "facemesh"]
    assert panels(app) == [*methods, *(f"{name}, 68 points" for name in methods)]
    table = app.dataframe[0].value
    assert list(table["method"]) == [*methods, *(row[0] for row in PUBLISHED)]
    assert (table["seconds a frame"] > 0).all()
    times = table["seconds a frame"][1] / table["seconds a frame"][0]
    assert table["times"][1] == pytest.approx(times)
    assert "times as long" in said(app)
    words = "detectors 'one face.mp4' -o detectors --only dlib68:fine --only dlib68:fast"
    assert f"{words} --only facemesh" in commands(app)
    labels = [b.label for b in app.get("download_button")]
    assert labels == ["Download detectors.md", "Download detectors.csv"]
    app.button_group(key="compared").set_value(["dlib68:fine"]).run()
    in_order(app)
    assert not app.dataframe and "--only facemesh" not in commands(app)
    app.button_group(key="compared").set_value([]).run()
    in_order(app)
    assert "Choose at least one detector" in app.info[0].value


def test_a_long_clip_is_compared_on_its_first_frames_face_or_no_face(
    mesh: None, tmp_path: Path
) -> None:
    path = movie(tmp_path / "long.mp4", [grey(60, 48, 64)] * 260)
    app = open_page("landmarks", state.workspace().add_clip(path, "long.mp4"),
                    view="Detectors compared")  # fmt: skip
    in_order(app)
    assert "--most 250" in commands(app)
    app = press(app, "Measure")
    in_order(app)
    assert list(app.dataframe[0].value["with a face"][:2]) == ["0 of 250", "0 of 250"]
