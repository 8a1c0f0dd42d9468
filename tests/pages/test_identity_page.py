"""The Identity page: several speakers, how far apart they are, and a template of them."""

from __future__ import annotations

import numpy as np
import pytest
from making import movie
from streamlit.testing.v1 import AppTest
from test_pages import (  # noqa: F401 (the workspace is a fixture of this module, too)
    in_order,
    open_page,
    panels,
    press,
    private_workspace,
    said,
)

from core.batch import cached_landmarks
from core.media import read_frames
from core.reference import speaker_distances
from core.samples import SAMPLE
from core.track import LandmarkTrack
from core.workspace import Clip
from ui import state
from ui.speakers import grouped


@pytest.fixture(scope="module")
def trio(
    private_workspace: object,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Clip]:
    """Three stretches of the built-in clip, the last mirrored: another face of a kind."""
    folder = tmp_path_factory.mktemp("trio")
    clips = []
    for name, start, flip in (("one", 0.0, False), ("two", 2.0, False), ("three", 4.0, True)):
        frames = [f.image for _, f in zip(range(30), read_frames(SAMPLE.video, start=start))]  # noqa: B905
        pictures = [np.ascontiguousarray(f[:, ::-1]) if flip else f for f in frames]
        path = movie(folder / f"{name}.mp4", pictures)
        clips.append(state.workspace().add_clip(path, path.name))
    return clips


@pytest.fixture
def opened(trio: list[Clip]) -> AppTest:
    app = open_page("identity")
    return app.multiselect[0].set_value([clip.id for clip in trio]).run()


def tracks(trio: list[Clip]) -> list[LandmarkTrack]:
    return [cached_landmarks(state.workspace(), c.path, video_hash=c.id) for c in trio]


def test_without_a_second_clip_the_page_says_what_to_do(trio: list[Clip]) -> None:
    app = open_page("identity")
    app.multiselect[0].set_value([trio[0].id]).run()
    in_order(app)
    assert "2 clips or more" in app.info[0].value and not app.error
    assert press(app, "Go to the Library").title[0].value == "Library"


def test_the_distances_are_those_of_the_core(opened: AppTest, trio: list[Clip]) -> None:
    in_order(opened)
    names = dict(zip(("one", "two", "three"), ([t] for t in tracks(trio)), strict=True))
    expected = {(d.stage, d.part): d for d in speaker_distances(names)}
    table = opened.dataframe[0].value.set_index("part")
    for (stage, part), found in expected.items():
        assert table.loc[part, f"{stage}: same speaker"] == found.within
        assert table.loc[part, f"{stage}: others"] == found.between
    assert len(opened.get("plotly_chart")) == 2
    words = opened.code[-1].value
    assert all(f"{name}={name}.mp4" in words for name in names)


def test_clips_given_the_same_name_are_one_speaker(opened: AppTest, trio: list[Clip]) -> None:
    opened.text_input(key=f"speaker {trio[1].id}").set_value("one").run()
    in_order(opened)
    assert "one=two.mp4" in opened.code[-1].value
    opened.text_input(key=f"speaker {trio[2].id}").set_value("one").run()
    assert "one speaker" in opened.info[0].value and not opened.exception


def test_speakers_are_watched_before_and_after(trio: list[Clip]) -> None:
    app = open_page("identity", left="Watch")
    app.multiselect[0].set_value([clip.id for clip in trio[:2]]).run()
    in_order(app)
    assert panels(app) == ["one: before", "two: before", "one: after", "two: after"]


def test_a_template_is_weighed_and_the_command_says_so(trio: list[Clip]) -> None:
    app = open_page("identity", left="Another template")
    app.multiselect[0].set_value([clip.id for clip in trio[:2]]).run()
    in_order(app)
    assert panels(app) == ["On the shipped template", "On this template"]
    app.slider[1].set_value(0.5).run()
    assert "--weight two=0.5" in app.code[-1].value
    app.slider[0].set_value(0.0).run()
    app.slider[1].set_value(0.0).run()
    in_order(app)
    assert "above 0" in app.info[-1].value and panels(app) == []


def test_tracks_are_grouped_in_the_order_of_the_clips(trio: list[Clip]) -> None:
    a, b, c = tracks(trio)
    found = grouped({"x": "anna", "y": "bob", "z": "anna"}, {"x": a, "y": b, "z": c})
    assert list(found) == ["anna", "bob"] and found["anna"][1] is c
