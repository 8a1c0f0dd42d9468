"""Track and weight files that lie. Each maker writes the file at the path it is given."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from making import faces

Writer = Callable[[Path], Any]
GOOD = faces(0, 6)


class Attack:
    """Writes a file where it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = str(target)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.target,)


def raw(data: bytes) -> Writer:
    return lambda path: path.write_bytes(data)


def array(values: Any) -> Writer:
    return lambda path: np.save(path, values)


def npy_head(head: str) -> bytes:
    text = head.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + bytes(64)


def fields(**changes: Any) -> Writer:
    """A complete .npz track with some fields of another kind, or gone (None)."""
    whole = {
        "points": GOOD, "times": np.arange(6) / 25, "valid": np.ones((6, 68), bool),
        "score": np.full(6, np.nan), "scheme": "dlib68", "space": "pixel", "provenance": "[]",
    } | changes  # fmt: skip
    return lambda path: np.savez(path, **{k: v for k, v in whole.items() if v is not None})


def npz_bomb(path: Path) -> None:
    """Claims and unpacks to 4 GB; nobody here unpacks it to find out."""
    head = npy_head(str({"descr": "<f8", "fortran_order": False, "shape": (4_000_000, 68, 2)}))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("points.npy", "w", force_zip64=True) as member:
            member.write(head)
            for _ in range(40):
                member.write(bytes(1 << 20))
        archive.writestr("times.npy", head)
    data = path.read_bytes()
    true = struct.pack("<I", 40 * (1 << 20) + len(head))
    path.write_bytes(data.replace(true, struct.pack("<I", 0xFFFF_FFF0)))


def h5(write: Callable[[h5py.File], Any]) -> Writer:
    def make(path: Path) -> None:
        with h5py.File(path, "w") as file:
            file.attrs.update(scheme="dlib68", space="pixel", provenance="[]")
            file["times"] = np.arange(6) / 25
            write(file)

    return make


def h5_elsewhere(path: Path) -> None:
    other = path.with_name("other.h5")
    h5(lambda file: file.create_dataset("points", data=GOOD))(other)
    h5(lambda file: file.__setitem__("points", h5py.ExternalLink(other.name, "points")))(path)


def folder_of(name: str, text: str) -> Writer:
    def make(path: Path) -> None:
        path.mkdir()
        (path / name).write_text(text)

    return make


TIDY = "frame,time_s,point,x,y\n"

