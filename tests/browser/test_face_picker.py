"""The picture with a box around every face: a click tells whose it was, a key does, too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import run_streamlit

SCRIPT = """
import streamlit as st
from core.detect import Box, Found
from core.detect.face_tracks import FaceTrack, Shot
from ui.shared import state
from ui.landmarks.face_picker import pick_face

left, right = Box(40, 60, 150, 150), Box(300, 200, 150, 150)
faces = [FaceTrack(k, 0, [Found(None, box=box)] * 5) for k, box in enumerate((left, right))]
taken = st.session_state.get("taken")
clicked = pick_face(state.sample_clip(), Shot(0, 5, faces), 2, taken, key="faces")
if clicked is not None:
    st.session_state["taken"] = clicked
    st.rerun()
st.write(f"taken: {taken}")
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("picker")
    script = folder / "picker.py"
    script.write_text(SCRIPT)
    with run_streamlit(script, home=folder / "home") as root:
        yield root


def test_a_click_and_a_key_take_a_face_and_a_click_beside_them_none(
    page: Any, address: str
) -> None:
    page.goto(address)
    page.get_by_text("taken: None").wait_for(timeout=60_000)
    picture = page.get_by_role("img", name="Frame 2 with 2 faces")
    box = picture.bounding_box()

    def click(x: float, y: float) -> None:
        """In pixels of the frame, which is 512 x 512."""
        page.mouse.click(box["x"] + x * box["width"] / 512, box["y"] + y * box["height"] / 512)

    click(375, 275)
    page.get_by_text("taken: 1").wait_for()
    assert page.get_by_role("button", name="Face 1, chosen").get_attribute("aria-pressed") == "true"
    assert page.get_by_role("button", name="Face 0").get_attribute("aria-pressed") == "false"
    page.get_by_role("button", name="Face 0").focus()
    page.keyboard.press("Enter")
    page.get_by_text("taken: 0").wait_for()
    click(500, 20)
    page.wait_for_timeout(800)
    assert page.get_by_text("taken: 0").count() == 1
    click(303, 203)  # the corner of a box
    page.get_by_text("taken: 1").wait_for()
