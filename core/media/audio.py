"""Sound as mono float32, on the picture's clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from ..errors import BadInput, MediaError
from .repairs import Repair, repairs_of
from .sandbox import request, stream

__all__ = [
    "LONG_SECONDS",
    "Audio",
    "StoredAudio",
    "Waveform",
    "as_audio",
    "cut_audio",
    "delay_audio",
    "open_audio",
    "read_audio",
    "resample",
    "write_flac",
    "write_wav",
]


LONG_SECONDS = 600.0
"""Sound that is longer is not held in memory."""
_SILENT = 1e-4  # -80 dB of full scale


class Audio(Protocol):
    """Mono sound, held in memory (`Waveform`) or read from a file as it is heard."""

    @property
    def rate(self) -> int:
        """Samples a second."""

    @property
    def n_samples(self) -> int:
        """How many there are."""

    @property
    def duration(self) -> float:
        """Seconds."""

    @property
    def silent(self) -> bool:
        """True where no sample rises above -80 dB of full scale: there is no speech to hear."""

    def pieces(self, seconds: float) -> Iterator[NDArray[np.float32]]:
        """All samples in order, in pieces of about this length; every call begins anew."""


@dataclass(frozen=True, eq=False)
class Waveform:
    """Mono audio.

    Attributes
    ----------
    samples : float32 (N,), nominally within -1..1
    rate : samples per second
    repairs : what decoding mended
    """

    samples: NDArray[np.float32]
    rate: int
    repairs: tuple[Repair, ...] = ()

    def __post_init__(self) -> None:
        samples = np.ascontiguousarray(self.samples, dtype=np.float32)
        if samples.ndim != 1:
            raise BadInput(f"A waveform is one channel; got an array of shape {samples.shape}.")
        if self.rate <= 0:
            raise BadInput(f"A sample rate must be above 0, not {self.rate}.")
        samples.setflags(write=False)
        object.__setattr__(self, "samples", samples)

    def __repr__(self) -> str:
        return f"Waveform({self.duration:.3f} s, {self.rate} Hz)"

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.rate

    @property
    def n_samples(self) -> int:
        """How many samples there are."""
        return len(self.samples)

    def pieces(self, seconds: float) -> Iterator[NDArray[np.float32]]:
        """The samples in pieces of ``seconds``."""
        size = max(1, round(seconds * self.rate))
        for start in range(0, len(self.samples), size):
            yield self.samples[start : start + size]

    @property
    def silent(self) -> bool:
        """True where no sample rises above -80 dB of full scale."""
        return _largest(self.samples) < _SILENT


def resample(sound: Waveform, rate: int) -> Waveform:
    """Resample by soxr at high quality: librosa's default, which reproduces the published vectors.

    The result has ceil(N * rate / sound.rate) samples, as librosa's has. (Importing librosa for
    this one call would compile for up to a minute on a fresh machine.)
    """
    if rate == sound.rate:
        return sound
    count = int(np.ceil(len(sound.samples) * (float(rate) / sound.rate)))
    samples = soxr.resample(sound.samples, sound.rate, rate, quality="HQ")[:count]
    return Waveform(np.pad(samples, (0, count - len(samples))), rate, sound.repairs)


def read_audio(path: Path | str, *, rate: int | None = None) -> Waveform:
    """Read the audio of an audio or video file as mono, in the sandboxed decoder.

    Parameters
    ----------
    path : path-like
        Audio or video file. Audio of a video is put on the clock of its pictures: sample 0 is
        played with the first frame (silence is put in front, or early audio is cut).
    rate : int, optional
        Samples a second of the result. Default: the file's own rate.

    Returns
    -------
    Waveform
        ``samples``, float32, shape (N,), nominally within -1..1; ``rate`` in Hz.

    Raises
    ------
    MissingFile
        There is no such file.
    NoAudio
        The file has no audio.
    MediaError
        The file cannot be decoded, or is larger than the limits allow.

    Examples
    --------
    >>> from speechmarks import read_audio
    >>> from speechmarks.samples import SAMPLE
    >>> audio = read_audio(SAMPLE.video, rate=16_000)
    >>> audio.rate, audio.samples.dtype, abs(audio.duration - SAMPLE.duration) < 0.1
    (16000, dtype('float32'), True)
    """
    message, (samples,) = request("sound", path)
    audio = Waveform(samples, message["rate"], repairs_of(path, message))
    return audio if rate is None else resample(audio, rate)


@dataclass(frozen=True)
class StoredAudio:
    """Sound that is decoded anew whenever it is heard, a few seconds at a time.

    However long the file is, no more of it is in memory; `Waveform` is for what fits.
    """

    path: Path
    rate: int
    n_samples: int
    peak: float
    repairs: tuple[Repair, ...] = ()

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.n_samples / self.rate

    @property
    def silent(self) -> bool:
        """True where no sample rises above -80 dB of full scale."""
        return self.peak < _SILENT

    def pieces(self, seconds: float) -> Iterator[NDArray[np.float32]]:
        """The samples in pieces of ``seconds``, but the last.

        Raises what decoding raises, or `MediaError` where the file has changed meanwhile.
        """
        size, held, count = max(1, round(seconds * self.rate)), np.zeros(0, np.float32), 0
        for rate, samples, _ in _decoded(self.path):
            count += len(samples)
            if rate != self.rate or count > self.n_samples:
                break
            held = np.concatenate([held, samples])
            while len(held) >= size:
                yield held[:size]
                held = held[size:]
        if count != self.n_samples:
            raise MediaError(f"{self.path.name!r} changed while it was read; try again.")
        if len(held):
            yield held


@dataclass(frozen=True)
class _Cut:
    """Some samples of a sound, as a sound."""

    sound: Audio
    first: int
    n_samples: int

    @property
    def rate(self) -> int:
        return self.sound.rate

    @property
    def duration(self) -> float:
        return self.n_samples / self.rate

    @property
    def silent(self) -> bool:
        return all(_largest(piece) < _SILENT for piece in self.pieces(10.0))

    def pieces(self, seconds: float) -> Iterator[NDArray[np.float32]]:
        skip, left = self.first, self.n_samples
        for piece in self.sound.pieces(seconds):
            wanted = piece[skip : skip + left]
            skip, left = max(0, skip - len(piece)), left - len(wanted)
            if len(wanted):
                yield wanted
            if left == 0:
                return


def cut_audio(sound: Audio, start: float = 0.0, stop: float | None = None) -> Audio:
    """What of a sound lies between two times in seconds; none of it is held."""
    first = min(max(0, round(start * sound.rate)), sound.n_samples)
    last = sound.n_samples if stop is None else min(round(stop * sound.rate), sound.n_samples)
    return _Cut(sound, first, max(0, last - first))


@dataclass(frozen=True, eq=False)
class _Late:
    """A sound after ``silence`` samples of silence."""

    _sound: Audio
    silence: int

    @property
    def rate(self) -> int:
        return self._sound.rate

    @property
    def n_samples(self) -> int:
        return self.silence + self._sound.n_samples

    @property
    def duration(self) -> float:
        return self.n_samples / self.rate

    @property
    def silent(self) -> bool:
        return self._sound.silent

    def pieces(self, seconds: float) -> Iterator[NDArray[np.float32]]:
        yield np.zeros(self.silence, dtype=np.float32)
        yield from self._sound.pieces(seconds)


def delay_audio(sound: Audio, seconds: float) -> Audio:
    """A sound that comes ``seconds`` later, after silence; negative: earlier, without its start."""
    if seconds <= 0:
        return cut_audio(sound, -seconds) if seconds else sound
    return _Late(sound, round(seconds * sound.rate))


def as_audio(path: Path | str) -> Audio:
    """A file's sound: in memory where it is shorter than `LONG_SECONDS`, else decoded as heard.

    Raises
    ------
    MissingFile, NoAudio, MediaError
    """
    stored = open_audio(path)
    return read_audio(path) if stored.duration <= LONG_SECONDS else stored


def _decoded(
    path: Path | str,
) -> Iterator[tuple[int, NDArray[np.float32], Mapping[str, Any]]]:
    with closing(stream("sound_pieces", path)) as answers:  # type: ignore[type-var]
        for message, (samples,) in answers:
            yield message["rate"], samples, message


def open_audio(path: Path | str) -> StoredAudio:
    """The sound of a file of any length, to be heard in pieces; it is counted first.

    Raises
    ------
    MissingFile, NoAudio, MediaError
    """
    rate, count, peak = 0, 0, 0.0
    message: Mapping[str, Any] = {}
    for rate, samples, message in _decoded(path):  # noqa: B007
        count += len(samples)
        peak = max(peak, _largest(samples))
    return StoredAudio(Path(path), rate, count, peak, repairs_of(path, message))


def _largest(samples: NDArray[np.float32]) -> float:
    return float(np.abs(samples).max(initial=0.0))


def write_wav(path: Path | str, sound: Audio) -> None:
    """Write 16-bit PCM; values beyond -1..1 are clipped."""
    _write(path, sound, "WAV")


def write_flac(path: Path | str, sound: Audio) -> None:
    """Write 16-bit FLAC; values beyond -1..1 are clipped."""
    _write(path, sound, "FLAC")


def _write(path: Path | str, sound: Audio, kind: str) -> None:
    with soundfile.SoundFile(str(path), "w", sound.rate, 1, subtype="PCM_16", format=kind) as file:
        for piece in sound.pieces(10.0):
            file.write(piece)
