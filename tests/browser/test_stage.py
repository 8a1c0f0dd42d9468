"""The stage of the player in a real browser: layouts, marks, shifts, turning, the picture of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from playing import APP, Player, write_coded_clip

from core.neutral import shipped_template

BLUE, RED = "#0072b2", "#b2182b"
TRUTH, FIRST, SECOND = 0, 1, 2
MOUTH = [*range(48, 68)]
LOWER = [55, 56, 57, 58, 59, 65, 66, 67]
EYES = ([*range(36, 42)], [*range(42, 48)])

ROUTER = """
import numpy as np
import streamlit as st
from pathlib import Path
from core.neutral import shipped_template
from core.render.player import PlayerPanel
from core.tracks.track import LandmarkTrack
from ui.player.component import show_player

st.set_page_config(layout="wide")
mode = st.query_params.get("mode", "faces")

def track(frames, fps, reach, space="template", deep=False):
    face = np.asarray(shipped_template())[:, :2]
    if deep:
        z = 0.08 - 4 * (face[:, 0] ** 2 + 0.3 * face[:, 1] ** 2)
        face = np.column_stack([face, z])
    points = np.repeat(face[None], frames, 0)
    lower = [55, 56, 57, 58, 59, 65, 66, 67]
    wave = reach * np.sin(np.arange(frames) / fps * 2 * np.pi) ** 2
    points[:, lower, 1] += wave[:, None]
    if space == "pixel":
        points = 600 * points[..., :2] + (160, 130)
    if space == "eye5":
        points = points * (2, -2)
    points[60:70, :] = np.nan if reach == 0.03 else points[60:70]
    return LandmarkTrack(points, np.arange(frames) / fps, space=space)

truth, first, second = track(150, 25, 0.04), track(120, 25, 0.02), track(180, 30, 0.03)
sets = {
    "faces": [
        PlayerPanel("Truth", colour="#222222", track=truth, truth=True, caption="detected"),
        PlayerPanel("First", colour="#0072b2", track=first, caption="from the sound"),
        PlayerPanel("Second", colour="#b2182b", track=second, caption="from the sound"),
    ],
    "deep": [
        PlayerPanel("Truth", colour="#222222", track=truth, truth=True),
        PlayerPanel("Deep", colour="#0072b2", track=track(150, 25, 0.02, deep=True)),
    ],
    "mixed": [
        PlayerPanel("Truth", colour="#222222", track=truth, truth=True),
        PlayerPanel("Pixels", colour="#0072b2", track=track(150, 25, 0.02, "pixel")),
        PlayerPanel("Up", colour="#b2182b", track=track(150, 25, 0.02, "eye5")),
    ],
    "one": [PlayerPanel("Only", colour="#0072b2", track=first)],
    "many": [PlayerPanel(f"Face {k}", colour="#0072b2", track=first) for k in range(7)],
}
pixels = track(150, 25, 0.04, "pixel")
sets["video"] = [
    PlayerPanel("Clip", "video", "overlay", "#e69f00", pixels),
    PlayerPanel("Truth", colour="#222222", track=pixels, truth=True),
    PlayerPanel("First", colour="#0072b2", track=track(150, 25, 0.02, "pixel")),
    PlayerPanel("Second", style="painted", colour="#b2182b", track=second),
]
spread = np.full((150, 68), 2.0)
spread[:, 27] = np.nan
spread[12, 8] = 6.0
sets["spread"] = [
    PlayerPanel("Detected", colour="#0072b2", track=pixels.replace(spread=spread)),
    PlayerPanel("First", colour="#b2182b", track=first),
]
media = Path(__file__).parent / "coded.mp4" if mode == "video" else None
show_player(
    sets[mode], key="player", duration=6.0, media=media, fps=25, has_video=media is not None
)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, streamlit_server: Callable[..., str]) -> str:
    made = tmp_path_factory.mktemp("stage")
    write_coded_clip(made / "coded.mp4")
    (made / "app.py").write_text(APP)
    (made / "router.py").write_text(ROUTER)
    return streamlit_server(made / "app.py")


