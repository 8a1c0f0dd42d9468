"""From a folder of clips and two folders of results to the LaTeX table, in Chromium."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, run_streamlit
from small_set import make_small_set

PATIENCE = 90_000  # ms; two busy cores


def test_from_a_folder_of_clips_to_the_latex_table(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("SPEECHMARKS_HOME", str(home))
    small = make_small_set(tmp_path / "served", home)
    roots = [str(small.data), str(tmp_path / "served")]
    (home / "settings.toml").write_text(f"server_roots = {roots}\n")
    app = tmp_path / "app"
    app.mkdir()
    for name in ("app.py", "pages", "ui", ".streamlit"):
        (app / name).symlink_to(ROOT / name)
    page.set_default_timeout(PATIENCE)
    with run_streamlit(app / "app.py", home=home) as root:
        page.goto(f"{root}/evaluate")
        page.get_by_label("Clear all").click()
        folders = page.get_by_role("textbox", name="Folders of videos")
        folders.fill("\n".join(f"{name} = {small.systems[name]}" for name in ("near", "late")))
        folders.press("Control+Enter")
        page.get_by_text("4 of 4 clips have a file").nth(1).wait_for()
        page.get_by_role("button", name="Start: 2 systems on 4 clips").click()
        page.get_by_text("4 clips scored in").wait_for()
        page.get_by_text("late 80 ms").wait_for()
        with page.expect_download() as download:
            page.get_by_role("button", name="LaTeX table").click()
        latex = Path(download.value.path()).read_text()
        assert "\\toprule" in latex and "\\textbf" in latex and "ground truth, 1 s late" in latex
        page.get_by_role("tab", name="By clip").click()
        page.get_by_text("Select a row to open the clip on Compare.").wait_for()
