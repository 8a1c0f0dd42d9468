"""LSTM layers as Keras 2 defines them: any activations, gates in the order i, f, c, o.

`StackedLSTM` is the network as it is trained and as its file is laid out. Inference over every
window of a sound is `core.models.lstm_windows`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import WeightsError

__all__ = ["ACTIVATIONS", "LSTMLayer", "StackedLSTM", "layers_from"]

_MOST_LAYERS, _MOST_UNITS = 16, 4096
_PARTS = ("kernel", "recurrent_kernel", "bias")

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "hard_sigmoid": lambda x: torch.clamp(0.2 * x + 0.5, 0, 1),
    "tanh": torch.tanh,
    "relu": torch.relu,
    "linear": lambda x: x,
}
"""By Keras's names, as Keras 2 means them."""


@dataclass(frozen=True)
class LSTMLayer:
    """Configuration of a layer.

    Attributes
    ----------
    name : of its tensors in the file
    activation : of the new content and of the output
    recurrent_activation : of the three gates
    dropout, recurrent_dropout : shares of the inputs and of the last output that are dropped in
        training, the same ones at every step of a sequence
    implementation : 1 where each of the four gates drops others (Keras's default until 2.2), 2
        where they drop the same
    """

    name: str
    units: int
    activation: str = "sigmoid"
    recurrent_activation: str = "hard_sigmoid"
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    implementation: int = 1


def layers_from(text: str, file: str) -> tuple[LSTMLayer, ...]:
    """Layers from the JSON list that a weight file carries; raises `WeightsError`."""
    try:
        layers = tuple(LSTMLayer(**entry) for entry in json.loads(text))
    except (ValueError, TypeError, RecursionError) as error:
        raise WeightsError(
            f"{file!r} describes its LSTM layers in a way that is not understood; expected a list "
            "of name, units, activation, recurrent_activation, dropout, recurrent_dropout and "
            "implementation."
        ) from error
    if not 1 <= len(layers) <= _MOST_LAYERS:
        raise WeightsError(f"{file!r} has {len(layers)} layers; expected 1 to {_MOST_LAYERS}.")
    for layer in layers:
        _check(layer, file)
    if len({layer.name for layer in layers}) < len(layers):
        raise WeightsError(f"{file!r} has two layers of one name.")
    return layers


def _check(layer: LSTMLayer, file: str) -> None:
    name, units = layer.name, layer.units
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", name):
        raise WeightsError(f"{file!r} has a layer whose name is not of letters, digits, _ and -.")
    if type(units) is not int or not 1 <= units <= _MOST_UNITS:
        raise WeightsError(
            f"{file!r} gives {name!r} {str(units)[:20]} units; expected 1 to {_MOST_UNITS}."
        )
    for activation in (layer.activation, layer.recurrent_activation):
        if not isinstance(activation, str) or activation not in ACTIVATIONS:
            raise WeightsError(
                f"{file!r} asks for the activation {str(activation)[:40]!r} in {name!r}; known: "
                f"{', '.join(ACTIVATIONS)}."
            )
    for share in (layer.dropout, layer.recurrent_dropout):
        if not isinstance(share, int | float) or not 0 <= share < 1:
            raise WeightsError(
                f"{file!r} drops {str(share)[:20]} of {name!r}; expected 0 up to, but not, 1."
            )
    if layer.implementation not in (1, 2):
        raise WeightsError(f"{file!r} says implementation {str(layer.implementation)[:20]!r}.")


class _Cell(nn.Module):
    """One layer."""

    def __init__(self, n_in: int, layer: LSTMLayer) -> None:
        super().__init__()
        self.layer = layer
        self.kernel = nn.Parameter(torch.zeros(n_in, 4 * layer.units))
        self.recurrent_kernel = nn.Parameter(torch.zeros(layer.units, 4 * layer.units))
        self.bias = nn.Parameter(torch.zeros(4 * layer.units))

    def draw(self) -> None:
        """Weights as Keras draws them; the gate that forgets begins open."""
        nn.init.xavier_uniform_(self.kernel)
        nn.init.orthogonal_(self.recurrent_kernel)
        nn.init.zeros_(self.bias)
        nn.init.ones_(self.bias.data[self.layer.units : 2 * self.layer.units])

    def forward(self, x: Tensor, dropout: bool) -> Tensor:
        """(T, B, n_in) -> (T, B, units)."""
        layer = self.layer
        gate, content = (
            ACTIVATIONS[name] for name in (layer.recurrent_activation, layer.activation)
        )
        state = memory = x.new_zeros(x.shape[1], layer.units)
        kept = self._masks(x[0], layer.dropout) if dropout else None
        kept_state = self._masks(state, layer.recurrent_dropout) if dropout else None
        heard = _weighted(x, self.kernel, kept) + self.bias
        out = []
        for step in heard:
            i, f, c, o = (step + _weighted(state, self.recurrent_kernel, kept_state)).chunk(4, -1)
            memory = gate(f) * memory + gate(i) * content(c)
            state = gate(o) * content(memory)
            out.append(state)
        return torch.stack(out)

    def _masks(self, like: Tensor, share: float) -> Tensor | None:
        """(4 or 1, B, n): what each gate keeps of its input, scaled by 1 / (1 - share)."""
        if not share:
            return None
        gates = 4 if self.layer.implementation == 1 else 1
        return F.dropout(like.new_ones(gates, *like.shape), share)


