"""Make the built-in clip: a drawn presenter speaking one sentence, with its true landmarks.

Command, from the root of the repository (needs espeak-ng with its library)::

    python samples/make_presenter.py

espeak-ng speaks the sentence and tells when each sound begins. Every sound has a mouth shape; the
shapes melt into each other (dominance functions after Cohen and Massaro, 1993), lips that must
touch do touch, and the 68 points are moved and drawn by `core.render.portrait`. All that is written
is synthetic and our own work.
"""

from __future__ import annotations

import csv
import ctypes
import ctypes.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import cv2  # noqa: E402

from core.media.audio import Waveform, resample, write_wav  # noqa: E402
from core.media.movie import MovieWriter  # noqa: E402
from core.render.portrait import draw_portrait  # noqa: E402
from core.tracks.scheme import DLIB68  # noqa: E402

__all__ = ["animate", "make", "speak"]

SENTENCE = (
    "Every voice paints a path of shapes: watch my mouth move from map to moon, and back to calm."
)
VOICE, WORDS_A_MINUTE, PITCH = b"en-us+f4", 150, 40
SIZE, FPS, RATE = 512, 25, 22_050
LEAD, TAIL = 0.50, 0.46  # seconds of silence before and after

Array = NDArray[np.float64]


# --- voice ---------------------------------------------------------------------------------------


class Span(NamedTuple):
    """A sound or a word: seconds from the start of the clip."""

    start: float
    end: float
    name: str


class _EventName(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventName),
    ]


_Listener = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)
_END, _WORD, _PHONEME = 0, 1, 7
_RETRIEVAL, _PHONEME_EVENTS, _IPA, _UTF8 = 1, 1, 2, 1
_PARAMETER_RATE, _PARAMETER_PITCH, _PARAMETER_RANGE = 1, 3, 4


def speak(text: str) -> tuple[Waveform, list[Span], list[Span]]:
    """Speak a sentence with espeak-ng.

    Returns
    -------
    The sound without leading silence of ours, its phonemes (IPA) and its words; times in seconds.
    """
    path = ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1"
    engine = ctypes.CDLL(path)
    rate = engine.espeak_Initialize(_RETRIEVAL, 0, None, _PHONEME_EVENTS | _IPA)
    if rate <= 0 or engine.espeak_SetVoiceByName(VOICE) != 0:
        raise RuntimeError("espeak-ng does not start; install espeak-ng with its voices.")
    engine.espeak_SetParameter(_PARAMETER_RATE, WORDS_A_MINUTE, 0)
    engine.espeak_SetParameter(_PARAMETER_PITCH, PITCH, 0)
    engine.espeak_SetParameter(_PARAMETER_RANGE, 58, 0)

    pieces: list[NDArray[np.int16]] = []
    sounds: list[tuple[float, str]] = []
    words: list[tuple[float, str]] = []

    def report(
        wave: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]
    ) -> int:
        if wave and count > 0:
            pieces.append(np.ctypeslib.as_array(wave, (count,)).copy())
        k = 0
        while events[k].type != _END:
            event = events[k]
            if event.type == _PHONEME:
                sounds.append((event.sample / rate, event.id.string.decode("utf-8", "ignore")))
            elif event.type == _WORD:
                first = event.text_position - 1
                words.append((event.sample / rate, text[first : first + event.length]))
            k += 1
        return 0

    stream = _Listener(report)  # kept in a name, or it would be collected while in use
    engine.espeak_SetSynthCallback(stream)
    data = text.encode()
    engine.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None)
    engine.espeak_Synchronize()
    engine.espeak_Terminate()
    samples = np.concatenate(pieces).astype(np.float32) / np.float32(32_768)
    total = len(samples) / rate
    return resample(Waveform(samples, rate), RATE), _spans(sounds, total), _spans(words, total)


def _spans(events: Sequence[tuple[float, str]], total: float) -> list[Span]:
    """Each event lasts until the next one; nameless ones are pauses."""
    ends = [start for start, _ in events[1:]] + [total]
    return [Span(s, e, name) for (s, name), e in zip(events, ends, strict=True) if e > s]


