"""detectors."""

from __future__ import annotations

from core.cli.console import Done, command
from core.detect import detectors

__all__: list[str] = []


@command("detectors")
def detectors_command() -> Done:
    """The landmark detectors: what each gives, whether it can be had here, and if not, why."""
    states = detectors()
    wide = max(len(state.info.name) for state in states)
    lines = [
        f"{state.info.name:<{wide}}  {state.info.scheme}, {state.info.summary}; "
        + (state.reason or "ready")
        for state in states
    ]
    return Done("\n".join(lines), {"detectors": [state.to_json() for state in states]})
