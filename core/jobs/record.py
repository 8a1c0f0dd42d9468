"""The record of an evaluation: what its numbers were made of, and whether they come out again."""

from __future__ import annotations

import hashlib
import json
import platform
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import BadInput, OutputExists
from ..evaluation.results import checked_results, clips_csv, result_table
from ..files import MAX_TEXT, atomic_write, read_plain
from ..keys import result_key
from ..package import program
from ..workspace import Workspace
from .evaluate import Evaluated, Plan

__all__ = [
    "FILES",
    "Difference",
    "compared_runs",
    "evaluation_folder",
    "read_record",
    "read_results",
    "result_files",
    "stored_evaluations",
    "write_results",
]

FILES = ("results.json", "clips.csv", "table.md", "table.tex")
"""What an evaluation writes; record.json holds the hash of each."""

RECORD = "record.json"

_PACKAGES = ("numpy", "scipy", "torch", "av", "dlib-bin", "opencv-python-headless", "scikit-learn")


def result_files(evaluated: Evaluated, plan: Plan) -> dict[str, bytes]:
    """The files of an evaluation by name; no clock times, so that equal runs give equal bytes."""
    results = evaluated.results.to_json()
    files = {
        "results.json": json.dumps(results, indent=1),
        "clips.csv": clips_csv(results),
        "table.md": result_table(results, "markdown"),
        "table.tex": result_table(results, "latex"),
    }
    written = {name: text.encode() for name, text in files.items()}
    record = {
        "schema": 1,
        "kind": "evaluation",
        "command": program(shlex.join(plan.words())),
        "parameters": plan.to_json(),
        "inputs": evaluated.inputs,
        "versions": versions(),
        "outputs": {name: hashlib.sha256(data).hexdigest() for name, data in written.items()},
    }
    return {**written, RECORD: json.dumps(record, indent=1).encode()}


def evaluation_folder(workspace: Workspace, plan: Plan) -> Path:
    """Where the app stores the results of a plan."""
    return workspace.root / "evaluations" / result_key(kind="evaluation", **plan.to_json())[:16]


def stored_evaluations(workspace: Workspace) -> list[Path]:
    """Folders of finished evaluations of the app, the newest first."""
    found = [path.parent for path in (workspace.root / "evaluations").glob(f"*/{RECORD}")]
    return sorted(found, key=lambda path: (path / RECORD).stat().st_mtime_ns, reverse=True)


def versions() -> dict[str, str]:
    """Versions of Python, of this program and of the packages that numbers depend on."""
    found = {"python": platform.python_version(), "speechmarks": __version__}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def write_results(out: Path, files: Mapping[str, bytes], *, force: bool = False) -> None:
    """Write the files of `result_files`; the record is written last.

    Raises
    ------
    OutputExists : one of them is there with other content.
    """
    for name, data in files.items():
        path = out / name
        if not force and path.exists() and path.read_bytes() != data:
            raise OutputExists(f"{str(path)!r} exists already; use --force to replace it.")
    for name, data in files.items():
        out.mkdir(parents=True, exist_ok=True)
        atomic_write(out / name, data)


def _folder(result: Path) -> Path:
    return result if result.is_dir() else result.parent


def read_results(result: Path) -> dict[str, Any]:
    """results.json of a folder, or of any file in it.

    Raises
    ------
    MissingFile, BadInput : there is none.
    """
    return checked_results(_json(_folder(result) / "results.json"))


def read_record(result: Path) -> dict[str, Any]:
    """record.json of a folder, or of any file in it.

    Raises
    ------
    MissingFile, BadInput : there is none, or of something else.
    """
    found = _json(_folder(result) / RECORD)
    if not isinstance(found, dict) or found.get("kind") != "evaluation":
        raise BadInput("Expected record.json of an evaluation; got another file.")
    return found


def _json(path: Path) -> Any:
    try:
        return json.loads(read_plain(path, MAX_TEXT))
    except ValueError as error:
        raise BadInput(
            f"{path.name!r} is no JSON file; give the folder of an evaluation."
        ) from error


@dataclass(frozen=True)
class Difference:
    """How a repeated run differs from the recorded one.

    Attributes
    ----------
    changed : inputs and versions that are others by now, for people
    largest : {score: largest absolute difference} of numbers that differ
    missing : numbers that only one of the runs has
    """

    changed: tuple[str, ...]
    largest: Mapping[str, float]
    missing: int

    @property
    def identical(self) -> bool:
        """Whether all numbers are the same to the last digit."""
        return not self.largest and not self.missing


def compared_runs(result: Path, again: Mapping[str, bytes]) -> Difference:
    """Compare the files of a repeated run with those in a folder.

    Raises
    ------
    MissingFile, BadInput : as `read_results` and `read_record`.
    """
    before, after = read_record(result), json.loads(again[RECORD])
    changed = [
        f"{' '.join(path)}: {_short(old)}, now {_short(new)}"
        for part in ("inputs", "versions")
        for path, old, new in _apart(before.get(part), after[part])
    ]
    largest: dict[str, float] = {}
    missing = 0
    for path, old, new in _apart(read_results(result), json.loads(again["results.json"])):
        if isinstance(old, (int, float)) and isinstance(new, (int, float)):
            name = _score_of(path)
            largest[name] = max(largest.get(name, 0.0), abs(float(old) - float(new)))
        else:
            missing += 1
    return Difference(tuple(changed), largest, missing)


def _short(value: Any) -> str:
    return "absent" if value is None else str(value)[:12]


def _score_of(path: tuple[str, ...]) -> str:
    """The name of the score that a number of results.json belongs to."""
    values = ("mean", "median", "pooled", "low", "high", "clips", "by_speaker", "speakers")
    return next((part for part in reversed(path) if part not in values), "number")


def _apart(
    one: Any, other: Any, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Leaves in which two JSON values differ; a leaf that one lacks is None."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys([*one, *other]):
            yield from _apart(one.get(key), other.get(key), (*path, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from _apart(a, b, (*path, str(number)))
    elif one != other:
        yield path, one, other
