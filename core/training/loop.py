"""One loop for every family: epochs, running averages, checkpoints, curves.

What differs between families is a `Recipe`. What is kept is a running average of the weights, or,
with ``average_best``, the mean of the best epochs' (ten helped in the Humans project 2021).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ..errors import BadInput, OutputExists, WeightsError
from ..files import atomic_write, staged
from ..weights import open_weights
from ..workspace import corrections_fact
from .data import Example, TrainingSet
from .draws import Sampling, changed, drawn_epoch
from .recipe import Recipe, State

__all__ = ["TrainOptions", "place", "train"]

_TRIES = 5  # of a step whose gradients are no numbers
_PRECISIONS = ("auto", "float32", "bfloat16")

Progress = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class TrainOptions:
    """Options of a run, the same for all families.

    Attributes
    ----------
    batch_size : clips a step
    learning_rate : the highest of a one-cycle schedule (Smith 2018)
    patience : epochs without improvement of the validation error before the run ends
    average_best : how many of the best epochs the kept weights are the mean of
    start : weight file of the same shape to begin from
    sampling : which examples a step sees, and how they are changed
    device : "cpu", "cuda", ..., or "auto": an accelerator where there is one
    precision : of products, "float32", "bfloat16", or "auto": bfloat16 for the families that bear
        it where the machine multiplies it in hardware
    """

    epochs: int = 8
    batch_size: int = 8
    learning_rate: float = 4e-4
    seed: int = 0
    patience: int = 20
    threads: int = 2
    average_best: int = 1
    start: str | None = None
    device: str = "auto"
    precision: str = "auto"
    sampling: Sampling = Sampling()

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "patience", "threads", "average_best"):
            if getattr(self, name) < 1:
                raise BadInput(f"Training needs at least 1 of {name}, not {getattr(self, name)}.")
        if not 0 < self.learning_rate < 1:
            raise BadInput(f"The learning rate is between 0 and 1, not {self.learning_rate:g}.")
        if self.precision not in _PRECISIONS:
            raise BadInput(
                f"The precision is one of {', '.join(_PRECISIONS)}, not {self.precision!r}."
            )


def train(
    recipe: Recipe,
    training: TrainingSet,
    validation: TrainingSet,
    out: Path | str,
    options: TrainOptions | None = None,
    *,
    resume: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train; writes ``model.safetensors``, ``template.npy``, ``curves.json`` and, after every
    epoch, a checkpoint into ``out``.

    ``progress`` hears a dict (epoch, step, steps, loss, seconds, left) after each step and after
    each epoch (with validation scores); it may raise to cancel, and `resume` goes on from the last
    whole epoch: the weights are those of a run that was never stopped.

    Returns the summary that curves.json holds.

    Raises
    ------
    OutputExists : ``out`` holds a run and neither ``resume`` nor ``force`` was asked for.
    WeightsError : a checkpoint or start file that does not fit.
    BadInput : data without audio for a family that needs it; a loss that is not a number; a resumed
        run whose corrections changed.
    """
    options = options or TrainOptions()
    out = Path(out)
    if training.space == "unit" and not recipe.takes_features:
        raise BadInput(
            f"These data hold features but no audio; {recipe.family} needs audio. Train lstm on "
            "them."
        )
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists() and not (resume or force):
        raise OutputExists(f"{str(out)!r} holds a training run; use --resume or --force.")
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    recipe.device, recipe.half = place(recipe, options)
    recipe.prepare(training)
    fact = _corrections(training, validation)
    run = _Run(recipe, options, _steps(training, options), fact)
    if resume and checkpoint.exists():
        run.restore(checkpoint)
    elif options.start is not None:
        run.begin_from(Path(options.start))
    report = progress or (lambda event: None)
    while len(run.curves) < options.epochs and run.since_best < options.patience:
        loss = run.epoch(training, report)
        scores = recipe.validate(run.average.module.cpu(), validation)
        run.average.to(recipe.device)
        run.curves.append({"epoch": len(run.curves) + 1, "loss": loss, **scores})
        report({"epoch": len(run.curves), "validation": scores})
        run.keep_best()
        if run.since_best == 0:
            recipe.save(out / "model.safetensors", run.kept())
        np.save(out / "template.npy", training.template)
        _write_summary(out, training, validation, recipe, options, run.curves, None)
        run.store(checkpoint)  # last: what a killed run has not written is made again
    averaged = None
    if options.average_best > 1 and len(run.best) > 1:
        averaged = _averaged(recipe, run, validation, out)
    return _write_summary(out, training, validation, recipe, options, run.curves, averaged)


