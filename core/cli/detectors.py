"""detectors."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.console import Done, Progress, command
from core.detect import detectors, fetch_weights

__all__: list[str] = []


@command("detectors")
def detectors_command(
    get: Annotated[
        str | None, typer.Option("--get", help="Download the weights of this detector.")
    ] = None,
) -> Done:
    """The landmark detectors: what each gives, whether it can be had here, and if not, why."""
    if get is not None:
        return _fetched(get)
    states = detectors()
    wide = max(len(state.info.name) for state in states)
    lines = [
        f"{state.info.name:<{wide}}  {state.info.scheme}, {state.info.summary}; "
        + (state.reason or "ready")
        for state in states
    ]
    return Done("\n".join(lines), {"detectors": [state.to_json() for state in states]})


def _fetched(name: str) -> Done:
    bars: dict[str, Progress] = {}

    def hear(file: str, done: int, total: int | None) -> None:
        if done:
            known = None if total is None else total / 1e6
            bars.setdefault(file, Progress(file, known, "MB"))(done / 1e6)

    try:
        paths = fetch_weights(name, hear)
    finally:
        for bar in bars.values():
            bar.close()
    files = [{"name": path.name, "path": str(path)} for path in paths]
    return Done(f"{name}: {', '.join(map(str, paths))}", {"name": name, "files": files})
