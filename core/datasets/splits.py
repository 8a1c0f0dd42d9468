"""Seeded lists of clips to train, validate and test on, by clip or by speaker; their statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..errors import BadInput
from .clips import ClipRef

__all__ = ["SHARES", "draw_lists", "rows_of", "statistics_of"]

SHARES: Mapping[str, float] = {"train": 0.8, "valid": 0.1, "test": 0.1}


def draw_lists(
    clips: Sequence[ClipRef],
    *,
    shares: Mapping[str, float] = SHARES,
    seed: int = 0,
    by: Literal["clip", "speaker"] = "clip",
) -> dict[str, list[ClipRef]]:
    """Deal clips out to lists; every clip stands in exactly one of them.

    The same names and seed give the same lists, whatever the order of ``clips``.

    Parameters
    ----------
    shares : name of each list and its share of the clips; only their ratios count.
    by : 'speaker' keeps all clips of a speaker in one list. Shares are then met as nearly as whole
        speakers let them be, and every list has at least one.

    Raises
    ------
    BadInput : shares that are not above 0, or fewer clips (speakers) than lists.
    """
    wanted = np.array(list(shares.values()), dtype=np.float64)
    if len(wanted) < 1 or not (np.isfinite(wanted).all() and (wanted > 0).all()):
        raise BadInput("Shares of lists are numbers above 0, for example 0.8 0.1 0.1.")
    if by not in ("clip", "speaker"):
        raise BadInput(f"Lists are drawn by clip or by speaker, not by {by!r}.")
    groups: dict[str, list[ClipRef]] = {}
    for clip in sorted(clips, key=lambda c: c.name):
        groups.setdefault(clip.name if by == "clip" else clip.speaker or "", []).append(clip)
    if len(groups) < len(wanted):
        raise BadInput(
            f"{len(groups)} {by}s are too few for {len(wanted)} lists; each list needs at "
            "least one."
        )
    names = sorted(groups)
    order = [names[k] for k in np.random.default_rng(seed).permutation(len(names))]
    goal = wanted / wanted.sum() * sum(len(group) for group in groups.values())
    lists: list[list[ClipRef]] = [[] for _ in wanted]
    for place, name in enumerate(order):
        empty = [k for k, dealt in enumerate(lists) if not dealt]
        # The list that lacks most, in parts of its own goal; the last groups go to empty lists.
        open_lists = empty if len(order) - place <= len(empty) else range(len(lists))
        lacking = max(open_lists, key=lambda k: ((goal[k] - len(lists[k])) / goal[k], goal[k]))
        lists[lacking] += groups[name]
    return {
        name: sorted(dealt, key=lambda c: c.name) for name, dealt in zip(shares, lists, strict=True)
    }


def statistics_of(table: pd.DataFrame) -> dict[str, Any]:
    """Counts of resolutions, frame rates, sound rates, layouts and speakers, and durations, of an
    index (`core.datasets.index.COLUMNS`). Files that could not be read count as such alone.

    Returns
    -------
    dict
        ``resolutions``, ``rates`` (Hz, rounded to hundredths), ``sound_rates``, ``speakers``: clips
        by value, the most frequent first; ``durations``: minimum, percentiles and maximum in
        seconds; ``hours``, ``frames``, ``bytes`` in all.
    """
    good = table[table["error"] == ""]
    video = good[good["frames"] > 0]
    sizes = [f"{w:.0f}x{h:.0f}" for w, h in zip(video["width"], video["height"], strict=True)]
    lasting = good["duration"].dropna().to_numpy()
    marks = {"min": 0, "p5": 5, "median": 50, "p95": 95, "max": 100}
    return {
        "clips": len(table),
        "unreadable": len(table) - len(good),
        "without_video": len(good) - len(video),
        "without_sound": int((~good["sound"]).sum()),
        "variable_rate": int(good["variable_rate"].sum()),
        "resolutions": _counts(pd.Series(sizes, dtype="str")),
        "rates": _counts(video["fps"].round(2)),
        "sound_rates": _counts(good["sound_rate"].dropna()),
        "speakers": _counts(good["speaker"]),
        "durations": {
            name: float(np.percentile(lasting, q)) if len(lasting) else float("nan")
            for name, q in marks.items()
        },
        "hours": float(lasting.sum() / 3600),
        "frames": int(good["frames"].sum()),
        "bytes": int(table["size"].sum()),
    }


def rows_of(statistics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Statistics as rows of a table: ``statistic``, ``value`` (empty for those of the whole data
    set) and ``number``."""
    rows: list[dict[str, Any]] = []
    for name, found in statistics.items():
        parts = found.items() if isinstance(found, Mapping) else [("", found)]
        rows += [{"statistic": name, "value": value, "number": n} for value, n in parts]
    return rows


def _counts(values: pd.Series[Any]) -> dict[str, int]:
    """How often each value is there: the most frequent first, equals in order of the value."""
    counted = values.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    return {
        f"{value:g}" if isinstance(value, float) else str(value): int(n)
        for value, n in counted.items()
    }
