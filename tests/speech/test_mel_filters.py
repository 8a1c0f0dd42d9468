"""Mel filters against librosa."""

from __future__ import annotations

from typing import Any

import librosa
import numpy as np
import pytest

from core.speech.mel import mel_edges, mel_filters

BANKS: dict[str, tuple[int, int, int, dict[str, Any], dict[str, Any]]] = {
    "log-mel bands of the lips family": (16_000, 512, 80, {"norm": "peak"}, {"norm": None}),
    "few log-mel bands": (16_000, 512, 20, {"norm": "peak"}, {"norm": None}),
    "Whisper": (16_000, 400, 80, {}, {}),
    "Eskimez et al. 2018": (44_100, 1764, 64, {}, {}),
    "MFCC of WAV2KP 2021": (
        16_000, 400, 40, {"scale": "htk", "norm": "peak"}, {"htk": True, "norm": None},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rate", "n_fft", "n_mels", "ours", "theirs"), BANKS.values(), ids=BANKS)
def test_filters_are_those_of_librosa(
    rate: int, n_fft: int, n_mels: int, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    expected = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=n_mels, dtype=np.float64, **theirs)
    found = mel_filters(rate, n_fft, n_mels, **ours)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert (found.sum(axis=1) > 0).all(), "every filter covers a bin"
    edges = mel_edges(rate, n_mels, ours.get("scale", "slaney"))
    htk = bool(theirs.get("htk"))
    np.testing.assert_allclose(
        edges, librosa.mel_frequencies(n_mels + 2, fmin=0, fmax=rate / 2, htk=htk), atol=1e-8
    )