TRACKS: dict[str, tuple[str, Writer]] = {
    "nothing at all": ("t.npy", lambda path: None),
    "an unknown ending": ("t.mat", raw(b"x")),
    "an empty npy": ("t.npy", raw(b"")),
    "text named npy": ("t.npy", raw(b"hello")),
    "a film named npy": ("t.npy", raw(b"\0\0\0\x18ftypisom" * 20)),
    "a pickle in an npy": ("t.npy", array(np.array([{"a": 1}], object))),
    "a bare pickle": ("t.npy", lambda path: path.write_bytes(pickle.dumps(Attack(path / "x")))),
    "an npy that claims a terabyte": (
        "t.npy",
        raw(npy_head("{'descr': '<f8', 'fortran_order': False, 'shape': (10**9, 68, 2)}")),
    ),
    "an npy of a negative number of frames": (
        "t.npy",
        raw(npy_head("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 68, 2)}")),
    ),
    "an npy whose head is code": ("t.npy", raw(npy_head("__import__('os').mkdir('x')"))),
    "an npy of words": ("t.npy", array(np.full((3, 68, 2), "word"))),
    "an npy of complex numbers": ("t.npy", array(GOOD * 1j)),
    "an npy of infinities": ("t.npy", array(GOOD * np.inf)),
    "an npy of 67 points": ("t.npy", array(GOOD[:, 1:])),
    "an npy of one number": ("t.npy", array(np.float64(3))),
    "an npz of nothing": ("t.npz", lambda path: np.savez(path)),
    "an npz without points": ("t.npz", fields(points=None)),
    "an npz cut short": (
        "t.npz",
        lambda path: (fields()(path), path.write_bytes(path.read_bytes()[:900])),
    ),
    "an npz that claims 4 GB": ("t.npz", npz_bomb),
    "an npz of an unknown scheme": ("t.npz", fields(scheme="../../etc/passwd")),
    "an npz whose time runs backwards": ("t.npz", fields(times=-np.arange(6.0))),
    "an npz of times that are none": ("t.npz", fields(times=np.full(6, np.nan))),
    "an npz whose history is no list": ("t.npz", fields(provenance="7")),
    "an npz whose history is endless": ("t.npz", fields(provenance="[" * 100_000)),
    "an npz of objects": ("t.npz", fields(scheme=np.array([None], object))),
    "an empty csv": ("t.csv", raw(b"")),
    "a csv of other columns": ("t.csv", raw(b"a,b\n1,2\n")),
    "a csv of words": ("t.csv", raw(f"{TIDY}0,0,0,left,up\n".encode())),
    "a csv of point 99": ("t.csv", raw(f"{TIDY}0,0,99,1,2\n".encode())),
    "a csv of binary noise": ("t.csv", lambda path: path.write_bytes(os.urandom(999))),
    "a gzip named csv": ("t.csv", raw(gzip.compress(bytes(10**7)))),
    "json 100 000 deep": ("t.json", raw(b"[" * 100_000)),
    "json of an object": ("t.json", raw(b'{"points": [1, 2]}')),
    "json of numbers beyond all numbers": ("t.json", raw(b"[[[[1e999, -1e999]]]]")),
    "json of a very long number": ("t.json", raw(b"[[[[" + b"9" * 5000 + b", 1]]]]")),
    "json that is no text": ("t.json", raw(b"\xff\xfe\xfd")),
    "text named h5": ("t.h5", raw(b"hello")),
    "an h5 without points": ("t.h5", h5(lambda file: None)),
    "an h5 that points at another file": ("t.h5", h5_elsewhere),
    "an h5 that claims terabytes": (
        "t.h5",
        h5(lambda file: file.create_dataset("points", (10**9, 68, 2), "f8", chunks=(9, 68, 2))),
    ),
    "an h5 whose points are a folder": ("t.h5", h5(lambda file: file.create_group("points"))),
    "an h5 whose points are words": (
        "t.h5",
        h5(lambda file: file.create_dataset("points", data="x")),
    ),
    "an empty folder": ("t", lambda path: path.mkdir()),
    "a folder of prose": ("t", folder_of("00000.txt", "It was a dark and stormy night.\n")),
    "a folder of one point": ("t", folder_of("00000.txt", "1,2\n")),
    "a pipe that nobody writes": ("t.npy", lambda path: os.mkfifo(path)),
    "a link to a device": ("t.csv", lambda path: path.symlink_to("/dev/zero")),
    "a link to itself": ("t.json", lambda path: path.symlink_to(path)),
}


def safetensors(head: bytes, *, size: int | None = None, body: bytes = b"") -> Writer:
    return raw(struct.pack("<Q", len(head) if size is None else size) + head + body)


def tensor(**entry: Any) -> bytes:
    return json.dumps(
        {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | entry}
    ).encode()


def saved(value: Any) -> Writer:
    return lambda path: torch.save(value, path)


def archive(path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps({"a": 1}))
    path.write_bytes(buffer.getvalue())


WEIGHTS: dict[str, tuple[str, Writer]] = {
    "nothing at all": ("w.pt", lambda path: None),
    "an empty file": ("w.pt", raw(b"")),
    "text": ("w.pth", raw(b"hello")),
    "a pickle that runs": (
        "w.pt",
        lambda path: path.write_bytes(pickle.dumps(Attack(path.with_name("ran")))),
    ),
    "a saved pickle that runs": (
        "w.pt",
        lambda path: torch.save(Attack(path.with_name("ran")), path),
    ),
    "an archive without tensors": ("w.pth", archive),
    "a list": ("w.pt", saved([torch.zeros(3)])),
    "another network": ("w.pt", saved({"layer.weight": torch.zeros(3, 3)})),
    "a network of NaN": ("w.pt", saved({"conv1.weight": torch.full((3, 3), float("nan"))})),
    "an empty safetensors": ("w.safetensors", raw(b"")),
    "a safetensors of 2**60 bytes of head": ("w.safetensors", safetensors(b"{}", size=2**60)),
    "a safetensors whose head is no JSON": ("w.safetensors", safetensors(b"[" * 99_999)),
    "a safetensors whose tensors lie outside": (
        "w.safetensors",
        safetensors(tensor(data_offsets=[0, 2**40], shape=[2**38])),
    ),
    "a safetensors of no tensors": ("w.safetensors", safetensors(b"{}")),
    "a safetensors of another network": ("w.safetensors", safetensors(tensor(), body=bytes(8))),
}
