"""compare, and metrics --table, from the command line."""

from __future__ import annotations

import base64
import csv
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import grey, make_track, movie, tone
from PIL import Image

from core.media import probe, write_wav
from core.neutral import remove_identity
from core.samples import SAMPLE
from core.tracks.io import write_track

FRAMES = 60
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """truth.npz in pixels of talk.mp4, cnn.npz and _x.npz on the template, lips.npz, tone.wav."""
    folder = tmp_path_factory.mktemp("compare")
    truth = make_track(SAMPLE.truth.points[:FRAMES] / 2)
    free = remove_identity(truth)
    wobble = np.random.default_rng(0).normal(0, 0.002, free.points.shape)
    write_track(folder / "truth.npz", truth)
    write_track(folder / "cnn.npz", free.replace(points=free.points + wobble))
    write_track(folder / "_x.npz", free)
    write_track(folder / "lips.npz", make_track(truth.points[:, 48:]))
    np.save(folder / "bare.npy", free.points)
    movie(
        folder / "talk.mp4", (grey(2 * k, 256, 256) for k in range(FRAMES)), sound=tone(FRAMES / 25)
    )
    write_wav(folder / "tone.wav", tone(FRAMES / 25))
    return folder


def header_of(page: str) -> dict[str, Any]:
    found = re.search(r'id="buffer"[^>]*>([^<]+)<', page)
    assert found is not None
    buffer = base64.b64decode(found[1])
    (size,) = struct.unpack("<I", buffer[:4])
    header = json.loads(buffer[4 : 4 + size])
    assert isinstance(header, dict)
    return header


@pytest.mark.parametrize("style", ["wireframe", "painted", "dots", "overlay", "portrait"])
def test_every_style_makes_a_movie_with_sound(
    made: Path, run: Run, tmp_path: Path, style: str
) -> None:
    out = tmp_path / "c.mp4"
    done = run(
        *("compare", made / "truth.npz", made / "cnn.npz", "--video", made / "talk.mp4"),
        *("-o", out, "--style", style, "--stop", 0.2, "--size", "600x240", "--labels", "--json"),
    ).json
    info = probe(out)
    assert info.video is not None and info.audio is not None
    assert (info.video.n_frames, info.video.size) == (5, (600, 240))
    assert done["panels"] == 3 and done["bytes"] == out.stat().st_size


@pytest.mark.parametrize(
    ("layout", "columns", "rows"), [("row", 3, 1), ("column", 1, 3), ("grid", 2, 2)]
)
def test_layouts(
    made: Path, run: Run, tmp_path: Path, layout: str, columns: int, rows: int
) -> None:
    tracks = [made / "truth.npz", made / "cnn.npz", made / "_x.npz"]
    out = tmp_path / "c.mp4"
    assert run("compare", *tracks, "-o", out, "--layout", layout, "--stop", 0.1).code == 0
    video = probe(out).video
    assert video is not None
    assert video.size == (columns * 494 + 14, rows * 494 + 14)


@pytest.mark.parametrize(
    ("lower", "said"),
    [(0, False), (70, True)],
    ids=["a whole face", "a chin below the edge"],
)
def test_a_face_that_the_edge_of_the_video_cuts_is_told(
    made: Path, run: Run, tmp_path: Path, lower: float, said: bool
) -> None:
    write_track(tmp_path / "t.npz", make_track(SAMPLE.truth.points[:FRAMES] / 2 + (0, lower)))
    done = run(
        *("compare", tmp_path / "t.npz", "--video", made / "talk.mp4", "-o", tmp_path / "c.mp4"),
        *("--style", "overlay", "--stop", 0.1),
    )
    assert done.code == 0
    assert ("cuts the face in 60 of 60 frames (0\N{EN DASH}59)" in done.err) == said


