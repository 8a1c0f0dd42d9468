"""Sound of any length as one array: from memory where it is short, else from a temporary file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from .audio import Waveform, as_audio

__all__ = ["mapped_audio"]


@contextmanager
def mapped_audio(path: Path | str) -> Iterator[Waveform]:
    """The sound of a file, to be cut anywhere without decoding it again; valid inside the block.

    Raises
    ------
    MissingFile, NoAudio, MediaError
    """
    sound = as_audio(path)
    if isinstance(sound, Waveform):
        yield sound
        return
    with TemporaryFile() as file:
        for piece in sound.pieces(10.0):
            file.write(np.ascontiguousarray(piece, np.float32).tobytes())
        file.flush()
        yield Waveform(np.memmap(file, np.float32, "r"), sound.rate)
