"""GIF frame by frame: a long one takes no more memory than a short one."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image

from ..errors import BadInput, OutputExists
from ..files import staged

__all__ = ["MAX_GIF_FPS", "GifWriter"]

MAX_GIF_FPS = 50.0
"""Browsers slow down GIFs with shorter steps than 20 ms."""

_EXACT = 16  # colours that a GIF keeps as they are: grounds, and what lines are drawn in
_LOOP_FOREVER = b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"


def _indexed(image: NDArray[np.uint8]) -> Image.Image:
    """At most 256 colours: the most frequent ones exactly, the others by an octree.

    An octree keeps small areas of a rare colour (a mark, an iris) and is 40 times faster than the
    median cut, but alone it turns page and ground, which are close, into one.
    """
    picture = Image.fromarray(image)
    tree = picture.quantize(
        256 - _EXACT, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
    )
    red, green, blue = np.moveaxis(image[::2, ::2].astype(np.uint32), 2, 0)
    colours, counts = np.unique(red << 16 | green << 8 | blue, return_counts=True)
    exact = colours[np.argsort(-counts, kind="stable")[:_EXACT]].astype(">u4")
    triples = exact.view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()
    palette = Image.new("P", (1, 1))
    palette.putpalette(triples + bytes(tree.getpalette() or b""))
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)


class GifWriter:
    """Context manager with the `write` of `core.media.MovieWriter`; no sound.

    Steps are whole hundredths of a second; their rounding does not add up. What did not change
    since the picture before is not written again.
    """

    def __init__(
        self, path: Path | str, *, size: tuple[int, int], fps: float, force: bool = False
    ) -> None:
        self.path = Path(path)
        if self.path.exists() and not force:
            raise OutputExists(f"{str(self.path)!r} exists already; use --force to replace it.")
        if not 0 < fps <= MAX_GIF_FPS:
            raise BadInput(
                f"A GIF plays at most {MAX_GIF_FPS:g} frames a second, not {fps:g}; give fewer."
            )
        self.size, self._step = size, 1 / fps
        self._staged = staged(self.path)
        self._last: NDArray[np.uint8] | None = None
        self._waiting: tuple[NDArray[np.uint8], tuple[int, int]] | None = None
        self._since, self._now = 0, 0.0

    def __enter__(self) -> GifWriter:
        self._file = self._staged.__enter__().open("wb")
        return self

    def write(self, image: NDArray[np.uint8], time: float) -> None:
        """Append one RGB picture, shown from ``time`` seconds on."""
        self._now = time
        if self._last is None:
            self._start(image)
            self._waiting = (image.copy(), (0, 0))
        else:
            changed = (image != self._last).any(axis=2)
            rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
            if not len(rows):
                return
            self._flush(round(time * 100))
            region = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            self._waiting = (image[region].copy(), (int(columns[0]), int(rows[0])))
        self._last = image.copy()

    def _start(self, image: NDArray[np.uint8]) -> None:
        first = Image.fromarray(image).quantize(16)
        header = b"".join(GifImagePlugin.getheader(first)[0])
        self._file.write(b"GIF89a" + header[6:])  # the version that knows steps and loops
        self._file.write(_LOOP_FOREVER)

    def _flush(self, until: int) -> None:
        """Write the waiting picture, which is shown up to ``until`` hundredths of a second."""
        if self._waiting is None:
            return
        part, offset = self._waiting
        indexed = _indexed(np.ascontiguousarray(part))
        options = {"duration": 10 * max(1, until - self._since), "include_color_table": True}
        for block in GifImagePlugin.getdata(indexed, offset, **options):
            self._file.write(block)
        self._since, self._waiting = until, None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._flush(round((self._now + self._step) * 100))
                self._file.write(b";")
            self._file.close()
        except BaseException as failure:
            self._staged.__exit__(type(failure), failure, failure.__traceback__)
            raise
        self._staged.__exit__(kind, error, trace)
