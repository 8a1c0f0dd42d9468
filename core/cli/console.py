"""What all commands share: the app, ``--json``, notices, progress and exit codes."""

from __future__ import annotations

import functools
import inspect
import json
import math
import re
import sys
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from ..choice import Choice, choose
from ..errors import BadInput, SpeechmarksError
from ..package import program
from .app import app

if TYPE_CHECKING:
    from ..media.repairs import Repair

__all__ = [
    "Done",
    "Progress",
    "app",
    "command",
    "inert",
    "main",
    "notice",
    "plain",
    "reading",
    "table_lines",
]

JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


Assume = Annotated[
    list[str],
    typer.Option(
        "--assume",
        help="How a bare track is laid out: y-up, mirrored, upside-down, swapped, xs-then-ys, "
        "one-based, percent or unit; repeatable.",
    ),
]
Picture = Annotated[
    str,
    typer.Option("--picture", metavar="WxH", help="Size of the picture of normalised numbers."),
]


@dataclass(frozen=True)
class Reading:
    """How a bare track is laid out, as ``--assume`` and ``--picture`` say."""

    assume: tuple[str, ...] = ()
    picture: tuple[int, int] | None = None

    @classmethod
    def read(cls, assume: Sequence[str], picture: str) -> Reading:
        """From the options; `BadInput` where the size is none."""
        if not picture:
            return cls(tuple(assume))
        match = re.fullmatch(r"([1-9]\d{0,4})[x,]([1-9]\d{0,4})", picture)
        if match is None:
            raise BadInput(f"--picture is a size such as 1920x1080, not {picture[:20]!r}.")
        return cls(tuple(assume), (int(match[1]), int(match[2])))


reading: ContextVar[Reading] = ContextVar("reading", default=Reading())  # noqa: B039 - frozen
"""How the command that runs reads bare tracks; for all that take ``--source-fps``."""


@dataclass(frozen=True)
class Done:
    """What a command did: a line for people, an object for programs, an exit code."""

    line: str
    data: dict[str, Any] = field(default_factory=dict)
    code: int = 0


def inert(text: str) -> str:
    """Untrusted text for a terminal: what cannot be printed is spelt out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def notice(text: str) -> None:
    """A one-line remark on standard error."""
    typer.echo(f"note: {inert(text)}", err=True)


class _RepairNotes:
    """A notice for each repair of a media file, once in a command."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    def __call__(self, name: str, repair: Repair) -> None:
        if (name, repair.text) not in self._told:
            self._told.add((name, repair.text))
            notice(f"{name}: {repair.text}")


def plain(value: Any) -> Any:
    """JSON has no NaN: unknown numbers are null."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def table_lines(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """A table of text: the first column to the left, numbers to the right; unknown ones are -."""

    def cell(value: object) -> str:
        if isinstance(value, float):
            return f"{value:.4f}" if math.isfinite(value) else "-"
        return inert(str(value))

    body = [list(heads), *([cell(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in body) for i in range(len(heads))]
    return [
        "  ".join(
            text.ljust(w) if i == 0 else text.rjust(w)
            for i, (text, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in body
    ]


AudioTrack = Annotated[
    int | None,
    typer.Option("--audio-track", help="Number of the audio track, from 1 (see 'probe')."),
]
Rotate = Annotated[
    int, typer.Option("--rotate", help="Degrees clockwise to turn the picture: 90, 180 or 270.")
]


def _choose(value: Any, choice: Choice) -> None:
    """Set the choice of a media file, of several, or of those in a folder."""
    if isinstance(value, Path):
        for path in [value, *(value.iterdir() if value.is_dir() else ())]:
            choose(path, choice)
    elif isinstance(value, (list, tuple)):
        for one in value:
            _choose(one, choice)


def command(
    name: str, group: typer.Typer = app, *, media: Sequence[str] = ()
) -> Callable[[Callable[..., Done]], Callable[..., Done]]:
    """Register a function that returns `Done` as a command with ``--json``.

    A function with ``source_fps`` reads bare tracks and takes ``--assume`` and ``--picture``; one
    with parameters named in ``media`` reads media files and takes ``--audio-track`` and
    ``--rotate``.
    """

    def register(function: Callable[..., Done]) -> Callable[..., Done]:
        signature = inspect.signature(function, eval_str=True)
        reads = "source_fps" in signature.parameters

        @functools.wraps(function)
        def run(*args: Any, json_output: bool = False, **options: Any) -> None:
            if reads:
                reading.set(Reading.read(options.pop("assume"), options.pop("picture")))
            if media:
                choice = Choice(options.pop("audio_track"), options.pop("rotate"))
                for parameter in media:
                    _choose(options.get(parameter), choice)
            from ..media.repairs import listening  # not before a command runs: it takes time

            with listening(_RepairNotes()):
                done = function(*args, **options)
            line = "\n".join(inert(part) for part in done.line.split("\n"))
            typer.echo(json.dumps(plain(done.data)) if json_output else line)
            if done.code:
                raise typer.Exit(done.code)

        more: dict[str, tuple[Any, Any]] = {"json_output": (JsonFlag, False)}
        if reads:
            more = {"assume": (Assume, ()), "picture": (Picture, ""), **more}
        if media:
            more = {"audio_track": (AudioTrack, None), "rotate": (Rotate, 0), **more}
        extra = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value, annotation=kind)
            for name, (kind, value) in more.items()
        ]
        run.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[*signature.parameters.values(), *extra], return_annotation=None
        )
        run.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()} | {
            p.name: p.annotation for p in extra
        }
        group.command(name, help=inspect.cleandoc(function.__doc__ or ""))(run)
        return function

    return register


class Progress:
    """A line on standard error with rate and time left, about once a second."""

    def __init__(self, what: str, total: float | None = None, unit: str = "frames") -> None:
        self.what, self.total, self.unit = what, total, unit
        self._begin = self._last = time.perf_counter()
        self._shown = False

    def __call__(self, done: float, remark: str = "") -> None:
        now = time.perf_counter()
        if now - self._last < 1.0:
            return
        self._last, self._shown = now, True
        rate = done / (now - self._begin)
        text = f"{self.what}: {done:.0f} {self.unit}, {rate:.1f}/s"
        if self.total:
            text = f"{self.what}: {done:.0f}/{self.total:.0f} {self.unit}, {rate:.1f}/s"
            if rate > 0:
                text += f", {max(0.0, self.total - done) / rate:.0f} s left"
        if remark:
            text += f", {remark}"
        end = "\r" if sys.stderr.isatty() else "\n"
        typer.echo(f"{text}{' ' * 8}{end}", err=True, nl=False)

    def close(self) -> None:
        if self._shown and sys.stderr.isatty():
            typer.echo("", err=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code; no traceback for anything a user can cause."""
    try:
        result = app(arguments, standalone_mode=False, prog_name=program())
        return int(result) if isinstance(result, int) else 0
    except SpeechmarksError as error:
        typer.echo(f"error: {error}", err=True)
        return 2
    except TyperException as error:
        format_message = getattr(error, "format_message", None)
        message = str(format_message() if format_message else error)
        if type(error).__name__ == "NoArgsIsHelpError":
            typer.echo(message, err=True)
            return 2
        context = getattr(error, "ctx", None)
        hint = f" See '{context.command_path} --help'." if context is not None else ""
        typer.echo("error: " + " ".join(message.split()) + hint, err=True)
        return 2
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("error: stopped; finished results are kept.", err=True)
        return 130
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        typer.echo(f"error: {error.strerror or error}{where}.", err=True)
        return 2
