"""Faces as pictures and movies: wireframes, overlays, the published painted face, comparisons.

`core.render.player` (the browser's player) stands apart and is imported by its own name.
"""

from core.render.compare import Crop, Layout, Panel, compare_movie
from core.render.crop import CroppedMovie, Normalise, crop_movie, face_box, upright_maps
from core.render.movie import face_movie, threed_movie
from core.render.painted import paint_face, painted_view, to_template_space
from core.render.palette import (
    ACCENT,
    GROUND,
    GROUND_DARK,
    INK,
    INK_DARK,
    MODEL_COLOURS,
    free_colours,
    model_colour,
)
from core.render.portrait import draw_portrait
from core.render.series import PlotStyle, picture_series
from core.render.styles import FrameImage, Style, render_panel
from core.render.threed import draw_threed
from core.render.view import Viewport, fit_view
from core.render.wireframe import draw_dots, draw_overlay, draw_wireframe

__all__ = [
    "ACCENT",
    "GROUND",
    "GROUND_DARK",
    "INK",
    "INK_DARK",
    "MODEL_COLOURS",
    "Crop",
    "CroppedMovie",
    "FrameImage",
    "Layout",
    "Normalise",
    "Panel",
    "PlotStyle",
    "Style",
    "Viewport",
    "compare_movie",
    "crop_movie",
    "draw_dots",
    "draw_overlay",
    "draw_portrait",
    "draw_threed",
    "draw_wireframe",
    "face_box",
    "fit_view",
    "free_colours",
    "model_colour",
    "paint_face",
    "face_movie",
    "painted_view",
    "picture_series",
    "render_panel",
    "threed_movie",
    "to_template_space",
    "upright_maps",
]
