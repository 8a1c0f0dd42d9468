"""Clips and lists of a data set as its index names them; no path leads out of the data set."""

from __future__ import annotations

from pathlib import Path

from ..errors import BadInput, MissingFile
from .clips import MEDIA_SUFFIXES, ClipRef, inside
from .layouts import LAYOUTS, Layout, find_layout, list_clips, list_names

__all__ = ["clip_at", "names_in_list"]


def clip_at(root: Path | str, where: str, *, layout: str, name: str, speaker: str = "") -> ClipRef:
    """The clip of a row of an index of ``root`` (its columns path, layout, clip, speaker).

    Raises
    ------
    MissingFile : no file there, or one that lies outside of ``root``, also by a link.
    BadInput : no clip of that layout.
    """
    root = Path(root)
    path = root / where
    if ".." in path.parts or not path.is_relative_to(root) or not inside(root, path):
        raise MissingFile(f"{where!r} is no longer in its data set; update the index (data index).")
    match = LAYOUTS[layout].pattern.fullmatch(where.removesuffix(path.suffix))
    if match is None:
        raise BadInput(
            f"{where!r} is not a clip of the layout {layout!r}; index the data set again."
        )
    fields = tuple((key, text or "") for key, text in match.groupdict().items())
    return ClipRef(name, path, speaker or None, layout, fields)


def names_in_list(root: Path | str, list_name: str, layout: str) -> set[str]:
    """Names of the clips that a list of the data set names; where it is a file of lines, without a
    look at whether they are there.

    Raises
    ------
    MissingFile : no such list in the data set. BadInput : it is not text.
    """
    root = Path(root)
    if list_name not in list_names(root):
        raise MissingFile(f"There is no list {list_name[:40]!r} in this data set.")
    file = root / "filelists" / f"{list_name}.txt"
    if not file.is_file():  # it stands in a table
        return {clip.name for clip in list_clips(root, list_name, layout=layout)}
    if not inside(root, file):
        raise MissingFile(f"There is no list {list_name[:40]!r} in this data set.")
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise BadInput(f"The list {list_name!r} is not UTF-8 text; save it as UTF-8.") from error
    kind = find_layout(root, layout)
    return {name for line in lines if line.strip() for name in _named_by(line, kind)}


def _named_by(line: str, kind: Layout) -> list[str]:
    """Names of clips that a line may mean."""
    words = line.split()
    if kind.name != "folder":
        whole = len(words) >= len(kind.line)
        fields = dict(zip(kind.line, words, strict=False))
        return [kind.clip.format_map(fields)] if whole else []
    names = []
    for text in (line.strip(), words[0]):  # it may hold blanks, an ending, and a speaker
        stem, dot, ending = text.rpartition(".")
        names.append(stem if f"{dot}{ending}".lower() in MEDIA_SUFFIXES else text)
    return names
