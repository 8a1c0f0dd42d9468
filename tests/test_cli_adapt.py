"""generate --adapt on a real clip, and metrics of what it writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import grey, movie, tone

from core.cli import main
from core.models import default_model
from core.neutral import mean_lips
from core.tracks.geometry import lip_aperture
from core.tracks.io import read_track
from core.workspace import file_sha256

Run = Callable[..., Any]
MODEL = "grid-s1-lips"


@pytest.fixture(scope="module")
def made(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a prediction of a GRID speaker that the model was adapted to, and landmarks."""
    folder = tmp_path_factory.mktemp("adapted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPEECHMARKS_HOME", str(folder / "home"))
        clip = shared / "data/clips/grid_other_brbk7n.mpg"
        words = ["landmarks", clip, "-o", folder / "landmarks.npz"]
        assert main([str(w) for w in words]) == 0
        (folder / "clip").symlink_to(clip.resolve())
        yield folder


def predicted(run: Run, made: Path, out: Path, *flags: object) -> Any:
    return run("generate", "-i", made / "clip", "-m", MODEL, "-o", out, "-s", *flags, "--json")


def test_the_face_moves_about_the_mean_of_the_speaker(run: Run, made: Path, tmp_path: Path) -> None:
    clip = made / "clip"
    plain = predicted(run, made, tmp_path / "plain")
    assert plain.code == 0 and "adapt" not in plain.json
    given = ("--adapt", clip, "--adapt-seconds", "1.5", "--adapt-landmarks", made / "landmarks.npz")
    adapted = predicted(run, made, tmp_path / "adapted", *given)
    found = adapted.json["adapt"]
    assert (found["file"], found["clip"]) == ("clip", file_sha256(clip))
    start, stop, frames = found["start"], found["stop"], found["frames"]
    assert stop - start >= 1.5 - 1e-6 and frames == 38 and "never scored" in adapted.err
    one, two = (np.load(tmp_path / f / "clip/predicted.npy") for f in ("plain", "adapted"))
    assert np.ptp(two - one, axis=0).max() < 1e-9 and np.abs(two - one).max() > 0.01
    truth = read_track(made / "landmarks.npz")
    seconds = (truth.times >= start - 1e-6) & (truth.times < stop - 1e-6)
    own = mean_lips(truth.replace(points=truth.points[seconds], times=truth.times[seconds],
                                  score=None))  # fmt: skip
    before, after = (np.linalg.norm(p.mean(axis=0) - own, axis=1).mean() for p in (one, two))
    assert after < before and lip_aperture(two).min() > -1e-9
    kept = read_track(tmp_path / "adapted/clip/predicted.npz")
    assert kept.provenance[-1]["adapt"]["clip"] == found["clip"]


def test_detected_landmarks_give_the_same(run: Run, made: Path, tmp_path: Path) -> None:
    """Without --adapt-landmarks they are detected; the first second and a half of a face count."""
    both = []
    for name, more in (("given", ["--adapt-landmarks", made / "landmarks.npz"]), ("found", [])):
        flags = ["--adapt", made / "clip", "--adapt-seconds", "1.5", *more]
        both.append(predicted(run, made, tmp_path / name, *flags).json["adapt"])
    for key in ("clip", "start", "stop", "frames"):
        assert both[0][key] == both[1][key]


def test_metrics_leave_its_seconds_out(run: Run, made: Path, tmp_path: Path) -> None:
    given = ("--adapt", made / "clip", "--adapt-landmarks", made / "landmarks.npz")
    predicted(run, made, tmp_path, *given, "--adapt-seconds", "1")
    file = tmp_path / "clip/predicted.npz"

    def frames(*flags: object) -> tuple[int, str]:
        done = run("metrics", made / "landmarks.npz", file, *flags, "--json")
        return done.json[str(file)]["n"]["lips_mse"], done.err

    few, told = frames()
    assert "are not scored, because the model was adapted to them" in told
    assert frames("--clip", made / "clip")[0] == few
    all_of_it, told = frames("--clip", __file__)
    assert all_of_it == few + 25 and "not scored" not in told
    predicted(run, made, tmp_path, *given, "--adapt-seconds", "60", "--force")
    assert "never scored" in run("metrics", made / "landmarks.npz", file).reason
    assert "--published" in run("metrics", made / "landmarks.npz", file, "--published").reason


@pytest.fixture(scope="module")
def faceless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return movie(tmp_path_factory.mktemp("f") / "f.mp4", [grey(90)] * 30, sound=tone(1.2))


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--adapt", "{clip}"], "at least 1 s with a whole face"),
        (["--adapt", "{clip}", "--adapt-seconds", "0.5"], "not 0.5"),
        (["--adapt", "nothing.mp4"], "nothing.mp4"),
        (["--adapt-landmarks", "{clip}"], "with --adapt"),
        (["--adapt", "{clip}", "--lip_mean", "{clip}"], "give only one of them"),
    ],
    ids=["no face", "half a second", "no file", "landmarks alone", "two means"],
)
def test_what_cannot_be_adapted_to_is_refused(
    run: Run, faceless: Path, tmp_path: Path, flags: list[str], said: str
) -> None:
    model = default_model()
    assert model is not None
    words = [flag.format(clip=faceless) for flag in flags]
    name = MODEL if "--lip_mean" in flags else model.name
    done = run("generate", "-i", faceless, "-m", name, "-o", tmp_path / "o", *words)
    *_, reason = done.err.splitlines()  # detection may report its progress before
    assert (done.code, done.out) == (2, "")
    assert reason.startswith("error: ") and said in reason
    assert not (tmp_path / "o").exists()


def test_drawn_landmarks_cannot_be_adapted(run: Run, faceless: Path, tmp_path: Path) -> None:
    reason = run("generate", "-i", faceless, "-l", "-o", tmp_path, "--adapt", faceless).reason
    assert "leave out -l" in reason
