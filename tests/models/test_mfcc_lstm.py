"""W2K's network: against a plain LSTM, in pieces, from every kind of file, and wrong files."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from making import noise, sentence, tone
from safetensors.torch import save_file
from torch import Tensor, nn

from core.errors import WeightsError
from core.media import Waveform, read_audio
from core.models import PredictOptions, load_model, recognise
from core.models.mfcc_lstm import MFCCLSTMModel, WindowLSTM
from core.models.store import save_model
from core.speech.mfcc import mfcc
from core.weights import open_weights

State = dict[str, Tensor]


def w2k_state(window: int = 50, hidden: int = 200, layers: int = 1, seed: int = 1) -> State:
    """Random weights of W2K's shapes, as torch draws them."""
    torch.manual_seed(seed)
    lstm = nn.LSTM(40 * window, hidden, layers, batch_first=True)
    linear = nn.Linear(hidden, 136)
    return {f"lstm.{k}": v for k, v in lstm.state_dict().items()} | {
        f"linear.{k}": v for k, v in linear.state_dict().items()
    }


def model_of(state: State, **more: Any) -> MFCCLSTMModel:
    return MFCCLSTMModel(WindowLSTM.from_state(state), **more)


@pytest.fixture(scope="module")
def published() -> MFCCLSTMModel:
    return model_of(w2k_state())


@pytest.fixture(scope="module")
def small() -> MFCCLSTMModel:
    return model_of(w2k_state(4, 12, 2))


# --- against a plain LSTM ----------------------------------------------------------------------


def plain_windows(sound: Waveform, window: int) -> np.ndarray:
    """WAV2KP 2021, one key-point after another."""
    rows = mfcc(sound)
    count = round(sound.duration * 3 * 29.97)
    taken = []
    for i in range(count - 1):
        s = round(i * (len(rows) / count))
        if s + window >= len(rows) - 1:
            s = len(rows) - window - 1
        taken.append(rows[s : s + window].reshape(-1))
    return np.array(taken)


