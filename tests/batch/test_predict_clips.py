"""Models over many clips: each hears each sound once, wherever it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import grey, movie, noise

from core.datasets import ClipRef
from core.errors import BadInput
from core.jobs.predict import cached_prediction, prediction_key
from core.jobs.predict_clips import predict_clips
from core.media import open_audio, write_wav
from core.models import PredictOptions, list_models, load_model
from core.workspace import Workspace, file_sha256

NAME, OTHER = "grid-s1-cnn", "grid-s1-lstm"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sounds, a film with sound, a film without, and the first sound again."""
    folder = tmp_path_factory.mktemp("spoken")
    for seed, name in enumerate(("a", "b")):
        write_wav(folder / f"{name}.wav", noise(1.0, 16_000, seed=seed))
    pictures = [grey(k, 32, 32) for k in range(10)]
    movie(folder / "c.mp4", pictures, sound=noise(0.4, 16_000, seed=3))
    movie(folder / "mute.mp4", pictures)
    (folder / "same.wav").write_bytes((folder / "a.wav").read_bytes())
    return folder


@pytest.fixture
def clips(root: Path) -> list[ClipRef]:
    return [ClipRef(p.stem, p) for p in sorted(root.iterdir())]


def tracks(home: Path) -> dict[str, bytes]:
    return {
        p.relative_to(home).as_posix(): p.read_bytes()
        for p in sorted(home.rglob("*"))
        if p.is_file() and p.name != "seconds.json"
    }


def test_every_clip_is_done_skipped_or_listed(clips: list[ClipRef], home: Path) -> None:
    heard: list[float] = []
    first = predict_clips(
        Workspace(home), clips, [NAME], progress=lambda ended, *_: heard.append(ended)
    )
    assert (first.done, first.skipped, [f["clip"] for f in first.failed]) == (3, 1, ["mute"])
    assert "no audio" in first.failed[0]["reason"] and heard[-1] == 5
    both = predict_clips(Workspace(home), clips, [NAME, OTHER])
    assert (both.done, both.skipped) == (3, 1), "the other model had not heard them"
    again = predict_clips(Workspace(home), clips, [NAME, OTHER])
    assert (again.done, again.skipped, len(again.failed)) == (0, 4, 1)


def test_it_is_what_the_pages_ask_for(clips: list[ClipRef], home: Path) -> None:
    workspace, path = Workspace(home), clips[0].path
    predict_clips(workspace, clips[:1], [NAME])
    model = load_model(NAME)
    weights = next(c for c in list_models() if c.name == NAME).path
    key = prediction_key(model, weights, file_sha256(path), PredictOptions())
    kept = workspace.load_track(key)
    assert kept is not None
    sound = open_audio(path)
    found = cached_prediction(workspace, model, weights, sound, file_sha256(path), PredictOptions())
    assert found.seconds > 0
    np.testing.assert_array_equal(found.track.points, kept.points)
    np.testing.assert_allclose(kept.points, model.predict(sound).track.points, atol=1e-5)


@pytest.mark.parametrize("runner", ["local", "dask"])
def test_every_runner_gives_the_same_bytes(
    runner: str, clips: list[ClipRef], home: Path, tmp_path: Path
) -> None:
    predict_clips(Workspace(home), clips, [NAME])
    other = tmp_path / "other"
    predict_clips(Workspace(other), clips, [NAME], runner=runner, workers=2)
    assert tracks(home) == tracks(other) and len(tracks(home)) == 9


def test_a_sound_of_its_own_is_heard(tmp_path: Path, home: Path, root: Path) -> None:
    """The Obama layout: a mute video, its sound in another folder."""
    for name, source in (("video-split-360p/k.mp4", "mute.mp4"), ("audio-split/k.wav", "a.wav")):
        (tmp_path / "obama" / name).parent.mkdir(parents=True)
        (tmp_path / "obama" / name).write_bytes((root / source).read_bytes())
    from core.datasets import list_clips

    found = list_clips(tmp_path / "obama")
    summary = predict_clips(Workspace(home), found, [NAME], root=tmp_path / "obama")
    assert (summary.done, summary.failed) == (1, [])


def test_a_model_that_is_not_there_is_refused(clips: list[ClipRef], home: Path) -> None:
    with pytest.raises(BadInput, match="magic"):
        predict_clips(Workspace(home), clips, ["magic"])


def test_the_command_line(run: Any, root: Path) -> None:
    done = run("data", "generate", root, "-m", NAME, "--runner", "serial", "--json")
    assert done.code == 3 and (done.json["done"], done.json["skipped"]) == (3, 1)
    assert "magic" in run("data", "generate", root, "-m", "magic").reason
