"""HDF5: our own complete tracks, and one sample of published training data."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput
from ...files import MAX_BYTES, check_plain, shown
from ..track import LandmarkTrack, frame_times
from .contents import FACE_RATE, Basis, Contents, finite_array, shaped
from .npy import from_fields
from .stored import check_chunks, stored_array, stored_dataset
from .wide import placed

__all__ = ["h5_track", "read_h5"]


def h5_track(track: LandmarkTrack) -> bytes:
    """Everything that a track holds."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("points", data=track.points, compression="gzip" if len(track) else None)
        file.create_dataset("times", data=track.times)
        file.create_dataset("valid", data=track.valid)
        if track.score is not None:
            file.create_dataset("score", data=track.score)
        if track.spread is not None:
            file.create_dataset("spread", data=track.spread)
        file.attrs["scheme"] = track.scheme
        file.attrs["space"] = track.space
        file.attrs["provenance"] = json.dumps(track.provenance)
    return buffer.getvalue()


def read_h5(path: Path, *, sample: int | None, basis: Basis | None) -> Contents:
    """A .h5 track of ours, or sample ``sample`` (default 0) of published training data.

    Eskimez et al. 2020: ``landmarks`` (samples, time, K) are coefficients of ``basis``.
    Eskimez et al. 2018: ``flmark`` (samples, 75, 136) lie in the unit square. Both have 25 fps.

    Raises
    ------
    BadInput
    """
    check_plain(path)
    name = path.name
    with h5py.File(path, "r") as file:
        if "points" in file:
            return _own(file, name)
        if "landmarks" in file:
            return _nr(file, name, sample, basis)
        if "flmark" in file:
            return _tfl(file, name, sample)
        if "tracks" in file and "node_names" in file:
            return _sleap(file, name, sample)
        if any(isinstance(item, h5py.Group) and "table" in item for item in file.values()):
            raise BadInput(
                f"{name!r} is a table of pandas (DeepLabCut), whose names are Python objects and "
                'are never opened. Convert it: python -c "import pandas as pd; '
                f"pd.read_hdf('{name}').to_csv('points.csv')\""
            )
        raise BadInput(
            f"{name!r} holds neither 'points' (a track) nor 'landmarks' or 'flmark' (training "
            f"data); it holds {shown(list(file)[:7])}."
        )


def _own(file: h5py.File, name: str) -> Contents:
    held = [key for key in ("points", "times", "valid", "score", "spread") if key in file]
    if missing := [key for key in ("scheme", "space", "provenance") if key not in file.attrs]:
        raise BadInput(f"{name!r} lacks {shown(missing)}; write it again as a track.")
    fields: dict[str, Any] = {key: stored_array(file, key, name) for key in held}
    if "times" not in fields:
        raise BadInput(f"{name!r} holds points but no times; write it again as a track.")
    return from_fields(fields | {key: file.attrs[key] for key in file.attrs}, name)


def _sleap(file: h5py.File, name: str, instance: int | None) -> Contents:
    """An analysis file of SLEAP (Pereira et al. 2022): tracks (instances, 2, nodes, frames)."""
    values = stored_array(file, "tracks", name)
    nodes = [n.decode("utf-8", "replace") for n in np.asarray(file["node_names"]).ravel().tolist()]
    if values.ndim != 4 or values.shape[1:3] != (2, len(nodes)):
        raise BadInput(
            f"'tracks' of {name!r} has shape {values.shape}; expected (instances, 2, "
            f"{len(nodes)}, frames)."
        )
    if not 0 <= (instance or 0) < len(values):
        raise BadInput(f"{name!r} holds {len(values)} instances, from 0; there is no {instance}.")
    points = np.moveaxis(values[instance or 0].astype(np.float64), 2, 0)  # (frames, 2, nodes)
    return placed({node: points[:, :, k] for k, node in enumerate(nodes)}, name)


def _nr(file: h5py.File, name: str, sample: int | None, basis: Basis | None) -> Contents:
    values, remarks = _sample(file, "landmarks", name, sample)
    if basis is None:
        raise BadInput(
            f"{name!r} holds {values.shape[1]} coefficients a frame; give the shape space they "
            "belong to: --basis FILE.npz (mean, components, scheme)."
        )
    found = shaped(values, name, basis)
    times = frame_times(len(values), FACE_RATE)
    return Contents(found.points, found.scheme, times, found.space or "template", remarks=remarks)


def _tfl(file: h5py.File, name: str, sample: int | None) -> Contents:
    values, remarks = _sample(file, "flmark", name, sample)
    if values.shape[1] != 136:
        raise BadInput(
            f"{name!r} holds {values.shape[1]} numbers a frame; expected 136, as in the "
            "training data of Eskimez et al. 2018."
        )
    points = values.reshape(len(values), 68, 2)
    times = frame_times(len(values), FACE_RATE)
    return Contents(points, "dlib68", times, "unit", remarks=remarks)


def _sample(
    file: h5py.File, key: str, name: str, sample: int | None
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """One sample (time, K) of a data set (samples, time, K), and what to say about it."""
    data = stored_dataset(file, key, name)
    if data.ndim != 3:
        raise BadInput(f"{key!r} of {name!r} has shape {data.shape}; expected (samples, time, K).")
    index = sample or 0
    if not 0 <= index < len(data):
        raise BadInput(f"{name!r} holds {len(data)} samples, numbered from 0; there is no {index}.")
    if data.nbytes // len(data) > MAX_BYTES:
        raise BadInput(f"{name!r} claims more than 1 GB for one sample; no landmark track is.")
    check_chunks(data, name, index)
    values = finite_array(np.asarray(data[index]), name)
    if not values.any():
        raise BadInput(
            f"Sample {index} of {name!r} is all zeros: nothing was written there; choose another."
        )
    if sample is None and len(data) > 1:
        return values, (f"{name} holds {len(data)} samples; number 0 was read (--sample).",)
    return values, ()
