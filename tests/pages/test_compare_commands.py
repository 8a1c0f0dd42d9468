"""The page Compare, its files and its printed command are one comparison."""

from __future__ import annotations

import base64
import json
import re
import shlex
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import make_track, movie
from streamlit.testing.v1 import AppTest
from test_pages import in_order, open_page, press, private_workspace  # noqa: F401 (a fixture)

from core.cli import main
from core.media import Waveform, read_audio, read_frames
from core.neutral import remove_identity
from core.render.player import UnpackedPlayer, unpack_player
from core.samples import SAMPLE
from core.tracks.io import track_bytes
from core.workspace import Clip
from ui.shared import state

FRAMES = 30


@pytest.fixture(scope="module")
def clip(private_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Clip:  # noqa: F811
    """A second of the built-in clip with its sound."""
    images = [f.image for _, f in zip(range(FRAMES), read_frames(SAMPLE.video))]  # noqa: B905
    sound = read_audio(SAMPLE.video)
    short = Waveform(sound.samples[: int(FRAMES / 25 * sound.rate)], sound.rate)
    path = movie(tmp_path_factory.mktemp("clip") / "talk.mp4", images, sound=short)
    return state.workspace().add_clip(path, path.name)


@pytest.fixture
def here(clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the clip, in which the printed lines are run."""
    shutil.copyfile(clip.path, tmp_path / clip.name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def drop(name: str, content: bytes, choice: str = "") -> str:
    """Drop a file on the page, which then stands in the URL; the user has it in the folder."""
    Path(name).write_bytes(content)
    return state.workspace().add_import(BytesIO(content), name, "track").id + choice


def run_printed(app: AppTest, capsys: pytest.CaptureFixture[str]) -> None:
    in_order(app)
    for line in app.code[-1].value.splitlines():
        assert main(shlex.split(line)[3:]) == 0, f"{line}: {capsys.readouterr().err}"


def made(app: AppTest, ending: str) -> Path:
    (file,) = Path(app.session_state["scratch"]).glob(f"comparison-*{ending}")
    return file


def buffer_of(page: Path) -> UnpackedPlayer:
    found = re.search(r'id="buffer"[^>]*>([^<]+)<', page.read_text(encoding="utf-8"))
    assert found is not None
    return unpack_player(base64.b64decode(found[1]))


def shown(found: UnpackedPlayer) -> dict[str, Any]:
    """Everything that is drawn, by panel; without captions, which a file cannot hold."""
    header = found.header
    return {
        panel["title"]: (
            *(panel[k] for k in ("kind", "style", "colour", "truth", "fit")),
            header["tracks"][panel["track"]]["space"],
            found.points[panel["track"]].tobytes(),
            found.times[panel["track"]].tobytes(),
        )
        for panel in header["panels"]
        if panel["kind"] == "landmarks"
    }


def scores_of(page: Path) -> str:
    return re.sub(r"(?s).*(<table>.*?</table>).*", r"\1", page.read_text(encoding="utf-8"))


def other_clip() -> bytes:
    """Landmarks of another clip, under the name that the command landmarks suggests."""
    track = make_track(SAMPLE.truth.points[40 : 40 + FRAMES] * 0.7 + 90)
    return track_bytes(track, ".npz")


def bare() -> bytes:
    """A file that holds neither a frame rate nor a space."""
    return track_bytes(remove_identity(make_track(SAMPLE.truth.points[:FRAMES])), ".npy")


@pytest.mark.parametrize(
    ("dropped", "names", "style"),
    [
        ([], ["Ground truth", "MODEL"], "wireframe"),
        (
            [("landmarks.npz", other_clip, "")],
            ["Ground truth", "MODEL", "landmarks.npz"],
            "portrait",
        ),
        ([("mine.npy", bare, ":20:template")], ["Ground truth", "MODEL", "mine.npy"], "dots"),
    ],
    ids=["one clip and a model", "two clips", "a dropped track without rate and space"],
)
def test_page_and_printed_command_give_one_comparison(
    clip: Clip,
    here: Path,
    capsys: pytest.CaptureFixture[str],
    dropped: list[Any],
    names: list[str],
    style: str,
) -> None:
    tracks = ",".join(drop(name, content(), choice) for name, content, choice in dropped)
    query = {"style": style, "take away": "Page", "tracks": tracks}
    app = press(open_page("compare", clip, **query), "Make the page")
    run_printed(app, capsys)
    one, two = made(app, ".html"), here / "comparison.html"
    pages = [buffer_of(one), buffer_of(two)]
    assert list(shown(pages[0])) == [
        n if n != "MODEL" else state.default_models()[0] for n in names
    ]
    assert shown(pages[0]) == shown(pages[1])
    assert pages[0].header["curves"] == pages[1].header["curves"]
    assert scores_of(one) == scores_of(two) and "lip motion error" in scores_of(one)
    player = unpack_player(app.get("bidi_component")[0].proto.bytes)
    assert shown(player) == shown(pages[0]), "the player on the page shows the same"
    assert {t["space"] for t in player.header["tracks"]} == {"pixel", "template"}
    assert all(row[5] == "template" for row in shown(player).values()), "free of identity"


def test_movie_and_printed_command_give_the_same_pictures(
    clip: Clip, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    query = {"style": "portrait", "take away": "Movie", "models": ""}
    app = open_page("compare", clip, **query)
    app.multiselect[0].set_value([]).run()
    app.slider(key="movie stretch").set_value((0.2, 0.4))
    app.selectbox(key="movie size").set_value("1080 × 1080")
    app = press(app.run(), "Make the movie")
    run_printed(app, capsys)
    one, two = (
        [f.image for f in read_frames(path)]
        for path in (made(app, ".mp4"), here / "comparison.mp4")
    )
    assert len(one) == 5
    np.testing.assert_array_equal(one, two)


def test_table_and_printed_command_give_the_same_scores(
    clip: Clip, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = open_page("compare", clip, **{"take away": "Table"})
    run_printed(app, capsys)
    assert (here / "scores.csv").read_text(encoding="utf-8").strip() == app.code[0].value


def test_a_prediction_has_one_lip_aperture_on_every_page(clip: Clip) -> None:
    (name,) = state.default_models()
    figure = json.loads(open_page("inference", clip).get("plotly_chart")[-1].proto.spec)
    (line,) = (trace for trace in figure["data"] if trace.get("name") == name)
    assert "lip aperture, IOD (face)" in json.dumps(figure["layout"])
    shown = np.frombuffer(base64.b64decode(line["y"]["bdata"]), line["y"]["dtype"])
    buffer = open_page("compare", clip).get("bidi_component")[0].proto.bytes
    header = unpack_player(buffer).header
    (curve,) = (c for c in header["curves"] if c["name"] == f"lip aperture, {name}")
    assert curve["unit"] == "IOD (face)"
    begin = 4 + int.from_bytes(buffer[:4], "little") + curve["values"]["offset"]
    compared = np.frombuffer(buffer, "<f4", curve["values"]["count"], begin)
    np.testing.assert_allclose(shown, compared, rtol=1e-6)