def _over_sounds(words: Sequence[Span], sounds: Sequence[Span]) -> list[Span]:
    """The same words, each from the start of its first sound to the end of its last."""
    found = []
    for word in words:
        own = [s for s in sounds if word.start <= (s.start + s.end) / 2 < word.end]
        found.append(Span(own[0].start, own[-1].end, word.name))
    return found


# --- mouth ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Viseme:
    """Mouth shape of a sound: ``gap`` of the lips in eye distances, the others from 0 to 1."""

    gap: float
    wide: float = 0.0
    rounded: float = 0.0
    weight: float = 1.0  # how much it imposes itself on its neighbours


_SHAPES: dict[str, tuple[Viseme, ...]] = {
    "ɑː": (Viseme(0.36, 0.1),),
    "æ": (Viseme(0.33, 0.4),),
    "ɛ": (Viseme(0.22, 0.4),),
    "i": (Viseme(0.11, 0.8),),
    "ɐ": (Viseme(0.17, 0.1, weight=0.7),),
    "ə": (Viseme(0.14, 0.1, weight=0.6),),
    "ʌ": (Viseme(0.20, 0.1, weight=0.8),),
    "uː": (Viseme(0.10, 0.0, 1.0),),
    "eɪ": (Viseme(0.24, 0.6), Viseme(0.13, 0.8)),
    "aɪ": (Viseme(0.34, 0.2), Viseme(0.14, 0.7)),
    "aʊ": (Viseme(0.34, 0.1), Viseme(0.12, 0.0, 0.8)),
    "ɔɪ": (Viseme(0.24, 0.0, 0.75), Viseme(0.13, 0.6)),
    "oʊ": (Viseme(0.20, 0.0, 0.7), Viseme(0.10, 0.0, 0.95)),
    "w": (Viseme(0.06, 0.0, 1.0),),
    "ɹ": (Viseme(0.10, 0.0, 0.45, weight=0.7),),
    "l": (Viseme(0.12, 0.2, weight=0.5),),
    "s": (Viseme(0.06, 0.45, weight=0.9),),
    "ʃ": (Viseme(0.09, 0.0, 0.6),),
    "tʃ": (Viseme(0.08, 0.0, 0.55),),
    "θ": (Viseme(0.09, 0.2, weight=0.8),),
    "t": (Viseme(0.08, 0.25, weight=0.6),),
    "d": (Viseme(0.08, 0.25, weight=0.6),),
    "n": (Viseme(0.08, 0.25, weight=0.6),),
    "k": (Viseme(0.11, 0.15, weight=0.5),),
    "v": (Viseme(0.05, 0.2, weight=0.8),),
    "f": (Viseme(0.05, 0.2, weight=0.8),),
    "p": (Viseme(0.06, weight=0.4),),
    "b": (Viseme(0.06, weight=0.4),),
    "m": (Viseme(0.06, weight=0.4),),
}
_BILABIAL, _LABIODENTAL = frozenset("pbm"), frozenset("fv")
_VOWELS = frozenset(name for name, shape in _SHAPES.items() if name[0] in "ɑæɛiɐəʌuaeɔo")


class Mouth(NamedTuple):
    """How the mouth stands at each time, arrays of shape (T,); 0..1 but ``gap`` (eye distances)."""

    gap: Array
    wide: Array
    rounded: Array
    pressed: Array
    bitten: Array
    smile: Array


def _bump(t: Array, start: float, end: float, rise: float, fall: float) -> Array:
    """1 between start and end, with half-cosine flanks before and after; seconds."""
    before = np.clip((t - start + rise) / rise, 0, 1)
    after = np.clip((end + fall - t) / fall, 0, 1)
    return np.asarray((0.5 - 0.5 * np.cos(np.pi * before)) * (0.5 - 0.5 * np.cos(np.pi * after)))


