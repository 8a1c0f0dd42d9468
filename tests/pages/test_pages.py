"""Every page, run as the router runs it, on good clips, on awkward ones, and on none.

The browser's part (what is drawn, what plays) is in tests/browser.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
import typer
from making import grey, movie, tone
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest
from typer.main import get_command

from core.cli import load
from core.errors import Offline
from core.media import Waveform, read_frames, write_wav
from core.models.cnn import CNNModel
from core.render.player import unpack_player
from core.samples import SAMPLE
from core.workspace import Clip
from ui.player import component as player
from ui.shared import state

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "home": "Speechmarks",
    "library": "Library",
    "frames": "Frames",
    "landmarks": "Landmarks",
    "quality": "Quality",
    "alignment": "Alignment",
    "reference": "Reference",
    "identity": "Identity",
    "shape": "Shape space",
    "inference": "Inference",
    "compare": "Compare",
    "evaluate": "Evaluate",
    "models": "Models",
}
NEED_A_CLIP = ("frames", "landmarks", "quality", "alignment", "reference", "inference", "compare")
HOSTILE = "<img src=x onerror=alert(1)> **b** [a](javascript:alert(1)) $x^2$ :red[r] `c`"
PLAYS = "plays"


# --- a workspace for this module, and clips in it ---------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def private_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One workspace for all tests here, so that costly results are made once."""
    folder = tmp_path_factory.mktemp("workspace")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPEECHMARKS_HOME", str(folder))
        st.cache_resource.clear()
        st.cache_data.clear()
        player._component.cache_clear()  # it may be known to another registry
        yield folder
    st.cache_resource.clear()
    st.cache_data.clear()
    player._component.cache_clear()


def presenter(frames: int) -> list[np.ndarray]:
    read = read_frames(SAMPLE.video, start=1.0)
    return [frame.image for _, frame in zip(range(frames), read, strict=False)]


def no_face(path: Path) -> Path:
    return movie(path, [grey(40 + 10 * k, 96, 128) for k in range(12)], sound=tone(0.5))


def no_sound(path: Path) -> Path:
    return movie(path, presenter(12))


def one_frame(path: Path) -> Path:
    return movie(path, presenter(1))


def silent(path: Path) -> Path:
    return movie(path, presenter(12), sound=Waveform(np.zeros(8_000, np.float32), 16_000))


def neither(path: Path) -> Path:
    return movie(path, [grey(90, 96, 128)] * 5)


def sound_only(path: Path) -> Path:
    return write_wav(path.with_suffix(".wav"), tone(0.8)) or path.with_suffix(".wav")


MADE: dict[str, Callable[[Path], Path]] = {
    "no face": no_face,
    "no sound": no_sound,
    "one frame": one_frame,
    "silent": silent,
    "neither face nor sound": neither,
    "sound only": sound_only,
}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Clip]:
    """A clip of the workspace by its name in MADE, or "built-in"."""
    folder = tmp_path_factory.mktemp("clips")
    made: dict[str, Clip] = {}

    def clip(name: str) -> Clip:
        if name == "built-in":
            return state.sample_clip()
        if name not in made:
            path = MADE[name](folder / f"{name}.mp4")
            made[name] = state.workspace().add_clip(path, path.name)
        return made[name]

    return clip


# --- driving a page ---------------------------------------------------------------------------


@cache
def components() -> BidiComponentManager:
    """One registry for all apps here: to fill one takes half a second."""
    return BidiComponentManager()


def open_page(page: str, clip: Clip | str | None = None, **query: str) -> AppTest:
    """The page as a browser opens it by its address."""
    app = AppTest.from_file(str(ROOT / "pages" / "router.py"), default_timeout=180)
    app._bidi_component_manager = components()
    app.switch_page(f"{page}.py")
    if clip is not None:
        app.query_params["clip"] = clip if isinstance(clip, str) else clip.id
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def go_to(app: AppTest, page: str) -> AppTest:
    return app.switch_page(f"{page}.py").run()


