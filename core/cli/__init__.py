"""The command line: ``python -m core <step>``. Names, flags and JSON keys are a contract.

Every command prints a one-line summary, or with ``--json`` one JSON object and nothing else, on
standard output; progress and notices go to standard error. Exit codes: 0 done, 2 bad input (one
line says why), 3 finished with recorded failures.
"""

# Importing the modules registers their commands, in the order of the pages.
from core.cli import doctor, media, landmarks, geometry, models  # noqa: F401, I001
from core.cli import compare, metrics, data  # noqa: F401, I001
from core.cli.console import app, main

__all__ = ["app", "main"]
