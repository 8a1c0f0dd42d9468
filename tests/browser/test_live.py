"""A face that follows the microphone, in a real browser with a recorded voice for a microphone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import CHROMIUM, CHROMIUM_ARGS, used_tabs_of, windows_of

from core.media import read_audio
from core.media.audio import resample
from core.samples import SAMPLE
from core.workspace import Workspace

LIVE = "[data-testid=speechmarks-live]"
VOICE = SAMPLE.video.with_suffix(".wav")
FAKE = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    f"--use-file-for-fake-audio-capture={VOICE}",
]

APP = """
import streamlit as st
from ui.live import route as live_route, session
session.MOST_BEHIND = 120.0  # networks on a machine that runs other tests, too
app = st.App("router.py", routes=live_route.routes())
"""

ROUTER = """
import streamlit as st
from ui.shared import state
from ui.live.view import live_microphone

st.set_page_config(layout="wide")
st.session_state.runs = st.session_state.get("runs", 0) + 1
name = "grid-s1-cnn"  # quick, and with little look-ahead
models = {name: state.model(name)}
if st.checkbox("Second"):
    models["<b>second</b>"] = state.model(name)
if st.checkbox("Show", True):
    live_microphone(models, {n: c for n, c in zip(models, ["#d55e00", "#009e73"])})
st.button("Again")
st.text(f"runs {st.session_state.runs}")
clip = state.current_clip()
st.text(f"chosen {clip.name if clip else None}")
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("workspace")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPEECHMARKS_HOME", str(folder))
        yield folder


def serve(folder: Path, streamlit_server: Callable[..., str], base: str = "") -> str:
    (folder / "app.py").write_text(APP)
    (folder / "router.py").write_text(ROUTER)
    return streamlit_server(folder / "app.py", base=base)


@pytest.fixture(scope="module")
def root(
    tmp_path_factory: pytest.TempPathFactory, home: Path, streamlit_server: Callable[..., str]
) -> str:
    return serve(tmp_path_factory.mktemp("live"), streamlit_server)


@pytest.fixture(scope="module")
def speaker(browser: Any) -> Iterator[Callable[..., Any]]:
    """Windows of a Chromium whose microphone says the sample's sentence, again and again."""
    chromium = browser.browser_type.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS + FAKE)
    yield windows_of(chromium)
    chromium.close()


@pytest.fixture(scope="module")
def speaking_tab(speaker: Callable[..., Any]) -> Callable[..., tuple[Any, list[str]]]:
    """``speaking_tab(**options)`` -> a page of it and its errors, one for each options."""
    return used_tabs_of(speaker, console=True)


@pytest.fixture
def tab(
    speaking_tab: Callable[..., tuple[Any, list[str]]], request: pytest.FixtureRequest
) -> Iterator[Any]:
    """An empty page of it, which other tests have used; an error in the page fails the test."""
    page, problems = speaking_tab(**getattr(request, "param", {}))
    yield page
    page.goto("about:blank")
    unasked = [text for text in problems if "/_stcore/" not in text]
    problems.clear()
    assert not unasked, f"errors in the page: {unasked}"


