"""Weight files as training scripts save them: prefixes, nesting, endings, and .keras archives."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from keras_files import Weights, keras_weights, layer_config
from making import sentence
from safetensors.torch import save_file

from core.errors import SpeechmarksError, WeightsError
from core.models import load_model
from core.weights import open_weights

State = dict[str, torch.Tensor]
LONGEST = 300


def plain_state() -> State:
    torch.manual_seed(0)
    shapes = {
        "lstm.weight_ih_l0": (16, 80), "lstm.weight_hh_l0": (16, 4), "lstm.bias_ih_l0": (16,),
        "lstm.bias_hh_l0": (16,), "linear.weight": (136, 4), "linear.bias": (136,),
    }  # fmt: skip
    return {key: torch.randn(shape) / 8 for key, shape in shapes.items()}


def prefixed(prefix: str) -> State:
    return {prefix + key: value for key, value in plain_state().items()}


def refusal(path: Path) -> str:
    with pytest.raises(SpeechmarksError) as caught:
        load_model(path)
    text = sentence(caught.value)
    assert len(text) < LONGEST, text
    return text


@pytest.mark.parametrize(
    ("file", "remark"),
    [
        ("weights_plain_control.pt", ""),
        ("weights_00189.pth.tar", ""),
        ("weights_compiled.pt", "'_orig_mod.'"),
        ("weights_dataparallel.pt", "'module.'"),
        ("weights_under_model.pt", "'model'"),
    ],
)
def test_the_reported_files_open(shared: Path, file: str, remark: str) -> None:
    model = load_model(shared / "data/reports" / file)
    assert model.family == "mfcc-lstm"
    assert bool(model.remarks) == bool(remark) and remark in "".join(model.remarks)


PREFIXES = ("", "module.", "_orig_mod.", "model.", "module._orig_mod.", "model.model.", "net.")
NESTS: dict[str, Callable[[State], Any]] = {
    "plain": lambda s: s,
    "under model": lambda s: {"model": s, "epoch": 3},
    "under net beside an optimizer": lambda s: {
        "net": s,
        "optimizer": {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": [{"lr": 0.1}]},
    },
    "two levels down": lambda s: {"checkpoint": {"weights": s, "step": 1}, "args": {"lr": 0.1}},
    "state_dict beside averages": lambda s: {"state_dict": s, "ema": {"a": torch.ones(2)}},
}


@pytest.mark.parametrize(
    ("prefix", "nest", "ending"),
    [
        (prefix, nest, (".pt", ".pth", ".ckpt", ".pth.tar", ".PT", ".bin")[k % 6])
        for k, (prefix, nest) in enumerate(product(PREFIXES, NESTS))
    ],
)
def test_prefixes_and_nesting_are_removed_and_reported(
    tmp_path: Path, prefix: str, nest: str, ending: str
) -> None:
    path = tmp_path / f"w{ending}"
    torch.save(NESTS[nest](prefixed(prefix)), path)
    file = open_weights(path)
    for key, value in plain_state().items():
        assert torch.equal(file.tensors[key], value)
    assert len(file.tensors) == 6
    assert len(file.remarks) == (prefix != "") + (nest != "plain")
    assert not prefix or repr(prefix) in file.remarks[-1]
    assert load_model(path).family == "mfcc-lstm"


def test_a_prefix_in_safetensors_is_removed(tmp_path: Path) -> None:
    save_file(prefixed("module."), tmp_path / "w.safetensors")
    assert open_weights(tmp_path / "w.safetensors").tensors.keys() == plain_state().keys()


def looped() -> dict[str, Any]:
    saved: dict[str, Any] = {}
    saved.update({f"k{k}": saved for k in range(300)})
    return saved


DIFFERENT: dict[str, tuple[Any, str]] = {
    "two state dicts": ({"enc": plain_state(), "dec": plain_state()}, "'enc', 'dec'"),
    "a number among the tensors": ({**plain_state(), "epoch": 3}, "'epoch'"),
    "no tensors": ({"epoch": 3}, "'epoch'"),
    "a list": ([torch.ones(2)], "one list"),
    "a mapping that holds itself": (looped(), "'k0'"),
    "a prefix on some keys": (
        {**prefixed("module."), "other": torch.ones(2)},
        "'module.' before 6 of its 7",
    ),
    "a missing layer": (
        {k: v for k, v in plain_state().items() if k != "linear.weight"},
        "lacks 'linear.weight'",
    ),
    "another network": ({f"{'x' * 150}{k}": torch.ones(3) for k in range(9)}, "and 7 more"),
    "nothing": ({}, "no tensors"),
}


@pytest.mark.parametrize(("saved", "says"), DIFFERENT.values(), ids=list(DIFFERENT))
def test_a_message_names_what_is_different_in_the_file(
    tmp_path: Path, saved: Any, says: str
) -> None:
    torch.save(saved, tmp_path / "weights_of_run_12.pt")
    assert says in refusal(tmp_path / "weights_of_run_12.pt")


def test_unknown_endings_of_files_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, says in (("w.model", "'.model'; its content fits .pt"), ("w", "no ending")):
        torch.save(plain_state(), name)
        assert says in refusal(Path(name))
    Path("w.doc").write_text("hello")
    assert "unknown ending '.doc'" in refusal(Path("w.doc"))
    with pytest.raises(SpeechmarksError, match="There is no model 'v.doc'"):
        load_model("v.doc")


def test_the_command_line_prints_one_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.cli.models import open_model

    torch.save({"model": prefixed("module.")}, tmp_path / "w.pt")
    open_model(str(tmp_path / "w.pt"))
    notes = [x for x in capsys.readouterr().err.splitlines() if x.startswith("note:")]
    assert len(notes) == 1 and "'model'" in notes[0] and "'module.'" in notes[0]


# --- .keras --------------------------------------------------------------------------------------


def keras_config(weights: Weights, *, modern: bool, **more: Any) -> dict[str, Any]:
    names = list(dict.fromkeys(key.split(".")[0] for key in weights))
    layers: list[dict[str, Any]] = [
        {"class_name": "InputLayer", "config": {"name": "inputs"}, "inbound_nodes": []}
    ]
    before = "inputs"
    for name in names:
        units = weights[f"{name}.recurrent_kernel"].shape[0]
        call: Any = [[before, 0, 0, {}]]
        if modern:
            tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": [before, 0, 0]}}
            call = {"args": [tensor], "kwargs": {"training": False, "mask": None}}
        config = layer_config(name, units, **{"recurrent_activation": "sigmoid"} | more)
        layers.append(
            {"class_name": "LSTM", "name": name, "config": config, "inbound_nodes": [call]}
        )
        before = name
    return {"class_name": "Functional", "config": {"name": "m", "layers": layers}}


def keras_h5(weights: Weights, top: str = "layers") -> bytes:
    """Groups are numbered by class from 'lstm' on, as Keras numbers them."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for k, name in enumerate(dict.fromkeys(key.split(".")[0] for key in weights)):
            group = file.create_group(f"{top}/lstm{f'_{k}' if k else ''}/cell/vars")
            for number, part in enumerate(("kernel", "recurrent_kernel", "bias")):
                group[str(number)] = weights[f"{name}.{part}"]
    return buffer.getvalue()