def plain_lstm(state: State, layers: int, inputs: Tensor) -> Tensor:
    """Gates written out in double precision, step after step, for a single sequence (T, I)."""
    for n in range(layers):
        w, u, b, c = (
            state[f"lstm.{k}_l{n}"].double()
            for k in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        h = cell = torch.zeros(u.shape[1], dtype=torch.float64)
        out = []
        for x in inputs:
            i, f, g, o = (w @ x + b + u @ h + c).chunk(4)
            cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
            h = o.sigmoid() * cell.tanh()
            out.append(h)
        inputs = torch.stack(out)
    return inputs @ state["linear.weight"].double().T + state["linear.bias"].double()


@pytest.mark.parametrize(
    ("window", "hidden", "layers"),
    [(50, 200, 1), (50, 200, 2), (3, 16, 3)],
    ids=["published, one layer", "published, two layers", "small"],
)
def test_faces_agree_with_a_plain_lstm(window: int, hidden: int, layers: int) -> None:
    state, sound = w2k_state(window, hidden, layers), noise(2.3, 16_000)
    rows = plain_lstm(state, layers, torch.from_numpy(plain_windows(sound, window)))
    expected = (rows[::3] * 256).reshape(-1, 68, 2).numpy()
    model = model_of(state)
    track = model.predict(sound).track
    assert model.net.window == window
    assert track.points.shape == expected.shape and track.space == "crop256"
    assert np.ptp(expected) > 10
    np.testing.assert_allclose(track.points, expected, atol=1e-5 * np.ptp(expected))


def test_faces_agree_with_torch_s_own_to_a_thousandth_of_a_pixel(
    published: MFCCLSTMModel,
) -> None:
    state, sound = w2k_state(), noise(2.0, 16_000)
    lstm, linear = nn.LSTM(2000, 200, batch_first=True), nn.Linear(200, 136)
    lstm.load_state_dict({k[5:]: v for k, v in state.items() if k.startswith("lstm.")})
    linear.load_state_dict({k[7:]: v for k, v in state.items() if k.startswith("linear.")})
    with torch.inference_mode():
        hidden, _ = lstm(torch.from_numpy(plain_windows(sound, 50)).float()[None])
        expected = (linear(hidden)[0, ::3] * 256).reshape(-1, 68, 2).numpy()
    got = published.predict(sound).track.points
    np.testing.assert_allclose(got, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("seconds", "frames"),
    [(0, 1), (0.01, 1), (0.1, 3), (0.7, 21), (1, 30), (2, 60), (2.656, 80), (25, 749)],
)
def test_there_are_as_many_frames_as_the_sound_is_long(
    small: MFCCLSTMModel, seconds: float, frames: int
) -> None:
    track = small.predict(noise(seconds, 16_000)).track
    assert len(track) == frames and abs(frames - seconds * 29.97) <= 1.5
    np.testing.assert_array_equal(track.times, np.arange(frames) / 29.97)


def test_real_speech_gives_faces(shared: Path, published: MFCCLSTMModel) -> None:
    track = published.predict(read_audio(shared / "reference/nr/SX112.WAV")).track
    assert len(track) == 80 and np.ptp(track.points, axis=0).max() > 1


# --- dropout and boost -------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [1, 2])
def test_dropout_follows_its_seed_and_leaves_the_model_as_it_was(layers: int) -> None:
    model, sound = model_of(w2k_state(4, 12, layers)), noise(0.5, 16_000)
    quiet = model.predict(sound).track.points
    one, again, two = (
        model.predict(sound, PredictOptions("seeded", seed)).track.points for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - two).max() > 0 and np.abs(one - quiet).max() > 0
    np.testing.assert_array_equal(model.predict(sound).track.points, quiet)
    assert not any(module.training for module in model.net.modules())


def test_a_quarter_is_dropped_before_the_linear_layer() -> None:
    """With a linear layer that reads one unit each, what is dropped can be counted."""
    state = w2k_state(2, 136)
    state |= {"linear.weight": torch.eye(136), "linear.bias": torch.zeros(136)}
    model, sound = model_of(state), noise(3.0, 16_000)
    plain = model.predict(sound).coefficients
    rows = model.predict(sound, PredictOptions("seeded", 2)).coefficients
    dropped = rows == 0
    assert abs(dropped.mean() - 0.25) < 0.02
    np.testing.assert_allclose(rows[~dropped], plain[~dropped] / 0.75, atol=1e-5)


def test_dropout_lies_between_layers_too() -> None:
    state = w2k_state(2, 136, 2)
    state |= {"linear.weight": torch.eye(136), "linear.bias": torch.zeros(136)}
    model, sound = model_of(state), noise(1.0, 16_000)
    plain = model.predict(sound).coefficients
    rows = model.predict(sound, PredictOptions("seeded", 2)).coefficients
    kept = rows != 0
    assert np.abs(rows[kept] - plain[kept] / 0.75).max() > 1e-3


def test_motion_is_scaled_about_the_mean_and_a_boost_of_one_changes_nothing(
    small: MFCCLSTMModel,
) -> None:
    raw = small.predict(noise(0.6, 16_000)).coefficients
    plain = small.landmarks(raw)
    np.testing.assert_array_equal(plain, 256 * raw.reshape(-1, 68, 2))
    np.testing.assert_array_equal(small.landmarks(raw, [1.0]), plain)
    twice = small.landmarks(raw, [2.0])
    np.testing.assert_allclose(twice.mean(axis=0), plain.mean(axis=0))
    np.testing.assert_allclose(np.ptp(twice, axis=0), 2 * np.ptp(plain, axis=0))
    assert small.landmarks(raw[:0], [2.0]).shape == (0, 68, 2)


# --- odd sounds --------------------------------------------------------------------------------


SAME = 5e-4  # pixels: single precision, of sums that add up 2000 MFCCs in another order
SOUNDS = {
    "silence": Waveform(np.zeros(16_000, np.float32), 16_000),
    "no sample": Waveform(np.zeros(0, np.float32), 16_000),
    "no sample at another rate": Waveform(np.zeros(0, np.float32), 44_100),
    "one sample": Waveform(np.ones(1, np.float32), 48_000),
    "shorter than a window": noise(0.2, 16_000),
    "as long as a window": noise(50 * 0.0125, 16_000),
    "very quiet": Waveform(1e-30 * tone().samples, 16_000),
    "very loud": Waveform(1e30 * tone().samples, 16_000),
    "an odd rate": noise(0.3, 12_345),
}


@pytest.mark.parametrize("sound", SOUNDS.values(), ids=list(SOUNDS))
def test_any_sound_gives_finite_faces(published: MFCCLSTMModel, sound: Waveform) -> None:
    for whole in (sound, None):
        stream = published.open_stream(sound.rate, whole)
        rows = np.concatenate([stream.push(sound.samples), stream.flush()])
        assert len(rows) >= 1 and np.isfinite(published.landmarks(rows)).all()
        assert abs(len(rows) - sound.duration * 29.97) <= 1.5


# --- pieces ------------------------------------------------------------------------------------


def heard(
    model: MFCCLSTMModel, sound: Waveform, seconds: float, *, live: bool = False
) -> np.ndarray:
    stream = model.open_stream(sound.rate, None if live else sound)
    rows = [stream.push(piece) for piece in sound.pieces(seconds)]
    return model.landmarks(np.concatenate([*rows, stream.flush()]))


@pytest.mark.parametrize("seconds", [0.007, 0.1, 1.3, 60.0], ids=lambda s: f"pieces of {s} s")
@pytest.mark.parametrize("rate", [16_000, 44_100], ids=lambda r: f"{r} Hz")
def test_pieces_give_the_faces_of_the_whole(
    published: MFCCLSTMModel, rate: int, seconds: float
) -> None:
    sound = noise(3.1, rate)
    whole = published.predict(sound).track.points
    got = heard(published, sound, seconds)
    assert got.shape == whole.shape
    np.testing.assert_allclose(got, whole, atol=SAME)


def test_long_sound_passes_through_in_several_chunks(small: MFCCLSTMModel) -> None:
    sound = noise(26.0, 16_000)
    np.testing.assert_allclose(heard(small, sound, 30.0), heard(small, sound, 0.5), atol=SAME)


@pytest.mark.parametrize("which", ["published", "small"])
def test_a_microphone_gives_as_many_faces_and_nearly_the_same(
    which: str, request: pytest.FixtureRequest
) -> None:
    """The floor is known at once in noise, so what is left is windows two frames off at most."""
    model: MFCCLSTMModel = request.getfixturevalue(which)
    sound = noise(4.0, 16_000)
    file, live = heard(model, sound, 0.5), heard(model, sound, 0.1, live=True)
    assert live.shape == file.shape
    np.testing.assert_allclose(heard(model, sound, 0.01, live=True), live, atol=SAME)
    still = np.abs(file - file.mean(axis=0)).mean()
    assert 0 < np.abs(live - file).mean() < still
    assert "2 MFCC frames" in model.pieces_note


@pytest.mark.parametrize("live", [False, True], ids=["a file", "a microphone"])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100], ids=lambda r: f"{r} Hz")
def test_a_face_is_out_when_it_was_promised(
    published: MFCCLSTMModel, rate: int, live: bool
) -> None:
    sound = noise(4.0, rate)
    stream = published.open_stream(rate, None if live else sound)
    now, out, latest = 0.0, 0, 0.0
    for piece in sound.pieces(0.01):
        rows = stream.push(piece)
        now += len(piece) / rate
        if len(rows):
            latest = max(latest, now - out / published.fps)
        out += len(rows)
        due = min(math.floor((now - stream.delay_s) * published.fps) + 1, 120)
        assert out >= due, f"frame {out} is late at {now:.2f} s"
    assert out > 90 and stream.delay_s <= 1.5 * latest