def press(app: AppTest, label: str) -> AppTest:
    return next(b for b in app.button if b.label == label).click().run()


def said(app: AppTest) -> str:
    """All that the page tells in words outside of tables and figures."""
    kinds = (app.title, app.caption, app.markdown, app.info, app.warning, app.error, app.subheader)
    return "\n".join(element.value for kind in kinds for element in kind)


def panels(app: AppTest) -> list[str]:
    """Titles of the player's panels; none where the page shows no player."""
    found = app.get("bidi_component")
    assert len(found) <= 1, "one player a page"
    if not found:
        return []
    return [p["title"] for p in unpack_player(found[0].proto.bytes).header["panels"]]


def in_order(app: AppTest) -> None:
    """No exception on the page, and its title."""
    assert not app.exception, [e.value for e in app.exception]
    assert len(app.title) == 1


# --- every page --------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_a_title_and_one_sentence_and_opens_without_a_clip(page: str) -> None:
    app = open_page(page)
    in_order(app)
    assert app.title[0].value == PAGES[page]
    purpose = app.caption[0].value
    assert purpose.endswith(".") and ". " not in purpose and "\n" not in purpose
    assert 30 < len(purpose) < 180
    assert not app.error


@pytest.mark.parametrize("page", NEED_A_CLIP)
def test_the_empty_state_offers_the_built_in_clip_and_the_library(page: str) -> None:
    app = open_page(page)
    assert [i.value for i in app.info] == ["No clip is chosen yet."]
    assert panels(app) == []
    press(app, "Use the built-in clip")
    in_order(app)
    assert app.title[0].value == PAGES[page] and not app.info
    assert app.query_params["clip"] == state.sample_clip().id

    app = press(open_page(page), "Choose or upload one")
    assert app.title[0].value == "Library"


@pytest.mark.parametrize("page", PAGES)
def test_the_command_at_the_bottom_is_one_that_exists(
    page: str, clips: Callable[[str], Clip]
) -> None:
    app = open_page(page, clips("built-in"))
    in_order(app)
    group = get_command(load())
    for line in app.code[-1].value.splitlines():
        words = shlex.split(line)
        assert words[:3] == ["python", "-m", "core"]
        with typer.Context(group, info_name="core") as context:
            name, command, rest = group.resolve_command(context, words[3:])
            made = command.make_context(name, list(rest), parent=context)  # no unknown flag
        for value in made.params.values():
            if isinstance(value, Path) and value.parts[0] == "samples":
                assert (ROOT / value).is_file(), f"{value} is not in the repository"


def test_the_command_follows_the_choices(clips: Callable[[str], Clip]) -> None:
    app = open_page("frames", clips("built-in"))
    app.number_input(key="every").set_value(5).run()
    assert "--every 5" in app.code[0].value
    app.slider[1].set_range(1.0, 2.0).run()
    assert "--start 1 --stop 2" in app.code[0].value
    app = open_page("reference", clips("no sound"), rule="Own threshold")
    app.slider[0].set_value(2.0).run()
    assert app.code[0].value.count("--z 2") == 2
    app = open_page("compare", clips("built-in"))
    app.button_group[0].set_value("painted").run()
    assert "--style painted" in app.code[0].value


# --- which page makes what of which clip ------------------------------------------------------

