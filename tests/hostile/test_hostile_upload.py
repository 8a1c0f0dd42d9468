"""Bad files at the Library's door: one sentence, no exception, nothing kept, the table stays."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import streamlit as st
from bad_files import DAMAGED, POINTERS, REFUSED, good_wav, placed
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest
from test_hostile_names import UPLOADED

from ui.player import component as player
from ui.shared import state

ROUTER = Path(__file__).resolve().parents[2] / "pages" / "router.py"


@pytest.fixture(scope="module", autouse=True)
def private_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("workspace")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPEECHMARKS_HOME", str(folder))
        for forget in (st.cache_resource, st.cache_data):
            forget.clear()
        player._component.cache_clear()
        yield folder
    for forget in (st.cache_resource, st.cache_data):
        forget.clear()
    player._component.cache_clear()


@cache
def components() -> BidiComponentManager:
    """One registry for all apps here: to fill one takes half a second."""
    return BidiComponentManager()


def upload(name: str, content: bytes) -> AppTest:
    app = AppTest.from_file(str(ROUTER), default_timeout=120)
    app._bidi_component_manager = components()
    app.switch_page("library.py").run()
    app.file_uploader[0].upload(name, content, "video/mp4").run()
    assert not app.exception, [e.value for e in app.exception]
    assert len(app.dataframe) == 1, "the table stays"
    return app


def refused(name: str, content: bytes) -> None:
    before = {state.sample_clip().id, *state.workspace().clip_ids()}
    app = upload(name, content)
    assert len(app.error) == 1 and "clip" not in app.query_params
    text = app.error[0].value
    assert text.rstrip().endswith(".") and "\n" not in text and "Traceback" not in text
    assert set(state.workspace().clip_ids()) == before
    assert list((state.workspace().root / "incoming").iterdir()) == []


@pytest.mark.parametrize("kind", list(REFUSED)[::3])
def test_what_is_no_clip_is_refused(tmp_path: Path, kind: str) -> None:
    path = placed(tmp_path, REFUSED[kind])
    refused(path.name, path.read_bytes())


@pytest.mark.parametrize("words", POINTERS.values(), ids=list(POINTERS))
def test_a_playlist_is_refused(words: str) -> None:
    refused("a.mp4", words.encode())


@pytest.mark.parametrize("kind", list(DAMAGED)[::4])
def test_what_is_damaged_is_kept_or_refused(tmp_path: Path, kind: str) -> None:
    path = placed(tmp_path, DAMAGED[kind])
    app = upload(path.name, path.read_bytes())
    assert len(app.error) + ("clip" in app.query_params) == 1


@pytest.mark.parametrize("kind", [kind for kind in UPLOADED if kind != "half a character"])
def test_a_name_is_inert(tmp_path: Path, private_workspace: Path, kind: str) -> None:
    name = UPLOADED[kind]  # another file a name, so that each is stored anew
    app = upload(name, good_wav(tmp_path) + name.encode("utf-8", "replace").ljust(300, b"x"))
    assert not app.error, app.error[0].value
    stored = state.stored_clip(app.query_params["clip"])
    assert stored.path.parent.parent == private_workspace / "clips"
    for element in app.markdown:
        assert not element.allow_html
        assert name not in element.value or name.isalnum() or len(name) < 4
