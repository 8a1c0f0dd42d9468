"""Scores of several predictions as one table: CSV, Markdown, LaTeX or HTML.

Names of predictions are untrusted text and are escaped for the format they land in.
"""

from __future__ import annotations

import csv
import html
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ..errors import BadInput
from . import ScoreCard
from .publications import SCORES, Score

__all__ = ["ARROWS", "TABLE_SUFFIXES", "TEX_ARROWS", "TableFormat", "escape", "score_table"]

TableFormat = Literal["csv", "markdown", "latex", "html"]
TABLE_SUFFIXES: dict[str, TableFormat] = {".csv": "csv", ".md": "markdown", ".tex": "latex"}
"""Format by the ending of a file's name."""

ARROWS = {"higher": "↑", "lower": "↓", "near 1": "→ 1", "near 0": "→ 0"}
TEX_ARROWS = {
    "higher": r"$\uparrow$",
    "lower": r"$\downarrow$",
    "near 1": r"$\to 1$",
    "near 0": r"$\to 0$",
}
_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "[": "{[}",  # after \\ and \midrule these two would be read as options
    "*": "{*}",
}
_MARKDOWN = frozenset("\\`*_[]<>|$~:&")  # inside a cell no block can begin
_FORMULA = ("=", "+", "-", "@")
_DIGITS = 3


def _one_line(text: str) -> str:
    """Without what cannot be printed or would end a line; unpaired surrogates cannot be written."""
    shown = (c if c.isprintable() and not "\ud800" <= c <= "\udfff" else " " for c in text)
    return " ".join("".join(shown).split())


def escape(text: str, format: TableFormat) -> str:
    """A name as one cell shows it.

    In CSV a name that a spreadsheet would run as a formula gets an apostrophe in front; quoting is
    left to the writer of the file.
    """
    line = _one_line(text)
    if format == "csv":
        return f"'{line}" if line.startswith(_FORMULA) else line
    if format == "html":
        return html.escape(line)
    if format == "latex":
        return "".join(_TEX.get(c, c) for c in line)
    return "".join(f"\\{c}" if c in _MARKDOWN else c for c in line)


@dataclass(frozen=True)
class _Column:
    card: ScoreCard
    unit: str
    reference: str

    @property
    def name(self) -> str:
        return self.card.name

    @property
    def heading(self) -> str:
        return self.card.heading(self.unit, self.reference)


def _columns(rows: Sequence[Mapping[str, Score]], format: TableFormat) -> list[_Column]:
    """Scores that any row has, in the order of their cards; those in detail in CSV only."""
    found: list[_Column] = []
    for name, card in SCORES.items():
        units = {row[name].unit for row in rows if name in row}
        if len(units) > 1:
            raise BadInput(
                f"The predictions' {name} have different units ({', '.join(sorted(units))}); "
                "make one table for each."
            )
        if units and (card.place == "main" or format == "csv"):
            reference = next(row[name].reference for row in rows if name in row)
            found.append(_Column(card, units.pop(), reference))
    return found


def _cell(row: Mapping[str, Score], column: _Column, missing: str) -> str:
    score = row.get(column.name)
    if score is None or not math.isfinite(score.value):
        return missing
    return f"{score.value:.{_DIGITS}f}"


def _frames(row: Mapping[str, Score]) -> int:
    return min(score.n for score in row.values())


def _csv(body: Mapping[str, Mapping[str, Score]], columns: Sequence[_Column], _: int) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    heads = [c.name if c.unit == "1" else f"{c.name} ({c.unit})" for c in columns]
    writer.writerow(["prediction", *heads, "frames"])
    for name, row in body.items():
        values = [row[c.name].value if c.name in row else math.nan for c in columns]
        numbers = ["" if not math.isfinite(v) else repr(float(v)) for v in values]
        writer.writerow([escape(name, "csv"), *numbers, _frames(row)])
    return file.getvalue()