def test_a_loop_as_a_gif(made: Path, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "c.gif"
    done = run(
        *("compare", made / "cnn.npz", "-o", out, "--start", 1, "--stop", 1.5, "--fps", 10),
        *("--size", "200x200", "--burn-in"),
    )
    assert done.code == 0
    with Image.open(out) as gif:
        assert (gif.n_frames, gif.size) == (5, (200, 200))


def test_a_page_holds_tracks_sound_curves_and_scores(made: Path, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "c.html"
    done = run(
        *("compare", made / "truth.npz", made / "cnn.npz", "--audio", made / "tone.wav"),
        *("-o", out, "--json"),
    )
    assert done.json["panels"] == 2
    page = out.read_text(encoding="utf-8")
    header = header_of(page)
    assert [p["title"] for p in header["panels"]] == ["truth", "cnn"]
    assert [p["truth"] for p in header["panels"]] == [True, False]
    assert [c["name"] for c in header["curves"]] == [
        "lip aperture, truth",
        "lip aperture, cnn",
        "lip motion error, cnn",
    ]
    assert 'data-type="audio/mp4"' in page and "mouth RMSE (IOD)" in page
    assert str(made) not in page, "a page that travels must not tell where it was made"


def test_a_page_may_hold_the_clip_and_says_its_size(made: Path, run: Run, tmp_path: Path) -> None:
    done = run(
        *("compare", made / "truth.npz", made / "cnn.npz", "--video", made / "talk.mp4"),
        *("-o", tmp_path / "c.html"),
    )
    assert re.search(r"note: the video takes \d\.\d MB", done.err)
    header = header_of((tmp_path / "c.html").read_text())
    assert header["hasVideo"] and header["video"]["size"] == [256, 256]
    assert [p["kind"] for p in header["panels"]] == ["video", "landmarks", "landmarks"]


def test_a_page_without_scores_says_why(made: Path, run: Run, tmp_path: Path) -> None:
    done = run("compare", made / "cnn.npz", made / "lips.npz", "-o", tmp_path / "c.html")
    assert done.code == 0 and "note: the page has no curves: " in done.err
    assert "note: lips: cannot be scored: " in done.err


def test_the_prepared_truth_beside_its_track(made: Path, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "c.mp4"
    done = run(
        *("compare", made / "_x.npz", made / "truth.npz", "--video", made / "talk.mp4"),
        *("-o", out, "--crop", "face", "--burn-in", "--stop", 0.4),
    )
    assert done.code == 0
    video = probe(out).video
    assert video is not None and video.fps == pytest.approx(25)


@pytest.mark.parametrize(
    ("ending", "begin"),
    [
        (".csv", "prediction,lip_motion_error (IOD),skill,"),
        (".md", "| prediction | lip motion error (IOD) ↓ | skill ↑ |"),
        (".tex", "% needs \\usepackage{booktabs}"),
    ],
)
def test_scores_beside_the_movie(
    made: Path, run: Run, tmp_path: Path, ending: str, begin: str
) -> None:
    table = tmp_path / f"scores{ending}"
    tracks = [made / "truth.npz", made / "cnn.npz", made / "_x.npz"]
    run("compare", *tracks, "-o", tmp_path / "c.mp4", "--stop", 0.1, "--metrics", table)
    text = table.read_text(encoding="utf-8")
    assert text.startswith(begin)
    assert "cnn" in text


@pytest.mark.parametrize("format", ["csv", "markdown", "latex", "html"])
def test_metrics_prints_a_table_instead_of_its_line(made: Path, run: Run, format: str) -> None:
    words = ["metrics", made / "truth.npz", made / "cnn.npz", made / "_x.npz"]
    told = run(*words, "--json").json[str(made / "cnn.npz")]
    shown = run(*words, "--table", format).out
    assert shown.count("\n") == {"csv": 3, "markdown": 4, "latex": 9, "html": 7}[format]
    if format == "csv":
        row = list(csv.DictReader(shown.splitlines()))[0]
        assert float(row["mouth_rmse (IOD)"]) == told["mouth_rmse"]
    else:
        assert f"{told['mouth_rmse']:.3f}" in shown
    assert run(*words, "--table", format, "--json").json[str(made / "cnn.npz")] == told


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["truth.npz", "-o", "x.avi"], r"\.mp4, \.gif, \.html"),
        (["truth.npz", "-o", "x.mp4", "--style", "oil"], "--style is one of"),
        (["truth.npz", "-o", "x.mp4", "--layout", "heap"], "--layout is one of"),
        (["truth.npz", "-o", "x.mp4", "--crop", "nose"], "--crop is one of"),
        (["truth.npz", "-o", "x.mp4", "--crop", "face"], "give it as --video"),
        (["cnn.npz", "-o", "x.mp4", "--crop", "face", "--video", "talk.mp4"], "in template space"),
        (["truth.npz", "-o", "x.mp4", "--size", "big"], "WIDTHxHEIGHT"),
        (["truth.npz", "-o", "x.mp4", "--metrics", "x.csv"], "at least two"),
        (["truth.npz", "cnn.npz", "-o", "x.mp4", "--metrics", "x.xls"], r"\.csv, \.md, \.tex"),
        (["truth.npz", "-o", "x.mp4", "--start", "9"], "nothing is left"),
        (["cnn.npz", "lips.npz", "-o", "x.mp4", "--metrics", "x.csv"], "lips|68"),
        (["truth.npz", "-o", "talk.mp4"], "--force"),
        (["truth.npz", "cnn.npz", "-o", "x.mp4", "--metrics", "truth.npz"], r"\.csv, \.md"),
    ],
    ids=[
        "another ending",
        "an unknown style",
        "an unknown layout",
        "an unknown crop",
        "a face without a clip",
        "a face without landmarks on the clip",
        "a size that is none",
        "scores of one track",
        "scores as a spreadsheet",
        "a start after the end",
        "scores of lips against faces",
        "an output that exists",
        "scores over a track",
    ],
)
def test_refusals_say_why(
    made: Path, run: Run, monkeypatch: pytest.MonkeyPatch, words: list[str], reason: str
) -> None:
    monkeypatch.chdir(made)
    before = sorted(p.name for p in made.iterdir())
    assert re.search(reason, run("compare", *words).reason)
    assert sorted(p.name for p in made.iterdir()) == before


