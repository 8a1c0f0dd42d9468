"""The Identity page: several speakers, how far apart they are, and a template of them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

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

from core.align import shipped_template
from core.media import read_frames
from core.neutral import identity_audit, session_null, speaker_distances
from core.samples import SAMPLE
from core.tracks.io import write_array
from core.tracks.track import LandmarkTrack
from core.workspace import Clip, cached_landmarks
from ui.identity import audit_view
from ui.shared import speakers, state
from ui.shared.speakers import grouped


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


SHORT: dict[str, Any] = {"parts": ["face", "mouth"], "n_folds": 2}


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Audits of two parts and two folds, which are over at once."""
    for made_by in (identity_audit, session_null):
        monkeypatch.setattr(audit_view, made_by.__name__, partial(made_by, **SHORT))


def tracks(trio: list[Clip]) -> list[LandmarkTrack]:
    return [cached_landmarks(state.workspace(), c.path, video_hash=c.id) for c in trio]


def test_without_a_second_clip_the_page_says_what_to_do(trio: list[Clip]) -> None:
    app = open_page("identity")
    app.multiselect[0].set_value([trio[0].id]).run()
    in_order(app)
    assert "2 clips or more" in app.info[0].value and not app.error
    assert press(app, "Go to the Library").title[0].value == "Library"


def test_the_distances_are_those_of_the_core(trio: list[Clip]) -> None:
    far = open_page("identity", left="Distances")
    opened = far.multiselect[0].set_value([clip.id for clip in trio]).run()
    in_order(opened)
    names = dict(zip(("one", "two", "three"), ([t] for t in tracks(trio)), strict=True))
    expected = {(d.stage, d.part): d for d in speaker_distances(names)}
    table = opened.dataframe[0].value.set_index("part")
    for (stage, part), found in expected.items():
        assert table.loc[part, f"{stage}: same speaker"] == found.within
        assert table.loc[part, f"{stage}: others"] == found.between
    assert len(opened.get("plotly_chart")) == 3
    words = opened.code[-1].value
    assert all(f"{name}={name}.npz" in words for name in names)


def test_clips_given_the_same_name_are_one_speaker(opened: AppTest, trio: list[Clip]) -> None:
    opened.text_input(key=f"speaker {trio[1].id}").set_value("one").run()
    in_order(opened)
    assert "one=two.npz" in opened.code[-1].value
    opened.text_input(key=f"speaker {trio[2].id}").set_value("one").run()
    assert "one speaker" in opened.info[0].value and not opened.exception


def test_speakers_are_watched_before_and_after(trio: list[Clip]) -> None:
    app = open_page("identity", left="Player")
    app.multiselect[0].set_value([clip.id for clip in trio[:2]]).run()
    in_order(app)
    assert panels(app) == ["one: before", "two: before", "one: after", "two: after"]


def test_a_template_is_weighed_and_the_command_says_so(trio: list[Clip]) -> None:
    app = open_page("identity", left="Another template")
    app.multiselect[0].set_value([clip.id for clip in trio[:2]]).run()
    in_order(app)
    assert panels(app) == ["Clip", "On the shipped template", "On the other template"]
    assert "--template template.npy" in app.code[-1].value
    app.slider[1].set_value(0.5).run()
    assert "--weight two=0.5" in app.code[-1].value
    app.slider[0].set_value(0.0).run()
    app.slider[1].set_value(0.0).run()
    in_order(app)
    assert "above 0" in app.info[-1].value and panels(app) == []


def test_a_face_that_is_dropped_is_the_template(trio: list[Clip], tmp_path: Path) -> None:
    app = open_page("identity", left="Another template", **{"template of": "A file"})
    app = app.multiselect[0].set_value([clip.id for clip in trio[:2]]).run()
    in_order(app)
    assert panels(app) == [] and "Import a face" in app.info[-1].value
    face = shipped_template() * 1.1
    app.file_uploader[0].upload("mine.npy", write_array(face)).run()
    in_order(app)
    assert panels(app)[-1] == "On the other template" and not app.error
    app.file_uploader[0].upload("torn.npy", b"no face").run()
    assert len(app.error) == 1 and not app.exception