PROBE = """
const next = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
const canvas = (i) => root.querySelectorAll('.sm-stage canvas')[i];
const pixels = (i) => {
  const c = canvas(i);
  return c.getContext('2d').getImageData(0, 0, c.width, c.height);
};
// how many pixels are of about this colour, between shares of the width
const inked = (i, colour, from = 0, to = 1) => {
  const rgb = [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16));
  const {data, width, height} = pixels(i);
  let n = 0;
  for (let y = 0; y < height; y += 1) {
    for (let x = Math.ceil(from * width); x < to * width; x += 1) {
      const at = 4 * (y * width + x);
      if (data[at + 3] > 200 && rgb.every((v, k) => Math.abs(v - data[at + k]) < 40)) n += 1;
    }
  }
  return n;
};
// the strongest alpha within `r` px of a place in CSS pixels
const alphaAt = (i, x, y, r = 1) => {
  const c = canvas(i);
  const ratio = c.width / c.clientWidth;
  const w = Math.max(1, Math.round(2 * r * ratio));
  const {data} = c.getContext('2d').getImageData(
    Math.round((x - r) * ratio), Math.round((y - r) * ratio), w, w);
  return Math.max(...data.filter((_, k) => k % 4 === 3));
};
"""


class Stage(Player):
    """The player, and what is on its stage."""

    def __init__(self, page: Any, **view: Any) -> None:
        page.set_default_timeout(10_000)
        super().__init__(page, None)
        self.fresh()
        self.set(**view)

    def js(self, expression: str) -> Any:
        return super().js(PROBE + expression)

    def set(self, **view: Any) -> None:
        self.js(f"p.change({json.dumps(view)}); await next(); return 0")

    def at(self, time: float) -> None:
        self.js(f"p.seek({time}); return 0")
        self.settle()

    def inked(self, canvas: int, colour: str, *between: float) -> int:
        shares = "".join(f", {share}" for share in between)
        return int(self.js(f"return inked({canvas}, '{colour}'{shares})"))

    def image(self, canvas: int) -> str:
        return str(self.js(f"await next(); return canvas({canvas}).toDataURL()"))

    def screen(self, panel: int) -> np.ndarray:
        points = self.js(f"await next(); return p.stage.screen({panel})")
        return np.array(points, dtype=float).reshape(-1, 2)

    @property
    def words(self) -> str:
        return str(self.root.locator(".sm-words").inner_text())

    def frames(self) -> list[int]:
        return list(self.js("return [0, 1, 2].map(p.frameShown)"))


Show = Callable[..., Stage]


@pytest.fixture
def show(tabs: Callable[..., Any], root: str, request: pytest.FixtureRequest) -> Show:
    """``show(mode, **view)`` -> the stage of that mode, with these settings."""
    options = getattr(request, "param", {})

    def shown(mode: str = "faces", **view: Any) -> Stage:
        return Stage(tabs(f"{root}/?mode={mode}", **options), **view)

    return shown


def track(frames: int, fps: float, reach: float) -> np.ndarray:
    """The same points as in the page above."""
    points = np.repeat(np.asarray(shipped_template())[None, :, :2], frames, 0)
    points[:, LOWER, 1] += (reach * np.sin(np.arange(frames) / fps * 2 * np.pi) ** 2)[:, None]
    return points


def eye_centres(points: np.ndarray) -> np.ndarray:
    return np.stack([points[..., list(eye), :].mean(axis=-2) for eye in EYES], axis=-2)


# --- layouts ----------------------------------------------------------------------------------


def test_overlay_draws_every_track_in_one_frame_on_common_coordinates(show: Show) -> None:
    stage = show(layout="overlay")
    stage.at(0.25)
    assert stage.root.locator(".sm-stage").count() == 1
    assert all(stage.inked(0, colour) > 150 for colour in ("#222222", BLUE, RED))
    truth, first, second = (stage.screen(i) for i in (TRUTH, FIRST, SECOND))
    still = [*range(48)]
    assert np.abs(truth[still] - first[still]).max() < 0.1
    assert np.abs(truth[still] - second[still]).max() < 0.1
    assert (truth[LOWER, 1] > second[LOWER, 1] + 3).all() and (second[57] > first[57])[1]
    assert stage.words == "All 3 tracks in one frame, each in its own colour."


