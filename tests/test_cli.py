"""The command line as a contract: keys, exit codes, one-line reasons."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from making import faces, grey, make_track, movie, tone

from core.cli import main
from core.media import read_frames, write_wav
from core.samples import SAMPLE
from core.tracks.io import read_track, write_track

ROOT = Path(__file__).resolve().parent.parent


class Result:
    """One command: exit code, standard output and error."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> dict[str, Any]:
        data = json.loads(self.out)
        assert isinstance(data, dict) and self.out.count("\n") == 1
        assert "NaN" not in self.out and "Infinity" not in self.out
        return data


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], home: Path) -> Any:
    def call(*arguments: object) -> Result:
        capsys.readouterr()
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return Result(code, out, err)

    return call


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """talk.mp4 (8 frames of a face, with sound), blank.mp4 (no face), mute.mp4 and others."""
    folder = tmp_path_factory.mktemp("clips")
    images = [f.image for f in read_frames(SAMPLE.video, stop=0.32, longest_side=256)]
    movie(folder / "talk.mp4", images, sound=tone(0.32))
    movie(folder / "blank.mp4", [grey(20 * k) for k in range(5)], sound=tone(0.2))
    movie(folder / "mute.mp4", images[:2])
    write_wav(folder / "hello.wav", tone(0.5))
    (folder / "text.mp4").write_text("this is not a film")
    write_track(folder / "track.npy", make_track(np.repeat(faces(1, 1), 30, 0) + faces(2, 30) / 50))
    np.save(folder / "template.npy", faces(3, 1)[0] / 1000)
    np.save(folder / "empty.npy", np.full((4, 68, 2), np.nan))
    return folder


def listing(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() else b"folder"
        for p in folder.rglob("*")
    }


# --- what each command says --------------------------------------------------------------------


def test_probe(run: Any, clips: Path) -> None:
    data = run("probe", clips / "talk.mp4", "--json").json
    assert (data["width"], data["height"], data["rotation"]) == (256, 256, 0)
    assert data["frames"] == 8 and data["variable_rate"] is False
    assert data["fps_declared"] == 25 and data["duration"] == pytest.approx(0.32, abs=0.01)
    assert set(data["audio"]) >= {"rate", "channels", "start"}
    assert data["audio"]["rate"] == 16_000 and data["audio"]["channels"] == 1
    assert data["audio"]["start"] == pytest.approx(0, abs=0.03)
    assert run("probe", clips / "mute.mp4", "--json").json["audio"] is None
    assert run("probe", clips / "hello.wav", "--json").json["frames"] == 0


def test_without_json_there_is_one_line_for_people(run: Any, clips: Path) -> None:
    result = run("probe", clips / "talk.mp4")
    assert result.code == 0 and result.out.count("\n") == 1 and "256x256" in result.out


@pytest.mark.parametrize(
    ("options", "indices"),
    [
        ([], range(8)),
        (["--every", "3"], [0, 3, 6]),
        (["--start", "0.1", "--stop", "0.2"], [3, 4]),
        (["--fps", "12.5"], [0, 2, 4, 6]),
        (["--fps", "100"], range(8)),
    ],
    ids=["all", "every third", "a range", "half the rate", "more than there are"],
)
def test_frames_are_numbered_by_source_frame(
    run: Any, clips: Path, tmp_path: Path, options: list[str], indices: Any
) -> None:
    result = run(
        "frames", clips / "talk.mp4", "-o", tmp_path / "f", "--format", "png", *options, "--json"
    )
    names = [f"{k:04d}.png" for k in indices]
    assert result.code == 0 and result.json["frames"] == len(names)
    assert sorted(p.name for p in (tmp_path / "f").iterdir()) == names
    source = {f.index: f.image for f in read_frames(clips / "talk.mp4")}
    for name in names:
        written = cv2.imread(str(tmp_path / "f" / name))[..., ::-1]
        np.testing.assert_array_equal(written, source[int(name[:4])])


def test_frames_are_jpegs_unless_asked_otherwise(run: Any, clips: Path, tmp_path: Path) -> None:
    assert run("frames", clips / "mute.mp4", "-o", tmp_path / "f").code == 0
    assert sorted(p.name for p in (tmp_path / "f").iterdir()) == ["0000.jpg", "0001.jpg"]
    assert (tmp_path / "f/0000.jpg").read_bytes()[:2] == b"\xff\xd8"


