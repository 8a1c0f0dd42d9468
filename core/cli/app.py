"""The application and the table of its commands. A command's module is imported when it is used.

The commands import torch, pandas and the detectors, which takes seconds; ``--help`` and most
commands need few of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

__all__ = ["COMMANDS", "Entry", "app", "load"]


@dataclass(frozen=True)
class Entry:
    """A line of ``--help``: what a command does, and the modules of `core.cli` that define it."""

    summary: str
    modules: tuple[str, ...]


COMMANDS: Mapping[str, Entry] = {  # in the order of the pages
    "doctor": Entry("Show what works here, and how to mend the rest.", ("doctor",)),
    "probe": Entry("Measure size, rotation, frame times and audio of a file.", ("media",)),
    "sound": Entry("Write the audio as a mono WAV file.", ("media",)),
    "frames": Entry("Write video frames as numbered pictures.", ("media",)),
    "landmarks": Entry("Detect the landmarks of one face in a video.", ("landmarks",)),
    "detectors": Entry("List, install and compare landmark detectors.", ("detectors",)),
    "convert": Entry("Write a landmark track in another format.", ("convert",)),
    "align": Entry("Remove head motion, or put it back.", ("align",)),
    "reference": Entry("Find the closed-mouth (neutral) frame.", ("reference",)),
    "identity": Entry("Remove the identity: motion on a template face.", ("geometry",)),
    "audit": Entry("Measure how much identity a track still holds.", ("speakers",)),
    "template": Entry("Make a template face from closed mouths.", ("speakers",)),
    "shape": Entry("Fit and use shape spaces (PCA).", ("shape",)),
    "generate": Entry("Predict landmarks from audio, and draw a movie.", ("generate",)),
    "train": Entry("Train a model on a data set.", ("training",)),
    "distill": Entry("Label audio with a model, for training.", ("training",)),
    "evaluate": Entry("Score systems on a list of clips, beside null baselines.", ("evaluate",)),
    "rerun": Entry("Repeat an evaluation, and compare every number.", ("rerun",)),
    "models": Entry("List, download and verify pretrained models.", ("weights",)),
    "compare": Entry("Draw tracks side by side: MP4, GIF or HTML.", ("compare",)),
    "plot": Entry("Draw a track as numbered pictures.", ("draw",)),
    "crop": Entry("Cut the face out of a video.", ("draw",)),
    "retarget": Entry("Move the motion of a track onto another face.", ("retargeting",)),
    "metrics": Entry("Score predicted tracks against the ground truth.", ("metrics",)),
    "quality": Entry("Measure a track without ground truth: gaps, jitter, noise.", ("quality",)),
    "smooth": Entry("Fill gaps and smooth a track.", ("quality",)),
    "edit": Entry("Correct the landmarks of a track by hand.", ("edit",)),
    "data": Entry(
        "Work on whole data sets.", ("data", "data_prepare", "data_shots", "data_runs")
    ),
}  # fmt: skip


DEPRECATED: Mapping[str, str] = {"transfer": "retarget"}
"""Former names of commands, which are still accepted."""


class _LazyGroup(TyperGroup):
    """A group that lists its commands from the table and imports one when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        cmd_name = DEPRECATED.get(cmd_name, cmd_name)
        if cmd_name not in COMMANDS:  # its name is compared with those of a group's commands
            self.commands = {name: TyperCommand(name) for name in COMMANDS}
            return None
        load(cmd_name)
        return get_group(app).commands[cmd_name]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


app = typer.Typer(
    cls=_LazyGroup,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _group() -> None:
    """Speechmarks: from speech to facial landmarks, one command a step."""


def load(command: str | None = None) -> typer.Typer:
    """The application with one command imported; with all of them where none is named."""
    for name in COMMANDS if command is None else (command,):
        for module in COMMANDS[name].modules:
            import_module(f".{module}", __package__)
    return app
