"""One visitor's way through the real app in Chromium: the built-in clip, real clips, awkward ones.

Screenshots of every page, light and dark, are left in test-output/.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import av
import cv2
import numpy as np
import pytest
from conftest import ROOT, run_streamlit
from making import grey, movie

from core.media import probe, read_frames
from core.models import default_model, list_models
from core.samples import SAMPLE

PLAYER = "[data-testid=speechmarks-player]"
OUTPUT = ROOT / "test-output"
MODELS = [card.name for card in [default_model()] if card is not None]
LIPS = next(card.name for card in list_models() if card.family == "lips")
HOSTILE = "<img src=x onerror=alert(1)> **b** [a](javascript:alert(1)) $x^2$ :red[r] `c`.mp4"
PATIENCE = 90_000  # ms; two busy cores

CANVASES = """(root) => [...root.querySelectorAll('.sm-panel canvas')].map((canvas) => {
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let drawn = 0, low = 255, high = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 60) {
    drawn += 1;
    low = Math.min(low, data[i + 1]);
    high = Math.max(high, data[i + 1]);
  }
  return {drawn: drawn / (canvas.width * canvas.height), contrast: high - low};
})"""
WATCH = """async (root, count) => {
  const p = root.__player, rows = [], panels = root.querySelectorAll('.sm-panel').length;
  const look = (done) => {
    rows.push([p.time(), [...Array(panels).keys()].map((i) => p.frameShown(i))]);
    if (rows.length < count) requestAnimationFrame(() => look(done)); else done();
  };
  await new Promise((done) => requestAnimationFrame(() => look(done)));
  return rows;
}"""


# --- one server, one browser, one workspace ---------------------------------------------------


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app as ``streamlit run app.py`` starts it, seen through links so that the server's log
    lies outside the repository; the log must hold no traceback."""
    folder = tmp_path_factory.mktemp("app")
    for name in ("app.py", "pages", "ui", ".streamlit"):
        (folder / name).symlink_to(ROOT / name)
    OUTPUT.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPEECHMARKS_HOME", str(tmp_path_factory.mktemp("workspace")))
        with run_streamlit(folder / "app.py") as address:
            yield address
    text = "".join(log.read_text(errors="replace") for log in folder.glob("streamlit-*.log"))
    assert "Traceback" not in text, text[-3000:]


class Problems:
    """What a browser window must never do."""

    def __init__(self, context: Any, root: str) -> None:
        self.found: list[str] = []
        self.host = urlsplit(root).netloc
        context.on("console", self.console)
        context.on("weberror", lambda error: self.found.append(f"uncaught: {error.error}"))
        context.on("request", lambda request: self.request(request.url))
        context.on("dialog", self.dialog)
        context.on("page", lambda page: page.on("websocket", lambda ws: self.request(ws.url)))

    def none(self) -> None:
        found, self.found = self.found, []
        assert not found

    def console(self, message: Any) -> None:
        # on the address of a page, Streamlit looks for its endpoints below that page first
        url = str(message.location.get("url", ""))
        if message.type == "error" and not ("/_stcore/" in url and "404" in message.text):
            self.found.append(f"console: {message.text} {url}")

    def request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.host:
            self.found.append(f"asked outside: {url}")

    def dialog(self, dialog: Any) -> None:
        self.found.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@pytest.fixture(scope="module")
def window(browser: Any, root: str) -> Iterator[tuple[Any, Problems]]:
    context = browser.new_context(
        viewport={"width": 1400, "height": 900}, color_scheme="light", accept_downloads=True
    )
    context.set_default_timeout(PATIENCE)
    yield context, Problems(context, root)
    context.close()


@pytest.fixture
def visit(window: tuple[Any, Problems], root: str) -> Iterator[Visit]:
    """A fresh tab, which is a fresh session; its problems fail the test."""
    context, problems = window
    page = context.new_page()
    yield Visit(page, root)
    page.close()
    problems.none()


@pytest.fixture(scope="module")
def long_session(window: tuple[Any, Problems], root: str) -> Iterator[Visit]:
    visit = Visit(window[0].new_page(), root)
    visit.open("library")
    yield visit
    visit.page.close()


@pytest.fixture
def same_visit(long_session: Visit, window: tuple[Any, Problems]) -> Iterator[Visit]:
    """One tab for many clips, as a person works; its problems fail the test that met them."""
    yield long_session
    window[1].none()


