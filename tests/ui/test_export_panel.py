"""What the take-away row offers, makes, keeps and forgets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.media import probe

SCRIPT = """
import numpy as np
import streamlit as st
from core.evaluation.publications import Score
from core.render import INK, Panel
from core.render.player import PlayerPanel
from core.samples import SAMPLE
from core.tracks.track import LandmarkTrack
from ui.shared import state
from ui.compare.export_panel import Export, export_controls

clip = state.sample_clip()
truth = LandmarkTrack(SAMPLE.truth.points[:25] + st.session_state.get("moved", 0),
                      SAMPLE.truth.times[:25])
media = state.media(clip)
score = {"rmse": Score(0.25, 25, "IOD", None, np.empty(0))}
export_controls(Export(
    clip, media,
    [PlayerPanel("Clip", "video", "overlay", INK, truth), PlayerPanel("Truth", track=truth)],
    [Panel("Clip", truth, clip.path), Panel("Truth", truth)],
    {"Truth <b>": truth},
    sound=state.sound(clip),
    files=st.session_state.get("files", {}),
    words=list(st.session_state.get("files", {}).values()),
    before=[["landmarks", "a.mp4", "-o", "mine.npz"]] if "files" in st.session_state else [],
    scores={} if st.session_state.get("no scores") else {"cnn": score},
))
"""


@pytest.fixture(scope="module", autouse=True)
def private_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPEECHMARKS_HOME", str(tmp_path_factory.mktemp("workspace")))
        st.cache_resource.clear()
        yield
    st.cache_resource.clear()


FILES = {"Truth <b>": "mine.npz", "cnn": "theirs.npy"}


def line(app: AppTest) -> str:
    """The last printed command, without what is the same for all."""
    made, last = app.code[-1].value.splitlines()
    assert made == "python -m core landmarks a.mp4 -o mine.npz"
    return str(last.removeprefix("python -m core "))


def opened(kind: str | None = None) -> AppTest:
    app = AppTest.from_string(SCRIPT, default_timeout=120)
    app.session_state["files"] = FILES
    if kind is not None:
        app.session_state["take away"] = kind
    app.run()
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> AppTest:
    app = next(b for b in app.button if b.label == label).click().run()
    assert not app.exception
    return app


def labels(app: AppTest) -> list[str]:
    return [b.label for kind in ("button", "download_button") for b in app.get(kind)]


def made(app: AppTest, ending: str) -> list[Path]:
    return sorted(Path(app.session_state["scratch"]).glob(f"comparison-*.{ending}"))


def kinds_of(app: AppTest) -> list[str]:
    return list(app.get("button_group")[0].options)


def test_nothing_is_made_before_it_is_asked_for() -> None:
    app = opened()
    assert kinds_of(app) == ["Movie", "GIF", "Page", "Landmarks", "Table"]
    assert labels(app) == []


def test_without_scores_no_table_is_offered() -> None:
    app = AppTest.from_string(SCRIPT, default_timeout=120)
    app.session_state["no scores"] = True
    app.run()
    assert kinds_of(app) == ["Movie", "GIF", "Page", "Landmarks"]


def test_a_movie_stays_on_offer_until_the_choice_changes() -> None:
    app = opened("Movie")
    assert labels(app) == ["Make the movie"]
    app.selectbox(key="movie size").set_value("1280 × 720")
    app.slider(key="movie stretch").set_value((0.2, 0.6))
    app = press(app.run(), "Make the movie")
    assert labels(app) == ["Download the movie"]
    (file,) = made(app, "mp4")
    info = probe(file)
    assert info.video is not None and info.video.size == (1280, 720)
    assert info.audio is not None and info.video.n_frames == 10
    assert line(app) == (
        "compare mine.npz theirs.npy --video samples/presenter.mp4 --labels --layout row "
        "--size 1280x720 --start 0.2 --stop 0.6 -o comparison.mp4"
    )
    assert labels(app.run()) == ["Download the movie"]
    app.toggle(key="movie burn-in").set_value(True)
    assert labels(app.run()) == ["Make the movie"]
    app.toggle(key="movie burn-in").set_value(False)
    assert labels(app.run()) == ["Download the movie"]
    app.session_state["moved"] = 1.0
    assert labels(app.run()) == ["Make the movie"]


def test_the_prepared_truth_can_be_asked_for() -> None:
    app = opened("Movie")
    app.slider(key="movie stretch").set_value((0.0, 0.2))
    app.toggle(key="movie face").set_value(True)
    app = press(app.run(), "Make the movie")
    assert "--crop face" in line(app) and len(made(app, "mp4")) == 1


def test_a_gif_of_a_stretch() -> None:
    app = opened("GIF")
    app.slider(key="gif stretch").set_value((0.2, 0.6))
    app = press(app.run(), "Make the GIF")
    assert labels(app) == ["Download the GIF"]
    (file,) = made(app, "gif")
    assert file.read_bytes()[:6] == b"GIF89a"


@pytest.mark.parametrize("picture", [False, True], ids=["without the picture", "with the picture"])
def test_a_page(picture: bool) -> None:
    app = opened("Page")
    app.toggle(key="page picture").set_value(picture)
    app = press(app.run(), "Make the page")
    (file,) = made(app, "html")
    page = file.read_text(encoding="utf-8")
    assert ('data-type="video/mp4"' in page) == picture
    assert (">Clip, Truth, on one clock." in page) == picture and "Truth, on one clock." in page
    assert "IOD" in page


def test_landmarks_in_every_format() -> None:
    app = opened("Landmarks")
    assert labels(app) == ["Download the landmarks"]
    assert app.caption[-2].value == "Truth \\<b\\>: 25 frames of 68 points, space pixel."


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("Landmarks", "identity mine.npz -o motion.npz"),
        (
            "Table",
            "compare mine.npz theirs.npy --audio samples/presenter.mp4 -o comparison.html "
            "--metrics scores.csv",
        ),
        (
            "Page",
            "compare mine.npz theirs.npy --video samples/presenter.mp4 -o comparison.html",
        ),
    ],
)
def test_every_kind_prints_the_command_that_makes_it(kind: str, command: str) -> None:
    assert line(opened(kind)) == command


def test_without_files_there_is_no_command() -> None:
    app = AppTest.from_string(SCRIPT, default_timeout=120)
    app.session_state["take away"] = "Landmarks"
    assert not app.run().code


@pytest.mark.parametrize(
    ("word", "begin"),
    [("CSV", "prediction,rmse"), ("Markdown", "| prediction |"), ("LaTeX", "% needs")],
)
def test_a_table_is_shown_and_offered(word: str, begin: str) -> None:
    app = opened("Table")
    app.get("button_group")[1].set_value(word).run()
    assert app.code[0].value.startswith(begin)
    assert labels(app) == ["Download the table"]
