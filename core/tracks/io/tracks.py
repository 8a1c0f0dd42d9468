"""Reading and writing tracks: the format follows from the name, or from what the user says."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import BadInput, MissingFile
from ...files import atomic_write, write_series
from ..track import LandmarkTrack, Space, frame_times, step
from .contents import FACE_RATE, Basis, Contents
from .formats import (
    FORMATS,
    TRACK_SUFFIXES,
    Format,
    check_output,
    fitted,
    format_of,
    guess_space,
    losses,
)
from .hdf5 import h5_track, read_h5
from .npy import npz_track, read_npy, read_npz, write_array
from .pixels import (
    json_track,
    read_json,
    read_text_folder,
    read_text_zip,
    text_frames,
)
from .tidy import csv_track, read_csv

__all__ = ["read_contents", "read_track", "to_track", "track_bytes", "write_track"]

_EXPECTED = {
    ".h5": (
        "HDF5 with points, times, scheme, space and provenance, or training data of Eskimez et "
        "al. 2018 or 2020"
    ),
    ".npz": "points, times, scheme, space and provenance",
    ".csv": "columns of numbers named frame, time_s, point, x, y[, z]",
    ".json": "a list of frames, each a list of faces, each a list of 68, 20 or 468 [x, y]",
    ".zip": 'a line "x,y" for each point in files 00000.txt, 00001.txt ...',
    "": 'a line "x,y" for each point in files 00000.txt, 00001.txt ...',
}


def read_contents(
    path: Path | str,
    *,
    face: int | None = None,
    sample: int | None = None,
    basis: Basis | None = None,
) -> Contents:
    """What a track file says, without filling in what it does not say.

    Parameters
    ----------
    face : which of several faces in a frame of JSON; the first where not given.
    sample : which sample of a training set in HDF5; the first where not given.
    basis : turns coefficients (.npy of (T, K), HDF5 of Eskimez et al. 2020) into points.

    Raises
    ------
    MissingFile, BadInput
    """
    path = Path(path)
    try:
        there = path.exists()
    except ValueError:  # a name with a null byte
        there = False
    if not there:
        raise MissingFile(f"There is no track file {str(path)!r}; check the path.")
    for option, number in (("face", face), ("sample", sample)):
        if number is not None and number < 0:
            raise BadInput(f"--{option} counts from 0; there is no {number}.")
    suffix = path.suffix.lower()
    try:
        if path.is_dir():
            return read_text_folder(path)
        if suffix == ".npy":
            return read_npy(path, basis)
        if suffix == ".npz":
            return read_npz(path)
        if suffix == ".h5":
            return read_h5(path, sample=sample, basis=basis)
        if suffix == ".csv":
            return read_csv(path)
        if suffix == ".json":
            return read_json(path, face=face or 0)
        if suffix == ".zip":
            return read_text_zip(path)
    except (BadInput, MissingFile):
        raise
    except Exception as error:  # damaged files raise many kinds: zlib, HDF5, memory, recursion
        raise BadInput(
            f"{path.name!r} could not be read as a landmark track, it is damaged or something "
            f"else; expected {_EXPECTED.get('' if path.is_dir() else suffix, 'numbers')}."
        ) from error
    raise BadInput(
        f"Unknown track format {path.suffix[:20]!r}; expected {', '.join(TRACK_SUFFIXES)}, or "
        "numbered text files in a folder or a .zip."
    )


def to_track(
    contents: Contents, name: str, *, fps: float | None = None, space: Space | None = None
) -> LandmarkTrack:
    """A track from what a file says; ``fps`` and ``space``, where given, win over the file.

    Where neither says it, the rate is 25 and the space is guessed (`guess_space`).
    """
    if fps is not None and not (np.isfinite(fps) and fps > 0):
        raise BadInput(f"The frame rate of a track must be above 0, not {fps:g}.")
    times = contents.times
    if fps is not None or times is None:
        times = frame_times(len(contents.points), fps or FACE_RATE)
    provenance = contents.provenance or ()
    if contents.provenance is None or fps is not None or space is not None:
        provenance = (*provenance, step("read_track", file=name, fps=fps, space=space))
    return LandmarkTrack(
        points=contents.points,
        times=times,
        scheme=contents.scheme,
        space=space or contents.space or guess_space(contents.points),
        score=contents.score,
        spread=contents.spread,
        provenance=provenance,
    )


def read_track(
    path: Path | str, *, fps: float | None = None, space: Space | None = None
) -> LandmarkTrack:
    """Read a landmark track from a file or a folder of text files.

    Parameters
    ----------
    path : path-like
        .npy, .npz, .csv, .json, .h5, .zip, or a folder of text files.
    fps : float, optional
        Frames a second, in place of the file's own times. Default: the file's, else 25.
    space : str, optional
        Space of the numbers (`core.tracks.track.Space`), in place of the file's. Default: the
        file's, else 'pixel' where the largest number is above 2, else 'template'.

    Returns
    -------
    LandmarkTrack
        ``points``, shape (T, N, 2 or 3), in ``space``; NaN where a point is missing.

    Raises
    ------
    MissingFile
        There is no such file.
    BadInput
        The file is damaged or holds something else.

    Examples
    --------
    >>> from speechmarks import read_track, write_track
    >>> from speechmarks.samples import SAMPLE
    >>> write_track(folder / "truth.npz", SAMPLE.truth)
    >>> track = read_track(folder / "truth.npz")
    >>> track.scheme, track.space, track.points.shape == SAMPLE.truth.points.shape
    ('dlib68', 'pixel', True)
    """
    path = Path(path)
    return to_track(read_contents(path), path.name, fps=fps, space=space)


def _encoded(track: LandmarkTrack, form: Format, basis: Basis | None) -> bytes:
    """A track that fits the format (`fitted`) as the bytes of a file."""
    if form.kind == "npz":
        return npz_track(track)
    if form.kind == "h5":
        return h5_track(track)
    if form.kind == "csv":
        return csv_track(track, say_space=guess_space(track.points) != track.space)
    if form.kind == "json":
        return json_track(track)
    if form.kind == "npy8" and basis is not None:
        return write_array(basis.project(track.points))
    if form.kind in ("npy136", "npy204", "npy40"):
        return write_array(track.points.reshape(len(track), -1))
    return write_array(track.points)


def track_bytes(track: LandmarkTrack, suffix: str) -> bytes:
    """A track as the bytes of a .npy, .npz, .csv, .json or .h5 file."""
    if suffix not in TRACK_SUFFIXES:
        raise BadInput(f"A file of a track ends in {', '.join(TRACK_SUFFIXES)}, not {suffix!r}.")
    form = FORMATS[suffix[1:]]
    return _encoded(fitted(track, form), form, None)


def write_track(
    path: Path | str,
    track: LandmarkTrack,
    *,
    kind: str | None = None,
    basis: Basis | None = None,
    force: bool = False,
) -> str | None:
    """Write a landmark track to a file, or to a folder of text files where the name has no ending.

    The file is written under a temporary name and then moved, so it is never half-written.

    Parameters
    ----------
    path : path-like
        .npz and .h5 keep everything; .npy, .csv, .json and text files keep numbers.
    track : LandmarkTrack
    kind : str, optional
        A format of `core.tracks.io.FORMATS`. Default: the one that the name's ending asks for.
    basis : Basis, optional
        Shape space whose coefficients the kind 'npy8' writes.
    force : bool
        Replace a file that exists.

    Returns
    -------
    str or None
        What the format loses, as sentences for the user; None where nothing is lost.

    Raises
    ------
    OutputExists
        The file exists, and ``force`` is not set.
    BadInput
        Unknown kind or ending, or points that the format cannot hold.

    Examples
    --------
    >>> from speechmarks import write_track
    >>> from speechmarks.samples import SAMPLE
    >>> write_track(folder / "truth.npz", SAMPLE.truth)
    >>> lost = write_track(folder / "truth.json", SAMPLE.truth)
    >>> "times" in lost
    True
    """
    path = Path(path)
    form = format_of(path, kind)
    check_output(path, kind=kind, force=force)
    held = fitted(track, form, basis)
    if form.suffix:
        atomic_write(path, _encoded(held, form, basis))
    else:
        write_series(path, ".txt", text_frames(held))
    return losses(track, form, basis)
