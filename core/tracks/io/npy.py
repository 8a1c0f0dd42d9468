"""Arrays in .npy and .npz files, ours and other people's, without trusting what they claim."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from ...errors import BadInput
from ...files import MAX_BYTES, read_plain, shown
from ..track import LandmarkTrack, Space
from .contents import Basis, Contents, finite_array, shaped

__all__ = [
    "from_fields",
    "npz_track",
    "parse_npy",
    "read_array",
    "read_arrays",
    "read_npy",
    "read_npz",
    "write_array",
    "write_arrays",
]

_LONGEST_NAME = 64
_POINTS = ("points", "landmarks", "keypoints", "kpts", "lmks", "arr_0")
_NEEDED = ("points", "times", "scheme", "space", "provenance")


_PLAIN = (
    "python -c \"import numpy as np; f = np.load('NAME', allow_pickle=True); np.save('plain.npy', "
    "[np.full((68, 2), np.nan) if x is None or not len(x) else "
    'np.reshape(x, (-1, 68, 2))[0] for x in f])"'
)


def parse_npy(data: bytes, name: str) -> NDArray[Any]:
    """The array in the bytes of a .npy file: no pickles, no more than the bytes hold.

    Raises
    ------
    BadInput : not a .npy file, Python objects, or a header that claims more than follows.
    """
    headers = {
        (1, 0): npy_format.read_array_header_1_0,
        (2, 0): npy_format.read_array_header_2_0,
    }
    stream = io.BytesIO(data)
    try:
        shape, fortran, dtype = headers[npy_format.read_magic(stream)](stream)
        count = math.prod(shape)
    except Exception as error:  # the header is text that Python parses: many ways to fail
        raise BadInput(f"{name!r} is not a .npy array of numbers.") from error
    if dtype.hasobject:
        raise BadInput(
            f"{name!r} holds Python objects, which are never opened. If you trust it, convert it: "
            f"{_PLAIN.replace('NAME', name)}"
        )
    if min(shape, default=0) < 0 or dtype.itemsize == 0:
        raise BadInput(f"{name!r} is not a .npy array of numbers: its shape is {shape}.")
    if count * dtype.itemsize > len(data) - stream.tell():
        raise BadInput(f"{name!r} claims more numbers than it holds; it is cut short or damaged.")
    if count * 8 > MAX_BYTES:
        raise BadInput(f"{name!r} holds {count} numbers; no landmark track is as long.")
    flat = np.frombuffer(data, dtype, count, stream.tell())
    return flat.reshape(shape, order="F" if fortran else "C")


def write_array(array: NDArray[Any]) -> bytes:
    """The bytes of a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def read_array(path: Path) -> NDArray[np.float64]:
    """A .npy file of real numbers as float64.

    Raises
    ------
    MissingFile
    BadInput : text, objects, infinite numbers, huge claims, anything else than .npy.
    """
    path = Path(path)
    return finite_array(parse_npy(read_plain(path), path.name), path.name)


def write_arrays(**arrays: Any) -> bytes:
    """The bytes of a .npz file; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def read_arrays(
    path: Path, needed: Collection[str], optional: Collection[str] = ()
) -> dict[str, NDArray[Any]]:
    """Named arrays of a .npz file; members of other names are not looked at.

    Raises
    ------
    MissingFile
    BadInput : no such members, objects, or members that unpack to more than a track can hold.
    """
    name = path.name
    data = read_plain(path)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            held = {i.filename.removesuffix(".npy"): i for i in archive.infolist()}
            if missing := [key for key in needed if key not in held]:
                raise BadInput(f"{name!r} lacks {shown(missing)}; it holds {shown(held)}.")
            wanted = {key: held[key] for key in (*needed, *optional) if key in held}
            if sum(member.file_size for member in wanted.values()) > MAX_BYTES:
                raise BadInput(f"{name!r} unpacks to more than 1 GB; no landmark track does.")
            # NumPy writes these two; the others unpack without a bound on what they give.
            if any(m.compress_type not in (0, zipfile.ZIP_DEFLATED) for m in wanted.values()):
                raise BadInput(f"{name!r} is packed in a way that .npz files are not.")
            return {key: parse_npy(archive.read(m), name) for key, m in wanted.items()}
    except BadInput:
        raise
    except Exception as error:  # damaged archives: zlib, struct, zipfile, memory ...
        raise BadInput(
            f"{name!r} could not be unpacked as a .npz file ({type(error).__name__})."
        ) from error


def read_npy(path: Path, basis: Basis | None) -> Contents:
    """Bare points, flattened points, or coefficients of ``basis``."""
    return shaped(read_array(path), path.name, basis)


def npz_track(track: LandmarkTrack) -> bytes:
    """Everything that a track holds."""
    score = np.full(len(track), np.nan) if track.score is None else track.score
    spread = {} if track.spread is None else {"spread": track.spread}
    return write_arrays(
        points=track.points,
        times=track.times,
        valid=track.valid,
        score=score,
        scheme=np.array(track.scheme),
        space=np.array(track.space),
        provenance=np.array(json.dumps(track.provenance)),
        **spread,
    )


def read_npz(path: Path) -> Contents:
    """A .npz file of ours, or another one with one array of points."""
    names = member_names(path)
    if {"scheme", "space", "provenance"} & set(names):
        return from_fields(read_arrays(path, _NEEDED, ("valid", "score", "spread")), path.name)
    known = [name for name in _POINTS if name in names] or names
    if len(known) > 1 and len(names) > 1 and known is names:
        raise BadInput(
            f"{path.name!r} holds the arrays {shown(names)}; save the points alone, or as 'points'."
        )
    if not known:
        raise BadInput(f"{path.name!r} holds no array; expected points of shape (frames, 68, 2).")
    found = shaped(finite_array(read_arrays(path, known[:1])[known[0]], path.name), path.name)
    remark = f"The array {known[0][:40]!r} of {path.name} was read."
    return replace(found, remarks=(*found.remarks, remark))


def member_names(path: Path) -> list[str]:
    """Names of the arrays of a .npz file; raises `BadInput` where it is none."""
    data = read_plain(path)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [i.filename.removesuffix(".npy") for i in archive.infolist()]
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise BadInput(f"{path.name!r} could not be unpacked as a .npz file.") from error


def from_fields(fields: dict[str, Any], name: str) -> Contents:
    """The fields of a complete format (npz, h5), checked."""
    points = finite_array(fields["points"], name).copy()
    if "valid" in fields:
        valid = np.asarray(fields["valid"], dtype=bool)
        if valid.shape != points.shape[:2]:
            raise BadInput(
                f"{name!r} says of {valid.shape} points whether they are there, not of "
                f"{points.shape[:2]}."
            )
        points[~valid] = np.nan
    score = finite_array(fields["score"], name) if "score" in fields else None
    if score is not None and np.isnan(score).all():
        score = None
    scheme, space = str(fields["scheme"]), str(fields["space"])
    if max(len(scheme), len(space)) > _LONGEST_NAME:
        raise BadInput(f"{name!r} does not name its scheme and space.")
    provenance = json.loads(str(fields["provenance"]))
    if not isinstance(provenance, list) or not all(isinstance(s, dict) for s in provenance):
        raise BadInput(f"{name!r} holds a provenance that is not a list of steps.")
    return Contents(
        points,
        scheme,
        times=finite_array(fields["times"], name),
        space=cast(Space, space),
        score=score,
        spread=finite_array(fields["spread"], name) if "spread" in fields else None,
        provenance=tuple(provenance),
    )