# --- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".ckpt", ".pt", ".safetensors"])
def test_every_kind_of_file_gives_the_same_model(tmp_path: Path, suffix: str) -> None:
    state, path, sound = w2k_state(5, 20, 2), tmp_path / f"w{suffix}", noise(0.5, 16_000)
    if suffix == ".safetensors":
        save_model(path, "mfcc-lstm", state, None, half=False)
    elif suffix == ".pt":
        torch.save(state, path)
    else:  # what Lightning writes beside the weights
        extras = {"epoch": 9, "global_step": 900, "pytorch-lightning_version": "1.5.0"}
        torch.save({**extras, "state_dict": state, "optimizer_states": [{}]}, path)
    model = load_model(path)
    assert isinstance(model, MFCCLSTMModel) and model.net.window == 5 and model.name == "w"
    assert recognise(open_weights(path)).name == model.family == "mfcc-lstm"
    track = model.predict(sound).track
    np.testing.assert_array_equal(track.points, model_of(state).predict(sound).track.points)
    assert track.provenance[-1]["family"] == "mfcc-lstm" and model.mean_face is None


def test_sixteen_bits_are_enough(tmp_path: Path) -> None:
    state, sound = w2k_state(5, 20), noise(0.5, 16_000)
    save_model(tmp_path / "w.safetensors", "mfcc-lstm", state, None)
    got = load_model(tmp_path / "w.safetensors").predict(sound).track.points
    expected = model_of(state).predict(sound).track.points
    assert np.abs(got - expected).max() < 0.05 * np.ptp(expected)


