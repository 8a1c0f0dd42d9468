"""Weight files from anywhere: refused in a sentence, nothing run, nothing left, memory bounded."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import bad_weights as bad
import numpy as np
import pytest
import torch
from bad_weights import ARRAYS, BOMBS, GOOD, LIGHTNING, RUNS, WRONG, Writer
from making import sentence

from core.errors import BadInput, SpeechmarksError, WeightsError
from core.models import load_model
from core.weights import open_weights

ROOT = Path(__file__).resolve().parents[2]
MB = 1_000_000


@contextmanager
def without_a_trace(folder: Path) -> Iterator[None]:
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    yield
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    assert not (folder / "ran").exists(), "something in the file was run"


def refused(path: Path) -> str:
    """The one sentence that refuses a weight file."""
    with without_a_trace(path.parent), pytest.raises(WeightsError) as caught:
        load_model(path)
    text = sentence(caught.value)
    assert (path.name in text or text.startswith("These weights")) and len(text) < 330
    return text


@pytest.fixture(autouse=True)
def in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crafted file that makes a folder beside itself is found out, whatever path it uses."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt", ".safetensors"])
def test_the_good_ones_open(tmp_path: Path, suffix: str) -> None:
    """Without this, the refusals below could have another reason."""
    GOOD[suffix](tmp_path / f"w{suffix}")
    assert open_weights(tmp_path / f"w{suffix}").has("lstm.weight_ih_l0", "linear.bias")
    assert load_model(tmp_path / f"w{suffix}").family == "mfcc-lstm"


def test_the_good_keras_file_opens(tmp_path: Path) -> None:
    GOOD[".h5"](tmp_path / "w.h5")
    assert len(open_weights(tmp_path / "w.h5").tensors) == 6


@pytest.mark.parametrize("row", RUNS.values(), ids=list(RUNS))
def test_nothing_in_a_file_is_ever_run(tmp_path: Path, row: tuple[str, Writer]) -> None:
    name, write = row
    write(tmp_path / name)
    refused(tmp_path / name)


@pytest.mark.parametrize("kind", ["an object", "an object before 1.6", "a pickle of protocol 0"])
def test_they_would_run_where_they_are_unpickled(tmp_path: Path, kind: str) -> None:
    name, write = RUNS[f"{kind} as .pt"]
    write(tmp_path / name)
    if kind.startswith("a pickle"):
        pickle.loads((tmp_path / name).read_bytes())
    else:
        torch.load(tmp_path / name, weights_only=False)
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("write", LIGHTNING.values(), ids=list(LIGHTNING))
def test_a_checkpoint_that_needs_more_is_told_the_three_lines(
    tmp_path: Path, write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the lines do what they promise, in an environment that has those classes."""
    write(tmp_path / "run 3.ckpt")
    text = refused(tmp_path / "run 3.ckpt")
    for part in ("import torch / ", '["state_dict"]', "torch.save(c, 'run 3.pt')", "weights_only"):
        assert part in text
    lines = text[text.index("import torch") : text.index(" (from torch")].split(" / ")
    assert len(lines) == 3
    code = "\n".join(lines).replace('"cpu")', '"cpu", weights_only=False)')
    exec(code, {})  # noqa: S102 - this is what the user is told to run
    assert load_model(tmp_path / "run 3.pt").family == "mfcc-lstm"


@pytest.mark.parametrize("row", WRONG.values(), ids=list(WRONG))
def test_what_is_no_weights_is_refused(tmp_path: Path, row: tuple[str, Writer]) -> None:
    name, write = row
    (tmp_path / "secret.bin").write_bytes(bytes(544 * 4))
    write(tmp_path / name)
    refused(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "key"), [(n, "finite") for n in WRONG if n.startswith(("NaN", "infinity"))]
)
def test_numbers_that_are_not_finite_are_named_as_such(tmp_path: Path, name: str, key: str) -> None:
    file, write = WRONG[name]
    write(tmp_path / file)
    assert key in refused(tmp_path / file)