def _contact(t: Array, sounds: Sequence[Span], k: int, least: float) -> Array:
    """Contact of lips (or of lip and teeth) in sound k, 0..1.

    It lasts ``least`` seconds where its neighbours are long enough to be seen all the same, and
    goes on into a pause.
    """
    span = sounds[k]
    before = span.start - sounds[k - 1].start if k > 0 else 1.0
    after = sounds[k + 1].end - span.end if k + 1 < len(sounds) else 1.0
    pause = k + 1 == len(sounds) or sounds[k + 1].start - span.end > 0.1
    missing = max(least - (span.end - span.start), 0.0)
    start = span.start - min(0.6 * missing, 0.12 * before)
    end = span.end + (0.4 if pause else min(0.4 * missing, 0.06 * after))
    rise, fall = (float(np.clip(0.38 * near, 0.028, 0.085)) for near in (before, after))
    return _bump(t, start, end, rise, fall)


def mouth_shapes(sounds: Sequence[Span], t: Array) -> Mouth:
    """Mouth at times ``t`` (seconds): dominance-weighted mean of the shapes of nearby sounds."""
    total = np.full(len(t), 0.02)
    sums = np.zeros((3, len(t)))
    pressed, bitten, speaking = np.zeros_like(t), np.zeros_like(t), np.zeros_like(t)
    for k, span in enumerate(sounds):
        shapes = _SHAPES[span.name]
        length = (span.end - span.start) / len(shapes)
        for part, shape in enumerate(shapes):
            middle = span.start + (part + 0.5) * length
            away = np.maximum(np.abs(t - middle) - 0.30 * length, 0)
            pull = shape.weight * np.exp(-((away / (0.036 + 0.22 * length)) ** 1.4))
            total += pull
            sums += pull * np.array([[shape.gap], [shape.wide], [shape.rounded]])
        if span.name in _BILABIAL:
            pressed = np.maximum(pressed, _contact(t, sounds, k, 0.085))
        if span.name in _LABIODENTAL:
            bitten = np.maximum(bitten, _contact(t, sounds, k, 0.075))
        speaking = np.maximum(speaking, _bump(t, span.start, span.end, 0.22, 0.30))
    gap, wide, rounded = sums / total
    bitten = bitten * (1 - pressed)
    gap = (gap * (1 - bitten) + 0.045 * bitten) * (1 - pressed)
    return Mouth(gap, wide, rounded, pressed, bitten, 1 - speaking)


# --- face ----------------------------------------------------------------------------------------

# Image-left half and middle of the neutral face, lips closed: (x, y) in eye distances from the
# point between the eyes, y down. Designed for this clip; the other half is its mirror image.
_NEUTRAL = {
    0: (-1.13, 0.02), 1: (-1.115, 0.33), 2: (-1.07, 0.64), 3: (-0.995, 0.94), 4: (-0.865, 1.22),
    5: (-0.675, 1.46), 6: (-0.45, 1.65), 7: (-0.22, 1.775), 8: (0, 1.81),
    17: (-0.92, -0.29), 18: (-0.77, -0.405), 19: (-0.58, -0.44), 20: (-0.385, -0.42),
    21: (-0.205, -0.365), 27: (0, -0.03), 28: (0, 0.20), 29: (0, 0.43), 30: (0, 0.65),
    31: (-0.24, 0.76), 32: (-0.125, 0.80), 33: (0, 0.825),
    36: (-0.735, 0.015), 37: (-0.60, -0.095), 38: (-0.415, -0.095), 39: (-0.27, 0.03),
    40: (-0.415, 0.078), 41: (-0.595, 0.075),
    48: (-0.435, 1.128), 49: (-0.275, 1.085), 50: (-0.105, 1.055), 51: (0, 1.078),
    57: (0, 1.315), 58: (-0.125, 1.30), 59: (-0.285, 1.238),
    60: (-0.375, 1.142), 61: (-0.16, 1.160), 62: (0, 1.166), 66: (0, 1.176), 67: (-0.16, 1.168),
}  # fmt: skip

