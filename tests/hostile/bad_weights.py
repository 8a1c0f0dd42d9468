"""Weight files that lie, in every format. Each maker writes the file at the path it is given."""

from __future__ import annotations

import collections
import io
import json
import pickle
import pickletools
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from bad_tracks import Attack, npy_head
from safetensors.torch import save

Writer = Callable[[Path], Any]
MB = 1_000_000


class Settings:
    """What a training framework keeps beside the weights."""


def good_state() -> dict[str, torch.Tensor]:
    """A small W2K network: 2 MFCC frames a window, 4 hidden units."""
    torch.manual_seed(0)
    shapes = {
        "lstm.weight_ih_l0": (16, 80), "lstm.weight_hh_l0": (16, 4), "lstm.bias_ih_l0": (16,),
        "lstm.bias_hh_l0": (16,), "linear.weight": (136, 4), "linear.bias": (136,),
    }  # fmt: skip
    return {key: torch.randn(shape) / 8 for key, shape in shapes.items()}


def good_checkpoint() -> dict[str, Any]:
    """What Lightning writes, as far as it is plain."""
    return {
        "epoch": 3,
        "global_step": 120,
        "pytorch-lightning_version": "1.3.8",
        "state_dict": collections.OrderedDict(good_state()),
        "optimizer_states": [{"state": {0: {"step": 120, "exp_avg": torch.zeros(3)}}}],
        "hyper_parameters": {"lr": 1e-4, "window": 2},
    }


def saved(make: Callable[[Path], Any], *, legacy: bool = False) -> Writer:
    return lambda path: torch.save(make(path), path, _use_new_zipfile_serialization=not legacy)


def attack(path: Path) -> Attack:
    return Attack(path.with_name("ran"))


def with_state(**changes: Any) -> Writer:
    return saved(lambda path: {**good_state(), **changes})


def filled(value: float, *, key: str = "linear.bias", dtype: torch.dtype = torch.float32) -> Writer:
    state = good_state()
    state[key] = state[key].clone().to(dtype)
    state[key].view(-1)[-1] = value
    return lambda path: torch.save(state, path)


# --- archives of PyTorch -------------------------------------------------------------------------


def archive(*, packed: bool = False, **records: bytes) -> bytes:
    """The archive of one tensor "a" of four ones, with records replaced ("data_0" is data/0)."""
    buffer, made = io.BytesIO(), io.BytesIO()
    torch.save({"a": torch.ones(4)}, buffer)
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(made, "w", method) as target:
        for member in source.infolist():
            key = member.filename.partition("/")[2].replace("/", "_").replace(".", "_")
            target.writestr(member.filename, records.get(key, source.read(member)))
    return made.getvalue()


def pickled(numel: int = 4, shape: int = 4, name: str = "torch FloatStorage") -> bytes:
    """The pickle of that tensor, claiming other sizes."""
    buffer = io.BytesIO()
    torch.save({"a": torch.ones(4)}, buffer)
    with zipfile.ZipFile(buffer) as source:
        data = source.read("archive/data.pkl")
    data = data.replace(b"K\x04t", b"\x8a\x06" + numel.to_bytes(6, "little") + b"t")
    data = data.replace(b"K\x04\x85", b"\x8a\x06" + shape.to_bytes(6, "little") + b"\x85")
    return data.replace(b"ctorch\nFloatStorage\n", b"c" + name.replace(" ", "\n").encode() + b"\n")


def raw(data: bytes | Callable[[], bytes]) -> Writer:
    return lambda path: path.write_bytes(data if isinstance(data, bytes) else data())


def called(module: str, name: str, argument: bytes) -> bytes:
    """A pickle that calls something with one argument."""
    return b"\x80\x02c%b\n%b\n%b\x85R." % (module.encode(), name.encode(), argument)


HUGE = b"\x8a\x06" + (10**11).to_bytes(6, "little")


def doubled(path: Path) -> None:
    """Names are encoded to twice their length, again and again."""
    steps = b"h\x00h\x01h\x02\x86R" + b"".join(
        b"q%cq%c" % (4, 4) + b"h\x00h\x04h\x02\x86R" for _ in range(40)
    )
    memo = b"c_codecs\nencode\nq\x00X\x04\x00\x00\x00aaaaq\x01X\x09\x00\x00\x00hex_codecq\x02"
    path.write_bytes(archive(data_pkl=b"\x80\x02" + memo + steps + b"."))


def two_directories(path: Path) -> None:
    """A plain archive behind a packed one: readers disagree on which counts."""
    bomb = archive(packed=True, data_0=bytes(400 * MB), data_pkl=pickled(10**8, 10**8))
    path.write_bytes(bomb + archive())