def test_landmarks(run: Any, clips: Path, tmp_path: Path) -> None:
    data = run("landmarks", clips / "talk.mp4", "-o", tmp_path / "t.npz", "--json").json
    assert set(data) >= {"frames", "valid", "detections", "seconds", "detector"}
    assert data["frames"] == data["valid"] == 8 and data["detector"] == "dlib68"
    assert 1 <= data["detections"] <= 8 and data["seconds"] > 0
    track = read_track(tmp_path / "t.npz")
    assert track.points.shape == (8, 68, 2) and track.space == "pixel"
    assert track.provenance[0]["operation"] == "detect_landmarks"


@pytest.mark.parametrize("name", ["t.npy", "t.csv", "t.json", "t.h5", "t"])
def test_landmarks_in_every_format(run: Any, clips: Path, tmp_path: Path, name: str) -> None:
    assert run("landmarks", clips / "mute.mp4", "-o", tmp_path / name).code == 0
    assert read_track(tmp_path / name).frame_valid.all()


def test_reference(run: Any, clips: Path) -> None:
    data = run("reference", clips / "track.npy", "--z", "1.3", "--json").json
    assert set(data) >= {"frame", "kept", "candidates"}
    assert data["kept"] == len(data["candidates"]) > 0
    assert data["frame"] == data["candidates"][0]


@pytest.mark.parametrize(
    ("z", "frame"), [("0.1", 52), ("0.5", 53), ("1.0", 53), ("1.3", 53), ("2.0", 53)]
)
def test_reference_of_the_published_track(run: Any, shared: Path, z: str, frame: int) -> None:
    path = shared / "reference/rep/obama2s.npy"
    assert run("reference", path, "--z", z, "--published", "--json").json["frame"] == frame


def test_reference_names_the_smallest_usable_threshold(run: Any, shared: Path) -> None:
    result = run("reference", shared / "reference/rep/obama2s.npy", "--z", "0.03", "--published")
    assert result.code == 2 and "smallest usable z" in result.err and result.out == ""


@pytest.mark.parametrize(
    ("options", "expected"),
    [(["--z", "0.3"], "obama2s.ir.npy"), ([], "identity_removed_z01")],
    ids=["a usual threshold", "the published default"],
)
def test_identity_as_published(
    run: Any, shared: Path, tmp_path: Path, options: list[str], expected: str
) -> None:
    folder = shared / "reference"
    result = run(
        "identity", folder / "rep/obama2s.npy", "-o", tmp_path / "i.npy", "--published",
        "--template", folder / "nr/mean.npy", *options, "--json",
    )  # fmt: skip
    assert result.code == 0 and result.json["frames"] == 50
    truth = (
        np.load(folder / "rep" / expected)
        if expected.endswith(".npy")
        else np.load(folder / "rep/obama2s_steps.npz")[expected]
    )
    np.testing.assert_allclose(np.load(tmp_path / "i.npy"), truth, atol=1e-12, rtol=0)


def test_metrics_of_a_track_against_itself(run: Any, clips: Path) -> None:
    path = clips / "track.npy"
    data = run("metrics", path, path, "--template", clips / "template.npy", "--json").json
    row = data[str(path)]
    assert row["mouth_rmse"] == pytest.approx(0, abs=1e-9)
    assert row["opening_correlation"] == pytest.approx(1)
    assert row["variance_ratio"] == pytest.approx(1)


def test_a_track_without_times_says_which_rate_was_taken(run: Any, clips: Path) -> None:
    assert "25 fps" in run("reference", clips / "track.npy").err
    assert "30 fps" in run("reference", clips / "track.npy", "--published").err
    assert "fps" not in run("reference", clips / "track.npy", "--source-fps", "50").err


def test_doctor_names_what_works_and_what_to_do(run: Any) -> None:
    result = run("doctor", "--json")
    checks = result.json["checks"]
    assert all(set(c) >= {"name", "ok", "detail", "fix"} for c in checks)
    assert {"detector", "codecs", "sound", "workspace"} <= {c["name"] for c in checks if c["ok"]}
    assert all(c["fix"] for c in checks if not c["ok"])
    assert result.code == (0 if all(c["ok"] for c in checks) else 3)


# --- data sets ---------------------------------------------------------------------------------


