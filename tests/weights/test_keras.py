"""Keras's .h5 files: those of several years are read, all others are refused and never run."""

from __future__ import annotations

import base64
import json
import marshal
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from keras_files import Style, keras_weights, layer_config, model_config, write_keras
from making import sentence

from core.errors import WeightsError
from core.models import load_model
from core.weights import WEIGHT_SUFFIXES, open_weights

Change = Callable[[h5py.File], None]
FOUR = [layer_config(f"lstm_{k}", u) for k, u in ((1, 8), (2, 8), (3, 8), (4, 136))]


@pytest.mark.parametrize("style", ["2.2.4", "sequential", "functional"])
def test_files_of_several_years_are_read(tmp_path: Path, style: Style) -> None:
    weights = keras_weights()
    shares = {"dropout": 0.2, "recurrent_dropout": 0.1}
    path = write_keras(tmp_path / "m.h5", weights, style=style, activation="tanh", **shares)
    file = open_weights(path)
    assert list(file.tensors) == list(weights)
    for key, values in weights.items():
        np.testing.assert_array_equal(file.tensors[key].numpy(), values)
    layers = json.loads(file.metadata["layers"])
    assert file.metadata["family"] == "lstm"
    assert [layer["units"] for layer in layers] == [8, 8, 8, 136]
    assert layers[1] == {
        "name": "lstm_2",
        "units": 8,
        "activation": "tanh",
        "recurrent_activation": "hard_sigmoid",
        "implementation": 1,
        **shares,
    }


def test_the_reference_file_is_read(shared: Path) -> None:
    file = open_weights(shared / "reference/tfl/hard_C3.h5")
    assert [tuple(v.shape) for v in file.tensors.values()][-3:] == [(48, 544), (136, 544), (544,)]
    layers = json.loads(file.metadata["layers"])
    assert [layer["units"] for layer in layers] == [48, 48, 48, 136]
    assert {layer["recurrent_activation"] for layer in layers} == {"hard_sigmoid"}


def test_packed_and_half_precision_weights_are_read(tmp_path: Path) -> None:
    weights = keras_weights()

    def pack(file: h5py.File) -> None:
        for name in ("lstm_1", "lstm_4"):
            cell = file[f"model_weights/{name}/{name}/lstm_cell"]
            values = cell["kernel:0"][()]
            del cell["kernel:0"]
            cell.create_dataset("kernel:0", data=values.astype("f2"), compression="gzip")

    file = open_weights(write_keras(tmp_path / "m.H5", weights, change=pack))
    for key, values in weights.items():
        assert file.tensors[key].numpy().dtype == np.float32
        np.testing.assert_allclose(file.tensors[key].numpy(), values, atol=2e-3)


# --- files that are refused --------------------------------------------------------------------

HERE = "speechmarks-was-here"


def lambda_layer() -> dict[str, Any]:
    """As Keras stores a Lambda: marshalled code, which Keras runs when it loads the model."""
    code = compile(f"open({HERE!r}, 'w')", "lambda", "exec")
    text = base64.b64encode(marshal.dumps(code)).decode()
    return {
        "class_name": "Lambda",
        "config": {"name": "lambda", "function": [text, None, None], "function_type": "lambda"},
        "name": "lambda",
        "inbound_nodes": [[["lstm_4", 0, 0, {}]]],
    }


def with_entry(**more: Any) -> dict[str, Any]:
    """A model with one more layer at its end."""
    config = model_config(FOUR)
    config["config"]["layers"].append(
        {"name": "x", "inbound_nodes": [[["lstm_4", 0, 0, {}]]], "config": {"name": "x"}, **more}
    )
    return config


def rewired() -> dict[str, Any]:
    config = model_config(FOUR)
    config["config"]["layers"][3]["inbound_nodes"] = [[["lstm_1", 0, 0, {}]]]
    return config


def two_inputs() -> dict[str, Any]:
    config = model_config(FOUR)
    config["config"]["layers"][2]["inbound_nodes"] = [[["lstm_1", 0, 0, {}], ["input_1", 0, 0, {}]]]
    return config


