"""Print the tables of docs/models.md from the cards of the shipped models:
``python pretrained/table.py``.

Cards of the first kind hold scores with a closed-mouth reference; later ones the headline scores.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

Card = dict[str, Any]
Score = Mapping[str, Any]


def _cards() -> dict[str, Card]:
    registry = tomllib.loads((HERE / "registry.toml").read_text())
    paths = {name: HERE / f"{name}.json" for name in registry["models"]}
    return {n: json.loads(p.read_text()) for n, p in paths.items() if p.exists()}


def _value(score: Score | None, digits: int = 3) -> str:
    """A value and its interval."""
    if score is None:
        return "–"
    value = next(score[k] for k in ("mean", "pooled", "median") if k in score)
    if value is None:
        return "–"
    if score["low"] is None:
        return f"{value:.{digits}f}"
    return f"{value:.{digits}f} [{score['low']:.{digits}f}, {score['high']:.{digits}f}]"


def headline(cards: Mapping[str, Card]) -> list[str]:
    """One row for every test of every model: headline scores beside their null baselines."""
    lines = [
        "| | clips | pooled skill | lips alone (eye5) | lip motion error, IOD | of a face that "
        "never moves | aperture correlation | mismatched audio | width correlation | latency |",
        "|" + "---|" * 10,
    ]
    for name, card in cards.items():
        for test in card["tests"].values():
            model, other = test["scores"]["model"], test["scores"].get("other_sound", {})
            cells = [
                f"**{name}**, {test['title']}",
                str(test["clips"]),
                _value(model["pooled_skill"]),
                _value(model["pooled_skill_eye5"]),
                _value(model["lip_motion_error"], 4),
                _value(model["still_face_error"], 4),
                _value(model["aperture_correlation"]),
                _value(other.get("aperture_correlation")),
                _value(model["width_correlation"]),
                f"{card['speed']['latency_ms']:.0f} ms",
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return lines


def closed_mouth(cards: Mapping[str, Card], test: str) -> list[str]:
    """Scores with a closed-mouth reference, of cards of the first kind."""
    lines = [
        "| | mouth RMSE, IOD (closed-mouth reference) | mean face | opening correlation "
        "(closed-mouth reference) | mismatched audio | lips MSE (closed-mouth reference) |",
        "|---|---|---|---|---|---|",
    ]
    for name, card in cards.items():
        rows = card[test]["scores"]
        model, other, still = (rows[k] for k in ("model", "other_sound", "mean_face"))
        cells = [
            f"**{name}**",
            _value(model["mouth_rmse"], 4),
            _value(still["mouth_rmse"], 4),
            _value(model["opening_correlation"]),
            _value(other["opening_correlation"]),
            f"{model['lips_mse']['mean']:.4f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def noise(cards: Mapping[str, Card]) -> list[str]:
    """Rows: a kind and ratio of noise; the error of models trained with noise minus that of the
    same without."""
    found = {n: c["test_seen_speaker"] for n, c in cards.items() if "noise" in c}
    lines = ["| |" + "".join(f" {n} minus {_plain(c)} |" for n, c in found.items())]
    lines.append("|---" * (len(found) + 1) + "|")
    for label in next(iter(found.values()))["against"]:
        cells = [c["against"][label]["difference"]["mouth_rmse"] for c in found.values()]
        values = (f"{c['mean']:+.4f} [{c['low']:+.4f}, {c['high']:+.4f}]" for c in cells)
        lines.append(f"| {label} | " + " | ".join(values) + " |")
    return lines


def _plain(test: dict[str, Any]) -> str:
    return str(test["against"]["clean"]["model"])


def main() -> None:
    cards = _cards()
    new = {name: card for name, card in cards.items() if "tests" in card}
    old = {name: card for name, card in cards.items() if "test_seen_speaker" in card}
    tables = []
    if new:
        tables.append(headline(new))
    if old:
        tables.append(closed_mouth(old, "test_seen_speaker"))
    if any("noise" in card for card in old.values()):
        tables.append(noise(old))
    for lines in tables:
        print("\n".join(lines), end="\n\n")


if __name__ == "__main__":
    main()