def place(recipe: Recipe, options: TrainOptions) -> tuple[torch.device, bool]:
    """The device of a run, and whether its products are of bfloat16."""
    if options.device == "auto":
        found = torch.accelerator.current_accelerator(check_available=True)
        device = found or torch.device("cpu")
    else:
        try:
            device = torch.device(options.device)
            torch.empty(1, device=device)
        except (RuntimeError, AssertionError) as error:
            raise BadInput(f"This machine has no device {options.device!r} to train on.") from error
    if options.precision != "auto":
        return device, options.precision == "bfloat16"
    quick = device.type != "cpu" or torch.cpu._is_amx_tile_supported()
    return device, recipe.bears_half and quick


def _corrections(training: TrainingSet, validation: TrainingSet) -> dict[str, Any]:
    """Digest of the corrections in the landmarks of both sets."""
    return corrections_fact(
        {e.name: e.corrections for e in (*training.examples, *validation.examples)}
    )


def _steps(training: TrainingSet, options: TrainOptions) -> int:
    """Steps of an epoch."""
    return len(
        drawn_epoch(
            training.examples, options.sampling, options.batch_size, np.random.default_rng(0)
        )
    )


class _Run:
    """The state of a run: everything that a checkpoint holds."""

    def __init__(
        self, recipe: Recipe, options: TrainOptions, steps: int, corrections: dict[str, Any]
    ) -> None:
        self.recipe, self.options, self.steps = recipe, options, steps
        self.corrections = corrections
        self.net = recipe.net().to(recipe.device)
        self.average = AveragedModel(self.net, multi_avg_fn=get_ema_multi_avg_fn(recipe.decay))  # type: ignore[no-untyped-call]
        self.optimiser = torch.optim.AdamW(  # without decay it is Adam
            [p for p in self.net.parameters() if p.requires_grad],
            lr=options.learning_rate,
            betas=recipe.betas,
            weight_decay=recipe.weight_decay,
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            options.learning_rate,
            total_steps=steps * options.epochs,
            pct_start=0.15,
            cycle_momentum=False,
        )
        self.curves: list[dict[str, float]] = []
        self.best: dict[int, State] = {}
        self._begin, self._done_before = time.perf_counter(), 0

    @property
    def since_best(self) -> int:
        """Epochs since the lowest validation error; 0 right after it."""
        errors = [c["lip_motion_error"] for c in self.curves]
        return len(errors) - 1 - int(np.argmin(errors)) if errors else 0

    def epoch(self, training: TrainingSet, report: Progress) -> float:
        """One pass over the clips; the mean loss. The same whatever came before in this process."""
        number, options = len(self.curves), self.options
        rng = np.random.default_rng([options.seed, number])
        torch.manual_seed(int(rng.integers(2**31)))
        draws = drawn_epoch(training.examples, options.sampling, options.batch_size, rng)
        self.net.train()
        total = 0.0
        for step, rows in enumerate(draws):
            share = (number * self.steps + step) / (options.epochs * self.steps)
            batch = [self.draw(training, i, rng) for i in rows]
            total += self._gradients(batch, rng, share)
            self.optimiser.step()
            self.schedule.step()
            self.average.update_parameters(self.net)
            self._done_before += 1
            spent = time.perf_counter() - self._begin
            to_do = options.epochs * self.steps - number * self.steps - step - 1
            report(
                {
                    "epoch": number + 1,
                    "step": step + 1,
                    "steps": self.steps,
                    "loss": total / (step + 1),
                    "seconds": spent,
                    "left": spent / self._done_before * to_do,
                }
            )
        return total / self.steps

    def draw(self, training: TrainingSet, row: int, rng: np.random.Generator) -> Example:
        """An example as this step sees it."""
        example = training.examples[row]
        partners = training.partners[example.distilled, example.speaker]
        return changed(example, partners, self.options.sampling, rng)

    def _gradients(self, batch: Sequence[Example], rng: np.random.Generator, share: float) -> float:
        """Fill in the gradients of a batch, clipped; its loss.

        Where they are no numbers, the same is done again: oneDNN's bfloat16 convolution multiplies
        memory that nobody wrote by 0 for the gradient of its weights, which is 0 unless that memory
        happens to hold NaN.
        """
        before = rng.bit_generator.state, torch.get_rng_state()
        for _ in range(_TRIES):
            rng.bit_generator.state = before[0]
            torch.set_rng_state(before[1])
            self.optimiser.zero_grad()
            loss = self.recipe.loss(self.net, batch, rng, share)
            loss.backward()  # type: ignore[no-untyped-call]
            size = nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
            if torch.isfinite(loss) and torch.isfinite(size):
                return loss.item()
        raise BadInput(
            f"Training diverged in epoch {len(self.curves) + 1}: the loss is not a number; "
            "start again with a lower learning rate."
        )

    def kept(self) -> State:
        """The running average of the weights."""
        return {k: v.detach().cpu().clone() for k, v in self.average.module.state_dict().items()}

    def keep_best(self) -> None:
        """Hold the weights of the best epochs, as many as are to be averaged."""
        self.best[len(self.curves)] = self.kept()
        ranked = sorted(self.best, key=lambda epoch: self.curves[epoch - 1]["lip_motion_error"])
        for epoch in ranked[self.options.average_best :]:
            del self.best[epoch]

    def begin_from(self, path: Path) -> None:
        """Take over the weights of a file; what it lacks keeps its first values."""
        given = open_weights(path).tensors
        own = self.net.state_dict()
        shared = {k: v.float() for k, v in given.items() if k in own and own[k].shape == v.shape}
        if not shared:
            raise WeightsError(
                f"{path.name!r} shares no weights with the {self.recipe.family} to be trained."
            )
        self.net.load_state_dict({**own, **shared})
        self.average.module.load_state_dict(self.net.state_dict())

    def store(self, checkpoint: Path) -> None:
        """Write everything; a run that is killed meanwhile keeps the checkpoint before."""
        state = {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "curves": self.curves,
            "best": self.best,
            "corrections": self.corrections,
        }
        with staged(checkpoint) as partial:
            torch.save(state, partial)

    def restore(self, checkpoint: Path) -> None:
        """Continue from a checkpoint.

        Raises
        ------
        WeightsError : a damaged checkpoint, or one of another network.
        BadInput : the corrections of the clips changed since.
        """
        try:
            saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
            self.net.load_state_dict(saved["net"])
            self.average.load_state_dict(saved["average"])
            self.optimiser.load_state_dict(saved["optimiser"])
            # only the position: a run may go on with more epochs, and its schedule is longer then
            position = {k: saved["schedule"][k] for k in ("last_epoch", "_step_count", "_last_lr")}
            self.schedule.load_state_dict(position)
            self.curves, self.best = list(saved["curves"]), dict(saved["best"])
        except Exception as error:  # a damaged file raises many kinds
            raise WeightsError(
                f"{checkpoint.name!r} does not fit, so the run cannot be resumed; start "
                "again with --force."
            ) from error
        before = saved.get("corrections", self.corrections)
        if before != self.corrections:
            raise BadInput(
                f"The corrections of the clips changed since this run began (corrected clips then: "
                f"{before['clips']}, now: {self.corrections['clips']}); start again with --force."
            )


