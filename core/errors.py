"""Every error that Speechmarks raises on purpose.

Each has a stable ``code`` for programs and is also the builtin that callers expect
(``ValueError``, ``FileNotFoundError`` ...). Messages are one sentence for a person: what was
expected, what came, what to do next.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "BadInput",
    "DegenerateShape",
    "MediaError",
    "MissingDependency",
    "MissingFile",
    "NoFace",
    "NoReference",
    "NoAudio",
    "NoVideo",
    "Offline",
    "OutputExists",
    "SpeechmarksError",
    "WeightsError",
]


class SpeechmarksError(Exception):
    """Root of all deliberate errors; ``str(error)`` is a sentence a user can act on."""

    code: ClassVar[str] = "error"


class BadInput(SpeechmarksError, ValueError):
    """A value, array or option that cannot be used as given."""

    code = "bad-input"


class MissingFile(SpeechmarksError, FileNotFoundError):
    """A file or folder that is not there."""

    code = "missing-file"

    def __str__(self) -> str:  # OSError would print an errno tuple
        return str(self.args[0]) if self.args else ""


class OutputExists(SpeechmarksError, FileExistsError):
    """An output that exists already and was not asked to be replaced."""

    code = "output-exists"

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class MediaError(BadInput):
    """A file that cannot be opened or decoded as video or sound."""

    code = "media"


class NoVideo(MediaError):
    """A media file without a picture, where one is needed."""

    code = "no-video"


class NoAudio(MediaError):
    """A media file without sound, where sound is needed."""

    code = "no-sound"


class NoFace(BadInput):
    """No face was found in any frame."""

    code = "no-face"


class DegenerateShape(BadInput):
    """Points that do not determine a similarity (fewer than 2 distinct, all equal, collinear)."""

    code = "degenerate-shape"


class NoReference(BadInput):
    """The closed-mouth filter keeps no frame."""

    code = "no-reference"


class WeightsError(BadInput):
    """A weight file that is unknown, damaged or of another family."""

    code = "weights"


class Offline(SpeechmarksError, ConnectionError):
    """Something must be downloaded and the network does not answer."""

    code = "offline"


class MissingDependency(SpeechmarksError, ImportError):
    """An optional package that this step needs is not installed."""

    code = "missing-dependency"
