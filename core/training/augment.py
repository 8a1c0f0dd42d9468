"""Examples made from examples: pauses, other voices, other channels.

Every function takes examples whose audio is at `SPEECH_RATE` and whose row f belongs to sample
640 f, and returns examples of the same kind.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..media import Waveform
from ..media.audio import resample
from ..speech.logmel import SPEECH_RATE
from ..speech.noise import coloured_noise, mix_noise
from ..tracks.track import resample_linear
from .data import Example

__all__ = ["HOP", "another_channel", "another_voice", "cropped", "joined", "noise_alone"]

HOP = SPEECH_RATE // 25
"""Samples of a row."""
_RAMP = 4  # frames in which the lips close or open at a cut
_LOUDEST_PAUSE_DB, _QUIETEST_PAUSE_DB = -35.0, -70.0


def cropped(example: Example, first: int, count: int) -> Example:
    """Rows ``first`` to ``first + count`` and their audio, as far as the example reaches."""
    stop = min(first + count, len(example))
    samples = example.sound.samples[first * HOP : stop * HOP]
    return _with(example, samples, example.points[first:stop], example.lips[first:stop])


def joined(one: Example, two: Example, pause: int, rng: np.random.Generator) -> Example:
    """Two examples of one speaker with a pause between them, in which the mouth is closed.

    Parameters
    ----------
    pause : rows; filled with quiet noise. Lips close and open within 160 ms on either side.
    """
    gap = _quiet(pause * HOP, float(np.abs(one.sound.samples).max(initial=0.0)), rng)
    samples = [_whole_rows(e.sound.samples, len(e)) for e in (one, two)]
    faces = [
        _bridged(a, closed, b, pause)
        for a, closed, b in (
            (one.points, one.closed_points, two.points),
            (one.lips, one.closed_lips, two.lips),
        )
    ]
    return _with(one, np.concatenate([samples[0], gap, samples[1]]), *faces)


def noise_alone(example: Example, count: int, rng: np.random.Generator) -> Example:
    """Noise of any colour and level without speech, for ``count`` rows of a closed mouth."""
    level = 10 ** (rng.uniform(-60, 0) / 20)
    noise = coloured_noise(count * HOP, rng.uniform(0, 2), rng)
    noise *= np.float32(level / max(float(np.abs(noise).max(initial=0.0)), 1e-9))
    points, lips = (
        np.repeat(closed[None], count, axis=0)
        for closed in (example.closed_points, example.closed_lips)
    )
    return _with(example, noise, points, lips)


def another_voice(example: Example, rate: float) -> Example:
    """The example played at ``rate`` times its speed: pitch, formants and tempo change together,
    and the face follows."""
    samples = resample(Waveform(example.sound.samples, round(SPEECH_RATE * rate)), SPEECH_RATE)
    count = min(len(samples.samples) // HOP + 1, int((len(example) - 1) / rate) + 1)
    at = np.arange(count) * rate
    points, lips = (
        resample_linear(face, np.arange(len(face)), at) for face in (example.points, example.lips)
    )
    return _with(example, samples.samples, points, lips)


def another_channel(example: Example, rng: np.random.Generator) -> Example:
    """Through another microphone and room noise: a smooth random equaliser within +-8 dB, then
    noise of any colour at 6 to 40 dB."""
    samples = example.sound.samples
    if not len(samples):
        return example
    spectrum = np.fft.rfft(samples)
    knots = rng.uniform(-8, 8, 6)
    place = np.log1p(np.linspace(0, 60, len(spectrum))) / np.log1p(60) * (len(knots) - 1)
    gain = 10 ** (np.interp(place, np.arange(len(knots)), knots) / 20)
    changed = np.fft.irfft(spectrum * gain, len(samples)).astype(np.float32)
    noise = coloured_noise(len(samples), rng.uniform(0, 2), rng)
    return _with(
        example, mix_noise(changed, noise, rng.uniform(6, 40)), example.points, example.lips
    )


def _with(
    example: Example,
    samples: NDArray[np.float32],
    points: NDArray[np.float64],
    lips: NDArray[np.float64],
) -> Example:
    sound = Waveform(np.ascontiguousarray(samples, np.float32), SPEECH_RATE)
    return replace(example, sound=sound, points=points, lips=lips)


def _whole_rows(samples: NDArray[np.float32], rows: int) -> NDArray[np.float32]:
    """Exactly 640 samples a row; silence where there are too few."""
    count = rows * HOP
    return np.pad(samples[:count], (0, max(0, count - len(samples))))


def _quiet(count: int, loudest: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise as quiet as a room between words."""
    level = loudest * 10 ** (rng.uniform(_QUIETEST_PAUSE_DB, _LOUDEST_PAUSE_DB) / 20)
    return coloured_noise(count, rng.uniform(0, 2), rng) * np.float32(level)


def _bridged(
    one: NDArray[np.float64], closed: NDArray[np.float64], two: NDArray[np.float64], pause: int
) -> NDArray[np.float64]:
    """Faces with a closed mouth in the pause between them, reached and left within 160 ms."""
    still = np.repeat(closed[None], pause, axis=0)
    ramp = min(_RAMP, pause // 2)
    if ramp:
        weight = (np.arange(1, ramp + 1) / (ramp + 1))[:, None, None]
        still[:ramp] = one[-1] * (1 - weight) + closed * weight
        still[-ramp:] = two[0] * weight + closed * (1 - weight)
    return np.concatenate([one, still, two])
