"""What the package declares is what its code imports, and what is tested."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RANGES = {r.name: r for r in map(Requirement, PROJECT["dependencies"])}
OPTIONAL = {"dask", "distributed"}
IMPORTED_AS = {
    "cv2": "opencv-python-headless",
    "dlib": "dlib-bin",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "webvtt": "webvtt-py",
}


def imported() -> set[str]:
    """Packages outside the standard library that a module of core imports anywhere."""
    names = set()
    for path in (ROOT / "core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names.add(node.module.partition(".")[0])
    return {IMPORTED_AS.get(name, name) for name in names - sys.stdlib_module_names}


def test_every_package_that_core_imports_is_declared() -> None:
    # pandas writes Parquet by pyarrow; the predictor's file lies in face_recognition_models
    assert imported() - OPTIONAL == set(RANGES) - {"pyarrow", "face_recognition_models"}


@pytest.mark.parametrize("name", RANGES)
def test_the_tested_version_lies_in_the_declared_range(name: str) -> None:
    pins = dict(re.findall(r"^([\w-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.M))
    assert pins[name] in RANGES[name].specifier