def test_tracks_of_different_spaces_are_fitted_at_the_eyes_and_that_is_said(show: Show) -> None:
    stage = show("mixed", layout="overlay")
    stage.at(0.25)
    faces = [stage.screen(i) for i in range(3)]
    truth, pixels, y_up = (eye_centres(face) for face in faces)
    assert truth[1, 0] - truth[0, 0] > 50
    assert np.abs(truth - pixels).max() < 0.5 and np.abs(truth - y_up).max() < 0.5
    assert np.abs(faces[1] - faces[2]).max() < 1, "also where y grows upwards"
    assert stage.words.endswith("Fitted at the eyes: Pixels, Up.")


def test_overlay_has_the_picture_for_its_ground_where_the_spaces_agree(show: Show) -> None:
    stage = show("video", layout="overlay")
    for k in (10, 90):
        stage.at((k + 0.5) / 25)
        assert (stage.code(), stage.frames()[1:]) == (k, [k, k])
    width, height = stage.js("return [canvas(0).clientWidth, canvas(0).clientHeight]")
    scale = min(width / 320, height / 240)
    expected = (600 * track(150, 25, 0.04)[90] + (160, 130) - (160, 120)) * scale
    assert np.abs(stage.screen(1) - expected - (width / 2, height / 2)).max() < 0.5
    assert stage.words.endswith("Fitted at the eyes: Second.")


def test_split_shows_one_side_each_and_the_line_moves_by_mouse_and_keys(show: Show) -> None:
    stage = show(layout="split")
    stage.at(0.25)

    def sides() -> tuple[float, list[bool]]:
        at = stage.js("await next(); return p.view.split")
        counts = [stage.inked(0, c, *s) for s in ((0, at), (at, 1)) for c in (BLUE, RED)]
        return at, [count > 40 for count in counts]

    only_its_own = [True, False, False, True]
    assert sides() == (0.5, only_its_own)
    divider = stage.root.locator(".sm-divider")
    box = stage.root.locator(".sm-stage").bounding_box()
    stage.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 40)
    stage.page.mouse.down()
    stage.page.mouse.move(box["x"] + 0.44 * box["width"], box["y"] + 90, steps=5)
    stage.page.mouse.up()
    assert sides() == (pytest.approx(0.44, abs=0.002), only_its_own)
    before = stage.js("return p.view.split")
    divider.press("ArrowRight")
    divider.press("Shift+ArrowRight")
    assert stage.js("return p.view.split") == pytest.approx(before + 0.11)
    assert stage.js("return p.frame()") == 6, "the keys of the line do not step the clip"
    assert divider.get_attribute("aria-valuenow") == "55"
    divider.press("End")
    assert stage.inked(0, RED) == 0 and stage.inked(0, BLUE) > 150
    divider.dblclick()
    assert sides() == (0.5, only_its_own)
    side = stage.root.get_by_label("Left of the line", exact=True)
    side.focus()
    side.select_option("Truth")
    stage.set()
    assert side.evaluate("e => e.getRootNode().activeElement === e"), "the focus stays"
    assert stage.inked(0, "#222222", 0, 0.49) > 100 and stage.inked(0, BLUE) == 0


def test_split_can_hold_the_picture_at_its_own_time(show: Show) -> None:
    stage = show("video", layout="split", splitOf=[0, 3], split=0.6)
    for k in (11, 46):
        stage.at((k + 0.5) / 25)
        clip, model = (eye_centres(stage.screen(i)) for i in (0, 3))
        assert np.abs(clip.mean(axis=0) - model.mean(axis=0)).max() < 0.5
        own = 600 * eye_centres(track(150, 25, 0.04)[k]) + (160, 130)
        scale = (clip[1, 0] - clip[0, 0]) / (own[1, 0] - own[0, 0])
        places = [(clip[0] + scale * ((20 + 40 * bit, 100) - own[0])).tolist() for bit in range(4)]
        seen = stage.js(
            "const {data, width} = pixels(0);"
            f"return {places}.map(([x, y]) => data[4 * (Math.round(y) * width + Math.round(x))])"
        )
        assert [value > 128 for value in seen] == [bool(k >> bit & 1) for bit in range(4)]
        assert stage.js("return p.frameShown(0)") == k
    assert stage.inked(0, "#808080", 0, 0.6) > 10_000 and stage.inked(0, "#808080", 0.6, 1) == 0


