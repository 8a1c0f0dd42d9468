"""Tracks and labels brought to a page, driven through a small page of their own."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from making import faces, grey, make_track, movie
from streamlit.testing.v1 import AppTest

from core.tracks.io import track_bytes, write_track
from ui.shared import state
from ui.shared.imported import Choice

FRAMES = 12
LABELS = b"start,end,label\n0,0.1,bin\n0.1,0.2,blue\n9,9.5,late\n"
HOSTILE = "<img src=x onerror=alert(1)> **b** [a](javascript:alert(1)).npy"


@pytest.fixture(scope="module", autouse=True)
def private_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("workspace")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPEECHMARKS_HOME", str(folder))
        st.cache_resource.clear()
        yield
    st.cache_resource.clear()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("clip") / "a.mp4"
    movie(path, [grey(40 + k) for k in range(FRAMES)], fps=30)
    return state.workspace().add_clip(path, "a.mp4").id


def page(clip_id: str, what: str) -> None:
    import streamlit as st

    from ui.shared import importing, state

    clip = state.stored_clip(clip_id)
    if what == "tracks":
        st.session_state["result"] = importing.import_tracks(clip)
    elif what == "labels":
        st.session_state["result"] = importing.import_labels(clip)


def opened(clip: str, what: str = "tracks", **query: str) -> AppTest:
    app = AppTest.from_function(page, kwargs={"clip_id": clip, "what": what}, default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    return ran(app)


def ran(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def bare(seed: int = 0, frames: int = FRAMES) -> bytes:
    return track_bytes(make_track(faces(seed, frames)), ".npy")


def dropped(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader[0].set_value([(*file, "application/octet-stream") for file in files])
    return ran(app)


def address(app: AppTest, name: str = "tracks") -> str:
    values = app.query_params.get(name, [])
    return values if isinstance(values, str) else ",".join(values)


def test_a_dropped_track_is_there_at_once_and_stands_in_the_address(clip: str) -> None:
    app = dropped(opened(clip), ("mine.npy", bare()))
    (shown,) = app.session_state["result"]
    assert shown.name == "mine.npy" and len(shown.track) == FRAMES and not app.error
    assert shown.flags == ("--source-fps", "30", "--space", "pixel")
    assert shown.note == "68 points, 30 fps, pixel"  # the clip has as many frames, 30 a second
    (imported,) = state.workspace().imports("track")
    assert address(app) == f"{imported.id}:30:pixel"


def test_an_address_opens_the_same_tracks_in_another_session(clip: str) -> None:
    first = dropped(opened(clip), ("one.npy", bare(1)), ("two.npy", bare(2, 5)))
    second = opened(clip, tracks=address(first))
    names = [shown.name for shown in second.session_state["result"]]
    assert names == ["one.npy", "two.npy"]
    pairs = zip(first.session_state["result"], second.session_state["result"], strict=True)
    for one, two in ((a.track, b.track) for a, b in pairs):
        np.testing.assert_array_equal(one.points, two.points)
        np.testing.assert_array_equal(one.times, two.times)


def test_rate_and_space_are_asked_for_only_where_the_file_is_silent(clip: str) -> None:
    whole = track_bytes(make_track(faces(3, 5), fps=50), ".npz")
    app = dropped(opened(clip), ("whole.npz", whole))
    assert not app.number_input and not app.selectbox
    assert app.session_state["result"][0].note == "68 points, 50 fps, pixel"
    app = dropped(opened(clip), ("bare.npy", bare(4, 5)))
    assert app.number_input[0].value == 25.0 and app.selectbox[0].value == "pixel"
    app.number_input[0].set_value(12.5)
    app.selectbox[0].set_value("unit")
    ran(app)
    (shown,) = app.session_state["result"]
    track, note = shown.track, shown.note
    assert note == "68 points, 12.5 fps, unit" and track.times[1] == pytest.approx(0.08)
    assert address(app).endswith(":12.5:unit")
    assert opened(clip, tracks=address(app)).session_state["result"][0].note == note


def test_tracks_survive_a_page_that_knows_nothing_of_them(clip: str) -> None:
    app = dropped(opened(clip), ("stays.npy", bare(5)))
    before = address(app)
    app.query_params.clear()  # as a change of page does
    ran(app)
    assert [shown.name for shown in app.session_state["result"]] == ["stays.npy"]
    assert address(app) == before


def test_a_track_is_put_away_by_its_button_and_kept_in_the_workspace(clip: str) -> None:
    app = dropped(opened(clip), ("a.npy", bare(6)), ("b.npy", bare(7)))
    kept = len(state.workspace().imports("track"))
    app.button[0].click()
    ran(app)
    assert [shown.name for shown in app.session_state["result"]] == ["b.npy"]
    app.button[0].click()
    ran(app)
    assert app.session_state["result"] == [] and "tracks" not in app.query_params
    assert len(state.workspace().imports("track")) == kept


def test_the_same_file_twice_is_chosen_once(clip: str) -> None:
    app = dropped(opened(clip), ("a.npy", bare(8)))
    app = dropped(app, ("again.npy", bare(8)))
    assert [shown.name for shown in app.session_state["result"]] == ["a.npy"]


def test_two_files_of_one_name_are_told_apart(clip: str) -> None:
    app = dropped(opened(clip), ("a.npy", bare(9)), ("a.npy", bare(10)))
    names = [shown.name for shown in app.session_state["result"]]
    assert len(set(names)) == 2 and all(name.startswith("a.npy") for name in names)


def test_what_is_no_track_is_one_sentence_and_the_others_come_in(clip: str) -> None:
    app = dropped(opened(clip), ("bad.npy", b"hello"), ("good.npy", bare(11)))
    (error,) = app.error
    assert "bad" in error.value and error.value.endswith(".") and "\n" not in error.value
    assert [shown.name for shown in app.session_state["result"]] == ["good.npy"]
    app = dropped(app, ("more.npy", bare(12)))
    assert not app.error and len(app.session_state["result"]) == 2


def test_many_text_files_are_one_track(clip: str, tmp_path: Path) -> None:
    write_track(tmp_path / "texts", make_track(faces(13, 4)))
    files = [(path.name, path.read_bytes()) for path in (tmp_path / "texts").iterdir()]
    app = dropped(opened(clip), *files)
    (shown,) = app.session_state["result"]
    name, track = shown.name, shown.track
    assert name == "4 text files.zip"
    np.testing.assert_array_equal(track.points, np.rint(faces(13, 4)))


def test_a_mesh_says_its_points(clip: str) -> None:
    data = faces(14, 5, 478, 3)
    buffer = BytesIO()
    np.save(buffer, data)
    app = dropped(opened(clip), ("mesh.npy", buffer.getvalue()))
    (shown,) = app.session_state["result"]
    track, note = shown.track, shown.note
    assert track.scheme == "facemesh468" and note == "468 points, 25 fps, pixel"
    assert "irises in mesh" in app.caption[0].value and "file" not in app.caption[0].value


def test_a_hostile_name_is_inert(clip: str) -> None:
    app = dropped(opened(clip), (HOSTILE, bare(15)))
    assert len(app.session_state["result"]) == 1
    for element in (*app.markdown, *app.caption):
        assert not element.allow_html
        assert "**b**" not in element.value and "](java" not in element.value


@pytest.mark.parametrize(
    "text",
    ["0" * 64, "../../etc", ":::", "a:b:c:d", "%00"],
    ids=["gone", "path", "-", "odd", "nul"],
)
def test_an_address_of_nothing_is_told_and_can_be_put_away(clip: str, text: str) -> None:
    app = opened(clip, tracks=text)
    assert app.session_state["result"] == [] and len(app.warning) == 1
    app.button[0].click()
    ran(app)
    assert not app.warning and "tracks" not in app.query_params


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("ab", Choice("ab")),
        ("ab:30", Choice("ab", 30.0)),
        ("ab:29.97:pixel", Choice("ab", 29.97, "pixel")),
        ("ab::unit", Choice("ab", None, "unit")),
        ("ab:0:nowhere", Choice("ab")),
        ("ab:-5:pixel", Choice("ab", None, "pixel")),
        ("ab:1e9", Choice("ab")),
        ("ab:nan", Choice("ab")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_choice_is_read_from_the_address(text: str, choice: Choice) -> None:
    assert Choice.read(text) == choice
    assert Choice.read(str(choice)) == choice


def test_dropped_labels_are_lanes_of_the_clip(clip: str) -> None:
    app = dropped(opened(clip, "labels"), ("words.csv", LABELS))
    (lane,) = app.session_state["result"].items()
    assert lane[0] == "words" and [label.text for label in lane[1]] == ["bin", "blue"]
    assert "Labels after the end of the clip" in app.caption[0].value
    (imported,) = state.workspace().imports("labels")
    assert address(app, "lanes") == imported.id
    again = opened(clip, "labels", lanes=imported.id)
    assert again.session_state["result"] == app.session_state["result"]


def test_labels_are_not_taken_for_a_track(clip: str) -> None:
    app = dropped(opened(clip), ("words.csv", LABELS))
    assert app.session_state["result"] == [] and len(app.error) == 1


def test_labels_in_the_address_of_tracks_are_told(clip: str) -> None:
    imported = state.workspace().add_import(BytesIO(LABELS), "words.csv", "labels")
    app = opened(clip, tracks=imported.id)
    assert app.session_state["result"] == [] and "no track" in app.warning[0].value
