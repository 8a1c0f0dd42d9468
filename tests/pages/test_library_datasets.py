"""The Library's data sets: what is asked stands in the address, and no path leads out of a root."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from made_index import synthetic
from making import grey, movie, tone
from streamlit.testing.v1 import AppTest
from test_pages import (  # noqa: F401 (fixtures of this module, too)
    HOSTILE,
    ROOT,
    components,
    in_order,
    press,
    private_workspace,
    said,
)

from core.datasets.index import index_path, write_index
from core.jobs.indexing import update_index
from core.workspace import file_sha256, landmark_key
from ui.library.index_table import CHOICE
from ui.shared import state
from ui.shared.jobs import jobs

CLIPS = 50_000


@pytest.fixture
def serve(private_workspace: Path) -> Iterator[Callable[..., None]]:  # noqa: F811
    """Make folders the server roots of the workspace."""
    settings = private_workspace / "settings.toml"

    def roots(*folders: Path) -> None:
        settings.write_text(f"server_roots = {[str(f) for f in folders]}\n")

    yield roots
    settings.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pictures = [grey(k, 64, 96) for k in range(0, 120, 10)]
    return movie(tmp_path_factory.mktemp("film") / "a.mp4", pictures, sound=tone(0.48))


@pytest.fixture
def small(tmp_path: Path, film: Path, serve: Callable[..., None]) -> Path:
    """A data set in GRID's layout with words and a list, which is a server root."""
    root = tmp_path / "corpus"
    for where in ("video/s1/a.mp4", "video/s2/b.mp4"):
        (root / where).parent.mkdir(parents=True)
        shutil.copyfile(film, root / where)
    (root / "video/s2/b.mp4").write_bytes(film.read_bytes() + bytes(8))
    (root / "align/s1").mkdir(parents=True)
    (root / "align/s1/a.align").write_text("0 5000 bin\n5000 11000 blue\n")
    (root / "filelists").mkdir()
    (root / "filelists/train.txt").write_text("b s2\n")
    serve(root)
    return root


def data_sets(root: Path | str | None = None, **query: str) -> AppTest:
    """The part for data sets as a browser opens it by its address."""
    app = AppTest.from_file(str(ROOT / "pages" / "router.py"), default_timeout=180)
    app._bidi_component_manager = components()
    app.switch_page("library.py")
    for key, value in {"shelf": "Data sets", **query}.items():
        app.query_params[key] = value
    if root is not None:
        app.query_params["root"] = str(root)
    return app.run()


def names(app: AppTest) -> list[str]:
    return list(app.dataframe[-1].value["clip"])


def finished(app: AppTest) -> AppTest:
    """The page after its job has ended."""
    until = time.monotonic() + 60
    while jobs().running and time.monotonic() < until:
        time.sleep(0.05)
    assert not jobs().running
    app.run()
    in_order(app)
    return app


def test_without_a_server_folder_the_page_says_how_to_add_one_and_offers_nothing() -> None:
    app = data_sets()
    in_order(app)
    assert "settings.toml" in app.info[0].value and "server_roots" in app.code[0].value
    assert not app.selectbox and not app.dataframe


def test_a_folder_is_indexed_in_the_background_and_then_listed(small: Path) -> None:
    app = data_sets(small)
    in_order(app)
    assert app.selectbox[1].options[0] == "auto (grid)" and "no index yet" in app.info[0].value
    app = finished(press(app, "Index this folder"))
    assert "2 opened" in said(app) and names(app) == ["s1/a", "s2/b"]
    assert jobs().latest is not None and jobs().latest.state == "ended"
    press(app, "Close")
    assert jobs().latest is None and len(app.dataframe) == 1
    app = finished(press(app, "Update the index"))
    assert "2 unchanged" in said(app)
    press(app, "Close")


@pytest.fixture
def indexed(small: Path) -> Path:
    update_index(state.workspace(), small)
    return small


