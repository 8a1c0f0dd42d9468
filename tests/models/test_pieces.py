"""Every family hears sound in pieces: the same faces, no later than promised."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from making import noise
from networks import deterministic_state, small_space

from core.media import Audio, Waveform, open_audio, write_wav
from core.models import SpeechModel
from core.models.cnn import CNNModel, SpeechCNN
from core.models.tc import TemporalCNNModel


def cnn(temporal: bool, centre_s: float = 0.0) -> SpeechModel:
    net = SpeechCNN.from_state(deterministic_state(27, temporal=temporal))
    kind = TemporalCNNModel if temporal else CNNModel
    return kind(net, small_space(), centre_s=centre_s)


MODELS: dict[str, Callable[[], SpeechModel]] = {
    "cnn": lambda: cnn(False),
    "cnn centred on the frame's middle": lambda: cnn(False, 0.02),
    "tc": lambda: cnn(True),
}
pytestmark = pytest.mark.usefixtures("narrow_cnn")
each_model = pytest.mark.parametrize("make", MODELS.values(), ids=list(MODELS))


def heard(model: SpeechModel, sound: Waveform, seconds: float, whole: Audio | None) -> np.ndarray:
    stream = model.open_stream(sound.rate, whole)
    rows = [stream.push(piece) for piece in sound.pieces(seconds)]
    return np.concatenate([*rows, stream.flush()])


@each_model
@pytest.mark.parametrize("rate", [8_000, 44_100], ids=lambda r: f"{r} Hz")
def test_pieces_give_the_faces_of_the_whole(make: Callable[[], SpeechModel], rate: int) -> None:
    model, sound = make(), noise(3.1, rate)
    whole = model.predict(sound).coefficients
    for seconds in (0.013, 0.5, 2.0):
        got = heard(model, sound, seconds, sound)
        assert got.shape == whole.shape
        np.testing.assert_allclose(got, whole, atol=1e-5 * np.ptp(whole))


@each_model
@pytest.mark.parametrize("rate", [16_000, 44_100], ids=lambda r: f"{r} Hz")
def test_a_face_is_out_when_it_was_promised(make: Callable[[], SpeechModel], rate: int) -> None:
    model, sound = make(), noise(3.0, rate)
    stream = model.open_stream(rate)
    out, now, latest = 0, 0.0, 0.0
    for piece in sound.pieces(0.01):
        rows = stream.push(piece)
        now += len(piece) / rate
        if len(rows):  # the first of these frames has waited longest
            latest = max(latest, now - out / model.fps)
        out += len(rows)
    assert out > 50
    assert latest <= stream.delay_s + 0.01
    assert stream.delay_s <= 1.5 * latest


@each_model
def test_a_microphone_gives_as_many_faces_as_the_file(make: Callable[[], SpeechModel]) -> None:
    model, sound = make(), noise(2.3, 16_000)
    live = heard(model, sound, 0.1, None)
    assert np.isfinite(live).all() and len(live) == len(model.predict(sound).coefficients)


@each_model
def test_stored_sound_gives_what_sound_in_memory_gives(
    make: Callable[[], SpeechModel], tmp_path: Path
) -> None:
    from core.media import read_audio

    write_wav(tmp_path / "n.wav", noise(2.0))
    one = make().predict(read_audio(tmp_path / "n.wav")).track
    two = make().predict(open_audio(tmp_path / "n.wav")).track
    np.testing.assert_array_equal(one.points, two.points)


@each_model
def test_nothing_heard_gives_no_less_than_the_whole(make: Callable[[], SpeechModel]) -> None:
    model = make()
    stream = model.open_stream(16_000)
    assert len(stream.push(np.zeros(0, np.float32))) == 0
    silence = Waveform(np.zeros(0, np.float32), 16_000)
    assert len(stream.flush()) == len(model.predict(silence).coefficients)


@each_model
def test_the_boost_changes_what_is_shown_without_the_network(
    make: Callable[[], SpeechModel],
) -> None:
    model = make()
    raw = model.predict(noise(0.5)).coefficients
    plain = model.landmarks(raw)
    more = model.landmarks(raw, 2 * np.ones(len(model.factors)))
    still = model.landmarks(raw, np.zeros(len(model.factors)))
    np.testing.assert_allclose(model.landmarks(raw, model.boost), plain)
    assert np.ptp(still, axis=0).max() < 1e-9  # a face that does not move
    np.testing.assert_array_equal(model.landmarks(raw, 2.0), model.landmarks(raw, 2 * model.boost))
    np.testing.assert_allclose(more - still, 2 * (plain - still), atol=1e-9)
