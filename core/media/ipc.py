"""Messages between the app and its decoder: a length, that much JSON, then the bytes of arrays.

Nothing that comes from a decoder is ever unpickled or evaluated: a decoder that a hostile file has
taken over can only send wrong numbers.
"""

from __future__ import annotations

import json
import math
import socket
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Message", "receive", "send"]

Message = tuple[dict[str, Any], list[NDArray[Any]]]
_TYPES = ("uint8", "float32", "float64")
_LONGEST_TEXT = 1 << 20


def send(connection: socket.socket, message: dict[str, Any], *arrays: NDArray[Any]) -> None:
    """Send a message and its arrays (uint8, float32 or float64)."""
    described = [[array.dtype.name, list(array.shape)] for array in arrays]
    text = json.dumps({**message, "arrays": described}).encode()
    connection.sendall(len(text).to_bytes(4, "big") + text)
    for array in arrays:
        if array.size:
            connection.sendall(np.ascontiguousarray(array).data.cast("B"))


def receive(connection: socket.socket, *, most_bytes: int) -> Message | None:
    """The next message and its arrays; None where the other side has closed.

    Raises
    ------
    ValueError : not a message, or an array of more than ``most_bytes``.
    TimeoutError : the connection's time limit passed.
    """
    length = _fill(connection, bytearray(4))
    if length is None:
        return None
    size = int.from_bytes(length, "big")
    if size > _LONGEST_TEXT:
        raise ValueError(f"a message of {size} characters")
    text = _fill(connection, bytearray(size))
    if text is None:
        return None
    message = json.loads(text)
    arrays = []
    for name, shape in message.pop("arrays"):
        if name not in _TYPES or math.prod(shape) * np.dtype(name).itemsize > most_bytes:
            raise ValueError(f"an array of {name} {shape}")
        array = np.empty([int(n) for n in shape], name)
        if array.size and _fill(connection, array.data.cast("B")) is None:
            return None
        arrays.append(array)
    return message, arrays


_Buffer = TypeVar("_Buffer", bytearray, memoryview)


def _fill(connection: socket.socket, buffer: _Buffer) -> _Buffer | None:
    """Fill a buffer from the connection; None where it closes before that."""
    rest = memoryview(buffer)
    while len(rest):
        count = connection.recv_into(rest)
        if count == 0:
            return None
        rest = rest[count:]
    return buffer
