"""evaluate and rerun: tables of systems beside null baselines, records, and refusals."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_result import Result
from small_set import NAMES, SmallSet, make_small_set

from core.evaluation.results import ROW_TITLES
from core.tracks.io import read_track, write_track

MODEL = "anyvoice-lips-live"
SYSTEMS = ("near", "far", "late")

Evaluate = Callable[..., Result]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallSet]:
    """The data set and a workspace that all tests here share."""
    home = tmp_path_factory.mktemp("workspace")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPEECHMARKS_HOME", str(home))
        yield make_small_set(tmp_path_factory.mktemp("set"), home)


@pytest.fixture
def evaluate(small: SmallSet, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Evaluate:
    """``evaluate(*words, systems=...)``: the command in this process, into tmp_path/out."""
    from core.cli import main

    def call(*words: object, systems: tuple[str, ...] = SYSTEMS, out: str = "out") -> Result:
        named = [w for n in systems for w in ("--system", f"{n}={small.systems[n]}")]
        capsys.readouterr()
        code = main(
            [
                *("evaluate", "--data", str(small.data), "-o", str(tmp_path / out)),
                *(*("--runner", "serial"), *named, *map(str, words)),
            ]
        )
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="module")
def judged(small: SmallSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of all systems."""
    from core.cli import main

    out = tmp_path_factory.mktemp("judged")
    named = [w for n in SYSTEMS for w in ("--system", f"{n}={small.systems[n]}")]
    words = ["evaluate", "--data", str(small.data), "-o", str(out), "--runner", "serial"]
    assert main([*words, *named]) == 0
    return out


@pytest.fixture
def rerun(small: SmallSet, capsys: pytest.CaptureFixture[str]) -> Evaluate:
    from core.cli import main

    def call(*words: object) -> Result:
        capsys.readouterr()
        code = main(["rerun", *map(str, words), "--runner", "serial"])
        return Result(code, *capsys.readouterr())

    return call


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_folders_of_tracks_and_of_videos_are_judged_with_one_command(
    evaluate: Evaluate, tmp_path: Path
) -> None:
    done = evaluate("--by", "speaker")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].startswith("near, clean, 4 clips, space face: lip motion error 0.0")
    assert any(line.startswith("late minus near, clean: lip motion error 0.1") for line in lines)
    found = read(tmp_path / "out/results.json")
    assert list(found["systems"]) == list(SYSTEMS)
    near, far, late = found["systems"].values()
    assert [one["kind"] for one in (near, far, late)] == ["tracks", "tracks", "videos"]
    assert near["scores"]["model"]["skill"]["mean"] > 0.9 > far["scores"]["model"]["skill"]["mean"]
    assert set(near["scores"]) == set(ROW_TITLES)
    assert list(near["by_speaker"]) == ["s1", "s2", "mean of speakers"]
    assert "/" not in json.dumps([one["source"] for one in (near, far, late)])


def test_a_late_system_gets_its_score_back_at_its_lag(judged: Path) -> None:
    late = read(judged / "results.json")["systems"]["late"]
    assert late["lag_ms"] == pytest.approx(80)
    scores = late["scores"]["model"]
    assert scores["skill"]["mean"] < 0 and scores["skill_at_lag"]["mean"] > 0.99


def test_every_system_is_compared_with_the_best_one_clip_by_clip(judged: Path) -> None:
    found = read(judged / "results.json")["differences"]
    error, late = found["lip_motion_error"], found["skill_at_lag"]
    assert error["best"] == "near" and set(error["minus_best"]) == {"far", "late"}
    assert error["minus_best"]["far"]["low"] > 0
    assert late["best"] == "late"


def test_tables_hold_intervals_null_baselines_and_the_best_in_bold(judged: Path) -> None:
    markdown = (judged / "table.md").read_text().splitlines()
    names = [line.split(" | ")[0].removeprefix("| ") for line in markdown[2:]]
    mismatched = [f"{name}, mismatched audio" for name in SYSTEMS]
    assert names == [
        *SYSTEMS,
        *mismatched,
        "mean face",
        "the clip's own mean face",
        "ground truth, 1 s late",
    ]
    assert "lip motion error (IOD) ↓" in markdown[0]
    near = markdown[2].split(" | ")
    assert near[1].startswith("**0.0") and near[1].endswith("]")
    assert sum("**" in line.split(" | ")[1] for line in markdown[2:]) == 1, "one is the best"
    latex = (judged / "table.tex").read_text()
    assert "\\toprule" in latex and "\\textbf{0.0" in latex and "lip motion error (IOD)" in latex
    assert latex.count("\\midrule") == 2, "null baselines stand apart"


