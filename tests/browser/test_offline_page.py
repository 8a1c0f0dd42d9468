"""The offline page in a real browser: from disk it plays with sound and asks for nothing."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import grey, make_track, movie, tone

from core.render import INK, model_colour
from core.render.bundle import comparison_page
from core.render.curves import comparison_curves
from core.render.player import PlayerPanel
from core.samples import SAMPLE

PLAYER = "[data-testid=speechmarks-player]"
SECONDS = 4
NAME = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    track = make_track(SAMPLE.truth.points[: SECONDS * 25])
    panels = [
        PlayerPanel("Truth", colour=INK, track=track, truth=True),
        PlayerPanel(NAME, colour=model_colour(0), track=track),
    ]
    curves = comparison_curves({"truth": (track, INK), "cnn": (track, INK)}, truth="truth")
    page = comparison_page(panels, sound=tone(SECONDS), curves=curves, title=NAME, note=NAME)
    (folder / "sound.html").write_bytes(page)
    (folder / "silent.html").write_bytes(comparison_page(panels))
    clip = movie(folder / "c.mp4", [grey(2 * k) for k in range(100)], sound=tone(SECONDS))
    clip_panel = PlayerPanel("Clip", "video", "picture", INK)
    page = comparison_page([clip_panel, *panels], video=clip, sound=tone(SECONDS))
    (folder / "video.html").write_bytes(page)
    wide = track.replace(spread=np.full((len(track), 68), 2.0))
    page = comparison_page([PlayerPanel("Detected", colour=INK, track=wide)])
    (folder / "spread.html").write_bytes(page)
    (folder / "before.html").write_bytes(without_spread(page))
    return folder


def without_spread(page: bytes) -> bytes:
    """The page as it was made before landmarks had a spread."""
    head, rest = page.split(b'id="buffer" data-type="application/octet-stream">')
    text, tail = rest.split(b"</script>", 1)
    buffer = base64.b64decode(text)
    (length,) = struct.unpack_from("<I", buffer)
    header = json.loads(buffer[4 : 4 + length])
    for entry in header["tracks"]:
        del entry["spread"]
    old = json.dumps(header, separators=(",", ":")).encode().ljust(length)
    made = base64.b64encode(struct.pack("<I", len(old)) + old + buffer[4 + length :])
    return b"".join(
        [head, b'id="buffer" data-type="application/octet-stream">', made, b"</script>", tail]
    )


def opened(page: Any, file: Path) -> tuple[list[str], list[str]]:
    """Open a file from disk; what it asks for elsewhere, and what the browser complains about."""
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if not r.url.startswith("blob:") else None)
    page.on(
        "console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None
    )
    page.goto(file.as_uri())
    page.wait_for_selector(PLAYER)
    return [url for url in asked if url != file.as_uri()], complaints


def player(page: Any, what: str) -> Any:
    return page.evaluate(f"() => document.querySelector('{PLAYER}').__player.{what}")


def until(page: Any, condition: str) -> None:
    """Wait for a condition on the player ``p``. (The page's policy forbids Playwright's own way,
    which compiles text inside the page.)"""
    for _ in range(200):
        if page.evaluate(
            f"() => {{const p = document.querySelector('{PLAYER}').__player; return {condition}; }}"
        ):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never true: {condition}")


@pytest.mark.parametrize(
    ("name", "clock"), [("sound", "media"), ("video", "media"), ("silent", "silent")]
)
def test_a_page_from_disk_plays(pages: Path, own_page: Any, name: str, clock: str) -> None:
    asked, complaints = opened(own_page, pages / f"{name}.html")
    assert player(own_page, "clock") == clock
    if clock == "media":
        until(own_page, "p.media.readyState >= 2")
    own_page.locator(f"{PLAYER} .sm-play").click()
    until(own_page, "p.time() > 0.5")
    until(own_page, "p.frameShown(1) > 5")
    assert player(own_page, "playing")
    assert asked == []
    assert complaints == []


def test_a_page_shows_the_spread_of_its_landmarks(pages: Path, own_page: Any) -> None:
    _, complaints = opened(own_page, pages / "spread.html")
    picture = "document.querySelector('.sm-canvas').toDataURL()"
    before = own_page.evaluate(picture)
    own_page.locator(PLAYER).get_by_role("button", name="View").click()
    own_page.locator(PLAYER).get_by_label("Spread", exact=True).check()
    own_page.wait_for_timeout(200)
    assert own_page.evaluate(picture) != before
    assert complaints == []


def test_a_page_from_before_landmarks_had_a_spread_plays(pages: Path, own_page: Any) -> None:
    _, complaints = opened(own_page, pages / "before.html")
    own_page.locator(f"{PLAYER} .sm-play").click()
    until(own_page, "p.frameShown(0) > 5")
    own_page.locator(PLAYER).get_by_role("button", name="View").click()
    assert own_page.locator(PLAYER).get_by_label("Point numbers").count() == 1
    assert own_page.locator(PLAYER).get_by_label("Spread", exact=True).count() == 0
    assert complaints == []


@pytest.mark.parametrize("name", ["sound", "video"])
def test_the_sound_of_a_page_is_heard_and_can_be_sought(
    pages: Path, own_page: Any, name: str
) -> None:
    opened(own_page, pages / f"{name}.html")
    until(own_page, "p.media.readyState >= 2")
    media = player(own_page, "media.duration")
    assert media == pytest.approx(SECONDS, abs=0.1)
    player(own_page, "seek(2.02)")
    until(own_page, "Math.abs(p.media.currentTime - 2.02) < 0.03")
    heard = own_page.evaluate(
        f"""async () => {{
          const media = document.querySelector('{PLAYER}').__player.media;
          const context = new OfflineAudioContext(1, 16000, 16000);
          const bytes = document.getElementById("media").textContent;
          const data = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)).buffer;
          const sound = await context.decodeAudioData(data);
          return [media.error, Math.max(...sound.getChannelData(0).slice(20000, 24000))];
        }}"""
    )
    assert heard[0] is None
    assert heard[1] == pytest.approx(0.3, abs=0.06)


def test_names_in_a_page_are_text(pages: Path, own_page: Any) -> None:
    dialogs: list[str] = []
    own_page.on("dialog", lambda d: (dialogs.append(d.message), d.dismiss()))
    opened(own_page, pages / "sound.html")
    assert own_page.title() == own_page.locator("h1").inner_text() == NAME
    assert own_page.locator(f"{PLAYER} img, h1 *").count() == 0
    assert dialogs == []


@pytest.mark.parametrize(
    ("own_page", "ground"),
    [
        ({"color_scheme": "light"}, "rgb(255, 255, 255)"),
        ({"color_scheme": "dark"}, "rgb(21, 24, 28)"),
    ],
    indirect=["own_page"],
    ids=["light", "dark"],
)
def test_a_page_follows_the_reader_s_theme(pages: Path, own_page: Any, ground: str) -> None:
    opened(own_page, pages / "sound.html")
    assert own_page.evaluate("getComputedStyle(document.body).backgroundColor") == ground


def test_a_script_that_is_not_the_page_s_own_does_not_run(
    pages: Path, own_page: Any, tmp_path: Path
) -> None:
    text = (pages / "sound.html").read_text(encoding="utf-8")
    changed = tmp_path / "changed.html"
    changed.write_text(text.replace("</main>", "<script>window.ran = 1</script></main>"))
    _, complaints = opened(own_page, changed)
    assert own_page.evaluate("window.ran === undefined")
    assert any("Content Security Policy" in c for c in complaints)
