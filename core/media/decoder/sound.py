"""Audio as mono float32, on the clock of the picture. libsndfile first, FFmpeg second."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soundfile
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from ...choice import Choice
from ...errors import MediaError, NoAudio
from ...settings import Limits
from ..ipc import Message
from .channels import Levels, mixed, plan
from .container import chosen, decoded, decoding, open_media, pick_audio
from .numbering import first_stamp
from .placing import Placement

__all__ = ["audio_seconds", "decode_audio", "decode_pieces"]

Busy = Callable[[], None]
Block = NDArray[np.float32]  # (N, channels)
UNCOMPRESSED = ("WAV", "WAVEX", "AIFF", "AU", "NIST", "W64", "RF64")
"""Formats in which libsndfile checks what the header claims against the size of the file."""

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


class _Source(Protocol):
    """The audio of a file as one reader gives it."""

    rate: int
    channels: int

    def blocks(self) -> Iterator[Block]:
        """All samples, (N, channels), without a place."""

    def placed(self, channels: list[int]) -> Iterator[NDArray[np.float32]]:
        """The mean of some channels, (N,), on the clock of the picture."""

    def repairs(self) -> list[dict[str, Any]]:
        """What placing found."""


class _BySndfile:
    """Audio files that libsndfile knows; they hold no time stamps."""

    def __init__(self, path: Path, limits: Limits, busy: Busy) -> None:
        self._path, self._limits, self._busy = path, limits, busy
        self._damage: float | None = None  # seconds where the samples end too early
        with soundfile.SoundFile(os.fsencode(path)) as file:
            self.rate, self.channels = _checked_rate(path, int(file.samplerate)), file.channels
            if not len(file.read(1)):
                raise NoAudio("no sample")  # FFmpeg may find some

    def blocks(self) -> Iterator[Block]:
        given = 0
        try:
            with soundfile.SoundFile(os.fsencode(self._path)) as file:
                for block in sound_blocks(file, self._path, self._limits, self._busy):
                    yield block
                    given += len(block)
        except _NOT_ITS_OWN:
            yield from self._rest(given)

    def _rest(self, given: int) -> Iterator[Block]:
        """What FFmpeg finds behind the samples that libsndfile has given."""
        self._damage = given / self.rate
        try:
            other = _ByFfmpeg(self._path, self._limits, self._busy)
            if (other.rate, other.channels) != (self.rate, self.channels):
                return
            for block in other.blocks():
                yield block[given:]
                self._damage += max(0, len(block) - given) / self.rate
                given = max(0, given - len(block))
        except MediaError:
            return  # what was given is all there is

    def placed(self, channels: list[int]) -> Iterator[NDArray[np.float32]]:
        return (mixed(block, channels) for block in self.blocks())

    def repairs(self) -> list[dict[str, Any]]:
        if self._damage is None:
            return []
        text = f"The audio is damaged and ends at {self._damage:.3f} s, before its stated end."
        return [{"kind": "undecodable", "text": text, "at": self._damage}]


class _ByFfmpeg:
    """The audio track of any other file, every block at the time of its frame."""

    def __init__(self, path: Path, limits: Limits, busy: Busy) -> None:
        self._path, self._limits, self._busy = path, limits, busy
        with open_media(path, limits) as container, decoding(path):
            stream = pick_audio(container, path, limits)
            if stream is None:
                raise NoAudio(f"{path.name!r} has no audio; this step needs speech.")
            self._index = stream.index
            self.rate = _checked_rate(path, int(stream.rate))
            self.channels = stream.layout.nb_channels
        self._placement: Placement | None = None

    def _stamped(self) -> Iterator[tuple[float | None, Block]]:
        """Blocks at the rate of the first frame; the stamp is None inside a frame."""
        with open_media(self._path, self._limits) as container, decoding(self._path):
            stream = container.streams[self._index]
            assert isinstance(stream, AudioStream)
            resampler, looks = None, None
            left = self._limits.hours * 3600 * self.rate
            for frame in decoded(container, stream):
                assert isinstance(frame, AudioFrame)
                if looks != (frame.format.name, frame.layout.name, frame.sample_rate):
                    yield from ((None, block) for block in _flushed(resampler))
                    looks = (frame.format.name, frame.layout.name, frame.sample_rate)
                    resampler = AudioResampler(format="fltp", layout=frame.layout, rate=self.rate)
                stamp = frame.time
                for piece in resampler.resample(frame) if resampler is not None else ():
                    block = np.asarray(piece.to_ndarray().T, np.float32)
                    left -= len(block)
                    if left < 0:
                        raise _too_long(self._path, self._limits)
                    self._busy()
                    yield stamp, block
                    stamp = None
            yield from ((None, block) for block in _flushed(resampler))

    def blocks(self) -> Iterator[Block]:
        return (block for _, block in self._stamped())

    def placed(self, channels: list[int]) -> Iterator[NDArray[np.float32]]:
        blocks = ((stamp, mixed(block, channels)) for stamp, block in self._stamped())
        first = next(blocks, None)
        if first is None:
            return
        origin = first_stamp(self._path, self._limits)
        self._placement = Placement(self.rate, (first[0] or 0.0) if origin is None else origin)
        left = self._limits.hours * 3600 * self.rate
        for samples in self._placement.place(chain([first], blocks)):
            left -= len(samples)
            if left < 0:
                raise _too_long(self._path, self._limits)
            yield samples

    def repairs(self) -> list[dict[str, Any]]:
        return [] if self._placement is None else placing_repairs(self._placement)


def _flushed(resampler: AudioResampler | None) -> Iterator[Block]:
    for piece in resampler.resample(None) if resampler is not None else ():
        yield np.asarray(piece.to_ndarray().T, np.float32)


def placing_repairs(placement: Placement) -> list[dict[str, Any]]:
    """What placing changed, as repairs."""
    found = []
    for at, length in placement.holes:
        text = f"Audio is missing from {at:.3f} s to {at + length:.3f} s; silence fills the hole."
        found.append({"kind": "audio-hole", "text": text, "at": at, "amount": length})
    for at, length in placement.overlaps:
        text = f"{length:.3f} s of audio at {at:.3f} s overlap the audio before; they are cut."
        found.append({"kind": "audio-overlap", "text": text, "at": at, "amount": length})
    if placement.drifts:
        total = sum(length for _, length in placement.drifts)
        text = (
            f"The audio drifts {total:+.3f} s against its time stamps; it is put back in "
            f"{len(placement.drifts)} steps."
        )
        at = placement.drifts[0][0]
        found.append({"kind": "audio-drift", "text": text, "at": at, "amount": total})
    for at in placement.restarts:
        text = f"The time stamps of the audio begin again at {at:.3f} s; the audio follows on."
        found.append({"kind": "audio-restart", "text": text, "at": at})
    return found


def _source(path: Path, limits: Limits, busy: Busy) -> _Source:
    """The reader of a file: libsndfile where it knows it and finds samples, else FFmpeg."""
    if chosen.get().audio_track is not None:
        return _ByFfmpeg(path, limits, busy)
    try:
        return _BySndfile(path, limits, busy)
    except (*_NOT_ITS_OWN, NoAudio):
        return _ByFfmpeg(path, limits, busy)


class _Audio:
    """The audio of a file as mono, and what was mended on the way."""

    def __init__(self, path: Path, limits: Limits, busy: Busy) -> None:
        self._source = _source(path, limits, busy)
        self.rate = self._source.rate
        self._levels = Levels()
        state = path.stat()
        self._channels, self._found = (
            ([0], [])
            if self._source.channels == 1
            else _plan(path, limits, busy, chosen.get(), state.st_mtime_ns, state.st_size)
        )

    def samples(self) -> Iterator[NDArray[np.float32]]:
        """(N,) in order."""
        return (self._levels.add(block) for block in self._source.placed(self._channels))

    def repairs(self) -> list[dict[str, Any]]:
        """All repairs; complete once the samples have come."""
        return [*self._source.repairs(), *self._found, *self._levels.repairs()]


@lru_cache(maxsize=16)
def _plan(
    path: Path, limits: Limits, busy: Busy, choice: Choice, *state: int
) -> tuple[list[int], list[dict[str, Any]]]:
    source = _source(path, limits, busy)
    return plan(source.blocks(), source.rate)


def _finite(path: Path, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    if not np.isfinite(samples).all():
        raise NoAudio(f"The audio of {path.name!r} contains values that are not numbers.")
    return samples


def _empty(path: Path) -> NoAudio:
    return NoAudio(f"{path.name!r} has an audio stream without a single sample.")


def decode_pieces(path: Path, *, limits: Limits, busy: Busy) -> Iterator[Message]:
    """All samples in pieces of some seconds: memory stays flat. The last one holds the repairs."""
    held: list[NDArray[np.float32]] = []
    count, total = 0, 0
    audio = _Audio(path, limits, busy)
    for block in audio.samples():
        held.append(_finite(path, block))
        count += len(block)
        if count >= _PIECE_SECONDS * audio.rate:
            yield {"rate": audio.rate}, [np.concatenate(held)]
            held, count, total = [], 0, total + count
    if total + count == 0:
        raise _empty(path)
    last = np.concatenate(held) if held else np.zeros(0, np.float32)
    yield {"rate": audio.rate, "repairs": audio.repairs()}, [last]


def decode_audio(path: Path, *, limits: Limits, busy: Busy) -> Iterator[Message]:
    """All samples, once they are known to be sound."""
    held = bytearray()
    audio = _Audio(path, limits, busy)
    with closing(audio.samples()) as blocks:  # type: ignore[type-var]
        for block in blocks:
            held += np.ascontiguousarray(block, np.float32).data.cast("B")
            if len(held) > limits.sound_mb * 10**6:
                raise _too_long(path, limits)
    if not held:
        raise _empty(path)
    samples = _finite(path, np.frombuffer(held, np.float32))
    yield {"rate": audio.rate, "repairs": audio.repairs()}, [samples]


def audio_seconds(path: Path, limits: Limits, busy: Busy) -> float:
    """Length of the audio, as `decode_audio` gives it.

    A file whose head libsndfile checks against its size is not decoded for it.
    """
    try:
        with soundfile.SoundFile(os.fsencode(path)) as file:
            if file.format in UNCOMPRESSED and file.frames:
                return float(file.frames / file.samplerate)
    except _NOT_ITS_OWN:
        pass
    source = _source(path, limits, busy)
    count = sum(len(samples) for samples in source.placed([0]))
    return count / source.rate if count else 0.0
