"""Write a model card from a training run and its evaluations; no number is typed by hand.

python -m pretrained.make_card RUN OUT.json --facts FACTS.json --command "python -m core train ..."
    --test seen "other clips of speaker s1" SEEN/scores.json "python -m core evaluate ..."
    --test unseen "speakers who are not in the training data" UNSEEN/scores.json "..."
    [--seed seen OTHER_SEED/scores.json] ... [--leave-one-speaker-out LOSO.json]

Of each scores.json the model is taken whose name, or file's name, is that of OUT; of the files of
other seeds the only model, whatever its name. docs/cards.md describes the files.
"""

from __future__ import annotations

import argparse
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from core.evaluation.model_card import card_test, model_card, seed_spread
from core.models import family

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "dlib-bin")


def _scores(path: Path, name: str | None = None) -> dict[str, Any]:
    """What scores.json says of a model; of the only one where no name is given."""
    table: dict[str, Any] = json.loads(path.read_text())
    found = [v for k, v in table.items() if name is None or name in (k, Path(k).stem)]
    if len(found) != 1:
        raise SystemExit(f"{path}: expected one model {name or ''}, got {', '.join(table)}.")
    return dict(found[0])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of the training run")
    parser.add_argument("out", type=Path, help="the card, named like the model")
    parser.add_argument("--facts", type=Path, required=True, help="data and licences, JSON")
    parser.add_argument("--command", required=True, help="how the weights were trained")
    parser.add_argument(
        "--test",
        nargs=4,
        action="append",
        required=True,
        metavar=("NAME", "TITLE", "SCORES", "COMMAND"),
    )
    parser.add_argument("--seed", nargs=2, action="append", default=[], metavar=("NAME", "SCORES"))
    parser.add_argument("--leave-one-speaker-out", type=Path, metavar="JSON")
    arguments = parser.parse_args()
    run = json.loads((arguments.run / "curves.json").read_text())
    own = {name: _scores(Path(file), arguments.out.stem) for name, _, file, _ in arguments.test}
    tests = {
        name: card_test(own[name], title=title, command=command)
        for name, title, _, command in arguments.test
    }
    others: dict[str, list[dict[str, Any]]] = {}
    for name, file in arguments.seed:
        others.setdefault(name, [own[name]]).append(_scores(Path(file)))
    kind = family(run["family"])
    loso = arguments.leave_one_speaker_out
    card = model_card(
        run,
        json.loads(arguments.facts.read_text()),
        tests,
        architecture=f"{kind.title}; after {kind.paper}",
        command=arguments.command,
        speed=next(iter(own.values()))["speed"],
        versions={
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
        seeds={name: seed_spread(scores) for name, scores in others.items()},
        leave_one_speaker_out=None if loso is None else json.loads(loso.read_text()),
    )
    arguments.out.write_text(json.dumps(card, indent=1) + "\n")


if __name__ == "__main__":
    main()
