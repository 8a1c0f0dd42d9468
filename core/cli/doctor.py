"""doctor."""

from __future__ import annotations

from dataclasses import asdict

from ..checks import run_checks
from .console import Done, command

__all__: list[str] = []

_MARKS = {  # by whether it is ok, and whether there is something to do
    (True, False): "ok  ",
    (True, True): "--  ",
    (False, True): "FAIL",
    (False, False): "FAIL",
}


@command("doctor")
def doctor_command() -> Done:
    """Check the installation. Lists detectors, weights, codecs and accelerator, and how to fix
    missing parts."""
    checks = run_checks()
    lines = [
        f"{_MARKS[c.ok, bool(c.fix)]} {c.name}: {c.detail}" + (f" -> {c.fix}" if c.fix else "")
        for c in checks
    ]
    return Done(
        "\n".join(lines),
        {"checks": [asdict(c) for c in checks]},
        code=0 if all(c.ok for c in checks) else 3,
    )
