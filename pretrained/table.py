"""Print what README says about the shipped models, from their cards:
``python pretrained/table.py``.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def _cards() -> dict[str, Any]:
    registry = tomllib.loads((HERE / "registry.toml").read_text())
    paths = {name: HERE / f"{name}.json" for name in registry["models"]}
    return {n: json.loads(p.read_text()) for n, p in paths.items() if p.exists()}


def _value(score: dict[str, float]) -> str:
    return f"{score['mean']:.4f} [{score['low']:.4f}, {score['high']:.4f}]"


def _short(score: dict[str, float]) -> str:
    return f"{score['mean']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"


def scores(test: str) -> list[str]:
    """Rows: RMSE beside the mean face's, correlation beside the other sound's, HUM's lip MSE."""
    lines = [
        "| | mouth RMSE, IOD | of a still mean face | correlation of mouth opening | of another "
        "clip's sound | lip MSE |",
        "|---|---|---|---|---|---|",
    ]
    for name, card in _cards().items():
        rows = card[test]["scores"]
        model, other, still = (rows[k] for k in ("model", "other_sound", "mean_face"))
        cells = [
            f"**{name}**",
            _value(model["mouth_rmse"]),
            _value(still["mouth_rmse"]),
            _short(model["opening_correlation"]),
            _short(other["opening_correlation"]),
            f"{model['lips_mse']['mean']:.4f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def noise() -> list[str]:
    """Rows: a kind and ratio of noise; RMSE of every model that was scored in it."""
    cards = {n: c["test_seen_speaker"] for n, c in _cards().items() if "noise" in c}
    lines = ["| |" + "".join(f" {n} minus {_plain(c)} |" for n, c in cards.items())]
    lines.append("|---" * (len(cards) + 1) + "|")
    for label in next(iter(cards.values()))["against"]:
        cells = [c["against"][label]["difference"]["mouth_rmse"] for c in cards.values()]
        values = (f"{c['mean']:+.4f} [{c['low']:+.4f}, {c['high']:+.4f}]" for c in cells)
        lines.append(f"| {label} | " + " | ".join(values) + " |")
    return lines


def _plain(test: dict[str, Any]) -> str:
    return str(test["against"]["clean"]["model"])


def main() -> None:
    for lines in (scores("test_seen_speaker"), scores("test_unseen_speakers"), noise()):
        print("\n".join(lines), end="\n\n")


if __name__ == "__main__":
    main()