def _heads(columns: Sequence[_Column]) -> list[str]:
    heads = []
    for c in columns:
        heads.append(f"{c.heading} {ARROWS.get(c.card.better, '')}".rstrip())
    return ["prediction", *heads, "frames"]


def _markdown(body: Mapping[str, Mapping[str, Score]], columns: Sequence[_Column], _: int) -> str:
    lines = [_heads(columns), ["---", *["---:"] * (len(columns) + 1)]]
    for name, row in body.items():
        cells = [_cell(row, c, "–") for c in columns]
        lines.append([escape(name, "markdown"), *cells, str(_frames(row))])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _html(body: Mapping[str, Mapping[str, Score]], columns: Sequence[_Column], models: int) -> str:
    heads = "".join(f'<th scope="col">{head}</th>' for head in _heads(columns))
    lines = ["<table>", f"<thead><tr>{heads}</tr></thead>", "<tbody>"]
    for number, (name, row) in enumerate(body.items()):
        if number == models:
            lines += ["</tbody>", "<tbody>"]
        cells = [*(_cell(row, c, "–") for c in columns), str(_frames(row))]
        numbers = "".join(f"<td>{cell}</td>" for cell in cells)
        lines.append(f'<tr><th scope="row">{escape(name, "html")}</th>{numbers}</tr>')
    return "\n".join([*lines, "</tbody>", "</table>", ""])


def _latex(body: Mapping[str, Mapping[str, Score]], columns: Sequence[_Column], models: int) -> str:
    heads = ["prediction"]
    for c in columns:
        shown = c.heading.replace("²", "$^2$")
        heads.append(f"{shown} {TEX_ARROWS.get(c.card.better, '')}".rstrip())
    lines = [
        "% needs \\usepackage{booktabs}",
        f"\\begin{{tabular}}{{l{'r' * (len(columns) + 1)}}}",
        "\\toprule",
        " & ".join([*heads, "frames"]) + r" \\",
        "\\midrule",
    ]
    for number, (name, row) in enumerate(body.items()):
        if number == models:
            lines.append("\\midrule")
        cells = [_cell(row, c, "--") for c in columns]
        lines.append(" & ".join([escape(name, "latex"), *cells, str(_frames(row))]) + r" \\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


_WRITERS: dict[str, Callable[[Mapping[str, Mapping[str, Score]], Sequence[_Column], int], str]] = {
    "csv": _csv,
    "markdown": _markdown,
    "latex": _latex,
    "html": _html,
}


def score_table(
    scores: Mapping[str, Mapping[str, Score]],
    format: TableFormat,
    *,
    nulls: Mapping[str, Mapping[str, Score]] | None = None,
) -> str:
    """One row for every prediction, one column for every score that any of them has.

    The headline scores stand first. Scores in detail (`ScoreCard.place`) are written to CSV only.

    Parameters
    ----------
    scores : of each prediction by its name, as `score_track` gives them; names are untrusted text
    format : csv holds every digit and leaves unknown numbers empty; the others (latex: booktabs,
        html: a bare table element) round to three decimals; arrows show which way is better
    nulls : what doing nothing scores, in rows below the others

    Returns
    -------
    str, ending in a line break. Scores that are NaN or not taken are left open.

    Raises
    ------
    BadInput : unknown format, nothing to show, a score in two units, a null named as a prediction.
    """
    if format not in get_args(TableFormat):
        known = ", ".join(get_args(TableFormat))
        raise BadInput(f"A table of scores is written as {known}, not {format!r}.")
    others = nulls or {}
    if same := set(scores) & set(others):
        raise BadInput(
            f"{min(same)!r} names a prediction and a null baseline; give one another name."
        )
    body = {**scores, **others}
    columns = _columns(list(body.values()), format)
    if not columns or not all(body.values()):
        raise BadInput("A table of scores needs at least one prediction with a score.")
    return _WRITERS[format](body, columns, len(scores))
