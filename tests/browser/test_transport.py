"""Keys, loops, markers, timeline and links of the player, in a real browser."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playing import APP, CODE, FPS, Keep, Player, write_coded_clip, write_tone

from core.render.player import (
    Curve,
    Marker,
    PlayerPanel,
    offline_script,
    pack_player,
    player_style,
)
from core.tracks.track import LandmarkTrack

ROUTER = """
import numpy as np
import streamlit as st
from pathlib import Path
from core.tracks.labels import TimedLabel
from core.render.player import Curve, Marker, PlayerPanel
from core.tracks.track import LandmarkTrack
from ui.player.component import show_player

st.set_page_config(layout="wide")
st.session_state.runs = st.session_state.get("runs", 0) + 1
mode = st.query_params.get("mode", "silent")
times = np.arange(150) / 25
angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
base = np.stack([160 + 60 * np.cos(angle), 120 + 80 * np.sin(angle)], axis=1)
track = LandmarkTrack(np.repeat(base[None], 150, 0) + times[:, None, None], times)
name = {"video": "coded.mp4", "sound": "tone.wav"}.get(mode)
with_video = mode == "video"
panels = [
    PlayerPanel("Truth", colour="#222222", track=track, truth=True),
    PlayerPanel("Model", style="dots", colour="#0072b2", track=track),
]
if with_video:
    panels.insert(0, PlayerPanel("Clip", "video", "picture"))
steps = np.arange(150.0)
gap = np.where((steps > 60) & (steps < 70), np.nan, 100 - steps)
if st.checkbox("Show", True):
    state = show_player(
        panels, key="player", duration=6.0, fps=25, has_video=with_video, reports=True,
        media=Path(__file__).parent / name if name else None,
        peaks=np.linspace(0, 1, 600),
        spectrum=np.tile(np.linspace(0, 255, 64)[:, None], (1, 300)).astype(np.uint8),
        silence=[(3.0, 4.5)],
        curves=[
            Curve("up", "IOD", "#d55e00", times, steps / 150),
            Curve("down", "px", "#009e73", times, gap),
        ],
        labels={"words": [TimedLabel(0.5, 1.5, "one")], "phones": [TimedLabel(0.5, 0.9, "w")]},
        markers=[Marker(5.02, "given")], permalink=True,
    )
    st.text(f"told {state.time}")
    notes = [f"{m.time:.2f} {m.note}" for m in state.markers or ()]
    st.text(f"markers {notes}")
st.text_input("Elsewhere")
if st.button("Set"):
    st.query_params["other"] = "yes"
st.text(f"runs {st.session_state.runs}")
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, streamlit_server: Callable[..., str]) -> str:
    made = tmp_path_factory.mktemp("transport")
    write_coded_clip(made / "coded.mp4")
    write_tone(made / "tone.wav")
    (made / "app.py").write_text(APP)
    (made / "router.py").write_text(ROUTER)
    return streamlit_server(made / "app.py")


@pytest.fixture
def player(keep: Keep) -> Player:
    return keep("silent")


def at_frame(player: Player, k: int) -> Player:
    player.js(f"p.seek({(k + 0.5) / FPS}); return 0")
    player.settle()
    return player


def view(player: Player, name: str) -> Any:
    return player.js(f"return p.view.{name}")


def frame(player: Player) -> int:
    return int(player.js("return p.frame()"))


def box(player: Player, selector: str) -> dict[str, float]:
    found = player.root.locator(selector).bounding_box()
    assert found is not None
    return dict(found)


def place(player: Player, seconds: float) -> float:
    """Where that time is on the page, while the whole clip is on show."""
    strip = box(player, ".sm-timeline")
    return strip["x"] + seconds / 6 * strip["width"]


def encoded(**settings: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(settings).encode()).decode().rstrip("=")


def linked(url: str) -> dict[str, Any]:
    """The settings in an address."""
    found = re.search(r"[?&#]view=([\w-]+)", url)
    if found is None:
        return {}
    text = found[1] + "=" * (-len(found[1]) % 4)
    return dict(json.loads(base64.urlsafe_b64decode(text)))


