"""What an HDF5 file itself stores.

A file may point at other files, claim far more than it stores, or unpack without end; only plain
data sets that the file itself stores are read, and only once their chunks are known to be honest.
"""

from __future__ import annotations

import math
import zlib
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput
from ...files import MAX_BYTES, shown

__all__ = ["check_chunks", "stored_array", "stored_dataset", "stored_group", "stored_text"]

_DEFLATE, _LZF = 1, 32000
_FILTERS = {_DEFLATE, _LZF, 2, 3}  # ... shuffle, checksum
_MAX_CHUNK = 64 * 1024**2
_MAX_TEXT = 4 * 1024**2


def stored_group(group: h5py.Group, key: str, name: str) -> h5py.Group:
    """A direct member that is a group of the file itself; raises `BadInput`."""
    link, found = _link(group, key), None
    if isinstance(link, h5py.HardLink):
        found = group[key]
    if not isinstance(found, h5py.Group):
        raise BadInput(
            f"{name!r} does not hold {key!r} itself; expected a group, found "
            f"{shown(list(group)[:7])}."
        )
    return found


def _link(group: h5py.Group, key: str) -> object:
    """How a direct member is held; None where a path is asked for, whose links are not seen."""
    return None if "/" in key else group.get(key, getlink=True)


def stored_text(group: h5py.Group, key: str, name: str) -> str:
    """An attribute that is one text, stored as characters or as bytes; raises `BadInput`."""
    text: Any = None
    if key in group.attrs:
        attribute = group.attrs.get_id(key)  # looked at before it is read
        if attribute.shape == () and attribute.get_storage_size() <= _MAX_TEXT:
            text = group.attrs[key]
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if not isinstance(text, str) or len(text) > _MAX_TEXT:
        raise BadInput(f"{name!r} does not say {key!r}; expected one text.")
    return text


def stored_dataset(group: h5py.Group, key: str, name: str) -> h5py.Dataset:
    """A data set of numbers that lies in the file itself: HDF5 can also point at other files.

    Parameters
    ----------
    key : of a direct member.
    name : of the file, for messages.

    Raises
    ------
    BadInput
    """
    link, data = _link(group, key), None
    if isinstance(link, h5py.HardLink):
        data = group[key]
    if not isinstance(data, h5py.Dataset) or data.external or data.is_virtual or not data.shape:
        raise BadInput(f"{name!r} does not hold {key!r} itself; expected a plain data set.")
    if data.dtype.kind not in "fiub":
        raise BadInput(f"{key!r} of {name!r} does not hold numbers.")
    return data


def stored_array(group: h5py.Group, key: str, name: str, *, limit: int = MAX_BYTES) -> NDArray[Any]:
    """All numbers of a data set, whose shape is not ().

    Raises `BadInput` for more than ``limit`` bytes, and for a data set that is not wholly there.
    """
    data = stored_dataset(group, key, name)
    if data.nbytes > limit:
        raise BadInput(
            f"{name!r} claims {data.nbytes / 1024**2:.3g} MB of {key!r}; no file of its kind has "
            f"more than {limit / 1024**2:.3g} MB."
        )
    if data.chunks is None:
        present = data.id.get_storage_size() >= data.nbytes
    else:
        grid = (math.ceil(n / c) for n, c in zip(data.shape, data.chunks, strict=True))
        present = data.id.get_num_chunks() == math.prod(grid)
    if not present:
        raise BadInput(f"{name!r} claims more of {key!r} than it stores; it is cut short.")
    check_chunks(data, name)
    return np.asarray(data[()])


def check_chunks(data: h5py.Dataset, name: str, row: int | None = None) -> None:
    """Refuse chunks (of one row, or all) that unpack to more than a chunk holds.

    The library unpacks a chunk to its end, however much comes out; so it is tried here first,
    with a bound.
    """
    if data.chunks is None:
        return
    filters = data.id.get_create_plist()
    used = [filters.get_filter(k)[0] for k in range(filters.get_nfilters())]
    size = math.prod(data.chunks) * data.dtype.itemsize
    if size > _MAX_CHUNK or not set(used) <= _FILTERS or {_DEFLATE, _LZF} <= set(used):
        raise BadInput(
            f"{name!r} is packed in a way that is not read here; write it with gzip, in chunks "
            "below 64 MB."
        )
    chunks: list[Any] = []
    data.id.chunk_iter(chunks.append)
    for chunk in chunks:
        first = chunk.chunk_offset[0]
        if row is not None and not first <= row < first + data.chunks[0]:
            continue
        if chunk.size > 2 * size + 1024 or _overflows(data, chunk.chunk_offset, used, size):
            raise BadInput(f"{name!r} unpacks to more than it claims; it is damaged.")


def _overflows(data: h5py.Dataset, offset: tuple[int, ...], used: list[int], size: int) -> bool:
    if _DEFLATE not in used:
        return False
    _, packed = data.id.read_direct_chunk(offset)
    return len(zlib.decompressobj().decompress(packed, size + 1)) > size
