"""Opening a model in a command: what was changed in its weight file is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..models import SpeechModel, load_model
from .console import notice

__all__ = ["open_model"]


def open_model(name: str, **options: Any) -> SpeechModel:
    """A model as `load_model` opens it, with one ``note:`` line about its weight file."""
    model = load_model(name, **options)
    if model.remarks:
        notice(f"{Path(name).name}: {'; '.join(model.remarks)}.")
    return model
