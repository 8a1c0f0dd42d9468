"""The autoregressive CNN of Eskimez et al. 2020 ("1D_CNN_TC"), which receives its last output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from ..shape.space import ShapeSpace
from ..weights import WeightFile
from .base import Family, Option
from .cnn import OPTIONS, CNNModel, SpeechCNN, build_cnn

__all__ = ["FAMILY", "TemporalCNNModel", "first_condition", "published_gain"]


def published_gain() -> NDArray[np.float64]:
    """Published tcboost: a hand-tuned exaggeration of the six coefficients."""
    return np.array([1, 2.4, 2.8, 3.2, 3.6, 4])


class TemporalCNNModel(CNNModel):
    """A CNN whose output also follows from its previous output.

    Parameters
    ----------
    template : (68, D) face whose coefficients are the first condition; zeros where None.
    """

    family = "tc"

    def __init__(
        self,
        net: SpeechCNN,
        space: ShapeSpace,
        *,
        template: NDArray[np.float64] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(net, space, **options)
        self.first: NDArray[np.float64] = np.zeros(net.n_out)
        if template is not None:
            self.first = first_condition(space, template)

    def _feedback(self) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
        """The recursion over its own raw output, from the first condition on."""
        weight = self.net.fc2.weight.detach().double().numpy()
        bias = self.net.fc2.bias.detach().double().numpy()
        heard, before = weight[:, : self.net.n_out].T, weight[:, self.net.n_out :].T
        last: NDArray[np.float64] = self.first

        def follow(rows: NDArray[np.float64]) -> NDArray[np.float64]:
            nonlocal last
            now: NDArray[np.float64] = rows @ heard + bias
            for i in range(len(now)):
                last = now[i] = now[i] + last @ before
            return now

        return follow


def first_condition(space: ShapeSpace, template: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficients of the template after SciPy's Procrustes onto the mean shape."""
    from scipy.spatial import procrustes

    mean = space.mean.reshape(-1, space.dims)
    if template.shape != mean.shape:
        raise BadInput(
            f"The template has shape {template.shape}, the mean shape {mean.shape}; "
            "use a template of the same kind."
        )
    _, fitted, _ = procrustes(mean, template)
    return np.asarray((fitted.ravel() - space.mean) @ np.linalg.pinv(space.components))


def _build(
    weights: WeightFile,
    *,
    template: NDArray[np.float64] | None = None,
    mean_shape: Path | None = None,
    eigen_vectors: Path | None = None,
    basis: Path | None = None,
    boost: NDArray[np.float64] | str | None = None,
    window_frames: int = 7,
) -> TemporalCNNModel:
    if boost is None and not weights.has("basis."):  # published weights come with published factors
        boost = published_gain()
    made = build_cnn(
        weights,
        TemporalCNNModel,
        mean_shape=mean_shape,
        eigen_vectors=eigen_vectors,
        basis=basis,
        boost=boost,
        window_frames=window_frames,
        template=template,
    )
    assert isinstance(made, TemporalCNNModel)
    return made


FAMILY = Family(
    name="tc",
    title="Raw-waveform CNN that receives its last output",
    paper="Eskimez et al. 2020, variant 1D_CNN_TC",
    expects="conv1 to conv4, fc1 (K, 62464) and fc2 (K, 2 K)",
    keys=("conv4.weight", "fc1.weight", "fc2.weight"),
    matches=lambda w: w.has("conv4.weight", "fc1.weight", "fc2.weight"),
    build=_build,
    options=(
        *OPTIONS,
        Option("template", "--template_shape", "face", "Face of the first condition, .npy."),
    ),
)
