"""The Evaluate page: choosing clips and systems, the job, and tables of its results."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from small_set import NAMES, SmallSet, make_small_set
from streamlit.testing.v1 import AppTest
from test_pages import (  # noqa: F401 (the workspace is a fixture of this module, too)
    in_order,
    open_page,
    press,
    private_workspace,
    said,
)

from core.evaluation.results import score_card
from core.jobs import runners
from core.jobs.evaluate import Plan, evaluate_systems
from core.jobs.indexing import update_index
from core.jobs.record import evaluation_folder, read_record, result_files, write_results
from core.workspace import Workspace
from ui.evaluate import results_view
from ui.library.dataset_jobs import Chosen, models_job
from ui.shared.jobs import jobs


@pytest.fixture(scope="module")
def small(
    private_workspace: Path,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SmallSet]:
    """A data set and folders of systems below a server folder."""
    root = tmp_path_factory.mktemp("served")
    settings = private_workspace / "settings.toml"
    made = make_small_set(root, private_workspace)
    settings.write_text(f"server_roots = [{str(made.data)!r}, {str(root)!r}]\n")
    yield made
    settings.unlink()


@pytest.fixture(autouse=True)
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs run in this process: starting workers takes longer than their work here."""
    monkeypatch.setattr(runners, "_local", lambda *_: runners._serial())


@pytest.fixture
def judged(small: SmallSet, private_workspace: Path) -> Path:  # noqa: F811
    """Stored results of two systems."""
    workspace = Workspace(private_workspace)
    plan = Plan(small.data, systems=tuple((n, small.systems[n]) for n in ("near", "late")))
    folder = evaluation_folder(workspace, plan)
    if not folder.exists():
        write_results(folder, result_files(evaluate_systems(workspace, plan), plan))
    return folder


def ask(small: SmallSet, *lines: str) -> AppTest:
    app = open_page("evaluate")
    app.selectbox(key="evaluate data").set_value(str(small.data.resolve()))
    app.multiselect(key="evaluate models").set_value([])
    app.text_area(key="evaluate folders").set_value("\n".join(lines))
    return app.run()


def test_without_server_folders_the_page_says_what_to_do(
    private_workspace: Path,  # noqa: F811
) -> None:
    app = open_page("evaluate")
    in_order(app)
    assert "settings.toml" in said(app) and "No results yet" in said(app)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("near = {root}/near", "4 of 4 clips have a file"),
        ("x = /etc", "in no server folder"),
        ("x = {root}/gone", "There is no folder"),
        ("= {root}/near", "NAME=FOLDER"),
        ("x = {root}/data/video/s1", "Ambiguous, left out: one.mkv (s1/one, s2/one)"),
    ],
    ids=[
        "a folder that matches",
        "a folder outside of the server folders",
        "a folder that is not there",
        "a folder without a name",
        "a folder with a name that two speakers have",
    ],
)
def test_what_a_folder_matches_is_told_before_the_start(
    small: SmallSet, line: str, told: str
) -> None:
    app = ask(small, line.format(root=small.data.parent))
    in_order(app)
    assert told in said(app).replace("\\", "")
    start = app.button(key="start evaluation") if "4 of 4" in told else None
    assert start is None or not start.disabled


def test_start_runs_the_job_and_the_page_shows_its_results(small: SmallSet) -> None:
    app = ask(small, f"near = {small.systems['near']}", f"far = {small.systems['far']}")
    app.number_input(key="evaluate workers").set_value(1).run()
    app.button(key="start evaluation").click().run()
    deadline = time.monotonic() + 100
    while (jobs().running is not None) and time.monotonic() < deadline:
        time.sleep(0.2)
    job = jobs().latest
    assert job is not None and job.state == "ended" and "4 clips" in job.said, job and job.said
    app = open_page("evaluate", evaluation=job.result)
    in_order(app)
    assert "near, far" in app.selectbox(key="evaluation").options[0]
    jobs().forget()


def test_the_library_job_scores_what_models_predict(
    small: SmallSet,
    private_workspace: Path,  # noqa: F811
) -> None:
    workspace = Workspace(private_workspace)
    table, _ = update_index(workspace, small.data, layout="grid")
    chosen = Chosen(small.data, "grid", table, np.arange(2), None)
    job, work = models_job(workspace, chosen, ["anyvoice-lips-live"], 1, scored=True)
    assert work(lambda *_: None).endswith("2 clips are scored.")
    record = read_record(workspace.root / "evaluations" / job.result)
    assert len(record["inputs"]["clips"]) == 2
    assert [words[0] for words in job.commands] == ["data", "evaluate"]


def test_the_summary_shows_systems_null_baselines_and_intervals(judged: Path) -> None:
    app = open_page("evaluate", evaluation=judged.name)
    in_order(app)
    table = app.dataframe[0].value
    assert list(table["system"])[:3] == ["near", "late", "near, mismatched audio"]
    assert "ground truth, 1 s late" in set(table["system"])
    assert table["lip_motion_error"][0].endswith("]") and table["lag_ms"][1].startswith("80")
    assert "late 80 ms" in said(app)
    apart = app.dataframe[1].value
    assert set(apart["lip_motion_error"]) == {"best", apart["lip_motion_error"][1]}
    assert list(app.dataframe[2].value["speaker"])[:2] == ["s1", "s2"]


def test_clips_are_listed_worst_first(judged: Path) -> None:
    app = open_page("evaluate", evaluation=judged.name)
    app.selectbox(key="clips of").set_value("late").run()
    table = app.dataframe[3].value
    assert set(table["clip"]) == set(NAMES)
    errors = list(table["lip_motion_error"])
    assert errors == sorted(errors, reverse=True)
    app.selectbox(key="worst by").set_value("aperture_correlation").run()
    found = list(app.dataframe[3].value["aperture_correlation"])
    assert found == sorted(found) and score_card("aperture_correlation").better == "higher"


def test_the_command_and_the_files_are_there(judged: Path, small: SmallSet) -> None:
    app = open_page("evaluate", evaluation=judged.name)
    command = app.code[-1].value
    assert f"evaluate --data {small.data.resolve()}" in command or "evaluate --data" in command
    assert "--system near=" in command and "rerun results" in command
    labels = [button.proto.label for button in app.get("download_button")]
    assert labels == list(results_view._TITLES.values())
    assert any("\\toprule" in code.value for code in app.code)