def test_the_table_of_clips_holds_every_digit(judged: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((judged / "clips.csv").read_text())))
    assert len(rows) == 5 * len(SYSTEMS) * len(NAMES)
    first = rows[0]
    assert (first["system"], first["row"], first["clip"]) == ("near", "system", "s1/one")
    stored = read(judged / "results.json")["systems"]["near"]["by_clip"][0]["model"]
    assert float(first["lip_motion_error"]) == stored["lip_motion_error"]


def test_files_are_the_same_twice_and_with_a_worker_process(
    evaluate: Evaluate, tmp_path: Path
) -> None:
    evaluate(systems=("near",))
    evaluate("--runner", "local", "--workers", 1, systems=("near",), out="again")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["clips.csv", "record.json", "results.json", "table.md", "table.tex"]
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_stopped_run_computes_only_what_is_missing(
    evaluate: Evaluate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small: SmallSet
) -> None:
    import core.jobs.clip_scoring as scoring

    template = tmp_path / "face.npy"  # scores of this template are not stored yet
    np.save(template, np.load(Path(__file__).parents[1] / "pretrained/template.npy") * 1.01)
    computed: list[str] = []
    score = scoring.score_rows

    def counted(truth: Any, *rest: Any, **options: Any) -> Any:
        if len(computed) == 5:
            raise KeyboardInterrupt
        computed.append(truth.name)
        return score(truth, *rest, **options)

    monkeypatch.setattr(scoring, "score_rows", counted)
    words = ("--template", template)
    assert evaluate(*words, systems=("near", "far")).code == 130
    assert not (tmp_path / "out/results.json").exists()
    stopped, computed[:] = list(computed), []
    monkeypatch.setattr(
        scoring, "score_rows", lambda t, *r, **o: computed.append(t.name) or score(t, *r, **o)
    )
    assert evaluate(*words, systems=("near", "far")).code == 0
    assert len(stopped) == 5 and len(computed) == 3


def test_the_record_names_inputs_versions_and_the_command(
    evaluate: Evaluate, tmp_path: Path, small: SmallSet
) -> None:
    evaluate("--speaker", "s1", systems=("near",))
    record = read(tmp_path / "out/record.json")
    assert set(record["inputs"]["clips"]) == {"s1/one", "s1/two"}
    assert set(record["inputs"]["systems"]["near"]["files"]) == {"s1/one", "s1/two"}
    assert len(record["inputs"]["clips"]["s1/one"]["video"]) == 64
    assert {"python", "numpy", "scipy", "torch"} <= set(record["versions"])
    assert set(record["outputs"]) == {"results.json", "clips.csv", "table.md", "table.tex"}
    assert record["command"].endswith(
        f"evaluate --data {small.data} --system near={small.systems['near']} --speaker s1"
    )


def test_rerun_says_identical_or_by_how_much_it_differs(
    evaluate: Evaluate, rerun: Evaluate, tmp_path: Path, small: SmallSet
) -> None:
    evaluate(systems=("near",))
    same = rerun(tmp_path / "out")
    assert same.code == 0 and "identical" in same.out
    moved = tmp_path / "moved"
    for name in NAMES:
        track = read_track(small.systems["near"] / f"{name}.npz")
        (moved / name).parent.mkdir(parents=True, exist_ok=True)
        write_track(moved / f"{name}.npz", track.replace(points=1.001 * track.points + [1e-9, 0]))
    other = rerun(tmp_path / "out/results.json", "--system", f"near={moved}")
    assert other.code == 3 and "differs, at most" in other.out
    assert "changed since: systems near files s1/one" in other.err
    assert "x" in rerun(tmp_path / "out", "--system", "x=y").reason