def until_linked(page: Any, **settings: Any) -> None:
    """Wait until these are the settings in the page's address."""
    page.wait_for_url(lambda url: linked(url) == settings)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["ArrowRight"], 51), (["ArrowLeft"], 49), (["."], 51), ([","], 49),
        (["Shift+ArrowRight"], 60), (["Shift+ArrowLeft"], 40), (["Home"], 0), (["End"], 149),
        (["End", "ArrowRight"], 149), (["Home", ","], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)  # fmt: skip
def test_keys_move_by_frames(player: Player, keys: list[str], expected: int) -> None:
    at_frame(player, 50)
    for key in keys:
        player.key(key)
    player.settle()
    assert frame(player) == player.js("return p.frameShown(1)") == expected


@pytest.mark.parametrize(
    ("keys", "name", "expected"),
    [
        (["+"], "rate", 1.25), (["-"], "rate", 0.75), (["-"] * 9, "rate", 0.1),
        (["+"] * 9, "rate", 2), (["l"], "loop", True), (["L", "l"], "loop", False),
        (["["], "region", [2, 6]), (["]"], "region", [0, 2.04]),
        (["[", "]"], "region", [2, 2.04]), (["[", "\\"], "region", None),
        (["g"], "spectrum", True), (["g", "g"], "spectrum", False),
        (["ControlOrMeta+g"], "spectrum", False), (["m"], "muted", False),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else str(value),
)  # fmt: skip
def test_keys_set_the_view(player: Player, keys: list[str], name: str, expected: object) -> None:
    at_frame(player, 50)
    for key in keys:
        player.key(key)
    assert view(player, name) == expected


def test_mute_and_pitch_and_speed_reach_the_sound(keep: Keep) -> None:
    player = keep("sound")
    player.key("m")
    player.key("-")
    assert player.js("return [p.media.muted, p.media.playbackRate, p.media.preservesPitch]") == [
        True,
        0.75,
        True,
    ]


# Until the region has begun again twice and both of its ends were shown, or 20 seconds are over.
WATCH_LOOP = (
    CODE
    + """
const rows = [];
const end = performance.now() + 20_000;
let again = 0;
const both = () => [20, 34].every((k) => rows.some((row) => row[1] === k));
while (performance.now() < end && !(again >= 2 && both())) {
  await new Promise(requestAnimationFrame);
  rows.push([p.time(), ...PANELS.map(p.frameShown), VIDEO ? code(root) : null]);
  if (rows.length > 1 && rows.at(-1)[1] < rows.at(-2)[1]) again += 1;
}
return rows;
"""
)


@pytest.mark.parametrize("mode", ["video", "sound", "silent"])
def test_a_region_loops_to_the_frame(keep: Keep, mode: str) -> None:
    player = at_frame(keep(mode), 20)
    player.key("[")
    at_frame(player, 34).key("]")
    assert view(player, "region") == pytest.approx([0.8, 1.4])
    at_frame(player, 100).key(" ")
    player.until("p => p.playing && p.time() < 1.4")
    video = mode == "video"
    watch = WATCH_LOOP.replace("PANELS", "[0, 1, 2]" if video else "[0, 1]")
    player.until("p => !p.media || !p.media.seeking")
    player.page.wait_for_timeout(100)
    rows = player.js(watch.replace("VIDEO", "true" if video else "false"))
    shown = [k for row in rows for k in row[1:] if k is not None]
    again = sum(later[1] < row[1] for row, later in zip(rows, rows[1:], strict=False))
    outside = [k for k in shown if not 20 <= k <= 34]
    assert len(outside) <= len(shown) // 20, "a busy machine may show a frame late, not more"
    assert {20, 34} <= set(shown), "both ends are shown"
    assert again >= 2


def test_l_loops_the_region_or_plays_on(player: Player) -> None:
    at_frame(player, 10).key("]")
    player.key("l")
    assert (view(player, "loop"), view(player, "region")) == (False, pytest.approx([0, 0.44]))
    player.key(" ")
    player.until("p => p.time() > 0.8")
    player.key("l")
    player.until("p => p.time() < 0.44")


def test_play_stays_in_its_region_and_a_pause_leaves_it(player: Player) -> None:
    player.js("p.change({region: [2, 3], loop: true}); return 0")
    player.js("p.seek(5); return 0")
    assert player.time == 5
    player.key(" ")
    assert 2 <= player.time < 3
    for outside in (0.5, 4):
        player.js(f"p.seek({outside}); return 0")
        assert 2 <= player.time < 3
    player.js("p.change({region: [4, 5]}); return 0")
    assert 4 <= player.time < 5


def test_the_ends_of_a_region_are_dragged_or_moved_by_frames(player: Player) -> None:
    y = box(player, ".sm-timeline")["y"] + 30
    player.page.keyboard.down("Shift")
    player.page.mouse.move(place(player, 1), y)
    player.page.mouse.down()
    player.page.mouse.move(place(player, 2), y, steps=5)
    player.page.mouse.up()
    player.page.keyboard.up("Shift")
    a, b = view(player, "region")
    assert (a, b) == (pytest.approx(1, abs=0.05), pytest.approx(2, abs=0.05))
    assert player.time == 0, "selecting does not seek"
    assert [round(t * FPS, 6) % 1 for t in (a, b)] == [0, 0], "ends lie on edges of frames"
    handle = box(player, ".sm-handle-end")
    player.page.mouse.move(handle["x"] + 4, y)
    player.page.mouse.down()
    player.page.mouse.move(place(player, 4), y, steps=5)
    player.page.mouse.up()
    assert view(player, "region") == [a, pytest.approx(4, abs=0.05)]
    start = player.root.get_by_role("slider", name="Start of the loop")
    start.focus()
    start.press("ArrowRight")
    start.press("Shift+ArrowRight")
    assert view(player, "region")[0] == pytest.approx(a + 11 / FPS)
    assert player.time == 0, "the keys of a handle are its own"


def test_a_marker_is_added_read_edited_and_removed(page: Any, root: str) -> None:
    player = at_frame(Player(page, root), 30)
    player.key("n")
    field = player.root.get_by_placeholder("Note")
    field.press_sequentially("full lips, ?")
    field.press("Enter")
    assert view(player, "markers") == [
        {"time": 1.22, "note": "full lips, ?"},
        {"time": 5.02, "note": "given"},
    ]
    assert (view(player, "loop"), player.js("return p.playing"), frame(player)) == (
        False,
        False,
        30,
    )
    page.get_by_text("markers ['1.22 full lips, ?', '5.02 given']").wait_for()
    given = player.root.get_by_role("button", name="Marker at 5.020 s: given")
    given.click()
    player.settle()
    assert frame(player) == 125
    given.dblclick()
    field.fill("changed")
    field.press("Escape")
    assert view(player, "markers")[1]["note"] == "given"
    given.dblclick()
    field.fill("changed")
    field.press("Enter")
    assert view(player, "markers")[1]["note"] == "changed"
    page.get_by_text("'5.02 changed'").wait_for()
    player.root.get_by_role("button", name=re.compile("full lips")).press("Delete")
    page.get_by_text("markers ['5.02 changed']").wait_for()


def test_a_marker_added_during_play_is_told_after_it(page: Any, root: str) -> None:
    player = Player(page, root)
    before = player.runs()
    player.key(" ")
    player.until("p => p.time() > 0.3")
    player.key("n")
    player.root.get_by_placeholder("Note").press("Enter")
    page.wait_for_timeout(700)
    assert (player.js("return p.playing"), player.runs()) == (True, before)
    player.key(" ")
    page.get_by_text(re.compile(r"markers \['[01]\.\d\d ', '5\.02 given'\]")).wait_for()


def test_keys_typed_elsewhere_are_not_the_players(player: Player) -> None:
    player.root.hover()
    player.page.get_by_label("Elsewhere").press_sequentially("lg n,. [")
    assert [view(player, name) for name in ("loop", "spectrum", "region")] == [False, False, None]
    assert player.time == 0


PIXEL = """
const canvas = root.querySelector('.sm-timeline canvas');
const ratio = canvas.width / canvas.clientWidth;
const ctx = canvas.getContext('2d');
const at = (x, y) => [...ctx.getImageData(Math.round(x * ratio), Math.round(y * ratio), 1, 1).data];
const width = canvas.clientWidth;
"""


def test_the_spectrogram_opens_with_low_pitch_at_the_bottom(player: Player) -> None:
    closed = box(player, ".sm-timeline")["height"]
    player.root.get_by_role("button", name="More").click()
    player.root.get_by_role("menuitem", name="Spectrogram").click()
    assert box(player, ".sm-timeline")["height"] == closed + 64
    player.settle()
    low, high = player.js(PIXEL + "return [at(width / 4, 46 + 60)[3], at(width / 4, 46 + 3)[3]];")
    assert high > 200 > 60 > low, "the test sound is louder the higher the pitch"


def test_silence_is_shaded_under_the_sound(player: Player) -> None:
    inside, outside = player.js(PIXEL + "return [3.7, 2.9].map(t => at(width * t / 6, 2)[3]);")
    assert (inside, outside) == (255, 0)


def test_a_click_on_a_curve_seeks_and_the_legend_reads_and_hides_it(player: Player) -> None:
    numbers = player.root.locator(".sm-number")
    y = box(player, ".sm-timeline")["y"] + 46 + 40
    player.page.mouse.click(place(player, 2.01), y)
    player.settle()
    assert frame(player) == 50
    assert numbers.all_inner_texts() == ["0.333", "50"]
    at_frame(player, 65)
    player.page.wait_for_timeout(200)
    assert numbers.nth(1).inner_text() == "–", "a gap has no value"
    tall = box(player, ".sm-timeline")["height"]
    for name in ("up", "down"):
        player.root.locator(".sm-curve").filter(has_text=name).click()
    assert view(player, "curvesHidden") == [0, 1]
    assert box(player, ".sm-timeline")["height"] == tall - 76
    player.root.locator(".sm-curve").first.click()
    assert player.root.locator(".sm-curve").first.get_attribute("aria-pressed") == "true"


def test_the_pointer_reads_time_frame_label_and_values(player: Player) -> None:
    player.page.mouse.move(place(player, 0.61), box(player, ".sm-timeline")["y"] + 60)
    bubble = player.root.locator(".sm-bubble")
    assert bubble.inner_text() == "0.600 s, frame 15 · one · w · up 0.100 IOD · down 85 px"
    player.page.mouse.move(5, 5)
    assert bubble.is_hidden()


def test_the_timeline_zooms_around_the_playhead_and_follows_it(player: Player) -> None:
    at_frame(player, 50)
    window = player.root.locator(".sm-overview")
    assert window.is_hidden()
    for _ in range(4):
        player.key("i")
    assert window.is_visible()
    share = box(player, ".sm-window")["width"] / box(player, ".sm-overview")["width"]
    assert share == pytest.approx(1.6**-4, rel=0.02)
    strip = box(player, ".sm-timeline")
    player.page.mouse.click(strip["x"] + strip["width"] - 2, strip["y"] + 20)
    player.settle()
    edge = player.time
    assert 2.3 < edge < 2.9, "a click seeks inside the window"
    player.key(" ")
    player.until(f"p => p.time() > {edge + 0.3}")
    player.key(" ")
    thumb, bar = box(player, ".sm-window"), box(player, ".sm-overview")
    begins = (thumb["x"] - bar["x"]) / bar["width"] * 6
    assert begins <= player.time <= begins + share * 6, "the window has moved on"
    player.page.keyboard.down("Control")
    player.page.mouse.move(strip["x"] + 50, strip["y"] + 20)
    player.page.mouse.wheel(0, 3000)
    player.page.keyboard.up("Control")
    assert window.is_hidden(), "the whole clip again"
    player.key("i")
    player.key("0")
    assert window.is_hidden()


def test_drift_is_measured_over_the_play(page: Any, root: str) -> None:
    player = Player(page, root)
    text = player.root.locator(".sm-drift")
    assert text.is_hidden()
    player.key("d")
    player.root.get_by_text("drift: play to measure it").wait_for()
    player.key(" ")
    player.until("p => p.time() > 1.5")
    player.key(" ")
    player.root.get_by_text("drift: mean").wait_for()
    found = re.fullmatch(
        r"drift: mean (\d+) ms, worst (\d+) ms \((\d+\.\d) frames\), (\d+) % of frames drawn",
        text.inner_text(),
    )
    assert found is not None, text.inner_text()
    mean, worst, frames, drawn = (float(value) for value in found.groups())
    assert mean <= worst
    assert frames == pytest.approx(worst * FPS / 1000, abs=0.07)
    assert mean < 40 and 50 <= drawn <= 100


def test_full_screen_is_entered_and_left(player: Player) -> None:
    whole = "() => document.fullscreenElement !== null"
    player.key("f")
    player.page.wait_for_function(whole)
    player.root.get_by_role("button", name="Leave full screen").wait_for()
    player.root.get_by_role("button", name="Leave full screen").click()
    player.page.wait_for_function(f"() => !({whole})()")


def test_a_picture_is_saved(player: Player) -> None:
    at_frame(player, 50)
    with player.page.expect_download() as download:
        player.key("s")
    assert download.value.suggested_filename == "speechmarks 2.020 s.png"
    data = Path(download.value.path()).read_bytes()
    assert data.startswith(b"\x89PNG") and len(data) > 5000


def test_the_help_lists_every_key(keep: Keep) -> None:
    player = keep("sound")
    player.key("?")
    text = player.root.get_by_role("dialog", name="Keys").inner_text()
    for word in ("Space", "Home", "End", "[", "]", "\\", "spectrogram", "drift", "full screen"):
        assert word in text
    player.key("Escape")
    assert player.root.get_by_role("dialog", name="Keys").is_hidden()


def test_the_menu_of_rare_things_is_reached_by_keys(player: Player) -> None:
    player.root.get_by_role("button", name="More").press("Enter")
    player.page.keyboard.press("ArrowUp")
    focused = "document.activeElement.shadowRoot.activeElement.textContent"
    assert player.page.evaluate(focused) == "Keys?"
    player.page.keyboard.press("Escape")
    assert player.root.get_by_role("menu").is_hidden()
    player.root.get_by_role("button", name="More").click()
    player.page.mouse.click(5, 5)
    assert player.root.get_by_role("menu").is_hidden()


def test_the_timeline_follows_the_theme(page: Any, root: str) -> None:
    player = Player(page, root)
    look = PIXEL + "return at(width * 4 / 6, 2).slice(0, 3);"
    light = player.js(look)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(800)
    dark = player.js(look)
    assert sum(dark) < 300 < sum(light), "silence is shaded a little off the ground"


# Links


def test_the_address_carries_the_view_and_opens_it_again(page: Any, root: str) -> None:
    player = at_frame(Player(page, f"{root}/?mode=silent&keep=a+b"), 40)
    player.key("[")
    player.key("g")
    player.key("-")
    player.js("p.change({hidden: ['jaw'], trails: 0.5, layout: 'overlay'}); return 0")
    until_linked(
        page, rate=0.75, loop=True, region=[1.6, 6], layout="overlay", hidden=["jaw"],
        trails=0.5, spectrum=True, time=1.62,
    )  # fmt: skip
    assert "mode=silent" in page.url and "keep=a+b" in page.url
    again = Player(page, page.url)
    assert frame(again) == 40
    names = ("rate", "loop", "region", "layout", "hidden", "trails", "spectrum")
    assert [view(again, name) for name in names] == [
        0.75, True, [1.6, 6], "overlay", ["jaw"], 0.5, True,
    ]  # fmt: skip


def test_a_view_as_it_opens_leaves_the_address_alone(page: Any, root: str) -> None:
    player = Player(page, f"{root}/?mode=silent")
    page.wait_for_timeout(500)
    assert page.url == f"{root}/?mode=silent"
    player.key("l")
    until_linked(page, loop=True)
    player.key("l")
    page.wait_for_url(f"{root}/?mode=silent")


@pytest.mark.parametrize(
    "text",
    [
        "%25%25%25",
        encoded(
            rate=99, loop="yes", region=[3, 1], layout="x", split=7, hidden=5, trails=-1,
            shifts=[0.5], styles=[1], turn=[[9]], markers=[{"time": "a"}], spectrum=1,
            curvesHidden=[-1], time=1e9, extra=1, __proto__={"rate": 2}, constructor=1,
        ),
    ],
    ids=["not base64", "every value wrong"],
)  # fmt: skip
def test_a_view_that_is_nonsense_opens_the_defaults(page: Any, root: str, text: str) -> None:
    player = Player(page, f"{root}/?view={text}")
    names = "rate loop region layout split hidden trails shifts styles turn spectrum curvesHidden"
    values = [view(player, name) for name in names.split()]
    assert values == [1, False, None, "grid", 0.5, [], 0, [], None, [], False, []]
    assert view(player, "markers") == [{"time": 5.02, "note": "given"}]
    assert player.time == 0


def test_only_the_good_half_of_a_view_is_taken(page: Any, root: str) -> None:
    text = encoded(rate=0.5, layout="x", time=2.5, markers=[{"time": 1, "note": "<b>ü</b>"}])
    player = Player(page, f"{root}/?view={text}")
    assert (view(player, "rate"), view(player, "layout"), player.time) == (0.5, "grid", 2.5)
    assert player.root.locator(".sm-pin-note").inner_text() == "<b>ü</b>"


def test_the_address_stands_still_during_play_and_reruns_nothing(page: Any, root: str) -> None:
    player = Player(page, root)
    before, address = player.runs(), page.url
    player.key(" ")
    player.until("p => p.time() > 0.3")
    player.key("g")
    page.wait_for_timeout(900)
    assert (page.url, player.runs()) == (address, before)
    player.key(" ")
    page.wait_for_url(lambda url: set(linked(url)) == {"time", "spectrum"})
    page.get_by_text(f"runs {before + 1}", exact=True).wait_for()
    page.wait_for_timeout(500)
    assert player.runs() == before + 1, "for the time; none for the address"


def test_the_address_outlives_reruns_that_set_a_parameter(page: Any, root: str) -> None:
    player = Player(page, f"{root}/?mode=silent")
    player.key("g")
    until_linked(page, spectrum=True)
    page.get_by_role("button", name="Set").click()
    page.wait_for_url("**other=yes**")
    until_linked(page, spectrum=True)
    page.wait_for_timeout(500)  # nor does it go again
    assert linked(page.url) == {"spectrum": True}
    player.key("l")
    until_linked(page, loop=True, spectrum=True)
    page.get_by_label("Elsewhere").fill("x")
    page.get_by_label("Elsewhere").press("Enter")
    page.get_by_text("runs 3").wait_for()
    until_linked(page, loop=True, spectrum=True)
    assert "other=yes" in page.url and "mode=silent" in page.url


def test_a_player_that_leaves_takes_its_view_out_of_the_address(page: Any, root: str) -> None:
    player = Player(page, f"{root}/?mode=silent")
    player.key("g")
    until_linked(page, spectrum=True)
    page.get_by_test_id("stCheckbox").click()
    player.root.wait_for(state="detached")
    page.wait_for_url(f"{root}/?mode=silent")
    page.get_by_test_id("stCheckbox").click()
    player.root.wait_for()
    assert view(player, "spectrum") is True, "what the player remembers"


@pytest.mark.parametrize(
    "page", [{"permissions": ["clipboard-read", "clipboard-write"]}], indirect=True
)
def test_a_link_is_copied(page: Any, root: str) -> None:
    player = at_frame(Player(page, root), 25)
    player.root.get_by_role("button", name="More").click()
    player.root.get_by_role("menuitem", name="Copy a link to this view").click()
    player.root.get_by_text("Link copied.", exact=True).wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    page.goto("about:blank")
    assert frame(Player(page, link)) == 25


def test_without_a_server_the_view_stands_behind_the_hash(page: Any, tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(50, 68, 2))
    buffer = pack_player(
        [PlayerPanel("Alone", track=LandmarkTrack(points, np.arange(50) / 25))],
        media_url=None, has_video=False, duration=2.0, permalink=True,
        curves=[Curve("c", "", "#0072b2", np.arange(3.0), np.full(3, np.nan))],
        markers=[Marker(0.5, "here")],
    )  # fmt: skip
    data = base64.b64encode(buffer).decode()
    html = tmp_path / "alone.html"
    html.write_text(
        f"<!doctype html><meta charset=utf-8><style>{player_style()}</style><div id=player></div>"
        f"<script type=text/plain id=buffer>{data}</script>"
        f"<script type=module>{offline_script()}</script>"
    )
    player = at_frame(Player(page, html.as_uri()), 10)
    player.key("l")
    until_linked(page, loop=True, time=0.42)
    assert "#view=" in page.url
    link = page.url
    page.goto("about:blank")
    again = Player(page, link)
    assert (view(again, "loop"), frame(again)) == (True, 10)