def script(path: Path) -> None:
    """An archive that holds a program."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), str(path))


def shared_rows(path: Path) -> None:
    """One number that claims to be a terabyte."""
    torch.save({"a": torch.ones(1, 1).expand(10**6, 10**6)}, path)


# --- HDF5 as Keras writes it ---------------------------------------------------------------------


def keras(
    path: Path,
    *,
    kind: str = "LSTM",
    config: dict[str, Any] | None = None,
    change: Callable[[h5py.File], Any] = lambda file: None,
) -> None:
    """Two layers of LSTM, 3 and 136 units, over TFL's 512 features."""
    rng, layers = np.random.default_rng(0), []
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = b"2.2.4"
        inputs = 512
        for name, units in (("lstm_1", 3), ("lstm_2", 136)):
            settings = {
                "name": name, "units": units, "activation": "sigmoid", "return_sequences": True,
                "recurrent_activation": "hard_sigmoid", "use_bias": True,
            } | (config or {})  # fmt: skip
            layers.append({"class_name": kind, "config": settings})
            group = file.create_group(f"model_weights/{name}/{name}")
            group["kernel:0"] = rng.normal(size=(inputs, 4 * units)).astype(np.float32) / 50
            group["recurrent_kernel:0"] = rng.normal(size=(units, 4 * units)).astype(np.float32)
            group["bias:0"] = np.zeros(4 * units, np.float32)
            inputs = units
        model = {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}
        file.attrs["model_config"] = json.dumps(model).encode()
        change(file)


PART = "model_weights/lstm_2/lstm_2/bias:0"


def keras_with(change: Callable[[h5py.File], Any], **options: Any) -> Writer:
    return lambda path: keras(path, change=change, **options)


def replaced(values: Any) -> Writer:
    def change(file: h5py.File) -> None:
        del file[PART]
        if values is not None:
            file[PART] = values

    return keras_with(change)


def set_nan(file: h5py.File) -> None:
    file[PART][5] = np.nan


def link_out(file: h5py.File) -> None:
    del file[PART]
    file[PART] = h5py.ExternalLink("secret.h5", "/x")


def outer_data(file: h5py.File) -> None:
    del file[PART]
    file.create_dataset(PART, (544,), "f4", external=[("secret.bin", 0, 544 * 4)])


def claims(file: h5py.File) -> None:
    del file[PART]
    file.create_dataset(PART, (10**12,), "f4", chunks=(10**6,), compression="gzip")


def packed(file: h5py.File) -> None:
    """1.2 GB of zeros in about a megabyte."""
    del file[PART]
    data = file.create_dataset(PART, (3 * 10**8,), "f4", chunks=(10**7,), compression="gzip")
    data[:: 10**7] = 1


def objects(file: h5py.File) -> None:
    del file[PART]
    file[PART] = np.void(pickle.dumps(Attack(Path("ran"))))


# --- tables --------------------------------------------------------------------------------------

LIGHTNING: dict[str, Writer] = {
    "hyper-parameters of a class": saved(
        lambda path: good_checkpoint() | {"hyper_parameters": Settings()}
    ),
    "callbacks by their class": saved(
        lambda path: good_checkpoint() | {"callbacks": {Settings: 1}}
    ),
    "NumPy's numbers": saved(lambda path: good_checkpoint() | {"best": np.float64(0.5)}),
    "before PyTorch 1.6": saved(
        lambda path: good_checkpoint() | {"hyper_parameters": Settings()}, legacy=True
    ),
}
"""Checkpoints that are honest, and need more than tensors."""

RUNS: dict[str, tuple[str, Writer]] = {
    f"{kind} as {suffix}": (f"w{suffix}", writer)
    for suffix in (".pt", ".pth", ".ckpt")
    for kind, writer in {
        "an object": saved(attack),
        "an object before 1.6": saved(attack, legacy=True),
        "an object among tensors": saved(lambda p: {**good_state(), "x": attack(p)}),
        "an object in a checkpoint": saved(lambda p: good_checkpoint() | {"x": attack(p)}),
        "an object as a key": saved(lambda p: {**good_state(), (attack(p),): 1}),
        "a bare pickle": lambda p: p.write_bytes(pickle.dumps(attack(p))),
        "a pickle of protocol 0": lambda p: p.write_bytes(pickle.dumps(attack(p), protocol=0)),
        "a pickle of protocol 5": lambda p: p.write_bytes(pickle.dumps(attack(p), protocol=5)),
        "an archive with a newer pickle": lambda p: p.write_bytes(
            archive(data_pkl=pickle.dumps({"a": attack(p)}, protocol=4))
        ),
    }.items()
}
"""Files that would run something where they are unpickled."""

