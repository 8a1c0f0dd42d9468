"""TFL's stacked LSTM: published vectors, a plain LSTM, pieces, options, files."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from keras_files import Weights, keras_weights, write_keras
from making import noise, sentence, tone
from networks import deterministic_state, small_space
from safetensors.torch import save_file
from torch import Tensor

from core.align import normalise_eyes
from core.errors import BadInput, WeightsError
from core.media import Waveform, read_audio
from core.models import PredictOptions, load_model, recognise
from core.models.cores import side_by_side
from core.models.lstm import LSTMModel, delayed
from core.models.lstm_net import ACTIVATIONS, LSTMLayer, StackedLSTM
from core.models.lstm_windows import _IN_PLACE, STEPS, LSTMWindows
from core.models.store import save_model
from core.speech.tfl import tfl_features, tfl_frame_count
from core.weights import open_weights

SIZES = (8, 8, 8, 136)


def net_of(
    weights: Weights | None = None, *, sizes: Sequence[int] = SIZES, **settings: Any
) -> StackedLSTM:
    weights = keras_weights(sizes=sizes) if weights is None else weights
    layers = [LSTMLayer(f"lstm_{k + 1}", units, **settings) for k, units in enumerate(sizes)]
    state = {key: torch.from_numpy(values) for key, values in weights.items()}
    return StackedLSTM.from_state(state, layers, "test")


def model_of(*, delay: int = 0, **settings: Any) -> LSTMModel:
    return LSTMModel(net_of(**settings), delay=delay)


@pytest.fixture(scope="module")
def small() -> LSTMModel:
    return model_of()


@pytest.fixture(scope="module")
def late() -> LSTMModel:
    return model_of(delay=3)


# --- published vectors -------------------------------------------------------------------------


def test_the_published_program_s_landmarks_are_reproduced(shared: Path) -> None:
    folder = shared / "reference/tfl"
    reference = np.load(folder / "hard_C3.npz")
    model = load_model(folder / "hard_C3.h5", delay=int(reference["delay"]))
    assert isinstance(model, LSTMModel) and model.context == 3
    got = model.raw(reference["features"]).reshape(-1, 68, 2)
    assert got.shape == reference["landmarks"].shape == (140, 68, 2)
    assert np.abs(got - reference["landmarks"]).max() <= 1e-4


def test_sound_becomes_the_published_program_s_landmarks(shared: Path) -> None:
    """Row 139 was made from 140 rows alone; the sound goes on."""
    folder = shared / "reference/tfl"
    expected = np.load(folder / "hard_C3.npz")["landmarks"][:139]
    model = load_model(folder / "hard_C3.h5", delay=1)
    result = model.predict(read_audio(folder / "test1.flac"))
    assert len(result.track) == 375 and result.track.space == "unit" and model.fps == 25
    got = result.coefficients.reshape(-1, 68, 2)[:139]
    assert np.abs(got - expected).max() <= 1e-4
    np.testing.assert_allclose(
        result.track.points[:139], normalise_eyes(expected)[0], atol=1e-2
    )  # the nearer the eyes, the more an error grows


# --- against a plain LSTM ----------------------------------------------------------------------

SCALAR: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "linear": lambda x: x,
}


def plain_output(
    weights: Weights, window: np.ndarray, activation: str, recurrent_activation: str
) -> np.ndarray:
    """Eskimez et al. 2018 for one window (T, I), a step at a time, in double precision."""
    act, gate = SCALAR[activation], SCALAR[recurrent_activation]
    for name in dict.fromkeys(key.split(".")[0] for key in weights):
        w, u, b = (
            weights[f"{name}.{part}"].astype(float)
            for part in ("kernel", "recurrent_kernel", "bias")
        )
        n = len(u)
        h, c, out = np.zeros(n), np.zeros(n), []
        for x in window:
            z = x @ w + h @ u + b
            i, f, g, o = z[:n], z[n : 2 * n], z[2 * n : 3 * n], z[3 * n :]
            c = gate(f) * c + gate(i) * act(g)
            h = gate(o) * act(c)
            out.append(h)
        window = np.array(out)
    return window[-1]


def plainly(weights: Weights, rows: np.ndarray, *activations: str) -> np.ndarray:
    padded = np.concatenate([np.zeros((74, rows.shape[1])), rows])
    return np.array(
        [plain_output(weights, padded[i : i + 75], *activations) for i in range(len(rows))]
    )


ACTIVATION_PAIRS = [
    ("sigmoid", "hard_sigmoid"),
    ("sigmoid", "sigmoid"),
    ("tanh", "sigmoid"),
    ("tanh", "hard_sigmoid"),
    ("relu", "hard_sigmoid"),
    ("linear", "sigmoid"),
    ("hard_sigmoid", "relu"),
    ("tanh", "linear"),
]


@pytest.mark.parametrize(
    ("pair", "sizes"),
    [
        *[(pair, (5, 9, 136)) for pair in ACTIVATION_PAIRS],
        *[(ACTIVATION_PAIRS[0], sizes) for sizes in ((136,), (8, 8, 8, 136))],
    ],
    ids=lambda value: " and ".join(value) if isinstance(value[0], str) else f"{len(value)} layers",
)
def test_every_window_agrees_with_a_plain_lstm(
    pair: tuple[str, str], sizes: tuple[int, ...]
) -> None:
    """As it is heard from a file, from a microphone, and in training."""
    weights = {k: 0.3 * v for k, v in keras_weights(256, sizes).items()}  # relu can explode
    net = net_of(weights, sizes=sizes, activation=pair[0], recurrent_activation=pair[1])
    rows = np.random.default_rng(1).normal(0, 0.3, (6, 256)).astype(np.float32)
    expected = plainly(weights, rows, *pair)
    padded = torch.from_numpy(np.concatenate([np.zeros((74, 256), np.float32), rows]))
    windows = padded.unfold(0, STEPS, 1).transpose(1, 2)
    with torch.inference_mode():
        trained = side_by_side([lambda: net(windows)])[0][:, -1].numpy()
        heard = [LSTMWindows(net).stream(live=live).push(rows) for live in (False, True)]
    assert np.ptp(expected) > 1e-3 or pair == ("tanh", "linear")
    for got in (trained, *heard):
        np.testing.assert_allclose(got, expected, atol=1e-5 * max(1, np.abs(expected).max()))


def test_a_file_s_activations_are_the_ones_that_run(tmp_path: Path) -> None:
    rows = np.random.default_rng(1).normal(0, 0.3, (3, 512)).astype(np.float32)
    for pair in ACTIVATION_PAIRS[:4]:
        path = tmp_path / "m.h5"
        write_keras(path, activation=pair[0], recurrent_activation=pair[1])
        model = load_model(path)
        assert isinstance(model, LSTMModel)
        np.testing.assert_allclose(
            model.raw(rows), plainly(keras_weights(), rows, *pair), atol=1e-5
        )


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_in_place_is_the_activation(name: str) -> None:
    x = torch.linspace(-5, 5, 41)
    expected = ACTIVATIONS[name](x)
    np.testing.assert_allclose(expected, SCALAR[name](x.double().numpy()), atol=1e-6)
    shown = x.clone()
    _IN_PLACE[name](shown)
    torch.testing.assert_close(shown, expected)
    assert set(ACTIVATIONS) == set(_IN_PLACE) == set(SCALAR)


@pytest.mark.parametrize("live", [False, True], ids=["a file", "a microphone"])
def test_long_runs_agree_with_short_ones(small: LSTMModel, live: bool) -> None:
    """More windows than advance together, and more rows than stay open."""
    rows = np.random.default_rng(2).normal(0, 1, (1100, 512)).astype(np.float32)
    with torch.inference_mode():
        whole = small.windows.stream(live=live).push(rows)
        for at in (0, 74, 75, 511, 512, 1099):
            alone = small.windows.stream().push(rows[max(0, at - 74) : at + 1])
            if at >= 74:
                alone = small.windows.stream()
                alone.push(rows[at - 74 : at])
                alone = alone.push(rows[at : at + 1])
            np.testing.assert_allclose(whole[at], alone[-1], atol=1e-6)


@given(cuts=st.lists(st.integers(0, 200), max_size=12), live=st.booleans())
def test_windows_do_not_depend_on_the_pieces(small: LSTMModel, cuts: list[int], live: bool) -> None:
    rows = np.random.default_rng(3).normal(0, 1, (200, 512)).astype(np.float32)
    edges = sorted({0, 200, *cuts})
    with torch.inference_mode():
        whole = small.windows.stream().push(rows)
        stream = small.windows.stream(live=live)
        parts = [stream.push(rows[a:b]) for a, b in zip(edges, edges[1:], strict=False)]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-6)


# --- delay and context -------------------------------------------------------------------------


@given(count=st.integers(0, 12), delay=st.integers(0, 15))
def test_delay_drops_the_first_rows_and_repeats_the_last(count: int, delay: int) -> None:
    rows = np.arange(3.0 * count).reshape(count, 3)
    expected = np.concatenate([rows[delay:], np.repeat(rows[-1:], min(delay, count), axis=0)])
    np.testing.assert_array_equal(delayed(rows, delay), expected)
    assert len(delayed(rows, delay)) == count


@pytest.mark.parametrize("delay", [0, 1, 2, 30])
def test_a_sound_s_rows_are_delayed_as_features_are(delay: int, small: LSTMModel) -> None:
    model = model_of(delay=delay)
    for seconds in (0, 0.03, 0.1, 1.0):
        sound = noise(seconds, 16_000)
        expected = delayed(small.predict(sound).coefficients, delay)
        np.testing.assert_allclose(model.predict(sound).coefficients, expected, atol=1e-6)
        np.testing.assert_allclose(model.raw(tfl_features(sound, 3)), expected, atol=1e-6)


def test_delay_is_an_option_that_the_file_may_settle(tmp_path: Path) -> None:
    keras = write_keras(tmp_path / "m.h5")
    ours = tmp_path / "m.safetensors"
    net = net_of()
    save_model(ours, "lstm", net.state_dict(), None, half=False, delay=2, **net.facts())
    found = [
        load_model(path, delay=delay).settings["delay"]
        for path in (keras, ours)
        for delay in (None, 0, 1)
    ]
    assert found == [0, 0, 1, 2, 0, 1]
    track = load_model(ours).predict(noise(0.3)).track
    assert track.provenance[-1]["delay"] == 2 and track.provenance[-1]["context"] == 3


@pytest.mark.parametrize("context", [0, 3, 5])
def test_context_is_known_from_the_weights(tmp_path: Path, context: int) -> None:
    path = write_keras(tmp_path / "m.h5", keras_weights(128 * (context + 1)))
    for given_context in (None, context):
        model = load_model(path, context=given_context)
        assert isinstance(model, LSTMModel) and model.context == context
    with pytest.raises(BadInput, match=f"has {context} frames of context") as caught:
        load_model(path, context=context + 1)
    sentence(caught.value)


# --- faces -------------------------------------------------------------------------------------


def test_the_eyes_of_every_face_are_in_their_places(small: LSTMModel) -> None:
    points = small.predict(noise(1.0, 16_000)).track.points
    np.testing.assert_allclose(points[:, 36], np.tile([0.3, 1 / 3], (26, 1)), atol=1e-9)
    np.testing.assert_allclose(points[:, 45], np.tile([0.7, 1 / 3], (26, 1)), atol=1e-9)


def test_motion_is_scaled_about_the_mean_and_a_boost_of_one_changes_nothing(
    small: LSTMModel,
) -> None:
    raw = small.predict(noise(1.0, 16_000)).coefficients
    plain, twice, still = (small.landmarks(raw, [b]) for b in (1.0, 2.0, 0.0))
    np.testing.assert_array_equal(plain, normalise_eyes(raw.reshape(-1, 68, 2))[0])
    np.testing.assert_array_equal(small.landmarks(raw), plain)
    np.testing.assert_allclose(twice - still, 2 * (plain - still), atol=1e-9)
    assert np.ptp(still, axis=0).max() < 1e-12
    np.testing.assert_allclose(twice[:, 36], plain[:, 36], atol=1e-9)
    assert small.landmarks(raw[:0], [2.0]).shape == (0, 68, 2)


@pytest.mark.parametrize("space", ["unit", "template"])
@pytest.mark.parametrize("target", ["points", "displacement"])
def test_a_file_of_ours_says_what_its_rows_are(tmp_path: Path, space: str, target: str) -> None:
    net, face = net_of(), torch.from_numpy(np.random.default_rng(5).normal(size=136))
    path = tmp_path / "w.safetensors"
    said = {"space": space, "target": target, "scale": 0.05, "delay": 1, **net.facts()}
    state = {**net.state_dict(), "mean_face": face}
    save_model(path, "lstm", state, None, half=False, **said)
    model, sound = load_model(path), noise(0.5, 16_000)
    assert isinstance(model, LSTMModel) and model.space == space and model.name == "w"
    assert recognise(open_weights(path)).name == model.family == "lstm"
    raw = model_of(delay=1).predict(sound).coefficients
    result = model.predict(sound)
    np.testing.assert_allclose(result.coefficients, raw, atol=1e-6)
    rest = face.double().numpy().reshape(68, 2)
    points = 0.05 * result.coefficients.reshape(-1, 68, 2)
    points = points + (rest if target == "displacement" else 0)
    if space == "unit":
        points, rest = normalise_eyes(points)[0], normalise_eyes(rest[None])[0][0]
    np.testing.assert_allclose(result.track.points, points)
    np.testing.assert_allclose(model.mean_face, rest)
    still = model.landmarks(result.coefficients, [0.0])
    np.testing.assert_allclose(still, np.broadcast_to(rest, still.shape))


@pytest.mark.parametrize(("half", "tolerance"), [(False, 1e-6), (True, 2e-2)])
def test_a_saved_model_comes_back(tmp_path: Path, half: bool, tolerance: float) -> None:
    write_keras(tmp_path / "m.h5", dropout=0.2)
    keras = load_model(tmp_path / "m.h5")
    assert isinstance(keras, LSTMModel)
    path = tmp_path / "m.safetensors"
    save_model(path, "lstm", keras.net.state_dict(), None, half=half, delay=1, **keras.net.facts())
    ours = load_model(path)
    assert isinstance(ours, LSTMModel) and ours.net.layers == keras.net.layers
    assert ours.delay == 1 and ours.space == "unit" and ours.mean_face is None
    rows = tfl_features(noise(0.5, 16_000), 3)
    np.testing.assert_allclose(ours.raw(rows), delayed(keras.raw(rows), 1), atol=tolerance)


# --- dropout -----------------------------------------------------------------------------------


def test_without_dropout_in_the_file_there_is_none(small: LSTMModel) -> None:
    sound = noise(0.3, 16_000)
    assert not small.dropout and not small.net.dropout
    plain, seeded = (
        small.predict(sound, PredictOptions(d)).track.points for d in ("off", "seeded")
    )  # type: ignore[arg-type]
    np.testing.assert_allclose(seeded, plain, atol=1e-4)


@pytest.mark.parametrize("implementation", [1, 2])
@pytest.mark.parametrize("which", ["dropout", "recurrent_dropout"])
def test_dropout_follows_its_seed_and_leaves_the_model_as_it_was(
    which: str, implementation: int
) -> None:
    model = model_of(implementation=implementation, **{which: 0.2})
    sound = noise(0.4, 16_000)
    assert model.dropout
    quiet = model.predict(sound).coefficients
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, again, two = (
        model.predict(sound, PredictOptions("seeded", seed)).coefficients for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - two).max() > 0 and np.abs(one - quiet).max() > 0
    np.testing.assert_array_equal(model.predict(sound).coefficients, quiet)
    assert torch.equal(torch.random.get_rng_state(), before)


def summing_net(implementation: int, **shares: float) -> StackedLSTM:
    """One layer, all gates open, whose content is the sum of the inputs, and which adds up."""
    weights = {
        "lstm_1.kernel": np.zeros((128, 544), np.float32),
        "lstm_1.recurrent_kernel": np.zeros((136, 544), np.float32),
        "lstm_1.bias": np.ones(544, np.float32),
    }
    weights["lstm_1.kernel"][:, 272:408] = 1
    weights["lstm_1.bias"][272:408] = 0
    return net_of(
        weights,
        sizes=(136,),
        activation="linear",
        recurrent_activation="linear",
        implementation=implementation,
        **shares,
    )


def test_one_mask_holds_for_all_steps_and_what_is_kept_is_scaled() -> None:
    """Keras: inputs of 1 sum to (number kept) / (1 - p) at every step, and steps add up."""
    net = summing_net(1, dropout=0.25)
    rows = np.ones((400, 128), np.float32)
    torch.manual_seed(1)
    with torch.inference_mode():
        out = LSTMWindows(net).stream(dropout=True).push(rows)
    kept = out[74:, 0] / STEPS * 0.75
    np.testing.assert_allclose(kept, np.round(kept), atol=1e-2)
    assert np.ptp(kept) > 5  # every window draws its own
    assert abs(kept.mean() / 128 - 0.75) < 0.02
    np.testing.assert_allclose(out[:, :1], out[:, 1:2], rtol=1e-5)  # and its units share it


@pytest.mark.parametrize(("implementation", "masks"), [(1, 4), (2, 1)])
def test_gates_have_masks_of_their_own_in_keras_s_first_implementation(
    implementation: int, masks: int
) -> None:
    """Every gate reads input 0 alone, at one step; what is dropped is seen in their product."""
    net = summing_net(implementation, dropout=0.5)
    with torch.no_grad():
        net.get_parameter("lstm_1.kernel").zero_()
        net.get_parameter("lstm_1.bias").zero_()
        net.get_parameter("lstm_1.kernel")[0] = 1
    torch.manual_seed(2)
    with torch.inference_mode():
        out = net(torch.ones(4000, 1, 128), dropout=True)[:, 0, 0]
    # i * c * o: three gates that count, each kept with one half
    seen = 3 if masks == 4 else 1
    assert abs((out > 0).double().mean() - 0.5**seen) < 0.03
    assert set(out.unique().tolist()) == {0.0, 8.0}


# --- odd sounds --------------------------------------------------------------------------------

SOUNDS = {
    "silence": Waveform(np.zeros(16_000, np.float32), 16_000),
    "no sample": Waveform(np.zeros(0, np.float32), 44_100),
    "no sample at another rate": Waveform(np.zeros(0, np.float32), 16_000),
    "one sample": Waveform(np.ones(1, np.float32), 48_000),
    "very quiet": Waveform(1e-30 * tone().samples, 16_000),
    "very loud": Waveform(1e30 * tone().samples, 16_000),
    "an odd rate": noise(0.3, 12_345),
}


@pytest.mark.parametrize("sound", SOUNDS.values(), ids=list(SOUNDS))
def test_any_sound_gives_finite_faces(late: LSTMModel, sound: Waveform) -> None:
    for whole in (sound, None):
        speech_stream = late.open_stream(sound.rate, whole)
        rows = np.concatenate([speech_stream.push(sound.samples), speech_stream.flush()])
        count = math.ceil(sound.n_samples * (44_100 / sound.rate))
        assert len(rows) == tfl_frame_count(count)
        assert np.isfinite(late.landmarks(rows)).all()


def test_eyes_that_coincide_are_named(small: LSTMModel) -> None:
    raw = np.random.default_rng(0).random((3, 136))
    raw[1, 90:92] = raw[1, 72:74]
    with pytest.raises(BadInput, match="frame 1") as caught:
        small.landmarks(raw)
    sentence(caught.value)


# --- pieces ------------------------------------------------------------------------------------


def heard(model: LSTMModel, sound: Waveform, seconds: float, *, live: bool) -> np.ndarray:
    speech_stream = model.open_stream(sound.rate, None if live else sound)
    rows = [speech_stream.push(piece) for piece in sound.pieces(seconds)]
    return np.concatenate([*rows, speech_stream.flush()])


@pytest.mark.parametrize("live", [False, True], ids=["a file", "a microphone"])
@pytest.mark.parametrize("rate", [16_000, 44_100], ids=lambda r: f"{r} Hz")
def test_pieces_give_the_faces_of_the_whole(late: LSTMModel, rate: int, live: bool) -> None:
    sound = noise(2.1, rate)
    whole = late.predict(sound).coefficients
    for seconds in (0.007, 0.1, 1.3, 60.0):
        got = heard(late, sound, seconds, live=live)
        assert got.shape == whole.shape and late.pieces_note == ""
        np.testing.assert_allclose(got, whole, atol=1e-5)


@pytest.mark.parametrize(
    ("rate", "live", "delay"),
    [(16_000, True, 0), (44_100, False, 0), (44_100, True, 2), (48_000, False, 2)],
)
def test_a_face_is_out_when_it_was_promised(rate: int, live: bool, delay: int) -> None:
    model, sound = model_of(delay=delay), noise(2.5, rate)
    speech_stream = model.open_stream(rate, None if live else sound)
    now, out, latest = 0.0, 0, 0.0
    for piece in sound.pieces(0.01):
        rows = speech_stream.push(piece)
        now += len(piece) / rate
        if len(rows):
            latest = max(latest, now - out / model.fps)
        out += len(rows)
        assert out / model.fps + speech_stream.delay_s >= now - 1e-9, (
            f"frame {out} is late at {now:.2f}"
        )
    assert out > 50 and speech_stream.delay_s <= 1.5 * latest


# --- files -------------------------------------------------------------------------------------


def as_tensors(**changes: Any) -> dict[str, Tensor]:
    state = {key: torch.from_numpy(values) for key, values in keras_weights().items()}
    changes = {key.replace("__", "."): value for key, value in changes.items()}
    return {k: v for k, v in {**state, **changes}.items() if v is not None}


BAD_TENSORS: dict[str, tuple[dict[str, Tensor], str]] = {
    "a missing bias": (
        as_tensors(lstm_2__bias=None),
        r"lstm_2.bias: expected \(32,\), found none",
    ),
    "a missing first layer": (as_tensors(lstm_1__kernel=None), "lstm_1.kernel"),
    "a spare tensor": (as_tensors(spare=torch.ones(2)), "spare: expected none"),
    "a kernel of another shape": (
        as_tensors(lstm_3__kernel=torch.ones(9, 32)),
        r"expected \(8, 32\), found \(9, 32\)",
    ),
    "inputs that are no multiple of 128": (as_tensors(lstm_1__kernel=torch.ones(100, 32)), "100"),
    "no inputs": (as_tensors(lstm_1__kernel=torch.ones(0, 32)), "found 0"),
    "a kernel without dimension": (as_tensors(lstm_1__kernel=torch.tensor(1.0)), "lstm_1.kernel"),
    "a number that is none": (as_tensors(lstm_4__bias=torch.full((544,), torch.nan)), "finite"),
    "a mean face of another size": (as_tensors(mean_face=torch.ones(68, 2)), "mean face"),
}


@pytest.mark.parametrize(("state", "says"), BAD_TENSORS.values(), ids=list(BAD_TENSORS))
def test_tensors_that_do_not_fit_are_refused_in_one_sentence(
    tmp_path: Path, state: dict[str, Tensor], says: str
) -> None:
    save_file(state, tmp_path / "w.safetensors", metadata=net_of().facts())
    with pytest.raises(WeightsError, match=says) as caught:
        load_model(tmp_path / "w.safetensors")
    assert "w.safetensors" in sentence(caught.value)


def layers(**more: Any) -> str:
    entry = {"name": "lstm_1", "units": 8, **more}
    return json.dumps([entry, *({"name": f"lstm_{k}", "units": 8} for k in (2, 3, 4))])


SAYINGS: dict[str, tuple[dict[str, str], str]] = {
    "no layers": ({}, "'layers'"),
    "layers that are no JSON": ({"layers": "four"}, "not understood"),
    "layers that are words": ({"layers": '["lstm"]'}, "not understood"),
    "an empty list": ({"layers": "[]"}, "0 layers"),
    "an unknown setting": ({"layers": layers(peephole=True)}, "not understood"),
    "an activation that is not known": ({"layers": layers(activation="softmax")}, "softmax"),
    "an activation of its own": ({"layers": layers(recurrent_activation={"a": 1})}, "activation"),
    "no units": ({"layers": layers(units=0)}, "0 units"),
    "units that are true": ({"layers": layers(units=True)}, "True units"),
    "more units than any": ({"layers": layers(units=10**6)}, "1000000 units"),
    "a share of all": ({"layers": layers(dropout=1)}, "drops 1"),
    "a share that is none": ({"layers": layers(recurrent_dropout=math.nan)}, "drops nan"),
    "an implementation that is not known": ({"layers": layers(implementation=3)}, "'3'"),
    "a name that is a path": ({"layers": layers(name="../x")}, "name"),
    "two layers of one name": ({"layers": layers(name="lstm_2")}, "one name"),
    "136 outputs that are 8": ({"layers": layers()}, "lstm_4"),
    "a space that is not known": ({"space": "eye5", **net_of().facts()}, "space"),
    "a target that is not known": ({"target": "velocity", **net_of().facts()}, "target"),
    "displacements from nothing": ({"target": "displacement", **net_of().facts()}, "target"),
    "half a frame of delay": ({"delay": "0.5", **net_of().facts()}, "delay"),
    "a delay of minutes": ({"delay": "999", **net_of().facts()}, "delay"),
    "a scale that is none": ({"scale": "nan", **net_of().facts()}, "scale"),
}


@pytest.mark.parametrize(("said", "says"), SAYINGS.values(), ids=list(SAYINGS))
def test_a_file_that_says_what_makes_no_sense_is_refused(
    tmp_path: Path, said: dict[str, str], says: str
) -> None:
    save_file(as_tensors(), tmp_path / "w.safetensors", metadata=said)
    with pytest.raises(WeightsError, match=says) as caught:
        load_model(tmp_path / "w.safetensors")
    assert "'w" in sentence(caught.value)


def test_a_layer_cannot_be_named_as_a_part_of_the_network() -> None:
    for name in ("forward", "layers", "n_in", "training"):
        with pytest.raises(WeightsError, match=name) as caught:
            StackedLSTM(128, [LSTMLayer(name, 3)])
        sentence(caught.value)


def test_a_network_of_another_face_is_refused(tmp_path: Path) -> None:
    path = write_keras(tmp_path / "m.h5", keras_weights(sizes=(8, 40)))
    with pytest.raises(WeightsError, match="136 outputs, found 512 and 40") as caught:
        load_model(path)
    sentence(caught.value)


def test_files_of_two_families_are_told_apart(tmp_path: Path) -> None:
    cnn, lstm = tmp_path / "c.safetensors", write_keras(tmp_path / "m.h5")
    save_model(cnn, "cnn", deterministic_state(1, temporal=False), small_space())
    assert [recognise(open_weights(path)).name for path in (cnn, lstm)] == ["cnn", "lstm"]


# --- training ----------------------------------------------------------------------------------


def test_a_new_network_can_be_trained() -> None:
    torch.manual_seed(0)
    net = StackedLSTM(128, [LSTMLayer("a", 6, dropout=0.2), LSTMLayer("b", 3)]).draw()
    assert net.get_parameter("a.bias").tolist() == [0] * 6 + [1] * 6 + [0] * 12
    x, target = torch.randn(4, 10, 128), torch.rand(4, 10, 3)
    optimizer, losses = torch.optim.Adam(net.parameters(), 1e-2), []
    for _ in range(40):
        loss = ((net(x, dropout=True) - target) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in net.parameters())
