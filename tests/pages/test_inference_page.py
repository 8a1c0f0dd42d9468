"""The Inference page: options from the families' lists, motion exaggerated, results in Compare."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from test_pages import (  # noqa: F401 (the fixtures are of this module, too)
    clips,
    in_order,
    open_page,
    panels,
    press,
    private_workspace,
    said,
)
from toy_registry import Toy, make_toy

from core.cli import main
from core.models import SpeechModel, live_latency, load_model
from core.render.player import UnpackedPlayer, unpack_player
from core.samples import SAMPLE
from core.weights import weights_folder
from core.workspace import Clip

Clips = Callable[[str], Clip]


@pytest.fixture(scope="module", autouse=True)
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toy]:
    """Small models of several families, all of them there."""
    with pytest.MonkeyPatch.context() as patch:
        made = make_toy(tmp_path_factory.mktemp("toy"))
        made.use(patch)
        yield made


def player(app: AppTest) -> UnpackedPlayer:
    return unpack_player(app.get("bidi_component")[0].proto.bytes)


def motion(app: AppTest) -> float:
    """How far the points of the last panel move, on average."""
    return float(player(app).points[-1].std(axis=0).mean())


def slide(app: AppTest, label: str, value: float) -> AppTest:
    return next(s for s in app.slider if s.label == label).set_value(value).run()


def test_the_motion_is_exaggerated_without_running_the_network(
    clips: Clips,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = open_page("inference", clips("sound only"))
    in_order(app)
    plain = motion(app)

    def again(*_: object, **__: object) -> None:
        raise AssertionError("the network ran again")

    monkeypatch.setattr(SpeechModel, "predict", again)
    twice = slide(app, "all components", 2.0)
    in_order(twice)
    assert motion(twice) == pytest.approx(2 * plain, rel=0.02)
    assert "--gain 2,2" in twice.code[-1].value
    still = slide(twice, "all components", 0.0)
    assert motion(still) == pytest.approx(0, abs=1e-4)


def test_one_factor_moves_alone(clips: Clips) -> None:  # noqa: F811
    app = open_page("inference", clips("sound only"))
    in_order(slide(app, "component 2", 3.0))
    assert "--gain 1,3,1" in app.code[-1].value


@pytest.mark.parametrize("adapt", ["false", "true"], ids=["as they come", "adapted"])
def test_the_printed_commands_make_every_chosen_model(
    clips: Clips,  # noqa: F811
    toy: Toy,
    adapt: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    toy.give(weights_folder())
    names = ["ours", "1D_CNN"]
    app = open_page("inference", clips("built-in"), adapt=adapt)
    app = slide(app.multiselect[0].set_value(names).run(), "all components", 2.0)
    in_order(app)
    here = tmp_path / "here"
    (here / "samples").mkdir(parents=True)
    shutil.copyfile(SAMPLE.video, here / "samples/presenter.mp4")
    monkeypatch.chdir(here)
    for line in app.code[-1].value.splitlines():
        assert main(shlex.split(line)[3:] + ["-s"]) == 0, capsys.readouterr().err
    for name, points in zip(names, player(app).points, strict=True):
        made = np.load(here / f"generated/{name}/presenter.mp4/predicted.npy")
        seen = points[..., :2]
        np.testing.assert_allclose(made[..., :2], seen, atol=2e-4 * np.ptp(seen))


def test_results_land_in_compare_as_they_are_on_the_page(clips: Clips) -> None:  # noqa: F811
    app = open_page("inference", clips("built-in"))
    name = app.multiselect[0].value[0]
    slide(app, "all components", 2.0)
    press(app, "Compare with ground truth")
    in_order(app)
    assert app.title[0].value == "Compare"
    assert [title for title in panels(app) if title.startswith(f"{name}, boost")]
    assert app.query_params["tracks"]


def test_plain_results_are_chosen_in_compare_by_name(clips: Clips) -> None:  # noqa: F811
    app = open_page("inference", clips("built-in"))
    name = app.multiselect[0].value[0]
    press(app, "Compare with ground truth")
    in_order(app)
    assert (
        app.title[0].value == "Compare" and name in panels(app) and "tracks" not in app.query_params
    )


def test_the_table_says_what_computes_and_how_late_it_would_be(clips: Clips) -> None:  # noqa: F811
    app = open_page("inference", clips("sound only"))
    row = app.dataframe[0].value.iloc[0]
    assert row["latency"] == pytest.approx(1000 * live_latency(load_model(row["model"])))
    assert np.isfinite(row["real-time factor"])
    assert row["device"].startswith("CPU") and row["rate"] == 25 and row["family"]


def test_the_microphone_needs_no_clip() -> None:
    app = open_page("inference", sound="microphone")
    in_order(app)
    assert not app.error and not app.info
    assert len(app.get("bidi_component")) == 1
    assert "stored only if you press *Keep the recording*" in said(app)


def test_long_sound_is_heard_from_its_file(
    clips: Clips,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sound beyond the limit is never read whole; the page shows the same."""
    short = motion(open_page("inference", clips("sound only")))
    st.cache_resource.clear()
    monkeypatch.setattr("ui.shared.state.LONG_SECONDS", 0.1)

    def whole(*_: object, **__: object) -> None:
        raise AssertionError("all of the sound was read at once")

    monkeypatch.setattr("ui.shared.state.read_audio", whole)
    app = open_page("inference", clips("sound only"))
    in_order(app)
    assert not app.error and motion(app) == pytest.approx(short)


