"""What people change about detected landmarks: corrections by hand, filled gaps, smoothing.

All of it is kept apart from what was detected, is laid over it as steps of the provenance, and can
be taken back at any time.
"""

from .cleaning import Cleaning
from .layer import MOST_SPREAD, Edit, EditLayer, apply_edits, placed, track_digest
from .store import (
    MOST_EDITS,
    Kept,
    kept_digest,
    load_kept,
    read_layer,
    save_kept,
    set_aside,
    write_layer,
)

__all__ = [
    "MOST_EDITS",
    "MOST_SPREAD",
    "Cleaning",
    "Edit",
    "EditLayer",
    "Kept",
    "apply_edits",
    "kept_digest",
    "load_kept",
    "placed",
    "read_layer",
    "save_kept",
    "set_aside",
    "track_digest",
    "write_layer",
]
