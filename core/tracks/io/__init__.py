"""Track files: .npy, .npz, .csv, .json, .h5 and folders (or a .zip) of text files.

npz and h5 hold everything a `LandmarkTrack` holds; the bare formats hold numbers only, so reading
them needs the rate and, where it cannot be guessed, the space. One module a family of formats;
`tracks` chooses among them.
"""

from ...files import atomic_write, write_series
from .contents import FACE_RATE, Basis, Contents
from .formats import (
    FORMATS,
    TRACK_SUFFIXES,
    Kind,
    check_output,
    guess_space,
    losses,
)
from .npy import read_array, read_arrays, write_array, write_arrays
from .pixels import zip_texts
from .tracks import read_contents, read_track, to_track, track_bytes, write_track

__all__ = [
    "FACE_RATE",
    "FORMATS",
    "TRACK_SUFFIXES",
    "Basis",
    "Contents",
    "Kind",
    "atomic_write",
    "check_output",
    "guess_space",
    "losses",
    "read_array",
    "read_arrays",
    "read_contents",
    "read_track",
    "to_track",
    "track_bytes",
    "write_array",
    "write_arrays",
    "write_series",
    "write_track",
    "zip_texts",
]