# How far a point follows the opening of the lips (share of the gap; y down).
_OPENING = {
    48: 0.30, 49: 0.0, 50: -0.11, 51: -0.12, 57: 0.86, 58: 0.83, 59: 0.66, 60: 0.31, 61: -0.11,
    62: -0.14, 66: 0.86, 67: 0.80, 8: 0.66, 7: 0.64, 6: 0.58, 5: 0.46, 4: 0.30, 3: 0.14, 2: 0.04,
}  # fmt: skip
# How far a point lies in front of the ears: what a turn of the head moves.
_DEPTH = {
    1: 0.05, 2: 0.10, 3: 0.18, 4: 0.28, 5: 0.40, 6: 0.50, 7: 0.56, 8: 0.58, 17: 0.36, 18: 0.50,
    19: 0.60, 20: 0.66, 21: 0.70, 27: 0.68, 28: 0.78, 29: 0.90, 30: 1.0, 31: 0.74, 32: 0.80,
    33: 0.84, 36: 0.42, 37: 0.50, 38: 0.54, 39: 0.52, 40: 0.54, 41: 0.50, 48: 0.56, 49: 0.66,
    50: 0.72, 51: 0.74, 57: 0.74, 58: 0.72, 59: 0.66, 60: 0.58, 61: 0.70, 62: 0.72, 66: 0.72,
    67: 0.70,
}  # fmt: skip
_UNIT, _PLACE = 90.0, (256.0, 222.0)  # eye distance and the point between the eyes, pixels


def _both_sides(values: dict[int, float]) -> Array:
    table = np.zeros(68)
    for index, value in values.items():
        table[index] = table[DLIB68.mirror[index]] = value
    return table


def _neutral() -> Array:
    face = np.zeros((68, 2))
    for index, (x, y) in _NEUTRAL.items():
        face[DLIB68.mirror[index]] = -x, y
        face[index] = x, y
    return face


def _lips(face: Array, mouth: Mouth) -> None:
    """Move mouth and jaw of ``face`` (T, 68, 2), eye distances, in place."""
    gap, wide, rounded, pressed, bitten, smile = (a[:, None] for a in mouth)
    x, y = face[..., 0], face[..., 1]
    lips, inner = slice(48, 68), [61, 63, 65, 67]
    upper_out, lower_out = [49, 50, 51, 52, 53], [55, 56, 57, 58, 59]
    upper_in, lower_in = [61, 62, 63], [65, 66, 67]
    y += gap * _both_sides(_OPENING)
    x[:, inner] *= 1 + 0.9 * gap
    x[:, lips] *= 1 + 0.09 * wide + 0.05 * smile - 0.33 * rounded - 0.22 * gap
    corners = [48, 54, 60, 64]
    y[:, corners] -= 0.036 * smile + 0.010 * wide
    y[:, upper_out] -= 0.022 * rounded - 0.020 * pressed + 0.024 * bitten
    y[:, lower_out] += 0.030 * rounded - 0.024 * pressed - 0.034 * bitten
    y[:, upper_in] -= 0.016 * bitten
    y[:, lower_in] += 0.004 * rounded
    # The closed lips meet in one line.
    meet = (y[:, upper_in] + y[:, lower_in][:, ::-1]) / 2
    y[:, upper_in] += pressed * (meet - y[:, upper_in]) * 0.9
    y[:, lower_in] += pressed * (meet[:, ::-1] - y[:, lower_in]) * 0.9


def _blinks(t: Array, moments: Sequence[float]) -> Array:
    """Closure of the eyes, 0..1."""
    return np.asarray(np.max([_bump(t, m, m + 0.03, 0.085, 0.15) for m in moments], axis=0))


def _wave(t: Array, *terms: tuple[float, float, float]) -> Array:
    """Sum of sines given as (amplitude, period in seconds, phase in turns)."""
    return np.asarray(sum(a * np.sin(2 * np.pi * (t / s + f)) for a, s, f in terms))


