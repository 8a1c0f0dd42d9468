"""Speech-to-landmark models."""

from core.models.base import (
    DropoutMode,
    Family,
    Listener,
    Option,
    Prediction,
    PredictOptions,
    SpeechModel,
)
from core.models.families import families, family, recognise
from core.models.store import ModelCard, first_models, known_models, list_models, load_model

__all__ = [
    "DropoutMode",
    "Family",
    "Listener",
    "ModelCard",
    "Option",
    "PredictOptions",
    "Prediction",
    "SpeechModel",
    "families",
    "first_models",
    "family",
    "known_models",
    "list_models",
    "load_model",
    "recognise",
]
