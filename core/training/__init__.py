"""Training of the model families."""

from .cnn import CNNRecipe
from .data import Example, Reference, TrainingSet, build_training_set, split_clips
from .draws import Sampling
from .loop import TrainOptions, train
from .recipe import Recipe
from .recipes import default_options, make_recipe

__all__ = [
    "CNNRecipe",
    "Example",
    "Recipe",
    "Reference",
    "Sampling",
    "TrainOptions",
    "TrainingSet",
    "build_training_set",
    "default_options",
    "make_recipe",
    "split_clips",
    "train",
]
