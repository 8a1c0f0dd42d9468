"""The network of FaceMesh: 468 points and a confidence from a face of 192 x 192 pixels.

Kartynnik, Ablavatski, Grishchenko, Grundmann 2019, "Real-time Facial Surface Geometry from
Monocular Video on Mobile GPUs". Layers are named as in the published weight file.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import WeightsError

__all__ = ["POINTS", "SIDE", "FaceMeshNet"]

SIDE = 192
"""Pixels of a side of what it sees."""
POINTS = 468

_WIDTHS = (16, 16, 16, 32, 32, 32, 64, 64, 64, 128, 128, 128, 128, 128, 128)  # of the backbone
_HALVES = (2, 5, 8, 11)  # which of its blocks halve the picture


class _Block(nn.Module):
    """A depthwise 3 x 3 and a pointwise convolution beside the input itself."""

    def __init__(self, n_in: int, n_out: int, stride: int = 1) -> None:
        super().__init__()
        self.halves, self.more = stride == 2, n_out - n_in
        pad = 0 if self.halves else 1
        self.convs = nn.Sequential(
            nn.Conv2d(n_in, n_in, 3, stride, pad, groups=n_in), nn.Conv2d(n_in, n_out, 1)
        )
        self.act = nn.PReLU(n_out)

    def forward(self, x: Tensor) -> Tensor:
        """(B, n_in, H, W) -> (B, n_out, H / stride, W / stride)."""
        beside = x
        if self.halves:
            x, beside = F.pad(x, (0, 2, 0, 2)), F.max_pool2d(x, 2)
        beside = F.pad(beside, (0, 0, 0, 0, 0, self.more))
        out: Tensor = self.act(self.convs(x) + beside)
        return out


class FaceMeshNet(nn.Module):
    """Faces (B, 3, 192, 192), RGB from -1 to 1, to points and confidences."""

    def __init__(self) -> None:
        super().__init__()
        blocks = [
            _Block(n_in, n_out, 2 if k in _HALVES else 1)
            for k, (n_in, n_out) in enumerate(pairwise(_WIDTHS))
        ]
        self.backbone = nn.Sequential(nn.Conv2d(3, 16, 3, 2), nn.PReLU(16), *blocks)
        self.coord_head = nn.Sequential(
            _Block(128, 128, 2),
            _Block(128, 128),
            _Block(128, 128),
            nn.Conv2d(128, 32, 1),
            nn.PReLU(32),
            _Block(32, 32),
            nn.Conv2d(32, POINTS * 3, 3),
        )
        self.conf_head = nn.Sequential(
            _Block(128, 128, 2), nn.Conv2d(128, 32, 1), nn.PReLU(32), _Block(32, 32),
            nn.Conv2d(32, 1, 3),
        )  # fmt: skip

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        """
        Returns
        -------
        points : (B, 468, 3), pixels of the face's picture; depth in the same unit
        confidence : (B,), that there is a face, before the sigmoid
        """
        seen = self.backbone(F.pad(faces, (1, 0, 1, 0), mode="reflect"))
        points = self.coord_head(seen).reshape(-1, POINTS, 3)
        return points, self.conf_head(seen).reshape(-1)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor], file: str) -> FaceMeshNet:
        """The network of a weight file; raises `WeightsError` where tensors do not fit."""
        with torch.device("meta"):
            net = cls()
        expected = {key: tuple(value.shape) for key, value in net.state_dict().items()}
        found = {key: tuple(value.shape) for key, value in state.items()}
        for key in [*expected, *found]:
            if expected.get(key) != found.get(key):
                raise WeightsError(
                    f"{file!r} is not FaceMesh's 468-point network ({key[:60]}: expected "
                    f"{expected.get(key, 'none')}, found {found.get(key, 'none')})."
                )
        net.load_state_dict({key: value.float() for key, value in state.items()}, assign=True)
        return net.eval()