CONFIGS: dict[str, tuple[Any, str]] = {
    "a Lambda layer with code": (with_entry(**lambda_layer()), "Lambda"),
    "a dense layer": (with_entry(class_name="Dense"), "Dense"),
    "a model in the model": (with_entry(class_name="Functional", config={"name": "x"}), "Func"),
    "an LSTM in both directions": (with_entry(class_name="Bidirectional"), "Bidirectional"),
    "a second input": (with_entry(class_name="InputLayer"), "InputLayer"),
    "layers that skip one": (rewired(), "chain"),
    "a layer of two inputs": (two_inputs(), "chain"),
    "no layers": (model_config([]), "0 LSTM layers"),
    "a hundred layers": (
        model_config([layer_config(f"l{k}", 3) for k in range(100)]),
        "100 LSTM layers",
    ),
    "another kind of model": ({"class_name": "Graph", "config": []}, "Graph"),
    "a layer that gives only its last step": (
        model_config([layer_config("lstm_1", 8, return_sequences=False), *FOUR[1:]]),
        "last step",
    ),
    "a layer that runs backwards": (
        model_config([layer_config("lstm_1", 8, go_backwards=True), *FOUR[1:]]),
        "backwards",
    ),
    "a layer without bias": (
        model_config([layer_config("lstm_1", 8, use_bias=False), *FOUR[1:]]),
        "no bias",
    ),
    "a layer named as a path": (model_config([layer_config("../lstm_1", 8), *FOUR[1:]]), "named"),
    "a layer named with a line break": (
        model_config([layer_config("l\nm", 8), *FOUR[1:]]),
        "named",
    ),
    "a layer that does not say its size": (
        model_config([{"name": "lstm_1"}, *FOUR[1:]]),
        "'units', 'activation'",
    ),
    "a layer that is not in the file": (model_config([layer_config("other", 8)]), "other"),
    "a list": ([1, 2], "damaged"),
    "a number": (3, "damaged"),
    "a model without layers": ({"class_name": "Model", "config": {}}, "damaged"),
    "layers that are words": ({"class_name": "Sequential", "config": ["a"]}, "damaged"),
}


@pytest.fixture
def bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("bad.h5")


def refused(path: Path, says: str) -> None:
    for opener in (open_weights, load_model):
        with pytest.raises(WeightsError, match=says) as caught:
            opener(path)
        assert str(path) in sentence(caught.value)
    assert not Path(HERE).exists()


@pytest.mark.parametrize(("config", "says"), CONFIGS.values(), ids=list(CONFIGS))
def test_a_model_that_is_no_chain_of_lstms_is_refused_and_never_run(
    bad: Path, config: Any, says: str
) -> None:
    refused(write_keras(bad, config=config), says)


def test_the_code_in_the_lambda_would_run(bad: Path) -> None:
    """Without this, the test above could pass for the wrong reason."""
    exec(marshal.loads(base64.b64decode(lambda_layer()["config"]["function"][0])))
    assert Path(HERE).exists()


CELL = "model_weights/lstm_2/lstm_2/lstm_cell"


def instead(**options: Any) -> Change:
    """Another recurrent kernel of layer 2, whose good one is (8, 32)."""

    def change(file: h5py.File) -> None:
        del file[CELL]["recurrent_kernel:0"]
        file[CELL].create_dataset("recurrent_kernel:0", **options)

    return change


def without(key: str) -> Change:
    return lambda file: file.__delitem__(key)


def linked(key: str, link: Any) -> Change:
    def change(file: h5py.File) -> None:
        other = file.filename.replace("bad", "secret")
        write_keras(Path(other))
        del file[key]
        file[key] = link

    return change


def said(key: str, value: Any) -> Change:
    return lambda file: file.attrs.__setitem__(key, value)


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((8, 32), "f4")
    layout[:] = h5py.VirtualSource("secret.h5", "k", (8, 32))
    del file[CELL]["recurrent_kernel:0"]
    file[CELL].create_virtual_dataset("recurrent_kernel:0", layout)


def bomb(file: h5py.File) -> None:
    instead(shape=(8, 32), chunks=(8, 32), dtype="f4", compression="gzip")(file)
    packed = zlib.compress(bytes(10**7))
    file[CELL]["recurrent_kernel:0"].id.write_direct_chunk((0, 0), packed)


def loop(file: h5py.File) -> None:
    file[CELL]["again"] = file[CELL]


def many(file: h5py.File) -> None:
    for k in range(1000):
        file[CELL][f"x{k}"] = k


def twice(file: h5py.File) -> None:
    file["model_weights/lstm_2/more/kernel:0"] = np.ones((8, 32), "f4")


