"""Where page code lies: what one page draws in its own folder, what several share in shared/."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = {path.stem for path in (ROOT / "pages").glob("*.py")}
FOLDERS = sorted(path.name for path in (ROOT / "ui").iterdir() if any(path.glob("*.py")))
COMMON = {"shared", "player", "live"}


def folders_imported(path: Path) -> set[str]:
    """Folders of ui that a module imports from anywhere in its text."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found |= {name.split(".")[1] for name in names if name.startswith("ui.")}
    return found


def test_ui_holds_folders_only() -> None:
    assert [path.name for path in (ROOT / "ui").glob("*.py")] == []
    assert set(FOLDERS) - COMMON <= PAGES, "a folder has the name of its page"


@pytest.mark.parametrize("folder", [name for name in FOLDERS if name not in COMMON])
def test_only_a_page_itself_imports_its_folder(folder: str) -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for path in [*(ROOT / "pages").glob("*.py"), *(ROOT / "ui").rglob("*.py")]
        if folder in folders_imported(path)
    }
    others = {u for u in users if u != f"pages/{folder}.py" and not u.startswith(f"ui/{folder}/")}
    assert not others and users, f"move what {sorted(others)} needs to ui/shared"
