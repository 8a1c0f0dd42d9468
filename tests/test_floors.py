"""The house of DESIGN 1: nothing imports upwards, nothing in core knows a screen."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "core").rglob("*.py"))
FLOORS = (
    {"errors", "files", "geometry", "keys", "scheme", "settings"},
    {"track", "track_io", "smooth", "edits", "adapted"},
    {"media", "align", "speech", "weights", "workspace", "lanes", "samples"},
    {"detect", "evaluation", "reference", "models", "metrics", "render"},
    {"datasets"},
    {"batch", "checks"},
    {"evaluation.runner"},
    {"training"},
    {"cli"},
)
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
SCREEN = {"streamlit", "plotly", "ui", "pages", "app", "tests", "benchmarks"}
MOST_LINES = 400


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=path.name)


def imported(path: Path) -> Iterator[str]:
    """Dotted names that a module imports anywhere, also inside functions."""
    package = name_of(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def part(dotted: str) -> str:
    """'detect' of 'core.detect.follow'; '' of 'core' itself. A module that stands on a floor of its
    own is a part by itself."""
    names = dotted.split(".")[1:3]
    whole = ".".join(names)
    return whole if whole in FLOOR else (names + [""])[0]


each_module = pytest.mark.parametrize("path", MODULES, ids=name_of)


@each_module
def test_core_never_imports_a_screen(path: Path) -> None:
    roots = {dotted.split(".")[0] for dotted in imported(path)}
    assert not roots & SCREEN


@each_module
def test_nothing_imports_upwards(path: Path) -> None:
    here = part(name_of(path))
    if here in ("", "__main__"):
        return
    assert here in FLOOR, f"say on which floor core/{here} stands"
    for dotted in imported(path):
        if dotted.startswith("core.") and (there := part(dotted)) in FLOOR:
            assert FLOOR[there] <= FLOOR[here], f"core.{here} reaches up to core.{there}"


def test_parts_of_core_do_not_import_each_other_in_circles() -> None:
    needs: dict[str, set[str]] = {name: set() for name in FLOOR}
    for path in MODULES:
        here = part(name_of(path))
        if here in needs:
            there = {part(d) for d in imported(path) if d.startswith("core.")}
            needs[here] |= (there & set(FLOOR)) - {here}
    while free := [name for name, rest in needs.items() if not rest]:
        for name in free:
            del needs[name]
        for rest in needs.values():
            rest -= set(free)
    assert not needs, f"circle among {sorted(needs)}"


@each_module
def test_modules_can_be_read_in_five_minutes(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


@each_module
def test_every_module_says_what_it_offers(path: Path) -> None:
    if path.name == "__main__.py":
        return
    tree = parse(path)
    listed = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        and node.value is not None
        and "__all__"
        in {ast.unparse(t) for t in getattr(node, "targets", [])}
        | {ast.unparse(getattr(node, "target", ast.Name("")))}
    ]
    assert len(listed) == 1, "__all__ is missing or set twice"
    defined: set[str] = set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            defined.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            defined |= {(a.asname or a.name).split(".")[0] for a in node.names}
        elif isinstance(node, ast.Assign):
            defined |= {n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        elif isinstance(node, ast.AnnAssign):
            defined.add(ast.unparse(node.target))
    assert set(listed[0]) <= defined, "__all__ names something that is not there"


@each_module
def test_every_module_has_a_docstring(path: Path) -> None:
    assert ast.get_docstring(parse(path))


@each_module
def test_no_module_prints_or_swallows_errors_silently(path: Path) -> None:
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"print in line {node.lineno}"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"bare except in line {node.lineno}"
            broad = ast.unparse(node.type) in ("Exception", "BaseException")
            empty = all(isinstance(n, ast.Pass) for n in node.body)
            assert not (broad and empty), f"swallowed error in line {node.lineno}"


def test_the_table_of_floors_names_parts_that_exist() -> None:
    assert set(FLOOR) <= {part(name_of(path)) for path in MODULES}
