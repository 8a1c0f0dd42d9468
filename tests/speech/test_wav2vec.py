"""wav2vec 2.0 and HuBERT in front of the lips network, with tiny random encoders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from encoded import lip_space, network, waves
from making import noise, sentence

from core.errors import MissingDependency, MissingFile, SpeechmarksError, WeightsError
from core.media import Waveform
from core.models import load_model
from core.models.lips import LipsModel, save_lips
from core.speech.encoders import EncoderChunks, Wav2VecEncoder, build_encoder, open_encoder

transformers = pytest.importorskip(
    "transformers", reason="transformers is not installed: pip install -r requirements-extra.txt"
)

TINY: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": [8] * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}
each_kind = pytest.mark.parametrize("kind", ["wav2vec2", "hubert"])
each_norm = pytest.mark.parametrize("norm", ["group", "layer"])


def tiny(kind: str = "wav2vec2", norm: str = "layer", **changes: Any) -> Wav2VecEncoder:
    torch.manual_seed(0)
    part = {"wav2vec2": "Wav2Vec2", "hubert": "Hubert"}[kind]
    config = getattr(transformers, f"{part}Config")(
        **{**TINY, "feat_extract_norm": norm, "do_stable_layer_norm": norm == "layer", **changes}
    )
    return Wav2VecEncoder(getattr(transformers, f"{part}Model")(config)).eval()


# --- features -----------------------------------------------------------------------------------


@each_kind
@each_norm
def test_an_encoder_comes_back_from_its_settings_and_tensors(kind: str, norm: str) -> None:
    encoder = tiny(kind, norm)
    settings = encoder.settings()
    again = build_encoder(settings, encoder.tensors(), "x")
    x = waves(20_000)
    with torch.inference_mode():
        torch.testing.assert_close(again(x), encoder(x))
    assert settings["model_type"] == kind and again.settings() == encoder.settings()


@each_kind
def test_features_are_those_of_the_package_on_the_normalised_wave(kind: str) -> None:
    encoder, x = tiny(kind), waves(16_000)
    normal = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)(
        x[0].numpy(), sampling_rate=16_000, return_tensors="pt"
    ).input_values
    with torch.inference_mode():
        expected = encoder.net(torch.nn.functional.pad(normal, (200, 200))).last_hidden_state
        torch.testing.assert_close(encoder(x), expected, atol=1e-4, rtol=1e-4)
    assert expected.shape == (1, 51, 16)


def test_frame_j_is_centred_on_sample_320_j() -> None:
    """The convolutions alone: a click moves the frames that see it, alike on both sides."""
    encoder = tiny()
    silent, click = torch.zeros(1, 3_600), torch.zeros(1, 3_600)
    click[0, 5 * 320] = 1
    with torch.inference_mode():
        convolved = [
            encoder.net.feature_extractor(torch.nn.functional.pad(x, (200, 0)))[0]
            for x in (silent, click)
        ]
    moved = np.flatnonzero((convolved[0] - convolved[1]).abs().sum(dim=0) > 1e-9)
    assert moved.tolist() == [5]


@each_norm
def test_a_padded_wave_has_the_features_that_it_has_alone(norm: str) -> None:
    encoder, lengths = tiny(norm=norm), torch.tensor([16_000, 9_000])
    x = waves(16_000, 9_000)
    with torch.inference_mode():
        both = encoder(x, lengths)
        assert both.shape == (2, 51, 16)
        for row, wave, n in zip(both, x, lengths.tolist(), strict=True):
            alone = encoder(wave[None, :n])[0]
            torch.testing.assert_close(row[: len(alone)], alone, atol=1e-4, rtol=1e-4)
        net = network(encoder)
        rows = net(x, lengths)
        assert rows.shape == (2, 26, 8) and not rows[1, 15:].any()
        torch.testing.assert_close(rows[1, :15], net(x[1:, :9_000])[0], atol=1e-4, rtol=1e-4)


# --- chunks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.0, 0.5, 10.99, 11.0, 11.4, 21.0, 25.3])
def test_chunks_give_every_frame_once_wherever_sound_is_cut(seconds: float) -> None:
    encoder, x = tiny(), noise(seconds, 16_000).samples
    runs = []
    with torch.inference_mode():
        for size in (16_000 * 60, 4_321):
            chunks = EncoderChunks(encoder)
            parts = [chunks.push(x[a : a + size]) for a in range(0, len(x), size)]
            runs.append(torch.cat([*parts, chunks.flush()]))
        assert len(runs[0]) == len(x) // 320 + 1
        torch.testing.assert_close(runs[0], runs[1])
        whole = encoder(torch.from_numpy(x.copy())[None])[0]
        torch.testing.assert_close(runs[0], whole, atol=1e-5, rtol=1e-4)


@each_kind
@each_norm
def test_chunks_differ_little_from_attention_over_the_whole(kind: str, norm: str) -> None:
    """Below 5 % of the deviation of the features on average."""
    encoder, x = tiny(kind, norm), torch.from_numpy(noise(32.0, 16_000).samples.copy())[None]
    with torch.inference_mode():
        parts, whole = encoder(x), encoder.chunk(x)
    away = (parts - whole).abs()
    assert 0 < away.mean() < 0.05 * whole.std() and away.max() < 0.6 * whole.std()


def test_pieces_give_the_rows_of_the_whole_and_the_delay_is_kept() -> None:
    model = LipsModel(network(tiny()), lip_space())
    sound = noise(23.0, 16_000)
    whole = model.predict(sound).coefficients
    stream = model.open_stream(16_000, sound)
    rows, late, out = [], [], 0
    for first in range(0, sound.n_samples, 1_600):
        got = stream.push(sound.samples[first : first + 1_600])
        late += [(first + 1_600) / 16_000 - (out + k) / 25 for k in range(len(got))]
        out += len(got)
        rows.append(got)
    np.testing.assert_allclose(np.concatenate([*rows, stream.flush()]), whole, atol=1e-4)
    assert len(whole) == 576 and "chunks of 11 s" in model.pieces_note
    assert max(late) - 0.1 <= stream.delay_s <= 1.5 * max(late)


# --- training -----------------------------------------------------------------------------------


@pytest.mark.parametrize("frozen", [True, False], ids=["frozen", "fine-tuned"])
def test_a_frozen_encoder_is_not_trained(frozen: bool) -> None:
    net = network(tiny(), frozen=frozen).train()
    net(waves(8_000, 5_000), torch.tensor([8_000, 5_000])).square().sum().backward()
    assert net.encoder is not None and net.encoder.training is not frozen
    reached = {n.split(".")[0] for n, p in net.named_parameters() if p.grad is not None}
    assert ("encoder" in reached) is not frozen and {"convs", "layers", "head"} <= reached


# --- files --------------------------------------------------------------------------------------


@each_kind
@pytest.mark.parametrize("half", [True, False], ids=["half", "full"])
def test_a_model_with_its_encoder_inside_comes_back(tmp_path: Path, kind: str, half: bool) -> None:
    net = network(tiny(kind))
    save_lips(tmp_path / "m.safetensors", net, lip_space(), half=half)
    sound = noise(1.0, 16_000)
    got = load_model(tmp_path / "m.safetensors").predict(sound).coefficients
    expected = LipsModel(net, lip_space()).predict(sound).coefficients
    np.testing.assert_allclose(got, expected, atol=0.05 * expected.std() if half else 1e-5)


@pytest.mark.parametrize("form", ["safetensors", "bin", "old names in a model with a head"])
def test_an_encoder_stays_in_its_folder(tmp_path: Path, form: str) -> None:
    encoder, folder = tiny(), tmp_path / "my-encoder"
    encoder.net.save_pretrained(folder)
    state = encoder.tensors()
    if form != "safetensors":
        (folder / "model.safetensors").unlink()
    if form == "bin":
        torch.save(state, folder / "pytorch_model.bin")
    elif form != "safetensors":
        old = {"original0": "weight_g", "original1": "weight_v"}
        named = {
            "wav2vec2." + k.replace("parametrizations.weight.", ""): v for k, v in state.items()
        }
        named = {
            k.replace(k.rpartition(".")[2], old.get(k.rpartition(".")[2], k.rpartition(".")[2])): v
            for k, v in named.items()
        }
        assert any(k.endswith("weight_g") for k in named)
        torch.save({**named, "lm_head.weight": torch.ones(3)}, folder / "pytorch_model.bin")
    net = network(encoder)
    file = tmp_path / "m.safetensors"
    save_lips(file, net, lip_space(), encoder_folder="my-encoder", half=False)
    assert file.stat().st_size < 150_000
    sound = noise(1.0, 16_000)
    model = load_model(file, encoder=folder)
    expected = LipsModel(net, lip_space()).predict(sound).coefficients
    np.testing.assert_allclose(model.predict(sound).coefficients, expected, atol=1e-5)
    with pytest.raises(MissingFile, match="--encoder") as caught:
        load_model(file)
    sentence(caught.value)


def test_without_the_package_the_sentence_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoder = tiny()

    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("core.speech.encoders.wav2vec.import_module", missing)
    with pytest.raises(MissingDependency, match="pip install") as caught:
        build_encoder(encoder.settings(), encoder.tensors(), "x")
    sentence(caught.value)


BAD_SETTINGS: dict[str, dict[str, Any]] = {
    "another architecture": {"model_type": "bert"},
    "no architecture": {"model_type": None},
    "other sizes": {"hidden_size": 32},
    "more layers than tensors": {"num_hidden_layers": 3},
    "a million layers": {"num_hidden_layers": 10**6},
    "a layer in words": {"num_hidden_layers": "two"},
    "half a layer": {"num_hidden_layers": 1.5},
    "no layer": {"num_hidden_layers": 0},
    "heads that do not divide the width": {"num_attention_heads": 3},
    "another frame rate": {"conv_stride": [5, 2, 2, 2, 2, 2, 1]},
    "another window": {"conv_kernel": [10, 3, 3, 3, 3, 2, 3]},
    "a stride less": {"conv_stride": [5, 2, 2, 2, 2, 4]},
    "strides of nothing": {"conv_stride": []},
    "an activation from elsewhere": {"hidden_act": "os.system"},
    "a norm from elsewhere": {"feat_extract_norm": "batch"},
    "certain dropout": {"hidden_dropout": 1.0},
    "a switch in words": {"conv_bias": "yes"},
}


@pytest.mark.parametrize("changes", BAD_SETTINGS.values(), ids=list(BAD_SETTINGS))
def test_settings_that_do_not_fit_are_refused(changes: dict[str, Any]) -> None:
    encoder = tiny()
    settings = {**encoder.settings(), **changes}
    with pytest.raises(WeightsError) as caught:
        build_encoder(settings, encoder.tensors(), "x")
    sentence(caught.value)


def test_settings_that_would_fetch_code_are_not_looked_at() -> None:
    encoder = tiny()
    settings = encoder.settings() | {
        "auto_map": {"AutoModel": "someone/repository--code.Model"},
        "_attn_implementation": "someone/kernels",
        "attn_implementation": "someone/kernels",
        "quantization_config": {"quant_method": "x"},
    }
    again = build_encoder(settings, encoder.tensors(), "x")
    assert again.net.config._attn_implementation in ("sdpa", "eager")
    assert not hasattr(again.net.config, "auto_map")


BAD_FOLDERS: dict[str, Callable[[Path], object]] = {
    "no settings": lambda f: (f / "config.json").unlink(),
    "no weights": lambda f: (f / "model.safetensors").unlink(),
    "settings that are no JSON": lambda f: (f / "config.json").write_text("{"),
    "settings that are a list": lambda f: (f / "config.json").write_text("[]"),
    "settings nested without end": lambda f: (f / "config.json").write_text("[" * 10**5),
    "settings of many megabytes": lambda f: (f / "config.json").write_text(" " * 2**21 + "{}"),
    "settings that are a picture": lambda f: (f / "config.json").write_bytes(b"\xff\xd8\xff"),
    "weights that are text": lambda f: (f / "model.safetensors").write_text("hello"),
}


@pytest.mark.parametrize("spoil", BAD_FOLDERS.values(), ids=list(BAD_FOLDERS))
def test_a_folder_that_is_no_encoder_is_refused(
    tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    tiny().net.save_pretrained(tmp_path)
    open_encoder(tmp_path)
    spoil(tmp_path)
    with pytest.raises((WeightsError, MissingFile)) as caught:
        open_encoder(tmp_path)
    sentence(caught.value)


@pytest.mark.parametrize(
    "facts", [{}, {"encoder_config": "{"}, {"encoder_config": "[]"}, {"encoder_config": "{}"}],
    ids=str,
)  # fmt: skip
def test_an_encoder_inside_without_its_settings_is_refused(
    tmp_path: Path, facts: dict[str, str]
) -> None:
    from core.models.store import save_model

    path = tmp_path / "m.safetensors"
    save_model(path, "lips", network(tiny()).state_dict(), lip_space(), **facts)
    with pytest.raises(SpeechmarksError) as caught:
        load_model(path)
    sentence(caught.value)


def test_an_encoder_of_another_width_is_refused(tmp_path: Path) -> None:
    tiny(hidden_size=32).net.save_pretrained(tmp_path / "wide")
    file = tmp_path / "m.safetensors"
    save_lips(file, network(tiny()), lip_space(), encoder_folder="wide")
    with pytest.raises(WeightsError, match="16 features") as caught:
        load_model(file, encoder=tmp_path / "wide")
    sentence(caught.value)


def test_sound_at_another_rate_is_heard() -> None:
    model = LipsModel(network(tiny()), lip_space(), fps=30.0)
    track = model.predict(Waveform(noise(1.5, 44_100).samples, 44_100)).track
    assert len(track) == 46 and np.isfinite(track.points).all()
