"""Write a model card from a training run and its evaluations; no number is typed by hand.

python pretrained/make_card.py RUN SEEN/scores.json UNSEEN/scores.json OUT.json --command "..."

The scores of the model whose name, or file's name, is the card's own are taken.
"""

from __future__ import annotations

import argparse
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from core.models import family


def _scores(path: Path, name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(path.read_text())
    return dict(next(v for k, v in table.items() if Path(k).stem == name))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("run", "seen", "unseen", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--command", required=True, help="how the weights were trained")
    parser.add_argument("--evaluation", required=True, help="how they were scored")
    parser.add_argument("--noise", default="", help="what noise they were trained with")
    arguments = parser.parse_args()
    run = json.loads((arguments.run / "curves.json").read_text())
    seen, unseen = (_scores(p, arguments.out.stem) for p in (arguments.seen, arguments.unseen))
    for scored in (seen, unseen):
        scored.pop("by_clip")  # one number a clip: scores.json has them
    if run["options"]["start"]:
        run["options"]["start"] = Path(run["options"]["start"]).name
    best = min(run["curves"], key=lambda row: row["mouth_rmse"])
    kind, averaged = family(run["family"]), run["averaged"]
    card = {
        "data": "GRID corpus, speaker s1 (one face, 360 x 288, 25 fps, 3 s clips)",
        "licence_of_data": "CC BY 4.0",
        "attribution": "Cooke, Barker, Cunningham, Shao 2006, An audio-visual corpus for speech "
        "perception and automatic speech recognition, J. Acoust. Soc. Am. 120",
        "licence": "Apache-2.0, with the attribution above",
        "split": f"by clip: {run['training_clips']} training, {run['validation_clips']} "
        f"validation, {seen['clips']} test clips of the same speaker",
        "architecture": f"{kind.title}; after {kind.paper}",
        "recipe": {**run["options"], **run["recipe"], "precision": run.get("precision", "float32")},
        **({"noise": arguments.noise} if arguments.noise else {}),
        "command": arguments.command,
        "evaluation": arguments.evaluation,
        "epoch": averaged["epochs"] if averaged and averaged["kept"] else best["epoch"],
        "curves": run["curves"],
        "test_seen_speaker": seen,
        "test_unseen_speakers": unseen,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "numpy", "scikit-learn", "dlib-bin")},
        },
    }
    arguments.out.write_text(json.dumps(card, indent=1) + "\n")


if __name__ == "__main__":
    main()