class Visit:
    """A tab of the app, and what a visitor does in it."""

    def __init__(self, page: Any, root: str) -> None:
        self.page, self.root = page, root
        self.player = page.locator(PLAYER)

    def open(self, path: str = "") -> None:
        self.page.goto(f"{self.root}/{path}")
        self.settle()

    def go_to(self, title: str) -> None:
        """Open a page; where it is open already, a click could still be on its way later on."""
        if self.page.get_by_role("heading", name=title, level=1, exact=True).count():
            self.settle()
            return
        self.page.get_by_test_id("stSidebarNavLink").filter(has_text=title).click()
        self.arrive(title)

    def press(self, label: str) -> None:
        self.page.get_by_role("button", name=label, exact=True).click()

    def arrive(self, title: str) -> None:
        self.page.get_by_role("heading", name=title, level=1, exact=True).wait_for()
        self.settle()

    def settle(self) -> None:
        """The page's script has run to its end, and stays there."""
        self.page.locator("h1").wait_for()
        done = self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]")
        done.wait_for()
        self.page.wait_for_timeout(150)  # a button's rerun may only now begin
        done.wait_for()

    def upload(self, file: Any, shown: str) -> None:
        self.go_to("Library")
        self.page.locator("input[type=file]").first.set_input_files(file)
        self.page.get_by_text(f"Current clip: {shown}").wait_for()
        self.settle()

    def alerts(self) -> list[str]:
        """What the page says in coloured boxes; an exception is never among them."""
        assert self.page.get_by_test_id("stException").count() == 0
        texts = self.page.get_by_test_id("stAlert").get_by_test_id("stMarkdownContainer")
        return [str(text) for text in texts.all_inner_texts()]

    def in_order(self) -> None:
        self.alerts()
        errors = self.page.get_by_test_id("stAlertContentError")
        assert errors.count() == 0, errors.all_inner_texts()

    def snapshot(self, name: str) -> None:
        """Pictures of the page in both themes; the ground really changes."""
        grounds = []
        for scheme in ("dark", "light"):
            self.page.emulate_media(color_scheme=scheme)
            self.page.wait_for_timeout(150)
            self.settle()
            grounds.append(
                self.page.get_by_test_id("stApp").evaluate(
                    "e => getComputedStyle(e).backgroundColor"
                )
            )
            self.page.screenshot(path=str(OUTPUT / f"journey-{name}-{scheme}.png"))
        assert grounds[0] != grounds[1]

    # the player

    def js(self, expression: str) -> Any:
        return self.player.evaluate(
            f"(root) => {{ const p = root.__player; return {expression}; }}"
        )

    def until(self, expression: str, seconds: float = 30) -> None:
        element = self.player.element_handle()
        self.page.wait_for_function(
            f"(root) => {{ const p = root.__player; return {expression}; }}",
            arg=element,
            timeout=seconds * 1000,
        )

    def ready(self) -> None:
        self.player.wait_for()
        self.until("!p.media || p.media.readyState >= 2")
        self.player.scroll_into_view_if_needed()

    def titles(self) -> list[str]:
        return [str(t) for t in self.player.locator(".sm-title").all_inner_texts()]

    def drawn(self, *, at: float | None = None) -> None:
        """Every panel shows something: a picture has contrast, a face has lines."""
        if at is not None:
            self.js(f"p.seek({at})")
            self.until("!p.media || !p.media.seeking")
        self.until("p.draws(0) > 0")
        self.page.wait_for_timeout(100)
        for title, canvas in zip(self.titles(), self.player.evaluate(CANVASES), strict=True):
            assert canvas["drawn"] > 0.004, f"{title} is blank: {canvas}"
            if title.startswith("Clip"):
                assert canvas["drawn"] > 0.5 and canvas["contrast"] > 60, f"{title}: {canvas}"

    def play(self, fps: list[float], *, at: float = 0.0) -> None:
        """Play: the clock moves, and each panel shows the frame of the clock's time.

        fps : frames a second of each panel. A panel may have been drawn at any moment between two
        looks; a video's picture may be three frames late.
        """
        self.js(f"p.seek({at})")
        self.until("!p.media || !p.media.seeking")
        self.player.focus()
        self.page.keyboard.press(" ")
        self.until(f"p.playing && p.time() > {at} + 0.15")
        rows = self.player.evaluate(WATCH, 15)
        self.page.keyboard.press(" ")
        self.until("!p.playing")
        times = [t for t, _ in rows]
        assert times == sorted(times) and times[-1] > times[0], "the clock moves"
        wrong = []
        for (before, _), (now, shown) in zip(rows, rows[1:], strict=False):
            for i, (rate, frame) in enumerate(zip(fps, shown, strict=True)):
                late = 3 if self.titles()[i].startswith("Clip") else 1
                if not int(before * rate) - late <= frame <= int(now * rate) + late:
                    wrong.append((i, before, now, frame))
        assert len(wrong) <= len(rows) * len(fps) // 10, wrong
        self.settle()

    def hears(self) -> None:
        """The sound is on and was decoded."""
        assert self.js("[p.media.muted, p.media.volume, p.clock]") == [False, 1, "media"]
        assert self.js("p.media.webkitAudioDecodedByteCount") > 0


