"""Sound as mono float32, on the picture's clock. libsndfile first, FFmpeg second."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

import numpy as np
import soundfile
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from ...errors import MediaError, NoAudio
from ...settings import Limits
from ..ipc import Message
from .container import decoding, open_media, pick_audio, pick_video

__all__ = ["UNCOMPRESSED", "decode_pieces", "decode_audio", "sound_blocks"]

Busy = Callable[[], None]
Block = tuple[int, NDArray[np.float32]]  # rate, mono samples
UNCOMPRESSED = ("WAV", "WAVEX", "AIFF", "AU", "NIST", "W64", "RF64")
"""Formats in which libsndfile checks what the head claims against the size of the file."""

_RATES = (1_000, 768_000)  # Hz; beyond them a small file becomes gigabytes when it is resampled
_NOT_ITS_OWN = (soundfile.LibsndfileError, RuntimeError, TypeError)  # TypeError: a name in .raw
_PIECE_SECONDS = 5.0


def _too_long(path: Path, limits: Limits) -> MediaError:
    return MediaError(
        f"The audio of {path.name!r} is more than {limits.hours:g} h or {limits.sound_mb} MB; "
        "cut it, or raise limits.hours and limits.sound_mb in settings.toml."
    )


def _checked_rate(path: Path, rate: int) -> int:
    if not _RATES[0] <= rate <= _RATES[1]:
        raise NoAudio(
            f"The audio of {path.name!r} claims {rate} samples a second; expected {_RATES[0]} "
            f"to {_RATES[1]}."
        )
    return rate


def sound_blocks(
    file: soundfile.SoundFile, path: Path, limits: Limits, busy: Busy
) -> Iterator[NDArray[np.float32]]:
    """All samples in pieces (n, channels), as far as they really go; memory stays flat."""
    size = max(1, 2**16 // file.channels)  # fits into the cache
    left = limits.hours * 3600 * file.samplerate
    while len(block := file.read(size, dtype="float32", always_2d=True)):
        left -= len(block)
        if left < 0:
            raise _too_long(path, limits)
        busy()
        yield block


def _by_libsndfile(path: Path, limits: Limits, busy: Busy) -> Iterator[Block]:
    with soundfile.SoundFile(os.fsencode(path)) as file:
        rate = _checked_rate(path, int(file.samplerate))
        for block in sound_blocks(file, path, limits, busy):
            yield rate, block[:, 0] if file.channels == 1 else block.mean(axis=1)


def _by_ffmpeg(path: Path, limits: Limits, busy: Busy) -> Iterator[Block]:
    """The main sound stream, placed on the picture's clock."""
    first_picture = _first_picture(path, limits)
    with open_media(path, limits) as container, decoding(path):
        stream = pick_audio(container)
        if stream is None:
            raise NoAudio(f"{path.name!r} has no audio; this step needs speech.")
        rate = _checked_rate(path, int(stream.rate))
        resampler = AudioResampler(format="fltp", layout=stream.layout, rate=rate)
        left = limits.hours * 3600 * rate
        early = 0  # samples before the first picture, still to be left out
        started = False
        for frame in chain(container.decode(stream), [None]):
            if frame is not None and not started:
                started = True
                start = float(frame.time or 0.0)
                late = 0 if first_picture is None else round((start - first_picture) * rate)
                early, left = max(0, -late), left - max(0, late)
                while late > 0 and left >= 0:
                    yield rate, np.zeros(min(late, rate), np.float32)
                    late -= rate
            for block in resampler.resample(frame) if started else ():
                samples = block.to_ndarray().mean(axis=0, dtype=np.float32)
                busy()
                left -= len(samples)
                if left < 0:
                    raise _too_long(path, limits)
                yield rate, samples[early:]
                early = max(0, early - len(samples))
        if left < 0:
            raise _too_long(path, limits)


def _first_picture(path: Path, limits: Limits) -> float | None:
    """Time of the first picture; None where there is none."""
    with open_media(path, limits) as container:
        picture = pick_video(container)
        if picture is None:
            return None
        with decoding(path):
            first = next(container.decode(picture), None)
    return float((first and first.time) or 0.0)


def _sound(path: Path, limits: Limits, busy: Busy) -> Iterator[Block]:
    """Blocks as they come; libsndfile where it knows the file, FFmpeg where it does not."""
    begun = False
    try:
        for block in _by_libsndfile(path, limits, busy):
            yield block
            begun = True
    except _NOT_ITS_OWN as error:
        if begun:
            raise MediaError(
                f"The audio of {path.name!r} is damaged and cannot be read to its end; convert "
                "it to WAV."
            ) from error
        yield from _by_ffmpeg(path, limits, busy)


def _finite(path: Path, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    if not np.isfinite(samples).all():
        raise NoAudio(f"The audio of {path.name!r} contains values that are not numbers.")
    return samples


def _empty(path: Path) -> NoAudio:
    return NoAudio(f"{path.name!r} has an audio stream without a single sample.")


def decode_pieces(path: Path, *, limits: Limits, busy: Busy) -> Iterator[Message]:
    """All samples in pieces of some seconds: memory stays flat."""
    held: list[NDArray[np.float32]] = []
    count, total, rate = 0, 0, 1
    for rate, block in _sound(path, limits, busy):  # noqa: B007
        held.append(_finite(path, block))
        count += len(block)
        if count >= _PIECE_SECONDS * rate:
            yield {"rate": rate}, [np.concatenate(held)]
            held, count, total = [], 0, total + count
    if total + count == 0:
        raise _empty(path)
    yield {"rate": rate}, [np.concatenate(held) if held else np.zeros(0, np.float32)]


def decode_audio(path: Path, *, limits: Limits, busy: Busy) -> Iterator[Message]:
    """All samples, once they are known to be sound."""
    try:
        rate, samples = _whole(_by_libsndfile(path, limits, busy), path, limits)
    except _NOT_ITS_OWN:
        rate, samples = _whole(_by_ffmpeg(path, limits, busy), path, limits)
    yield {"rate": rate}, [_finite(path, samples)]


def _whole(blocks: Iterator[Block], path: Path, limits: Limits) -> tuple[int, NDArray[np.float32]]:
    """All blocks as one array that is held once."""
    held, rate = bytearray(), 1
    with closing(blocks):  # type: ignore[type-var]
        for rate, block in blocks:  # noqa: B007
            held += np.ascontiguousarray(block, np.float32).data.cast("B")
            if len(held) > limits.sound_mb * 10**6:
                raise _too_long(path, limits)
    if not held:
        raise _empty(path)
    return rate, np.frombuffer(held, np.float32)