def test_a_bare_track_says_what_was_taken_for_granted(made: Path, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "c.mp4"
    done = run("compare", made / "bare.npy", "-o", out, "--stop", 0.1)
    assert "25 fps is assumed" in done.err and "template is assumed" in done.err
    done = run(
        *("compare", made / "bare.npy", "-o", out, "--stop", 0.1, "--force"),
        *("--source-fps", 50, "--space", "template", "--identity", "kept"),
    )
    assert done.err == ""
    video = probe(out).video
    assert video is not None and video.fps == pytest.approx(50)


def test_a_track_with_depth_becomes_the_published_wireframe(
    made: Path, run: Run, tmp_path: Path
) -> None:
    flat = np.load(made / "bare.npy")[:10]
    np.save(tmp_path / "deep.npy", np.concatenate([flat, flat[..., :1] * 0.3], axis=2))
    out = tmp_path / "threed.mp4"
    done = run("compare", tmp_path / "deep.npy", "--threed", "--audio", made / "tone.wav",
               "-o", out, "--json").json  # fmt: skip
    info = probe(out)
    assert done["bytes"] == out.stat().st_size
    assert info.video is not None and info.audio is not None and info.video.n_frames == 10
    np.save(tmp_path / "mesh.npy", np.random.default_rng(0).normal(0, 50, (4, 468, 3)) + 300)
    assert run("compare", tmp_path / "mesh.npy", "--threed", "-o", tmp_path / "m.mp4").code == 0
    for tracks, name in (([made / "bare.npy"], "a.mp4"), ([tmp_path / "deep.npy"], "a.gif")):
        assert "--threed" in run("compare", *tracks, "--threed", "-o", tmp_path / name).reason


@pytest.mark.parametrize(
    ("flags", "spaces", "truths"),
    [
        ([], ["template", "template"], [True, False]),
        (["--identity", "kept"], ["pixel", "template"], [True, False]),
        (["--ground-truth", "none"], ["template", "template"], [False, False]),
    ],
    ids=["free of identity unless asked", "as they are", "without ground truth"],
)
def test_what_is_drawn_and_what_is_the_ground_truth(
    made: Path, run: Run, tmp_path: Path, flags: list[str], spaces: list[str], truths: list[bool]
) -> None:
    run("compare", made / "truth.npz", made / "cnn.npz", *flags, "-o", tmp_path / "c.html")
    header = header_of((tmp_path / "c.html").read_text())
    assert [track["space"] for track in header["tracks"]] == spaces
    assert [panel["truth"] for panel in header["panels"]] == truths
    curves = [c["name"] for c in header["curves"]]
    assert ("lip motion error, cnn" in curves) == any(truths)


def test_titles_are_given_for_all_tracks_or_for_none(made: Path, run: Run, tmp_path: Path) -> None:
    words = ["compare", made / "truth.npz", made / "cnn.npz", "-o", tmp_path / "c.html"]
    assert "got 1 for 2 tracks" in run(*words, "--title", "A").reason
    run(*words, "--title", "A", "--title", "B")
    header = header_of((tmp_path / "c.html").read_text())
    assert [panel["title"] for panel in header["panels"]] == ["A", "B"]
