"""The Alignment page: its tables are the core's, and what it cannot do it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_pages import (  # noqa: F401 (fixtures of this module, too)
    clips,
    in_order,
    open_page,
    panels,
    private_workspace,
    said,
)

from core.align import METHODS, align_frames, leakage_table, residual_by_part
from ui.shared import state


def test_the_table_is_the_leakage_table_and_the_recommended_method_is_named() -> None:
    app = open_page("alignment", state.sample_clip())
    in_order(app)
    rows = leakage_table(state.landmarks(state.sample_clip()))
    table = app.dataframe[0].value
    assert list(table["method"]) == [METHODS[row.method].title for row in rows]
    np.testing.assert_array_equal(table["nose base"], [row.nose_base for row in rows])
    np.testing.assert_array_equal(table["r eye centres"], [row.eye_centres for row in rows])
    best = next(row for row in rows if row.recommended)
    assert list(table["method"][table[""] == "★"]) == [METHODS[best.method].title]
    assert METHODS[best.method].title in said(app)
    assert len(app.get("plotly_chart")) == len(METHODS)


def test_the_other_tab_holds_the_residual_by_part() -> None:
    app = open_page("alignment", state.sample_clip(), tables="Spread by part")
    in_order(app)
    track = state.landmarks(state.sample_clip())
    expected = residual_by_part(align_frames(track, "eyes").track)
    row = app.dataframe[0].value.set_index("method").loc[METHODS["eyes"].title]
    assert {name: row[name] for name in expected} == expected


def test_the_player_holds_the_clip_and_a_panel_for_each_chosen_method() -> None:
    app = open_page("alignment", state.sample_clip())
    app.button_group[-1].set_value(["eyes", "transfer"]).run()
    in_order(app)
    titles = [METHODS["eyes"].title, METHODS["transfer"].title]
    assert panels(app) == ["Before: the clip", *titles]
    assert "--method transfer --back transfer.npz" in app.code[0].value


def test_other_stable_points_change_that_method_alone_and_the_command() -> None:
    app = open_page("alignment", state.sample_clip())
    before = app.dataframe[0].value.set_index("method")["nose base"]
    app.text_input[0].set_value("nose").run()
    in_order(app)
    after = app.dataframe[0].value.set_index("method")["nose base"]
    assert set(before.index[before != after]) == {METHODS["stable"].title}
    assert "--table --points nose" in app.code[0].value


@pytest.mark.parametrize("text", ["ears", "1-2", "-5", "<b>x</b>"])
def test_points_that_are_none_are_told_and_the_page_goes_on(text: str) -> None:
    app = open_page("alignment", state.sample_clip())
    app.text_input[0].set_value(text).run()
    in_order(app)
    assert len(app.error) == 1 and app.error[0].value.endswith(".")
    assert len(app.dataframe) == 1 and panels(app)


def test_the_published_clip_shows_the_published_leak(shared: Path) -> None:
    path = shared / "reference/rep/obama2s.mp4"
    app = open_page("alignment", state.workspace().add_clip(path, path.name))
    in_order(app)
    table = app.dataframe[0].value.set_index("method")
    leak = table.loc[METHODS["procrustes"].title]
    assert leak["r eye centres"] < -0.35 and leak["r eye corners"] < leak["r eye centres"]
    assert np.isnan(table.loc[METHODS["eyes"].title, "r eye corners"])
