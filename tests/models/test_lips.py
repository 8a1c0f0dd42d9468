"""The lips family: pieces give what the whole gives, padding does not matter, files come back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from making import noise, sentence, tone
from networks import small_space
from torch import Tensor

from core.errors import BadInput, MissingFile, WeightsError
from core.media import Waveform
from core.models import PredictOptions, load_model, recognise
from core.models.lips import LipsModel, save_lips
from core.models.lips_net import LipNet, LipStream
from core.models.store import save_model
from core.shape import ShapeSpace
from core.speech.logmel import log_mel
from core.weights import WeightFile, open_weights

SMALL: dict[str, Any] = {"width": 32, "layers": 2, "heads": 2, "back": 7, "ahead": 4}


def network(seed: int = 0, **sizes: Any) -> LipNet:
    """A random network whose every part is heard in its output."""
    torch.manual_seed(seed)
    net = LipNet(**{**SMALL, **sizes})
    net.mean.copy_(torch.linspace(-4, -2, net.n_in))
    net.deviation.copy_(torch.linspace(2, 3, net.n_in))
    with torch.no_grad():
        for layer in net.layers:
            layer.offsets += torch.randn_like(layer.offsets)
            layer.qkv.weight *= 2
    return net.eval()


def lip_space(components: int = 8) -> ShapeSpace:
    rng = np.random.default_rng(5)
    mean = rng.normal(0, 1, (20, 2))
    mean -= mean.mean(axis=0)
    return ShapeSpace(
        mean.ravel(), rng.normal(0, 0.1, (components, 40)), np.linspace(2, 1, components),
        scheme="lips20",
    )  # fmt: skip


def lips_model(fps: float = 25.0, **sizes: Any) -> LipsModel:
    return LipsModel(network(**sizes), lip_space(), fps=fps)


def speechlike(seconds: float, rate: int = 16_000, seed: int = 0) -> Waveform:
    """Noise whose loudness and colour change, so that no two frames are alike."""
    samples = noise(seconds, rate, seed).samples.astype(np.float64)
    time = np.arange(len(samples)) / rate
    shaped = samples * (1 + np.sin(17 * time)) + np.sin(2 * np.pi * 300 * time) * np.cos(5 * time)
    return Waveform((shaped / 3).astype(np.float32), rate)


def in_pieces(model: LipsModel, sound: Waveform, size: int) -> np.ndarray:
    speech_stream = model.open_stream(sound.rate, sound)
    parts = [
        speech_stream.push(sound.samples[a : a + size]) for a in range(0, sound.n_samples, size)
    ]
    return np.concatenate([*parts, speech_stream.flush()])


# --- pieces -------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("fps", [25.0, 30000 / 1001, 60.0, 10.0])
def test_pieces_of_any_size_give_the_rows_of_the_whole(fps: float, rate: int) -> None:
    model, sound = lips_model(fps), speechlike(2.3, rate)
    whole = model.predict(sound).coefficients
    assert len(whole) == int(2.3 * fps + 1e-6) + 1 and whole.std(axis=0).min() > 0.05
    for size in (rate // 100, 777, rate + 1):
        np.testing.assert_allclose(in_pieces(model, sound, size), whole, atol=1e-4)


def test_the_default_network_too_and_it_is_small() -> None:
    sizes = {"width": 192, "layers": 4, "heads": 4, "back": 12, "ahead": 12}
    model, sound = lips_model(**sizes), speechlike(7.0)
    assert sum(p.numel() for p in LipNet().parameters()) < 4e6
    assert {k: v.shape for k, v in LipNet().state_dict().items()} == {
        k: v.shape for k, v in model.net.state_dict().items()
    }
    np.testing.assert_allclose(
        in_pieces(model, sound, 1_234), model.predict(sound).coefficients, atol=1e-4
    )


def test_the_stream_gives_what_one_pass_over_the_whole_clip_gives() -> None:
    """The pass that training uses, with attention over a band of the whole matrix."""
    net, sound = network(), speechlike(3.0)
    waves = torch.from_numpy(sound.samples / np.abs(sound.samples).max())[None]
    with torch.inference_mode():
        once = net(waves)[0].numpy()
    np.testing.assert_allclose(
        LipsModel(net, lip_space()).predict(sound).coefficients, once, atol=1e-4
    )


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 40, 2_003])
def test_a_stream_of_any_length_ends_with_all_rows(count: int) -> None:
    net = network()
    features = torch.randn(count, 80)
    with torch.inference_mode():
        stream = LipStream(net)
        got = torch.cat([stream.push(features), stream.push(features[:0], last=True)])
        assert len(got) == -(-count // 4)
        if count:
            torch.testing.assert_close(got, net(features[None])[0], atol=1e-4, rtol=1e-4)


def test_a_row_depends_on_a_bounded_stretch_of_sound() -> None:
    model, sound = lips_model(), speechlike(4.0)
    changed = sound.samples.copy()
    changed[32_000:32_160] = 0.5  # at 2 s, frame 50
    one, two = (model.predict(Waveform(s, 16_000)).coefficients for s in (sound.samples, changed))
    moved = np.flatnonzero(np.abs(one - two).max(axis=1) > 1e-6)
    before, after = 2 * 4 + 2, 2 * 7 + 2  # layers x band, and the convolutions
    assert 50 - before <= moved.min() <= 50 - 2 * 4 and 50 + 2 * 7 <= moved.max() <= 50 + after


def test_what_is_held_does_not_grow() -> None:
    model = lips_model()
    speech_stream = model.open_stream(16_000)
    sizes = []
    for second in range(40):
        speech_stream.push(speechlike(1.0, seed=second).samples)
        parts = [*speech_stream._rows._convs, *speech_stream._rows._layers]
        sizes.append(sum(part._held.numel() for part in parts))
    assert max(sizes[20:]) <= max(sizes[3:20]) < 5_000


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
@pytest.mark.parametrize("fps", [25.0, 30000 / 1001])
@pytest.mark.parametrize("ahead", [0, 4])
def test_the_delay_is_kept_and_not_exaggerated(ahead: int, fps: float, rate: int) -> None:
    model, sound = lips_model(fps, ahead=ahead), speechlike(2.0, rate)
    speech_stream = model.open_stream(rate)
    block, out, late = rate // 100, 0, []
    for first in range(0, sound.n_samples, block):
        rows = speech_stream.push(sound.samples[first : first + block])
        late += [(first + block) / rate - (out + k) / fps for k in range(len(rows))]
        out += len(rows)
    seen = max(late) - 0.01  # a block may have brought more than was needed
    assert out > 20 and seen <= speech_stream.delay_s + 1e-9
    assert speech_stream.delay_s <= 1.5 * max(late)


def test_a_microphone_hears_the_same_from_the_loudest_sample_on() -> None:
    model, sound = lips_model(), speechlike(3.0)
    samples = sound.samples.copy()
    samples[1_600] = 2.0
    speech_stream = model.open_stream(16_000)
    live = np.concatenate([speech_stream.push(samples), speech_stream.flush()])
    whole = model.predict(Waveform(samples, 16_000)).coefficients
    assert np.abs(live[:3] - whole[:3]).max() > 1e-4
    after = float(model.pieces_note.split(" from ")[1].split(" s ")[0])  # what it promises
    first = int((0.1 + after) * 25) + 1
    assert first < 24
    np.testing.assert_allclose(live[first:], whole[first:], atol=1e-4)


# --- training's pass ----------------------------------------------------------------------------


def test_a_padded_clip_has_the_rows_that_it_has_alone() -> None:
    net = network()
    lengths = torch.tensor([16_000, 9_601, 1])
    waves = torch.randn(3, 16_000) / 5
    with torch.inference_mode():
        rows = net(waves, lengths)
        assert rows.shape == (3, 26, 8)
        for row, wave, n in zip(rows, waves, lengths.tolist(), strict=True):
            count = n // 640 + 1
            torch.testing.assert_close(row[:count], net(wave[None, :n])[0], atol=1e-5, rtol=1e-4)
            assert not row[count:].any()
        frames = lengths // 160 + 1
        clean = waves * (torch.arange(16_000) < lengths[:, None])
        torch.testing.assert_close(net(log_mel(clean), frames), rows)


def test_training_reaches_every_weight_and_drops_out() -> None:
    net = network().train()
    waves, lengths = torch.randn(2, 8_000), torch.tensor([8_000, 3_000])
    rows = net(waves, lengths)
    (rows**2).sum().backward()
    for name, weight in net.named_parameters():
        assert weight.grad is not None and weight.grad.isfinite().all(), name
        assert weight.grad.abs().max() > 0, name
    assert (net(waves, lengths) - rows).abs().max() > 1e-3
    net.eval()
    torch.testing.assert_close(net(waves, lengths), net(waves, lengths))


def test_dropout_draws_from_torch_and_leaves_it_alone() -> None:
    model, sound = lips_model(), speechlike(1.0)
    before = torch.random.get_rng_state()
    runs = [model.predict(sound, PredictOptions("seeded", s)).coefficients for s in (0, 0, 1)]
    assert torch.equal(torch.random.get_rng_state(), before)
    np.testing.assert_array_equal(runs[0], runs[1])
    assert np.abs(runs[0] - runs[2]).max() > 0.01
    spread = model.predict(sound, PredictOptions("samples", n_samples=3)).spread
    assert spread is not None and spread.max() > 0


# --- sounds -------------------------------------------------------------------------------------

SOUNDS = {
    "silence": Waveform(np.zeros(8_000, np.float32), 8_000),
    "no sample": Waveform(np.zeros(0, np.float32), 16_000),
    "no sample at another rate": Waveform(np.zeros(0, np.float32), 44_100),
    "one sample": Waveform(np.ones(1, np.float32), 16_000),
    "very quiet": Waveform(1e-30 * tone().samples, 16_000),
    "very loud": Waveform(1e30 * tone().samples, 16_000),
    "an odd rate": noise(0.3, 12_345),
}


@pytest.mark.parametrize("sound", SOUNDS.values(), ids=list(SOUNDS))
@pytest.mark.parametrize("fps", [25.0, 29.97])
def test_any_sound_gives_finite_lips(sound: Waveform, fps: float) -> None:
    track = lips_model(fps).predict(sound, PredictOptions("seeded")).track
    assert np.isfinite(track.points).all() and (track.scheme, track.space) == ("lips20", "eye5")
    assert len(track) == int(sound.duration * fps + 1e-6) + 1
    np.testing.assert_allclose(track.times, np.arange(len(track)) / fps)


def test_loudness_does_not_matter() -> None:
    model, sound = lips_model(), speechlike(1.0)
    quiet = Waveform(sound.samples / 50, sound.rate)
    np.testing.assert_allclose(
        model.predict(quiet).coefficients, model.predict(sound).coefficients, atol=1e-4
    )


def test_another_rate_is_interpolated_between_rows_at_25() -> None:
    sound = speechlike(1.0)
    grid = lips_model().predict(sound).coefficients
    got = lips_model(50.0).predict(sound).coefficients
    np.testing.assert_allclose(got[::2], grid, atol=1e-9)
    np.testing.assert_allclose(got[1::2], (grid[1:] + grid[:-1]) / 2, atol=1e-9)


# --- shapes -------------------------------------------------------------------------------------


def test_coefficients_are_in_deviations_of_the_basis() -> None:
    space = lip_space()
    model = LipsModel(network(), space)
    rows = np.eye(8)
    expected = space.mean + rows * space.deviations @ space.components
    np.testing.assert_allclose(model.landmarks(rows).reshape(8, 40), expected)
    twice = model.landmarks(rows, 2 * np.ones(8)).reshape(8, 40)
    np.testing.assert_allclose(twice - space.mean, 2 * (expected - space.mean))
    assert len(model.factors) == 8 and model.mean_face is not None
    np.testing.assert_allclose(model.mean_face.ravel(), space.mean)


def saved(folder: Path, net: LipNet, space: ShapeSpace, **facts: Any) -> Path:
    save_lips(folder / "m.safetensors", net, space, **{"half": False, **facts})
    return folder / "m.safetensors"


@pytest.mark.parametrize("sizes", [{}, {"ahead": 0}, {"n_in": 40, "n_out": 3, "kernel": 3}],
                         ids=["small", "only what was", "other sizes"])  # fmt: skip
def test_a_saved_model_comes_back(tmp_path: Path, sizes: dict[str, Any]) -> None:
    net = network(**sizes)
    path = saved(tmp_path, net, lip_space(net.n_out), fps=30000 / 1001)
    weights = open_weights(path)
    assert recognise(weights).name == weights.metadata["family"] == "lips"
    model = load_model(path)
    assert model.name == "m" and model.fps == 30000 / 1001
    expected = LipsModel(net, lip_space(net.n_out), fps=30000 / 1001)
    sound = speechlike(1.0)
    np.testing.assert_allclose(
        model.predict(sound).track.points, expected.predict(sound).track.points, atol=1e-5
    )


def test_half_precision_is_close(tmp_path: Path) -> None:
    path = saved(tmp_path, network(), lip_space(), half=True)
    one, two = (m.predict(speechlike(1.0)).coefficients for m in (load_model(path), lips_model()))
    np.testing.assert_allclose(one, two, atol=0.05 * two.std())


@pytest.mark.parametrize("dims", [2, 3])
def test_with_a_basis_of_68_points_it_drives_a_whole_face(tmp_path: Path, dims: int) -> None:
    model = load_model(saved(tmp_path, network(n_out=6), small_space(dims=dims)))
    track = model.predict(speechlike(0.5)).track
    assert (track.scheme, track.space) == ("dlib68", "template")
    assert track.points.shape == (13, 68, dims)


# --- another speaker ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["(20, 2)", "(40,)", "(1, 40)", "basis"])
def test_a_speaker_s_mean_lips_take_the_place_of_the_mean(tmp_path: Path, form: str) -> None:
    space = lip_space()
    other = 1.2 * space.mean.reshape(20, 2)
    path = tmp_path / ("s.npz" if form == "basis" else "s.npy")
    if form == "basis":
        ShapeSpace(other.ravel(), space.components, np.ones(8), scheme="lips20").save(path)
    else:
        shapes = {"(20, 2)": (20, 2), "(40,)": (40,), "(1, 40)": (1, 40)}
        np.save(path, other.reshape(shapes[form]))
    file = saved(tmp_path, network(), space)
    own, adapted = load_model(file), load_model(file, lip_mean=path)
    sound = speechlike(0.5)
    one, two = own.predict(sound), adapted.predict(sound)
    moved = two.track.points - one.track.points
    np.testing.assert_allclose(moved, np.broadcast_to(other / 6, moved.shape), atol=1e-5)
    np.testing.assert_array_equal(one.coefficients, two.coefficients)
    assert adapted.mean_face is not None
    np.testing.assert_allclose(adapted.mean_face, other, atol=1e-6)
    assert two.track.provenance[-1]["lip_mean"] == path.name
    assert "lip_mean" not in one.track.provenance[-1]


BAD_MEANS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "a whole face": lambda m: np.ones((68, 2)),
    "one point less": lambda m: m[:19],
    "points in columns": lambda m: m.T,
    "a missing point": lambda m: np.where(np.arange(20)[:, None] == 3, np.nan, m),
    "pixels": lambda m: 300 + 40 * m,
    "upside down": lambda m: -m,
    "words": lambda m: np.array(["a"] * 40),
}


@pytest.mark.parametrize("make", BAD_MEANS.values(), ids=list(BAD_MEANS))
def test_mean_lips_of_another_kind_are_refused(
    tmp_path: Path, make: Callable[[np.ndarray], np.ndarray]
) -> None:
    file = saved(tmp_path, network(), lip_space())
    np.save(tmp_path / "bad.npy", make(lip_space().mean.reshape(20, 2)))
    with pytest.raises(BadInput) as caught:
        load_model(file, lip_mean=tmp_path / "bad.npy")
    sentence(caught.value)
    with pytest.raises(MissingFile):
        load_model(file, lip_mean=tmp_path / "nowhere.npy")


# --- refusals -----------------------------------------------------------------------------------


def change(state: dict[str, Any], **changes: Any) -> dict[str, Any]:
    renamed = {k.replace("__", "."): v for k, v in changes.items()}
    return {k: v for k, v in {**state, **renamed}.items() if v is not None}


BAD_STATES: dict[str, Callable[[dict[str, Tensor]], dict[str, Any]]] = {
    "a layer without a part": lambda s: change(s, layers__1__up__weight=None),
    "a layer left out": lambda s: {k: v for k, v in s.items() if not k.startswith("layers.0.up")},
    "no statistics": lambda s: change(s, mean=None),
    "deviations of 0": lambda s: change(s, deviation=torch.zeros(80)),
    "weights that are not finite": lambda s: change(s, norm__weight=torch.full((32,), torch.nan)),
    "a spare key": lambda s: change(s, spare=torch.ones(2)),
    "a spare convolution": lambda s: change(s, convs__2__weight=torch.ones(32, 32, 5)),
    "a head of another width": lambda s: change(s, head__weight=torch.ones(8, 9)),
    "a head without dimension": lambda s: change(s, head__weight=torch.tensor(1.0)),
    "a head that claims terabytes": lambda s: change(
        s, head__weight=torch.ones(1, 1).expand(8, 10**9)
    ),
    "heads that do not divide the width": lambda s: change(s, layers__0__offsets=torch.ones(3, 12)),
    "no heads": lambda s: change(s, layers__0__offsets=torch.ones(0, 12)),
    "a band without frames": lambda s: change(s, layers__0__offsets=torch.ones(2, 0)),
    "a band of years": lambda s: change(s, layers__0__offsets=torch.ones(2, 10**6)),
    "an even kernel": lambda s: change(s, convs__0__weight=torch.ones(32, 80, 4)),
    "a flat convolution": lambda s: change(s, convs__0__weight=torch.ones(32)),
}


@pytest.mark.parametrize("make", BAD_STATES.values(), ids=list(BAD_STATES))
def test_wrong_weights_are_refused_in_one_sentence(
    tmp_path: Path, make: Callable[[dict[str, Tensor]], dict[str, Any]]
) -> None:
    space = lip_space()
    basis = {f"basis.{k}": torch.from_numpy(getattr(space, k)) for k in ("mean", "components")}
    basis["basis.deviations"] = torch.ones(8)
    torch.save({**make(network().state_dict()), **basis}, tmp_path / "bad.pt")
    with pytest.raises(WeightsError) as caught:
        load_model(tmp_path / "bad.pt")
    sentence(caught.value)


def test_without_metadata_the_band_is_taken_for_symmetric() -> None:
    tensors = network(back=6, ahead=6).state_dict()
    basis = {"basis.mean": torch.ones(40), "basis.components": torch.ones(8, 40)}
    weights = WeightFile(Path("w.pt"), {**tensors, **basis, "basis.deviations": torch.ones(8)})
    model = recognise(weights).build(weights)
    assert isinstance(model, LipsModel) and model.net.ahead == 6


@pytest.mark.parametrize(
    "facts",
    [{"fps": "soon"}, {"fps": "0"}, {"fps": "nan"}, {"ahead": "12"}, {"ahead": "-7"},
     {"encoder": "magic"}, {"encoder": "wav2vec2:"}, {"encoder": "wav2vec2:../x"},
     {"encoder": "wav2vec2:no-such-folder"}],
    ids=str,
)  # fmt: skip
def test_facts_that_make_no_sense_are_refused(tmp_path: Path, facts: dict[str, str]) -> None:
    save_model(tmp_path / "m.safetensors", "lips", network().state_dict(), lip_space(), **facts)
    with pytest.raises((WeightsError, MissingFile)) as caught:
        load_model(tmp_path / "m.safetensors")
    sentence(caught.value)


def test_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    file = saved(tmp_path, network(), lip_space())
    for make in (
        lambda: LipsModel(network(), lip_space(5)),
        lambda: load_model(saved(tmp_path, network(), lip_space(7))),
        lambda: load_model(file, encoder=tmp_path),
        lambda: lips_model().landmarks(np.zeros((2, 8)), np.ones(3)),
    ):
        with pytest.raises(BadInput) as caught:
            make()
        sentence(caught.value)
