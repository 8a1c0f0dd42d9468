"""Reading and writing tracks: the format follows from the name, or from what the user says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput, MissingFile
from ...files import atomic_write, write_series
from ..anatomy import NO_FACE, Assumption, constant_frames, is_normalised, judge, laid_out
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
from .pts import is_pts_folder, read_pts, read_pts_folder
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
    assume: tuple[Assumption, ...] = (),
    picture: tuple[int, int] | None = None,
) -> Contents:
    """What a track file says, without filling in what it does not say.

    Frames in which all points lie at one place are missing. Bare numbers are judged by anatomy
    (`core.tracks.anatomy`).

    Parameters
    ----------
    face : which of several faces in a frame of JSON; the first where not given.
    sample : which sample of a training set in HDF5; the first where not given.
    basis : turns coefficients (.npy of (T, K), HDF5 of Eskimez et al. 2020) into points.
    assume : how the numbers are laid out (`core.tracks.anatomy.ASSUMPTIONS`).
    picture : (width, height) of the picture that normalised numbers refer to.

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
    found = _read(path, face=face, sample=sample, basis=basis)
    return _judged(found, path.name, assume, picture)


def _read(path: Path, *, face: int | None, sample: int | None, basis: Basis | None) -> Contents:
    suffix = path.suffix.lower()
    try:
        if path.is_dir():
            return read_pts_folder(path) if is_pts_folder(path) else read_text_folder(path)
        if suffix == ".pts":
            return read_pts(path)
        if suffix == ".npy":
            return read_npy(path, basis)
        if suffix == ".npz":
            return read_npz(path)
        if suffix == ".h5":
            return read_h5(path, sample=sample, basis=basis)
        if suffix == ".csv":
            return read_csv(path, face=face or 0)
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


def _judged(
    found: Contents,
    name: str,
    assume: tuple[Assumption, ...],
    picture: tuple[int, int] | None,
) -> Contents:
    """Contents with constant frames missing, assumptions applied, and bare numbers judged."""
    points, remarks, space = found.points, list(found.remarks), found.space
    nowhere = constant_frames(points)
    if found.provenance is None and nowhere.any():
        points = np.where(nowhere[:, None, None], np.nan, points)
        count = int(nowhere.sum())
        remarks.append(
            f"{count} frames of {name} have all points at one place ({_frame_list(nowhere)}); "
            "they are missing faces."
        )
    if wanted := _needed(assume, points, found):
        points = laid_out(points, wanted, picture)
        if {"percent", "unit"} & set(wanted):
            space = "pixel"
    bare = space is None and found.provenance is None
    finding = None
    if found.provenance is None:
        finding = judge(points, found.scheme, y_up=space == "eye5")
    plausible = finding is not None and (
        found.scheme == "facemesh468" or finding.residual <= NO_FACE
    )
    normalised = bare and plausible and is_normalised(points)
    if finding is not None and not normalised and (said := finding.sentence(name)):
        remarks.append(said)
    if normalised and picture is not None:
        remarks.append(
            f"{name} holds normalised coordinates; they were multiplied by the picture size of "
            f"{picture[0]} x {picture[1]} pixels."
        )
        scale = np.array([*picture, picture[0]], dtype=np.float64)[: points.shape[2]]
        points, space, normalised = points * scale, "pixel", False
    return replace(
        found,
        points=points,
        space=space,
        remarks=tuple(remarks),
        normalised=normalised,
        finding=finding,
    )


def _needed(
    assume: tuple[Assumption, ...], points: NDArray[np.float64], found: Contents
) -> tuple[Assumption, ...]:
    """The assumptions that a track needs.

    A command may read several tracks; those whose numbers are a face stay as they are.
    """
    if found.provenance is not None or not assume:
        return ()
    judged = judge(points, found.scheme, y_up=found.space == "eye5")
    is_face = judged.is_face and np.isfinite(judged.residual)
    normalised = is_normalised(points)
    return tuple(
        a
        for a in assume
        if a == "one-based"
        or (a == "unit" and normalised)
        or (a == "percent" and not normalised and found.space is None and not (points > 100).any())
        or (a not in ("one-based", "unit", "percent") and not is_face)
    )


def _frame_list(chosen: NDArray[np.bool_]) -> str:
    """Numbers of frames as ranges: "20-29, 40"."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen.astype(int), [0]])))
    runs = [
        f"{a}-{b - 1}" if b - a > 1 else str(a) for a, b in zip(*[iter(edges)] * 2, strict=True)
    ]
    return ", ".join(runs[:5]) + (" ..." if len(runs) > 5 else "")


def to_track(
    contents: Contents, name: str, *, fps: float | None = None, space: Space | None = None
) -> LandmarkTrack:
    """A track from what a file says; ``fps`` and ``space``, where given, win over the file.

    Where neither says it, the rate is 25 and the space is guessed (`guess_space`).

    Raises
    ------
    BadInput : a rate that is none, or normalised numbers without the size of their picture.
    """
    if contents.normalised and space is None:
        raise BadInput(
            f"{name} holds normalised coordinates (0 to 1 of the width and height of a picture); "
            "give the size of the picture: --picture WIDTHxHEIGHT, or --space unit where it is "
            "square."
        )
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
    path: Path | str,
    *,
    fps: float | None = None,
    space: Space | None = None,
    assume: tuple[Assumption, ...] = (),
    picture: tuple[int, int] | None = None,
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
    assume : tuple of str
        How the numbers are laid out (`core.tracks.anatomy.ASSUMPTIONS`): 'y-up', 'mirrored',
        'swapped', 'xs-then-ys', 'one-based', 'percent', 'unit', 'upside-down'.
    picture : tuple of int, optional
        (width, height) in pixels of the picture that numbers from 0 to 1 refer to.

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
    contents = read_contents(path, assume=assume, picture=picture)
    return to_track(contents, path.name, fps=fps, space=space)


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
