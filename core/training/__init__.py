"""Training of the model families."""

from core.training.cnn import CNNRecipe
from core.training.data import Example, Reference, TrainingSet, build_training_set, split_clips
from core.training.draws import Sampling
from core.training.loop import TrainOptions, train
from core.training.recipe import Recipe
from core.training.recipes import default_options, make_recipe

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