# --- the whole road ------------------------------------------------------------------------------


def test_the_built_in_clip_leads_through_every_page(visit: Visit) -> None:
    page = visit.page
    visit.open()
    visit.in_order()
    visit.ready()
    assert visit.titles() == ["Clip, ground truth", "Ground truth, identity removed", *MODELS]
    visit.until("p.playing && p.media.muted && p.time() > 0.2")
    visit.drawn()
    visit.snapshot("home")
    visit.press("Play with sound")
    visit.until("p.playing && !p.media.muted && p.time() > 0.1 && p.time() < 5")
    visit.hears()
    assert visit.player.get_by_role("button", name="Play with sound").is_hidden()

    visit.press("Try the sample")
    visit.arrive("Landmarks")
    visit.in_order()
    visit.ready()
    assert "193 of 193" in page.get_by_test_id("stMetricValue").all_inner_texts()
    visit.drawn()
    visit.play([25, 25])
    visit.hears()
    page.locator(".js-plotly-plot .scatterlayer path.js-line").first.wait_for()
    visit.snapshot("landmarks")

    visit.go_to("Frames")
    visit.in_order()
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-testid=stImage] img')]"
        ".filter((i) => i.naturalWidth > 0).length === 19"
    )
    page.get_by_role("slider", name="Frame").focus()
    page.keyboard.press("End")
    page.get_by_text("7.680 s · frame 192").first.wait_for()
    visit.settle()
    page.get_by_label("Every n-th frame").fill("50")
    page.keyboard.press("Enter")
    page.get_by_text("Selected frames: 4 of 193").wait_for()
    visit.settle()
    visit.press("Make a zip")
    with page.expect_download() as download:
        visit.press("Download")
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        assert archive.namelist() == ["0000.jpg", "0050.jpg", "0100.jpg", "0150.jpg"]
    visit.snapshot("frames")

    visit.go_to("Reference")
    visit.in_order()
    visit.ready()
    page.locator(".js-plotly-plot").nth(1).wait_for()
    visit.drawn()
    visit.play([25, 25, 25, 25])
    visit.snapshot("reference")

    visit.go_to("Inference")
    visit.in_order()
    visit.ready()
    assert visit.titles() == ["Clip", *MODELS]
    visit.drawn()
    visit.play([25] * (1 + len(MODELS)))
    visit.hears()
    visit.snapshot("inference")

    visit.press("Compare with ground truth")
    visit.arrive("Compare")
    visit.in_order()
    visit.ready()
    assert visit.titles() == ["Clip", "Ground truth", *MODELS]
    page.get_by_text("painted", exact=True).first.click()
    page.wait_for_url("**style=painted**")
    visit.settle()
    visit.drawn()
    visit.play([25] * (2 + len(MODELS)))
    visit.hears()
    visit.snapshot("compare")

    visit.go_to("Library")
    assert page.get_by_text("Current clip: Built-in presenter").is_visible()
    visit.snapshot("library")
    visit.go_to("Frames")
    page.get_by_text("7.680 s · frame 192").first.wait_for()
    visit.go_to("Compare")
    assert "style=painted" in page.url and "clip=" in page.url
    visit.in_order()


