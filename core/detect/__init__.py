"""Landmark detection on clips: `detect_landmarks` and the detectors behind it.

Detectors against one another: `core.detect.comparison`.
"""

from .clip import Detection, detect_landmarks, find_faces
from .dlib68 import Dlib68, default_predictor
from .face_tracks import Faces
from .plane import plane_68
from .precision import Precision
from .registry import (
    DETECTORS,
    DetectorInfo,
    DetectorState,
    detector_info,
    detectors,
    fetch_weights,
    open_points,
    weight_files,
)
from .tracking import FaceChoice
from .values import Box, Found, PointModel

__all__ = [
    "DETECTORS",
    "Box",
    "Detection",
    "DetectorInfo",
    "DetectorState",
    "Dlib68",
    "FaceChoice",
    "Faces",
    "Found",
    "PointModel",
    "Precision",
    "default_predictor",
    "detect_landmarks",
    "detector_info",
    "detectors",
    "fetch_weights",
    "find_faces",
    "open_points",
    "plane_68",
    "weight_files",
]