def archive(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as target:
        for name, data in members.items():
            target.writestr(name, data)
    return path


def members(version: str = "3.4.1", **more: Any) -> dict[str, bytes]:
    weights = keras_weights()
    config = keras_config(weights, modern=version[0] == "3", **more)
    return {
        "metadata.json": json.dumps({"keras_version": version}).encode(),
        "config.json": json.dumps(config).encode(),
        "model.weights.h5": keras_h5(weights),
    }


@pytest.mark.parametrize(
    ("version", "top"),
    [("3.4.1", "layers"), ("2.15.0", "layers"), ("2.12.0", "_layer_checkpoint_dependencies")],
)
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_keras_archive_is_read_as_an_h5_file(
    tmp_path: Path, version: str, top: str, method: int
) -> None:
    weights = keras_weights()
    held = members(version) | {"model.weights.h5": keras_h5(weights, top)}
    path = archive(tmp_path / "m.keras", held, method)
    file = open_weights(path)
    assert list(file.tensors) == list(weights)
    for key, values in weights.items():
        np.testing.assert_array_equal(file.tensors[key].numpy(), values)
    assert load_model(path).family == "lstm"


def zeros(path: Path) -> None:
    held = members() | {"model.weights.h5": bytes(40_000_000)}
    archive(path, held, zipfile.ZIP_DEFLATED)


def linked(path: Path) -> None:
    buffer = io.BytesIO(members()["model.weights.h5"])
    with h5py.File(buffer, "r+") as file:
        del file["layers/lstm_1/cell/vars/0"]
        file["layers/lstm_1/cell/vars/0"] = h5py.ExternalLink("secret.h5", "/x")
    archive(path, members() | {"model.weights.h5": buffer.getvalue()})


def without(name: str) -> Callable[[Path], Any]:
    return lambda path: archive(path, {k: v for k, v in members().items() if k != name})


def cut(path: Path) -> None:
    archive(path, members())
    path.write_bytes(path.read_bytes()[:-4000])


def changed(path: Path) -> None:
    archive(path, members())
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)


HOSTILE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a bomb": (zeros, "unpacks"),
    "a member above the folder": (lambda p: archive(p, members() | {"../../x": b""}), "'../../x'"),
    "an absolute member": (lambda p: archive(p, members() | {"/tmp/x": b""}), "'/tmp/x'"),
    "a thousand members": (
        lambda p: archive(p, members() | {f"a/{k}": b"" for k in range(1000)}),
        "1003 files",
    ),
    "another packing": (lambda p: archive(p, members(), zipfile.ZIP_LZMA), "packed"),
    "weights in another file": (linked, "lacks|itself"),
    "no configuration": (without("config.json"), "config.json"),
    "no weights": (without("model.weights.h5"), "model.weights.h5"),
    "cut short": (cut, "damaged"),
    "bytes changed": (changed, "damaged"),
    "no JSON": (lambda p: archive(p, members() | {"config.json": b"{"}), "damaged"),
    "brackets": (lambda p: archive(p, members() | {"config.json": b"[" * 60_000}), "damaged"),
    "no HDF5": (lambda p: archive(p, members() | {"model.weights.h5": b"no"}), "damaged"),
    "no zip": (lambda p: p.write_bytes(b"PK\3\4 and no more"), "damaged"),
    "text": (lambda p: p.write_bytes(b"hello"), "damaged"),
    "another hard_sigmoid": (
        lambda p: archive(p, members(recurrent_activation="hard_sigmoid")),
        "hard_sigmoid",
    ),
    "a Lambda layer": (
        lambda p: archive(
            p,
            members() | {"config.json": members()["config.json"].replace(b'"LSTM"', b'"Lambda"')},
        ),
        "Lambda",
    ),
}


@pytest.mark.parametrize(("write", "says"), HOSTILE.values(), ids=list(HOSTILE))
def test_a_keras_archive_that_lies_is_refused(
    tmp_path: Path, write: Callable[[Path], Any], says: str
) -> None:
    path = tmp_path / "m.keras"
    write(path)
    with pytest.raises(WeightsError, match=says) as caught:
        open_weights(path)
    assert len(sentence(caught.value)) < LONGEST
    assert list(tmp_path.iterdir()) == [path], "something was unpacked"