def test_other_models_than_the_first_go_along_to_compare(visit: Visit) -> None:
    """Their names stand in the address, which Streamlit by itself would not let go of."""
    visit.open("library")
    visit.press("Built-in clip")
    visit.go_to("Inference")
    visit.ready()
    visit.page.get_by_role("combobox", name="Models").first.click()
    visit.page.get_by_role("option", name=LIPS).click()
    visit.page.wait_for_url(f"**{LIPS}**")
    visit.page.keyboard.press("Escape")
    visit.settle()
    visit.press("Compare with ground truth")
    visit.arrive("Compare")
    visit.in_order()
    visit.ready()
    assert visit.titles() == ["Clip", "Ground truth", *MODELS, LIPS]


def test_the_style_control_restyles_the_faces(visit: Visit) -> None:
    visit.open("library")
    visit.press("Built-in clip")
    visit.go_to("Compare")
    visit.ready()
    visit.page.get_by_text("painted", exact=True).first.click()
    visit.page.wait_for_url("**style=painted**")
    visit.settle()
    visit.ready()
    styles = visit.player.locator(".sm-style")
    assert [styles.nth(i).input_value() for i in range(3)] == ["overlay", "painted", "painted"]


def test_a_click_in_a_row_chooses_that_clip(same_visit: Visit, tmp_path: Path) -> None:
    visit = same_visit
    file = movie(tmp_path / "other.mp4", [grey(60, 48, 64)] * 3)
    visit.upload(file, "other.mp4")
    table = visit.page.get_by_test_id("stDataFrame")
    box = table.bounding_box()
    visit.page.mouse.click(box["x"] + 250, box["y"] + 60)
    visit.page.get_by_text("Current clip: Built-in presenter").wait_for()
    visit.page.mouse.click(box["x"] + 250, box["y"] + 60 + 64)
    visit.page.get_by_text("Current clip: other.mp4").wait_for()
    visit.press("Built-in clip")
    visit.page.get_by_text("Current clip: Built-in presenter").wait_for()
    visit.in_order()


# --- real clips ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "fps", "at"),
    [
        ("data/clips/grid_other_brbk7n.mpg", 25, 0.5),
        ("data/clips/hdtf_WDA_KatieHill_000.mp4", 25, 0.5),
        ("reference/rep/obama2s.mp4", 30000 / 1001, 0.8),
    ],
    ids=["GRID, MPEG-1", "HDTF", "an address at 29.97 fps"],
)
def test_a_real_clip_is_compared_with_sound(
    same_visit: Visit, shared: Path, file: str, fps: float, at: float
) -> None:
    visit = same_visit
    visit.upload(shared / file, Path(file).name)
    visit.in_order()
    visit.go_to("Compare")
    visit.in_order()
    visit.ready()
    assert visit.titles() == ["Clip", "Ground truth", *MODELS]
    visit.drawn(at=at)
    visit.play([fps, *[25] * (1 + len(MODELS))], at=at)
    visit.hears()
    scores = visit.page.get_by_test_id("stDataFrame")
    assert scores.count() == 1
    visit.page.screenshot(path=str(OUTPUT / f"journey-{Path(file).stem}.png"))


# --- awkward ones -------------------------------------------------------------------------------


def shared_clip(name: str) -> Callable[[Path, pytest.FixtureRequest], Path]:
    return lambda folder, request: request.getfixturevalue("shared") / "data/clips" / name


def phone(folder: Path, request: pytest.FixtureRequest) -> Path:
    """A 4K portrait clip whose pixels lie sideways, as phones write it, with a face in it."""
    face = next(read_frames(SAMPLE.video, start=1.0)).image
    upright = np.full((3840, 2160, 3), 128, np.uint8)
    upright[800:2960] = cv2.resize(face, (2160, 2160))
    sideways = np.ascontiguousarray(np.rot90(upright, -3))
    path = folder / "phone.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "24"})
        stream.height, stream.width = sideways.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.set_display_rotation(270)
        for _ in range(8):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(sideways, format="rgb24")))
        out.mux(stream.encode(None))
    return path