def _weighted(x: Tensor, kernel: Tensor, masks: Tensor | None) -> Tensor:
    """Product x @ kernel, where each gate hears what its mask lets through."""
    if masks is None or len(masks) == 1:
        return (x if masks is None else x * masks[0]) @ kernel
    parts = zip(masks, kernel.chunk(4, dim=1), strict=True)
    return torch.cat([(x * mask) @ part for mask, part in parts], dim=-1)


class StackedLSTM(nn.Module):
    """LSTM layers, each hearing the one before it.

    State-dict keys are those of weight files: ``<layer>.kernel`` (inputs, 4 units),
    ``<layer>.recurrent_kernel`` (units, 4 units), ``<layer>.bias`` (4 units). They are zeros until
    they are loaded or drawn.
    """

    def __init__(self, n_in: int, layers: Sequence[LSTMLayer]) -> None:
        super().__init__()
        self.n_in, self.layers = n_in, tuple(layers)
        self.n_out = self.layers[-1].units
        for layer in self.layers:
            if hasattr(self, layer.name):
                raise WeightsError(f"No layer can be named {layer.name!r}; choose another name.")
            self.add_module(layer.name, _Cell(n_in, layer))
            n_in = layer.units

    def draw(self) -> StackedLSTM:
        """Begin training: weights from torch's random numbers."""
        for layer in self.layers:
            self._cell(layer).draw()
        return self

    def _cell(self, layer: LSTMLayer) -> _Cell:
        cell = self.get_submodule(layer.name)
        assert isinstance(cell, _Cell)
        return cell

    @property
    def dropout(self) -> bool:
        """Whether any layer has dropout."""
        return any(layer.dropout or layer.recurrent_dropout for layer in self.layers)

    def facts(self) -> dict[str, Any]:
        """What a weight file must say besides its tensors."""
        return {"layers": json.dumps([asdict(layer) for layer in self.layers])}

    @classmethod
    def from_state(
        cls, state: Mapping[str, Tensor], layers: Sequence[LSTMLayer], file: str
    ) -> StackedLSTM:
        """The network of a weight file; raises `WeightsError` where tensors do not fit."""
        first = state.get(f"{layers[0].name}.kernel")
        if first is None or first.ndim != 2:
            raise WeightsError(
                f"{file!r} lacks '{layers[0].name}.kernel', (inputs, 4 units), of its first layer."
            )
        n_in, expected = first.shape[0], dict[str, tuple[int, ...]]()
        for layer in layers:
            width = 4 * layer.units
            shapes = (n_in, width), (layer.units, width), (width,)
            expected |= {f"{layer.name}.{p}": s for p, s in zip(_PARTS, shapes, strict=True)}
            n_in = layer.units
        found = {key: tuple(value.shape) for key, value in state.items()}
        for key in [*expected, *found]:
            if expected.get(key) != found.get(key):
                raise WeightsError(
                    f"{file!r} does not hold the LSTM layers that it describes ({key[:60]}: "
                    f"expected {expected.get(key, 'none')}, found {found.get(key, 'none')})."
                )
        net = cls(first.shape[0], layers)
        net.load_state_dict({key: value.float() for key, value in state.items()})
        return net.eval()

    def forward(self, x: Tensor, *, dropout: bool = False) -> Tensor:
        """Sequences (B, T, n_in) -> (B, T, n_out), each from a state of zeros.

        dropout : active, drawing from torch's random numbers; one mask for all steps of a sequence.
        """
        x = x.transpose(0, 1)
        for layer in self.layers:
            x = self._cell(layer)(x, dropout)
        return x.transpose(0, 1)
