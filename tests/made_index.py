"""Indexes of clips that never were."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.datasets.index import COLUMNS

__all__ = ["synthetic"]


def synthetic(count: int, seed: int = 0) -> pd.DataFrame:
    """An index of clips that never were: 34 speakers, a fifth without landmarks."""
    rng = np.random.default_rng(seed)
    speakers = [f"s{k}" for k in rng.integers(1, 35, count)]
    table = pd.DataFrame(
        {
            "clip": [f"{s}/clip{k:05}" for k, s in enumerate(speakers)],
            "speaker": speakers,
            "layout": "grid",
            "path": [f"video/{s}/clip{k:05}.mpg" for k, s in enumerate(speakers)],
            "sha256": [f"{k:064x}" for k in range(count)],
            "worst": rng.choice(["", "jitter", "jumps"], count),
            "landmarks": "",
            "corrections": "",
            "error": rng.choice(["", "damaged"], count, p=[0.99, 0.01]),
            "variable_rate": rng.random(count) < 0.1,
            "sound": rng.random(count) < 0.9,
        }
    )
    for name, kind in COLUMNS.items():
        if kind == "int64":
            table[name] = rng.integers(0, 1000, count)
        elif kind == "float64":
            table[name] = np.where(rng.random(count) < 0.2, np.nan, rng.uniform(0, 100, count))
    return table[list(COLUMNS)].astype(COLUMNS)