BOMBS: dict[str, tuple[str, Writer]] = {
    "400 MB packed in 0.4": (
        "w.pt",
        raw(lambda: archive(packed=True, data_0=bytes(400 * MB), data_pkl=pickled(10**8, 10**8))),
    ),
    "a packed archive before a plain one": ("w.pt", two_directories),
    "a storage that claims 400 GB": (
        "w.pt",
        raw(lambda: archive(data_pkl=pickled(10**11, 10**11))),
    ),
    "a tensor that claims more than its storage": (
        "w.pt",
        raw(lambda: archive(data_pkl=pickled(4, 10**11))),
    ),
    "one number as a terabyte": ("w.pt", shared_rows),
    "100 GB of zeros by a call": (
        "w.pt",
        raw(lambda: archive(data_pkl=called("builtins", "bytearray", HUGE))),
    ),
    "400 GB by a tensor's own class": (
        "w.pt",
        raw(lambda: archive(data_pkl=called("torch", "Tensor", HUGE))),
    ),
    "a name encoded 40 times": ("w.pt", doubled),
    "a pickle of 100 MB": (
        "w.pt",
        raw(lambda: archive(data_pkl=b"\x80\x02N0" + b"N0" * (50 * MB))),
    ),
    "an HDF5 that claims 4 TB": ("w.h5", keras_with(claims)),
    "an HDF5 of 1.2 GB packed": ("w.h5", keras_with(packed)),
    "a safetensors that claims 4 TB": (
        "w.safetensors",
        raw(
            lambda: (
                struct.pack("<Q", 71)
                + b'{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000]}}  '
                + bytes(4000)
            )
        ),
    ),
}
"""Small files that ask for a lot of memory."""

WRONG: dict[str, tuple[str, Writer]] = {
    "a TorchScript archive": ("w.pt", script),
    "a sparse tensor": ("w.pt", with_state(x=torch.eye(3).to_sparse())),
    "a tensor of 8 bits that float": (
        "w.pt",
        with_state(x=torch.ones(3).to(torch.float8_e4m3fn)),
    ),
    "a complex tensor": ("w.pt", with_state(x=torch.ones(3, dtype=torch.complex64))),
    "a key of two lines": ("w.pt", with_state(**{"a\nb": torch.ones(3)})),
    "a key of 10 kB": ("w.pt", with_state(**{"a" * 10_000: torch.ones(3)})),
    "a missing key": ("w.pt", saved(lambda p: dict(list(good_state().items())[:-1]))),
    "a spare key": ("w.ckpt", with_state(spare=torch.ones(3))),
    "another shape": ("w.ckpt", with_state(**{"linear.weight": torch.ones(136, 5)})),
    "NaN in a .pt": ("w.pt", filled(np.nan)),
    "infinity in a .pth": ("w.pth", filled(-np.inf, key="lstm.weight_ih_l0")),
    "NaN in halves": ("w.ckpt", filled(np.nan, dtype=torch.float16)),
    "NaN in bfloat16": ("w.ckpt", filled(np.nan, dtype=torch.bfloat16)),
    "NaN in a safetensors": (
        "w.safetensors",
        raw(lambda: save({**good_state(), "linear.bias": torch.full((136,), np.nan)})),
    ),
    "NaN in an .h5": ("w.h5", keras_with(set_nan)),
    "a checkpoint without weights": ("w.ckpt", saved(lambda p: {"epoch": 3, "state_dict": {}})),
    "a checkpoint of a list": ("w.ckpt", saved(lambda p: {"state_dict": [torch.ones(3)]})),
    "an .h5 named .pt": ("w.pt", keras),
    "a .pt named .h5": ("w.h5", saved(lambda p: good_state())),
    "a .pt named .safetensors": ("w.safetensors", saved(lambda p: good_state())),
    "a layer that carries code": ("w.h5", lambda p: keras(p, kind="Lambda")),
    "an activation that is code": (
        "w.h5",
        lambda p: keras(p, config={"activation": "__import__('os').mkdir('ran')"}),
    ),
    "a missing part": ("w.h5", replaced(None)),
    "a part of another shape": ("w.h5", replaced(np.zeros(3, np.float32))),
    "a part of text": ("w.h5", replaced("text")),
    "a part that is a pickle": ("w.h5", keras_with(objects)),
    "a part in another file": ("w.h5", keras_with(link_out)),
    "a part in a file of bytes": ("w.h5", keras_with(outer_data)),
}
"""Files that run nothing and ask for nothing, and are no weights."""

ARRAYS: dict[str, Writer] = {
    "NaN in all that is needed": lambda p: np.save(p, np.full((6, 204), np.nan)),
    "an object that runs": lambda p: np.save(p, np.array([attack(p)], object), allow_pickle=True),
    "a bare pickle": lambda p: p.write_bytes(pickle.dumps(attack(p))),
    "another shape": lambda p: np.save(p, np.zeros((3, 5))),
    "NaN": lambda p: np.save(p, np.full((1, 204), np.nan)),
    "text": lambda p: np.save(p, np.array(["x"] * 204)),
    "a claim of 8 TB": raw(
        npy_head(str({"descr": "<f8", "fortran_order": False, "shape": (10**12,)}))
    ),
    "nothing": raw(b""),
}
"""Companion files that lie."""

GOOD: dict[str, Writer] = {
    ".pt": saved(lambda p: good_state()),
    ".pth": saved(lambda p: good_state(), legacy=True),
    ".ckpt": saved(lambda p: good_checkpoint()),
    ".safetensors": raw(lambda: save(good_state())),
    ".h5": keras,
}


def opcodes(data: bytes) -> list[str]:
    """Names of a pickle's opcodes: that a crafted one is a pickle at all."""
    return [opcode.name for opcode, _, _ in pickletools.genops(data)]
