"""Videos of systems on the page Compare: their panels, names, shifts, scores and commands."""

from __future__ import annotations

import shutil
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from making import movie, tone
from streamlit.testing.v1 import AppTest
from test_compare_commands import buffer_of, made, run_printed, scores_of, shown
from test_pages import open_page, press, private_workspace  # noqa: F401 (a fixture)

from core.media import read_frames
from core.render.player import UnpackedPlayer, unpack_player
from core.samples import SAMPLE
from core.workspace import Clip
from ui.shared import state
from ui.shared.jobs import jobs

FRAMES = 30
LATE = 3  # frames


@pytest.fixture(scope="module")
def folder(private_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """talk.mp4, a second of the built-in clip at half size, and late.mp4, the same 3 frames later,
    cut at the left, with audio of its own."""
    made = tmp_path_factory.mktemp("systems")
    images = [f.image[::2, ::2] for _, f in zip(range(FRAMES), read_frames(SAMPLE.video))]  # noqa: B905
    movie(made / "talk.mp4", images, sound=tone(FRAMES / 25))
    late = [images[max(0, k - LATE)][:, 16:] for k in range(FRAMES)]
    movie(made / "late.mp4", late, sound=tone(FRAMES / 25, hertz=880))
    return made


@pytest.fixture(scope="module")
def clip(folder: Path) -> Clip:
    return state.workspace().add_clip(folder / "talk.mp4", "talk.mp4")


@pytest.fixture(scope="module")
def system(folder: Path) -> str:
    """The id of the video, whose landmarks are known."""
    found = state.workspace().add_import(folder / "late.mp4", "late.mp4", "video")
    state.workspace().landmarks(state.workspace().system_clip(found.id))
    return found.id


@pytest.fixture
def here(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("talk.mp4", "late.mp4"):
        shutil.copyfile(folder / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def player_of(app: AppTest) -> UnpackedPlayer:
    return unpack_player(app.get("bidi_component")[0].proto.bytes)


def table_of(app: AppTest) -> dict[str, dict[str, float]]:
    frame = app.dataframe[0].value
    return {str(row["system"]): row for row in frame.to_dict("records")}


def texts(app: AppTest) -> str:
    return " ".join(element.value for element in [*app.markdown, *app.warning]).replace("\\", "")


def test_a_video_is_a_panel_and_its_landmarks_are_found_in_the_background(
    clip: Clip, folder: Path
) -> None:
    images = [f.image for _, f in zip(range(4), read_frames(folder / "talk.mp4"))]  # noqa: B905
    path = movie(folder / "few.mp4", images)
    few = state.workspace().add_import(BytesIO(path.read_bytes()), "few.mp4", "video")
    app = open_page("compare", clip, models="", tracks=few.id)
    app.multiselect[0].set_value([]).run()
    titles = [panel["title"] for panel in player_of(app).header["panels"]]
    assert titles[:2] == ["Clip", "few.mp4, video"], "the video is shown before it is judged"
    for _ in range(600):
        if jobs().running is None:
            break
        time.sleep(0.05)
    assert jobs().latest is not None and not jobs().latest.failed
    app.run()
    titles = [panel["title"] for panel in player_of(app).header["panels"]]
    assert titles == ["Clip", "few.mp4, video", "Ground truth", "few.mp4"]
    assert "few.mp4 lasts 0.16 s, the ground truth 1.20 s" in texts(app)


def test_one_click_removes_the_lag_of_a_system_from_everything(
    clip: Clip, system: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    query = {"tracks": system, "looks": f"{system};Ours;;0", "take away": "Page"}
    app = open_page("compare", clip, **query)
    before = table_of(app)
    assert {"Ours", "null: mean face"} <= set(before)
    header = player_of(app).header
    assert [p["media"] is not None for p in header["panels"][:2]] == [False, True]
    # The clip is too short for a lag of its own; the number is typed in.
    app.number_input(key=f"shift {clip.id} {system}").set_value(-40.0 * LATE).run()
    after = table_of(app)
    assert after["Ours"]["skill"] > 0.9 > before["Ours"]["skill"]
    header = player_of(app).header
    tracks = {p["title"]: header["tracks"][p["track"]] for p in header["panels"] if p["track"]}
    assert tracks["Ours"]["start"] == pytest.approx(-0.12)
    app.selectbox(key="audio from").set_value(system).run()
    app = press(app, "Make the page")
    assert "Ours=late.mp4" in app.code[-1].value and "Ours=-120ms" in app.code[-1].value
    run_printed(app, capsys)
    one, two = (buffer_of(page) for page in (made(app, ".html"), here / "comparison.html"))
    assert shown(one) == shown(two) and shown(one) == shown(player_of(app))
    assert one.header["heard"] == two.header["heard"] == 1
    moved = [b.header["panels"][1]["media"]["shift"] for b in (one, two)]
    assert moved == [pytest.approx(-0.12)] * 2
    assert scores_of(made(app, ".html")) == scores_of(here / "comparison.html")


def test_systems_stay_with_the_clip_that_they_were_added_to(
    clip: Clip, system: str, folder: Path
) -> None:
    other = movie(folder / "other.mp4", [np.zeros((48, 64, 3), np.uint8)] * 5, sound=tone(0.2))
    second = state.workspace().add_clip(other, "other.mp4")
    app = open_page("compare", clip, tracks=system, looks=f"{system};Ours;;-80")
    assert "Ours" in table_of(app)
    app.query_params["clip"] = second.id
    for name in ("tracks", "looks"):
        app.query_params.pop(name, None)
    app.run()
    assert not app.exception
    titles = [panel["title"] for panel in player_of(app).header["panels"]]
    assert "Ours" not in titles and "tracks" not in app.query_params
    app.query_params["clip"] = clip.id
    app.run()
    titles = [panel["title"] for panel in player_of(app).header["panels"]]
    assert "Ours, video" in titles, "they are there again with their clip"


def test_order_and_colours_are_the_viewers_and_are_printed(
    clip: Clip, system: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model,) = state.default_models()
    looks = f"{system};;%23123456;0,{model};A%20%3Cb%3E;;0"
    app = open_page("compare", clip, tracks=system, looks=looks, **{"take away": "Table"})
    panels = player_of(app).header["panels"]
    assert [p["title"] for p in panels][-2:] == ["late.mp4", "A <b>"]
    assert panels[1]["colour"] == panels[-2]["colour"] == "#123456"
    run_printed(app, capsys)
    table = (here / "scores.csv").read_text(encoding="utf-8").strip()
    assert table == app.code[0].value and "A <b>" in table
    colours = {
        p["title"]: p["colour"] for p in buffer_of(here / "comparison.html").header["panels"]
    }
    assert colours["late.mp4"] == "#123456" and colours["A <b>"] == panels[-1]["colour"]


def test_head_motion_is_kept_in_all_faces_by_one_switch(clip: Clip, system: str) -> None:
    app = open_page("compare", clip, tracks=system, identity="kept", models="")
    header = player_of(app).header
    spaces = {
        p["title"]: header["tracks"][p["track"]]["space"]
        for p in header["panels"]
        if p["kind"] == "landmarks" and p["title"] in ("Ground truth", "late.mp4")
    }
    assert spaces == {"Ground truth": "pixel", "late.mp4": "pixel"}
    assert "--identity kept" in app.code[-1].value
