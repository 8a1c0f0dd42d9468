"""A stacked LSTM over every window of 75 rows, as Eskimez et al. 2018 run it.

The output for row i is the last step of a fresh network over rows i - 74 to i; rows before the
start are all zeros, and do run through. One call a row would spend its time on calls, not on
arithmetic. Here hundreds of windows advance together, each core with its own share; what the first
layer makes of a row, apart from its state, is computed once, although 75 windows hear it; and all
of it happens in place, gate by gate in contiguous rows, so that it stays in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .cores import side_by_side
from .lstm_net import StackedLSTM

__all__ = ["STEPS", "LSTMWindows", "WindowStream"]

STEPS = 75
"""Rows of a window: 3 s."""
_BATCH = 256  # windows that advance together, at most
_SHARE = 64  # fewer are not worth another core
_DROPPED_BATCH = 128  # the most with dropout, where every window has its own inputs

Rows = NDArray[np.float32]
Raw = NDArray[np.float64]


class WindowStream(Protocol):
    """Windows of a stream of rows."""

    def push(self, rows: Rows) -> Raw:
        """Outputs (n, n_out) of the windows that end at the next rows (n, n_in)."""


@dataclass(frozen=True, eq=False)
class _Layer:
    """A layer's weights, transposed, for gates in the order i, f, o, c.

    Attributes
    ----------
    weight : (4 units, inputs + units); of the first layer (4 units, units)
    bias : (4 units, 1)
    heard : rows of the states that it hears: the layer before it and its own
    own : its own rows of the states
    gate, content : activations, in place
    """

    weight: Tensor
    bias: Tensor
    heard: slice
    own: slice
    gate: Callable[[Tensor], object]
    content: Callable[[Tensor], object]


_IN_PLACE: dict[str, Callable[[Tensor], object]] = {
    "sigmoid": torch.sigmoid_,
    "hard_sigmoid": lambda x: x.mul_(0.2).add_(0.5).clamp_(0, 1),
    "tanh": torch.tanh_,
    "relu": torch.relu_,
    "linear": lambda x: x,
}


class LSTMWindows:
    """A network, made ready to run over all windows of any number of sounds.

    Parameters
    ----------
    net : as it is now; later changes of its weights are not seen.
    """

    def __init__(self, net: StackedLSTM) -> None:
        self.net = net
        self.layers: list[_Layer] = []
        begin = before = 0
        state = net.state_dict()
        for layer in net.layers:
            kernel, recurrent, bias = (
                _gates_in_order(state[f"{layer.name}.{part}"])
                for part in ("kernel", "recurrent_kernel", "bias")
            )
            end = begin + layer.units
            first = not self.layers
            if first:
                self.kernel = kernel
            weight = recurrent if first else torch.cat([kernel, recurrent], dim=1).contiguous()
            self.layers.append(
                _Layer(
                    weight,
                    bias[:, None],
                    slice(before, end),
                    slice(begin, end),
                    _IN_PLACE[layer.recurrent_activation],
                    _IN_PLACE[layer.activation],
                )
            )
            before, begin = begin, end
        self.n_states = begin

    def stream(self, *, live: bool = False, dropout: bool = False) -> WindowStream:
        """Begin to hear rows.

        live : rows come few at a time.
        dropout : active; each window draws its own masks.
        """
        if dropout:
            return _Dropped(self.net)
        return _Open(self) if live else _Batches(self)

    def projected(self, rows: Rows) -> Tensor:
        """What the first layer makes of rows (n, n_in), apart from its state; (4 units, n)."""
        return torch.addmm(self.layers[0].bias, self.kernel, torch.from_numpy(rows).T)

    @cached_property
    def opening(self) -> tuple[Tensor, Tensor]:
        """States and memories (n_states, 75) of windows before the first row.

        Window k ends at row k, so it has heard 74 - k rows of zeros.
        """
        group, nothing = _Group(self, 1), self.layers[0].bias
        states, memories = (torch.zeros(self.n_states, STEPS) for _ in range(2))
        for k in range(STEPS - 2, -1, -1):
            group.advance(nothing)
            states[:, k], memories[:, k] = group.states[:, 0], group.memories[:, 0]
        return states, memories


def _gates_in_order(values: Tensor) -> Tensor:
    """(..., 4 units) of Keras to (4 units, ...): the three gates i, f, o, then the content."""
    i, f, c, o = values.detach().float().chunk(4, dim=-1)
    return torch.cat([i, f, o, c], dim=-1).movedim(-1, 0).contiguous()


class _Group:
    """Windows that advance together, one a column; states and memories (n_states, count)."""

    def __init__(self, net: LSTMWindows, count: int) -> None:
        self.states, self.memories = (torch.zeros(net.n_states, count) for _ in range(2))
        self._steps = [
            (layer, torch.empty(len(layer.bias), count), torch.empty(len(layer.bias) // 4, count))
            for layer in net.layers
        ]

    @property
    def out(self) -> Tensor:
        """(n_out, count): the state of the last layer."""
        return self.states[self._steps[-1][0].own]

    def advance(self, projected: Tensor) -> None:
        """One step. projected : (4 units of the first layer, count or 1) of the next rows."""
        for number, (layer, gates, shown) in enumerate(self._steps):
            units = len(shown)
            given = layer.bias if number else projected
            torch.addmm(given, layer.weight, self.states[layer.heard], out=gates)
            layer.gate(gates[: 3 * units])
            layer.content(gates[3 * units :])
            memory = self.memories[layer.own]
            memory.mul_(gates[units : 2 * units]).addcmul_(gates[:units], gates[3 * units :])
            shown.copy_(memory)
            layer.content(shown)
            torch.mul(gates[2 * units : 3 * units], shown, out=self.states[layer.own])


class _Batches:
    """Many rows at a time: their windows side by side, 75 steps each."""

    def __init__(self, net: LSTMWindows) -> None:
        self._net = net
        self._past = net.layers[0].bias.expand(-1, STEPS - 1)  # of zeros

    def push(self, rows: Rows) -> Raw:
        out, size = [np.zeros((0, self._net.net.n_out))], _BATCH * torch.get_num_threads()
        for a in range(0, len(rows), size):
            (heard,) = side_by_side([partial(self._net.projected, rows[a : a + size])])
            projected = torch.cat([self._past, heard], dim=1)
            self._past = projected[:, 1 - STEPS :].clone()
            count = projected.shape[1] - STEPS + 1
            shares = min(torch.get_num_threads(), -(-count // _SHARE))
            edges = [count * k // shares for k in range(shares + 1)]
            out += side_by_side(
                [partial(self._run, projected[:, b : c + STEPS - 1]) for b, c in pairwise(edges)]
            )
        return np.concatenate(out)

    def _run(self, projected: Tensor) -> Raw:
        """Outputs (n, n_out) of the windows in (4 units, n + 74)."""
        count = projected.shape[1] - STEPS + 1
        group = _Group(self._net, count)
        for step in range(STEPS):
            group.advance(projected[:, step : step + count])
        return np.asarray(group.out.T.double().numpy())


class _Open:
    """Few rows at a time: the 75 windows that hear the next row stay open.

    Each row advances all of them by one step and closes one: a seventy-fifth of the steps that its
    window alone would take.
    """

    def __init__(self, net: LSTMWindows) -> None:
        self._net, self._row = net, 0
        self._group = _Group(net, STEPS)
        ((states, memories),) = side_by_side([lambda: net.opening])
        self._group.states[:], self._group.memories[:] = states, memories

    def push(self, rows: Rows) -> Raw:
        return side_by_side([lambda: self._run(rows)])[0]

    def _run(self, rows: Rows) -> Raw:
        group, out = self._group, np.zeros((len(rows), self._net.net.n_out))
        for a in range(0, len(rows), _BATCH):
            projected = self._net.projected(rows[a : a + _BATCH])
            for k in range(projected.shape[1]):
                group.advance(projected[:, k : k + 1])
                out[a + k] = group.out[:, self._row].numpy()
                group.states[:, self._row] = 0
                group.memories[:, self._row] = 0
                self._row = (self._row + 1) % STEPS
        return out


class _Dropped:
    """With dropout, the network as it is trained, over windows of their own masks."""

    def __init__(self, net: StackedLSTM) -> None:
        self._net, self._past = net, np.zeros((STEPS - 1, net.n_in), np.float32)

    def push(self, rows: Rows) -> Raw:
        return side_by_side([lambda: self._run(rows)])[0]

    def _run(self, rows: Rows) -> Raw:
        run = np.concatenate([self._past, rows])
        self._past = run[len(rows) :]
        out = [np.zeros((0, self._net.n_out))]
        for a in range(0, len(rows), _DROPPED_BATCH):
            part = torch.from_numpy(run[a : a + _DROPPED_BATCH + STEPS - 1])
            windows = part.unfold(0, STEPS, 1).transpose(1, 2)
            out.append(self._net(windows, dropout=True)[:, -1].double().numpy())
        return np.concatenate(out)
