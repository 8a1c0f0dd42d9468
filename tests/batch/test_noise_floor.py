"""The noise floor of clips: measured once, cancelled without a trace, asked for without work."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import grey, make_track, movie

from core.datasets import ClipRef
from core.detect import Detection
from core.errors import MediaError
from core.jobs import noise_floor
from core.jobs.noise_floor import NoiseFloor, cached_noise_floor, known_noise_floor, noise_floors
from core.media import read_frames
from core.samples import SAMPLE
from core.workspace import LandmarkRecipe, Workspace, file_sha256

FRAMES = 8


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames of the presenter at half size."""
    images = [f.image for f in read_frames(SAMPLE.video, stop=FRAMES / 25, longest_side=256)]
    return movie(tmp_path_factory.mktemp("clip") / "clip.mp4", images, crf=12)


@pytest.fixture(scope="module")
def measured(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, NoiseFloor]:
    """A workspace in which the floor of the clip is known."""
    workspace = Workspace(tmp_path_factory.mktemp("home"))
    return workspace, cached_noise_floor(workspace, clip)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home")


def left_behind(workspace: Workspace) -> list[str]:
    """Files of the workspace that are no result."""
    return [p.name for p in (workspace.root / "incoming").rglob("*")]


def test_a_re_encoded_clip_differs_a_little_and_at_half_size_more(
    measured: tuple[Workspace, NoiseFloor],
) -> None:
    _, floor = measured
    assert floor.clip_frames == floor.full.frames == floor.half.frames == FRAMES
    assert 0 < floor.value == floor.full.lip_motion_error < 0.05
    assert floor.half.lip_difference > floor.full.lip_difference > 0
    assert floor.to_json()["one_detection"] == pytest.approx(floor.value / math.sqrt(2))


def test_it_is_measured_once_and_then_known(
    measured: tuple[Workspace, NoiseFloor], clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, floor = measured
    monkeypatch.setattr(noise_floor, "detect", None)
    assert cached_noise_floor(workspace, clip) == floor
    assert known_noise_floor(workspace, file_sha256(clip)) == floor
    assert noise_floors(workspace, [ClipRef("mine", clip)]) == {"mine": floor.value}
    assert left_behind(workspace) == []


@pytest.mark.parametrize(
    "recipe",
    [LandmarkRecipe(precision="fast"), LandmarkRecipe(face="largest")],
    ids=["another precision", "another face"],
)
def test_other_landmarks_have_a_floor_of_their_own(
    measured: tuple[Workspace, NoiseFloor], clip: Path, recipe: LandmarkRecipe
) -> None:
    assert known_noise_floor(measured[0], file_sha256(clip), recipe) is None


def test_a_second_run_gives_the_same_bytes(
    measured: tuple[Workspace, NoiseFloor], clip: Path, workspace: Workspace
) -> None:
    heard: list[float] = []
    cached_noise_floor(workspace, clip, progress=heard.append)
    assert heard == sorted(heard) and 0 < heard[0] < 0.1 and heard[-1] == 1
    (one,), (two,) = (w.root.rglob("noise_floor.json") for w in (measured[0], workspace))
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("when", [0.1, 0.4, 0.6, 0.9], ids=lambda w: f"after {w:.0%}")
def test_a_cancelled_measurement_leaves_no_file(
    clip: Path, workspace: Workspace, when: float
) -> None:
    def stop(share: float) -> None:
        if share > when:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_noise_floor(workspace, clip, progress=stop)
    assert left_behind(workspace) == [] and not list(workspace.root.rglob("noise_floor.json"))


@pytest.mark.parametrize("left", ["", "{", "[]", '{"clip_frames": 8}', '{"full": 3}'])
def test_a_damaged_file_counts_as_none(
    left: str, clip: Path, workspace: Workspace, measured: tuple[Workspace, NoiseFloor]
) -> None:
    (whole,) = measured[0].root.rglob("noise_floor.json")
    place = workspace.root / whole.relative_to(measured[0].root)
    place.parent.mkdir(parents=True)
    place.write_text(left)
    assert known_noise_floor(workspace, file_sha256(clip)) is None


def test_where_a_copy_loses_the_face_the_floor_is_unknown_and_stays_so(
    clip: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blind(copy: Path, recipe: LandmarkRecipe, **_: Any) -> Detection:
        nobody = make_track(np.full((FRAMES, 68, 2), np.nan))
        return Detection(nobody, 1, 0.0)

    monkeypatch.setattr(noise_floor, "detect", blind)
    floor = cached_noise_floor(workspace, clip)
    assert floor.full.frames == 0 and math.isnan(floor.value)
    again = known_noise_floor(workspace, file_sha256(clip))
    assert again is not None and math.isnan(again.half.pixels)
    (stored,) = workspace.root.rglob("noise_floor.json")
    assert json.loads(stored.read_text())["full"]["lip_motion_error"] is None
    assert noise_floors(workspace, [ClipRef("mine", clip)]) == {}


def test_a_picture_of_odd_size_is_encoded_without_its_last_line(
    clip: Path, workspace: Workspace, tmp_path: Path
) -> None:
    images = [f.image[:255, :254] for f in read_frames(clip)]
    path = movie(tmp_path / "odd.mp4", images, crf=12)  # 254 x 254, and 127 x 127 at half size
    floor = cached_noise_floor(workspace, path)
    assert floor.full.frames == floor.half.frames == FRAMES


def test_clips_without_a_floor_are_left_out(
    clip: Path, tmp_path: Path, measured: tuple[Workspace, NoiseFloor]
) -> None:
    workspace, floor = measured
    broken = tmp_path / "broken.mp4"
    broken.write_text("no film")
    dark = movie(tmp_path / "dark.mp4", [np.zeros((64, 64, 3), np.uint8)] * 2)
    clips = [ClipRef(p.stem, p) for p in (broken, clip, dark, tmp_path / "nowhere.mp4")]
    heard: list[tuple[float, int]] = []
    found = noise_floors(workspace, clips, progress=lambda *told: heard.append(told))
    assert found == {"clip": floor.value}
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)
    assert heard[-1] == (4, 4)


def test_a_file_that_changes_meanwhile_is_refused(clip: Path, workspace: Workspace) -> None:
    with pytest.raises(MediaError, match="changed"):
        cached_noise_floor(workspace, clip, video_hash="0" * 64)
    assert not list(workspace.root.rglob("noise_floor.json"))


def test_the_command_measures_the_landmarks_and_their_noise(
    run: Any, home: Path, clip: Path
) -> None:
    data = run("quality", clip, "--noise-floor", "--json").json
    assert data["frames"] == FRAMES and "jitter" in data
    floor = data["noise_floor"]
    assert floor["clip_frames"] == floor["full"]["frames"] == FRAMES
    assert floor["one_detection"] < floor["full"]["lip_motion_error"]
    known = known_noise_floor(Workspace(home), file_sha256(clip))
    assert known is not None and known.value == floor["full"]["lip_motion_error"]
    told = run("quality", clip, "--noise-floor", "--size", "9x9")
    assert f"landmark noise {known.value:.4f} IOD" in told.out and "half size" in told.out
    assert "--size" in told.err


def test_the_command_refuses_what_has_no_face_or_no_picture(
    run: Any, home: Path, tmp_path: Path
) -> None:
    path = movie(tmp_path / "grey.mp4", [grey(90)] * 3)
    refused = run("quality", path, "--noise-floor")
    assert refused.code == 2 and "No face was found" in refused.err and not refused.out
    assert "has no video track" in run("quality", SAMPLE.sound, "--noise-floor").reason
