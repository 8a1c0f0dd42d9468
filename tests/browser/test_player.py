"""The player in a real browser: one clock, exact frames, quiet towards Python."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playing import APP, CODE, FPS, Keep, Player, write_coded_clip, write_tone

ROUTER = """
import numpy as np
import streamlit as st
from pathlib import Path
from core.tracks.labels import TimedLabel
from core.render.player import PlayerPanel, waveform_peaks
from core.tracks.track import LandmarkTrack
from ui.player.component import show_player

HERE = Path(__file__).parent
st.set_page_config(layout="wide")
st.session_state.runs = st.session_state.get("runs", 0) + 1
st.text(f"runs {st.session_state.runs}")  # before what is told: both are read together
mode = st.query_params.get("mode", "video")

def track(frames, fps, uneven=False):
    angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    base = np.stack([160 + 60 * np.cos(angle), 120 + 80 * np.sin(angle)], axis=1)
    points = np.repeat(base[None], frames, 0) + np.arange(frames)[:, None, None] * 0.1
    points[10:20] = np.nan
    times = np.arange(frames) / fps
    if uneven:
        times = times + 0.3 / fps * (np.arange(frames) % 2)
    return LandmarkTrack(points, times)

show = st.checkbox("Show", True)
more = st.checkbox("More", False)
st.button("Again")
truth = track(150, 25)
panels = [
    PlayerPanel("<img src=x onerror=alert(1)>", "video", "picture", "#e69f00", truth),
    PlayerPanel("Truth", style="wireframe", colour="#222222", track=truth),
    PlayerPanel("30 fps", style="dots", colour="#0072b2", track=track(180, 30)),
    PlayerPanel("Uneven", style="painted", colour="#009e73", track=track(150, 25, True)),
]
files = {"video": "coded.mp4", "sound": "tone.wav", "gone": "gone.mp4"}
media = HERE / files[mode] if mode in files else None
if mode == "gone":
    media.write_bytes(b"not a video")
if mode != "video" and mode != "gone":
    panels = panels[1:]
if more:
    panels = panels[:-1]
if show:
    state = show_player(
        panels, key="player", duration=6.0, media=media, fps=25, reports=True,
        has_video=mode in ("video", "gone"),
        peaks=np.linspace(0, 1, 300),
        labels={"words": [TimedLabel(0.5, 1.5, "<b>one</b>"), TimedLabel(2.0, 3.0, "two")]},
    )
    st.text(f"told {state.time}")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("player")
    write_coded_clip(made / "coded.mp4")
    write_tone(made / "tone.wav")
    (made / "app.py").write_text(APP)
    (made / "router.py").write_text(ROUTER)
    return made


@pytest.fixture(scope="module")
def root(folder: Path, streamlit_server: Callable[..., str]) -> str:
    return streamlit_server(folder / "app.py")


SAMPLE = (
    CODE
    + """
const rows = [];
const start = performance.now();
await new Promise((done) => {
  const look = () => {
    const t = p.time();
    const video = root.querySelectorAll('canvas').length > 4;
    rows.push({t, wall: performance.now() / 1000, shown: [0, 1, 2].map(p.frameShown),
               code: video ? code(root) : null});
    if (performance.now() - start < 1800) requestAnimationFrame(look); else done();
  };
  requestAnimationFrame(look);
});
return rows;
"""
)


def play_and_sample(player: Player) -> list[dict[str, Any]]:
    player.key(" ")
    player.until("p => p.playing && p.time() > 0.1")
    return list(player.js(SAMPLE))


def until_told(player: Player, seconds: float = 15, frame: int | None = None) -> None:
    """Wait until Python has been told the middle of the frame that stands still."""
    end = time.monotonic() + seconds
    while True:
        told = player.page.get_by_text("told ").inner_text().split()[-1]
        shown = int(player.js("return p.frame()"))
        right = told != "None" and float(told) == pytest.approx((shown + 0.5) / FPS, abs=1e-5)
        if right and (frame is None or shown == frame):
            return
        assert time.monotonic() < end, f"told {told} s, shows frame {shown}, due {frame}"
        player.page.wait_for_timeout(30)


def share(flags: list[bool]) -> float:
    return sum(flags) / len(flags)


def test_the_sound_is_the_clock_and_every_panel_shows_its_frame(keep: Keep) -> None:
    player = keep("video")
    rows = play_and_sample(player)
    span, wall = rows[-1]["t"] - rows[0]["t"], rows[-1]["wall"] - rows[0]["wall"]
    assert span == pytest.approx(wall, rel=0.05)
    gained = [row["t"] - rows[0]["t"] - (row["wall"] - rows[0]["wall"]) for row in rows]
    drift = np.ptp(gained) * 1000
    assert drift < 80
    for panel, fps in ((1, 25), (2, 30)):
        late = [int(row["t"] * fps + 0.01) - row["shown"][panel] for row in rows]
        assert set(late) <= {-1, 0, 1, 2}
        assert share([abs(n) <= 1 for n in late]) > 0.9
    agree = [row["code"] == row["shown"][0] for row in rows]
    ahead = [row["shown"][1] - row["shown"][0] for row in rows]
    print(
        f"clock {span:.3f} s in {wall:.3f} s, wanders by {drift:.1f} ms, {len(rows)} draws, "
        f"points agree with the picture in {share(agree):.1%}, "
        f"faces ahead of the picture by {np.mean(ahead):.2f} frames (at most {max(ahead)})"
    )
    assert share(agree) > 0.9, "points over the picture belong to the picture shown"


