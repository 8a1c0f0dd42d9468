"""The Whisper encoder: against a reference vector, `transformers`, and itself in pieces."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from encoded import lip_space, network, waves
from hypothesis import given, settings
from hypothesis import strategies as st
from making import noise, sentence, tone
from safetensors import safe_open
from safetensors.torch import save_file

from core.errors import BadInput, MissingFile, WeightsError
from core.models import load_model
from core.models.lips import LipsModel, save_lips
from core.models.store import save_model
from core.speech.encoders import (
    EncoderChunks,
    WhisperEncoder,
    build_encoder,
    open_encoder,
    read_whisper,
    speech_energies,
    whisper_log_mel,
)

FILE = "data/encoder/whisper_tiny_en_encoder.safetensors"


def tiny(**changes: Any) -> WhisperEncoder:
    torch.manual_seed(0)
    return WhisperEncoder(**{"width": 64, "heads": 1, **changes}).eval()


def published(shared: Path) -> Path:
    path = shared / FILE
    if not path.is_file():
        pytest.skip(f"no encoder at {path}")
    return path


# --- against others -----------------------------------------------------------------------------


def test_log_mel_and_second_layer_equal_the_reference_vector(shared: Path) -> None:
    encoder = open_encoder(published(shared))
    with np.load(shared / "data/encoder/vector.npz") as vector, torch.inference_mode():
        audio = torch.from_numpy(vector["audio"])[None]
        np.testing.assert_allclose(whisper_log_mel(audio)[0], vector["logmel"], atol=1e-5)
        features = encoder(audio)[0]
        np.testing.assert_allclose(features[:, :384], vector["layer2"], atol=1e-3)
        assert features.shape == (101, 389) and encoder.width == 389


@pytest.mark.parametrize("layers", [2, 4], ids=["two layers, no norm", "all layers, norm"])
def test_3000_frames_equal_those_of_transformers(shared: Path, layers: int) -> None:
    whisper = pytest.importorskip("transformers.models.whisper.modeling_whisper")
    config = pytest.importorskip("transformers").WhisperConfig(
        d_model=384, encoder_attention_heads=6, encoder_ffn_dim=1536, encoder_layers=4
    )
    theirs = whisper.WhisperEncoder(config).eval()
    ours = read_whisper(published(shared), layers=layers, energies=False)
    every = read_whisper(published(shared), layers=4).tensors()
    theirs.load_state_dict({in_transformers(key): value for key, value in every.items()})
    log_mel = whisper_log_mel(waves(479_680))
    assert log_mel.shape == (1, 3000, 80)
    with torch.inference_mode():
        expected = theirs(log_mel.transpose(1, 2), output_hidden_states=True)
        last = expected.last_hidden_state if layers == 4 else expected.hidden_states[2]
        torch.testing.assert_close(ours.encode(log_mel), last, atol=1e-3, rtol=0)


def test_log_mel_equals_that_of_transformers() -> None:
    extractor = pytest.importorskip("transformers").WhisperFeatureExtractor()
    wave = np.pad(noise(2.0, 16_000).samples, (400, 0))  # its reflected edge is silent
    expected = extractor(wave, sampling_rate=16_000, return_tensors="pt").input_features[0].T
    got = whisper_log_mel(torch.from_numpy(wave)[None])[0, : len(wave) // 160 + 1]
    torch.testing.assert_close(got, expected[: len(got)], atol=1e-4, rtol=0)


def test_positions_are_the_published_ones(shared: Path) -> None:
    stored = read_whisper(published(shared)).positions
    torch.testing.assert_close(WhisperEncoder().positions, stored, atol=1e-3, rtol=0)


# --- energies -----------------------------------------------------------------------------------


def test_energies_of_silence_are_finite_and_lowest() -> None:
    silent, faint = speech_energies(torch.zeros(1, 16_000)), speech_energies(waves(16_000) * 1e-7)
    assert silent.shape == (1, 51, 5)
    torch.testing.assert_close(silent, torch.tensor([-0.5, -0.5, -0.5, -0.5, 0.0]).expand(1, 51, 5))
    torch.testing.assert_close(faint, silent)


def test_energies_rise_with_the_logarithm_of_power() -> None:
    quiet, loud = speech_energies(waves(16_000)), speech_energies(waves(16_000) * 10)
    torch.testing.assert_close(loud - quiet, torch.full_like(quiet, 2 / 4), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("hertz", "group"), [(200, 0), (900, 1), (2000, 2), (5000, 3)], ids=lambda v: str(v)
)
def test_a_tone_raises_the_group_of_its_band(hertz: int, group: int) -> None:
    wave = torch.from_numpy(tone(hertz=hertz).samples.copy())[None]
    rise = speech_energies(wave)[0, 10:20, :4] - torch.tensor(-0.5)
    assert (rise.argmax(dim=1) == group).all()


# --- batches and pieces -------------------------------------------------------------------------


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 25 * 16_000), min_size=1, max_size=3), st.floats(0.01, 1))
def test_a_padded_wave_has_the_features_that_it_has_alone(lengths: list[int], gain: float) -> None:
    """Each with its own loudest band, and no attention to padding, whatever lies there."""
    encoder, x = tiny(), waves(max(1, *lengths), *lengths)[1:]
    x = x * torch.tensor([gain**k for k in range(len(lengths))])[:, None]
    with torch.inference_mode():
        both = encoder(x + torch.rand_like(x) * (x == 0), torch.tensor(lengths))
        for row, wave, n in zip(both, x, lengths, strict=True):
            alone = encoder(wave[None, :n])[0]
            torch.testing.assert_close(row[: len(alone)], alone, atol=1e-4, rtol=1e-4)
            assert not row[len(alone) :].any()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 33 * 16_000), st.integers(3_000, 400_000))
def test_pieces_give_the_features_of_the_whole(count: int, size: int) -> None:
    encoder, x = tiny(), waves(max(1, count))[0, :count].numpy()
    chunks = EncoderChunks(encoder)
    with torch.inference_mode():
        parts = [chunks.push(x[a : a + size]) for a in range(0, count, size)]
        got = torch.cat([*parts, chunks.flush()])
        assert len(got) == count // 320 + 1
        torch.testing.assert_close(got, encoder(torch.from_numpy(x)[None])[0])
        whole = torch.from_numpy(x.copy())[None]
        torch.testing.assert_close(got[:, 64:], speech_energies(whole)[0], atol=1e-5, rtol=0)


def test_a_model_gives_the_same_rows_in_pieces_and_states_its_delay() -> None:
    model, sound = LipsModel(network(tiny()), lip_space()), noise(23.0, 16_000)
    stream = model.open_stream(16_000, sound)
    rows = [stream.push(sound.samples[a : a + 7_000]) for a in range(0, sound.n_samples, 7_000)]
    whole = model.predict(sound).coefficients
    np.testing.assert_allclose(np.concatenate([*rows, stream.flush()]), whole, atol=1e-4)
    with torch.inference_mode():
        trained = model.net(torch.from_numpy(sound.samples / np.abs(sound.samples).max())[None])[0]
    np.testing.assert_allclose(whole, trained, atol=1e-4, err_msg="as training computes them")
    assert stream.delay_s > 11 and "chunks of 11 s" in model.pieces_note


def test_training_takes_features_and_leaves_a_frozen_encoder_alone() -> None:
    encoder, lengths = tiny(), torch.tensor([8_000, 5_000])
    net, x = network(encoder).train(), waves(8_000, 5_000)
    before = {key: value.clone() for key, value in encoder.tensors().items()}
    optimiser = torch.optim.AdamW(net.parameters(), 1e-2)
    features = encoder(x, lengths).detach()
    net(features, lengths // encoder.hop + 1).square().sum().backward()
    optimiser.step()
    assert all(torch.equal(before[k], v) for k, v in encoder.tensors().items())
    with torch.inference_mode():
        torch.testing.assert_close(
            net.eval()(features, lengths // encoder.hop + 1), net(x, lengths), atol=1e-5, rtol=1e-5
        )


# --- files --------------------------------------------------------------------------------------


def in_transformers(key: str) -> str:
    """A tensor's name in `transformers`, by our name."""
    names = {
        "positions": "embed_positions.weight", "norm.weight": "layer_norm.weight",
        "norm.bias": "layer_norm.bias", "attn_norm": "self_attn_layer_norm",
        "query": "self_attn.q_proj", "key": "self_attn.k_proj", "value": "self_attn.v_proj",
        "out": "self_attn.out_proj", "mlp_norm": "final_layer_norm", "up": "fc1", "down": "fc2",
    }  # fmt: skip
    if not key.startswith("blocks."):
        return names.get(key, key)
    _, number, part, last = key.split(".")
    return f"layers.{number}.{names[part]}.{last}"


