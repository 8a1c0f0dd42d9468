"""The raw-waveform CNN: published vectors, and one pass over the signal = window by window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from making import noise, sentence, tone
from networks import deterministic_state, small_space

from core.errors import BadInput
from core.media import Waveform, read_audio
from core.models import PredictOptions
from core.models.cnn import CNNModel, SpeechCNN
from core.models.tc import TemporalCNNModel, published_gain
from core.neutral.identity import read_template
from core.shape import ShapeSpace
from core.speech import NR_HOP, NR_WINDOW, nr_frame_count, nr_padded, nr_signal


@pytest.fixture(scope="module")
def plain() -> SpeechCNN:
    return SpeechCNN.from_state(deterministic_state(1, temporal=False))


@pytest.fixture(scope="module")
def temporal() -> SpeechCNN:
    return SpeechCNN.from_state(deterministic_state(27, temporal=True))


# --- published vectors -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cnn", "tc"])
def test_the_published_program_s_landmarks_are_reproduced(
    shared: Path, plain: SpeechCNN, temporal: SpeechCNN, kind: str
) -> None:
    folder = shared / "reference/nr"
    space = ShapeSpace.published(folder / "mean_shape.npy", folder / "eigen_vectors.npy")
    boost = np.load(folder / "tcboost.npy").ravel()
    model = (
        CNNModel(plain, space)
        if kind == "cnn"
        else TemporalCNNModel(temporal, space, template=np.load(folder / "mean.npy"), boost=boost)
    )
    expected = np.load(folder / f"SX112_{kind}_landmarks.npy")
    got = model.predict(read_audio(folder / "SX112.WAV")).track.points
    assert got.shape == expected.shape == (67, 68, 3)
    assert np.abs(got - expected).max() <= 1e-4 * np.ptp(expected)


def test_the_published_boost_is_the_file_s(shared: Path) -> None:
    np.testing.assert_allclose(
        published_gain(), np.load(shared / "reference/nr/tcboost.npy").ravel()
    )


# --- one pass = window by window ---------------------------------------------------------------


def window_by_window(net: SpeechCNN, signal: np.ndarray) -> np.ndarray:
    """The published procedure: every window of 7 frames by itself, then the fed-back output."""
    out, last = [], np.zeros(net.n_out)
    with torch.inference_mode():
        for a in range(0, len(signal) - NR_WINDOW + 1, NR_HOP):
            x = torch.from_numpy(signal[a : a + NR_WINDOW].copy())[None, None]
            for conv in (net.conv1, net.conv2, net.conv3, net.conv4):
                x = F.leaky_relu(conv(x), 0.3)
            y = F.leaky_relu(net.fc1(x.flatten(1)), 0.3)
            if net.temporal:
                y = net.fc2(torch.cat([y, torch.from_numpy(last).float()[None]], dim=1))
                last = y[0].double().numpy()
            out.append(y[0].double().numpy())
    return np.array(out)


@pytest.mark.parametrize("chunk", [1, 7, 1500], ids=lambda n: f"pieces of {n} frames")
@pytest.mark.parametrize("kind", ["plain", "temporal"])
def test_the_whole_signal_at_once_equals_window_by_window(
    kind: str, chunk: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    net: SpeechCNN = request.getfixturevalue(kind)
    monkeypatch.setattr("core.models.cnn._CHUNK_FRAMES", chunk)
    model = (CNNModel if kind == "plain" else TemporalCNNModel)(net, small_space())
    sound = noise(20 * 0.04 + 0.011)
    got = model.predict(sound).coefficients
    expected = window_by_window(net, nr_padded(nr_signal(sound)))
    assert len(got) == 21
    np.testing.assert_allclose(got, expected, atol=1e-5 * np.ptp(expected))


# --- dropout -----------------------------------------------------------------------------------


def test_dropout_is_reproducible_by_its_seed_and_leaves_the_global_one_alone(
    plain: SpeechCNN,
) -> None:
    model, sound = CNNModel(plain, small_space()), noise(0.2)
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    runs = {
        seed: model.predict(sound, PredictOptions("seeded", seed)).track.points for seed in (0, 1)
    }
    again = model.predict(sound, PredictOptions("seeded", 0)).track.points
    np.testing.assert_array_equal(runs[0], again)
    assert np.abs(runs[0] - runs[1]).max() > 0
    assert np.abs(runs[0] - model.predict(sound).track.points).max() > 0
    assert torch.equal(torch.random.get_rng_state(), before)


def test_several_dropout_runs_give_their_mean_and_spread(plain: SpeechCNN) -> None:
    model, sound = CNNModel(plain, small_space()), noise(0.2)
    many = model.predict(sound, PredictOptions("samples", seed=3, n_samples=4))
    assert many.spread is not None and many.spread.shape == many.track.points.shape
    assert many.spread.max() > 0 and np.isfinite(many.spread).all()
    one = model.predict(sound, PredictOptions("samples", seed=3, n_samples=1))
    seeded = model.predict(sound, PredictOptions("seeded", seed=3))
    assert one.spread is None and seeded.spread is None
    np.testing.assert_array_equal(one.track.points, seeded.track.points)


def test_without_dropout_two_runs_are_equal(plain: SpeechCNN) -> None:
    model = CNNModel(plain, small_space())
    one, two = (model.predict(noise(0.2)) for _ in range(2))
    np.testing.assert_array_equal(one.track.points, two.track.points)
    assert one.spread is None and one.track.provenance[-1]["seed"] is None


# --- odd sounds --------------------------------------------------------------------------------


SOUNDS = {
    "silence": Waveform(np.zeros(8_000, np.float32), 8_000),
    "no sample": Waveform(np.zeros(0, np.float32), 8_000),
    "no sample at another rate": Waveform(np.zeros(0, np.float32), 44_100),
    "one sample": Waveform(np.ones(1, np.float32), 8_000),
    "one sample at 48 kHz": Waveform(np.ones(1, np.float32), 48_000),
    "one sample of silence": Waveform(np.zeros(1, np.float32), 22_050),
    "very quiet": Waveform(1e-30 * tone().samples, 16_000),
    "very loud": Waveform(1e30 * tone().samples, 16_000),
    "an odd rate": noise(0.3, 12_345),
}


@pytest.mark.parametrize("sound", SOUNDS.values(), ids=list(SOUNDS))
@pytest.mark.parametrize("dropout", ["off", "seeded"])
def test_any_sound_gives_finite_landmarks(plain: SpeechCNN, sound: Waveform, dropout: str) -> None:
    track = CNNModel(plain, small_space()).predict(sound, PredictOptions(dropout)).track  # type: ignore[arg-type]
    assert np.isfinite(track.points).all()
    assert len(track) == nr_frame_count(len(nr_signal(sound).ravel()))
    assert len(track) >= 1 and track.space == "template"
    np.testing.assert_allclose(track.times, np.arange(len(track)) / 25)


def test_loudness_does_not_matter(plain: SpeechCNN) -> None:
    model, sound = CNNModel(plain, small_space()), noise(0.4)
    quiet = Waveform(sound.samples / 7, sound.rate)
    np.testing.assert_allclose(
        model.predict(quiet).coefficients, model.predict(sound).coefficients, atol=1e-4
    )


@pytest.mark.parametrize("count", [0, 1, 319, 320, 321, 640, 8_000])
def test_the_padded_signal_holds_one_window_a_frame(count: int) -> None:
    for centre in (0.0, 0.02):
        padded = nr_padded(np.ones(count, np.float32), centre_s=centre)
        assert (len(padded) - NR_WINDOW) // NR_HOP + 1 == nr_frame_count(count)


def test_a_window_is_centred_where_the_weights_say() -> None:
    """A click under the middle of a frame's window lies ``centre`` after that frame's start."""
    signal = np.zeros(3_200, np.float32)
    signal[1_600] = 1  # the start of frame 5, the middle of which comes 160 samples later
    at_start, at_middle = (np.flatnonzero(nr_padded(signal, centre_s=c))[0] for c in (0, 0.02))
    assert at_start == 5 * NR_HOP + NR_WINDOW // 2
    assert at_middle == 5 * NR_HOP + NR_WINDOW // 2 - 160


# --- refusals ----------------------------------------------------------------------------------


def test_a_model_refuses_what_does_not_belong_together(
    plain: SpeechCNN, temporal: SpeechCNN
) -> None:
    for make in (
        lambda: CNNModel(plain, small_space(5)),
        lambda: CNNModel(plain, small_space(), boost=np.ones(5)),
        lambda: CNNModel(plain, small_space(), window_frames=9),
        lambda: TemporalCNNModel(temporal, small_space(), template=np.zeros((68, 3))),
        lambda: PredictOptions("sometimes"),  # type: ignore[arg-type]
        lambda: PredictOptions("samples", n_samples=0),
        lambda: PredictOptions("samples", n_samples=1001),
    ):
        with pytest.raises(BadInput) as caught:
            make()
        sentence(caught.value)


def test_the_boost_scales_what_is_shown_and_not_what_is_fed_back(temporal: SpeechCNN) -> None:
    sound = noise(0.4)
    space = small_space()
    none = TemporalCNNModel(temporal, space).predict(sound)
    amplified = TemporalCNNModel(temporal, space, boost=published_gain()).predict(sound)
    np.testing.assert_array_equal(none.coefficients, amplified.coefficients)
    expected = space.reconstruct(none.coefficients * published_gain())
    np.testing.assert_allclose(amplified.track.points, expected)


def test_the_template_changes_only_how_the_temporal_variant_starts(
    shared: Path, temporal: SpeechCNN
) -> None:
    folder = shared / "reference/nr"
    space = ShapeSpace.published(folder / "mean_shape.npy", folder / "eigen_vectors.npy")
    face = np.load(folder / "mean.npy")
    with_face = TemporalCNNModel(temporal, space, template=face)
    assert np.abs(with_face.first).max() > 0
    assert np.abs(TemporalCNNModel(temporal, space).first).max() == 0
    assert read_template(folder / "mean.npy").shape == (68, 2)
