"""The painted movie against drawing each frame with Matplotlib.

Ours is the whole movie, encoded. Theirs is the pictures alone: one figure used again, cleared and
filled for every frame, and saved with ``savefig`` to memory as PNG, the usual way to a numbered
series that an encoder then reads; encoding is not counted. Two more times are printed, so that
nothing hides in the encoder or in PNG: our drawing alone, and theirs as raw pixels.

``python benchmarks/bench_painted.py`` from the root of the repository.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.render.movie import face_movie
from core.render.painted import PUBLISHED_AXES, TEMPLATE_EYES, paint_face
from core.render.palette import GROUND
from core.tracks.track import LandmarkTrack, frame_times

GOAL = 5.0
SIZE = 1000
N_FRAMES = 100

__all__ = ["GOAL", "run"]


def _face() -> NDArray[np.float64]:
    """A made-up face in template space, (68, 2): rings and arcs of the right size and place."""

    def arc(x0: float, x1: float, y: float, bend: float, n: int) -> NDArray[np.float64]:
        t = np.linspace(0, 1, n)
        return np.stack([x0 + (x1 - x0) * t, y - bend * np.sin(np.pi * t)], axis=1)

    def ring(x0: float, x1: float, y: float, up: float, down: float, n: int) -> NDArray[np.float64]:
        return np.vstack([arc(x0, x1, y, up, n // 2 + 1), arc(x1, x0, y, -down, n // 2 + 1)[1:-1]])

    turn, eye = np.linspace(np.pi, 0, 17), TEMPLATE_EYES / 2
    return np.vstack(
        [
            np.stack([0.135 * np.cos(turn), -0.09 + 0.245 * np.sin(turn)], axis=1),
            arc(-0.11, -0.025, -0.105, 0.016, 5),
            arc(0.025, 0.11, -0.105, 0.016, 5),
            np.stack([np.zeros(4), np.linspace(-0.075, -0.005, 4)], axis=1),
            arc(-0.025, 0.025, 0.012, -0.007, 5),
            ring(-eye - 0.025, -eye + 0.025, -0.072, 0.012, 0.010, 6),
            ring(eye - 0.025, eye + 0.025, -0.072, 0.012, 0.010, 6),
            ring(-0.05, 0.05, 0.065, 0.02, 0.026, 12),
            ring(-0.04, 0.04, 0.065, 0.006, 0.006, 8),
        ]
    )


def _track() -> LandmarkTrack:
    """A mouth that opens and shuts under a head that nods a little."""
    t = frame_times(N_FRAMES, 25)
    points = np.repeat(_face()[np.newaxis], N_FRAMES, axis=0)
    opening = 0.010 * (1 - np.cos(9 * t))[:, np.newaxis]
    points[:, [55, 56, 57, 58, 59, 65, 66, 67], 1] += opening
    points[..., 1] += 0.004 * np.sin(2 * t)[:, np.newaxis]
    return LandmarkTrack(points, t, space="template")


class _MatplotlibFace:
    """The same polygons, strokes and circles by Matplotlib, on one figure that is used again."""

    def __init__(self) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self._figure = Figure(figsize=(SIZE / 100, SIZE / 100), dpi=100, facecolor=GROUND)
        FigureCanvasAgg(self._figure)
        self._axes = self._figure.add_axes((0, 0, 1, 1))

    def _draw(self, points: NDArray[np.float64]) -> None:
        from matplotlib.patches import Circle

        axes, p = self._axes, points[:, :2] * (1, -1)
        x0, y0, x1, y1 = PUBLISHED_AXES
        axes.clear()
        axes.set_axis_off()
        axes.set_xlim(x0, x1)
        axes.set_ylim(-y1, -y0)
        axes.fill(*np.vstack([p[:17], p[[26, 24, 19, 17]] + (0, 0.03)]).T, color=(0.7, 0.5, 0.3))
        axes.fill(*p[[27, 31, 30]].T, color=(0.64, 0.45, 0.26))
        axes.fill(*p[[27, 30, 35]].T, color=(0.76, 0.56, 0.36))
        axes.fill(*p[[30, 31, 32, 33, 34, 35]].T, color=(0.58, 0.40, 0.22))
        for start in (36, 42):
            (eye,) = axes.fill(*p[start : start + 6].T, color="white")
            middle = p[[start + 1, start + 2, start + 4, start + 5]].mean(axis=0)
            for radius, colour in ((0.013, (0, 0.5, 0)), (0.005, "black")):
                axes.add_patch(Circle(middle, radius, color=colour)).set_clip_path(eye)
        for start in (17, 22):
            axes.plot(*p[start : start + 5].T, color=(0.3, 0.2, 0.05), linewidth=15)
        axes.fill(*p[60:68].T, color="black")
        axes.fill(*p[[*range(48, 55), 64, 63, 62, 61, 60]].T, color=(0.7, 0.3, 0.2))
        axes.fill(*p[[*range(54, 60), 48, 60, 67, 66, 65, 64]].T, color=(0.7, 0.3, 0.2))

    def save(self, points: NDArray[np.float64], kind: str) -> bytes:
        """One frame as ``savefig`` gives it: "png", or "rgba" as Matplotlib's movie writers do."""
        self._draw(points)
        buffer = io.BytesIO()
        self._figure.savefig(buffer, format=kind, dpi=100)
        return buffer.getvalue()


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run() -> dict[str, Any]:
    """Seconds for `N_FRAMES` frames, the best of two rounds in which the sides take turns.

    Returns
    -------
    name, ours_s (our whole movie, encoded), theirs_s (their pictures), ratio, goal; and ``detail``:
    further seconds, by what they are. Where Matplotlib is missing: name and skipped (a sentence).
    """
    name = f"painted movie, {N_FRAMES} frames of {SIZE} x {SIZE}"
    try:
        theirs = _MatplotlibFace()
    except ImportError:
        return {
            "name": name,
            "skipped": "Matplotlib is not installed: pip install -r requirements-bench.txt.",
        }
    track = _track()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "painted.mp4"
        sides: dict[str, Callable[[], object]] = {
            "our movie, drawn and encoded": lambda: face_movie(track, out, size=SIZE, force=True),
            "our drawing alone": lambda: [paint_face(p, SIZE) for p in track.points],
            "Matplotlib, PNG pictures": lambda: [theirs.save(p, "png") for p in track.points],
            "Matplotlib, raw pictures": lambda: [theirs.save(p, "rgba") for p in track.points],
        }
        rounds = [{side: _seconds(work) for side, work in sides.items()} for _ in range(2)]
    best = {side: min(seconds[side] for seconds in rounds) for side in sides}
    ours, other = best["our movie, drawn and encoded"], best["Matplotlib, PNG pictures"]
    return {
        "name": name,
        "ours_s": ours,
        "theirs_s": other,
        "ratio": other / ours,
        "goal": GOAL,
        "detail": best,
    }


if __name__ == "__main__":
    result = run()
    if "skipped" in result:
        print(result["skipped"])
    else:
        for side, seconds in result["detail"].items():
            print(f"{side:30} {seconds:7.2f} s  {seconds / N_FRAMES * 1000:7.1f} ms a frame")
        print(f"{result['name']}: {result['ratio']:.1f} times faster (goal {GOAL:g}).")