def nan(file: h5py.File) -> None:
    file[CELL]["recurrent_kernel:0"][3, 4] = np.nan


CHANGES: dict[str, tuple[Change, str]] = {
    "a missing bias": (without(f"{CELL}/bias:0"), "lacks 'bias"),
    "a missing layer": (without("model_weights/lstm_2"), "lstm_2"),
    "no weights": (without("model_weights"), "model_weights"),
    "weights alone": (lambda file: file.attrs.__delitem__("model_config"), "model.save"),
    "a configuration that is no JSON": (said("model_config", "{nonsense"), "damaged"),
    "a configuration of brackets": (said("model_config", "[" * 60_000), "damaged"),
    "a configuration that is a number": (said("model_config", 3), "model_config"),
    "a configuration of many texts": (said("model_config", ["{}"] * 3), "model_config"),
    "Keras 3": (said("keras_version", "3.4.1"), "Keras 2"),
    "a version that is an array": (said("keras_version", np.ones(9)), "keras_version"),
    "weights of another shape": (instead(data=np.ones((8, 31), "f4")), r"\(8, 32\)"),
    "a weight that is one number": (instead(data=3.0), "recurrent_kernel"),
    "weights that are words": (instead(data=np.full((8, 32), "x", object)), "numbers"),
    "a number that is none": (nan, "finite"),
    "a number too large": (instead(data=np.full((8, 32), 1e300)), "finite"),
    "weights never written": (instead(shape=(8, 32), dtype="f4"), "cut short"),
    "weights that claim terabytes": (
        instead(shape=(10**6, 10**6), chunks=(64, 64), dtype="f4"),
        "claims",
    ),
    "weights that unpack without end": (bomb, "unpacks"),
    "a filter that is not known": (
        instead(data=np.ones((8, 32), "i4"), chunks=(8, 32), scaleoffset=4),
        "packed",
    ),
    "weights in another file": (
        linked(f"{CELL}/kernel:0", h5py.ExternalLink("secret.h5", f"{CELL}/kernel:0")),
        "itself",
    ),
    "a layer in another file": (
        linked("model_weights/lstm_2", h5py.ExternalLink("secret.h5", "model_weights/lstm_2")),
        "itself",
    ),
    "a cell in another file": (linked(CELL, h5py.ExternalLink("secret.h5", CELL)), "itself"),
    "all weights in another file": (
        linked("model_weights", h5py.ExternalLink("secret.h5", "model_weights")),
        "itself",
    ),
    "a layer by a soft link": (
        linked("model_weights/lstm_2", h5py.SoftLink("/model_weights/lstm_3")),
        "itself",
    ),
    "weights by a link to themselves": (
        linked(f"{CELL}/kernel:0", h5py.SoftLink(f"/{CELL}/kernel:0")),
        "itself",
    ),
    "weights in a raw file": (
        instead(shape=(8, 32), dtype="f4", external=[("secret.bin", 0, 1024)]),
        "itself",
    ),
    "weights put together from elsewhere": (virtual, "itself"),
    "a group that holds itself": (loop, "more than"),
    "a thousand other things": (many, "more than"),
    "two kernels of one layer": (twice, "twice"),
}


@pytest.mark.parametrize(("change", "says"), CHANGES.values(), ids=list(CHANGES))
def test_a_file_that_lies_or_is_damaged_is_refused_in_one_sentence(
    bad: Path, change: Change, says: str
) -> None:
    with pytest.raises(WeightsError, match=says) as caught:
        load_model(write_keras(bad, change=change))
    assert "bad.h5" in sentence(caught.value)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999], ids=lambda s: f"{s:.1%} of it")
def test_a_file_that_is_cut_short_is_refused(bad: Path, share: float) -> None:
    whole = write_keras(bad).read_bytes()
    bad.write_bytes(whole[: int(len(whole) * share)])
    refused(bad, "damaged")


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\3\4", b"\x89HDF\r\n\x1a\n"], ids=repr)
def test_a_file_that_is_something_else_is_refused(bad: Path, data: bytes) -> None:
    bad.write_bytes(data)
    refused(bad, "Keras")


def test_a_track_is_no_model(bad: Path) -> None:
    with h5py.File(bad, "w") as file:
        file["points"] = np.ones((3, 68, 2))
    refused(bad, "found|only 'points'")


def test_h5_files_are_known_as_weights() -> None:
    assert ".h5" in WEIGHT_SUFFIXES
