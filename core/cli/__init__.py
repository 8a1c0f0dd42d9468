"""The command line: ``python -m core <step>``. Names, flags and JSON keys are a contract.

Every command prints a one-line summary, or with ``--json`` one JSON object and nothing else, on
standard output; progress and notices go to standard error. Exit codes: 0 done, 2 bad input (one
line says why), 3 finished with recorded failures.
"""

from .app import load
from .console import main

__all__ = ["load", "main"]