def numbers(text: str) -> list[float]:
    return [float(word) for word in text.replace(")", "").split() if word[0].isdigit()]


@pytest.mark.parametrize("k", [3, 6, 31])
@pytest.mark.parametrize("hidden", [[], ["jaw", "brows", "nose", "eyes"]], ids=["all", "mouth"])
def test_the_numbers_of_a_difference_are_those_of_numpy(
    show: Show, k: int, hidden: list[str]
) -> None:
    stage = show(layout="difference", hidden=hidden)
    stage.at((k + 0.5) / 25)
    truth, first = track(150, 25, 0.04), track(120, 25, 0.02)
    left, right = eye_centres(truth).transpose(1, 0, 2)
    apart = np.linalg.norm(truth[k] - first[k], axis=1)
    apart *= 100 / np.median(np.linalg.norm(left - right, axis=1))
    shown = MOUTH if hidden else [*range(68)]
    mean, largest, point = numbers(stage.root.locator(".sm-figures").inner_text())
    assert mean == pytest.approx(apart[shown].mean(), abs=0.02)
    assert largest == pytest.approx(apart[shown].max(), abs=0.03)
    assert int(point) in LOWER


def test_a_difference_is_drawn_as_long_as_chosen_and_between_the_two_chosen(show: Show) -> None:
    stage = show(layout="difference", magnify=1)
    stage.at(0.25)
    short = stage.inked(0, "#d55e00")
    stage.root.get_by_role("button", name="10 times as long").click()
    assert stage.inked(0, "#d55e00") > 2 * short > 20
    assert "10 times as long" in stage.words
    stage.root.get_by_label("To", exact=True).select_option("Second")
    truth, second = track(150, 25, 0.04), track(180, 30, 0.03)
    stage.at(8.5 / 25)
    eyes = eye_centres(truth[0])
    apart = 100 * np.abs(truth[8, 57] - second[10, 57]).max() / np.linalg.norm(eyes[0] - eyes[1])
    told = numbers(stage.root.locator(".sm-figures").inner_text())[1]
    assert told == pytest.approx(apart, abs=0.03), "each has the frame of its own rate"


def test_a_layout_that_needs_two_tracks_is_not_offered_for_one(show: Show) -> None:
    stage = show("one", layout="split")
    assert stage.root.locator(".sm-head .sm-title").all_inner_texts() == ["Only"]
    assert stage.inked(0, BLUE) > 100
    stage.root.get_by_role("button", name="View").click()
    off = {n: stage.root.get_by_label(n).is_disabled() for n in ("Grid", "Split", "Difference")}
    assert off == {"Grid": False, "Split": True, "Difference": True}


# --- what is drawn ----------------------------------------------------------------------------


def test_trails_show_where_a_point_was_and_not_before_there_is_a_past(show: Show) -> None:
    stage = show(hidden=["jaw", "nose"])
    stage.at(6.5 / 25)
    x, y = stage.screen(TRUTH)[57]
    stage.at(12.5 / 25)
    there = f"return alphaAt(0, {x}, {y})"
    assert stage.js(there) == 0
    stage.set(trails=0.5)
    assert 20 < stage.js(there) < 255
    stage.set(trails=0.1)
    assert stage.js(there) == 0, "it has faded"
    stage.at(0)
    still = stage.image(TRUTH)
    stage.set(trails=0)
    assert stage.image(TRUTH) == still


def test_the_ghost_of_the_truth_lies_behind_every_other_face(show: Show) -> None:
    stage = show()
    stage.at(0.25)
    before = [stage.image(i) for i in range(3)]
    stage.set(layout="overlay")
    gap = stage.screen(TRUTH)[57] - stage.screen(FIRST)[57]  # in the overlay's scale
    wide = np.ptp(stage.screen(FIRST)[:, 0])
    stage.set(layout="grid", ghost=True)
    first = stage.screen(FIRST)
    x, y = first[57] + gap * np.ptp(first[:, 0]) / wide
    assert stage.image(TRUTH) == before[TRUTH]
    assert stage.image(SECOND) != before[SECOND]
    assert 20 < stage.js(f"return alphaAt({FIRST}, {x}, {y}, 2)") < 160
    stage.set(ghost=False)
    assert [stage.image(i) for i in range(3)] == before


