"""A small registry whose files a server of our own gives away: one shipped model, two published."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch

from core.models.cnn import SpeechCNN
from core.models.store import save_model
from core.shape import ShapeSpace
from core.weights import PRETRAINED, git_blob_id

WHO = "Somebody 2020, A Paper, somewhere"
NEEDS = {"mean_shape": "mean_shape.npy", "eigen_vectors": "eigen_vectors.npy"}
MODELS = {
    "ours": ("cnn", "ours.safetensors", {}),
    "1D_CNN": ("cnn", "1D_CNN.pt", NEEDS),
    "1D_CNN_TC": ("tc", "1D_CNN_TC.pt", {**NEEDS, "template": "mean.npy"}),
}
FILES = ("1D_CNN.pt", "1D_CNN_TC.pt", "mean_shape.npy", "eigen_vectors.npy", "mean.npy")


@dataclass(frozen=True)
class Toy:
    """``pretrained`` stands for the folder of that name, ``origin`` for what is published."""

    pretrained: Path
    origin: Path

    def give(self, folder: Path, *names: str) -> None:
        """As if the user had put files there; "name as other" gives it another name."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in names or FILES:
            source, _, target = name.partition(" as ")
            shutil.copyfile(self.origin / source, folder / (target or source))

    def use(self, patch: pytest.MonkeyPatch, url: str = "http://127.0.0.1:9") -> None:
        """Let Speechmarks find this registry, and the files at an address."""
        text = (self.pretrained / "registry.template").read_text()
        (self.pretrained / "registry.toml").write_text(text.replace("HOST", url))
        for module in ("core.weights.registry", "core.weights.store", "core.models.store"):
            patch.setattr(sys.modules[module], "PRETRAINED", self.pretrained)
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.setenv("no_proxy", "127.0.0.1")


def make_toy(folder: Path) -> Toy:
    """The registry and its files below a folder."""
    pretrained, origin = folder / "pretrained", folder / "origin"
    pretrained.mkdir(parents=True)
    origin.mkdir()
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    mean, vectors = rng.normal(size=(1, 204)), 0.01 * rng.normal(size=(6, 204))
    np.save(origin / "mean_shape.npy", mean)
    np.save(origin / "eigen_vectors.npy", vectors)
    np.save(origin / "mean.npy", mean.reshape(68, 3) + 0.01 * rng.normal(size=(68, 3)))
    for name, temporal in (("1D_CNN.pt", False), ("1D_CNN_TC.pt", True)):
        torch.save(SpeechCNN(6, temporal=temporal).state_dict(), origin / name)
    space = ShapeSpace(mean[0, :136], vectors[:, :136], np.ones(6), dims=2)
    state = SpeechCNN(6, temporal=False).state_dict()
    save_model(pretrained / "ours.safetensors", "cnn", state, space)
    card = json.loads((PRETRAINED / "grid-s1-cnn.json").read_text())
    (pretrained / "ours.json").write_text(json.dumps(card))

    lines = ["[sources.them]", 'repository = "them/repository"', f'citation = "{WHO}"']
    lines += ['licence = "none stated"']
    for name, (family, file, needs) in MODELS.items():
        lines += [f"[models.{name}]", f'family = "{family}"', f'file = "{file}"']
        lines += [f'summary = "The model {name}, made by a test"']
        lines += [f"needs = {{ {', '.join(f'{k} = {v!r}' for k, v in needs.items())} }}"]
        if name == "ours":
            lines += [f'blob_id = "{git_blob_id(pretrained / file)}"']
    for name in FILES:
        lines += [f'[files."{name}"]', 'source = "them"', f'path = "there/{name}"']
        lines += [f'url = "HOST/{name}"', f'blob_id = "{git_blob_id(origin / name)}"']
    (pretrained / "registry.template").write_text("\n".join(lines))
    return Toy(pretrained, origin)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Silence."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Files of a folder over HTTP; yields the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{http.server_address[1]}"
        finally:
            http.shutdown()
