"""A page with a player on it, and what a viewer does there."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

FPS = 25
FRAMES = 150
BITS = 8
PLAYER = "[data-testid=speechmarks-player]"

APP = """
import streamlit as st
from ui.player import media_route
app = st.App("router.py", routes=media_route.routes())
"""


def write_coded_clip(path: Path, fps: Fraction | int = FPS, frames: int = FRAMES) -> None:
    """H.264: frame k shows k mod 256 as eight black or white blocks; a 440 Hz tone beside it."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        options = {"crf": "18", "g": "25", "preset": "veryfast"}
        video = out.add_stream("libx264", rate=fps, options=options)
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        sound = out.add_stream("aac", rate=44100, layout="mono")
        for k in range(frames):
            picture = np.full((240, 320, 3), 128, dtype=np.uint8)
            for bit in range(BITS):
                picture[80:160, bit * 40 : (bit + 1) * 40] = 235 if k >> bit & 1 else 16
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(video.encode(None))
        tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(int(44100 * frames / fps)) / 44100)
        frame = av.AudioFrame.from_ndarray(tone[None].astype(np.float32), "fltp", layout="mono")
        frame.sample_rate = 44100
        out.mux(sound.encode(frame))
        out.mux(sound.encode(None))


def write_tone(path: Path) -> None:
    with av.open(str(path), "w") as out:
        sound = out.add_stream("pcm_s16le", rate=16000, layout="mono")
        tone = 6000 * np.sin(2 * np.pi * 440 * np.arange(16000 * FRAMES // FPS) / 16000)
        frame = av.AudioFrame.from_ndarray(tone[None].astype(np.int16), "s16", layout="mono")
        frame.sample_rate = 16000
        out.mux(sound.encode(frame))
        out.mux(sound.encode(None))


REST = """
const count = () => p.view.layout !== 'grid' ? 0
  : [...root.querySelectorAll('.sm-panel')].reduce((sum, _, i) => sum + p.draws(i), 0);
const end = performance.now() + 5000;
let last = count();
for (let quiet = 0; quiet < 8 && performance.now() < end; quiet += 1) {
  await new Promise(requestAnimationFrame);
  if (count() !== last) [quiet, last] = [0, count()];
}
"""
FRESH = """
root.first ??= structuredClone(p.view);
if (p.playing) p.media ? p.media.pause() : root.querySelector('.sm-play').click();
root.getRootNode().activeElement?.blur();
root.style.width = '';
const nothing = Object.fromEntries(Object.keys(p.view).map((name) => [name, undefined]));
p.change({...nothing, ...structuredClone(root.first)});
p.seek(0);
"""


class Player:
    """The handle that the player leaves on its element for tests.

    address : opened first; None where the page shows a player already.
    """

    def __init__(self, page: Any, address: str | None, wait_for_picture: bool = True) -> None:
        self.page = page
        if address is not None:
            page.goto(address)
        self.root = page.locator(PLAYER)
        self.root.wait_for(timeout=30_000)
        if wait_for_picture:
            self.until("p => !p.media || p.media.readyState >= 2")
            self.until("p => p.view.layout !== 'grid' || p.draws(0) > 0")

    def fresh(self) -> Player:
        """Paused at 0, with the settings that it opened with, and nothing open around it."""
        self.page.mouse.click(5, 5)
        self.js(FRESH)
        self.key("0")  # the whole timeline
        self.settle()
        return self

    def js(self, expression: str) -> Any:
        return self.root.evaluate(f"async (root) => {{ const p = root.__player; {expression} }}")

    def until(self, test: str, seconds: float = 10) -> None:
        end = time.monotonic() + seconds
        while not self.root.evaluate(f"(root) => ({test})(root.__player)"):
            assert time.monotonic() < end, f"waited {seconds} s for {test}"
            self.page.wait_for_timeout(30)

    @property
    def time(self) -> float:
        return float(self.js("return p.time()"))

    def key(self, name: str) -> None:
        self.root.focus()
        self.page.keyboard.press(name)

    def settle(self) -> None:
        """The position that was sought is drawn, and nothing more is being drawn."""
        self.until("p => !p.media || !p.media.seeking")
        self.js(REST)

    def code(self) -> int:
        """The number that the picture on the video panel's canvas shows."""
        return int(self.js(CODE + "return code(root);"))

    def runs(self) -> int:
        return int(self.page.get_by_text("runs ").inner_text().split()[-1])


CODE = """
const code = (root) => {
  const canvas = root.querySelector('canvas');
  const ctx = canvas.getContext('2d');
  const [w, h] = [canvas.width, canvas.height];
  const scale = Math.min(w / 320, h / 240);
  let k = 0;
  for (let bit = 0; bit < 8; bit += 1) {
    const x = w / 2 + (bit * 40 + 20 - 160) * scale;
    if (ctx.getImageData(Math.round(x), Math.round(h / 2), 1, 1).data[0] > 128) k |= 1 << bit;
  }
  return k;
};
"""


Keep = Callable[[str], Player]
