"""Which file of a folder belongs to which clip, by name alone.

Results of other programs come as a folder of videos or landmark files named after the clips. The
rules of `match_files` are strict: what could mean two things is listed, and never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ..errors import BadInput, MissingFile
from ..tracks.io import TRACK_SUFFIXES
from .clips import VIDEO_SUFFIXES, ClipRef, below, inside

__all__ = ["RULES", "Matching", "is_video", "match_files"]

RULES = (
    "the path of the file ends with the name of the clip (s1/bbaf2n.mp4 for s1/bbaf2n)",
    "the file has the name of the clip without its speaker (bbaf2n.mp4)",
    "the folder of the file has the name of the clip, with or without its ending "
    "(bbaf2n.mkv/predicted.npy, as the command generate writes)",
    "the name of the clip stands in the name of the file between '_', '-', '.', blanks or its ends "
    "(ours_bbaf2n-25fps.mp4, s1_bbaf2n.npy)",
)
"""The rules, strictest first; the first that holds decides."""

_SEPARATORS = r"[_\-. ]"
_PREDICTED = "predicted"  # the file that `generate` writes beside others


@dataclass(frozen=True)
class Matching:
    """Which file belongs to which clip.

    Attributes
    ----------
    files : by the name of the clip
    unmatched_clips : names of clips without a file
    unmatched_files : videos and landmark files that name no clip, relative to the folder
    ambiguous : {clip or file: what it could mean}; these clips have no file
    """

    files: Mapping[str, Path]
    unmatched_clips: tuple[str, ...] = ()
    unmatched_files: tuple[str, ...] = ()
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """What was not matched, for records and tables."""
        return {
            "matched": len(self.files),
            "clips_without_file": list(self.unmatched_clips),
            "files_without_clip": list(self.unmatched_files),
            "ambiguous": {name: list(found) for name, found in self.ambiguous.items()},
        }


def is_video(path: Path) -> bool:
    """Whether a file is a video by its ending; else it is a landmark file."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def match_files(clips: Sequence[ClipRef], source: Path | str) -> Matching:
    """Match the videos and landmark files of a folder to clips.

    Each file goes to the clip that the strictest of `RULES` names; of two clips named by the same
    rule, to that with the longer name. A file that names the speaker of another clip (in a folder
    or in its name) is never matched. Where a clip has several files by the same rule, a landmark
    file goes before a video, and 'predicted' before the other files of that folder. Letters are
    compared without regard to case.

    Parameters
    ----------
    clips : sequence of ClipRef
    source : path-like
        A folder, searched with all folders in it; or one file, for one clip.

    Raises
    ------
    MissingFile : no such folder or file.
    BadInput : no video or landmark file in it; one file for several clips.
    """
    root = Path(source)
    if root.is_file():
        if len(clips) != 1:
            raise BadInput(
                f"Expected a folder with a file for each of {len(clips)} clips; got the file "
                f"{root.name!r}."
            )
        return Matching({clips[0].name: root})
    if not root.is_dir():
        raise MissingFile(f"There is no folder {str(root)!r}; check the path of the system.")
    files = sorted(_candidates(root))
    if not files:
        endings = ", ".join(sorted(VIDEO_SUFFIXES | set(TRACK_SUFFIXES)))
        raise BadInput(f"Expected videos or landmark files ({endings}) in {str(root)!r}; got none.")
    return _matched([_Name.of(clip) for clip in clips], root, files)


def _candidates(root: Path) -> Iterator[Path]:
    endings = VIDEO_SUFFIXES | set(TRACK_SUFFIXES)
    for path in root.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
        if path.suffix.lower() in endings and not hidden and inside(root, path):
            yield path


@dataclass(frozen=True)
class _Name:
    """The name of a clip, taken apart; all in lower case but the name itself."""

    name: str
    parts: tuple[str, ...]
    file: str

    @classmethod
    def of(cls, clip: ClipRef) -> _Name:
        parts = PurePosixPath(clip.name.casefold()).parts
        return cls(clip.name, parts, clip.path.name.casefold())

    @property
    def stem(self) -> str:
        return self.parts[-1]

    @property
    def group(self) -> str:
        """The speaker, or folder, that stands before the name; '' where there is none."""
        return self.parts[-2] if len(self.parts) > 1 else ""

    def rule(self, folders: tuple[str, ...], stem: str) -> int | None:
        """The number of the strictest rule by which a file is that of the clip."""
        path = (*folders, stem)
        if path[-len(self.parts) :] == self.parts:
            return 0
        if stem == self.stem:
            return 1
        if folders and folders[-1] in (self.stem, self.file):
            return 2
        return 3 if _stands_in(self.stem, stem) else None


def _stands_in(name: str, text: str) -> bool:
    if name not in text:
        return False
    pattern = rf"(?:^|{_SEPARATORS}){re.escape(name)}(?:{_SEPARATORS}|$)"
    return re.search(pattern, text) is not None


def _matched(names: Sequence[_Name], root: Path, files: Sequence[Path]) -> Matching:
    groups = {name.group for name in names} - {""}
    given: dict[str, list[tuple[int, Path]]] = {name.name: [] for name in names}
    lost: list[str] = []
    unclear: dict[str, tuple[str, ...]] = {}
    for path in files:
        where = below(root, path)
        *folders, last = PurePosixPath(where.casefold()).parts
        stem = last.removesuffix(path.suffix.casefold())
        found = _owners(names, groups, tuple(folders), stem)
        if not found:
            lost.append(where)
        elif len(found) > 1:
            unclear[where] = tuple(name.name for _, name in found)
        else:
            ((rule, owner),) = found
            given[owner.name].append((rule, path))
    chosen: dict[str, Path] = {}
    for name, held in given.items():
        best = _best(held)
        if len(best) == 1:
            chosen[name] = best[0]
        elif best:
            unclear[name] = tuple(below(root, path) for path in best)
    missing = tuple(name for name in given if name not in chosen and name not in unclear)
    return Matching(chosen, missing, tuple(lost), unclear)


def _owners(
    names: Sequence[_Name], groups: set[str], folders: tuple[str, ...], stem: str
) -> list[tuple[int, _Name]]:
    """The clips that a file may belong to, each with its rule: one, where it is clear."""
    found: list[tuple[int, _Name]] = []
    for name in names:
        rule = name.rule(folders, stem)
        if rule is not None and not _contradicts(name, groups, folders, stem):
            found.append((rule, name))
    if not found:
        return []
    strictest = min(rule for rule, _ in found)
    found = [(rule, name) for rule, name in found if rule == strictest]
    longest = max(len(name.stem) for _, name in found)
    return [(rule, name) for rule, name in found if len(name.stem) == longest]


def _contradicts(name: _Name, groups: set[str], folders: tuple[str, ...], stem: str) -> bool:
    """Whether the file names a speaker, and another one than that of the clip."""
    rest = stem.replace(name.stem, "", 1)
    said = {g for g in groups if g in folders or _stands_in(g, rest)}
    return bool(said) and name.group not in said


def _best(held: Sequence[tuple[int, Path]]) -> list[Path]:
    """The files of a clip that come first; one, where it is clear."""
    if not held:
        return []
    strictest = min(rule for rule, _ in held)
    files = [path for rule, path in held if rule == strictest]
    for prefer in (
        lambda path: path.stem.casefold() == _PREDICTED,
        lambda path: not is_video(path),
    ):
        files = [path for path in files if prefer(path)] or files
    return files
