"""Three videos are added on Compare, judged, and one is moved by its lag."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from making import movie, tone
from visiting import Problems, Visit

from core.media import read_audio, read_frames
from core.media.audio import cut_audio
from core.samples import SAMPLE

FRAMES = 50
LATE = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """talk.mp4: 2 s of the built-in clip at half size; late.mp4: 3 frames later; still.mp4: its
    first frame; short.mp4: its first 12 frames."""
    made = tmp_path_factory.mktemp("journey")
    read = read_frames(SAMPLE.video, start=1.0)
    images = [f.image[::2, ::2] for _, f in zip(range(FRAMES), read, strict=False)]
    sound = read_audio(SAMPLE.video)
    part = cut_audio(sound, 1.0, 1.0 + FRAMES / 25)
    movie(made / "talk.mp4", images, sound=part)
    late = [images[max(0, k - LATE)][:, 16:] for k in range(FRAMES)]
    movie(made / "late.mp4", late, sound=tone(FRAMES / 25))
    movie(made / "still.mp4", [images[0]] * 6)
    movie(made / "short.mp4", images[:12])
    return made


@pytest.fixture
def visit(window: tuple[Any, Problems], app_root: str) -> Iterator[Visit]:
    found = Visit(window[0].new_page(), app_root)
    yield found
    found.page.close()
    window[1].none()


def test_three_videos_are_added_and_judged_and_a_shift_reaches_everything(
    visit: Visit, folder: Path
) -> None:
    visit.open("library")
    visit.upload(folder / "talk.mp4", "talk.mp4")
    visit.go_to("Compare")
    visit.ready()
    visit.press("Add systems")
    names = ("late.mp4", "still.mp4", "short.mp4")
    files = [str(folder / name) for name in names]
    visit.page.get_by_test_id("stFileUploaderDropzoneInput").last.set_input_files(files)
    for name in names:
        visit.player.locator(".sm-title").get_by_text(f"{name}, video", exact=True).wait_for()
        visit.player.locator(".sm-title").get_by_text(name, exact=True).wait_for()
    visit.page.keyboard.press("Escape")
    visit.settle()
    visit.in_order()
    assert any("short.mp4 lasts 0.48 s" in alert for alert in visit.alerts())
    videos = [k for k, title in enumerate(visit.titles()) if title.endswith(", video")]
    assert len(videos) == 3
    visit.js("p.seek(0.18)")
    visit.until("[1, 2, 3].every((i) => p.frameShown(i) === p.frame())")
    visit.page.get_by_role("button", name="Apply -120 ms").click()
    visit.page.get_by_text("late.mp4: moved by -120 ms").wait_for()
    visit.settle()
    visit.until(
        "!p.follower(1).seeking && Math.abs(p.follower(1).currentTime - p.time() - 0.12) < 0.04"
    )
    assert visit.js("p.follower(2).muted && p.follower(1).muted && !p.media.muted")
    line = visit.page.get_by_test_id("stCode").last.inner_text()
    assert "--shift late.mp4=-120ms" in line
    assert visit.page.get_by_role("button", name="Undo shift").count() == 1