def animate(sounds: Sequence[Span], t: Array) -> Array:
    """The 68 points at times ``t`` (seconds), shape (T, 68, 2), pixels of the canvas."""
    mouth = mouth_shapes(sounds, t)
    face = np.repeat(_neutral()[None], len(t), axis=0)
    _lips(face, mouth)
    x, y = face[..., 0], face[..., 1]

    accents = [s.start for s in sounds if s.name in _VOWELS and s.end - s.start > 0.125]
    accent = np.sum([np.exp(-(((t - m - 0.06) / 0.16) ** 2)) for m in accents], axis=0)
    accent = np.minimum(accent, 1.0)
    closure = _blinks(t, (0.86, 2.72, 4.55, float(t[-1]) - 0.62))
    lift = 0.038 * accent + _wave(t, (0.010, 3.1, 0.1)) - 0.014 * closure + 0.012 * mouth.smile
    y[:, 17:27] -= lift[:, None] * np.array([0.6, 0.9, 1, 0.9, 0.7, 0.7, 0.9, 1, 0.9, 0.6])
    for top, low in ((37, 41), (38, 40), (43, 47), (44, 46)):
        open_ = y[:, low] - y[:, top]
        y[:, top] += 0.90 * closure * open_ - 0.10 * lift
        y[:, low] -= 0.06 * closure * open_ + 0.010 * mouth.smile

    turn = _wave(t, (0.075, 4.7, 0.05), (0.035, 2.3, 0.4))
    nod = _wave(t, (0.035, 3.7, 0.3)) + 0.045 * accent
    depth = _both_sides(_DEPTH)
    x += turn[:, None] * depth * (1 - 0.25 * np.abs(x))
    y += nod[:, None] * depth
    roll = np.deg2rad(_wave(t, (1.5, 5.3, 0.2), (0.7, 2.9, 0.6)))[:, None]
    size = 1 + _wave(t, (0.010, 6.1, 0.0))[:, None]
    pivot = 2.0  # the head leans about the neck
    lean_x = x * np.cos(roll) - (y - pivot) * np.sin(roll)
    lean_y = x * np.sin(roll) + (y - pivot) * np.cos(roll) + pivot
    shift_x = _wave(t, (0.030, 5.9, 0.7), (0.012, 2.7, 0.2))[:, None]
    shift_y = (_wave(t, (0.012, 3.3, 0.5)) + 0.018 * accent)[:, None]
    places = np.stack([(lean_x + shift_x) * size, (lean_y + shift_y) * size], axis=-1)
    return np.asarray(places * _UNIT + _PLACE)


# --- files ---------------------------------------------------------------------------------------


def _write_spans(path: Path, column: str, spans: Sequence[Span]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["start", "end", column])
        table.writerows([f"{s.start:.4f}", f"{s.end:.4f}", s.name] for s in spans)


def make(folder: Path) -> None:
    """Write every file of the clip into ``folder``."""
    cv2.setNumThreads(1)
    voice, sounds, words = speak(SENTENCE)
    sounds = [Span(s + LEAD, e + LEAD, name) for s, e, name in sounds if name]
    words = _over_sounds([Span(s + LEAD, e + LEAD, name) for s, e, name in words], sounds)
    n_frames = int(np.ceil((sounds[-1].end + TAIL) * FPS))
    samples = np.zeros(round(n_frames / FPS * RATE), np.float32)
    first = round(LEAD * RATE)
    spoken = voice.samples[: len(samples) - first] / np.abs(voice.samples).max() * 0.85
    samples[first : first + len(spoken)] = spoken
    sound = Waveform(samples, RATE)

    points = animate(sounds, np.arange(n_frames) / FPS)
    movie = MovieWriter(
        folder / "presenter.mp4", size=(SIZE, SIZE), fps=FPS, sound=sound, crf=18, preset="slow",
        force=True,
    )  # fmt: skip
    poster = round((next(w.start for w in words if w.name == "paints") + 0.16) * FPS)
    with movie:
        for k, face in enumerate(points):
            image = draw_portrait(face, SIZE)
            movie.write(image)
            if k == poster:
                jpeg = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
                cv2.imwrite(str(folder / "presenter.jpg"), jpeg, [cv2.IMWRITE_JPEG_QUALITY, 92])
    write_wav(folder / "presenter.wav", sound)
    np.save(folder / "presenter.landmarks.npy", points.astype(np.float32))
    _write_spans(folder / "presenter.phonemes.csv", "phoneme", sounds)
    _write_spans(folder / "presenter.words.csv", "word", words)
    (folder / "presenter.txt").write_text(SENTENCE + "\n", encoding="utf-8")


if __name__ == "__main__":
    make(HERE)
