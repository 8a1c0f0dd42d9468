"""A family is one module and one line: the example of docs/new-family.md, as it stands there."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from making import noise, sentence

from core.errors import WeightsError
from core.media import Waveform
from core.models import PredictOptions, SpeechModel, families, family, load_model, recognise
from core.models.families import FAMILIES
from core.models.store import save_model
from core.models.streaming import FrameStream
from core.weights import open_weights

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/new-family.md"


def block(kind: str) -> str:
    """The one code block of a kind in the document."""
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```$", DOCUMENT.read_text(), re.M | re.S)
    return str(found)


@pytest.fixture
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example on disk, and its line in the table."""
    (tmp_path / "example_loudness.py").write_text(block("python"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(FAMILIES, "loudness", "example_loudness")
    family.cache_clear()
    yield
    family.cache_clear()
    sys.modules.pop("example_loudness", None)


@pytest.fixture
def mouth(registered: None, tmp_path: Path) -> Path:
    """A weight file: a flat face whose lower lip goes down."""
    faces = torch.zeros(2, 68, 2)
    faces[0, :, 0] = torch.linspace(-0.15, 0.15, 68)
    faces[1, [65, 66, 67], 1] = 0.5
    path = tmp_path / "mouth.safetensors"
    save_model(path, "loudness", {"faces": faces}, half=False)
    return path


def test_the_example_is_about_ten_lines() -> None:
    code = [line for line in block("python").splitlines() if line.strip()]
    without_imports = [line for line in code if not line.startswith(("import ", "from "))]
    assert len(without_imports) <= 13


def test_the_line_is_one_that_the_table_takes() -> None:
    line = re.fullmatch(r'"([a-z-]+)": "(core\.models\.[a-z_]+)",\n', block("text"))
    assert line is not None
    name, module = line.groups()
    assert f'"{name}"' in block("python") and module.rpartition(".")[2] == name


def test_the_family_is_known_by_its_file_and_predicts(mouth: Path) -> None:
    assert recognise(open_weights(mouth)).name == "loudness"
    assert "loudness" in [one.name for one in families()]
    model = load_model(mouth)
    assert isinstance(model, SpeechModel) and model.name == "mouth"
    quiet_then_loud = np.repeat(np.float32([0.1, 0.4]), 8_000)
    result = model.predict(Waveform(quiet_then_loud, 16_000))
    track = result.track
    assert len(track) == 25 and track.space == "template" and track.fps == pytest.approx(25)
    opening = track.points[:, 66, 1] - track.points[:, 62, 1]
    np.testing.assert_allclose(opening[[0, 24]], [0.05, 0.2], atol=1e-6)
    assert track.provenance[-1]["family"] == "loudness"
    np.testing.assert_allclose(
        model.landmarks(result.coefficients, [2.0])[:, 66, 1], 2 * track.points[:, 66, 1]
    )


def test_modes_and_pieces_come_with_the_interface(mouth: Path) -> None:
    model, sound = load_model(mouth), noise(1.01, 44_100)
    whole = model.predict(sound)
    many = model.predict(sound, PredictOptions("samples", n_samples=3))
    assert many.spread is not None and many.spread.max() == 0  # it has no dropout
    stream = model.open_stream(sound.rate)
    rows = [*map(stream.push, sound.pieces(0.013)), stream.flush()]
    np.testing.assert_array_equal(np.concatenate(rows), whole.coefficients)
    assert 0.04 <= stream.delay_s < 0.041


def test_a_file_of_another_shape_is_refused_with_what_it_expects(
    registered: None, tmp_path: Path
) -> None:
    path = tmp_path / "lips.safetensors"
    save_model(path, "loudness", {"faces": torch.zeros(2, 20, 2)})
    with pytest.raises(
        WeightsError, match=r"loudness.*faces \(2, 68, 2\).*faces \(2, 20, 2\)"
    ) as e:
        load_model(path)
    sentence(e.value)


@given(
    count=st.integers(0, 3_000),
    cuts=st.lists(st.integers(0, 3_000), max_size=6),
    fps=st.sampled_from([25.0, 29.97, 100.0, 8_000.0]),
)
def test_frames_are_the_same_in_any_pieces(count: int, cuts: list[int], fps: float) -> None:
    samples = np.arange(count, dtype=np.float32)
    stream = FrameStream(8_000, fps, lambda s: [s[0], s[-1]])
    parts = np.split(samples, sorted(min(c, count) for c in cuts))
    rows = np.concatenate([*map(stream.push, parts), stream.flush()])
    starts = np.rint(np.arange(count + 1) * 8_000 / fps)
    starts = starts[starts < max(count, 1)]
    np.testing.assert_array_equal(rows[:, 0], starts)
    np.testing.assert_array_equal(rows[:, 1], [*(starts[1:] - 1), max(count - 1, 0)])