@pytest.mark.parametrize("suffix", list(GOOD))
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, suffix: str) -> None:
    whole = tmp_path / f"whole{suffix}"
    GOOD[suffix](whole)
    data, path = whole.read_bytes(), tmp_path / f"w{suffix}"
    cuts = {0, 1, 4, 8, len(data) - 1, *np.linspace(9, len(data) - 2, 30).astype(int).tolist()}
    for cut in sorted(cuts):
        path.write_bytes(data[:cut])
        refused(path)


@pytest.mark.parametrize("suffix", list(GOOD))
def test_a_file_with_bytes_changed_is_refused_or_opens_as_numbers(
    tmp_path: Path, suffix: str
) -> None:
    """Whatever changes, the outcome is a model or a sentence, never anything else."""
    path = tmp_path / f"w{suffix}"
    GOOD[suffix](path)
    data, rng = path.read_bytes(), np.random.default_rng(1)
    for _ in range(60):
        changed = bytearray(data)
        for place in rng.integers(0, len(data), rng.integers(1, 30)):
            changed[place] = rng.integers(256)
        path.write_bytes(changed)
        with without_a_trace(tmp_path):
            try:
                open_weights(path)
            except SpeechmarksError as error:
                sentence(error)


@pytest.mark.parametrize("option", ["mean_shape", "eigen_vectors"])
@pytest.mark.parametrize("write", ARRAYS.values(), ids=list(ARRAYS))
def test_companion_files_that_lie_are_refused(
    tmp_path: Path, option: str, write: Callable[[Path], None]
) -> None:
    from core.models.cnn import SpeechCNN

    torch.save(SpeechCNN(6, temporal=False).state_dict(), tmp_path / "w.pt")
    files = {"mean_shape": np.zeros((1, 204)), "eigen_vectors": np.zeros((6, 204))}
    for name, values in files.items():
        np.save(tmp_path / f"{name}.npy", values)
    write(tmp_path / f"{option}.npy")
    with without_a_trace(tmp_path), pytest.raises(BadInput) as caught:
        load_model(tmp_path / "w.pt", **{name: tmp_path / f"{name}.npy" for name in files})
    sentence(caught.value)


OPEN = """
import resource, sys
from core.errors import WeightsError
from core.weights import open_weights
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
resource.setrlimit(resource.RLIMIT_AS, (12 * 10**9,) * 2)
for path in sys.argv[1:]:
    before = peak()
    try:
        open_weights(path)
        said = "opened"
    except WeightsError as error:
        said = f"refused: {error}"
    print(f"{peak() - before:.0f}", said, sep="\\t", flush=True)
"""


def test_bombs_cost_a_sentence_and_little_memory(tmp_path: Path) -> None:
    """In a process of its own, whose peak of memory shows what each file took."""
    paths = []
    for number, (name, write) in enumerate(BOMBS.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        write(folder / name)
        paths.append(str(folder / name))
    ran = subprocess.run(
        [sys.executable, "-c", OPEN, *paths], cwd=ROOT, capture_output=True, text=True, timeout=200
    )
    rows = [line.split("\t") for line in ran.stdout.splitlines()]
    assert len(rows) == len(BOMBS), ran.stderr[-2000:]
    for name, (grown, said) in zip(BOMBS, rows, strict=True):
        assert said.startswith("refused: "), (name, said)
        assert float(grown) < 260, f"{name} took {grown} MB"


def test_the_packed_bomb_is_one(tmp_path: Path) -> None:
    """PyTorch itself unpacks it: without this, the refusal above could have another reason."""
    name, write = BOMBS["400 MB packed in 0.4"]
    write(tmp_path / name)
    assert (tmp_path / name).stat().st_size < MB
    opened = torch.load(tmp_path / name, weights_only=True)["a"]
    assert opened.untyped_storage().nbytes() == 400 * MB


@pytest.mark.parametrize(
    "data",
    [bad.pickled(10**9, 10**9), bad.called("builtins", "bytearray", bad.HUGE)],
    ids=["sizes", "a call"],
)
def test_crafted_pickles_are_pickles(data: bytes) -> None:
    assert bad.opcodes(data)[-1] == "STOP" and "REDUCE" in bad.opcodes(data)
