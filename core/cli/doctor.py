"""doctor."""

from __future__ import annotations

from dataclasses import asdict

from core.checks import run_checks
from core.cli.console import Done, command

__all__: list[str] = []


@command("doctor")
def doctor_command() -> Done:
    """What works here: detectors, weights, codecs, accelerator, and what to do about the rest."""
    checks = run_checks()
    lines = [
        f"{'ok  ' if c.ok else 'FAIL'} {c.name}: {c.detail}" + (f" -> {c.fix}" if not c.ok else "")
        for c in checks
    ]
    return Done(
        "\n".join(lines),
        {"checks": [asdict(c) for c in checks]},
        code=0 if all(c.ok for c in checks) else 3,
    )
