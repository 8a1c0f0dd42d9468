"""Speech-to-landmark models."""

from .adaptation import AdaptedModel, adapt_model
from .base import (
    DropoutMode,
    Family,
    Option,
    Prediction,
    PredictOptions,
    SpeechModel,
    SpeechStream,
)
from .families import families, family, recognise
from .latency import LATENCY, live_latency
from .store import ModelCard, default_model, known_models, list_models, load_model

__all__ = [
    "LATENCY",
    "AdaptedModel",
    "DropoutMode",
    "Family",
    "SpeechStream",
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
    "live_latency",
    "load_model",
    "recognise",
]
