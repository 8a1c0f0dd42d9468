"""An encoder of the registry: a file known by its sha256 alone, from a server on 127.0.0.1."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from making import sentence
from toy_registry import Toy, make_toy, serve

from core.errors import MissingFile, Offline, WeightsError
from core.keys import file_sha256
from core.speech.encoders import WhisperEncoder, open_encoder
from core.weights import (
    encoder_files,
    files_of,
    get,
    identify,
    remote_file,
    weight_store,
    weights_folder,
)

NAME, FILE = "whisper-toy", "toy.pt"


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """The toy registry with one encoder, of four layers, as OpenAI stores it."""
    toy = make_toy(tmp_path_factory.mktemp("toy"))
    torch.manual_seed(0)
    encoder = WhisperEncoder(width=64, heads=1)
    state = {f"encoder.{key}": value for key, value in encoder.tensors().items()}
    torch.save({"dims": {"n_mels": 80}, "model_state_dict": state}, toy.origin / FILE)
    lines = [f'[encoders."{NAME}"]', f'file = "{FILE}"', 'summary = "made by a test"']
    lines += [f'[files."{FILE}"]', 'source = "them"', 'path = "there"', f'url = "HOST/{FILE}"']
    lines += [f'sha256 = "{file_sha256(toy.origin / FILE)}"']
    with (toy.pretrained / "registry.template").open("a") as template:
        template.write("\n" + "\n".join(lines))
    return toy


@pytest.fixture
def cache(toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    toy.use(monkeypatch)
    weights_folder().mkdir(parents=True)
    return weights_folder()


def test_the_published_one_is_openai_s_and_its_url_holds_its_hash() -> None:
    file = encoder_files()["whisper-tiny.en"]
    assert file == remote_file("tiny.en.pt") and file.sha256 in file.url
    assert file.url.startswith("https://openaipublic.azureedge.net/main/whisper/models/")
    assert file.licence == "MIT, Copyright (c) 2022 OpenAI" and "Radford" in file.citation


def test_it_is_downloaded_once_and_opened_by_name(
    toy: Toy, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MissingFile, match=f"models get {NAME}") as caught:
        open_encoder(NAME)
    sentence(caught.value)
    with serve(toy.origin) as url:
        toy.use(monkeypatch, url)
        assert [got.new for got in get(files_of(NAME))] == [True]
    assert [(got.new, got.path) for got in get(files_of(NAME))] == [(False, cache / FILE)]
    opened, given = open_encoder(NAME), open_encoder(toy.origin / FILE)
    assert opened.settings() == given.settings()
    assert all(torch.equal(v, given.tensors()[k]) for k, v in opened.tensors().items())


def test_a_copy_is_recognised_by_its_content(toy: Toy, cache: Path) -> None:
    (cache / FILE).write_bytes(b"another file of that name")
    assert weight_store().find(encoder_files()[NAME]) is None
    found = identify(cache / FILE)
    assert (found.known, found.ok, found.expected) == (True, False, encoder_files()[NAME].sha256)
    shutil.copyfile(toy.origin / FILE, cache / "another name.pt")
    assert open_encoder(NAME).kind == "whisper"
    found = identify(cache / "another name.pt")
    assert (found.known, found.name, found.ok) == (True, FILE, True)


def test_without_a_network_the_message_is_one_sentence(toy: Toy, cache: Path) -> None:
    with pytest.raises(Offline) as caught:
        get(files_of(NAME))
    sentence(caught.value)
    assert not list(cache.iterdir())


def test_another_file_from_the_server_is_thrown_away(
    toy: Toy, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / FILE).write_bytes(b"something else")
    with serve(tmp_path) as url:
        toy.use(monkeypatch, url)
        with pytest.raises(WeightsError) as caught:
            get(files_of(NAME))
    sentence(caught.value)
    assert not list(cache.iterdir())
