"""The workspace: clips, imports and results of one folder, and the landmarks of every clip.

`Workspace.landmarks` is the only road to the landmarks of a clip: detected once, with the
corrections of the Quality page unless they are left out.
"""

from ..keys import SCHEMA, file_sha256, model_sha256, result_key
from .faces import cached_faces, known_faces
from .landmarks import (
    DLIB68,
    LandmarkFacts,
    LandmarkRecipe,
    cached_landmarks,
    landmark_facts,
    landmark_key,
)
from .proxies import browser_media
from .store import Clip, Import, ImportKind
from .workspace import ClipLandmarks, Workspace, corrections_fact

__all__ = [
    "DLIB68",
    "SCHEMA",
    "Clip",
    "ClipLandmarks",
    "Import",
    "ImportKind",
    "LandmarkFacts",
    "LandmarkRecipe",
    "Workspace",
    "browser_media",
    "cached_faces",
    "cached_landmarks",
    "corrections_fact",
    "file_sha256",
    "known_faces",
    "landmark_facts",
    "landmark_key",
    "model_sha256",
    "result_key",
]
