"""Speech-to-landmark models."""

from core.models.adaptation import AdaptedModel, adapt_model
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
from core.models.store import ModelCard, default_model, known_models, list_models, load_model

__all__ = [
    "AdaptedModel",
    "DropoutMode",
    "Family",
    "Listener",
    "ModelCard",
    "Option",
    "PredictOptions",
    "Prediction",
    "SpeechModel",
    "adapt_model",
    "default_model",
    "families",
    "family",
    "known_models",
    "list_models",
    "load_model",
    "recognise",
]
