"""Weight files: there and back, and files that are not what they say."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from making import noise, sentence
from networks import deterministic_state, small_space
from safetensors.torch import save_file

from core.errors import BadInput, MissingFile, SpeechmarksError, WeightsError
from core.models import load_model
from core.models.cnn import CNNModel, SpeechCNN
from core.models.store import model_card, save_model
from core.weights import open_weights

State = dict[str, Any]


@pytest.fixture(scope="module")
def state() -> State:
    return deterministic_state(1, temporal=False)


@pytest.mark.parametrize(("half", "tolerance"), [(False, 1e-6), (True, 3e-3)])
def test_a_saved_model_comes_back(
    tmp_path: Path, state: State, half: bool, tolerance: float
) -> None:
    path = tmp_path / "m.safetensors"
    save_model(path, "cnn", state, small_space(), centre_s=0.02, half=half)
    model = load_model(path)
    assert isinstance(model, CNNModel) and model.centre_s == 0.02 and model.name == "m"
    np.testing.assert_array_equal(model.boost, np.ones(6))
    expected = CNNModel(SpeechCNN.from_state(state), small_space(), centre_s=0.02)
    one, two = (m.predict(noise(0.3)).track.points for m in (model, expected))
    np.testing.assert_allclose(one, two, atol=tolerance * np.ptp(two))


@pytest.mark.parametrize("suffix", [".pt", ".pth"])
@pytest.mark.parametrize("wrapped", [False, True], ids=["plain", "under state_dict"])
def test_a_published_state_dict_is_read_with_its_pair_of_files(
    shared: Path, tmp_path: Path, state: State, suffix: str, wrapped: bool
) -> None:
    torch.save({"state_dict": state} if wrapped else state, tmp_path / f"w{suffix}")
    folder = shared / "reference/nr"
    model = load_model(
        tmp_path / f"w{suffix}",
        mean_shape=folder / "mean_shape.npy",
        eigen_vectors=folder / "eigen_vectors.npy",
    )
    assert isinstance(model, CNNModel) and model.family == "cnn" and model.centre_s == 0
    with pytest.raises(BadInput, match="--mean_shape"):
        load_model(tmp_path / f"w{suffix}")


class Evil:
    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return (open, ("speechmarks-was-here", "w"))


def change(state: State, **changes: Any) -> State:
    return {k: v for k, v in {**state, **changes}.items() if v is not None}


def with_basis(state: State, **basis: Any) -> State:
    space = small_space()
    full = {
        f"basis.{k}": torch.from_numpy(getattr(space, k)).float()
        for k in ("mean", "components", "deviations")
    }
    return change(state, **full | {f"basis.{k}": v for k, v in basis.items()})


BAD_STATES: dict[str, Callable[[State], Any]] = {
    "nothing": lambda s: {},
    "another family": lambda s: {"lstm.weight": torch.ones(3)},
    "a missing layer": lambda s: with_basis(change(s, **{"conv2.weight": None})),
    "a missing bias": lambda s: with_basis(change(s, **{"fc1.bias": None})),
    "a spare key": lambda s: with_basis(change(s, spare=torch.ones(2))),
    "a layer of another shape": lambda s: with_basis(
        change(s, **{"conv3.weight": torch.ones(2, 3)})
    ),
    "a head of another width": lambda s: with_basis(change(s, **{"fc1.weight": torch.ones(6, 9)})),
    "a head without dimension": lambda s: with_basis(
        change(s, **{"fc1.weight": torch.tensor(1.0)})
    ),
    "a head that claims terabytes": lambda s: with_basis(
        change(s, **{"fc1.weight": torch.ones(1, 1).expand(10**7, 62464)})
    ),
    "half a feedback": lambda s: with_basis(change(s, **{"fc2.weight": torch.ones(6, 12)})),
    "a list": lambda s: [torch.ones(3)],
    "a tensor": lambda s: torch.ones(3),
    "a number in it": lambda s: {**s, "epoch": 3},
    "keys that are numbers": lambda s: {1: torch.ones(3), "a": torch.ones(3)},
    "an object that runs code": lambda s: Evil(),
    "an object that runs code among tensors": lambda s: {**s, "x": Evil()},
    "a basis without a mean": lambda s: with_basis(s, mean=None),
    "a basis of an odd size": lambda s: with_basis(s, mean=torch.ones(10)),
    "a basis of one point less": lambda s: with_basis(s, mean=torch.ones(134)),
    "components of another size": lambda s: with_basis(s, components=torch.ones(6, 10)),
    "components in one dimension": lambda s: with_basis(s, components=torch.ones(6)),
    "too few components": lambda s: with_basis(s, components=torch.ones(3, 136)),
    "a basis that is not finite": lambda s: with_basis(s, mean=torch.full((136,), torch.nan)),
}


@pytest.mark.parametrize("make", BAD_STATES.values(), ids=list(BAD_STATES))
def test_a_wrong_state_dict_is_refused_in_one_sentence(
    tmp_path: Path, state: State, make: Callable[[State], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(make(state), "bad.pt")
    with pytest.raises((WeightsError, BadInput)) as caught:
        load_model("bad.pt")
    sentence(caught.value)
    assert not Path("speechmarks-was-here").exists()


def safetensors(header: dict[str, Any] | bytes, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


BAD_FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "an empty pt": (".pt", lambda: b""),
    "text named pt": (".pt", lambda: b"hello"),
    "a bare pickle that runs code": (".pt", lambda: pickle.dumps(Evil())),
    "an old pickle that runs code": (".pth", lambda: pickle.dumps(Evil(), protocol=0)),
    "a zip named pt": (".pt", lambda: b"PK\x05\x06" + bytes(18)),
    "an empty safetensors": (".safetensors", lambda: b""),
    "text named safetensors": (".safetensors", lambda: b"hello, world"),
    "a pickle named safetensors": (".safetensors", lambda: pickle.dumps(Evil())),
    "a header that claims terabytes": (".safetensors", lambda: struct.pack("<Q", 10**13) + b"{}"),
    "a tensor that claims terabytes": (
        ".safetensors",
        lambda: safetensors(
            {"a": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}}
        ),
    ),
    "a header that is no JSON": (".safetensors", lambda: safetensors(b"{nonsense")),
}


@pytest.mark.parametrize(("suffix", "make"), BAD_FILES.values(), ids=list(BAD_FILES))
def test_a_file_that_is_no_weight_file_is_refused_and_never_run(
    tmp_path: Path, suffix: str, make: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(f"bad{suffix}")
    path.write_bytes(make())
    for opener in (open_weights, load_model):
        with pytest.raises(WeightsError) as caught:
            opener(path)
        sentence(caught.value)
    assert not Path("speechmarks-was-here").exists()


def test_the_evil_object_would_run_code_if_it_were_unpickled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without this, the tests above could pass for the wrong reason."""
    monkeypatch.chdir(tmp_path)
    pickle.loads(pickle.dumps(Evil())).close()
    assert Path("speechmarks-was-here").exists()


@pytest.mark.parametrize("centre", ["soon", "nan", "1e9", "-1"])
def test_timing_that_makes_no_sense_is_refused(tmp_path: Path, state: State, centre: str) -> None:
    save_file(with_basis(state), tmp_path / "m.safetensors", metadata={"centre_s": centre})
    with pytest.raises(WeightsError, match="centre_s") as caught:
        load_model(tmp_path / "m.safetensors")
    sentence(caught.value)


def test_missing_files_and_unknown_names_are_named(tmp_path: Path) -> None:
    for name in (tmp_path / "nowhere.pt", tmp_path / "nowhere.safetensors", tmp_path):
        with pytest.raises(SpeechmarksError) as caught:
            load_model(name)
        sentence(caught.value)
    with pytest.raises(MissingFile):
        open_weights(tmp_path)
    with pytest.raises(BadInput, match="no-such-model"):
        model_card("no-such-model")
