"""The painted movie against drawing each frame with Matplotlib, as the published program does.

Both write the same frames at 1000 x 1000 through the same encoder in the same run. The Matplotlib
side is written as one would for speed: one figure and one set of artists, whose geometry is
replaced from frame to frame, and the Agg buffer is read without a detour over a file.

``python benchmarks/bench_painted.py`` from the root of the repository.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.media.movie import MovieWriter
from core.render.movie import painted_movie
from core.render.painted import PUBLISHED_AXES, TEMPLATE_EYES
from core.render.palette import GROUND
from core.track import LandmarkTrack, frame_times

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
    return np.vstack([
        np.stack([0.135 * np.cos(turn), -0.09 + 0.245 * np.sin(turn)], axis=1),
        arc(-0.11, -0.025, -0.105, 0.016, 5),
        arc(0.025, 0.11, -0.105, 0.016, 5),
        np.stack([np.zeros(4), np.linspace(-0.075, -0.005, 4)], axis=1),
        arc(-0.025, 0.025, 0.012, -0.007, 5),
        ring(-eye - 0.025, -eye + 0.025, -0.072, 0.012, 0.010, 6),
        ring(eye - 0.025, eye + 0.025, -0.072, 0.012, 0.010, 6),
        ring(-0.05, 0.05, 0.065, 0.02, 0.026, 12),
        ring(-0.04, 0.04, 0.065, 0.006, 0.006, 8),
    ])


def _track() -> LandmarkTrack:
    """A mouth that opens and shuts under a head that nods a little."""
    t = frame_times(N_FRAMES, 25)
    points = np.repeat(_face()[np.newaxis], N_FRAMES, axis=0)
    opening = 0.010 * (1 - np.cos(9 * t))[:, np.newaxis]
    points[:, [55, 56, 57, 58, 59, 65, 66, 67], 1] += opening
    points[..., 1] += 0.004 * np.sin(2 * t)[:, np.newaxis]
    return LandmarkTrack(points, t, space="template")


class _MatplotlibFace:
    """The same polygons, strokes and circles as Matplotlib artists."""

    def __init__(self) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(SIZE / 100, SIZE / 100), dpi=100, facecolor=GROUND)
        self._canvas = FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        x0, y0, x1, y1 = PUBLISHED_AXES
        axes.set_xlim(x0, x1)
        axes.set_ylim(-y1, -y0)
        empty = np.zeros((3, 2))

        def polygon(colour: Any) -> Any:
            return axes.fill(*empty.T, color=colour, linewidth=0)[0]

        self._skin = polygon((0.7, 0.5, 0.3))
        self._nose = [polygon(c) for c in ((0.64, 0.45, 0.26), (0.76, 0.56, 0.36), (0.58, 0.4, 0.22))]
        self._eyes = [polygon("white") for _ in range(2)]
        circles = []
        for radius, colour in ((0.013, (0, 0.5, 0)), (0.005, "black")):
            for eye in self._eyes:
                from matplotlib.patches import Circle

                circle = axes.add_patch(Circle((0, 0), radius, color=colour, linewidth=0))
                circle.set_clip_path(eye)
                circles.append(circle)
        self._circles = circles
        self._brows = [
            axes.plot([], [], color=(0.3, 0.2, 0.05), linewidth=15, solid_capstyle="round")[0]
            for _ in range(2)
        ]
        self._cavity = polygon("black")
        self._lips = [polygon((0.7, 0.3, 0.2)) for _ in range(2)]

    def draw(self, points: NDArray[np.float64]) -> NDArray[np.uint8]:
        p = points[:, :2] * (1, -1)
        raised = p[[26, 24, 19, 17]] + (0, 0.03)
        self._skin.set_xy(np.vstack([p[:17], raised]))
        nose = ([27, 31, 30], [27, 30, 35], [30, 31, 32, 33, 34, 35])
        for facet, indices in zip(self._nose, nose, strict=True):
            facet.set_xy(p[indices])
        for k, (eye, start) in enumerate(zip(self._eyes, (36, 42), strict=True)):
            eye.set_xy(p[start : start + 6])
            middle = p[[start + 1, start + 2, start + 4, start + 5]].mean(axis=0)
            for circle in self._circles[k::2]:
                circle.set_center(middle)
                circle.set_clip_path(eye)
        for brow, start in zip(self._brows, (17, 22), strict=True):
            brow.set_data(*p[start : start + 5].T)
        self._cavity.set_xy(p[60:68])
        bands = (
            [*range(48, 55), 64, 63, 62, 61, 60],
            [*range(54, 60), 48, 60, 67, 66, 65, 64],
        )
        for lip, indices in zip(self._lips, bands, strict=True):
            lip.set_xy(p[indices])
        self._canvas.draw()
        return np.asarray(self._canvas.buffer_rgba())[..., :3]


def run() -> dict[str, Any]:
    """Seconds of both, interleaved, best of three; keys name, ours_s, theirs_s, ratio, goal.

    Where Matplotlib is missing: keys name and skipped (a sentence).
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
    ours_s, theirs_s = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(3):
            start = time.perf_counter()
            painted_movie(track, Path(folder) / "ours.mp4", size=SIZE, force=True)
            ours_s.append(time.perf_counter() - start)
            start = time.perf_counter()
            with MovieWriter(
                Path(folder) / "theirs.mp4", size=(SIZE, SIZE), fps=25, force=True
            ) as writer:
                for points in track.points:
                    writer.write(theirs.draw(points))
            theirs_s.append(time.perf_counter() - start)
    best, other = min(ours_s), min(theirs_s)
    return {
        "name": name, "ours_s": best, "theirs_s": other, "ratio": other / best, "goal": GOAL,
    }


if __name__ == "__main__":
    result = run()
    if "skipped" in result:
        print(result["skipped"])
    else:
        print(
            f"{result['name']}: ours {result['ours_s']:.2f} s, Matplotlib "
            f"{result['theirs_s']:.2f} s, {result['ratio']:.1f} times faster (goal {GOAL:g})."
        )
