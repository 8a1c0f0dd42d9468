"""The template face of the published identity removal, which is downloaded and never shipped."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..align import read_template
from ..errors import MissingFile
from ..weights import remote_file, weight_store

__all__ = ["PUBLISHED_TEMPLATE", "published_template"]

PUBLISHED_TEMPLATE = "mean.npy"
"""Its name in the registry of downloadable files."""


def published_template() -> NDArray[np.float64]:
    """The published template face, (68, 2), from the verified file on this machine.

    The shipped template is another face: with it the result differs by up to 0.033 from the
    published one (a face has norm 1).

    Raises
    ------
    MissingFile : the file is not on this machine; the message says how to get it.
    """
    found = weight_store().find(remote_file(PUBLISHED_TEMPLATE))
    if found is None:
        raise MissingFile(
            "The published identity removal needs the published template face, which is not part "
            f"of Speechmarks: download it with 'models get {PUBLISHED_TEMPLATE}', or give it with "
            "--template FILE.npy."
        )
    return read_template(found)
