"""A side-by-side movie of four panels at 1920 x 1080 against real time, and where the time goes.

The clip with its landmarks and three wireframes, titles and frame numbers above them, with sound:
what `compare` makes with ``--layout grid --labels --burn-in --size 1920x1080 --style wireframe``.
"The earlier way" is one thread that draws a picture, then encodes it with the preset "veryfast", as
comparisons were made before. Drawing and encoding are also timed by themselves, one after the
other, on the first pictures.

``python benchmarks/bench_compare.py`` from the root of the repository.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.media import MovieWriter, read_audio
from core.neutral import remove_identity
from core.render import INK, Panel, Style, compare_movie, model_colour
from core.render.canvas import Image, blank
from core.render.compare import _source
from core.render.palette import PAGE
from core.render.sheet import burn_in_width, fit_sheet, title_strip, write_time
from core.samples import SAMPLE

GOAL = 1.0
SIZE = (1920, 1080)
FPS = 25
TIMED = 40  # pictures drawn and encoded part by part; a picture is 6 MB

__all__ = ["GOAL", "run"]


def _panels(style: Style) -> list[Panel]:
    truth = SAMPLE.truth
    free = remove_identity(truth)
    models = [Panel(f"Model {k}", free, style=style, colour=model_colour(k)) for k in range(2)]
    clip = Panel("Clip", truth, SAMPLE.video)
    return [clip, Panel("Truth", free, style=style, colour=INK), *models]


def _pictures(panels: list[Panel]) -> list[Image]:
    """The first pictures of the movie, drawn in one thread."""
    sheet = fit_sheet(len(panels), "grid", SIZE, strip=True)
    taken = burn_in_width(sheet)
    strips = [title_strip(sheet, p.title, p.colour, taken=taken) for p in panels]
    pictures = []
    with ExitStack() as stack:
        sources = [_source(p, "wireframe", sheet, 0.0, stack) for p in panels]
        for k in range(TIMED):
            canvas = blank(SIZE, PAGE)
            for position, source in enumerate(sources):
                image, index = source.at(k / FPS)
                (x, y), strip = sheet.corner(position), strips[position].copy()
                write_time(strip, index, k / FPS)
                canvas[y : y + sheet.strip, x : x + sheet.panel[0]] = strip
                y += sheet.strip
                canvas[y : y + sheet.panel[1], x : x + sheet.panel[0]] = image
            pictures.append(canvas)
    return pictures


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _each(work: Callable[[], Any]) -> float:
    """Milliseconds a picture, of work on so many as are timed."""
    return _seconds(work) / TIMED * 1000


def run() -> dict[str, Any]:
    """The sample's length over the seconds for its movie, the better of two rounds.

    Returns
    -------
    name, ours_s (our movie), theirs_s (its length: real time), ratio, goal; and ``detail``: further
    numbers, by what they are.
    """
    sound = read_audio(SAMPLE.video)
    detail: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "compare.mp4"

        def movie(style: Style) -> None:
            compare_movie(
                _panels(style), out, sound=sound, layout="grid", size=SIZE, burn_in=True, force=True
            )

        def encode(preset: str) -> None:
            with MovieWriter(
                out, size=SIZE, fps=FPS, sound=sound, preset=preset, force=True
            ) as writer:
                for picture in pictures:
                    writer.write(picture)

        ours = min(_seconds(lambda: movie("wireframe")) for _ in range(2))
        pictures: list[Image] = []
        draw = "ms a picture, decoded and drawn"
        encode_now, encode_then = "ms a picture, encoded", "ms a picture, encoded as earlier"
        detail[draw] = _each(lambda: pictures.extend(_pictures(_panels("wireframe"))))
        detail[encode_now] = _each(lambda: encode("superfast"))
        detail[encode_then] = _each(lambda: encode("veryfast"))
        earlier = (detail[draw] + detail[encode_then]) / 1000 * len(SAMPLE.truth)
        detail["times as fast as the earlier way"] = earlier / ours
        styles: tuple[Style, ...] = ("painted", "portrait")
        for style in styles:
            taken = _seconds(lambda style=style: movie(style))
            detail[f"times real time, {style}"] = SAMPLE.duration / taken
    return {
        "name": f"four panels at {SIZE[0]} x {SIZE[1]}, {SAMPLE.duration:.1f} s, vs real time",
        "ours_s": ours,
        "theirs_s": SAMPLE.duration,
        "ratio": SAMPLE.duration / ours,
        "goal": GOAL,
        "detail": detail,
    }


if __name__ == "__main__":
    result = run()
    for part, number in result["detail"].items():
        print(f"{part:36} {number:7.2f}")
    print(f"{result['name']}: {result['ratio']:.2f} times as fast (goal {GOAL:g}).")
