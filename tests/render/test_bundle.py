"""One HTML file: whole, closed to the network, and with nothing but text in its titles."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import av
import numpy as np
import pytest
from faces import made_track
from hypothesis import given
from hypothesis import strategies as st
from making import grey, make_track, movie, tone

from core.align import normalise_lips
from core.errors import BadInput, NoVideo
from core.evaluation.publications import Score
from core.media import audio_bytes, write_wav
from core.render import INK, model_colour
from core.render.bundle import comparison_page
from core.render.curves import comparison_curves
from core.render.player import PlayerPanel, unpack_player
from core.samples import SAMPLE
from core.tracks.labels import TimedLabel

TRUTH = PlayerPanel("Truth", colour=INK, track=made_track(), truth=True)
SCORES = {"cnn": {"rmse": Score(0.25, 10, "IOD", None, np.empty(0))}}


class Page(HTMLParser):
    """What a browser finds in a page: tags with their attributes, texts by the tag around them."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.data: dict[str, bytes] = {}
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if not data.strip():
            return
        tag, attributes = self.tags[-1]
        self.texts.setdefault(tag, []).append(data)
        if tag == "script" and attributes.get("type") == "text/plain":
            self.data.setdefault(str(attributes["id"]), base64.b64decode(data))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_a_page_holds_the_landmarks_and_the_sound() -> None:
    page = Page(comparison_page([TRUTH], sound=tone(0.5)))
    unpacked = unpack_player(page.data["buffer"])
    assert TRUTH.track is not None
    assert np.abs(unpacked.points[0] - TRUTH.track.points).max() < 1e-4
    assert unpacked.peaks is not None
    assert unpacked.header["duration"] == pytest.approx(0.5)
    assert unpacked.header["media"] and not unpacked.header["hasVideo"]
    assert page.data["media"][4:8] == b"ftyp"


def test_sound_in_a_page_starts_with_the_picture(tmp_path: Path) -> None:
    file = tmp_path / "s.m4a"
    file.write_bytes(audio_bytes(tone(1.0)))
    with av.open(str(file)) as container:
        blocks = list(container.decode(audio=0))
    first = blocks[0].to_ndarray()[0]
    assert blocks[0].pts * blocks[0].time_base == 0
    assert np.argmax(np.abs(first) > 0.1) / 16_000 < 0.005  # the tone begins at once
    assert sum(b.samples for b in blocks) / 16_000 == pytest.approx(1.0, abs=0.1)


def test_a_silent_page_plays_on_the_clock_of_the_track() -> None:
    page = Page(comparison_page([TRUTH]))
    assert "media" not in page.data
    header = unpack_player(page.data["buffer"]).header
    assert header["media"] is None
    assert header["duration"] == pytest.approx(0.4)


def test_a_page_takes_in_its_video(tmp_path: Path) -> None:
    clip = movie(tmp_path / "c.mp4", [grey(10 * k) for k in range(12)], sound=tone(0.48))
    panels = [PlayerPanel("Clip", "video", "picture", INK), TRUTH]
    page = Page(comparison_page(panels, video=clip, video_size=(960, 640)))
    assert page.data["media"] == clip.read_bytes()
    header = unpack_player(page.data["buffer"]).header
    assert header["hasVideo"]
    assert header["video"]["size"] == [960, 640]
    assert header["video"]["rate"] == pytest.approx(25)


def test_the_policy_lets_nothing_run_but_the_page_s_own_script_and_style() -> None:
    text = comparison_page([TRUTH], sound=tone(0.2)).decode()
    page = Page(text.encode())
    policy = page.named("meta")[1]["content"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    assert "http" not in policy and "connect-src" not in policy
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.S)
    (script,) = re.findall(r'<script type="module">(.*?)</script>', text, re.S)
    for part in (style, script):
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    fetched = [a for _, tag in page.tags for a in tag if a in ("src", "href", "srcset", "action")]
    assert fetched == []
    assert not re.search(r"@import|url\(\s*['\"]?(?!data:)[a-z]+:", style)


def test_scores_commands_and_steps_stand_below_the_player() -> None:
    track = make_track(made_track().points, space="template", provenance=({"operation": "cnn"},))
    panels = [TRUTH, PlayerPanel("cnn", colour=model_colour(0), track=track)]
    page = Page(
        comparison_page(panels, scores=SCORES, commands=["python -m core compare a.npz <b>.npz"])
    )
    assert "RMSE (IOD) ↓" in page.texts["th"] and "0.250" in page.texts["td"]
    assert page.texts["pre"] == ["python -m core compare a.npz <b>.npz"]
    assert page.texts["dd"] == ["cnn"]