@pytest.mark.parametrize(
    ("part", "indices"),
    [("jaw", range(17)), ("brows", range(17, 27)), ("nose", range(27, 36)),
     ("eyes", range(36, 48)), ("mouth", range(48, 68))],
)  # fmt: skip
def test_a_part_that_is_turned_off_is_not_drawn_and_the_rest_is(
    show: Show, part: str, indices: range
) -> None:
    stage = show()
    stage.root.get_by_role("button", name="View").click()
    stage.root.get_by_label(part.capitalize(), exact=True).click()
    assert stage.js("return p.view.hidden") == [part]
    for style in ("wireframe", "dots"):
        stage.root.get_by_label("Style of Truth").select_option(style)
        places = stage.screen(TRUTH)
        alpha = stage.js(f"return {places.tolist()}.map(([x, y]) => alphaAt(0, x, y))")
        drawn = {i for i in range(68) if alpha[i] > 100}
        assert drawn == set(range(68)) - set(indices)


def test_a_painted_face_leaves_out_the_parts_that_are_off(show: Show) -> None:
    stage = show()
    stage.root.get_by_label("Style of Truth").select_option("painted")
    lips, brow = "#b34d33", "#4d330d"
    assert stage.inked(TRUTH, lips) > 100 and stage.inked(TRUTH, brow) > 50
    stage.set(hidden=["mouth", "brows", "nose"])
    assert stage.inked(TRUTH, lips) == 0 and stage.inked(TRUTH, brow) == 0
    assert stage.inked(TRUTH, "#b3804d") > 5000, "the skin"


@pytest.mark.parametrize(
    "show", [{"color_scheme": s} for s in ("light", "dark")], indirect=True, ids=["light", "dark"]
)
def test_point_numbers_stand_beside_their_points_in_the_text_colour(show: Show) -> None:
    stage = show(layout="overlay", hidden=["brows", "nose", "eyes", "mouth"])
    stage.at(0.1)
    x, y = stage.screen(TRUTH)[8]
    below = f"return alphaAt(0, {x}, {y + 11}, 4)"
    assert stage.js(below) == 0
    stage.set(numbers=True)
    assert stage.js(below) > 200
    text = stage.root.evaluate("root => getComputedStyle(root).color")
    light = sum(int(v) for v in text[text.index("(") + 1 : -1].split(",")[:3]) / 3
    found = stage.js(
        f"const c = canvas(0), {{data}} = c.getContext('2d').getImageData({x} - 4, {y} + 6, 9, 11);"
        "return [...data].filter((_, k) => k % 4 === 1)"
    )
    assert min(abs(v - light) for v in found) < 30


def test_the_spread_is_a_circle_of_three_times_its_size_around_each_landmark(show: Show) -> None:
    stage = show("spread", hidden=["jaw", "brows", "eyes", "mouth"])
    stage.at(3.5 / 25)

    eyes = 600 * np.linalg.norm(np.subtract(*shipped_template()[[45, 36], :2]))

    def rings(point: int) -> list[bool]:
        """Where rings of 3, 6, 9 and 18 pixels of the video are drawn around a landmark."""
        screen = stage.screen(0)
        scale = np.linalg.norm(screen[45] - screen[36]) / eyes
        x, y = screen[point]
        return [
            stage.js(f"return alphaAt(0, {x}, {y - size * scale}, 1.5)") > 150
            for size in (3, 6, 9, 18)
        ]

    assert not any(rings(33)), "nothing is drawn before it is asked for"
    other = stage.image(1)
    stage.root.get_by_role("button", name="View").click()
    stage.root.get_by_label("Spread", exact=True).check()
    assert stage.image(1) == other, "a face without a spread is drawn as before"
    assert rings(33) == [False, True, False, False]
    assert not any(rings(27)), "an unknown spread is not drawn"
    assert not any(rings(8)), "nor is that of a part that is not drawn"
    stage.set(hidden=["brows", "eyes", "mouth", "nose"])
    assert rings(8) == [False, True, False, False]
    stage.at(12.5 / 25)
    assert rings(8) == [False, False, False, True]
    stage.set(hidden=["jaw", "brows", "eyes", "mouth"])
    stage.at(3.5 / 25)
    assert stage.js("return p.view.spread") is True
    stage.set(spread=False)
    assert not any(rings(33))


