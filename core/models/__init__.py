"""Speech-to-landmark models."""

from core.models.base import DropoutMode, Prediction, PredictOptions
from core.models.cnn import CNNModel, SpeechCNN
from core.models.store import ModelCard, list_models, load_model

__all__ = [
    "CNNModel",
    "DropoutMode",
    "ModelCard",
    "PredictOptions",
    "Prediction",
    "SpeechCNN",
    "list_models",
    "load_model",
]
