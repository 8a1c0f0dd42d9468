"""Recipe of the plain CNN (SPEC 2, with whole-sequence convolution and standardised targets).

Differences from the published recipe, each for a reason: windows of a clip share their features
(the same gradient for a sixth of the work); targets are divided by their deviation; validation
clips share no frame with training clips (the published split leaks); a running average of the
weights is what is kept.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from core.errors import BadInput, OutputExists, WeightsError
from core.metrics import interocular, mouth_rmse, opening_correlation
from core.metrics.scores import opening
from core.models.cnn import SpeechCNN
from core.models.store import save_model
from core.reference import ShapeSpace, fit_shape_space
from core.speech.nr import NR_HOP, NR_WINDOW, nr_padded
from core.training.data import Example, TrainingSet

__all__ = ["TrainOptions", "train_cnn"]

_GAINS_DB = (-12, -9, -6, -3, 0, 3, 6)
_MOUTH_WEIGHT = 3.0  # the speech-driven part of the face counts more in basis and loss


@dataclass(frozen=True)
class TrainOptions:
    """Options of a run. ``centre_s``: from the start of a frame to the middle of its window."""

    epochs: int = 8
    batch_size: int = 8
    learning_rate: float = 4e-4
    n_components: int = 6
    centre_s: float = 0.02
    seed: int = 0
    patience: int = 20
    threads: int = 2


@dataclass(frozen=True, eq=False)
class _Batch:
    waves: Tensor  # (B, samples), padded signals
    targets: Tensor  # (B, T, K)
    mask: Tensor  # (B, T), 1 where the target is known


def _collate(
    examples: Sequence[Example], space: ShapeSpace, options: TrainOptions, gains: Sequence[float]
) -> _Batch:
    frames = max(len(e.points) for e in examples)
    waves = np.zeros((len(examples), (frames - 1) * NR_HOP + NR_WINDOW), np.float32)
    targets = np.zeros((len(examples), frames, len(space.components)), np.float32)
    mask = np.zeros((len(examples), frames), np.float32)
    for row, (example, gain) in enumerate(zip(examples, gains, strict=True)):
        wave = nr_padded(example.signal, centre_s=options.centre_s)[: waves.shape[1]] * gain
        waves[row, : len(wave)] = wave
        known = np.asarray(np.isfinite(example.points).all(axis=(1, 2)))
        count = len(known)
        targets[row, :count][known] = space.project(example.points[known])
        mask[row, :count] = known
    return _Batch(*(torch.from_numpy(a) for a in (waves, targets, mask)))


def _loss(output: Tensor, batch: _Batch, scale: Tensor) -> Tensor:
    """Smooth L1 over known frames; components count by how far they move the face."""
    error = nn.functional.smooth_l1_loss(output, batch.targets, reduction="none", beta=0.5)
    return ((error * scale).sum(dim=2) * batch.mask).sum() / batch.mask.sum()


def _validate(
    net: nn.Module,
    examples: Sequence[Example],
    space: ShapeSpace,
    options: TrainOptions,
    iod: float,
) -> dict[str, float]:
    """Mouth RMSE (IOD) and opening correlation of raw output, means over clips."""
    net.eval()
    rmse: list[float] = []
    correlation: list[float] = []
    with torch.inference_mode():
        for example in examples:
            wave = torch.from_numpy(nr_padded(example.signal, centre_s=options.centre_s))
            points = space.reconstruct(net(wave[None])[0].double().numpy())[: len(example.points)]
            truth = example.points[: len(points)]
            known = np.isfinite(truth).all(axis=(1, 2))
            rmse.append(mouth_rmse(truth[known], points[known]) / iod)
            correlation.append(opening_correlation(opening(truth[known]), opening(points[known])))
    net.train()
    return {"mouth_rmse": float(np.mean(rmse)), "correlation": float(np.nanmean(correlation))}


def _basis(data: TrainingSet, n_components: int) -> ShapeSpace:
    weights = np.ones(68)
    weights[48:68] = _MOUTH_WEIGHT
    points = np.concatenate([e.points for e in data.examples])
    return fit_shape_space(points, n_components, point_weights=weights).standardised()


def train_cnn(
    training: TrainingSet,
    validation: TrainingSet,
    out: Path | str,
    options: TrainOptions | None = None,
    *,
    resume: bool = False,
    force: bool = False,
    progress: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Train the plain CNN; writes ``model.safetensors``, ``template.npy``, ``curves.json`` and a
    checkpoint after every epoch into ``out``.

    ``progress`` hears a dict (epoch, step, steps, loss, seconds, left) about once a second and
    after each epoch (with validation scores); it may raise to cancel, and `resume` goes on from
    the last whole epoch.

    Returns the summary that curves.json holds.

    Raises
    ------
    OutputExists : ``out`` holds a run and neither ``resume`` nor ``force`` was asked for.
    """
    options = options or TrainOptions()
    if options.epochs < 1:
        raise BadInput(f"Training needs at least 1 epoch, not {options.epochs}.")
    out = Path(out)
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists() and not (resume or force):
        raise OutputExists(f"{str(out)!r} holds a training run; use --resume or --force.")
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    space = _basis(training, options.n_components)
    iod = interocular(training.template)
    net = SpeechCNN(options.n_components)
    for layer in net.children():
        if isinstance(layer, (nn.Conv1d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # every layer has one
    average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.99))  # type: ignore[no-untyped-call]
    steps = -(-len(training.examples) // options.batch_size)
    optimiser = torch.optim.Adam(net.parameters(), lr=options.learning_rate, betas=(0.5, 0.999))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        options.learning_rate,
        total_steps=steps * options.epochs,
        pct_start=0.15,
        cycle_momentum=False,
    )
    curves: list[dict[str, float]] = []
    if resume and checkpoint.exists():
        curves = _restore(checkpoint, net, average, optimiser, schedule)
    scale = torch.from_numpy(_component_scale(space)).float()
    best = min((c["mouth_rmse"] for c in curves), default=float("inf"))
    begin = time.perf_counter()
    first_epoch = len(curves)
    for epoch in range(first_epoch, options.epochs):
        rng = np.random.default_rng([options.seed, epoch])
        torch.manual_seed(int(rng.integers(2**31)))  # dropout: a resumed run equals a whole one
        order = rng.permutation(len(training.examples))
        net.train()
        total = 0.0
        for step in range(steps):
            rows = order[step * options.batch_size : (step + 1) * options.batch_size]
            gains = 10 ** (rng.choice(_GAINS_DB, len(rows)) / 20)
            batch = _collate([training.examples[i] for i in rows], space, options, list(gains))
            loss = _loss(net(batch.waves)[:, : batch.targets.shape[1]], batch, scale)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            average.update_parameters(net)
            total += loss.item()
            if progress is not None:
                done = (epoch - first_epoch) * steps + step + 1
                spent = time.perf_counter() - begin
                left = spent / done * ((options.epochs - first_epoch) * steps - done)
                progress(
                    {
                        "epoch": epoch + 1,
                        "step": step + 1,
                        "steps": steps,
                        "loss": total / (step + 1),
                        "seconds": spent,
                        "left": left,
                    }
                )
        scores = _validate(average.module, validation.examples, space, options, iod)
        curves.append({"epoch": epoch + 1, "loss": total / steps, **scores})
        if progress is not None:
            progress({"epoch": epoch + 1, "validation": scores})
        state = {k: v.detach().clone() for k, v in average.module.state_dict().items()}
        if scores["mouth_rmse"] < best:
            best = scores["mouth_rmse"]
            save_model(out / "model.safetensors", "cnn", state, space, centre_s=options.centre_s)
        partial = checkpoint.with_suffix(".part")
        torch.save(
            {
                "net": net.state_dict(),
                "average": average.state_dict(),
                "optimiser": optimiser.state_dict(),
                "schedule": schedule.state_dict(),
                "curves": curves,
            },
            partial,
        )
        os.replace(partial, checkpoint)
        summary = _summary(training, validation, options, space, curves)
        (out / "curves.json").write_text(json.dumps(summary, indent=1))
        np.save(out / "template.npy", training.template)
        since = len(curves) - 1 - int(np.argmin([c["mouth_rmse"] for c in curves]))
        if since >= options.patience:
            break
    return _summary(training, validation, options, space, curves)


