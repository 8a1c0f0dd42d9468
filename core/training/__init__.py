"""Training of the model families."""

from core.training.cnn import TrainOptions, train_cnn
from core.training.data import Example, TrainingSet, build_training_set

__all__ = ["Example", "TrainOptions", "TrainingSet", "build_training_set", "train_cnn"]
