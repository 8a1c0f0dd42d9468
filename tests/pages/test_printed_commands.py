"""The commands that a page prints are run as they stand, and give the figures that it shows."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from making import movie
from streamlit.testing.v1 import AppTest
from test_pages import (  # noqa: F401 (the workspace is a fixture of this module, too)
    in_order,
    open_page,
    press,
    private_workspace,
    said,
)

from core.align import align, shipped_template
from core.cli import main
from core.jobs.speaker import clip_speaker_mean
from core.media import read_frames
from core.neutral import identity_audit, published_difference, session_null, speaker_mean
from core.neutral.candidates import RULES
from core.quality.measures import quality
from core.samples import SAMPLE
from core.tracks.corrections import Cleaning, Edit, EditLayer, Kept, load_kept, save_kept
from core.tracks.geometry import interocular
from core.tracks.io import read_track
from core.weights import PRETRAINED
from core.workspace import Clip
from ui.identity import audit_view
from ui.shared import state
from ui.shared.edits import how_found

Said = dict[str, Any]


@pytest.fixture(scope="module")
def pair(
    private_workspace: object,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Clip]:
    """Two stretches of the built-in clip, the second mirrored: another face of a kind."""
    folder = tmp_path_factory.mktemp("pair")
    clips = []
    for name, start, flip in (("left", 0.0, False), ("right", 2.0, True)):
        frames = [f.image for _, f in zip(range(30), read_frames(SAMPLE.video, start=start))]  # noqa: B905
        pictures = [np.ascontiguousarray(f[:, ::-1]) if flip else f for f in frames]
        path = movie(folder / f"{name}.mp4", pictures)
        clips.append(state.workspace().add_clip(path, path.name))
    return clips


@pytest.fixture
def done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., list[Said]]:
    """Run the lines of a page in an empty folder that holds the clips by their names."""
    here = tmp_path / "here"
    (here / "samples").mkdir(parents=True)
    shutil.copyfile(SAMPLE.video, here / "samples/presenter.mp4")
    for identity in state.workspace().clip_ids():
        clip = state.stored_clip(identity)
        shutil.copyfile(clip.path, here / clip.name)
    monkeypatch.chdir(here)

    def run(app: AppTest, block: int = -1, *, lines: int | None = None) -> list[Said]:
        in_order(app)
        said = []
        for line in app.code[block].value.splitlines()[:lines]:
            words = [w for w in shlex.split(line)[3:] if w != "--json"]
            capsys.readouterr()
            code = main([*words, "--json"])
            out, err = capsys.readouterr()
            assert code == 0, f"{line}: {err}"
            said.append(json.loads(out))
        return said

    return run


def shown(app: AppTest, number: int = 0) -> pd.DataFrame:
    return app.dataframe[number].value


def test_alignment(pair: list[Clip], done: Callable[[AppTest], list[Said]]) -> None:
    app = open_page("alignment", pair[0])
    table = shown(app)
    rows = {row["method"]: row for row in done(app)[1]["rows"]}
    assert len(rows) == len(table)
    for row, (_, line) in zip(rows.values(), table.iterrows(), strict=True):
        for field, title in (
            ("eye_centres", "r eye centres"), ("motion_left", "head left"),
            ("nose_base", "nose base"), ("jitter", "jitter"),
        ):  # fmt: skip
            expected = np.nan if row[field] is None else row[field]
            np.testing.assert_array_equal(line[title], expected)


def test_alignment_as_published(pair: list[Clip], done: Callable[[AppTest], list[Said]]) -> None:
    app = open_page("alignment", pair[0], published="true", after="procrustes")
    said = done(app)
    assert "--published" in app.code[-1].value
    rows = [row["nose_base"] for row in said[1]["rows"]]
    np.testing.assert_array_equal(shown(app)["nose base"], rows)
    track, there = read_track(Path("landmarks.npz")), read_track(Path("procrustes.npz"))
    expected = align(track, "procrustes", published=True)
    np.testing.assert_array_equal(there.points, expected.points)
    away = np.linalg.norm(there.points - align(track, "procrustes").points, axis=2).max()
    words = "".join(caption.value for caption in app.caption)
    assert "mirrors **0** of 30 frames" in words and (away == 0) == ("**0.0000 IOD**" in words)


def test_identity_as_published(pair: list[Clip], done: Callable[[AppTest], list[Said]]) -> None:
    Path("pretrained").mkdir()
    shutil.copyfile(PRETRAINED / "template.npy", "pretrained/template.npy")
    app = speakers_of(pair, "Watch", published="true")
    said = done(app)[-len(pair) :]
    table = shown(app)
    seconds = [row["reference"] / 25 for row in said]
    np.testing.assert_allclose(table["reference, published"], seconds)
    assert list(table["duration, published"]) == [row["frames"] / 25 for row in said]
    for clip, difference in zip(pair, table["difference"], strict=True):
        track = read_track(Path(f"{Path(clip.name).stem}.npz"))
        both = published_difference(track, shipped_template())
        assert difference == pytest.approx(both.distance) and difference > 0


def test_compare_as_published(done: Callable[..., list[Said]]) -> None:
    Path("pretrained").mkdir()
    shutil.copyfile(PRETRAINED / "template.npy", "pretrained/template.npy")
    clip, name = state.sample_clip(), state.default_models()[0]
    app = open_page("compare", clip, published="true")
    in_order(app)
    np.save(f"{name}.npy", state.prediction(clip, name).points)
    block = next(k for k, code in enumerate(app.code) if "published.npz" in code.value)
    row = done(app, block)[-1][f"{name}.npy"]
    table = next(d.value for d in app.dataframe if "RMSE, published" in d.value)
    iod = interocular(shipped_template())
    assert list(table["model"]) == [name]
    assert table["RMSE, published"][0] == pytest.approx(row["rmse"] / iod)
    assert table["difference"][0] == pytest.approx(
        table["RMSE, published"][0] - table["RMSE, corrected"][0]
    )


@pytest.mark.parametrize(
    ("rule", "rate"),
    [
        ("anatomical-1.3", "25 fps, as in identity removal"),
        ("crossed-0.1", "original frame rate"),
        ("smallest", "25 fps, as in identity removal"),
    ],
)
def test_the_rules_of_the_reference(
    rate: str, rule: str, done: Callable[[AppTest], list[Said]]
) -> None:
    app = open_page("reference", state.sample_clip(), rule=RULES[rule].title, rate=rate)
    said = done(app)
    assert f"Frame **{said[1]['frame']}**" in "".join(m.value for m in app.markdown)
    table = shown(app)
    for field in ("frame", "gap", "smallest_gap", "width_z"):
        np.testing.assert_array_equal(
            table[field.replace("_", " ")], [row[field] for row in said[1]["rules"]]
        )


def test_what_hangs_on_a_frame_by_hand(
    pair: list[Clip], done: Callable[[AppTest], list[Said]]
) -> None:
    app = open_page("reference", pair[0], look="Sensitivity")
    by_hand = next(n for n in app.number_input if n.label == "Frame by hand")
    app = by_hand.set_value(int(shown(app)["frame"].max()) + 7).run()
    rows = done(app)[1]["sensitivity"]
    table = shown(app)
    assert list(table["frame"]) == [row["frame"] for row in rows] and len(rows) == 6
    for part in ("face", "mouth"):
        np.testing.assert_array_equal(table[part], [row["change"][part] for row in rows])


def test_a_models_errors_hang_on_the_frame(done: Callable[[AppTest], list[Said]]) -> None:
    app = open_page("reference", state.sample_clip(), look="Sensitivity")
    box = next(b for b in app.selectbox if b.label == "Errors of a model")
    app = box.set_value(state.default_models()[0]).run()
    rows = done(app)[2]["sensitivity"]
    np.testing.assert_allclose(
        shown(app)["mouth_rmse"], [row["errors"]["mouth_rmse"] for row in rows], rtol=1e-9
    )


def test_pursed_lips(pair: list[Clip], done: Callable[[AppTest], list[Said]]) -> None:
    rows = done(open_page("reference", pair[0], look="Why width matters"))[2]["rules"]
    assert next(row["frame"] for row in rows if row["rule"] == "smallest") == 30


def speakers_of(pair: list[Clip], tab: str, **query: str) -> AppTest:
    clips = ",".join(clip.id[:12] for clip in pair)
    return open_page("identity", left=tab, clips=clips, **query)


def test_the_audit_and_the_distances(
    pair: list[Clip],
    done: Callable[[AppTest], list[Said]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for made_by in (identity_audit, session_null):
        monkeypatch.setattr(audit_view, made_by.__name__, partial(made_by, parts=["mouth", "face"]))
    audit_view._audits().clear()
    app = press(speakers_of(pair, "Audit"), "Run the audit")
    rows = {(row["stage"], row["part"]): row for row in done(app)[-1]["rows"]}
    table = shown(app).set_index("part")
    for stage in ("before", "after"):
        for part in ("face", "mouth"):
            row = rows[stage, part]
            assert table.loc[part, stage] == row["accuracy"]
            assert table.loc[part, f"{stage}, 95 %"] == f"{row['low']:.4f} – {row['high']:.4f}"
    far = shown(speakers_of(pair, "Distances")).set_index("part")
    for (stage, part), row in rows.items():
        assert far.loc[part, f"{stage}: same speaker"] == row["within"]
        assert far.loc[part, f"{stage}: others"] == row["between"]


def test_another_template(pair: list[Clip], done: Callable[[AppTest], list[Said]]) -> None:
    app = speakers_of(pair, "Another template")
    app.slider[0].set_value(0.5).run()
    assert done(app)[-2]["shares"] == {"left": pytest.approx(1 / 3), "right": pytest.approx(2 / 3)}


@pytest.mark.parametrize(
    ("tab", "part"),
    [
        ("Components", "face"),
        ("Reconstruction error", "face"),
        ("Reconstruction error", "lips"),
        ("Over time", "lips"),
        ("Another mean", "lips"),
    ],
)
def test_shape_space(
    tab: str, part: str, pair: list[Clip], done: Callable[[AppTest], list[Said]]
) -> None:
    clips = ",".join(clip.id[:12] for clip in pair)
    app = open_page("shape", clips=clips, part=part, **{"look at": tab})
    said = done(app)
    if tab == "Reconstruction error":
        rows = said[-1]["rows"]
        table = shown(app)
        np.testing.assert_array_equal(table["MSE, clips of the fit"], [r["mse"] for r in rows])
    else:
        share = f"**{said[2]['explained']:.1%}**"
        assert share in "".join(m.value for m in app.markdown)


def test_a_clip_kept_out_of_the_fit(
    pair: list[Clip], done: Callable[[AppTest], list[Said]]
) -> None:
    clips = ",".join(clip.id[:12] for clip in pair)
    app = open_page("shape", clips=clips, **{"look at": "Reconstruction error"})
    app.multiselect(key="held").set_value([pair[1].id]).run()
    rows = done(app)[-1]["rows"]
    np.testing.assert_array_equal(shown(app)["MSE, clips left out"], [r["mse"] for r in rows])


# --- a clip with corrections ----------------------------------------------------------------------


@pytest.fixture
def corrected(pair: list[Clip]) -> Iterator[Clip]:
    """A clip whose lips were moved by hand in some frames; undone afterwards."""
    clip, root = pair[0], state.workspace().root
    plain = state.plain_landmarks(clip)
    moves = [
        Edit(frame, k, "move", *(plain.points[frame, k] + [3.0 * (frame % 3), 8.0]))
        for frame in (4, 5, 6, 14, 24)
        for k in range(54, 68)
    ]
    save_kept(root, plain, Kept(EditLayer().add(moves)))
    yield clip
    save_kept(root, plain, Kept())


def test_the_landmarks_of_a_corrected_clip(
    corrected: Clip, done: Callable[..., list[Said]]
) -> None:
    app = open_page("quality", corrected)
    found = done(app, lines=2)  # the third measures the landmark noise
    track = state.landmarks(corrected)
    assert track is not state.plain_landmarks(corrected)
    np.testing.assert_array_equal(read_track(Path("landmarks.npz")).points, track.points)
    expected = quality(track, corrected.info.video.size)  # type: ignore[union-attr]
    assert found[0]["corrected"] and found[1]["jitter"] == expected.jitter
    assert "· corrected" in said(app)


def test_the_page_of_landmarks_shows_and_prints_them_as_detected(
    corrected: Clip, done: Callable[[AppTest], list[Said]]
) -> None:
    done(open_page("landmarks", corrected))
    detected = state.plain_landmarks(corrected)
    np.testing.assert_array_equal(read_track(Path("landmarks.npz")).points, detected.points)


def test_smoothing_of_a_corrected_clip_begins_with_what_is_not_smoothed(
    corrected: Clip, done: Callable[[AppTest], list[Said]]
) -> None:
    plain, root = state.plain_landmarks(corrected), state.workspace().root
    layer = load_kept(root, plain).layer
    save_kept(root, plain, Kept(layer, Cleaning(method="one-euro")))
    app = open_page("quality", corrected, **{"quality view": "Fill and smooth"})
    jitter = {m.label: m.value for m in app.metric}["Jitter"]
    assert jitter == f"{done(app)[1]['jitter_after']:.3f} %"


def test_alignment_of_a_corrected_clip(
    corrected: Clip, done: Callable[[AppTest], list[Said]]
) -> None:
    app = open_page("alignment", corrected)
    jitter = [row["jitter"] for row in done(app)[1]["rows"]]
    np.testing.assert_array_equal(shown(app)["jitter"], jitter)


def test_the_reference_of_a_corrected_clip(
    corrected: Clip, done: Callable[[AppTest], list[Said]]
) -> None:
    app = open_page("reference", corrected)
    table = shown(app)
    rows = done(app)[1]["rules"]
    for field in ("frame", "gap", "width_z"):
        np.testing.assert_array_equal(table[field.replace("_", " ")], [row[field] for row in rows])


def test_a_model_is_adapted_to_the_corrected_face(corrected: Clip) -> None:
    shown_here = speaker_mean(state.landmarks(corrected), clip=corrected.id, seconds=1)
    printed = clip_speaker_mean(state.workspace(), corrected.path, seconds=1)
    raw = clip_speaker_mean(state.workspace(), corrected.path, seconds=1, corrected=False)
    assert shown_here.facts == printed.facts != raw.facts


def test_compare_says_that_the_ground_truth_is_corrected(corrected: Clip) -> None:
    app = open_page("compare", corrected)
    in_order(app)
    assert "· corrected" in said(app)
    assert how_found(state.landmarks(corrected)) == "detected, corrected"
    assert how_found(state.plain_landmarks(corrected)) == "detected"