@given(text=st.text(st.characters()) | st.sampled_from(["</script><script>alert(1)</script>"]))
def test_untrusted_text_stays_text(text: str) -> None:
    track = made_track(2, provenance=({"operation": text, text + "k": text},))
    panel = PlayerPanel(text, colour=INK, track=track, caption=text)
    plain = PlayerPanel("a", colour=INK, track=made_track(2, provenance=({"operation": "b"},)))
    made = comparison_page(
        [panel],
        title=text,
        note=text,
        commands=[text],
        scores={text: SCORES["cnn"]},
        labels={text: [TimedLabel(0, 0.05, text)]},
    )
    usual = comparison_page(
        [plain], title="a", note="a", commands=["a"], scores={"a": SCORES["cnn"]}
    )
    assert [t for t, _ in Page(made).tags] == [t for t, _ in Page(usual).tags]
    unpacked = unpack_player(Page(made).data["buffer"])
    assert unpacked.header["panels"][0]["title"] == text.encode("utf-8", "replace").decode()


def test_ten_seconds_of_four_panels_with_sound_take_less_than_3_mb() -> None:
    truth = made_track(300, 30)
    panels = [
        PlayerPanel(f"p{k}", colour=INK, track=made_track(300, 30), truth=k == 0) for k in range(4)
    ]
    curves = comparison_curves({"truth": (truth, INK), "cnn": (truth, INK)}, truth="truth")
    noise = np.random.default_rng(0).normal(0, 0.2, 480_000).astype(np.float32)
    page = comparison_page(panels, sound=type(tone())(noise, 48_000), curves=curves)
    assert len(page) < 3e6


def test_curves_are_lip_apertures_and_errors_in_one_unit() -> None:
    truth = SAMPLE.truth
    other = truth.replace(points=truth.points * 2 + 30)  # only larger and elsewhere
    curves = comparison_curves({"a": (truth, INK), "b": (other, "#d55e00")}, truth="a")
    assert [(c.name, c.unit) for c in curves] == [
        ("lip aperture, a", "IOD (face)"),
        ("lip aperture, b", "IOD (face)"),
        ("lip motion error, b", "IOD (face)"),
    ]
    assert [(c.line, c.colour) for c in curves] == [
        ("solid", INK),
        ("solid", "#d55e00"),
        ("dashed", "#d55e00"),
    ]
    assert np.allclose(curves[0].values, curves[1].values, equal_nan=True)
    assert np.nanmax(curves[2].values) < 1e-9
    assert 0.05 < np.nanmax(curves[0].values) < 1


@pytest.mark.parametrize(("count", "hidden"), [(2, False), (3, True), (6, True)])
def test_errors_begin_hidden_where_more_than_four_curves_are_shown(
    count: int, hidden: bool
) -> None:
    tracks = {str(k): (SAMPLE.truth, INK) for k in range(count)}
    found = comparison_curves(tracks, truth="0")
    assert [c.name for c in found[:count]] == [f"lip aperture, {k}" for k in range(count)]
    assert [c.hidden for c in found] == [False] * count + [hidden] * (count - 1)


def test_curves_of_lips_beside_faces_name_the_space_of_lips() -> None:
    lips = make_track(normalise_lips(SAMPLE.truth.points)[0][:, 48:68], space="eye5")
    both = comparison_curves({"a": (SAMPLE.truth, INK), "b": (lips, INK)}, truth="a")
    assert {c.unit for c in both} == {"IOD (eye5)"}
    np.testing.assert_allclose(both[0].values, both[1].values)
    np.testing.assert_allclose(both[2].values, 0, atol=1e-9)


def test_lips_of_unknown_size_have_no_curves() -> None:
    lips = make_track(made_track().points[:, 48:68, :2])
    with pytest.raises(BadInput, match="space 'eye5' or their IOD"):
        comparison_curves({"a": (lips, INK)})


@pytest.mark.parametrize(
    ("panels", "video", "error", "reason"),
    [
        ([], None, BadInput, "at least one panel"),
        ([PlayerPanel("c", "video", "picture")], None, BadInput, "give the page a video"),
        ([TRUTH], "tone.wav", NoVideo, "give it as the audio"),
    ],
    ids=["no panels", "a picture without a video", "a video without a picture"],
)
def test_refusals_say_why(
    tmp_path: Path,
    panels: list[PlayerPanel],
    video: str | None,
    error: type[Exception],
    reason: str,
) -> None:
    write_wav(tmp_path / "tone.wav", tone(0.2))
    with pytest.raises(error, match=reason):
        comparison_page(panels, video=None if video is None else tmp_path / video)
