"""The Frames page: stepping through frames, choosing and saving them, and the timing section."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from making import grey, movie, tone
from streamlit.testing.v1 import AppTest
from test_pages import (  # noqa: F401 (the workspace is a fixture of this module, too)
    in_order,
    open_page,
    press,
    private_workspace,
    said,
)

from core.media import choose_frames, numbered_pictures, read_frames_at
from core.workspace import Clip
from ui.shared import state


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """30 frames at 10 a second, with sound."""
    path = tmp_path_factory.mktemp("steps") / "steps.mp4"
    movie(path, [grey(8 * k) for k in range(30)], fps=10, sound=tone(3.0))
    return state.workspace().add_clip(path, path.name)


@pytest.fixture(scope="module")
def real(shared: Path) -> Callable[[str], Clip]:
    return lambda name: state.workspace().add_clip(shared / "data/clips" / name, name)


def number(app: AppTest) -> tuple[int, int]:
    """The frame by the slider and by the number field."""
    return app.slider(key="frame").value, app.number_input(key="frame number").value


def has(app: AppTest, label: str) -> bool:
    return label in [b.label for kind in ("button", "download_button") for b in app.get(kind)]


# --- one frame -----------------------------------------------------------------------------------


def test_buttons_step_through_the_source_frames(steps: Clip) -> None:
    app = open_page("frames", steps)
    for label, shown in [
        ("Next", 1),
        ("+10", 11),
        ("Back", 10),
        ("Last", 29),
        ("−10", 19),
        ("First", 0),
    ]:
        app = press(app, label)
        in_order(app)
        assert number(app) == (shown, shown)
        assert f"{shown / 10:.3f} s · frame {shown} of 0–29" in said(app)


def test_steps_stop_at_the_ends(steps: Clip) -> None:
    app = open_page("frames", steps, frame="25")
    app = press(app, "+10")
    assert number(app) == (29, 29)
    off = {b.label: b.disabled for b in app.button}
    assert off["Next"] and off["+10"] and off["Last"] and not off["Back"] and not off["First"]
    app = press(press(app, "First"), "Next")
    assert number(press(app, "−10")) == (0, 0)


def test_slider_number_field_and_address_agree(steps: Clip) -> None:
    app = open_page("frames", steps, frame="7")
    assert number(app) == (7, 7)
    app.number_input(key="frame number").set_value(12).run()
    assert number(app) == (12, 12)
    app.slider(key="frame").set_value(3).run()
    assert number(app) == (3, 3)
    assert "0.300 s · frame 3" in said(app)


def test_true_size_keeps_the_frame(steps: Clip) -> None:
    app = press(open_page("frames", steps, frame="7"), "Next")
    app.toggle(key="true").set_value(True).run()
    in_order(app)
    assert number(app) == (8, 8)


# --- many frames ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "chosen", "flags"),
    [
        ({}, 30, "--format jpeg"),
        ({"every": "7"}, 5, "--every 7 --format jpeg"),
        ({"by": "rate", "rate": "2"}, 6, "--fps 2 --format jpeg"),
        ({"format": "png"}, 30, "--format png"),
    ],
    ids=["all", "every seventh", "two a second", "png"],
)
def test_choices_live_in_the_address_and_in_the_command(
    steps: Clip, query: dict[str, str], chosen: int, flags: str
) -> None:
    app = open_page("frames", steps, **query)
    in_order(app)
    assert f"Selected frames: {chosen} of 30 · about" in said(app)
    assert app.code[-1].value == f"python -m core frames steps.mp4 -o frames {flags}"


def test_the_range_of_the_page_is_that_of_the_command(steps: Clip) -> None:
    app = open_page("frames", steps)
    app.slider(key="range").set_range(0.5, 1.0).run()
    assert "--start 0.5 --stop 1" in app.code[-1].value
    assert "Selected frames: 5 of 30" in said(app)  # 0.5 ... 0.9, as the command's stop is left out
    app.slider(key="range").set_range(0.51, 0.55).run()
    in_order(app)
    assert "No frame lies in that range" in app.info[-1].value


def test_a_range_that_another_clip_lacks_is_forgotten(steps: Clip, tmp_path: Path) -> None:
    short = movie(tmp_path / "short.mp4", [grey(k) for k in range(5)])
    app = open_page("frames", steps)
    app.slider(key="range").set_range(1.0, 2.0).run()
    app.query_params["clip"] = state.workspace().add_clip(short, "short.mp4").id
    app.run()
    in_order(app)
    assert "Selected frames: 5 of 5" in said(app)


@pytest.mark.parametrize(("asked", "shown"), [(None, 18), ("12", 12), ("48", 30)])
def test_the_sheet_shows_as_many_pictures_as_asked(
    steps: Clip, asked: str | None, shown: int
) -> None:
    app = open_page("frames", steps, **({"pictures": asked} if asked else {}))
    captions = [c for image in app.image[1:] for c in image.captions]
    assert len(captions) == shown
    assert (captions[0], captions[-1]) == ("0.00 s · frame 0", "2.90 s · frame 29")


def test_a_zip_holds_the_chosen_pictures_and_stays_until_the_choice_changes(steps: Clip) -> None:
    app = press(open_page("frames", steps, every="10"), "Make a zip")
    in_order(app)
    assert has(app, "Download") and not has(app, "Make a zip")
    (path,) = Path(app.session_state["scratch"]).glob("frames-*.zip")
    with zipfile.ZipFile(path) as archive:
        found = [(name, archive.read(name)) for name in archive.namelist()]
    video = steps.info.video
    assert video is not None
    assert found == list(numbered_pictures(steps.path, choose_frames(video.times, every=10)))

    assert has(press(app, "Next"), "Download")
    app.number_input(key="every").set_value(15).run()
    assert has(app, "Make a zip") and not has(app, "Download")
    press(app, "Make a zip")
    (other,) = Path(app.session_state["scratch"]).glob("frames-*.zip")
    assert other != path, "one zip a session"


# --- timing --------------------------------------------------------------------------------------


def test_timing_tells_rates_gaps_and_drift(real: Callable[[str], Clip]) -> None:
    app = open_page("frames", real("vfr_dropped.mp4"), view="Timing")
    in_order(app)
    shown = {m.label: m.value for m in app.metric}
    assert shown == {
        "Declared frame rate": "25.00 fps",
        "Measured mean rate": "13.93 fps",
        "Variable steps": "40.0–200.0 ms",
        "Frames missing": "about 31",
        "Audio starts": "+0.000 s",
        "Audio ends": "+0.124 s",
    }
    assert "Neither 25 nor 30 fps fits" in app.warning[0].value
    assert len(app.get("plotly_chart")) == 3
    assert "**31** repeat a source frame" in said(app)
    app.number_input(key="to").set_value(5.0).run()
    assert "frames at 5 fps" in said(app)
    commands = [code.value for code in app.code]
    assert "python -m core probe vfr_dropped.mp4 --timing" in commands[-1].splitlines()


def test_a_clip_that_one_rate_fits_is_not_warned_of(steps: Clip) -> None:
    app = open_page("frames", state.sample_clip(), view="Timing")
    assert not app.warning and "At 30 fps" in app.info[0].value


@pytest.mark.parametrize("view", ["Contact sheet", "Timing"])
@pytest.mark.parametrize(
    "name",
    [
        "vfr_dropped.mp4",
        "pal_interlaced_4x3.mpg",
        "noface_then_face_hevc_120r.mov",
        "one_frame.mp4",
        "displaymatrix_90.mp4",
        "uhd_4k_1s.mp4",
        "clm_cap13_vp8_noaudio.webm",
    ],
)
def test_awkward_clips_open(real: Callable[[str], Clip], name: str, view: str) -> None:
    clip = real(name)
    app = open_page("frames", clip, view=view)
    in_order(app)
    assert not app.error and clip.info.video is not None
    assert f"of {clip.info.video.n_frames} · about" in said(app)
    assert len(app.image) == (1 if view == "Timing" else 1 + min(18, clip.info.video.n_frames))


def test_a_frame_that_cannot_be_decoded_is_said(
    steps: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.frames.frame_viewer.read_frames_at", lambda *_, **__: iter(()))
    app = open_page("frames", steps, frame="23", pictures="24")
    in_order(app)
    assert "Frame 23 cannot be decoded." in app.warning[0].value
    assert "24 of these frames cannot be decoded" in said(app)


def test_a_zip_that_lacks_frames_says_so(steps: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "core.media.pictures.read_frames_at",
        lambda path, indices, **_: read_frames_at(path, [i for i in indices if i != 12]),
    )
    app = press(open_page("frames", steps, every="6"), "Make a zip")
    in_order(app)
    assert "1 of these frames cannot be decoded and are missing in the zip." in said(app)