def test_extraction_resumes_and_records_failures(
    run: Any, clips: Path, tmp_path: Path, home: Path
) -> None:
    root = tmp_path / "set"
    (root / "below").mkdir(parents=True)
    for name in ("mute.mp4", "below/blank.mp4", "below/text.mp4"):
        (root / name).write_bytes((clips / Path(name).name).read_bytes())
    before = listing(root)
    first = run("data", "extract", root, "--json")
    assert first.code == 3
    assert (first.json["done"], first.json["skipped"]) == (2, 0)
    assert [f["clip"] for f in first.json["failed"]] == ["below/text"]
    assert first.json["failed"][0]["reason"] and first.json["seconds"] > 0
    stored = listing(home)
    second = run("data", "extract", root, "--json")
    assert (second.json["done"], second.json["skipped"]) == (0, 2)
    assert second.code == 3 and len(second.json["failed"]) == 1
    assert listing(home) == stored and listing(root) == before
    (root / "below/text.mp4").unlink()
    assert run("data", "extract", root).code == 0


def test_two_workspaces_hold_the_same_bytes(
    run: Any, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/a.mp4").write_bytes((clips / "mute.mp4").read_bytes())
    found = []
    for name in ("one", "two"):
        monkeypatch.setenv("SPEECHMARKS_HOME", str(tmp_path / name))
        assert run("data", "extract", tmp_path / "set").code == 0
        found.append(listing(tmp_path / name))
    assert found[0] == found[1] and any(name.endswith("manifest.json") for name in found[0])


def test_a_list_chooses_clips_in_its_order(run: Any, shared: Path) -> None:
    data = run("data", "list", shared / "data/grid", "--list", "tiny", "--json").json
    lines = (shared / "data/grid/filelists/tiny.txt").read_text().split("\n")
    assert data["count"] == 10
    assert [c["clip"].split("/")[-1] for c in data["clips"]] == [v.split()[0] for v in lines if v]


# --- refusals ----------------------------------------------------------------------------------

FACE = "--template {c}/template.npy"
BAD: dict[str, str] = {
    "probe: a missing file": "probe {c}/nowhere.mp4",
    "probe: text named mp4": "probe {c}/text.mp4",
    "probe: a folder": "probe {c}",
    "probe: no argument": "probe",
    "probe: an unknown option": "probe {c}/talk.mp4 --wrong",
    "an unknown command": "teleport",
    "frames: a missing file": "frames {c}/nowhere.mp4 -o {t}/f",
    "frames: text named mp4": "frames {c}/text.mp4 -o {t}/f",
    "frames: a sound file": "frames {c}/hello.wav -o {t}/f",
    "frames: no output": "frames {c}/talk.mp4",
    "frames: every 0": "frames {c}/talk.mp4 -o {t}/f --every 0",
    "frames: every -2": "frames {c}/talk.mp4 -o {t}/f --every -2",
    "frames: every word": "frames {c}/talk.mp4 -o {t}/f --every often",
    "frames: rate 0": "frames {c}/talk.mp4 -o {t}/f --fps 0",
    "frames: rate nan": "frames {c}/talk.mp4 -o {t}/f --fps nan",
    "frames: two choices": "frames {c}/talk.mp4 -o {t}/f --fps 5 --every 2",
    "frames: after the end": "frames {c}/talk.mp4 -o {t}/f --start 99",
    "frames: unknown format": "frames {c}/talk.mp4 -o {t}/f --format tiff",
    "frames: output is a file": "frames {c}/talk.mp4 -o {c}/text.mp4",
    "landmarks: a missing file": "landmarks {c}/nowhere.mp4 -o {t}/o.npy",
    "landmarks: text named mp4": "landmarks {c}/text.mp4 -o {t}/o.npy",
    "landmarks: no face": "landmarks {c}/blank.mp4 -o {t}/o.npy",
    "landmarks: a sound file": "landmarks {c}/hello.wav -o {t}/o.npy",
    "landmarks: unknown detector": "landmarks {c}/talk.mp4 -o {t}/o.npy --detector x",
    "landmarks: unknown face": "landmarks {c}/talk.mp4 -o {t}/o.npy --face second",
    "landmarks: unknown ending": "landmarks {c}/mute.mp4 -o {t}/o.xyz",
    "landmarks: bad predictor": "landmarks {c}/mute.mp4 -o {t}/o.npy --predictor {c}/text.mp4",
    "reference: a missing file": "reference {c}/nowhere.npy",
    "reference: a film": "reference {c}/talk.mp4",
    "reference: no face": "reference {c}/empty.npy",
    "reference: unknown gap": "reference {c}/track.npy --gap wide",
    "reference: negative threshold": "reference {c}/track.npy --z -1",
    "reference: rate 0": "reference {c}/track.npy --source-fps 0",
    "reference: rate -5": "reference {c}/track.npy --source-fps -5",
    "identity: no face": "identity {c}/empty.npy -o {t}/o.npy " + FACE,
    "identity: missing template": "identity {c}/track.npy -o {t}/o.npy --template {c}/nowhere.npy",
    "identity: a template of text": "identity {c}/track.npy -o {t}/o.npy --template {c}/text.mp4",
    "identity: rate 0": "identity {c}/track.npy -o {t}/o.npy --to-fps 0 " + FACE,
    "metrics: a missing truth": "metrics {c}/nowhere.npy {c}/track.npy " + FACE,
    "metrics: a missing prediction": "metrics {c}/track.npy {c}/nowhere.npy " + FACE,
    "generate: a film without sound": "generate -i {c}/mute.mp4 -m {c}/nowhere.pt -o {t}/g",
    "generate: missing weights": "generate -i {c}/hello.wav -m {c}/nowhere.pt -o {t}/g",
    "generate: an unknown model": "generate -i {c}/hello.wav -m magic -o {t}/g",
    "generate: missing sound": "generate -i {c}/nowhere.wav -m magic -o {t}/g",
    "data list: a missing folder": "data list {c}/nowhere",
    "data list: a missing list": "data list {c} --list nowhere",
    "data list: nothing in it": "data list {t}",
    "data extract: a missing folder": "data extract {c}/nowhere",
    "models info: an unknown model": "models info magic",
}


PROGRESS = re.compile(r"\w+: \d+(/\d+)? \w+, [\d.]+/s")


@pytest.mark.parametrize("words", BAD.values(), ids=list(BAD))
@pytest.mark.parametrize("flags", [[], ["--json"]], ids=["", "json"])
def test_bad_input_is_one_line_and_leaves_nothing(
    run: Any, clips: Path, tmp_path: Path, home: Path, words: str, flags: list[str]
) -> None:
    before = listing(clips)
    result = run(*(w.format(c=clips, t=tmp_path) for w in words.split()), *flags)
    assert result.code == 2
    assert result.out == ""
    # a slow machine shows progress, too
    told = [line for line in result.err.splitlines() if not line.startswith("note: ")]
    lines = [line for line in told if line.strip() and not PROGRESS.match(line)]
    assert len(lines) == 1 and lines[0].startswith("error: ") and len(lines[0]) > 20
    assert listing(clips) == before
    assert set(listing(tmp_path)) <= {"home"}, "something was left behind"


@pytest.mark.parametrize(
    ("words", "output"),
    [
        (["landmarks", "{c}/mute.mp4", "-o", "{t}/o.npy"], "o.npy"),
        (
            ["identity", "{c}/track.npy", "--template", "{c}/template.npy", "-o", "{t}/o.npy"],
            "o.npy",
        ),
        (["frames", "{c}/talk.mp4", "-o", "{t}/o"], "o/0003.jpg"),
    ],
    ids=["landmarks", "identity", "frames"],
)
def test_an_existing_output_needs_force(
    run: Any, clips: Path, tmp_path: Path, words: list[str], output: str
) -> None:
    target = tmp_path / output
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(b"mine")
    words = [w.format(c=clips, t=tmp_path) for w in words]
    result = run(*words)
    assert result.code == 2 and "--force" in result.err and result.out == ""
    assert target.read_bytes() == b"mine"
    assert set(listing(tmp_path)) - {"home", "o"} == {output}, "half of a result was left"
    assert run(*words, "--force").code == 0
    assert target.read_bytes() != b"mine"


def test_a_picture_that_cannot_be_written_is_an_error(
    run: Any, clips: Path, tmp_path: Path
) -> None:
    (tmp_path / "f/0001.jpg").mkdir(parents=True)
    result = run("frames", clips / "mute.mp4", "-o", tmp_path / "f", "--force")
    assert result.code == 2 and result.out == "" and "0001.jpg" in result.err


def test_help_names_every_command_of_the_contract(run: Any) -> None:
    result = run("--help")
    assert result.code == 0
    for name in (
        "doctor",
        "probe",
        "frames",
        "landmarks",
        "reference",
        "identity",
        "metrics",
        "data",
    ):
        assert f" {name} " in result.out


def test_it_runs_as_a_module_in_its_own_process(clips: Path, tmp_path: Path) -> None:
    """Progress and notices of a real process go to standard error, the object alone to output."""
    done = subprocess.run(
        [sys.executable, "-m", "core", "reference", str(clips / "track.npy"), "--json"],
        capture_output=True, text=True, cwd=ROOT, timeout=300, check=False,
        env={"PATH": "", "SPEECHMARKS_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0
    assert set(json.loads(done.stdout)) >= {"frame", "kept", "candidates"}
    assert done.stderr.startswith("note: ")
    assert list(tmp_path.iterdir()) == []