NO_PICTURE = "has no video"
NO_AUDIO = "has no audio"
NO_FACE = "No face was found"
TABLE: dict[str, dict[str, list[str]]] = {
    # page: {clip: what must be said, or that it plays}
    "frames": {"sound only": [NO_PICTURE]},
    "landmarks": {
        "built-in": [PLAYS],
        "no sound": [PLAYS],
        "no face": [NO_FACE],
        "one frame": [PLAYS],
        "silent": [PLAYS],
        "neither face nor sound": [NO_FACE],
        "sound only": [NO_PICTURE],
    },
    "alignment": {
        "built-in": [PLAYS],
        "no sound": [PLAYS],
        "no face": [NO_FACE],
        "one frame": [PLAYS],
        "silent": [PLAYS],
        "neither face nor sound": [NO_FACE],
        "sound only": [NO_PICTURE],
    },
    "reference": {
        "built-in": [PLAYS],
        "no sound": [PLAYS],
        "no face": [NO_FACE],
        "one frame": [PLAYS],
        "silent": [PLAYS],
        "neither face nor sound": [NO_FACE],
        "sound only": [NO_PICTURE],
    },
    "inference": {
        "built-in": [PLAYS],
        "no sound": [NO_AUDIO],
        "no face": [PLAYS],
        "one frame": [NO_AUDIO],
        "silent": [PLAYS, "audio of this clip is silent"],
        "neither face nor sound": [NO_AUDIO],
        "sound only": [PLAYS],
    },
    "compare": {
        "built-in": [PLAYS],
        "no sound": [PLAYS, NO_AUDIO],
        "no face": [PLAYS, NO_FACE],
        "one frame": [PLAYS, NO_AUDIO],
        "silent": [PLAYS, "audio of this clip is silent"],
        "neither face nor sound": [PLAYS, NO_FACE, NO_AUDIO],
        "sound only": [PLAYS],
    },
}
CLIPS = ["built-in", *MADE]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", CLIPS)
def test_any_clip_gives_a_result_or_a_clear_sentence(
    page: str, name: str, clips: Callable[[str], Clip]
) -> None:
    app = open_page(page, clips(name))
    in_order(app)
    expected = TABLE.get(page, {}).get(name, [])
    text = said(app)
    for sentence in expected:
        assert sentence == PLAYS or sentence in text, text
    if page in TABLE and page != "frames":
        assert bool(panels(app)) == (PLAYS in expected)
    for error in app.error:
        assert error.value.rstrip().endswith("."), f"not a sentence: {error.value!r}"
        assert "Traceback" not in error.value and "Error" not in error.value
        assert PLAYS not in expected
        assert press(app, "Choose another clip").title[0].value == "Library"


@pytest.mark.parametrize(
    ("page", "name", "titles"),
    [
        ("landmarks", "built-in", ["Clip with landmarks", "Landmarks"]),
        ("compare", "built-in", ["Clip", "Ground truth", "MODEL"]),
        ("compare", "no sound", ["Clip", "Ground truth"]),
        ("compare", "no face", ["Clip", "MODEL"]),
        ("compare", "sound only", ["MODEL"]),
        ("compare", "neither face nor sound", ["Clip"]),
        ("inference", "built-in", ["Clip", "MODEL"]),
        ("inference", "sound only", ["MODEL"]),
    ],
)
def test_the_player_shows_the_panels_that_the_clip_allows(
    page: str, name: str, titles: list[str], clips: Callable[[str], Clip]
) -> None:
    models = state.default_models()
    wanted = [t for title in titles for t in (models if title == "MODEL" else [title])]
    assert panels(open_page(page, clips(name))) == wanted


@pytest.mark.parametrize("page", ["inference", "compare"])
def test_lips_alone_stand_beside_whole_faces(page: str, clips: Callable[[str], Clip]) -> None:
    names = [card.name for card in state.model_cards()]
    kinds = {n: state.model(n).scheme for n in names}
    chosen = [next(n for n in names if kinds[n] == scheme) for scheme in ("dlib68", "lips20")]
    app = open_page(page, clips("built-in"))
    app.multiselect[0].set_value(chosen).run()
    in_order(app)
    assert not app.error and panels(app)[-2:] == chosen


def test_home_plays_truth_and_models_and_says_what_works(clips: Callable[[str], Clip]) -> None:
    app = open_page("home")
    models = state.default_models()
    assert panels(app) == ["Clip, ground truth", "Ground truth, identity removed", *models]
    assert unpack_player(app.get("bidi_component")[0].proto.bytes).header["autoplay"]
    for word in ("detector", "models", "workspace", "accelerator"):
        assert f"**{word}**" in said(app)
    app = press(app, "Try the sample")
    assert app.title[0].value == "Landmarks" and panels(app)