@pytest.mark.parametrize("target", ["points", "displacement"])
def test_a_file_of_ours_may_speak_in_template_space(tmp_path: Path, target: str) -> None:
    state, sound = w2k_state(5, 20), noise(1.0, 16_000)
    face = torch.linspace(-0.2, 0.2, 136)
    save_model(
        tmp_path / "w.safetensors",
        "mfcc-lstm",
        {**state, "mean_face": face},
        None,
        half=False,
        space="template",
        fps=25.0,
        target=target,
        scale=0.05,
    )
    model = load_model(tmp_path / "w.safetensors")
    result = model.predict(sound)
    assert len(result.track) == 25 and result.track.space == "template" and model.fps == 25
    rest = face.double().numpy().reshape(68, 2)
    np.testing.assert_array_equal(model.mean_face, rest)
    moved = 0.05 * result.coefficients.reshape(-1, 68, 2)
    expected = moved + (rest if target == "displacement" else 0)
    np.testing.assert_allclose(result.track.points, expected)
    still = model.landmarks(result.coefficients, [0.0])
    np.testing.assert_allclose(still, np.broadcast_to(rest, still.shape))


def changed(**changes: Any) -> Callable[[State], Any]:
    keys = {k.replace("__", "."): v for k, v in changes.items()}
    return lambda s: {k: v for k, v in {**s, **keys}.items() if v is not None}


BAD_STATES: dict[str, tuple[Callable[[State], Any], str]] = {
    "no linear layer": (changed(linear__weight=None), "linear.weight"),
    "a missing bias": (changed(lstm__bias_hh_l0=None), r"bias_hh_l0: expected \(80,\), found none"),
    "a spare key": (changed(spare=torch.ones(2)), "spare: expected none"),
    "a projection": (changed(lstm__weight_hr_l0=torch.ones(9, 20)), "weight_hr_l0"),
    "both directions": (changed(lstm__weight_ih_l0_reverse=torch.ones(80, 200)), "fit"),
    "a layer of another width": (
        changed(lstm__weight_hh_l0=torch.ones(80, 21)),
        r"expected \(80, 20\), found \(80, 21\)",
    ),
    "no multiple of 40 inputs": (changed(lstm__weight_ih_l0=torch.ones(80, 201)), "201"),
    "no inputs": (changed(lstm__weight_ih_l0=torch.ones(80, 0)), "0 inputs"),
    "another number of points": (
        changed(linear__weight=torch.ones(40, 20), linear__bias=torch.ones(40)),
        r"expected \(136, 20\), found \(40, 20\)",
    ),
    "a head without dimension": (changed(linear__weight=torch.tensor(1.0)), "linear.weight"),
    "weights that claim terabytes": (
        changed(
            lstm__weight_ih_l0=torch.ones(1, 1).expand(4 * 10**6, 200),
            lstm__weight_hh_l0=torch.ones(1, 1).expand(4 * 10**6, 10**6),
            lstm__bias_ih_l0=torch.ones(1).expand(4 * 10**6),
            lstm__bias_hh_l0=torch.ones(1).expand(4 * 10**6),
            linear__weight=torch.ones(1, 1).expand(136, 10**6),
        ),
        "claims more",
    ),
    "a number that is none": (changed(linear__bias=torch.full((136,), torch.nan)), "finite"),
    "an infinite number": (changed(lstm__weight_hh_l0=torch.full((80, 20), torch.inf)), "finite"),
    "a mean face of another size": (changed(mean_face=torch.ones(68, 2)), "mean face"),
    "a mean face that is none": (changed(mean_face=torch.full((136,), torch.nan)), "finite"),
}


@pytest.mark.parametrize(("make", "says"), BAD_STATES.values(), ids=list(BAD_STATES))
def test_weights_that_do_not_fit_are_refused_in_one_sentence(
    tmp_path: Path, make: Callable[[State], Any], says: str
) -> None:
    torch.save(make(w2k_state(5, 20)), tmp_path / "w.pt")
    with pytest.raises(WeightsError, match=says) as caught:
        load_model(tmp_path / "w.pt")
    sentence(caught.value)


@pytest.mark.parametrize(
    "said",
    [
        {"space": "eye5"},
        {"target": "displacement"},
        {"target": "velocity"},
        {"fps": "0"},
        {"fps": "fast"},
        {"scale": "nan"},
    ],
    ids=str,
)
def test_a_file_that_says_what_makes_no_sense_is_refused(
    tmp_path: Path, said: dict[str, str]
) -> None:
    save_file(w2k_state(5, 20), tmp_path / "w.safetensors", metadata=said)
    with pytest.raises(WeightsError, match=next(iter(said))) as caught:
        load_model(tmp_path / "w.safetensors")
    sentence(caught.value)
