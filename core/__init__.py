"""Speechmarks: from speech to facial landmarks.

The main work in five lines; the package is ``speechmarks`` where it is installed, and ``core``
inside the repository:

>>> from speechmarks import detect_landmarks, load_model, read_audio, score
>>> truth = detect_landmarks(clip, frames=range(50)).track
>>> audio = read_audio(clip)
>>> prediction = load_model("anyvoice-live").predict(audio).track
>>> 0 < score(truth, prediction)["lip_motion_error"] < 0.1  # in inter-ocular distances (IOD)
True

These names are imported when they are first used, so that ``import speechmarks`` is quick. The
modules below hold the rest; docs/architecture.md says what each is for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .detect.clip import detect_landmarks
    from .evaluation.runner import evaluate
    from .evaluation.scoring import compare, score
    from .media.audio import read_audio
    from .models.store import list_models, load_model
    from .neutral.identity import remove_identity
    from .tracks.io.tracks import read_track, write_track
    from .workspace import Workspace

__version__ = "0.1.0"
__all__ = [
    "Workspace",
    "__version__",
    "compare",
    "detect_landmarks",
    "evaluate",
    "list_models",
    "load_model",
    "read_audio",
    "read_track",
    "remove_identity",
    "score",
    "write_track",
]

_HOMES = {
    "Workspace": ".workspace",
    "compare": ".evaluation.scoring",
    "detect_landmarks": ".detect.clip",
    "evaluate": ".evaluation.runner",
    "list_models": ".models.store",
    "load_model": ".models.store",
    "read_audio": ".media.audio",
    "read_track": ".tracks.io.tracks",
    "remove_identity": ".neutral.identity",
    "score": ".evaluation.scoring",
    "write_track": ".tracks.io.tracks",
}


def __getattr__(name: str) -> Any:
    """Import a name of the façade on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name], __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