class Live:
    """The component, and what a viewer does with it."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        page.goto(address)
        self.root = page.locator(LIVE)
        self.root.wait_for(timeout=60_000)
        self.status = self.root.locator(".sm-status")

    def js(self, expression: str) -> Any:
        return self.root.evaluate(f"(root) => {{ const p = root.__live; return {expression}; }}")

    def until(self, test: str, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not self.js(test):
            assert time.monotonic() < end, f"waited {seconds} s for {test}: {self.told()}"
            self.page.wait_for_timeout(30)

    def told(self) -> str:
        return str(self.status.inner_text())

    def press(self, label: str) -> None:
        self.root.get_by_role("button", name=label, exact=True).click()

    def speak(self, seconds: float) -> None:
        self.press("Speak")
        self.until(f"p.state === 'running' && p.seconds() >= {seconds}")

    def stop(self) -> None:
        self.press("Stop")
        self.until("p.state === 'stopped'")

    def mouth(self) -> float:
        """How far the inner lips are apart on the screen."""
        points = np.array(self.js("p.faces[0].points()")).reshape(-1, 2)
        return float(np.linalg.norm(points[62] - points[66]))


def test_the_face_moves_with_the_voice_and_the_recording_becomes_the_chosen_clip(
    tab: Any, root: str, home: Path
) -> None:
    live = Live(tab, root)
    before, runs = live.mouth(), tab.get_by_text("runs ").inner_text()
    assert live.js("p.faces[0].frame") == -1 and before > 0, "a face at rest stands there already"
    live.speak(0.5)
    openings, frames, end = [], [], time.monotonic() + 90
    while len(set(frames)) < 30 and time.monotonic() < end:
        openings.append(live.mouth())
        frames.append(live.js("p.faces[0].frame"))
        tab.wait_for_timeout(20)
    assert len(set(frames)) >= 30 and frames == sorted(frames)
    assert np.ptp(openings) > 0.2 * np.mean(openings), "the mouth opens and closes"
    measured, promised = live.js("[p.faces[0].measured, p.faces[0].promised]")
    work = live.js("p.work(0)")
    print(f"delay {measured} ms, latency {promised} ms, work on a piece {work:.1f} ms")
    figures = live.root.locator(".sm-delay").inner_text()
    assert f"latency {promised} ms" in figures and "delay " in figures and "computing" in figures
    assert 0.5 * promised < measured < promised + 3000
    level = int(live.root.get_by_role("meter", name="Level").get_attribute("aria-valuenow"))
    assert -60 <= level <= 0
    assert tab.get_by_text("runs ").inner_text() == runs, "Python hears nothing of it"
    live.stop()
    seconds = live.js("p.seconds()")
    assert live.told() == "Keep the recording, or speak again."
    live.until(f"p.faces[0].frame >= {int(seconds * 25)}")  # the faces that it owed
    assert not Workspace(home).clip_ids()

    live.press("Keep the recording")
    tab.get_by_text("chosen Microphone").wait_for()
    assert f"{seconds:.1f} s are stored in the Library" in live.told()
    assert live.root.get_by_role("button", name="Keep the recording").count() == 0
    (identity,) = Workspace(home).clip_ids()
    clip = Workspace(home).clip(identity)
    assert clip.name.startswith("Microphone 20") and clip.name.endswith(".wav")
    kept = read_audio(clip.path)
    assert kept.duration == pytest.approx(seconds, abs=0.01)
    assert alike(kept.samples, kept.rate) > 0.9, "it is what the microphone said"
    assert not list((home / "scratch").rglob("*.wav")), "and no second copy is left"


def alike(samples: np.ndarray, rate: int) -> float:
    """Median over pieces of 0.4 s of the largest correlation with a stretch of the voice.

    A busy machine may lose a few milliseconds of the microphone, which spoils one piece.
    """
    voice = resample(read_audio(VOICE), rate).samples
    voice = np.concatenate([voice, voice])
    size = round(0.4 * rate)
    pieces = samples[: len(samples) // size * size].reshape(-1, size)
    power = np.concatenate([[0.0], np.cumsum(voice.astype(float) ** 2)])
    count = len(voice) - size
    here = np.maximum(np.sqrt(power[size:][:count] - power[:count]), 1e-3)
    whole = len(voice) + size
    found = []
    for piece in pieces[np.linalg.norm(pieces, axis=1) > 0.01 * np.sqrt(size)]:
        spectrum = np.fft.rfft(voice, whole) * np.fft.rfft(piece, whole).conj()
        dots = np.fft.irfft(spectrum, whole)[:count]
        found.append(float((dots / here).max() / np.linalg.norm(piece)))
    return float(np.median(found))


def test_reruns_of_the_page_leave_the_talk_alone_and_other_models_end_it(
    tab: Any, root: str
) -> None:
    live = Live(tab, root)
    live.speak(0.5)
    tab.get_by_role("button", name="Again").click()
    tab.get_by_text("runs 2").wait_for()
    heard = live.js("p.seconds()")
    live.until(f"p.state === 'running' && p.seconds() > {heard} + 0.5")
    tab.get_by_text("Second").first.click()
    live.until("p.faces.length === 2 && p.state === 'stopped'")
    assert live.told().startswith("The models have changed")
    assert live.root.locator(".sm-title").all_inner_texts()[1] == "<b>second</b>"
    live.press("Keep the recording")
    tab.get_by_text("chosen Microphone").wait_for()
    live.press("Speak")
    live.until("p.state === 'running' && p.faces.every((face) => face.frame > 5)", 60)
    tab.get_by_text("Show").first.click()
    live.root.wait_for(state="detached")


def test_it_is_worked_by_keys_and_speaks_again(tab: Any, root: str) -> None:
    live = Live(tab, root)
    live.root.get_by_role("button", name="Speak").focus()
    tab.keyboard.press("Enter")
    live.until("p.state === 'running' && p.seconds() > 0.5")
    tab.keyboard.press("Space")  # the same button, which kept the focus
    live.until("p.state === 'stopped'")
    first = live.js("p.seconds()")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    tab.get_by_text("chosen Microphone").wait_for()
    live.speak(0.3)
    assert live.js("p.seconds()") < first + 5 and live.js("p.faces[0].frame") < 25 * first
    live.stop()
    style = live.root.get_by_label("Style of", exact=False)
    style.select_option("wireframe")
    assert style.input_value() == "wireframe"


def test_below_a_base_path_the_microphone_is_heard(
    tab: Any, home: Path, tmp_path: Path, streamlit_server: Callable[..., str]
) -> None:
    live = Live(tab, serve(tmp_path, streamlit_server, "tools/speech"))
    live.speak(0.3)
    live.until("p.faces[0].frame >= 0")
    live.stop()


def stub(name: str) -> str:
    """A browser whose microphone fails with this error."""
    return f"""navigator.mediaDevices.getUserMedia = async () => {{
        throw new DOMException("no", "{name}"); }};"""


AS_IT_WAS = """() => {
  delete navigator.mediaDevices;
  delete navigator.mediaDevices.getUserMedia;
  WebSocket = window.RealSocket ??= WebSocket;
}"""


@pytest.fixture(scope="module")
def refused(speaker: Callable[..., Any], root: str) -> Iterator[Live]:
    """One page for everything that goes wrong before anybody is heard."""
    page = speaker().new_page()
    yield Live(page, root)
    page.close()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (stub("NotAllowedError"), "The browser may not use the microphone"),
        (stub("NotFoundError"), "No microphone was found"),
        (stub("NotReadableError"), "another program may hold it"),
        (stub("StrangeError"), "The microphone cannot be opened (StrangeError)."),
        (
            "Object.defineProperty("
            "navigator, 'mediaDevices', {value: undefined, configurable: true});",
            "Browsers give a microphone only to pages under https",
        ),
        (
            """WebSocket = function (url, ...rest) {
              return new RealSocket(String(url).replace(/live.+/, "live/nobody"), ...rest);
            };
            WebSocket.OPEN = 1;""",
            "The server does not answer: reload the page",
        ),
    ],
    ids=["denied", "none", "in use", "unknown", "not secure", "server gone"],
)
def test_what_goes_wrong_is_told_in_a_sentence(refused: Live, script: str, said: str) -> None:
    live = refused
    live.page.evaluate(AS_IT_WAS)
    live.page.evaluate(f"() => {{ {script} }}")
    live.press("Speak")
    live.root.get_by_role("alert").filter(has_text=said).wait_for()
    assert live.js("p.state") == "idle"
    assert live.root.get_by_role("button", name="Speak", exact=True).is_enabled()


def test_without_audio_worklets_the_voice_is_heard_the_older_way(tab: Any, root: str) -> None:
    live = Live(tab, root)
    tab.evaluate("() => { AudioWorklet.prototype.addModule = async () => { throw Error(); }; }")
    live.speak(0.5)
    live.until("p.faces[0].frame > 5")
    live.stop()


def test_a_browser_that_really_refuses_is_told_so(page: Any, root: str) -> None:
    live = Live(page, root)  # without a fake device: nobody allows anything here
    live.press("Speak")
    page.locator(LIVE).get_by_role("alert").wait_for()
    assert "microphone" in live.told()


@pytest.mark.parametrize(
    "tab",
    [
        {"viewport": {"width": 900, "height": 700}, "color_scheme": "dark"},
        {"viewport": {"width": 1200, "height": 800}, "color_scheme": "light"},
    ],
    ids=["dark and narrow", "light"],
    indirect=True,
)
def test_nothing_is_cut_off(tab: Any, root: str) -> None:
    live = Live(tab, root)
    tab.get_by_text("Second").first.click()
    live.until("p.faces.length === 2")
    live.speak(0.2)
    width = live.root.evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert width[0] <= width[1] + 1
    for panel in live.root.locator(".sm-delay").all():
        assert panel.evaluate("e => e.scrollWidth <= e.clientWidth")
    live.stop()
