"""One visitor's way through the real app in Chromium: the built-in clip, real clips, awkward ones.

Screenshots of every page, light and dark, are left in test-output/.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from making import grey, movie
from visiting import MODELS, OUTPUT, Problems, Visit

from core.media import probe, read_frames
from core.samples import SAMPLE

LIPS = "grid-s1-lips"
HOSTILE = "<img src=x onerror=alert(1)> **b** [a](javascript:alert(1)) $x^2$ :red[r] `c`.mp4"


@pytest.fixture(scope="module")
def long_session(window: tuple[Any, Problems], app_root: str) -> Iterator[Visit]:
    visit = Visit(window[0].new_page(), app_root)
    visit.open("library")
    yield visit
    visit.page.close()


@pytest.fixture
def same_visit(long_session: Visit, window: tuple[Any, Problems]) -> Iterator[Visit]:
    """One tab for many clips, as a person works; its problems fail the test that met them."""
    yield long_session
    window[1].none()


# --- the whole road ------------------------------------------------------------------------------


def test_the_built_in_clip_leads_through_every_page(visit: Visit) -> None:
    page = visit.page
    visit.open()
    visit.in_order()
    visit.ready()
    assert visit.titles() == ["Clip, ground truth", "Ground truth, identity removed", *MODELS]
    visit.until("p.playing && p.media.muted && p.time() > 0.2")
    visit.drawn()
    visit.snapshot("home")
    visit.press("Play with sound")
    visit.until("p.playing && !p.media.muted && p.time() > 0.1 && p.time() < 5")
    visit.hears()
    assert visit.player.get_by_role("button", name="Play with sound").is_hidden()

    visit.press("Try the sample")
    visit.arrive("Landmarks")
    visit.in_order()
    visit.ready()
    assert "193 of 193" in page.get_by_test_id("stMetricValue").all_inner_texts()
    visit.drawn()
    visit.play([25, 25])
    visit.hears()
    page.locator(".js-plotly-plot .scatterlayer path.js-line").first.wait_for()
    visit.snapshot("landmarks")

    visit.go_to("Frames")
    visit.in_order()
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-testid=stImage] img')]"
        ".filter((i) => i.naturalWidth > 0).length === 19"
    )
    page.get_by_role("slider", name="Frame").focus()
    page.keyboard.press("End")
    page.get_by_text("7.680 s · frame 192").first.wait_for()
    visit.settle()
    page.get_by_label("Every n-th frame").fill("50")
    page.keyboard.press("Enter")
    page.get_by_text("Selected frames: 4 of 193").wait_for()
    visit.settle()
    visit.press("Make a zip")
    with page.expect_download() as download:
        visit.press("Download")
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        assert archive.namelist() == ["0000.jpg", "0050.jpg", "0100.jpg", "0150.jpg"]
    visit.snapshot("frames")

    visit.go_to("Reference")
    visit.in_order()
    visit.ready()
    page.locator(".js-plotly-plot").nth(1).wait_for()
    visit.drawn()
    visit.snapshot("reference")
    visit.play([25, 25, 25, 25])  # and on at once: a pause keeps nobody on the page

    visit.go_to("Inference")
    visit.in_order()
    visit.ready()
    assert visit.titles() == ["Clip", *MODELS]
    visit.drawn()
    visit.play([25] * (1 + len(MODELS)))
    visit.hears()
    visit.snapshot("inference")

    visit.press("Compare with ground truth")
    visit.arrive("Compare")
    visit.in_order()
    visit.ready()
    assert visit.titles() == ["Clip", "Ground truth", *MODELS]
    page.get_by_text("painted", exact=True).first.click()
    page.wait_for_url("**style=painted**")
    visit.settle()
    styles = visit.player.locator(".sm-style").evaluate_all("(all) => all.map((s) => s.value)")
    assert styles == ["overlay", *["painted"] * (1 + len(MODELS))]
    visit.drawn()
    visit.play([25] * (2 + len(MODELS)))
    visit.hears()
    visit.snapshot("compare")

    visit.go_to("Library")
    assert page.get_by_text("Current clip: Built-in presenter").is_visible()
    visit.snapshot("library")
    visit.go_to("Frames")
    page.get_by_text("7.680 s · frame 192").first.wait_for()
    visit.go_to("Compare")
    assert "style=painted" in page.url and "clip=" in page.url
    visit.in_order()


def test_other_models_than_the_first_go_along_to_compare(visit: Visit) -> None:
    """Their names stand in the address, which Streamlit by itself would not let go of. Nobody waits
    for the page between the choice and the press."""
    visit.open("library")
    visit.press("Built-in clip")
    visit.go_to("Inference")
    visit.ready()
    visit.page.get_by_role("combobox", name="Models").first.click()
    visit.page.get_by_role("option", name=LIPS).click()
    visit.page.keyboard.press("Escape")
    visit.press("Compare with ground truth")
    visit.arrive("Compare")
    visit.in_order()
    visit.ready()
    assert visit.titles() == ["Clip", "Ground truth", *MODELS, LIPS]


def test_a_click_in_a_row_chooses_that_clip(same_visit: Visit, tmp_path: Path) -> None:
    visit = same_visit
    file = movie(tmp_path / "other.mp4", [grey(60, 48, 64)] * 3)
    visit.upload(file, "other.mp4")
    table = visit.page.get_by_test_id("stDataFrame")
    box = table.bounding_box()
    visit.page.mouse.click(box["x"] + 250, box["y"] + 60)
    visit.page.get_by_text("Current clip: Built-in presenter").wait_for()
    visit.page.mouse.click(box["x"] + 250, box["y"] + 60 + 64)
    visit.page.get_by_text("Current clip: other.mp4").wait_for()
    visit.press("Built-in clip")
    visit.page.get_by_text("Current clip: Built-in presenter").wait_for()
    visit.in_order()


# --- real clips ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "fps", "at"),
    [
        ("data/clips/grid_other_brbk7n.mpg", 25, 0.5),
        ("data/clips/hdtf_WDA_KatieHill_000.mp4", 25, 0.5),
        ("reference/rep/obama2s.mp4", 30000 / 1001, 0.8),
    ],
    ids=["GRID, MPEG-1", "HDTF", "an address at 29.97 fps"],
)
def test_a_real_clip_is_compared_with_sound(
    same_visit: Visit, shared: Path, file: str, fps: float, at: float
) -> None:
    visit = same_visit
    visit.upload(shared / file, Path(file).name)
    visit.in_order()
    visit.go_to("Compare")
    visit.in_order()
    visit.ready()
    assert visit.titles() == ["Clip", "Ground truth", *MODELS]
    visit.drawn(at=at)
    visit.play([fps, *[25] * (1 + len(MODELS))], at=at)
    visit.hears()
    scores = visit.page.get_by_test_id("stDataFrame")
    assert scores.count() == 1
    visit.page.screenshot(path=str(OUTPUT / f"journey-{Path(file).stem}.png"))


# --- awkward ones -------------------------------------------------------------------------------


def shared_clip(name: str) -> Callable[[Path, pytest.FixtureRequest], Path]:
    return lambda folder, request: request.getfixturevalue("shared") / "data/clips" / name


def phone(folder: Path, request: pytest.FixtureRequest) -> Path:
    """A 4K portrait clip whose pixels lie sideways, as phones write it, with a face in it."""
    face = next(read_frames(SAMPLE.video, start=1.0)).image
    upright = np.full((3840, 2160, 3), 128, np.uint8)
    upright[800:2960] = cv2.resize(face, (2160, 2160))
    sideways = np.ascontiguousarray(np.rot90(upright, -3))
    path = folder / "phone.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "24"})
        stream.height, stream.width = sideways.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.set_display_rotation(270)
        for _ in range(8):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(sideways, format="rgb24")))
        out.mux(stream.encode(None))
    return path


AWKWARD = {
    # what: (file, its size as shown, the sentence on Landmarks, on Compare, the panels there)
    "silent sound": (
        shared_clip("silent_audio.mp4"), "360 × 288", None, "audio of this clip is silent",
        ["Clip", "Ground truth", *MODELS],
    ),
    "no sound": (
        shared_clip("grid_noaudio_reclip.mpg"), "360 × 288", None, "has no audio",
        ["Clip", "Ground truth"],
    ),
    "no face": (
        shared_clip("no_face_animation.mp4"), "960 × 540", "No face was found",
        "No face was found", ["Clip", *MODELS],
    ),
    "4K portrait": (phone, "2160 × 3840", None, "has no audio", ["Clip", "Ground truth"]),
}  # fmt: skip


@pytest.mark.parametrize("what", AWKWARD)
def test_an_awkward_clip_gives_a_result_or_a_clear_sentence(
    same_visit: Visit, what: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    visit = same_visit
    make, size, on_landmarks, on_compare, panels = AWKWARD[what]
    path = make(tmp_path, request)
    visit.upload(path, path.name)
    visit.in_order()
    assert size in visit.page.get_by_text("Current clip: ").inner_text()

    visit.press("Show its landmarks")
    visit.arrive("Landmarks")
    if on_landmarks:
        assert any(on_landmarks in text for text in visit.alerts())
        assert visit.player.count() == 0
        visit.page.screenshot(path=str(OUTPUT / f"journey-{what.replace(' ', '-')}.png"))
    else:
        visit.in_order()
        visit.ready()
        visit.drawn()
        found, _, frames = visit.page.get_by_test_id("stMetricValue").first.inner_text().split()
        assert found == frames

    visit.go_to("Compare")
    visit.in_order()
    visit.ready()
    assert any(on_compare in text for text in visit.alerts()), visit.alerts()
    assert visit.titles() == panels
    visit.until("p.media.readyState >= 2")
    visit.player.focus()
    visit.page.keyboard.press(" ")
    visit.until("p.time() > 0.1")


@pytest.mark.soak
def test_every_shared_clip_plays_in_compare(same_visit: Visit, shared: Path) -> None:
    visit = same_visit
    for path in sorted((shared / "data/clips").iterdir()):
        visit.upload(path, path.name)
        visit.in_order()
        visit.go_to("Compare")
        visit.in_order()
        visit.ready()
        said, titles = visit.alerts(), visit.titles()
        assert titles[0] == "Clip", path.name
        assert ("Ground truth" in titles) is not any("No face was found" in text for text in said)
        heard = not any("has no audio" in text for text in said)
        assert (MODELS[0] in titles) is heard, path.name
        visit.drawn(at=0.7 * probe(path).video.times[-1])  # type: ignore[union-attr]
        visit.js("p.seek(0)")
        visit.player.focus()
        visit.page.keyboard.press(" ")
        visit.until("p.time() > 0.03" if path.stem == "one_frame" else "p.time() > 0.5")
        visit.page.keyboard.press(" ")
        visit.page.screenshot(path=str(OUTPUT / f"clip-{path.stem}.png"))


def test_a_text_named_as_a_video_is_refused_in_a_sentence(visit: Visit) -> None:
    text = {"name": "notes.mp4", "mimeType": "video/mp4", "buffer": b"This is only a text file.\n"}
    visit.open("library")
    visit.page.locator("input[type=file]").first.set_input_files(text)
    error = visit.page.get_by_test_id("stAlertContentError")
    error.wait_for()
    assert error.inner_text().strip().endswith(".") and "Traceback" not in error.inner_text()
    assert visit.page.get_by_test_id("stDataFrame").is_visible()
    for title in ("Landmarks", "Compare"):
        visit.go_to(title)
        visit.in_order()
        assert visit.alerts() == ["No clip is chosen yet."]


def test_a_hostile_name_stays_text(same_visit: Visit, tmp_path: Path) -> None:
    visit = same_visit
    content = movie(tmp_path / "plain.mp4", [grey(90, 48, 64)] * 4).read_bytes()
    visit.upload({"name": HOSTILE, "mimeType": "video/mp4", "buffer": content}, HOSTILE)
    for title in ("Library", "Frames", "Landmarks", "Compare"):
        visit.go_to(title)
        page = visit.page
        assert page.get_by_text(HOSTILE).filter(visible=True).count() > 0
        assert page.locator("main img[src=x], [data-testid=stApp] a[href^=javascript]").count() == 0
        assert page.locator("[data-testid=stMain] .katex").count() == 0
        visit.alerts()
