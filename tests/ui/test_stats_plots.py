"""Figures of a data set: what they count, and labels that work as nothing but text."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.index import COLUMNS
from ui.library.stats_plots import MOST, bars, histogram


def test_bars_add_up_to_all_clips() -> None:
    counts = {f"s{k}": 50 - k for k in range(40)}
    figure = bars(counts)
    assert len(figure.data[0].x) == MOST and sum(figure.data[0].x) == sum(counts.values())
    assert figure.layout.yaxis.ticktext[-1] == "33 others"
    assert list(bars({"25": 3, "30": 1}).data[0].x) == [3, 1]


@pytest.mark.parametrize("name", ["<b>bold</b>", "<script>x</script>", "a\nb", "x" * 900, ""])
def test_names_are_shown_and_never_work(name: str) -> None:
    figure = bars({name: 1})
    shown = figure.layout.yaxis.ticktext[0]
    assert shown and "<" not in shown and "\n" not in shown and len(shown) < 60
    assert figure.data[0].customdata[0][0] == shown


@pytest.mark.parametrize("count", [0, 1, 2, 5000])
def test_a_histogram_counts_every_known_value_once(count: int) -> None:
    values = np.random.default_rng(0).uniform(1, 9, count + 1)
    values[0] = np.nan
    bar = histogram(values, "seconds").data[0]
    assert sum(bar.y) == count and len(bar.x) <= 30


def page(count: int) -> None:
    """The statistics of an index with so many clips, one of them unreadable."""
    import numpy as np

    from core.datasets.index import COLUMNS, as_table
    from ui.library.stats_plots import show_statistics

    blank = {"str": "", "int64": 0, "bool": False, "float64": float("nan")}
    base = {name: blank[kind] for name, kind in COLUMNS.items()}
    film = {"width": 360.0, "height": 288.0, "fps": 25.0, "frames": 75, "duration": 3.0}
    rows = [{**base, **film, "speaker": f"s{k % 3}", "sound": True} for k in range(count)]
    rows.append({**base, "error": "damaged"})
    assert np.isnan(rows[-1]["duration"])
    show_statistics(as_table(rows))


@pytest.mark.parametrize("count", [0, 1, 30])
def test_the_figures_of_an_index(count: int) -> None:
    at = AppTest.from_function(page, args=(count,), default_timeout=30).run()
    assert not at.exception
    if count == 0:
        assert "no statistics" in at.info[0].value
        return
    assert "1 unreadable" in at.markdown[0].value and f"{75 * count}" in at.markdown[
        0
    ].value.replace(" ", "")
    titles = [c.value for c in at.caption]
    assert titles == ["Picture size in pixels", "Frames per second", "Duration", "Speakers"]
    assert len(at.get("plotly_chart")) == 4


def test_the_columns_that_are_counted_are_there() -> None:
    assert {"width", "height", "fps", "duration", "speaker", "sound_rate"} <= set(COLUMNS)
