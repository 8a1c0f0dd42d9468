"""``python -m benchmarks.cut_faces CLIP...``: what the edge of the picture does to landmarks.

Every clip is cropped at one side by steps, the landmarks are detected again, and the lip aperture
is compared with that of the whole picture. The tables say where harm begins, and which frames a
rule of ``core.quality.edge`` finds: docs/quality.md holds them.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.detect import detect_landmarks
from core.errors import SpeechmarksError
from core.media import MovieWriter, read_frames
from core.quality.edge import EDGE_LANDMARKS, EDGE_MARGIN, cut_by_edge
from core.tracks.geometry import lip_aperture
from core.tracks.track import LandmarkTrack

__all__ = ["Cut", "compared", "cuts_of", "report"]

FRAMES = 75
SIDES = {"bottom": (1, 1), "top": (1, -1), "left": (0, -1), "right": (0, 1)}
"""Axis of each side, and the direction outwards."""
_FINE = (0.6, 0.4, 0.3, 0.2, 0.15, 0.1, 0.05, 0, -0.05, -0.1, -0.2, -0.3, -0.4, -0.5, -0.6, -0.7)
_ROUGH = (0.3, 0.15, 0, -0.1, -0.2, -0.3, -0.45, -0.6)
GAPS = {"bottom": _FINE, "top": (0.3, 0.1, 0, -0.1, -0.2, -0.3), "left": _ROUGH, "right": _ROUGH}
"""IOD from the outermost landmark to the edge (median over frames); below 0 the face is cut."""
FREE, NEAR = 0.3, 0.1  # IOD: the picture counts as whole from FREE on; the edge is near below NEAR
LEAST_HARM = 0.01  # IOD

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cut:
    """A cropped clip: where the edge lies, what it does to the aperture, and the landmarks.

    error : standard deviation of the aperture's difference from that of the whole picture, IOD
    within : (T, N) IOD, how far each landmark lies within the edge
    """

    clip: str
    side: str
    gap: float
    error: float
    correlation: float
    within: Array
    flagged: NDArray[np.bool_]


def _eye_distance(points: Array) -> Array:
    return np.asarray(
        np.linalg.norm(points[:, 36:42].mean(axis=1) - points[:, 42:48].mean(axis=1), axis=1)
    )


def _detected(images: Sequence[NDArray[np.uint8]], folder: Path) -> LandmarkTrack | None:
    """Landmarks of pictures, which go through a file without loss; None where none shows a face."""
    path = folder / "clip.mp4"
    height, width = images[0].shape[:2]
    options = {"crf": 0, "preset": "ultrafast", "force": True}
    with MovieWriter(path, size=(width, height), fps=25, **options) as writer:  # type: ignore[arg-type]
        for image in images:
            writer.write(image)
    try:
        return detect_landmarks(path).track
    except SpeechmarksError:
        return None


def cuts_of(clip: Path, folder: Path) -> Iterator[Cut]:
    """Every cut of a clip that leaves a picture and a face."""
    images = [frame.image for frame in islice(read_frames(clip), FRAMES)]
    whole = _detected(images, folder)
    if whole is None:
        return
    size = images[0].shape[1::-1]
    iod = float(np.nanmedian(_eye_distance(whole.points)))
    for side, (axis, sign) in SIDES.items():
        outermost = sign * float(np.nanmedian((sign * whole.points[..., axis]).max(axis=1)))
        for gap in GAPS[side]:
            edge = round(outermost + sign * gap * iod)
            if not 2 < edge < size[axis] - 2:
                continue
            keep = [slice(None), slice(None)]  # even sides: video has no others
            keep[1 - axis] = (
                slice(None, edge // 2 * 2) if sign > 0 else slice((edge + 1) // 2 * 2, None)
            )
            cropped = [np.ascontiguousarray(image[tuple(keep)]) for image in images]
            track = _detected(cropped, folder)
            if track is None:
                continue
            width, height = cropped[0].shape[1::-1]
            cut = compared(clip.name, side, gap, whole.points, track, (width, height))
            if cut is not None:
                yield cut


def compared(
    clip: str, side: str, gap: float, whole: Array, track: LandmarkTrack, size: tuple[int, int]
) -> Cut | None:
    """Landmarks of a cropped clip beside those of the whole picture (T, 68, 2); None where fewer
    than half of the frames show a face."""
    true, found = (
        lip_aperture(points[:, 48:]) / _eye_distance(points) for points in (whole, track.points)
    )
    both = np.isfinite(true + found)
    if both.mean() < 0.5:
        return None
    unit = float(np.nanmean(_eye_distance(track.points)))
    return Cut(
        clip,
        side,
        gap,
        float(np.std((found - true)[both])),
        float(np.corrcoef(found[both], true[both])[0, 1]),
        np.minimum(track.points, np.array(size) - track.points).min(axis=2)[both] / unit,
        cut_by_edge(track, size)[both],
    )


def _kinds(cuts: Sequence[Cut]) -> dict[str, list[Cut]]:
    """Cuts by what they do."""
    usual = {
        clip: np.median([c.error for c in cuts if c.clip == clip and c.gap >= FREE])
        for clip in {c.clip for c in cuts}
    }
    kinds: dict[str, list[Cut]] = {"harmful": [], "harmless cut": [], "near": [], "free": []}
    for cut in cuts:
        if cut.error > max(2 * usual[cut.clip], LEAST_HARM):
            kinds["harmful"].append(cut)
        elif cut.gap <= -NEAR:
            kinds["harmless cut"].append(cut)
        else:
            kinds["near" if cut.gap < NEAR else "free"].append(cut)
    return kinds


def report(cuts: Sequence[Cut]) -> str:
    """Both tables, as Markdown."""
    lines = [
        "| side | edge (IOD) | clips | error (IOD) | correlation | lowest | frames flagged |",
        "|---|---|---|---|---|---|---|",
    ]
    for side in SIDES:
        for gap in GAPS[side]:
            found = [c for c in cuts if (c.side, c.gap) == (side, gap)]
            if not found:
                continue
            error, correlation, flagged = np.mean(
                [(c.error, c.correlation, c.flagged.mean()) for c in found], axis=0
            )
            lowest = min(c.correlation for c in found)
            lines.append(
                f"| {side} | {gap:+.2f} | {len(found)} | {error:.4f} | {correlation:.3f} "
                f"| {lowest:.3f} | {flagged:.0%} |"
            )
    kinds = _kinds(cuts)
    lines += ["", f"| rule | {' | '.join(f'{kind} ({len(v)})' for kind, v in kinds.items())} |"]
    lines.append(f"|---|{'---|' * len(kinds)}")
    for least in (1, EDGE_LANDMARKS, 5):
        for margin in (-0.02, 0.0, EDGE_MARGIN, 0.05, 0.1):
            shares = [
                np.mean([((c.within < margin).sum(axis=1) >= least).mean() for c in found])
                for found in kinds.values()
            ]
            told = " | ".join(f"{share:.0%}" for share in shares)
            lines.append(f"| {least} within {margin:g} IOD | {told} |")
    return "\n".join(lines)


def main(clips: Sequence[str]) -> int:
    """Print both tables."""
    cuts: list[Cut] = []
    with tempfile.TemporaryDirectory() as folder:
        for clip in clips:
            cuts += cuts_of(Path(clip), Path(folder))
            print(f"{clip}: {len(cuts)} cuts so far", file=sys.stderr, flush=True)
    print(report(cuts))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