@pytest.mark.parametrize(
    ("mode", "offered"), [("spread", 1), ("faces", 0)], ids=["a panel has one", "no panel has one"]
)
def test_the_spread_is_offered_where_a_panel_has_one(show: Show, mode: str, offered: int) -> None:
    stage = show(mode)
    stage.root.get_by_role("button", name="View").click()
    assert stage.root.get_by_label("Spread", exact=True).count() == offered


def test_a_shift_shows_later_by_frames_of_the_track_itself(show: Show) -> None:
    stage = show()
    stage.at(40.5 / 25)
    assert stage.frames() == [40, 40, 48]
    for title, clicks in (("First", 2), ("Second", 3)):
        panel = stage.root.locator(".sm-panel").filter(has_text=title)
        panel.locator(".sm-head").hover()
        for _ in range(clicks):
            panel.get_by_role("button", name="One frame later").click()
    stage.page.mouse.move(5, 5)
    assert stage.js("return p.view.shifts") == [0, 2, 3]
    assert stage.frames() == [40, 38, 45]
    shown = stage.root.locator(".sm-shift").filter(visible=True)
    assert [t.strip() for t in shown.all_inner_texts()][-2:] == ["+2 f", "+3 f"]
    stage.root.locator(".sm-shifted button").filter(visible=True).first.click()
    assert stage.frames() == [40, 40, 45]
    stage.set(shifts=[0, -5, 0])
    assert stage.frames() == [40, 45, 48]


def test_a_track_that_has_ended_holds_its_last_frame_and_says_so(show: Show) -> None:
    stage = show()
    notes = stage.root.locator(".sm-note")
    stage.at(119.5 / 25)
    assert stage.frames()[1] == 119 and not notes.nth(FIRST).is_visible()
    stage.at(130.5 / 25)
    assert stage.frames() == [130, 119, 156]
    assert [notes.nth(i).is_visible() for i in range(3)] == [False, True, False]
    assert notes.nth(FIRST).inner_text() == "ended" and stage.inked(FIRST, BLUE) > 100
    stage.set(layout="overlay")
    assert notes.inner_text() == "ended: First"
    stage.at(65.5 / 30)
    assert notes.inner_text() == "no face in this frame: Second"
    stage.set(layout="grid")
    assert notes.nth(SECOND).inner_text() == "no face in this frame"


# --- depth ------------------------------------------------------------------------------------


def test_a_face_with_depth_turns_by_drag_and_keys_and_a_flat_one_does_not(show: Show) -> None:
    stage = show("deep")
    flat, front = stage.screen(0), stage.screen(1)
    canvas = stage.root.locator("canvas").nth(1)
    box = canvas.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    stage.page.mouse.move(*middle)
    stage.page.mouse.down()
    stage.page.mouse.move(middle[0] + 80, middle[1] + 20, steps=4)
    stage.page.mouse.up()
    yaw, pitch = stage.js("return p.view.turn[1]")
    assert 0.2 < yaw < 1.3 and 0.05 < pitch < 0.4
    turned = stage.screen(1)
    assert turned[30, 0] > front[30, 0] + 10 and turned[30, 1] > front[30, 1] + 2
    scale = np.ptp(front[:, 0]) / np.ptp(track(1, 25, 0)[0, :, 0])
    face = np.asarray(shipped_template())[:, :2]
    z = 0.08 - 4 * (face[:, 0] ** 2 + 0.3 * face[:, 1] ** 2)
    x, y = (face - (face.min(0) + face.max(0)) / 2).T
    z -= (z.min() + z.max()) / 2
    near = z * np.cos(yaw) - x * np.sin(yaw)
    expected = np.column_stack(
        [x * np.cos(yaw) + z * np.sin(yaw), y * np.cos(pitch) + near * np.sin(pitch)]
    )
    assert np.ptp(turned - scale * expected, axis=0)[0] < 1, "a rotation around the middle"
    canvas.dblclick()
    assert np.abs(stage.screen(1) - front).max() < 1e-6
    canvas.press("ArrowRight")
    canvas.press("ArrowUp")
    assert stage.js("return p.view.turn[1]") == pytest.approx([np.pi / 36, -np.pi / 36])
    assert stage.js("return p.frame()") == 0
    stage.key("ArrowRight")
    stage.settle()
    assert stage.js("return p.frame()") == 1, "elsewhere the keys step"
    stage.at(0)
    assert np.abs(stage.screen(0) - flat).max() < 1e-6
    assert stage.root.locator("canvas").nth(0).get_attribute("tabindex") is None