def test_the_arrow_key_shows_each_next_frame_exactly(keep: Keep) -> None:
    player = keep("video")
    player.key("Home")
    player.settle()
    for k in range(21):
        assert player.js("return [p.frame(), p.frameShown(0), p.frameShown(1)]") == [k, k, k]
        assert player.code() == k
        player.key("ArrowRight")
        player.settle()
    player.key("Shift+ArrowLeft")
    player.settle()
    assert (player.code(), player.js("return p.frame()")) == (11, 11)
    player.key("End")
    player.settle()
    assert (player.code(), player.js("return p.frame()")) == (149, 149)
    assert player.root.locator(".sm-seconds").inner_text() == "5.960 s"
    assert player.root.locator(".sm-frame").inner_text() == "frame 149"


def test_a_click_on_the_timeline_seeks_there(keep: Keep) -> None:
    player = keep("video")
    box = player.root.locator(".sm-timeline").bounding_box()
    player.page.mouse.move(box["x"] + 5, box["y"] + 20)
    player.page.mouse.down()
    for part in (0.2, 0.5, 0.9, 0.4):
        player.page.mouse.move(box["x"] + part * box["width"], box["y"] + 20, steps=4)
    player.page.mouse.up()
    player.settle()
    assert player.time == pytest.approx(2.4, abs=0.045)
    assert player.code() == player.js("return p.frameShown(1)") == int(player.time * FPS)


@pytest.mark.parametrize("rate", [0.5, 2])
def test_the_speed_scales_the_clock(keep: Keep, rate: float) -> None:
    player = keep("video")
    player.root.locator(".sm-speed").select_option(str(rate))
    rows = play_and_sample(player)
    span, wall = rows[-1]["t"] - rows[0]["t"], rows[-1]["wall"] - rows[0]["wall"]
    assert span / wall == pytest.approx(rate, rel=0.08)
    assert player.js("return p.media.preservesPitch") is True


def test_python_hears_nothing_during_play_and_the_time_on_pause(page: Any, root: str) -> None:
    player = Player(page, root)
    before = player.runs()
    player.key(" ")
    player.until("p => p.time() > 1.5")
    assert player.runs() == before
    player.key(" ")
    until_told(player)
    assert player.code() == player.js("return p.frame()") == player.js("return p.frameShown(1)")
    page.wait_for_timeout(500)
    until_told(player, 0)  # it stays so
    assert player.runs() <= before + 2  # at the pause, and where it settled if that is elsewhere


LATE_PICTURES = """
HTMLVideoElement.prototype.requestVideoFrameCallback = function (callback) {
  this.onPicture = callback;
  return 1;
};
HTMLVideoElement.prototype.cancelVideoFrameCallback = () => {};
"""


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_a_picture_that_comes_after_the_pause_is_told(own_page: Any, root: str, late: int) -> None:
    own_page.add_init_script(LATE_PICTURES)
    player = Player(own_page, root)
    player.key(" ")
    player.until("p => p.time() > 0.6")
    player.key(" ")
    until_told(player)
    before = player.runs()
    frame = int(player.js("return p.frame()")) + late
    player.js(f"p.media.onPicture(0, {{mediaTime: {frame / FPS}}}); return 0")
    until_told(player, frame=frame)
    own_page.wait_for_timeout(500)
    assert player.runs() == before + (late != 0)


def test_a_rerun_with_the_same_data_leaves_the_playback_alone(page: Any, root: str) -> None:
    player = Player(page, root)
    player.key(" ")
    player.until("p => p.time() > 0.6")
    player.js("root.dataset.mark = 'same'; return 0")
    page.get_by_role("button", name="Again").click()
    page.get_by_text("runs 2").wait_for()
    page.wait_for_timeout(300)
    assert player.root.get_attribute("data-mark") == "same"
    assert player.js("return p.playing")
    assert player.time > 0.6


def test_changed_data_keeps_time_and_playback_and_the_loaded_video(page: Any, root: str) -> None:
    player = Player(page, root)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    player.key(" ")
    player.until("p => p.time() > 0.6")
    page.get_by_test_id("stCheckbox").get_by_text("More").click()
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stBidiComponentIsolated]')"
        ".shadowRoot.querySelectorAll('.sm-panel').length === 3"
    )
    player.until("p => p.playing && p.time() > 0.8")
    assert player.time < 5
    assert not [url for url in requests if "/clips/" in url]


