"""HDR pictures (PQ and HLG) as SDR in BT.709.

The steps:

1. The inverse transfer function (ITU-R BT.2100-2): PQ is SMPTE ST 2084; HLG is ARIB STD-B67 with
   its system gamma for a display of 1000 cd/m2.
2. Light is divided by the reference white of 203 cd/m2 (ITU-R BT.2408).
3. The primaries of BT.2020 become those of BT.709 (ITU-R BT.2087).
4. Light above k = 0.75 of white is compressed: ``1 - (1 - k) * exp(-(x - k) / (1 - k))``.
5. The transfer function of BT.709 displays (gamma 1 / 2.4, ITU-R BT.1886).
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

__all__ = ["is_hdr", "to_sdr", "transfer_name"]

_PQ, _HLG, _BT2020 = 16, 18, 9
_WHITE = 203.0  # cd/m2
_KNEE = 0.75
_MATRIX = np.array(  # BT.2020 to BT.709 (ITU-R BT.2087)
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    np.float32,
)


def is_hdr(frame: VideoFrame) -> bool:
    """Whether the transfer characteristics of a picture are those of PQ or HLG."""
    return int(frame.color_trc or 0) in (_PQ, _HLG)


def transfer_name(frame: VideoFrame) -> str:
    """PQ or HLG."""
    return "PQ" if int(frame.color_trc or 0) == _PQ else "HLG"


@cache
def _linear(transfer: int) -> NDArray[np.float32]:
    """Light relative to the reference white, by 16-bit value."""
    x = np.arange(65536) / 65535
    if transfer == _PQ:
        m1, m2 = 2610 / 16384, 2523 / 4096 * 128
        c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
        root = x ** (1 / m2)
        light = 10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
        return (light / _WHITE).astype(np.float32)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(x <= 0.5, x**2 / 3, (np.exp((x - c) / a) + b) / 12)
    return (1000 * scene**1.2 / _WHITE).astype(np.float32)


@cache
def _display() -> NDArray[np.uint8]:
    """8-bit values, by light from 0 to 1 in 16 bits."""
    return np.rint(255 * (np.arange(65536) / 65535) ** (1 / 2.4)).astype(np.uint8)


def to_sdr(image: NDArray[np.uint16], frame: VideoFrame) -> NDArray[np.uint8]:
    """A picture (height, width, 3) of 16-bit RGB as 8-bit SDR."""
    light: NDArray[np.float32] = _linear(int(frame.color_trc))[image]
    if int(frame.color_primaries or 0) == _BT2020:
        light = np.asarray(cv2.transform(light, _MATRIX), np.float32)
    light = np.clip(light, 0, None)
    over = np.maximum(light - _KNEE, 0)
    light = np.where(over > 0, 1 - (1 - _KNEE) * np.exp(-over / (1 - _KNEE)), light)
    return _display()[np.rint(np.clip(light, 0, 1) * 65535).astype(np.uint16)]