# --- the page around it -----------------------------------------------------------------------


def test_the_menu_works_by_keys_and_closes_by_escape_or_a_click_elsewhere(show: Show) -> None:
    stage = show()
    button = stage.root.get_by_role("button", name="View")
    sheet = stage.root.get_by_role("dialog", name="View")
    button.press("Enter")
    assert sheet.is_visible()
    stage.page.keyboard.press("ArrowRight")
    assert stage.js("await next(); return p.view.layout") == "overlay"
    assert stage.js("return p.frame()") == 0, "an open menu keeps its keys"
    stage.page.keyboard.press("Escape")
    assert not sheet.is_visible()
    assert button.evaluate("b => b.getRootNode().activeElement === b")
    button.click()
    stage.root.get_by_label("Ghost of the ground truth").click()
    stage.root.get_by_label("0.5 s", exact=True).click()
    assert sheet.is_visible() and stage.js("return [p.view.ghost, p.view.trails]") == [True, 0.5]
    stage.root.locator(".sm-stage").click(position={"x": 20, "y": 20})
    assert not sheet.is_visible()


@pytest.mark.parametrize(
    "show", [{"device_scale_factor": s} for s in (1, 2)], indirect=True, ids=["usual", "dense"]
)
@pytest.mark.parametrize("layout", ["grid", "difference"])
def test_a_snapshot_is_a_png_of_the_stage_at_the_screens_resolution(
    show: Show, layout: str
) -> None:
    stage = show(layout=layout)
    stage.at(0.25)
    text, width, height, ratio = stage.js(
        "const blob = await p.stage.snapshot();"
        "const bytes = new Uint8Array(await blob.arrayBuffer());"
        "const box = root.querySelector('.sm-panels').getBoundingClientRect();"
        "return [btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join('')),"
        " box.width, box.height, devicePixelRatio]"
    )
    data = base64.b64decode(text)
    assert data.startswith(b"\x89PNG")
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[:2] == (round((height + 30) * ratio), round(width * ratio))
    dark = picture.mean(axis=2) < 130
    head, foot = dark[: int(32 * ratio)], dark[-int(24 * ratio) :]
    assert head.sum() > 100, "titles"
    assert foot[:, : int(200 * ratio)].sum() > 100, "time and frame"
    assert dark[int(34 * ratio) : -int(60 * ratio)].sum() > 800, "faces"


@pytest.mark.parametrize("show", [{"viewport": {"width": 900, "height": 900}}], indirect=True)
@pytest.mark.parametrize("layout", ["grid", "overlay", "split", "difference"])
@pytest.mark.parametrize("width", [480, 850])
def test_nothing_runs_over_the_edge_of_a_narrow_player(show: Show, layout: str, width: int) -> None:
    stage = show("video", layout=layout, shifts=[0, 0, 12, -3])
    stage.js(f"root.style.width = '{width}px'; await next(); return 0")
    stage.page.wait_for_timeout(150)
    over = stage.js(
        "const edge = root.getBoundingClientRect().right + 0.5;"
        "const all = [...root.querySelectorAll('.sm-panels, .sm-panels *:not(.sm-shift *)')];"
        "return all.filter((e) => e.getBoundingClientRect().right > edge).map((e) => e.className)"
    )
    assert over == []
    assert stage.js("return root.scrollWidth <= root.clientWidth")
    heads = stage.js(
        "return [...root.querySelectorAll('.sm-head')].map((h) => [h.scrollWidth - h.clientWidth,"
        " [...h.querySelectorAll('.sm-title')].every((t) => t.clientWidth >= 20)])"
    )
    assert all(extra <= 0 and titled for extra, titled in heads), heads
    inside = "const {left} = root.getBoundingClientRect(); const {x, y} = root.querySelector"
    for button, sheet in (("View", ".sm-menu-sheet"), ("More", ".sm-list")):
        stage.root.get_by_role("button", name=button, exact=True).click()
        x, y = stage.js(f"{inside}('{sheet}').getBoundingClientRect(); return [x - left, y];")
        assert x >= 0 and y >= 0, button
        stage.page.keyboard.press("Escape")


