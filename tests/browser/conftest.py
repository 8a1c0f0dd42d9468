"""A Streamlit server and a Chromium page for tests that look at the real thing."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
START_SECONDS = 60.0
WINDOW: dict[str, Any] = {
    "viewport": {"width": 1200, "height": 900},
    "color_scheme": "light",
    "device_scale_factor": 1,
}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def run_streamlit(
    script: Path, *options: str, base: str = "", home: Path | None = None
) -> Iterator[str]:
    """Serve ``script`` (a page or an app.py) on a free port; yields the address of its root.

    home : folder of the server's workspace; the usual one where it is not given.
    """
    port = _free_port()
    log = script.parent / f"streamlit-{port}.log"
    command = [
        *(sys.executable, "-m", "streamlit", "run", str(script)),
        *("--server.address", "127.0.0.1", "--server.port", str(port)),
        *("--server.headless", "true", "--server.fileWatcherType", "none"),
        *("--browser.gatherUsageStats", "false", "--server.baseUrlPath", base, *options),
    ]
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    if home is not None:
        environment["SPEECHMARKS_HOME"] = str(home)
    root = f"http://127.0.0.1:{port}/{base}".rstrip("/")
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, cwd=script.parent, env=environment
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"Streamlit did not start:\n{log.read_text(errors='replace')[-3000:]}")
            with contextlib.suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(f"{root}/_stcore/health", timeout=2).close()
                break
            time.sleep(0.2)
        yield root
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def streamlit_server() -> Iterator[Callable[..., str]]:
    """``streamlit_server(script, *options, base="")`` -> address; stopped when the tests end."""
    with contextlib.ExitStack() as running:
        yield lambda script, *options, base="": running.enter_context(
            run_streamlit(Path(script), *options, base=base)
        )


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium; absent: skipped, or failed where REQUIRE_BROWSER=1."""
    missing = None
    if not (Path(CHROMIUM).exists() or shutil.which(CHROMIUM)):
        missing = f"no Chromium at {CHROMIUM} (set CHROMIUM to its path)"
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing = "playwright is not installed"
    if missing:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(f"Browser tests are required here: {missing}")
        pytest.skip(missing)
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield chromium
        chromium.close()


def windows_of(browser: Any) -> Callable[..., Any]:
    """``windows(**options)`` -> a browser context, the same one for the same options, so that its
    pages share what the browser has loaded and compiled."""
    opened: dict[str, Any] = {}

    def window(**options: Any) -> Any:
        options = {**WINDOW, **options}
        key = str(sorted(options.items()))
        if key not in opened:
            opened[key] = browser.new_context(**options)
        return opened[key]

    return window


@pytest.fixture(scope="session")
def windows(browser: Any) -> Callable[..., Any]:
    """Browser contexts by their options, for all tests of a process."""
    return windows_of(browser)


def used_tabs_of(
    windows: Callable[..., Any], *, console: bool = False
) -> Callable[..., tuple[Any, list[str]]]:
    """``used_tab(**options)`` -> a page and the uncaught errors that it met (with `console`, also
    those that it wrote there); the same one for the same options.

    A tab that has shown Streamlit before shows it again in a third of the time.
    """
    opened: dict[str, tuple[Any, list[str]]] = {}

    def tab(**options: Any) -> tuple[Any, list[str]]:
        key = str(sorted(options.items()))
        if key not in opened:
            page, problems = windows(**options).new_page(), []
            page.on("pageerror", lambda error: problems.append(str(error)))
            if console:
                page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
            opened[key] = page, problems
        return opened[key]

    return tab


@pytest.fixture(scope="session")
def used_tab(windows: Callable[..., Any]) -> Callable[..., tuple[Any, list[str]]]:
    """Pages for all tests of a process, see `used_tabs_of`."""
    return used_tabs_of(windows)


@pytest.fixture
def page(
    used_tab: Callable[..., tuple[Any, list[str]]], request: pytest.FixtureRequest
) -> Iterator[Any]:
    """An empty page, 1200 x 900, light. Other context options are passed by
    ``@pytest.mark.parametrize("page", [{...}], indirect=True)``. An uncaught error in the page
    fails the test.

    Other tests have used it: a test that adds listeners or scripts to it takes `own_page`.
    """
    options = getattr(request, "param", {})
    tab, problems = used_tab(**options)
    yield tab
    tab.emulate_media(color_scheme={**WINDOW, **options}["color_scheme"])
    tab.goto("about:blank")
    found = problems.copy()
    problems.clear()
    assert not found, f"errors in the page: {found}"


@pytest.fixture
def own_page(windows: Callable[..., Any], request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page that no other test uses, with options as `page`. An uncaught error in it fails the
    test."""
    opened = windows(**getattr(request, "param", {})).new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    yield opened
    opened.close()
    assert not problems, f"errors in the page: {problems}"


@pytest.fixture(scope="module")
def tabs(browser: Any) -> Iterator[Callable[..., Any]]:
    """``tabs(address, **options)`` -> a page that shows it, opened once for all tests of a file. An
    uncaught error in one of them fails the test that meets it.

    Each has a window of its own: Chromium draws a page behind another one of its window slowly.
    """
    opened: dict[str, Any] = {}
    problems: list[str] = []

    def tab(address: str, **options: Any) -> Any:
        assert not problems, f"errors in a page: {problems}"
        options = {**WINDOW, **options}
        key = f"{address} {sorted(options.items())}"
        if key not in opened:
            opened[key] = page = browser.new_context(**options).new_page()
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.goto(address)
        return opened[key]

    yield tab
    for page in opened.values():
        page.context.close()
    assert not problems, f"errors in a page: {problems}"


@pytest.fixture
def keep(tabs: Callable[..., Any], root: str) -> Callable[[str], Any]:
    """``keep(mode)`` -> the player of that mode as it opens, for tests that need no fresh page;
    ``root`` is the module's own."""
    from playing import Player

    return lambda mode: Player(tabs(f"{root}/?mode={mode}"), None).fresh()


@pytest.fixture(scope="session")
def app_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app as ``streamlit run app.py`` starts it, seen through links so that the server's log
    lies outside the repository; the log must hold no traceback."""
    folder = tmp_path_factory.mktemp("app")
    for name in ("app.py", "pages", "ui", ".streamlit"):
        (folder / name).symlink_to(ROOT / name)
    with run_streamlit(folder / "app.py", home=tmp_path_factory.mktemp("workspace")) as address:
        yield address
    text = "".join(log.read_text(errors="replace") for log in folder.glob("streamlit-*.log"))
    assert "Traceback" not in text, text[-3000:]


@pytest.fixture(scope="session")
def window(browser: Any, app_root: str) -> Iterator[tuple[Any, Any]]:
    """A window of the app for all tests of a process, and the problems that it met."""
    from visiting import OUTPUT, PATIENCE, Problems  # imports models, which few tests need

    OUTPUT.mkdir(exist_ok=True)
    context = browser.new_context(
        viewport={"width": 1400, "height": 900}, color_scheme="light", accept_downloads=True
    )
    context.set_default_timeout(PATIENCE)
    yield context, Problems(context, app_root)
    context.close()


@pytest.fixture
def visit(window: tuple[Any, Any], app_root: str) -> Iterator[Any]:
    """A fresh tab of the app, which is a fresh session; its problems fail the test."""
    from visiting import Visit

    context, problems = window
    page = context.new_page()
    yield Visit(page, app_root)
    page.close()
    problems.none()
