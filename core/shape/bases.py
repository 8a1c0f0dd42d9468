"""Shape spaces kept in the workspace by name, so that pages, training and models find them again.

A basis NAME is the file ``bases/NAME.npz`` of the workspace; one may be put there by hand.
"""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import BadInput, MissingFile
from ..settings import home
from .space import ShapeSpace

__all__ = ["keep_basis", "kept_bases", "open_basis"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,39}")


def _folder(workspace: Path) -> Path:
    return workspace / "bases"


def kept_bases(workspace: Path) -> dict[str, Path]:
    """Files of the kept shape spaces by name, in order."""
    found = sorted(_folder(workspace).glob("*.npz"))
    return {path.stem: path for path in found if _NAME.fullmatch(path.stem)}


def keep_basis(workspace: Path, name: str, space: ShapeSpace, *, force: bool = False) -> Path:
    """Keep a shape space; its file.

    Raises
    ------
    BadInput : a name of other than letters, digits, spaces, ``_`` and ``-``, or above 40 of them.
    OutputExists : another one has that name, and not ``force``.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(
            "The name of a basis is up to 40 letters, digits, spaces, - and _, and begins with a "
            f"letter or digit; {name[:60]!r} is not."
        )
    path = _folder(workspace) / f"{name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    space.save(path, force=force)
    return path


def open_basis(given: Path | str, workspace: Path | None = None) -> ShapeSpace:
    """A shape space from a file, a folder with a published pair, or by the name it is kept under.

    A file or folder of that name goes first. Raises as `ShapeSpace.load`.
    """
    path = Path(given)
    if path.exists() or path.suffix or len(path.parts) > 1:
        return ShapeSpace.load(path)
    known = kept_bases(workspace or home())
    if path.name not in known:
        have = ", ".join(known) or "none"
        raise MissingFile(
            f"There is no file {str(given)!r}, and no basis of that name is stored in the "
            f"workspace (stored: {have}); check the path."
        )
    return ShapeSpace.load(known[path.name])