def test_the_landmarks_of_the_built_in_clip_are_counted(clips: Callable[[str], Clip]) -> None:
    app = open_page("landmarks", clips("built-in"))
    shown = {m.label: m.value for m in app.metric}
    assert shown["Frames with a face"] == "193 of 193"
    assert shown["Frame rate"].startswith("25")
    assert shown["First frame without a face"] == "none"


def test_the_scores_of_the_built_in_clip_are_numbers(clips: Callable[[str], Clip]) -> None:
    table = open_page("compare", clips("built-in")).dataframe[0].value
    known = table[table["system"].isin(state.default_models())]
    assert list(known["system"]) == state.default_models()
    assert np.isfinite(known.select_dtypes("number").to_numpy()).all()


def test_seconds_that_a_model_was_adapted_to_are_not_scored(clips: Callable[[str], Clip]) -> None:
    clip = clips("built-in")
    frames = {
        seconds: open_page("compare", clip, adapt="true", **{"adapt seconds": seconds})
        .dataframe[0]
        .value["frames"][0]
        for seconds in ("1", "3")
    }
    plain = open_page("compare", clip).dataframe[0].value["frames"][0]
    assert frames == {"1": plain - 25, "3": plain - 75}
    app = open_page("compare", clip, adapt="true", **{"adapt seconds": "60"})
    in_order(app)
    assert "never scored" in said(app) and "cannot be scored" in said(app)
    assert not [t for t in app.dataframe if "frames" in t.value]


def test_models_of_one_voice_are_named_where_they_are_chosen(
    clips: Callable[[str], Clip],
) -> None:
    named = "One voice in training, weaker on others: "
    for page in ("inference", "compare"):
        app = open_page(page, clips("sound only"), models="grid-s1-cnn")
        assert f"{named}grid\\-s1\\-cnn." in said(app)
    table = open_page("models").dataframe[0].value.set_index("name")
    assert table.loc["grid-s1-cnn", "voices"] == "one"


def test_a_movie_of_the_comparison_can_be_had(clips: Callable[[str], Clip]) -> None:
    app = press(open_page("compare", clips("silent"), **{"take away": "Movie"}), "Make the movie")
    in_order(app)
    assert [b.label for b in app.get("download_button")] == ["Download the movie"]


def test_dropout_runs_are_drawn_as_a_band_and_named_in_the_command(
    clips: Callable[[str], Clip],
) -> None:
    app = open_page("inference", clips("sound only"))
    app.radio[0].set_value("samples").run()
    in_order(app)
    assert "--dropout --samples 8 --seed 0" in app.code[-1].value
    assert "two standard deviations" in app.get("plotly_chart")[0].proto.spec


def test_no_model_chosen_is_said(clips: Callable[[str], Clip]) -> None:
    for page in ("inference", "compare"):
        app = open_page(page, clips("sound only"))
        app.multiselect[0].set_value([]).run()
        in_order(app)
        assert "model" in app.info[-1].value and panels(app) == []


# --- the Library's door -------------------------------------------------------------------------


def upload(app: AppTest, name: str, content: bytes, kind: str = "video/mp4") -> AppTest:
    return app.file_uploader[0].upload(name, content, kind).run()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.mp4", b"This is only a text file.\n"),
        ("empty.mp4", b""),
        ("playlist.mp4", b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\nfile:///etc/hostname\n"),
        ("list.mp4", b"ffconcat version 1.0\nfile /etc/hostname\n"),
        ("half.wav", b"RIFF\x24\x00\x00\x00WAVEfmt "),
    ],
    ids=["a text", "an empty file", "a playlist", "a list of files", "a torn header"],
)
def test_what_is_not_media_is_refused_in_a_sentence(name: str, content: bytes) -> None:
    app = upload(open_page("library"), name, content)
    in_order(app)
    assert len(app.error) == 1 and app.error[0].value.endswith("."), said(app)
    assert "hostname" not in app.error[0].value and "/" not in app.error[0].value
    assert "clip" not in app.query_params
    assert len(app.dataframe) == 1, "the table stays"