# --- adapted to the speaker ---------------------------------------------------------------------


def test_adapted_the_motion_stays_and_the_seconds_are_named(clips: Clips) -> None:  # noqa: F811
    clip = clips("built-in")
    plain = open_page("inference", clip)
    app = open_page("inference", clip, **{"adapt": "true", "adapt seconds": "2"})
    in_order(app)
    assert "Adapted to 0.00 to 2.00 s of this clip (50 frames" in said(app)
    assert "these seconds are never scored" in said(app)
    assert "--adapt samples/presenter.mp4 --adapt-seconds 2" in app.code[-1].value
    assert [b.label for b in app.get("download_button")] == ["Download ours.npz"]
    one, two = (player(a).points[-1] for a in (plain, app))
    apart = two - one
    assert np.abs(apart).max() > 0.05 * np.ptp(one)
    assert np.ptp(apart, axis=0).max() < 1e-3 * np.ptp(one)
    captions = [panel["caption"] for panel in player(app).header["panels"]]
    assert captions[-1] == "adapted"


def test_the_choice_goes_along_to_compare(clips: Clips) -> None:  # noqa: F811
    app = open_page("inference", clips("built-in"))
    app.toggle(key="adapt").set_value(True).run()
    press(app, "Compare with ground truth")
    in_order(app)
    assert app.title[0].value == "Compare" and app.toggle(key="adapt").value
    assert "Adapted to 0.00 to 3.00 s" in said(app)


def test_corrected_landmarks_and_other_detectors_have_a_command_of_their_own(
    clips: Clips,  # noqa: F811
) -> None:
    app = open_page("inference", clips("built-in"), adapt="true", face="largest")
    in_order(app)
    lines = app.code[-1].value.splitlines()
    assert "landmarks samples/presenter.mp4 -o landmarks.npz --face largest" in lines[0]
    assert "--adapt-landmarks landmarks.npz" in lines[1]


@pytest.mark.parametrize(
    ("name", "told"),
    [("no face", "The models are not adapted."), ("silent", "at least 1 s")],
    ids=["no face", "half a second of a face"],
)
def test_a_clip_without_enough_of_a_face_is_predicted_as_it_is(
    name: str,
    told: str,
    clips: Clips,  # noqa: F811
) -> None:
    app = open_page("inference", clips(name), adapt="true")
    in_order(app)
    assert told in said(app).replace("\\", "") and "ours" in panels(app)
    assert "never scored" not in said(app) and "--adapt" not in app.code[-1].value


def test_sound_alone_offers_no_adaptation(clips: Clips) -> None:  # noqa: F811
    for app in (
        open_page("inference", clips("sound only")),
        open_page("inference", sound="microphone"),
    ):
        in_order(app)
        assert "Adapt to this clip" not in [t.label for t in app.toggle]


# --- the models that it begins with -------------------------------------------------------------


def test_microphone_and_clip_begin_with_models_of_their_own(
    clips: Clips,  # noqa: F811
    toy: Toy,
) -> None:
    registry = toy.pretrained / "registry.toml"
    before = registry.read_text()
    registry.write_text('[defaults]\noffline = ["nobody", "1D_CNN_TC"]\nlive = ["ours"]\n' + before)
    try:
        toy.give(weights_folder())
        clip = open_page("inference", clips("sound only"))
        live = open_page("inference", sound="microphone")
    finally:
        registry.write_text(before)
    assert clip.multiselect[0].value == ["1D_CNN_TC"] and live.multiselect[0].value == ["ours"]
    chosen = open_page("inference", sound="microphone", **{"live models": "1D_CNN_TC"})
    assert chosen.multiselect[0].value == ["1D_CNN_TC"]
