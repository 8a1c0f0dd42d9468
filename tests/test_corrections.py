"""A hand correction is in all that is made of a clip's landmarks, until it is undone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from loudness import Loudness, moving
from making import grey, make_track, movie, noise

from core.cli import main
from core.datasets import ClipRef, list_clips
from core.datasets.index import index_path, read_index, write_index
from core.evaluation.runner import evaluate, load_ground_truths
from core.jobs.indexing import update_index
from core.jobs.speaker import clip_speaker_mean
from core.tracks.corrections import (
    Cleaning,
    Edit,
    EditLayer,
    Kept,
    load_kept,
    save_kept,
    track_digest,
)
from core.tracks.io import read_track
from core.training.data import build_training_set
from core.training.export import export_nr, export_tfl
from core.workspace import Workspace, corrections_fact, file_sha256, landmark_key

FRAMES = 75
MOVES = tuple(Edit(30, k, "move", 400.0 + k, 420.0 + k, 3) for k in range(60, 68))


@dataclass(frozen=True)
class House:
    """A data set of two clips with stored landmarks; the first one can be corrected."""

    workspace: Workspace
    root: Path
    out: Path

    @property
    def clips(self) -> list[ClipRef]:
        return list_clips(self.root)

    @property
    def sha256(self) -> str:
        return file_sha256(self.clips[0].path)

    def keep(self, kept: Kept) -> None:
        track = self.workspace.landmarks(self.clips[0].path, corrected=False)
        save_kept(self.workspace.root, track, kept)

    def correct(self, *edits: Edit) -> None:
        self.keep(Kept(EditLayer().add(edits or MOVES)))

    def undo(self) -> None:
        track = self.workspace.landmarks(self.clips[0].path, corrected=False)
        layer = load_kept(self.workspace.root, track).layer
        while layer.actions:
            layer = layer.undo()
        self.keep(Kept(layer))

    def file(self, name: str) -> Path:
        self.out.mkdir(exist_ok=True)
        return self.out / name


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("set")
    for k in range(2):
        pictures = [grey(100 + 20 * k)] * FRAMES
        (root / f"video/s{k}").mkdir(parents=True)
        movie(root / f"video/s{k}/a.mp4", pictures, sound=noise(FRAMES / 25, 16_000, k))
    return root


@pytest.fixture
def house(films: Path, home: Path, tmp_path: Path) -> House:
    workspace = Workspace(home)
    for k, clip in enumerate(list_clips(films)):
        rng = np.random.default_rng(k)
        points = 700 * moving(rng.random(FRAMES)) + 400 + rng.normal(0, 0.2, (FRAMES, 68, 2))
        facts = {"detections": 1, "faces": 1, "how": {"detected": FRAMES}, "course": "d" * FRAMES}
        workspace.store_track(landmark_key(file_sha256(clip.path)), make_track(points), facts)
    return House(workspace, films, tmp_path / "out")


def scores(house: House, corrected: bool) -> Any:
    truths, left_out = load_ground_truths(
        house.clips, workspace=house.workspace, corrected=corrected
    )
    assert not left_out
    found = evaluate(Loudness(), truths).to_json()
    return json.dumps({k: found[k] for k in ("scores", "by_clip", "corrections")})


def training_data(house: House, corrected: bool) -> Any:
    data = build_training_set(house.workspace, house.clips, corrected=corrected)
    return [(e.points.tobytes(), e.lips.tobytes(), e.corrections) for e in data.examples]


def exported(house: House, corrected: bool, write: Callable[..., Any]) -> Any:
    path = house.file("training.h5")
    made = write(house.workspace, house.clips, path, corrected=corrected, force=True)
    with h5py.File(path) as file:
        said = json.loads(file.attrs.get("corrections", "null"))
    assert made.samples == 2 and (said or {"clips": 0, "digest": ""}) == made.corrections
    return path.read_bytes()


def command(*words: object) -> None:
    assert main([str(word) for word in words]) == 0


def chunks(house: House, corrected: bool) -> Any:
    out = house.out / ("chunks" if corrected else "raw chunks")
    command(
        "data", "chunk", house.root, "-o", out, "--length", "1", "--every", "1",
        *([] if corrected else ["--uncorrected"]),
    )  # fmt: skip
    return [path.read_bytes() for path in sorted(out.rglob("*-*.npz"))]


def speaker(house: House, corrected: bool) -> Any:
    path = house.clips[0].path
    return clip_speaker_mean(house.workspace, path, corrected=corrected).facts


def quality(house: House, corrected: bool, capsys: pytest.CaptureFixture[str]) -> Any:
    capsys.readouterr()
    command("quality", house.clips[0].path, "--json", *([] if corrected else ["--uncorrected"]))
    return capsys.readouterr().out


ROADS: dict[str, Callable[[House, bool], Any]] = {
    "evaluation": scores,
    "training data": training_data,
    "export as nr": lambda house, corrected: exported(house, corrected, export_nr),
    "export as tfl": lambda house, corrected: exported(house, corrected, export_tfl),
    "chunks": chunks,
    "the mean face of a speaker": speaker,
}


@pytest.mark.parametrize("road", ROADS.values(), ids=ROADS)
def test_a_correction_changes_a_result_until_it_is_undone(
    house: House, road: Callable[[House, bool], Any]
) -> None:
    before = road(house, True)
    house.correct()
    assert road(house, True) != before
    assert road(house, False) == before, "--uncorrected takes the landmarks as detected"
    house.undo()
    assert road(house, True) == before


def test_the_command_quality_measures_what_was_corrected(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    before = quality(house, True, capsys)
    house.correct(Edit(30, 8, "missing"))
    assert quality(house, True, capsys) != before
    assert quality(house, False, capsys) == before
    house.undo()
    assert quality(house, True, capsys) == before


def test_smoothing_that_all_pages_use_is_a_correction_too(house: House) -> None:
    before = scores(house, True)
    house.keep(Kept(cleaning=Cleaning(method="savgol")))
    assert scores(house, True) != before
    house.keep(Kept())
    assert scores(house, True) == before


def test_a_result_says_which_clips_were_corrected(house: House) -> None:
    house.correct()
    truths, _ = load_ground_truths(house.clips, workspace=house.workspace)
    name = house.clips[0].name
    digest = Kept(EditLayer().add(MOVES)).digest
    assert [truth.corrections for truth in truths] == [digest, ""]
    said = evaluate(Loudness(), truths).to_json()["corrections"]
    assert said == corrections_fact({name: digest}) and said["clips"] == 1


def test_another_correction_or_another_clip_has_another_digest() -> None:
    one, two = (Kept(EditLayer().add(MOVES[:n])).digest for n in (1, 2))
    said = [corrections_fact(d) for d in ({"a": one}, {"a": two}, {"b": one}, {"a": one, "b": ""})]
    assert len({fact["digest"] for fact in said}) == 3 and said[0] == said[3]
    assert corrections_fact({"a": ""}) == corrections_fact({}) == {"clips": 0, "digest": ""}
    assert Kept(EditLayer().add(MOVES).undo()).digest == ""


def test_an_index_follows_the_corrections(house: House) -> None:
    before, _ = update_index(house.workspace, house.root)
    assert before["corrections"].tolist() == ["", ""]
    house.correct(Edit(30, 8, "missing"))
    after, summary = update_index(house.workspace, house.root)
    assert summary.opened == 0, "files are not opened again"
    assert (after["corrections"] != "").tolist() == [True, False]
    assert (before["faces"][0], after["faces"][0]) == (FRAMES, FRAMES - 1)
    assert (before["no_face"][0], after["no_face"][0]) == (0, pytest.approx(100 / FRAMES))
    assert after.iloc[1].equals(before.iloc[1])
    again, _ = update_index(house.workspace, house.root)
    assert again.equals(after)
    house.undo()
    assert update_index(house.workspace, house.root)[0].equals(before)


def test_an_index_from_before_corrections_counted_is_read_and_brought_up_to_date(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, _ = update_index(house.workspace, house.root)
    path = index_path(house.workspace.root, house.root)
    table.drop(columns=["landmarks", "corrections"]).to_parquet(path, index=False)
    assert read_index(path)["corrections"].tolist() == ["", ""]
    house.correct()
    after, summary = update_index(house.workspace, house.root)
    assert summary.opened == 0 and (after["corrections"] != "").tolist() == [True, False]
    write_index(path, after)
    assert read_index(path).equals(after)


def test_only_chunks_of_a_clip_with_other_corrections_are_made_again(
    house: House, run: Any
) -> None:
    words = ("data", "chunk", house.root, "-o", house.out, "--json")
    assert run(*words).json["done"] == 2
    for change, note in ((house.correct, True), (house.undo, False)):
        change()
        made = run(*words)
        assert (made.json["done"], made.json["skipped"]) == (1, 1)
        assert ("note: corrections of the Quality page" in made.err) is note
        assert run(*words).json["skipped"] == 2
    assert "other options" in run(*words, "--uncorrected").reason


def test_chunks_of_a_version_that_did_not_record_landmarks_are_made_again_once_there_are_edits(
    house: House, run: Any
) -> None:
    words = ("data", "chunk", house.root, "-o", house.out, "--json")
    assert run(*words).json["done"] == 2
    path = house.out / "chunk.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines() if line]
    for line in lines:
        line.pop("landmarks", None), line.pop("corrections", None)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert run(*words).json["skipped"] == 2
    house.correct()
    assert run(*words).json["done"] == 2


def test_a_command_says_in_one_line_that_corrections_are_applied(house: House, run: Any) -> None:
    path, track = house.clips[0].path, house.file("t.npz")
    house.keep(Kept(EditLayer().add(MOVES), Cleaning(method="savgol")))
    said = run("landmarks", path, "-o", track, "--json")
    assert said.json["corrected"] is True and said.json["frames"] == FRAMES
    assert said.err.count("note: corrections of the Quality page") == 1
    np.testing.assert_array_equal(read_track(track).points, house.workspace.landmarks(path).points)
    assert run("landmarks", path, "-o", track, "--unsmoothed", "--force").code == 0
    np.testing.assert_array_equal(read_track(track).points[30, 60], [460, 480])
    assert "note: corrections" not in run("quality", path, "--uncorrected").err


def test_landmarks_are_found_by_path_and_by_hash(house: House) -> None:
    house.correct()
    workspace, path = house.workspace, house.clips[0].path
    track = workspace.landmarks(str(path))
    known = workspace.known_landmarks(house.sha256)
    assert known is not None and workspace.known_landmarks("0" * 64) is None
    np.testing.assert_array_equal(known.track.points, track.points)
    clip = workspace.add_clip(path, "a.mp4")
    np.testing.assert_array_equal(workspace.landmarks(clip).points, track.points)
    raw = workspace.landmarks(path, corrected=False)
    assert not np.array_equal(raw.points, track.points)
    assert workspace.corrections_digest(track_digest(raw)) == known.digest != ""
    (workspace.root / "edits.json").write_text("{")
    assert workspace.corrections_digest("../edits") == ""


def test_damaged_corrections_leave_a_clip_out_with_a_reason(house: House) -> None:
    house.correct()
    (path,) = (house.workspace.root / "edits").glob("*.json")
    path.write_bytes(b"{")
    _, left_out = load_ground_truths(house.clips, workspace=house.workspace)
    assert [one["clip"] for one in left_out] == [house.clips[0].name]
    assert "not a file of edits" in left_out[0]["reason"]
    _, summary = update_index(house.workspace, house.root)
    assert "not a file of edits" in summary.failed[0]["reason"]


def test_a_card_takes_over_what_a_run_says_of_corrections() -> None:
    from core.evaluation.model_card import FACTS, model_card

    fact = corrections_fact({"a": "x"})
    run = {
        "options": {}, "recipe": {}, "training_clips": 1, "validation_clips": 1, "averaged": None,
        "curves": [{"epoch": 1, "lip_motion_error": 0.1}],
    }  # fmt: skip
    made = [
        model_card(
            one, dict.fromkeys(FACTS, "x"), {"seen": {}}, architecture="", command="", speed={},
            versions={},
        )
        for one in (run, {**run, "corrections": fact})
    ]  # fmt: skip
    assert "corrections" not in made[0] and made[1]["corrections"] == fact