def at_openai(key: str) -> str:
    """A tensor's name in OpenAI's checkpoints, by our name."""
    names = {
        "positions": "positional_embedding", "norm.weight": "ln_post.weight",
        "norm.bias": "ln_post.bias", "attn_norm": "attn_ln", "query": "attn.query",
        "key": "attn.key", "value": "attn.value", "out": "attn.out", "mlp_norm": "mlp_ln",
        "up": "mlp.0", "down": "mlp.2",
    }  # fmt: skip
    if not key.startswith("blocks."):
        return names.get(key, key)
    _, number, part, last = key.split(".")
    return f"blocks.{number}.{names[part]}.{last}"


def four_layers() -> dict[str, torch.Tensor]:
    return {k: v.half() for k, v in tiny(layers=4, final_norm=True).tensors().items()}


def as_openai(path: Path) -> Path:
    state = {f"encoder.{at_openai(k)}": v for k, v in four_layers().items()}
    state |= {
        "decoder.token_embedding.weight": torch.ones(3, 4),
        "decoder.ln.weight": torch.ones(4),
    }
    torch.save({"dims": {"n_mels": 80, "n_audio_state": 64}, "model_state_dict": state}, path)
    return path


def as_transformers(path: Path, prefix: str = "model.encoder.") -> Path:
    state = {f"{prefix}{in_transformers(k)}": v.float() for k, v in four_layers().items()}
    save_file({**state, "model.decoder.layers.0.fc1.weight": torch.ones(3)}, path)
    return path