@pytest.mark.parametrize(
    ("query", "clips"),
    [
        ({}, ["s1/a", "s2/b"]),
        ({"list": "train"}, ["s2/b"]),
        ({"list": "../train"}, ["s1/a", "s2/b"]),
        ({"search": "S1"}, ["s1/a"]),
        ({"where": "speaker=s2"}, ["s2/b"]),
        ({"where": "speaker of all"}, ["s1/a", "s2/b"]),
        ({"only": "Without landmarks"}, ["s1/a", "s2/b"]),
        ({"sort": "speaker", "descending": "true"}, ["s2/b", "s1/a"]),
        ({"sort": "beauty", "page": "7", "columns": "height of all"}, ["s1/a", "s2/b"]),
        ({"layout": "folder"}, ["s1/a", "s2/b"]),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_what_is_asked_stands_in_the_address_and_in_the_command(
    indexed: Path, query: dict[str, str], clips: list[str]
) -> None:
    app = data_sets(indexed, **query)
    in_order(app)
    assert names(app) == clips
    words = shlex.split(app.code[-1].value)
    assert words[3:6] == ["data", "list", str(indexed)]
    known = {"list": "train", "search": "S1", "where": "speaker=s2"}
    for key, value in query.items():
        assert known.get(key) != value or words[words.index(f"--{key}") + 1] == value
    told = [e.value for e in app.error]
    assert bool(told) == ("of all" in query.get("where", "")), told


def test_nothing_found_is_said(indexed: Path) -> None:
    app = data_sets(indexed, search="nobody")
    in_order(app)
    assert not app.dataframe and "No clip meets" in app.info[0].value
    assert all(b.disabled for b in app.button if b.label == "Start")


def clicked(app: AppTest, where: str) -> AppTest:
    """The page after a click on the row of a path."""
    app.session_state[CHOICE] = where
    return app.run()


def test_a_clicked_heading_sorts_and_once_more_the_other_way_round(indexed: Path) -> None:
    app = data_sets(indexed)
    for turn, clips in enumerate((["s1/a", "s2/b"], ["s2/b", "s1/a"], ["s1/a", "s2/b"])):
        app.session_state["heading of a data set"] = "size"
        app.run()
        in_order(app)
        assert names(app) == clips and app.query_params["sort"] == "size", turn
        assert ("--descending" in app.code[-1].value) == (turn == 1)


def test_a_clicked_clip_is_the_current_one_without_a_copy(indexed: Path) -> None:
    app = clicked(data_sets(indexed), "video/s1/a.mp4")
    in_order(app)
    assert not app.error
    identity = file_sha256(indexed / "video/s1/a.mp4")
    assert app.query_params["clip"] == identity
    clip = state.workspace().clip(identity)
    assert clip.path == indexed / "video/s1/a.mp4"
    assert "bin blue" in said(app) and len(app.get("bidi_component")) == 1
    assert {"Show its landmarks", "Run models"} <= {b.label for b in app.button}
    assert press(app, "Run models").title[0].value == "Inference"
    state.workspace().remove_clip(identity)


@pytest.mark.parametrize(
    "where",
    ["../secret.mp4", "/etc/passwd", "video/s1/out.mp4", "video/s1/../../../secret.mp4", ""],
)
def test_no_choice_leads_out_of_a_data_set(indexed: Path, where: str, film: Path) -> None:
    """Not by dots, nor by a link that stands in the index since it was a file."""
    secret = indexed.parent / "secret.mp4"
    shutil.copyfile(film, secret)
    shutil.copyfile(film, indexed / "video/s1/out.mp4")
    table, _ = update_index(state.workspace(), indexed)
    table.loc[0, "path"] = where if where.startswith(("..", "/")) else table.loc[0, "path"]
    write_index(index_path(state.workspace().root, indexed), table)
    (indexed / "video/s1/out.mp4").unlink()
    (indexed / "video/s1/out.mp4").symlink_to(secret)
    before = set(state.workspace().clip_ids())
    app = clicked(data_sets(indexed), where)
    in_order(app)
    assert "clip" not in app.query_params and set(state.workspace().clip_ids()) == before
    assert str(indexed.parent) not in "".join(e.value for e in app.error)


@pytest.mark.parametrize("root", ["/etc", "..", "/", "corpus/..", HOSTILE])
def test_no_address_opens_another_folder(indexed: Path, root: str) -> None:
    app = data_sets(root)
    in_order(app)
    assert app.selectbox[0].value == str(indexed) and app.selectbox[0].options == [str(indexed)]
    assert names(app) == ["s1/a", "s2/b"]


def test_a_root_that_has_gone_and_a_torn_index_are_one_sentence(
    indexed: Path, serve: Callable[..., None]
) -> None:
    index_path(state.workspace().root, indexed).write_bytes(b"torn")
    app = data_sets(indexed)
    in_order(app)
    assert len(app.error) == 1 and "damaged" in app.error[0].value
    assert "Update the index" in {b.label for b in app.button}
    serve(indexed.parent / "nowhere")
    app = data_sets()
    in_order(app)
    assert len(app.error) == 1 and "no data set folder" in app.error[0].value


def test_a_hostile_name_is_shown_as_text(small: Path, film: Path) -> None:
    name = HOSTILE.replace("/", "")
    shutil.copyfile(film, small / f"video/s1/{name}.mp4")
    update_index(state.workspace(), small)
    app = clicked(data_sets(small), f"video/s1/{name}.mp4")
    in_order(app)
    assert f"s1/{name}" in names(app)
    assert "\\<img" in said(app) and "<img src" not in said(app).replace("\\<img", "")
    state.workspace().remove_clip(app.query_params["clip"])


def test_landmarks_and_models_of_a_list_are_jobs(
    indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They run in this process here; that workers do the same is tested elsewhere."""
    module = sys.modules["ui.library.dataset_jobs"]
    real = module.extract
    monkeypatch.setattr(
        module, "extract", lambda *a, **k: real(*a, **{**k, "runner": "serial", "workers": 1})
    )
    app = data_sets(indexed, list="train")
    app.button(key="start landmarks").click().run()
    app = finished(app)
    job = jobs().latest
    assert job is not None and job.state == "ended" and "1 done" in job.said
    words = " ".join(job.commands[0])
    assert words.startswith(f"data extract {indexed} --list train --layout grid --workers")
    key = landmark_key(file_sha256(indexed / "video/s2/b.mp4"))
    assert state.workspace().load_track(key) is not None
    assert list(app.dataframe[-1].value["faces"]) == [0], "the index knows of it at once"
    jobs().forget()

    app = data_sets(indexed, search="b")
    app.button(key="start landmarks").click().run()
    finished(app)
    job = jobs().latest
    assert job is not None and "1 skipped" in job.said
    made = Path(job.commands[0][job.commands[0].index("--list") + 1])
    assert made.read_text() == "b s2\n" and made.is_relative_to(state.workspace().root)
    (indexed / "video/s2/b.mp4").unlink()
    app.button(key="start landmarks").click().run()
    finished(app)
    assert jobs().latest is not None and jobs().latest.state == "broken"
    assert "update the index" in jobs().latest.said
    jobs().forget()


@pytest.fixture
def large(tmp_path: Path, serve: Callable[..., None]) -> Path:
    root = tmp_path / "large"
    (root / "video/s1").mkdir(parents=True)
    (root / "video/s1/x.mpg").write_bytes(b"x")
    write_index(index_path(state.workspace().root, root), synthetic(CLIPS).sort_values("clip"))
    serve(root)
    return root


def test_an_index_of_fifty_thousand_clips_opens_pages_and_filters(large: Path) -> None:
    """Generous bounds: the numbers are told by benchmarks/bench_index.py."""
    begin = time.monotonic()
    app = data_sets(large)
    in_order(app)
    assert "50 000" in said(app) and len(app.dataframe[0].value) == 50
    first = names(app)
    app = data_sets(large, page="1000")
    assert len(names(app)) == 50 and not set(first) & set(names(app))
    app.text_input(key="search").set_value("clip00007").run()
    in_order(app)
    assert names(app)[0].endswith("clip00007") and "**1** of 50 000 clips" in said(app)
    assert time.monotonic() - begin < 30