def test_an_unmounted_player_stops_and_comes_back_where_it_was(page: Any, root: str) -> None:
    player = Player(page, root)
    player.js("p.seek(2.5); return 0")
    player.settle()
    player.key(" ")
    handle = player.root.evaluate_handle("root => root.__player")
    page.wait_for_timeout(300)
    page.get_by_test_id("stCheckbox").get_by_text("Show").click()
    player.root.wait_for(state="detached")
    draws = handle.evaluate("p => p.draws(1)")
    page.wait_for_timeout(300)
    assert handle.evaluate("p => [p.draws(1), p.media.paused, p.media.hasAttribute('src')]") == [
        draws,
        True,
        False,
    ]
    page.get_by_test_id("stCheckbox").get_by_text("Show").click()
    player.root.wait_for()
    player.settle()
    assert player.time >= 2.5
    assert not player.js("return p.playing")


@pytest.mark.parametrize("mode", ["sound", "silent"])
def test_it_plays_without_a_picture_or_without_sound(keep: Keep, mode: str) -> None:
    player = keep(mode)
    assert player.js("return p.clock") == {"sound": "media", "silent": "silent"}[mode]
    rows = play_and_sample(player)
    span, wall = rows[-1]["t"] - rows[0]["t"], rows[-1]["wall"] - rows[0]["wall"]
    assert span == pytest.approx(wall, rel=0.05)
    assert share([abs(int(r["t"] * 25 + 0.01) - r["shown"][0]) <= 1 for r in rows]) > 0.9
    player.key(" ")
    player.key("Home")
    player.key("ArrowRight")
    player.settle()
    assert player.js("return [p.playing, p.frame(), p.frameShown(0)]") == [False, 1, 1]


def test_media_that_cannot_be_played_is_reported_and_the_faces_still_move(
    page: Any, root: str
) -> None:
    player = Player(page, f"{root}/?mode=gone", wait_for_picture=False)
    player.until("p => p.clock === 'silent'")
    assert "could not be loaded" in player.root.locator(".sm-status").inner_text()
    player.key(" ")
    player.until("p => p.time() > 0.4 && p.frameShown(1) > 5")


def test_a_frame_without_a_face_says_so(keep: Keep) -> None:
    player = keep("video")
    note = player.root.locator(".sm-panel").nth(1).locator(".sm-note")
    player.js("p.seek(0.1); return 0")
    player.settle()
    assert not note.is_visible()
    player.js("p.seek(0.58); return 0")
    player.settle()
    assert note.inner_text() == "no face in this frame"


def test_titles_and_labels_stay_text(keep: Keep) -> None:
    player = keep("video")
    assert player.root.locator("img, b, script").count() == 0
    assert player.root.locator(".sm-title").first.inner_text() == "<img src=x onerror=alert(1)>"


DRAWN = """
return [...root.querySelectorAll('canvas')].map((canvas) => {
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let n = 0;
  let light = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 60) { n += 1; light += data[i]; }
  return {n, light: light / n, crisp: canvas.width / canvas.clientWidth};
});
"""


@pytest.mark.parametrize(
    "page", [{"color_scheme": s, "device_scale_factor": 2} for s in ("light", "dark")],
    indirect=True, ids=["light", "dark"],
)  # fmt: skip
def test_every_canvas_is_drawn_crisply_in_both_themes(
    page: Any, root: str, request: pytest.FixtureRequest
) -> None:
    player = Player(page, root)
    drawn = player.js(DRAWN)
    assert len(drawn) == 5
    assert all(canvas["n"] > 300 for canvas in drawn)
    assert all(canvas["crisp"] == pytest.approx(2, rel=0.02) for canvas in drawn)
    dark = "dark" in request.node.callspec.id
    assert (drawn[1]["light"] > 128) == dark, "the ink stands out from the ground"


def test_keys_reach_the_player_only_with_focus_or_pointer(page: Any, root: str) -> None:
    player = Player(page, root)
    page.mouse.move(5, 5)
    page.locator("body").press("ArrowRight")
    page.wait_for_timeout(200)
    assert player.time == 0
    player.key("?")
    assert player.root.locator(".sm-help").is_visible()
    player.key("Escape")
    assert not player.root.locator(".sm-help").is_visible()


def test_media_loads_below_a_base_path(
    page: Any, folder: Path, streamlit_server: Callable[..., str]
) -> None:
    root = streamlit_server(folder / "app.py", base="tools/speech")
    player = Player(page, f"{root}/")
    assert player.js("return p.clock") == "media"
    assert player.code() == 0


def test_the_media_address_ends_with_its_session(
    browser: Any, folder: Path, streamlit_server: Callable[..., str]
) -> None:
    root = streamlit_server(folder / "app.py", "--server.disconnectedSessionTTL", "1")

    def status(url: str) -> int:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return int(error.code)

    first, second = browser.new_context(), browser.new_context()
    urls = [Player(c.new_page(), root).js("return p.media.src") for c in (first, second)]
    assert urls[0] != urls[1]
    assert [status(url) for url in urls] == [200, 200]
    first.close()
    end = time.monotonic() + 30
    while status(urls[0]) != 404 and time.monotonic() < end:
        time.sleep(0.5)
    answers = [status(url) for url in urls]
    second.close()
    assert answers == [404, 200]
