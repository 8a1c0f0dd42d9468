"""Systems to judge: models, folders of landmark files, folders of videos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..datasets import ClipRef
from ..datasets.matching import Matching, is_video, match_files
from ..errors import BadInput
from ..evaluation.runner import ROWS
from ..models import load_model
from ..models.store import weights_of

__all__ = ["System", "open_systems", "parse_system"]

_RESERVED = {*ROWS, "ground truth"}


@dataclass(frozen=True)
class System:
    """A system to judge.

    Attributes
    ----------
    name : for tables; untrusted text
    kind : 'model', 'tracks' (landmark files), 'videos', or 'files' where both were matched
    source : name of the registry, weight file, or folder
    matching : which file belongs to which clip; empty for a model
    """

    name: str
    kind: Literal["model", "tracks", "videos", "files"]
    source: str
    matching: Matching = field(default_factory=lambda: Matching({}), repr=False)

    def to_json(self) -> dict[str, Any]:
        """What results say of it; no path, since results are read on other machines."""
        facts: dict[str, Any] = {"kind": self.kind, "source": Path(self.source).name}
        return facts if self.kind == "model" else {**facts, "matching": self.matching.to_json()}


def parse_system(text: str) -> tuple[str, Path]:
    """The name and the folder of 'NAME=FOLDER'; of a folder alone its own name.

    Raises
    ------
    BadInput : no name or no folder.
    """
    name, equals, folder = text.partition("=")
    if not equals:
        name, folder = Path(text).name, text
    if not name.strip() or not folder:
        raise BadInput(f"Expected a system as NAME=FOLDER; got {text[:80]!r}.")
    return name.strip(), Path(folder)


def open_systems(
    clips: Sequence[ClipRef],
    models: Sequence[str],
    folders: Sequence[tuple[str, Path]],
) -> list[System]:
    """The systems of an evaluation, each with its files matched to the clips.

    Parameters
    ----------
    models : names of the registry, or weight files
    folders : (name, folder or file), as of `parse_system`

    Raises
    ------
    BadInput : no system; two of one name; a folder without a file of any clip.
    MissingFile, WeightsError : a model or folder that is not there.
    """
    found = [System(_model_name(name), "model", _source(name)) for name in models]
    for name, folder in folders:
        matching = match_files(clips, folder)
        if not matching.files:
            raise BadInput(_nothing(name, folder, clips, matching))
        seen = {is_video(path) for path in matching.files.values()}
        kind: Literal["tracks", "videos", "files"] = (
            "files" if len(seen) > 1 else "videos" if True in seen else "tracks"
        )
        found.append(System(name, kind, str(folder), matching))
    if not found:
        raise BadInput("Expected at least one system to judge; give --model or --system.")
    names = [system.name for system in found]
    if twice := {name for name in names if names.count(name) > 1 or name in _RESERVED}:
        raise BadInput(
            f"Expected a different name for every system; {min(twice)!r} is taken. Give another "
            "name with --system NAME=FOLDER."
        )
    return found


def _model_name(name: str) -> str:
    load_model(name)  # a model that cannot be opened is refused before the work begins
    return name if Path(name) != weights_of(name) else Path(name).stem


def _source(name: str) -> str:
    return name if Path(name) != weights_of(name) else str(Path(name).resolve())


def _nothing(name: str, folder: Path, clips: Sequence[ClipRef], matching: Matching) -> str:
    unclear = next(iter(matching.ambiguous.items()), None)
    if unclear is not None:
        told = " or ".join(unclear[1][:3])
        return (
            f"Expected one file for each clip in {str(folder)!r}; {unclear[0]!r} may belong to "
            f"{told}. Put the files into folders named after the speakers."
        )
    file = next(iter(matching.unmatched_files), "none")
    return (
        f"Expected files named after the clips in the folder of {name!r} (such as "
        f"{clips[0].name!r}); got {file!r}. Name each file after its clip."
    )