def test_an_uploaded_clip_is_chosen_and_listed(private_workspace: Path, tmp_path: Path) -> None:
    path = movie(tmp_path / "mine.mp4", [grey(200, 48, 64)] * 7, sound=tone(0.28))
    app = upload(open_page("library"), "mine.mp4", path.read_bytes())
    in_order(app)
    assert not app.error
    assert list(app.dataframe[0].value["name"][:2]) == [state.sample_clip().name, "mine.mp4"]
    chosen = app.query_params["clip"]
    assert state.stored_clip(chosen).name == "mine.mp4"
    app = go_to(app, "frames")
    assert app.title[0].value == "Frames" and "mine" in said(app)
    assert app.query_params["clip"] == chosen


def marked(app: AppTest) -> str:
    """The name in the marked row of the Library's table."""
    (row,) = app.session_state["library table"]["selection"]["rows"]
    return str(app.dataframe[0].value["name"][row])


def test_the_marked_row_is_the_current_clip_however_it_was_chosen(
    clips: Callable[[str], Clip], tmp_path: Path
) -> None:
    app = open_page("library", clips("no face"))
    assert marked(app) == "no face.mp4"
    press(app, "Built-in clip")
    assert app.query_params["clip"] == state.sample_clip().id
    assert marked(app) == state.sample_clip().name
    path = movie(tmp_path / "late.mp4", [grey(150, 48, 64)] * 3)
    upload(app, "late.mp4", path.read_bytes())
    assert marked(app) == "late.mp4" == state.stored_clip(app.query_params["clip"]).name


def test_no_download_leaves_the_library_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object) -> None:
        raise Offline("The clip cannot be downloaded: no network; try again later.")

    monkeypatch.setattr("core.weights.fetch", offline)
    app = press(open_page("library"), "Get the example clip")
    in_order(app)
    assert "no network" in app.error[0].value
    assert len(app.dataframe) == 1


def test_a_server_folder_that_has_gone_and_a_broken_clip_leave_the_library_whole(
    private_workspace: Path, tmp_path: Path
) -> None:
    path = movie(tmp_path / "broken.mp4", [grey(11, 48, 64)] * 3)
    clip = state.workspace().add_clip(path, "broken.mp4")
    clip.path.unlink()
    settings = private_workspace / "settings.toml"
    settings.write_text(f'server_roots = ["{tmp_path / "nowhere"}"]\n')
    try:
        app = open_page("library")
        in_order(app)
        assert len(app.dataframe) == 1
        assert len(app.error) == 1 and app.error[0].value.endswith(".")
    finally:
        settings.unlink()
        shutil.rmtree(clip.folder)


def test_a_clip_of_another_name_is_shown_as_text(tmp_path: Path) -> None:
    path = movie(tmp_path / "plain.mp4", [grey(77, 48, 64)] * 4)
    app = upload(open_page("library"), f"{HOSTILE}.mp4", path.read_bytes())
    in_order(app)
    for page in ("library", "compare", "frames"):
        app = go_to(app, page)
        in_order(app)
        line = next(m for m in app.markdown if "4 frames" in m.value)
        assert "\\<img src\\=x onerror\\=alert\\(1\\)\\>" in line.value.replace("=", "\\=")
        assert "\\[a\\]" in line.value and "\\$x^2\\$" in line.value and "\\:red" in line.value
        assert not line.allow_html
    words = shlex.split(app.code[-1].value)
    assert f"{HOSTILE.split('/')[-1]}.mp4" in words, "quoted for the shell"


# --- addresses -----------------------------------------------------------------------------------


