"""The part of a page that makes a face speak: it says what it does, and marks what it makes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from making import grey, movie, tone
from streamlit.testing.v1 import AppTest

from core.media import encode_picture, read_frames
from core.render.photo import mark_box
from core.samples import SAMPLE
from ui.player import component as player
from ui.shared import state


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The section for a short clip of the presenter, with its true motion, or none."""
    monkeypatch.setenv("SPEECHMARKS_HOME", str(tmp_path / "home"))
    images = [f.image for f in read_frames(SAMPLE.video, start=1.0, stop=1.4)]
    clip = movie(tmp_path / "clip.mp4", images, sound=tone(0.4))

    def script(path: str) -> None:
        import streamlit as st

        from core.samples import SAMPLE
        from ui.compare.animate import speaking_photo
        from ui.shared import state

        clip = state.workspace().add_clip(path, "clip.mp4")
        short = SAMPLE.truth.replace(points=SAMPLE.truth.points[25:35],
                                     times=SAMPLE.truth.times[:10])  # fmt: skip
        tracks = {"truth": short} if st.session_state.get("tracks", True) else {}
        speaking_photo(clip, tracks, {"truth": "mine.npz"}, own=st.session_state.get("own", True))

    def forget() -> None:
        st.cache_resource.clear()
        player._component.cache_clear()  # it may be known to another registry

    forget()
    yield AppTest.from_function(script, kwargs={"path": str(clip)},
                                default_timeout=120)  # fmt: skip
    forget()


def test_without_a_motion_it_says_what_to_do(page: AppTest) -> None:
    page.session_state["tracks"] = False
    page.run()
    assert not page.exception and not page.button
    assert "Choose a model" in page.info[0].value and "synthetic" in page.caption[0].value


def test_a_clip_without_a_face_offers_other_faces(page: AppTest) -> None:
    page.session_state["own"] = False
    page.run()
    assert list(page.get("button_group")[0].options) == ["Built-in presenter", "Own photo"]


@pytest.mark.parametrize(
    ("data", "told"),
    [(b"hello", "'me.jpg' is not a JPEG or PNG"), (None, "No face was found in 'me.jpg'")],
    ids=["a text", "a grey wall"],
)
def test_a_photo_that_will_not_do_is_told_by_its_own_name(
    page: AppTest, data: bytes | None, told: str
) -> None:
    wall = encode_picture(grey(128, 96, 96), "jpeg")
    page.session_state["transfer face"] = "Own photo"
    page.run()
    page.file_uploader[0].set_value(("me.jpg", data or wall, "image/jpeg")).run()
    page.button[0].click().run()
    assert not page.exception
    assert told in page.error[0].value.replace("\\", "")


@pytest.mark.parametrize("face", ["This clip's speaker", "Built-in presenter"])
def test_one_press_makes_a_marked_movie(page: AppTest, face: str) -> None:
    page.session_state["transfer face"] = face
    page.run()
    assert not page.exception and [b.label for b in page.button] == ["Animate"]
    page.button[0].click().run()
    assert not page.exception and not page.button and not page.error
    assert page.code[0].value.startswith("python -m core retarget mine.npz --onto")
    (made,) = (state.workspace().root / "scratch").rglob("speaking-*.mp4")
    left, top, right, bottom = mark_box((512, 512))
    frames = [f.image[top:bottom, left:right] for f in read_frames(made)]
    assert len(frames) == 10
    assert all((mark.max(axis=2) < 120).mean() > 0.4 for mark in frames)
