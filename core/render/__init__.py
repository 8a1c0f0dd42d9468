"""Faces as pictures and movies: wireframes, overlays, the published painted face, comparisons.

`core.render.player` (the browser's player) stands apart and is imported by its own name.
"""

from .compare import Crop, Layout, Panel, compare_movie
from .crop import CroppedMovie, Normalise, crop_movie, face_box, upright_maps
from .movie import face_movie, threed_movie
from .painted import paint_face, painted_view, to_template_space
from .palette import (
    ACCENT,
    GROUND,
    GROUND_DARK,
    INK,
    INK_DARK,
    MODEL_COLOURS,
    free_colours,
    model_colour,
    model_colours,
)
from .portrait import draw_portrait
from .series import PlotStyle, picture_series
from .styles import FrameImage, Style, render_panel
from .threed import draw_threed
from .view import Viewport, fit_view
from .wireframe import draw_dots, draw_overlay, draw_wireframe

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
    "model_colours",
    "paint_face",
    "face_movie",
    "painted_view",
    "picture_series",
    "render_panel",
    "threed_movie",
    "to_template_space",
    "upright_maps",
]
