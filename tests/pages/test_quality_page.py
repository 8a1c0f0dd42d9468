"""The Quality page: its numbers are the core's, frames open by the address, edits are kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from making import movie
from test_pages import (  # noqa: F401 (fixtures of this module, too)
    clips,
    go_to,
    in_order,
    open_page,
    press,
    private_workspace,
    said,
)

from core.cli import main
from core.media import read_frames
from core.quality.measures import MEASURES, quality
from core.quality.odd_frames import odd_frames
from core.quality.spread import spread_summary
from core.samples import SAMPLE
from core.tracks.corrections import Cleaning, Edit, EditLayer, Kept, load_kept, save_kept
from core.tracks.track import LandmarkTrack
from core.workspace import Clip, landmark_key
from ui.quality import edit_actions, edit_points
from ui.shared import state


@pytest.fixture(autouse=True)
def a_clip_with_faults() -> Iterator[LandmarkTrack]:
    """The built-in clip with a gap and a jump put into its landmarks, and nothing over them."""
    clip = state.sample_clip()
    state.plain_landmarks(clip)
    key, workspace = landmark_key(clip.id), state.workspace()
    whole, found = workspace.load_track(key), workspace.manifest(key)
    assert whole is not None and found is not None
    points = whole.points.copy()
    points[60:75] = np.nan
    points[100] += 90
    record = {k: v for k, v in found.items() if k not in ("schema", "key")}
    workspace.store_track(key, whole.replace(points=points, spread=whole.spread), record)
    st.cache_resource.clear()
    track = state.plain_landmarks(clip)
    save_kept(workspace.root, track, Kept())
    yield track
    workspace.store_track(key, whole, record)
    st.cache_resource.clear()
    st.cache_data.clear()


def layer_now() -> EditLayer:
    return load_kept(state.workspace().root, state.plain_landmarks(state.sample_clip())).layer


def put(*edits: Edit, cleaning: Cleaning | None = None) -> None:
    track = state.plain_landmarks(state.sample_clip())
    save_kept(state.workspace().root, track, Kept(EditLayer().add(edits), cleaning or Cleaning()))


def editor_of(app: Any) -> dict[str, Any]:
    import json

    return json.loads(app.get("bidi_component")[0].proto.json)


def test_measures_are_those_of_the_core_the_worst_first(a_clip_with_faults: LandmarkTrack) -> None:
    app = open_page("quality", state.sample_clip())
    in_order(app)
    found = quality(a_clip_with_faults, (512, 512))
    table = app.dataframe[3].value
    assert sorted(table["value"].dropna()) == pytest.approx(
        sorted(float(getattr(found, name)) for name in MEASURES)
    )
    shares = list(table["of limit"])
    assert shares == sorted(shares, reverse=True) and shares[0] > 1
    assert all((table["what to do"] != "") == (table["of limit"] >= 1))
    assert "178 of 193 frames show a whole face" not in said(app) or found.faces == 178
    assert f"{found.faces} of 193 frames show a whole face" in said(app)


def test_the_worst_frame_is_opened_and_any_other_by_its_address(
    a_clip_with_faults: LandmarkTrack,
) -> None:
    odd = odd_frames(a_clip_with_faults, (512, 512))
    app = open_page("quality", state.sample_clip())
    assert app.number_input(key="frame").value == odd[0].frame
    assert list(app.dataframe[0].value["frame"]) == [o.frame for o in odd]
    app = open_page("quality", state.sample_clip(), frame="101")
    in_order(app)
    assert "Frame 101 of 0–192" in said(app)
    assert len(app.get("bidi_component")) == 1


@pytest.mark.parametrize("frame", ["9999", "-3", "x", "1e9"])
def test_a_frame_that_is_not_there_opens_another(frame: str) -> None:
    app = open_page("quality", state.sample_clip(), frame=frame)
    in_order(app)
    assert not app.error and 0 <= app.number_input(key="frame").value <= 192


def test_what_is_done_in_the_editor_is_kept_and_shown_by_every_page() -> None:
    put(Edit(20, 57, "move", 300.0, 400.0))
    clip = state.sample_clip()
    track = state.landmarks(clip)
    assert track.points[20, 57].tolist() == [300, 400]
    assert track.provenance[-1]["operation"] == "edit"
    assert track.provenance[-1]["layer"] == layer_now().digest
    assert state.landmarks(clip) is track
    app = open_page("quality", clip, frame="20")
    assert "Corrected frames: 1" in said(app)
    assert "python -m core landmarks samples/presenter.mp4 -o landmarks.npz" in app.code[0].value
    press(app, "Undo")
    in_order(app)
    assert "Corrected frames: 0" in said(app)
    assert state.landmarks(clip) is state.plain_landmarks(clip)
    press(app, "Redo")
    assert layer_now().frames == [20]
    press(app, "Remove all corrections")
    assert layer_now().frames == [] and len(layer_now().actions) == 2


def test_missing_points_can_be_placed() -> None:
    app = open_page("quality", state.sample_clip(), frame="67")
    press(app, "Place 68 missing points")
    in_order(app)
    assert layer_now().frames == [67]
    assert state.landmarks(state.sample_clip()).frame_valid[67]


def test_deeds_are_taken_in_once_and_nonsense_is_left_out(
    a_clip_with_faults: LandmarkTrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: dict[str, Any] = {"frame": 5}
    monkeypatch.setattr(edit_actions.st, "session_state", held)
    track = a_clip_with_faults

    def done(number: int, do: object, points: object = (), frame: object = 5) -> dict[str, Any]:
        rows = [list(p) for p in points] if isinstance(points, list | tuple) else points
        return {"seq": number, "frame": frame, "do": do, "points": rows}

    deeds = [done(1, "move", [(48, 10, 20.5)]), done(2, "missing", [(49,)])]
    for _ in range(2):  # the editor sends until it hears
        edit_actions.apply_actions(track, deeds, spread=0)
    assert len(layer_now().actions) == 2 and edit_actions.heard() == 2
    nonsense: list[Any] = [
        done(3, "delete"), done(4, "move", [(48, float("nan"), 1)]), done(5, "move", [(48,)]),
        done(6, "move", [(68, 1, 1)]), done(7, "move", [(1, 1, 1)], 193), done(8, "missing", 5),
        done(9, "move", [(1, "1", 1)]), done(10, "missing", [(1,)], None), {}, 7, "x", None,
    ]  # fmt: skip
    edit_actions.apply_actions(track, nonsense, spread=0)
    assert len(layer_now().actions) == 2 and held["edits refused"].endswith(".")
    edit_actions.apply_actions(track, [done(11, "undo"), done(12, "next")], spread=0)
    assert len(layer_now().actions) == 1 and held["frame"] == 6
    edit_actions.apply_actions(track, [done(13, "redo"), done(14, "move", [(8, 1, 2)])], spread=3)
    assert layer_now().effective[5, 8].spread == 3


def test_smoothing_is_kept_for_all_pages_and_taken_back() -> None:
    view = {"quality view": "Fill and smooth"}
    app = open_page("quality", state.sample_clip(), **view)
    in_order(app)
    labels = {m.label: m.value for m in app.metric}
    assert labels["Lag, measured"].endswith(" ms") and labels["Lip aperture kept"].endswith("%")
    assert "--method savgol --window 0.2 --order 2 --fill --longest-gap 0.2" in app.code[0].value
    press(app, "Use this on all pages")
    in_order(app)
    clip = state.sample_clip()
    steps = [s["operation"] for s in state.landmarks(clip).provenance][-2:]
    assert steps == ["fill_gaps", "smooth_savgol"]
    press(app, "Remove smoothing")
    assert state.landmarks(clip) is state.plain_landmarks(clip)
    app.number_input(key="fill").set_value(1.0).run()
    assert app.metric[-1].value == str(15 * 68)


def test_the_table_of_clips_holds_those_with_landmarks() -> None:
    app = open_page("quality", state.sample_clip(), **{"quality view": "All clips"})
    in_order(app)
    assert list(app.dataframe[0].value["clip"]) == [state.sample_clip().name]
    assert "With landmarks: 1; to check: 1" in said(app)


def test_a_data_set_is_listed_from_its_index(tmp_path: Path) -> None:
    root, settings = tmp_path / "set", state.workspace().root / "settings.toml"
    root.mkdir()
    shutil.copy(SAMPLE.video, root / "one.mp4")
    settings.write_text(f"server_roots = ['{root}']")
    view = {"quality view": "All clips"}
    try:
        app = open_page("quality", state.sample_clip(), **view)
        app.selectbox(key="quality of").set_value(str(root)).run()
        in_order(app)
        assert "has no index yet" in said(app) and "data quality" in app.code[0].value
        assert main(["data", "index", str(root)]) == 0
        app.run()
        in_order(app)
        table = app.dataframe[0].value
        assert list(table["clip"]) == ["one"] and table["severity"][0] >= 1
        assert "With landmarks: 1; to check: 1" in said(app)
    finally:
        settings.unlink()


def test_uneven_frames_are_told_where_a_window_needs_an_even_rate(
    a_clip_with_faults: LandmarkTrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = a_clip_with_faults.times + 0.1 * (np.arange(193) // 90)
    monkeypatch.setattr(
        state, "plain_landmarks", lambda *_: a_clip_with_faults.replace(times=times)
    )
    app = open_page("quality", state.sample_clip(), **{"quality view": "Fill and smooth"})
    in_order(app)
    assert "needs an even rate" in app.error[0].value and "1 euro" in said(app)
    app.button_group(key="smooth").set_value("one-euro").run()
    in_order(app)
    assert not app.error and app.metric[1].value == "–"


def test_damaged_corrections_are_told_and_set_aside() -> None:
    put(Edit(20, 57, "missing"))
    path = next((state.workspace().root / "edits").glob("*.json"))
    path.write_bytes(b'{"format": 1')
    app = open_page("landmarks", state.sample_clip())
    assert not app.exception and "not a file of edits" in app.error[0].value
    app = open_page("quality", state.sample_clip())
    assert not app.exception and "not a file of edits" in app.error[0].value
    press(app, "Rename this corrections file")
    in_order(app)
    assert not app.error and list(path.parent.glob("*.damaged-*"))


def test_the_editor_gets_the_frame_its_points_and_what_was_corrected() -> None:
    put(Edit(20, 57, "move", 300.0, 400.0))
    data = editor_of(open_page("quality", state.sample_clip(), frame="20"))
    assert (data["frame"], data["width"], data["height"]) == (20, 512, 512)
    assert data["points"][57] == [300, 400] and data["edited"] == [57]
    plain = state.plain_landmarks(state.sample_clip())
    np.testing.assert_allclose(data["detected"], plain.points[20], atol=1e-3)
    assert data["url"].startswith("clips/") and edit_points._component.cache_info().currsize == 1


def test_the_editor_draws_the_spread_of_landmarks_that_were_not_corrected(
    a_clip_with_faults: LandmarkTrack,
) -> None:
    assert a_clip_with_faults.spread is not None
    put(Edit(20, 57, "move", 300.0, 400.0))
    drawn = editor_of(open_page("quality", state.sample_clip(), frame="20"))["spread"]
    assert drawn[57] is None
    np.testing.assert_allclose(drawn[:57], a_clip_with_faults.spread[20, :57], atol=1e-3)
    assert editor_of(open_page("quality", state.sample_clip(), frame="67"))["spread"] == [None] * 68


def test_the_frames_and_landmarks_with_the_largest_spread_are_listed(
    a_clip_with_faults: LandmarkTrack,
) -> None:
    found = spread_summary(a_clip_with_faults)
    assert found is not None
    app = open_page("quality", state.sample_clip())
    frames, landmarks = app.dataframe[1].value, app.dataframe[2].value
    assert list(frames["frame"]) == found.worst_frames(20)
    assert list(landmarks["landmark"]) == found.worst_points(20)
    assert list(landmarks["worst frame"]) == [found.peaks[k] for k in landmarks["landmark"]]
    np.testing.assert_allclose(frames["relative"] * found.unit_size, frames["px"])
    assert f"mean {found.mean:.2f} px" in said(app)


def test_landmarks_without_a_spread_have_no_table_of_it(a_clip_with_faults: LandmarkTrack) -> None:
    key, workspace = landmark_key(state.sample_clip().id), state.workspace()
    record = workspace.manifest(key)
    assert record is not None
    kept = {k: v for k, v in record.items() if k not in ("schema", "key")}
    workspace.store_track(key, a_clip_with_faults.replace(spread=None), kept)
    st.cache_resource.clear()
    app = open_page("quality", state.sample_clip())
    in_order(app)
    assert len(app.dataframe) == 2 and "have no spread" in said(app)
    assert editor_of(app)["spread"] is None


@pytest.fixture(scope="module")
def cut_clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """Frames of the built-in clip whose lower edge runs between lower lip and chin."""
    path = tmp_path_factory.mktemp("cut") / "cut.mp4"
    frames = islice(read_frames(SAMPLE.video, start=1.0), 8)
    movie(path, [frame.image[:350] for frame in frames])
    return state.workspace().add_clip(path, path.name)


@pytest.mark.parametrize("page", ["quality", "landmarks", "compare"])
def test_pages_say_in_which_frames_the_edge_cuts_the_face(page: str, cut_clip: Clip) -> None:
    app = open_page(page, cut_clip)
    in_order(app)
    told = [w.value for w in app.warning if "cuts the face in 8 of 8 frames (0–7)" in w.value]
    assert len(told) == 1
    whole = open_page(page, state.sample_clip(), models="")
    assert "The edge of the picture" not in said(whole)
