"""The published training files, read as examples. Both have 25 fps.

Eskimez et al. 2020: ``speech`` (samples, 8 kHz signal) and ``landmarks`` (samples, time, K),
coefficients of a basis. Eskimez et al. 2018: ``flmark`` (samples, 75, 136) in the unit square and
``MelFeatures`` (samples, 75, 128); no audio.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import h5py
import numpy as np
from numpy.typing import NDArray

from ..align import normalise_lips
from ..errors import BadInput
from ..files import check_plain, shown
from ..media import Waveform
from ..shape import ShapeSpace
from ..speech.nr import NR_RATE
from ..speech.tfl import TFL_WIDTH
from ..tracks.io.stored import check_chunks, stored_array, stored_dataset
from .data import Example, TrainingSet, held_out

__all__ = ["COMPONENTS", "MEAN", "read_training_file"]

MEAN, COMPONENTS = "mean_shape", "eigen_vectors"
"""Where our files hold the basis; Eskimez et al. 2020 have separate files."""


def read_training_file(
    path: Path | str, *, basis: ShapeSpace | None = None, seed: int = 0
) -> tuple[TrainingSet, TrainingSet]:
    """Training and validation examples of a published HDF5 file; 8 % are held out, with ``seed``.

    Parameters
    ----------
    basis : of 68 points, of the coefficients; the file's own where None.

    Returns
    -------
    Two sets that share a template, the mean face. Data of Eskimez et al. 2018 lie in
    space 'unit', carry features instead of audio, and suit the lstm family only.

    Raises
    ------
    BadInput : not such a file, or one of other shapes.
    """
    path = Path(path)
    check_plain(path)
    name = path.name
    try:
        with h5py.File(path, "r") as file:
            if "flmark" in file:
                examples = _tfl_examples(file, name)
            elif "landmarks" in file:
                examples = _nr_examples(file, name, basis or _own_basis(file, name))
            else:
                raise BadInput(
                    f"{name!r} is not training data: expected 'speech' and 'landmarks', or "
                    f"'flmark' and 'MelFeatures'; it holds {shown(list(file)[:7])}."
                )
    except OSError as error:
        raise BadInput(f"{name!r} is not a readable HDF5 file; write it again.") from error
    if len(examples) < 2:
        raise BadInput("Training needs at least two samples: one for training, one for validation.")
    learned, held = held_out(examples, seed)
    points = np.concatenate([e.points for e in learned])
    template = np.asarray(np.nanmean(points, axis=0))
    space: Literal["template", "unit"] = "template" if examples[0].mel is None else "unit"
    return (
        TrainingSet(tuple(learned), template, (), space),
        TrainingSet(tuple(held), template, (), space),
    )


def _samples(
    file: h5py.File, keys: tuple[str, str], shapes: tuple[str, str], name: str
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Every sample of two data sets that belong together."""
    sets = [stored_dataset(file, key, name) for key in keys]
    dims = [len(part.split(",")) for part in shapes]
    if [d.ndim for d in sets] != dims or len(sets[0]) != len(sets[1]):
        raise BadInput(
            f"{name!r} holds {keys[0]!r} {sets[0].shape} and {keys[1]!r} {sets[1].shape}; expected "
            f"{shapes[0]} and {shapes[1]} of as many samples."
        )
    found = []
    for number in range(len(sets[0])):
        pair = []
        for data in sets:
            check_chunks(data, name, number)
            values = np.asarray(data[number], np.float64)
            if not np.isfinite(values).all():
                raise BadInput(f"Sample {number} of {name!r} holds values that are no numbers.")
            pair.append(values)
        if pair[0].any():  # Eskimez et al. 2018 end with a row of zeros
            found.append((pair[0], pair[1]))
    return found


def _nr_examples(file: h5py.File, name: str, basis: ShapeSpace) -> list[Example]:
    pairs = _samples(file, ("landmarks", "speech"), ("(samples, time, K)", "(samples, n)"), name)
    examples = []
    for number, (rows, signal) in enumerate(pairs):
        if rows.shape[1] != len(basis.components):
            raise BadInput(
                f"{name!r} holds {rows.shape[1]} coefficients a frame, its basis has "
                f"{len(basis.components)} components; give the one they belong to (--basis)."
            )
        sound = Waveform(signal.astype(np.float32), NR_RATE)
        examples.append(_example(f"{name} {number}", sound, basis.reconstruct(rows)[..., :2]))
    return examples


def _own_basis(file: h5py.File, name: str) -> ShapeSpace:
    if MEAN not in file or COMPONENTS not in file:
        raise BadInput(
            f"{name!r} holds coefficients but not the basis they belong to; give it: --basis "
            "FILE.npz (mean, components, scheme)."
        )
    mean, components = (
        np.asarray(stored_array(file, key, name), np.float64) for key in (MEAN, COMPONENTS)
    )
    mean = mean.ravel()
    if mean.size not in (136, 204) or components.shape[1:] != mean.shape:
        raise BadInput(
            f"{name!r} holds a basis of shapes {mean.shape} and {components.shape}; expected "
            "(136,) or (204,), and (K, the same)."
        )
    return ShapeSpace(mean, components, np.ones(len(components)), dims=mean.size // 68)


def _tfl_examples(file: h5py.File, name: str) -> list[Example]:
    shapes = ("(samples, 75, 136)", "(samples, 75, 128)")
    silence = Waveform(np.zeros(0, np.float32), NR_RATE)
    examples = []
    for number, (rows, mel) in enumerate(_samples(file, ("flmark", "MelFeatures"), shapes, name)):
        if rows.shape[1] != 136 or mel.shape != (len(rows), TFL_WIDTH):
            raise BadInput(
                f"{name!r} holds 'flmark' {rows.shape} and 'MelFeatures' {mel.shape} a sample; "
                f"expected (75, 136) and (75, {TFL_WIDTH})."
            )
        points = rows.reshape(-1, 68, 2)
        examples.append(_example(f"{name} {number}", silence, points, mel.astype(np.float32)))
    return examples


def _example(
    name: str,
    sound: Waveform,
    points: NDArray[np.float64],
    mel: NDArray[np.float32] | None = None,
) -> Example:
    if points.shape[1:] != (68, 2):
        raise BadInput(f"Training needs faces of 68 points; {name!r} has {points.shape[1]}.")
    return Example(name, sound, points, normalise_lips(points)[0][:, 48:68], mel)