def _component_scale(space: ShapeSpace) -> NDArray[np.float64]:
    """How far each standardised component moves the weighted face, mean 1; (K,)."""
    weights = space.weights if space.weights is not None else np.ones_like(space.mean)
    size = np.linalg.norm(space.components * weights, axis=1)
    return np.asarray(size / size.mean())


def _restore(
    checkpoint: Path,
    net: nn.Module,
    average: nn.Module,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> list[dict[str, float]]:
    try:
        saved = torch.load(checkpoint, weights_only=True)
        net.load_state_dict(saved["net"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        # only the position: a run may be resumed with more epochs, and its schedule is longer then
        position = {k: saved["schedule"][k] for k in ("last_epoch", "_step_count", "_last_lr")}
        schedule.load_state_dict(position)
    except Exception as error:  # a damaged file raises many kinds
        raise WeightsError(
            f"{checkpoint.name!r} cannot be resumed from; start again with --force."
        ) from error
    return list(saved["curves"])


def _summary(
    training: TrainingSet,
    validation: TrainingSet,
    options: TrainOptions,
    space: ShapeSpace,
    curves: list[dict[str, float]],
) -> dict[str, Any]:
    return {
        "options": asdict(options),
        "training_clips": len(training.examples),
        "validation_clips": len(validation.examples),
        "left_out": [*training.left_out, *validation.left_out],
        "explained": space.explained,
        "curves": curves,
    }