def as_folder(path: Path) -> Path:
    path.mkdir()
    as_transformers(path / "model.safetensors")
    (path / "config.json").write_text(json.dumps({"model_type": "whisper", "d_model": 64}))
    return path


def as_ours(path: Path) -> Path:
    save_file(four_layers(), path)
    return path


ORIGINS: dict[str, Callable[[Path], Path]] = {
    "a checkpoint of OpenAI": lambda f: as_openai(f / "tiny.en.pt"),
    "a file of transformers": lambda f: as_transformers(f / "model.safetensors"),
    "a file of its encoder": lambda f: as_transformers(f / "m.safetensors", "encoder."),
    "a folder of transformers": lambda f: as_folder(f / "whisper"),
    "tensors of the encoder alone": lambda f: as_ours(f / "encoder.safetensors"),
}


@pytest.mark.parametrize("make", ORIGINS.values(), ids=list(ORIGINS))
def test_every_origin_gives_the_same_encoder(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    encoder, x = open_encoder(make(tmp_path)), waves(8_000)
    expected = tiny(layers=4)  # the same seed, so the same first layers
    assert encoder.settings() == tiny().settings() and encoder.kind == "whisper"
    with torch.inference_mode():
        expected.blocks = expected.blocks[:2]
        torch.testing.assert_close(encoder(x), expected(x), atol=1e-2, rtol=0)
    assert all(v.dtype == torch.float32 for v in encoder.tensors().values())


def test_the_final_norm_comes_with_all_layers_only(tmp_path: Path) -> None:
    path = as_openai(tmp_path / "tiny.en.pt")
    kept = {n: read_whisper(path, layers=n).settings()["final_norm"] for n in (1, 3, 4)}
    assert kept == {1: False, 3: False, 4: True}
    assert read_whisper(path, energies=False).width == 64


def test_a_model_file_holds_its_encoder_and_needs_nothing_else(
    tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = network(open_encoder(published(shared)))
    save_lips(tmp_path / "m.safetensors", net, lip_space())
    assert 9e6 < (tmp_path / "m.safetensors").stat().st_size < 10e6
    with safe_open(tmp_path / "m.safetensors", "pt") as file:
        assert file.get_tensor("encoder.blocks.1.up.weight").dtype == torch.float16
        assert "Copyright (c) 2022 OpenAI" in file.metadata()["encoder_notice"]
        assert {"encoder.positions", "encoder.conv1.weight"} <= set(file.keys())
    monkeypatch.setitem(sys.modules, "transformers", None)
    model = load_model(tmp_path / "m.safetensors")
    assert isinstance(model, LipsModel) and model.net.encoder is not None
    assert net.encoder is not None
    for key, value in net.encoder.tensors().items():  # stored in half precision from the start
        assert torch.equal(model.net.encoder.tensors()[key], value), key
    sound = noise(1.0, 16_000)
    expected = LipsModel(net, lip_space()).predict(sound).coefficients
    np.testing.assert_allclose(model.predict(sound).coefficients, expected, atol=0.02)


def test_a_whisper_encoder_is_always_stored_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="encoder_folder") as caught:
        save_lips(tmp_path / "m.safetensors", network(tiny()), lip_space(), encoder_folder="x")
    sentence(caught.value)


# --- hostile files ------------------------------------------------------------------------------

BAD_SETTINGS: dict[str, dict[str, Any]] = {
    "a list for a kind": {"model_type": ["whisper"]},
    "another kind": {"model_type": "whisper-large"},
    "a million layers": {"layers": 10**6},
    "more layers than tensors": {"layers": 3},
    "no layer": {"layers": 0},
    "a layer in words": {"layers": "two"},
    "half a layer": {"layers": 1.5},
    "a layer that is true": {"layers": True},
    "a width without end": {"width": 10**9},
    "another width": {"width": 128},
    "an odd width": {"width": 63},
    "heads that do not divide the width": {"heads": 3},
    "heads of one value": {"heads": 64},
    "no heads": {"heads": 0},
    "positions for an hour": {"positions": 180_000},
    "positions for less than a chunk": {"positions": 550},
    "other positions": {"positions": 1499},
    "a norm that is not there": {"final_norm": True},
    "a norm in words": {"final_norm": "no"},
    "energies in numbers": {"energies": 5},
    "no settings of a kind": {"width": None},
}


@pytest.mark.parametrize("changes", BAD_SETTINGS.values(), ids=list(BAD_SETTINGS))
def test_settings_that_do_not_fit_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(WeightsError) as caught:
        build_encoder({**tiny().settings(), **changes}, tiny().tensors(), "x")
    sentence(caught.value)


BAD_TENSORS: dict[str, Callable[[dict[str, torch.Tensor]], Any]] = {
    "no stem": lambda s: s.pop("conv1.weight"),
    "no positions": lambda s: s.pop("positions"),
    "no layers": lambda s: [s.pop(k) for k in list(s) if k.startswith("blocks.")],
    "a layer left out": lambda s: [s.pop(k) for k in list(s) if k.startswith("blocks.0")],
    "a number for positions": lambda s: s.update(positions=torch.tensor(1.0)),
    "positions for an hour": lambda s: s.update(positions=torch.zeros(180_000, 64)),
    "a stem of one dimension": lambda s: s.update({"conv1.weight": torch.zeros(64)}),
    "128 mel bands": lambda s: s.update({"conv1.weight": torch.zeros(64, 128, 3)}),
    "a stem without width": lambda s: s.update({"conv1.weight": torch.zeros(0, 80, 3)}),
    "a stem of great width": lambda s: s.update({"conv1.weight": torch.zeros(4096, 80, 3)}),
    "a layer of another width": lambda s: s.update({"blocks.1.up.weight": torch.zeros(128, 64)}),
    "numbers that are not finite": lambda s: s["positions"].fill_(torch.nan),
}


@pytest.mark.parametrize("spoil", BAD_TENSORS.values(), ids=list(BAD_TENSORS))
def test_a_file_that_is_no_whisper_encoder_is_refused(
    tmp_path: Path, spoil: Callable[[dict[str, torch.Tensor]], Any]
) -> None:
    state = {k: v.float() for k, v in four_layers().items()}
    spoil(state)
    save_file(state, tmp_path / "m.safetensors")
    with pytest.raises(WeightsError) as caught:
        open_encoder(tmp_path / "m.safetensors")
    sentence(caught.value)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"model_type": "whisper"}', "[" * 10**5],
    ids=["none", "no JSON", "a list", "no kind", "no sizes", "nested without end"],
)  # fmt: skip
def test_a_model_file_with_bad_encoder_settings_is_refused(tmp_path: Path, text: str) -> None:
    net = network(tiny())
    save_model(
        tmp_path / "m.safetensors", "lips", net.state_dict(), lip_space(), encoder_config=text
    )
    with pytest.raises(WeightsError) as caught:
        load_model(tmp_path / "m.safetensors")
    sentence(caught.value)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(MissingFile, match="'nowhere.pt'") as caught:
        open_encoder("nowhere.pt")
    sentence(caught.value)
