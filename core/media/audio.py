"""Sound as mono float32, on the picture's clock. libsndfile first, FFmpeg second."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from core.errors import BadInput, MissingFile, NoSound
from core.media.container import decoding, open_media
from core.media.probe import pick_audio, pick_video, sound_blocks

__all__ = ["Waveform", "read_sound", "resample", "write_wav"]


@dataclass(frozen=True, eq=False)
class Waveform:
    """Mono sound: ``samples`` float32 (N,), nominally within -1..1; ``rate`` in Hz."""

    samples: NDArray[np.float32]
    rate: int

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
        return len(self.samples) / self.rate

    @property
    def silent(self) -> bool:
        """True where no sample rises above -80 dB of full scale: there is no speech to hear."""
        return bool(np.abs(self.samples).max(initial=0.0) < 1e-4)


def resample(sound: Waveform, rate: int) -> Waveform:
    """Resample by soxr at high quality: librosa's default, which reproduces the published vectors.

    The result has ceil(N * rate / sound.rate) samples, as librosa's has. (Importing librosa for
    this one call would compile for up to a minute on a fresh machine.)
    """
    if rate == sound.rate:
        return sound
    count = int(np.ceil(len(sound.samples) * (float(rate) / sound.rate)))
    samples = soxr.resample(sound.samples, sound.rate, rate, quality="HQ")[:count]
    return Waveform(np.pad(samples, (0, count - len(samples))), rate)


def _read_libsndfile(path: Path) -> Waveform | None:
    pieces = [np.zeros(0, np.float32)]
    try:
        with soundfile.SoundFile(str(path)) as file:
            rate = int(file.samplerate)
            pieces += [block.mean(axis=1) for block in sound_blocks(file)]
    except (soundfile.LibsndfileError, RuntimeError, TypeError):  # TypeError: a name ending in .raw
        return None
    return Waveform(np.concatenate(pieces), rate)


def _read_ffmpeg(path: Path) -> Waveform:
    """Decode the main sound stream and place it on the picture's clock."""
    with open_media(path) as container, decoding(path):
        stream = pick_audio(container)
        video = pick_video(container)
        if stream is None:
            raise NoSound(f"{path.name!r} has no sound; this step needs speech.")
        rate = int(stream.rate)
        resampler = AudioResampler(format="fltp", layout=stream.layout, rate=rate)
        pieces: list[NDArray[np.float32]] = []
        start: float | None = None
        for frame in container.decode(stream):
            if start is None:
                start = float(frame.time or 0.0)
            for block in resampler.resample(frame):
                pieces.append(block.to_ndarray().mean(axis=0, dtype=np.float32))
        for block in resampler.resample(None):
            pieces.append(block.to_ndarray().mean(axis=0, dtype=np.float32))
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    if video is not None and start is not None:
        with open_media(path) as container, decoding(path):
            picture = pick_video(container)
            first = next(container.decode(picture), None) if picture is not None else None
        offset = round((start - float((first and first.time) or 0.0)) * rate)
        if offset > 0:
            samples = np.concatenate([np.zeros(offset, np.float32), samples])
        else:
            samples = samples[-offset:]
    return Waveform(samples, rate)


def read_sound(path: Path | str, *, rate: int | None = None) -> Waveform:
    """Read the sound of a sound or video file as mono.

    Sound of a video is placed on the picture's clock: sample 0 sounds with the first frame
    (silence is put in front, or early sound cut, by the stored start offset).

    Raises
    ------
    MissingFile, NoSound, MediaError
    """
    path = Path(path)
    if not os.path.isfile(path):  # unlike Path.is_file, False for names that cannot exist
        raise MissingFile(f"There is no file {str(path)!r}; check the path.")
    sound = _read_libsndfile(path) or _read_ffmpeg(path)
    if len(sound.samples) == 0:
        raise NoSound(f"{path.name!r} holds a sound stream without a single sample.")
    if not np.isfinite(sound.samples).all():
        raise NoSound(f"The sound of {path.name!r} holds values that are not numbers.")
    return sound if rate is None else resample(sound, rate)


def write_wav(path: Path | str, sound: Waveform) -> None:
    """Write 16-bit PCM; values beyond -1..1 are clipped."""
    soundfile.write(str(path), sound.samples, sound.rate, subtype="PCM_16", format="WAV")
