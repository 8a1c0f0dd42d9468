"""Noise to test models with: made by code, or from files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from making import noise, sentence

from core.errors import BadInput, MissingFile
from core.jobs.noises import noise_bank
from core.media import write_wav
from core.speech.noise import NoiseBank

RATE = 8_000
SOUNDS = [noise(1.6, RATE, seed) for seed in range(6)]


@pytest.mark.parametrize("kind", ["white", "pink", "brown", "babble"])
def test_noises_made_by_code_are_the_same_every_time(kind: str) -> None:
    one, two = (noise_bank(kind, RATE, SOUNDS) for _ in range(2))
    np.testing.assert_array_equal(one.recordings[kind], two.recordings[kind])
    assert one.recordings[kind].std() > 0


def test_noise_comes_from_files_and_folders(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        write_wav(tmp_path / name, noise(0.5, 16_000))
    assert noise_bank(str(tmp_path), RATE).describe() == ["a", "b"]
    one = noise_bank(str(tmp_path / "a.wav"), RATE)
    assert len(one.recordings["a"]) == RATE // 2  # at the clips' own rate


def test_noise_comes_from_the_published_file(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "n.h5", "w") as file:
        file["bus"], file["café"] = noise(0.5).samples, noise(0.3).samples
    bank = noise_bank(str(tmp_path / "n.h5"), 16_000)
    assert {k: len(v) for k, v in bank.recordings.items()} == {"bus": 8_000, "café": 4_800}
    with h5py.File(tmp_path / "odd.h5", "w") as file:
        file["bus"] = np.zeros((2, 3))
    (tmp_path / "text.h5").write_text("no")
    for name in ("odd.h5", "text.h5"):
        with pytest.raises(BadInput) as caught:
            noise_bank(str(tmp_path / name), 16_000)
        sentence(caught.value)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: noise_bank("purple", RATE), MissingFile),
        (lambda: noise_bank("babble", RATE), BadInput),
        (lambda: NoiseBank({}), BadInput),
        (lambda: NoiseBank({"a": np.zeros(0, np.float32)}), BadInput),
    ],
    ids=["unknown noise", "babble of nobody", "no noise", "noise without a sample"],
)
def test_what_cannot_be_done_is_one_sentence(
    make: Callable[[], object], kind: type[Exception], home: Path
) -> None:
    with pytest.raises(kind) as caught:
        make()
    sentence(caught.value)
