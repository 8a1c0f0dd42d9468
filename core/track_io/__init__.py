"""Track files: .npy, .npz, .csv, .json, .h5 and folders (or a .zip) of text files.

npz and h5 hold everything a `LandmarkTrack` holds; the bare formats hold numbers only, so reading
them needs the rate and, where it cannot be guessed, the space. One module a family of formats;
`tracks` chooses among them.
"""

from core.track_io.contents import FACE_RATE, Basis, Contents
from core.track_io.files import atomic_write, write_series
from core.track_io.formats import (
    FORMATS,
    TRACK_SUFFIXES,
    Kind,
    check_output,
    guess_space,
    losses,
)
from core.track_io.npy import read_array, read_arrays, write_array, write_arrays
from core.track_io.pixels import zip_texts
from core.track_io.tracks import read_contents, read_track, to_track, track_bytes, write_track

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