def test_models_stand_beside_folders_and_write_what_cards_need(
    evaluate: Evaluate, tmp_path: Path
) -> None:
    noise = ("--noise", "white", "--snr", 6)
    done = evaluate("--model", MODEL, "--speaker", "s1", *noise, systems=("near",))
    assert done.code == 0, done.err
    assert done.out.splitlines()[0].startswith(f"{MODEL}, clean, 2 clips, space eye5")
    assert "latency" in done.out.splitlines()[0]
    found = read(tmp_path / "out/scores.json")
    assert list(found) == [MODEL], "cards are made for models"
    card = found[MODEL]
    assert {"scores", "differences", "by_speaker", "by_clip", "speed", "left_out"} <= set(card)
    assert list(card["noisy"]) == ["white 6 dB"] and "lip_pca" in card["scores"]
    results = read(tmp_path / "out/results.json")
    assert "speed" not in results["systems"][MODEL], "clock times differ between runs"
    assert results["differences"]["skill"]["minus_best"] == {}, "spaces cannot be compared"
    assert "| space |" in (tmp_path / "out/table.md").read_text()
    weights = read(tmp_path / "out/record.json")["inputs"]["systems"][MODEL]["weights"]
    assert len(weights) == 64


def test_what_cannot_be_matched_or_scored_is_told(
    evaluate: Evaluate, tmp_path: Path, small: SmallSet
) -> None:
    folder = tmp_path / "ours"
    folder.mkdir()
    track = read_track(small.systems["near"] / "s1/two.npz")
    write_track(folder / "two.npz", track)
    write_track(folder / "one.npz", track)
    (folder / "s2_three.csv").write_text("not a track")
    (folder / "stray.npz").write_bytes(b"")
    done = evaluate("--system", f"ours={folder}", systems=())
    assert done.code == 3
    for told in (
        "ours: 1 files without clip: stray.npz",
        "ours: one.npz is ambiguous: s1/one, s2/one",
        "ours, s2/three:",
    ):
        assert told in done.err
    found = read(tmp_path / "out/results.json")["systems"]["ours"]
    assert [row["clip"] for row in found["by_clip"]] == ["s1/two"]
    assert [row["clip"] for row in found["left_out"]] == ["s2/three"]


def test_one_clip_and_one_video_need_no_data_set(
    evaluate: Evaluate, tmp_path: Path, small: SmallSet
) -> None:
    clip = small.data / "video/s1/one.mkv"
    video = small.systems["late"] / "ours_s1-one.mp4"
    done = evaluate("--data", clip, "--system", f"ours={video}", systems=())
    assert done.code == 0 and done.out.startswith("ours, clean, 1 clips")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "at least one system"),
        (["--system", "near=gone"], "gone"),
        (["--system", "=x"], "NAME=FOLDER"),
        (["--model", MODEL, "--model", MODEL], "different name"),
        (["--system", "{near}", "--noise", "white"], "--snr"),
        (["--system", "{near}", "--noise", "white", "--snr", "0"], "--model"),
        (["--model", MODEL, "--noise", "purple", "--snr", "0"], "purple"),
        (["--system", "{near}", "--speaker", "nobody"], "nobody"),
        (["--system", "{near}", "--by", "clip"], "speaker"),
        (["--model", "no-such-model"], "no-such-model"),
    ],
    ids=[
        "no system",
        "a folder that is not there",
        "a system without a name",
        "two systems of one name",
        "noise without a ratio",
        "noise without a model",
        "unknown noise",
        "a speaker of no clip",
        "by clip",
        "an unknown model",
    ],
)
def test_what_evaluate_refuses(
    evaluate: Evaluate, small: SmallSet, tmp_path: Path, words: list[str], reason: str
) -> None:
    named = [word.format(near=f"near={small.systems['near']}") for word in words]
    done = evaluate(*named, systems=())
    assert reason in done.reason and not (tmp_path / "out").exists()


def test_existing_results_are_kept_unless_forced(evaluate: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    table = tmp_path / "out/table.md"
    table.write_text("mine")
    assert "--force" in evaluate().reason and table.read_text() == "mine"
    assert evaluate("--force").code == 0 and table.read_text() != "mine"


@pytest.mark.parametrize("text", ["{}", "x", '{"kind": "evaluation"}'], ids=["other", "no", "bare"])
def test_rerun_refuses_what_is_no_record(rerun: Evaluate, tmp_path: Path, text: str) -> None:
    (tmp_path / "record.json").write_text(text)
    assert "evaluation" in rerun(tmp_path).reason
