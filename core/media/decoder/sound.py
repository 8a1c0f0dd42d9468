"""Sound as mono float32, on the picture's clock. libsndfile first, FFmpeg second."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import soundfile
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from core.errors import MediaError, NoSound
from core.media.decoder.container import decoding, open_media, pick_audio, pick_video
from core.media.wire import Message
from core.settings import Limits

__all__ = ["UNCOMPRESSED", "decode_sound", "sound_blocks"]

Busy = Callable[[], None]
UNCOMPRESSED = ("WAV", "WAVEX", "AIFF", "AU", "NIST", "W64", "RF64")
"""Formats in which libsndfile checks what the head claims against the size of the file."""

_RATES = (1_000, 768_000)  # Hz; beyond them a small file becomes gigabytes when it is resampled


class _Samples:
    """Mono samples as they come, no more of them than the limits allow, held once."""

    def __init__(self, path: Path, rate: int, limits: Limits, busy: Busy) -> None:
        if not _RATES[0] <= rate <= _RATES[1]:
            raise NoSound(
                f"The sound of {path.name!r} claims {rate} samples a second; expected "
                f"{_RATES[0]} to {_RATES[1]}."
            )
        self._bytes = bytearray()
        self._path, self._limits, self._busy = path, limits, busy
        self._most = 4 * _most_samples(rate, limits)

    def add(self, block: NDArray[np.float32]) -> None:
        self._bytes += np.ascontiguousarray(block, np.float32).data.cast("B")
        self._busy()
        if len(self._bytes) > self._most:
            raise _too_long(self._path, self._limits)

    @property
    def array(self) -> NDArray[np.float32]:
        return np.frombuffer(self._bytes, np.float32)


def _most_samples(rate: int, limits: Limits) -> float:
    return min(limits.hours * 3600 * rate, limits.sound_mb * 10**6 / 4)


def _too_long(path: Path, limits: Limits) -> MediaError:
    return MediaError(
        f"The sound of {path.name!r} is more than {limits.hours:g} h or {limits.sound_mb} MB; cut "
        "it, or raise limits.hours and limits.sound_mb in settings.toml."
    )


def sound_blocks(
    file: soundfile.SoundFile, path: Path, limits: Limits, busy: Busy
) -> Iterator[NDArray[np.float32]]:
    """All samples in pieces (n, channels), as far as they really go; memory stays flat."""
    size = max(1, 2**16 // file.channels)  # fits into the cache
    left = _most_samples(file.samplerate, limits)
    while len(block := file.read(size, dtype="float32", always_2d=True)):
        left -= len(block)
        if left < 0:
            raise _too_long(path, limits)
        busy()
        yield block


def _read_libsndfile(
    path: Path, limits: Limits, busy: Busy
) -> tuple[int, NDArray[np.float32]] | None:
    try:
        with soundfile.SoundFile(os.fsencode(path)) as file:
            rate = int(file.samplerate)
            samples = _Samples(path, rate, limits, busy)
            for block in sound_blocks(file, path, limits, busy):
                samples.add(block[:, 0] if file.channels == 1 else block.mean(axis=1))
    except (soundfile.LibsndfileError, RuntimeError, TypeError):  # TypeError: a name ending in .raw
        return None
    return rate, samples.array


def _read_ffmpeg(path: Path, limits: Limits, busy: Busy) -> tuple[int, NDArray[np.float32]]:
    """Decode the main sound stream and place it on the picture's clock."""
    with open_media(path, limits) as container, decoding(path):
        stream = pick_audio(container)
        video = pick_video(container)
        if stream is None:
            raise NoSound(f"{path.name!r} has no sound; this step needs speech.")
        rate = int(stream.rate)
        resampler = AudioResampler(format="fltp", layout=stream.layout, rate=rate)
        samples = _Samples(path, rate, limits, busy)
        start: float | None = None
        for frame in container.decode(stream):
            if start is None:
                start = float(frame.time or 0.0)
            for block in resampler.resample(frame):
                samples.add(block.to_ndarray().mean(axis=0, dtype=np.float32))
        for block in resampler.resample(None):
            samples.add(block.to_ndarray().mean(axis=0, dtype=np.float32))
    array = samples.array
    if video is None or start is None:
        return rate, array
    with open_media(path, limits) as container, decoding(path):
        picture = pick_video(container)
        first = next(container.decode(picture), None) if picture is not None else None
    seconds = start - float((first and first.time) or 0.0)
    offset = round(seconds * rate)
    if offset + len(array) > _most_samples(rate, limits):
        raise _too_long(path, limits)
    if offset > 0:
        return rate, np.concatenate([np.zeros(offset, np.float32), array])
    return rate, array[-offset:]


def decode_sound(path: Path, *, limits: Limits, busy: Busy) -> Iterator[Message]:
    """All samples, once they are known to be sound."""
    rate, samples = _read_libsndfile(path, limits, busy) or _read_ffmpeg(path, limits, busy)
    if len(samples) == 0:
        raise NoSound(f"{path.name!r} holds a sound stream without a single sample.")
    if not np.isfinite(samples).all():
        raise NoSound(f"The sound of {path.name!r} holds values that are not numbers.")
    yield {"rate": rate}, [samples]