def test_the_audit_runs_when_asked_and_gives_the_figures_of_the_core(
    trio: list[Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(monkeypatch)
    audit_view._audits().clear()
    app = open_page("identity", left="Audit")
    app = app.multiselect[0].set_value([clip.id for clip in trio]).run()
    in_order(app)
    assert not app.dataframe and not audit_view._audits()
    app = press(app, "Run the audit")
    in_order(app)
    a, b, c = tracks(trio)
    made = identity_audit({"one": [a], "two": [b], "three": [c]}, **SHORT)
    table = app.dataframe[0].value.set_index("part")
    for row in made.rows:
        assert table.loc[row.part, row.stage] == row.accuracy
        assert table.loc[row.part, f"{row.stage}, 95 %"] == f"{row.low:.4f} – {row.high:.4f}"
    assert "chance is **33%**" in said(app) and "upper bound" in app.info[-1].value
    assert "cannot separate" in said(app)


def test_clips_of_one_person_are_the_null_beside_the_audit(
    trio: list[Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(monkeypatch)
    app = open_page("identity", left="Audit")
    app = app.multiselect[0].set_value([clip.id for clip in trio]).run()
    app.text_input(key=f"speaker {trio[1].id}").set_value("one").run()
    app = press(app, "Run the audit")
    in_order(app)
    assert "one and the same" in said(app) and "chance is **50%**" in said(app)
    null = session_null({"one": tracks(trio)[:2], "three": tracks(trio)[2:]}, **SHORT)
    assert null is not None
    table = app.dataframe[0].value.set_index("part")
    for row in null.rows:
        assert table.loc[row.part, f"one person's clips, {row.stage}"] == row.accuracy


def test_the_clips_and_speakers_stand_in_the_address_and_survive(trio: list[Clip]) -> None:
    app = open_page("identity")
    app = app.multiselect[0].set_value([clip.id for clip in trio[:2]]).run()
    text = ",".join(clip.id[:12] for clip in trio[:2])
    assert app.query_params["clips"] == text
    again = open_page("identity", clips=text)
    assert again.multiselect[0].value == [clip.id for clip in trio[:2]]
    gone = open_page("identity", clips=f"{trio[0].id[:12]},{'0' * 12},x")
    in_order(gone)
    assert gone.multiselect[0].value == [trio[0].id]
    assert "does not have: 2" in said(gone)


def test_speakers_keep_their_names_when_another_page_was_open(trio: list[Clip]) -> None:
    app = open_page("identity")
    app = app.multiselect[0].set_value([clip.id for clip in trio]).run()
    app.text_input(key=f"speaker {trio[1].id}").set_value("one").run()
    app.switch_page("shape.py").run()
    app.switch_page("identity.py").run()
    assert app.text_input(key=f"speaker {trio[1].id}").value == "one"


def test_tracks_are_grouped_in_the_order_of_the_clips(trio: list[Clip]) -> None:
    a, b, c = tracks(trio)
    found = grouped({"x": "anna", "y": "bob", "z": "anna"}, {"x": a, "y": b, "z": c})
    assert list(found) == ["anna", "bob"] and found["anna"][1] is c


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        (("s1", "s2", "s2"), ["s1", "s2", "s2"]),
        (("s1", "s1", "s1"), ["one", "two", "three"]),
        ((None, "s1", "s2"), ["one", "s1", "s2"]),
    ],
    ids=["a folder a speaker", "one folder tells nobody apart", "one clip of the viewer's own"],
)
def test_clips_of_data_sets_are_named_by_their_folder_at_first(
    folders: tuple[str | None, ...], expected: list[str], trio: list[Clip]
) -> None:
    clips = [
        clip if folder is None else replace(clip, path=Path("/data/video") / folder / clip.name)
        for clip, folder in zip(trio, folders, strict=True)
    ]
    assert list(speakers._first_names(clips).values()) == expected


def test_landmark_files_of_clips_with_one_name_are_not_the_same(trio: list[Clip]) -> None:
    twins = [replace(clip, name="a=b.mp4") for clip in trio]
    assert len(set(speakers.track_files(twins).values())) == 3
    assert list(speakers.track_files(trio).values()) == ["one.npz", "two.npz", "three.npz"]
    assert set(speakers._first_names(twins).values()) == {"a-b"}
