"""A tab of the real app, and what a visitor does in it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from conftest import ROOT

from core.models import default_model

PLAYER = "[data-testid=speechmarks-player]"
OUTPUT = ROOT / "test-output"
MODELS = [card.name for card in [default_model()] if card is not None]
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
# Looks at the clock and the frames of all panels while they play after a time; the look goes on
# meanwhile, so that a short clip is not over before it begins.
WATCH = """(root, [after, count]) => {
  const p = root.__player, rows = [], end = performance.now() + 30_000;
  const panels = root.querySelectorAll('.sm-panel').length;
  const look = (done) => {
    if (p.playing && p.time() > after)
      rows.push([p.time(), [...Array(panels).keys()].map((i) => p.frameShown(i))]);
    else if (rows.length || performance.now() > end) return done(rows);
    if (rows.length < count) requestAnimationFrame(() => look(done)); else done(rows);
  };
  root.watched = new Promise(look);
}"""

# Follows the messages of a page: which runs of its script were asked for, begun and ended.
FOLLOW = """(() => {
  const state = {asked: true, running: false}; // a page begins with a run
  window.__script = state;
  const field = (bytes) => { // number and value of the field that says what a message is
    let at = 0;
    const number = () => {
      let value = 0, shift = 0, byte;
      do { byte = bytes[at++]; value += (byte & 127) * 2 ** shift; shift += 7; } while (byte & 128);
      return value;
    };
    while (at < bytes.length) {
      const key = number(), name = key >> 3;
      const value = number();
      if (name > 2) return [name, value];
      at += value; // the hash and the metadata come first
    }
    return [0, 0];
  };
  const NEW_SESSION = 4, SCRIPT_FINISHED = 6, FOR_A_RERUN = 2, RERUN_SCRIPT = 11;
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (this.url.includes("/_stcore/stream")) {
      if (!this.followed) {
        this.followed = true;
        this.addEventListener("message", ({data}) => {
          if (!(data instanceof ArrayBuffer)) return;
          const [name, value] = field(new Uint8Array(data));
          if (name === NEW_SESSION) Object.assign(state, {asked: false, running: true});
          if (name === SCRIPT_FINISHED && value !== FOR_A_RERUN) state.running = false;
        });
      }
      const bytes = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset) : null;
      if (bytes && bytes[0] >> 3 === RERUN_SCRIPT) state.asked = true;
    }
    return send.call(this, data);
  };
})()"""
SETTLED = """() => {
  const {asked, running} = window.__script;
  if (asked || running || !document.querySelector("h1")) return false;
  const app = document.querySelector("[data-testid=stApp]");
  return app.dataset.testScriptState === "notRunning";
}"""
NEXT_FRAMES = """() => new Promise(
  (done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"""


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


class Visit:
    """A tab of the app, and what a visitor does in it."""

    def __init__(self, page: Any, root: str) -> None:
        self.page, self.root = page, root
        self.player = page.locator(PLAYER)
        page.add_init_script(FOLLOW)

    def open(self, path: str = "") -> None:
        self.page.goto(f"{self.root}/{path}")
        self.settle()

    def go_to(self, title: str) -> None:
        """Open a page; where it is open already, a click could still be on its way later on."""
        if self.page.get_by_role("heading", name=title, level=1, exact=True).count():
            self.settle()
            return
        link = self.page.get_by_test_id("stSidebarNavLink").filter(has_text=title)
        link.click(delay=60)  # as long as a hand holds it: what loses the focus speaks first
        self.arrive(title)

    def press(self, label: str) -> None:
        self.page.get_by_role("button", name=label, exact=True).click()

    def arrive(self, title: str) -> None:
        self.page.get_by_role("heading", name=title, level=1, exact=True).wait_for()
        self.settle()

    def settle(self) -> None:
        """Every run of the script that was asked for has come to its end, and is shown."""
        for _ in range(2):  # a control may ask for its run after the next drawing
            self.page.evaluate(NEXT_FRAMES)
            self.page.wait_for_function(SETTLED)

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
        self.player.evaluate(WATCH, [at + 0.15, 15])
        self.player.focus()
        self.page.keyboard.press(" ")
        rows = self.player.evaluate("(root) => root.watched")
        if self.js("p.playing"):
            self.page.keyboard.press(" ")
        self.until("!p.playing")
        times, titles = [t for t, _ in rows], self.titles()
        assert times == sorted(times) and times[-1] > times[0], "the clock moves"
        wrong = []
        for (before, _), (now, shown) in zip(rows, rows[1:], strict=False):
            for i, (rate, frame) in enumerate(zip(fps, shown, strict=True)):
                late = 3 if titles[i].startswith("Clip") else 1
                if not int(before * rate) - late <= frame <= int(now * rate) + late:
                    wrong.append((i, before, now, frame))
        assert len(wrong) <= len(rows) * len(fps) // 10, wrong

    def hears(self) -> None:
        """The sound is on and was decoded."""
        assert self.js("[p.media.muted, p.media.volume, p.clock]") == [False, 1, "media"]
        assert self.js("p.media.webkitAudioDecodedByteCount") > 0
