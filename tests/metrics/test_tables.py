"""Tables of scores: the same numbers in every format, and names that stay text."""

from __future__ import annotations

import csv
import html
import io
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.evaluation.publications import Score
from core.evaluation.tables import TableFormat, escape, score_table

NO_TIMES = np.empty(0)


def score(value: float, unit: str = "IOD", n: int = 250) -> Score:
    return Score(value, n, unit, None, NO_TIMES)


def closed(value: float, unit: str = "IOD") -> Score:
    return Score(value, 250, unit, None, NO_TIMES, "closed-mouth reference")


ROWS = {
    "cnn": {"mouth_rmse": closed(0.12345), "skill": score(0.5, "1"), "skill_at_lag": score(0.6)},
    "a_b": {"mouth_rmse": closed(0.2), "lips_mse": score(0.04, "eye5^2", n=249)},
}
NULLS = {"mean face": {"mouth_rmse": closed(0.3), "skill": score(float("nan"), "1")}}


def test_a_csv_holds_every_digit_and_leaves_unknown_numbers_empty() -> None:
    read = list(csv.reader(io.StringIO(score_table(ROWS, "csv", nulls=NULLS))))
    assert read == [
        [
            "prediction",
            "skill",
            "skill_at_lag (IOD)",
            "mouth_rmse (IOD)",
            "lips_mse (eye5^2)",
            "frames",
        ],
        ["cnn", "0.5", "0.6", "0.12345", "", "250"],
        ["a_b", "", "", "0.2", "0.04", "249"],
        ["mean face", "", "", "0.3", "", "250"],
    ]


def test_markdown_says_the_unit_and_which_way_is_better() -> None:
    assert score_table(ROWS, "markdown", nulls=NULLS) == (
        "| prediction | skill ↑ | mouth RMSE (IOD) (closed-mouth reference) ↓ "
        "| lips MSE (eye5²) ↓ | frames |\n"
        "| --- | ---: | ---: | ---: | ---: |\n"
        "| cnn | 0.500 | 0.123 | – | 250 |\n"
        "| a\\_b | – | 0.200 | 0.040 | 249 |\n"
        "| mean face | – | 0.300 | – | 250 |\n"
    )


def test_latex_is_a_booktabs_table_with_the_nulls_set_apart() -> None:
    lines = score_table(ROWS, "latex", nulls=NULLS).splitlines()
    assert lines[1:-2] == [
        r"\begin{tabular}{lrrrr}",
        r"\toprule",
        r"prediction & skill $\uparrow$ & mouth RMSE (IOD) (closed-mouth reference) "
        r"$\downarrow$ & lips MSE (eye5$^2$) $\downarrow$ & frames \\",
        r"\midrule",
        r"cnn & 0.500 & 0.123 & -- & 250 \\",
        r"a\_b & -- & 0.200 & 0.040 & 249 \\",
        r"\midrule",
        r"mean face & -- & 0.300 & -- & 250 \\",
    ]
    assert lines[-2:] == [r"\bottomrule", r"\end{tabular}"]


@given(name=st.text(st.characters()))
@pytest.mark.parametrize("format", ["csv", "markdown", "latex", "html"])
def test_no_name_breaks_a_table(format: TableFormat, name: str) -> None:
    table = score_table({name: {"rmse": score(1.0)}, name + "x": {"rmse": score(1.0)}}, format)
    table.encode()
    rows = table.splitlines()
    assert len(rows) == {"csv": 3, "markdown": 4, "latex": 9, "html": 7}[format]
    shown = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if format == "csv":
        cell = next(csv.reader([rows[1]]))[0]
        assert cell.removeprefix("'") == shown.removeprefix("'")
        assert not cell.startswith(("=", "+", "-", "@"))
    elif format == "markdown":
        cells = re.split(r"(?<!\\)(?:\\\\)*\|", rows[2])
        assert len(cells) == 5
        assert re.sub(r"\\(.)", r"\1", rows[2]).startswith(f"| {shown} |")
    elif format == "html":
        cells = re.findall(r"<th scope=.row.>(.*?)</th>", rows[3])
        assert [html.unescape(cell) for cell in cells] == [shown]
        assert not set(cells[0]) & set("<>\"'")
    else:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*&", rows[5])) == 2
        body = re.sub(r"\\(text[a-z]+\{\}|[{}$&#%_])|\{[\[*]\}", "", escape(name, "latex"))
        assert not set(body) & set('\\{}$&#%_^~<>|"[*')


@pytest.mark.parametrize(
    ("rows", "format", "reason"),
    [
        (ROWS, "xls", "csv, markdown, latex, html"),
        ({}, "csv", "at least one"),
        ({"a": {}}, "csv", "at least one"),
        (
            {"a": {"rmse": score(1)}, "b": {"rmse": score(1, "pixel")}},
            "csv",
            "different units .IOD, pixel",
        ),
    ],
    ids=["an unknown format", "no rows", "a row without scores", "one score in two units"],
)
def test_refusals_say_why(
    rows: dict[str, dict[str, Score]], format: TableFormat, reason: str
) -> None:
    with pytest.raises(BadInput, match=reason):
        score_table(rows, format)


def test_a_null_cannot_hide_a_prediction() -> None:
    with pytest.raises(BadInput, match="another name"):
        score_table(ROWS, "csv", nulls={"cnn": ROWS["cnn"]})
