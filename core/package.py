"""How this package is installed: its name, the command that starts it, the data files it has.

The same tree is the package ``core`` inside the repository and ``speechmarks`` after
``pip install``.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

__all__ = ["PACKAGE", "program", "shipped"]

PACKAGE = __name__.partition(".")[0]
"""Name under which the package is imported: 'core' or 'speechmarks'."""


def program(*arguments: str) -> str:
    """The command that starts this program, as a user types it.

    Parameters
    ----------
    *arguments : str
        Words that follow, already quoted where that is needed.

    Returns
    -------
    str
        'speechmarks ...' where the package is installed, 'python -m core ...' in the repository.
    """
    start = f"python -m {PACKAGE}" if PACKAGE == "core" else PACKAGE
    return " ".join([start, *arguments])


def shipped(folder: str) -> Path:
    """A folder of data files that come with the package.

    Parameters
    ----------
    folder : str
        'pretrained' (models, registry, template face) or 'samples' (the built-in clip).

    Returns
    -------
    Path
        The folder in the installed package, else that of the repository. It may not exist.
    """
    inside = Path(str(resources.files(PACKAGE))) / "data" / folder
    return inside if inside.is_dir() else Path(__file__).parents[1] / folder