@pytest.mark.parametrize("width", [480, 494, 850])
def test_the_controls_stand_in_one_row_and_what_is_told_does_not_break_it(
    show: Show, width: int
) -> None:
    stage = show("video")
    stage.js(f"root.style.width = '{width}px'; await next(); return 0")
    rows = (
        "const shown = [...root.querySelectorAll('.sm-controls > *:not(.sm-status)')];"
        "return shown.filter((e) => e.offsetHeight).map((e) => e.getBoundingClientRect())"
        ".map((box) => (box.top + box.bottom) / 2);"
    )
    before = stage.js(rows)
    assert max(before) - min(before) <= 1, before
    stage.root.focus()
    stage.page.keyboard.press("s")
    told = stage.root.get_by_text("Picture saved.")
    told.wait_for()
    after = stage.js(rows)
    assert max(after) - min(after) <= 1, after
    assert told.evaluate("e => e.scrollWidth <= e.clientWidth"), "all of it can be read"


def test_another_layout_leaves_the_controls_in_their_place(show: Show) -> None:
    stage = show()
    view = stage.root.get_by_role("button", name="View", exact=True)
    places = []
    for layout in ("grid", "overlay", "split", "difference"):
        stage.set(layout=layout)
        stage.page.wait_for_timeout(100)
        places.append(view.bounding_box()["y"])
    assert max(places) - min(places) < 4, places


def test_the_picture_fills_its_panel(show: Show) -> None:
    stage = show("video")
    stage.set(styles=["picture", "wireframe", "wireframe", "painted"])
    stage.settle()
    rows = stage.js(
        "const {data, width, height} = pixels(0);"
        "const solid = (y) => [...Array(width).keys()].filter("
        "  (x) => data[4 * (y * width + x) + 3] > 250).length / width;"
        "return [solid(1), solid(height - 2)];"
    )
    assert min(rows) > 0.98, "no band above or below"


def test_many_panels_in_a_narrow_player_stay_in_sight(show: Show) -> None:
    stage = show("many")
    stage.js("root.style.width = '500px'; await next(); return 0")
    stage.page.wait_for_timeout(150)
    height = stage.js("return root.querySelector('.sm-panels').clientHeight")
    sides = stage.js("return [...root.querySelectorAll('.sm-stage')].map((s) => s.clientHeight)")
    assert len(sides) == 7 and min(sides) >= 100 and height < 800, (sides, height)


COUNT_CALLS = """
  const types = {stroke: 0, fill: 0, fillText: 0, drawImage: 0, getImageData: 0};
  const kept = {};
  for (const name of Object.keys(types)) {
    kept[name] = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...given) {
      types[name] += 1;
      return kept[name].apply(this, given);
    };
  }
  const before = [0, 1, 2, 3].map(p.draws);
  p.stage.redraw();
  Object.assign(CanvasRenderingContext2D.prototype, kept);
  return {...types, draws: [0, 1, 2, 3].map((i) => p.draws(i) - before[i])};
"""


def test_four_panels_with_everything_on_are_drawn_once_with_few_strokes(show: Show) -> None:
    stage = show("video")
    stage.at(1.2)
    plain = stage.js(COUNT_CALLS)
    stage.set(ghost=True, numbers=True, trails=0.5)
    full = stage.js(COUNT_CALLS)
    assert plain["draws"] == full["draws"] == [1, 1, 1, 1]
    assert plain["getImageData"] == full["getImageData"] == 0, "nothing is read back"
    assert plain["drawImage"] == full["drawImage"] == 1, "one picture of the video"
    assert plain["stroke"] <= 4 * 4, "one path for all the lines of a face, and its halo"
    trails = 4 * 24
    assert full["stroke"] - plain["stroke"] <= trails + 4, "one path a past moment, one a ghost"
    assert plain["fillText"] == 0 and 0 < full["fillText"] <= 4 * 68
