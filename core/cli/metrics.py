"""metrics: predictions against the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from core.cli.console import Done, command
from core.cli.tracks import SourceFps, open_track
from core.metrics import SCORES, interocular, score_clip
from core.reference import remove_identity, shipped_template
from core.reference.identity import read_template

__all__: list[str] = []


@command("metrics")
def metrics_command(
    truth: Annotated[Path, typer.Argument(help="True landmarks.")],
    predictions: Annotated[list[Path], typer.Argument(help="Predicted landmarks.")],
    template: Annotated[Path | None, typer.Option(help="Template face .npy.")] = None,
    source_fps: SourceFps = None,
) -> Done:
    """Score predictions against the truth after identity removal of both onto one template."""
    face = shipped_template() if template is None else read_template(template)
    iod = interocular(face)
    expected = remove_identity(open_track(truth, source_fps), template=face)
    table: dict[str, dict[str, float]] = {}
    for path in predictions:
        given = remove_identity(open_track(path, source_fps), template=face)
        score = score_clip(expected, given, iod=iod)
        spread = float(np.std(score.opening_predicted) / np.std(score.opening_true))
        table[str(path)] = {
            "mouth_rmse": score.mouth_rmse,
            "opening_correlation": score.opening_correlation,
            "variance_ratio": spread,
            "frames": score.frames,
        }
    lines = [
        f"{name}: "
        + ", ".join(
            f"{key} {row[key]:.4f} {card.unit}".removesuffix(" 1") for key, card in SCORES.items()
        )
        + f" ({row['frames']} frames)"
        for name, row in table.items()
    ]
    return Done("\n".join(lines), table)
