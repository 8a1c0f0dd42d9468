"""The style "portrait" is one picture in the player and in movies."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.neutral import inner_opening, remove_identity
from core.render import player
from core.render.canvas import blank
from core.render.player.join import join_modules
from core.render.shaded import draw_shaded
from core.render.view import fit_view
from core.samples import SAMPLE
from core.tracks.geometry import eye_centres, interocular
from core.tracks.scheme import DLIB68

SIDE = 480
PORTRAIT = Path(player.__file__).parent / "js" / "portrait.js"
FREE = remove_identity(SAMPLE.truth)
OPENING = inner_opening(FREE)
DRAW = """({points, parts, eyes, head, ground, side}) => {
  const canvas = Object.assign(document.createElement("canvas"), {width: side, height: side});
  const ctx = canvas.getContext("2d");
  ctx.fillStyle = ground;
  ctx.fillRect(0, 0, side, side);
  ctx.translate(0.5, 0.5); // a canvas counts from the corner of a pixel, not from its centre
  window.drawPortrait(ctx, {p: points, parts, hidden: new Set(), eyes, head});
  return canvas.toDataURL("image/png");
}"""


@pytest.mark.parametrize(
    "frame",
    [int(np.argmin(OPENING)), int(np.argmax(OPENING))],
    ids=["a closed mouth", "an open mouth"],
)
def test_player_and_movie_draw_the_same_portrait(page: Any, frame: int) -> None:
    points = fit_view(FREE, SIDE, margin=0.25).apply(FREE.points[frame])
    right, left = eye_centres(points)
    eyes = float(interocular(points))
    head = float(np.linalg.norm(points[8] - (right + left) / 2))
    script = join_modules(PORTRAIT) + "\nwindow.drawPortrait = drawPortrait;"
    page.set_content(f'<script type="module">{script}</script>')
    page.wait_for_function("() => Boolean(window.drawPortrait)")
    given = {
        "points": points.ravel().tolist(),
        "parts": {name: list(points) for name, points in DLIB68.parts.items()},
        "eyes": eyes,
        "head": head,
        "ground": "#f5f5f4",
        "side": SIDE,
    }
    url = page.evaluate(DRAW, given)
    picture = Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB")
    drawn = blank(SIDE)
    draw_shaded(drawn, points, eyes=eyes, head=head)
    apart = np.abs(np.asarray(picture).astype(int) - drawn).max(axis=2)
    assert (drawn != blank(SIDE)).any(axis=2).mean() > 0.15, "a face is there"
    assert apart.mean() < 1.5 and np.percentile(apart, 99) < 24