AWKWARD = {
    # what: (file, its size as shown, the sentence on Landmarks, on Compare, the panels there)
    "silent sound": (
        shared_clip("silent_audio.mp4"), "360 × 288", None, "audio of this clip is silent",
        ["Clip", "Ground truth", *MODELS],
    ),
    "no sound": (
        shared_clip("grid_noaudio_reclip.mpg"), "360 × 288", None, "has no audio",
        ["Clip", "Ground truth"],
    ),
    "no face": (
        shared_clip("no_face_animation.mp4"), "960 × 540", "No face was found",
        "No face was found", ["Clip", *MODELS],
    ),
    "4K portrait": (phone, "2160 × 3840", None, "has no audio", ["Clip", "Ground truth"]),
}  # fmt: skip


@pytest.mark.parametrize("what", AWKWARD)
def test_an_awkward_clip_gives_a_result_or_a_clear_sentence(
    same_visit: Visit, what: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    visit = same_visit
    make, size, on_landmarks, on_compare, panels = AWKWARD[what]
    path = make(tmp_path, request)
    visit.upload(path, path.name)
    visit.in_order()
    assert size in visit.page.get_by_text("Current clip: ").inner_text()

    visit.press("Show its landmarks")
    visit.arrive("Landmarks")
    if on_landmarks:
        assert any(on_landmarks in text for text in visit.alerts())
        assert visit.player.count() == 0
        visit.page.screenshot(path=str(OUTPUT / f"journey-{what.replace(' ', '-')}.png"))
    else:
        visit.in_order()
        visit.ready()
        visit.drawn()
        found, _, frames = visit.page.get_by_test_id("stMetricValue").first.inner_text().split()
        assert found == frames

    visit.go_to("Compare")
    visit.in_order()
    visit.ready()
    assert any(on_compare in text for text in visit.alerts()), visit.alerts()
    assert visit.titles() == panels
    visit.until("p.media.readyState >= 2")
    visit.player.focus()
    visit.page.keyboard.press(" ")
    visit.until("p.time() > 0.1")


@pytest.mark.soak
def test_every_shared_clip_plays_in_compare(same_visit: Visit, shared: Path) -> None:
    visit = same_visit
    for path in sorted((shared / "data/clips").iterdir()):
        visit.upload(path, path.name)
        visit.in_order()
        visit.go_to("Compare")
        visit.in_order()
        visit.ready()
        said, titles = visit.alerts(), visit.titles()
        assert titles[0] == "Clip", path.name
        assert ("Ground truth" in titles) is not any("No face was found" in text for text in said)
        heard = not any("has no audio" in text for text in said)
        assert (MODELS[0] in titles) is heard, path.name
        visit.drawn(at=0.7 * probe(path).video.times[-1])  # type: ignore[union-attr]
        visit.js("p.seek(0)")
        visit.player.focus()
        visit.page.keyboard.press(" ")
        visit.until("p.time() > 0.03" if path.stem == "one_frame" else "p.time() > 0.5")
        visit.page.keyboard.press(" ")
        visit.page.screenshot(path=str(OUTPUT / f"clip-{path.stem}.png"))


def test_a_text_named_as_a_video_is_refused_in_a_sentence(visit: Visit) -> None:
    text = {"name": "notes.mp4", "mimeType": "video/mp4", "buffer": b"This is only a text file.\n"}
    visit.open("library")
    visit.page.locator("input[type=file]").first.set_input_files(text)
    error = visit.page.get_by_test_id("stAlertContentError")
    error.wait_for()
    assert error.inner_text().strip().endswith(".") and "Traceback" not in error.inner_text()
    assert visit.page.get_by_test_id("stDataFrame").is_visible()
    for title in ("Landmarks", "Compare"):
        visit.go_to(title)
        visit.in_order()
        assert visit.alerts() == ["No clip is chosen yet."]


def test_a_hostile_name_stays_text(same_visit: Visit, tmp_path: Path) -> None:
    visit = same_visit
    content = movie(tmp_path / "plain.mp4", [grey(90, 48, 64)] * 4).read_bytes()
    visit.upload({"name": HOSTILE, "mimeType": "video/mp4", "buffer": content}, HOSTILE)
    for title in ("Library", "Frames", "Landmarks", "Compare"):
        visit.go_to(title)
        page = visit.page
        assert page.get_by_text(HOSTILE).filter(visible=True).count() > 0
        assert page.locator("main img[src=x], [data-testid=stApp] a[href^=javascript]").count() == 0
        assert page.locator("[data-testid=stMain] .katex").count() == 0
        visit.alerts()