def _averaged(recipe: Recipe, run: _Run, validation: TrainingSet, out: Path) -> dict[str, Any]:
    """The mean of the best epochs' weights; kept where it validates better than the best one."""
    states = list(run.best.values())
    mean = {
        k: torch.stack([s[k].double() for s in states]).mean(0).to(states[0][k]) for k in states[0]
    }
    net = recipe.net()
    net.load_state_dict(mean)
    scores = recipe.validate(net, validation)
    better = scores["lip_motion_error"] < min(c["lip_motion_error"] for c in run.curves)
    if better:
        recipe.save(out / "model.safetensors", mean)
    return {"epochs": sorted(run.best), "kept": better, **scores}


def _write_summary(
    out: Path,
    training: TrainingSet,
    validation: TrainingSet,
    recipe: Recipe,
    options: TrainOptions,
    curves: list[dict[str, float]],
    averaged: dict[str, Any] | None,
) -> dict[str, Any]:
    summary = {
        "family": recipe.family,
        "options": asdict(options),
        "device": recipe.device.type,
        "precision": "bfloat16" if recipe.half else "float32",
        "recipe": recipe.describe(),
        "training_clips": sum(not e.distilled for e in training.examples),
        "distilled_clips": sum(e.distilled for e in training.examples),
        "speakers": training.speakers,
        "validation_clips": len(validation.examples),
        "left_out": [*training.left_out, *validation.left_out],
        "corrections": _corrections(training, validation),
        "curves": curves,
        "averaged": averaged,
    }
    atomic_write(out / "curves.json", json.dumps(summary, indent=1).encode())
    return summary
