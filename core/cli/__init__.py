"""The command line: ``python -m core <step>``. Names, flags and JSON keys are a contract.

Every command prints a one-line summary, or with ``--json`` one JSON object and nothing else, on
standard output; progress and notices go to standard error. Exit codes: 0 done, 2 bad input (one
line says why), 3 finished with recorded failures.
"""

from __future__ import annotations

import sys
from importlib import import_module

from typer import Typer

from . import console

__all__ = ["load", "main"]

_COMMANDS: dict[str, tuple[str, ...]] = {  # of each module, in the order of the pages
    "doctor": ("doctor",),
    "media": ("probe", "sound", "frames"),
    "landmarks": ("landmarks",),
    "detectors": ("detectors",),
    "convert": ("convert",),
    "align": ("align",),
    "reference": ("reference",),
    "geometry": ("identity",),
    "speakers": ("audit", "template"),
    "shape": ("shape",),
    "generate": ("generate",),
    "training": ("train", "distill"),
    "evaluate": ("evaluate",),
    "weights": ("models",),
    "compare": ("compare",),
    "draw": ("plot", "crop"),
    "transfer": ("transfer",),
    "metrics": ("metrics",),
    "quality": ("quality", "smooth"),
    "edit": ("edit",),
    "data": ("data",),
    "data_prepare": ("data",),
    "data_shots": ("data",),
    "data_runs": ("data",),
}


def load(command: str | None = None) -> Typer:
    """The application with the module of one command imported; with all where there is no such
    command. (Importing torch and pandas takes two seconds, and probing a clip needs neither.)"""
    known = [module for module, names in _COMMANDS.items() if command in names]
    for module in known or _COMMANDS:
        import_module(f"core.cli.{module}")
    return console.app


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code; no traceback for anything a user can cause."""
    given = sys.argv[1:] if arguments is None else arguments
    load(given[0] if given else None)
    return console.main(arguments)