NO_CLIPS = {
    "a path upwards": "../../etc",
    "an encoded path": "..%2f..%2fetc%2fpasswd",
    "an absolute path": "/etc/passwd",
    "an id without a clip": "0" * 64,
    "an id too short": "f" * 63,
    "a very long word": "x" * 5000,
    "null bytes": "\0" * 64,
    "markup": "<script>alert(1)</script>",
}


@pytest.mark.parametrize("identity", NO_CLIPS.values(), ids=NO_CLIPS.keys())
def test_an_address_without_a_clip_behind_it_falls_back(identity: str) -> None:
    for page in ("landmarks", "library"):
        app = open_page(page, identity)
        in_order(app)
        assert "clip" not in app.query_params
        assert not app.error
        message = "Click a row" if page == "library" else "No clip is chosen yet."
        assert app.info[0].value.startswith(message)


def test_a_clip_that_has_gone_meanwhile_falls_back(tmp_path: Path) -> None:
    path = movie(tmp_path / "gone.mp4", [grey(33, 48, 64)] * 3)
    clip = state.workspace().add_clip(path, "gone.mp4")
    app = open_page("frames", clip)
    assert "gone" in said(app)
    state.workspace().remove_clip(clip.id)
    for page in ("frames", "library", "compare"):
        app = go_to(app, page)
        in_order(app)
        assert not app.error and "gone" not in said(app)


@pytest.mark.parametrize(
    ("key", "value"),
    [("models", "no-such-model"), ("style", "no-such-style"), ("models", "../../x")],
)
def test_other_unknown_words_of_the_address_are_ignored(
    key: str, value: str, clips: Callable[[str], Clip]
) -> None:
    for page in ("inference", "compare"):
        app = open_page(page, clips("built-in"), **{key: value})
        in_order(app)
        assert not app.error


@pytest.mark.parametrize(
    ("name", "asked", "shown"),
    [("built-in", "50", 50), ("one frame", "50", 0), ("built-in", "-1", 0), ("built-in", "x", 0)],
)
def test_the_frame_lives_in_the_address(
    name: str, asked: str, shown: int, clips: Callable[[str], Clip]
) -> None:
    app = open_page("frames", clips(name), frame=asked)
    in_order(app)
    assert app.slider[0].value == shown
    assert f"frame {shown}" in said(app)


def test_a_frame_that_another_clip_lacks_is_forgotten(clips: Callable[[str], Clip]) -> None:
    app = open_page("frames", clips("built-in"), frame="150")
    app.query_params["clip"] = clips("no sound").id
    app.run()
    in_order(app)
    assert "· frame 0" in said(app)


def test_the_clip_and_its_results_survive_the_way_through_all_pages(
    clips: Callable[[str], Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = clips("silent")
    app = open_page("compare", clip)
    in_order(app)

    def again(*_: object, **__: object) -> None:
        raise AssertionError("computed twice")

    monkeypatch.setattr(sys.modules["core.workspace.landmarks"], "detect_landmarks", again)
    monkeypatch.setattr(CNNModel, "predict", again)
    monkeypatch.setattr(sys.modules["core.workspace.proxies"], "make_proxy", again)
    for page in (*NEED_A_CLIP, "library", *reversed(NEED_A_CLIP)):
        app = go_to(app, page)
        in_order(app)
        assert app.title[0].value == PAGES[page] and not app.error
        assert app.query_params["clip"] == clip.id
        assert "silent" in said(app)


def test_two_people_choose_for_themselves(clips: Callable[[str], Clip]) -> None:
    first = open_page("frames", clips("no sound"))
    second = open_page("frames")
    assert second.info[0].value == "No clip is chosen yet."
    assert "no audio" in said(first)


def test_the_tests_have_a_workspace_of_their_own(private_workspace: Path) -> None:
    assert state.workspace().root == private_workspace
    assert os.environ["SPEECHMARKS_HOME"] == str(private_workspace)
