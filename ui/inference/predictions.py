"""Running models on a page: which, with which options, how much of their motion is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, NoReturn, cast

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.evaluation import aperture_course, common_space
from core.models import (
    LATENCY,
    AdaptedModel,
    DropoutMode,
    ModelCard,
    Prediction,
    PredictOptions,
    SpeechModel,
    family,
    live_latency,
)
from core.tracks.geometry import EYE5_IOD, interocular
from core.tracks.io import track_bytes
from core.tracks.track import LandmarkTrack
from core.workspace import Clip
from ui.shared import plots, state
from ui.shared.adaptation import adapt_words, keep_choice
from ui.shared.imported import Choice, choose, chosen
from ui.shared.navigation import go_to

__all__ = [
    "Run",
    "Settings",
    "show_on_compare",
    "choose_settings",
    "choose_gains",
    "generate_lines",
    "go_on_to_compare",
    "openings",
    "results_table",
]

_MOST_BOOST = 4.0
_GOING = "going to compare"


@dataclass(frozen=True)
class Settings:
    """What is chosen on the page: how networks run, and the options of each model's family."""

    predict: PredictOptions
    of_model: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def flags(self, name: str) -> list[str]:
        """The command line's words for the same."""
        dropout = {
            "off": [],
            "seeded": ["--dropout", "--seed", str(self.predict.seed)],
            "samples": [
                *("--dropout", "--samples", str(self.predict.n_samples)),
                *("--seed", str(self.predict.seed)),
            ],
        }[self.predict.dropout]
        given = self.of_model.get(name, {})
        options = {o.name: o.flag for o in family(_card(name).family).options}
        return [*dropout, *(w for k, v in given.items() for w in (options[k], str(v)))]


@dataclass(frozen=True, eq=False)
class Run:
    """One model's result on the page."""

    card: ModelCard
    model: SpeechModel
    prediction: Prediction
    boost: NDArray[np.float64]
    track: LandmarkTrack
    colour: str

    @classmethod
    def of(
        cls,
        card: ModelCard,
        model: SpeechModel,
        made: Prediction,
        boost: NDArray[np.float64],
        colour: str,
    ) -> Run:
        """A prediction as it is shown: exaggerated where the sliders say so."""
        same = np.array_equal(boost, model.boost)
        track = made.track if same else model.track(made.coefficients, boost)
        return cls(card, model, made, boost, track, colour)

    @property
    def adapted(self) -> bool:
        """Whether the model was adapted to the speaker of the clip."""
        return isinstance(self.model, AdaptedModel)

    @property
    def amplified(self) -> bool:
        return not np.array_equal(self.boost, self.model.boost)


def _card(name: str) -> ModelCard:
    return next(card for card in state.model_cards() if card.name == name)


def choose_settings(names: Sequence[str]) -> Settings:
    """The popover of rare options, made from what the chosen models' families list."""
    with st.popover("Options", icon=":material/tune:"):
        mode = st.radio(
            "Dropout",
            ["off", "seeded", "samples"],
            captions=[
                "deterministic",
                "random, as some published programs run",
                "mean and band of several runs",
            ],
            persist_state="session",
            key="dropout",
        )
        seed = st.number_input("Seed", 0, 10_000, 0, disabled=mode == "off", key="seed")
        runs = st.number_input("Runs", 2, 100, 8, disabled=mode != "samples", key="runs")
        of_model: dict[str, dict[str, int]] = {}
        for name in names:
            for option in family(_card(name).family).options:
                if option.kind == "whole" and option.adjustable:
                    value = st.number_input(
                        f"{name}: {option.name}",
                        option.low,
                        option.high,
                        value=None,
                        placeholder="as the weights say",
                        help=option.help,
                        key=f"option {name} {option.name}",
                    )
                    if value is not None:
                        of_model.setdefault(name, {})[option.name] = value
    return Settings(PredictOptions(cast(DropoutMode, mode), int(seed), int(runs)), of_model)


def choose_gains(models: Mapping[str, SpeechModel]) -> dict[str, NDArray[np.float64]]:
    """Sliders for the factors of each model's motion; no network runs for them."""
    found = {}
    with st.popover("Motion gain", icon=":material/open_in_full:"):
        st.caption("Scale the motion. Only the drawing changes; the networks do not run again.")
        for name, model in models.items():
            st.markdown(f"**{name}**")
            whole = _factor(st, "all components", 1.0, f"whole {name}")
            parts = model.boost
            if len(model.factors) > 1:
                columns = st.columns(min(4, len(model.factors)))
                parts = np.array(
                    [
                        _factor(columns[k % len(columns)], label, start, f"factor {name} {k}")
                        for k, (label, start) in enumerate(
                            zip(model.factors, model.boost, strict=True)
                        )
                    ]
                )
            found[name] = whole * parts
    return found


def _factor(place: Any, label: str, start: float, key: str) -> float:
    """One slider; 1 leaves a motion as the model gives it."""
    most = max(_MOST_BOOST, float(start))
    return float(place.slider(label, 0.0, most, float(start), 0.1, key=key))


def show_on_compare(runs: Mapping[str, Run], settings: Settings) -> NoReturn:
    """Take every result of this run of the page to Compare.

    A model as it comes is chosen there by name; what options or sliders have changed comes along
    as a track of its own. The page runs once more, because the models cannot be set below their
    control, and `go_on_to_compare` then opens Compare.
    """
    plain, choices = [], list(chosen("track"))
    for name, run in runs.items():
        changed: dict[str, Any] = {**settings.of_model.get(name, {})}
        if settings.predict.dropout != "off":
            changed["dropout"] = settings.predict.dropout
        if run.amplified:
            changed["boost"] = " ".join(f"{b:g}" for b in run.boost)
        if not changed:
            plain.append(name)
            continue
        if run.adapted:
            changed["adapted"] = ""
        said = ", ".join(f"{k} {v}".strip() for k, v in changed.items())
        imported = state.workspace().add_import(
            BytesIO(track_bytes(run.track, ".npz")), f"{name}, {said}.npz", "track"
        )
        if all(imported.id != choice.id for choice in choices):
            choices.append(Choice(imported.id))
    choose("track", choices)
    st.session_state[_GOING] = plain
    st.rerun()


def generate_lines(
    clip: Clip, runs: Mapping[str, Run], settings: Settings, seconds: float | None
) -> list[list[str]]:
    """The command lines that make the results, one for each model.

    Several models write to a folder each, so that none replaces the results of another.

    seconds : of the clip that models are adapted to.
    """
    before: list[list[str]] = []
    lines: list[list[str]] = []
    for name, run in runs.items():
        flags = settings.flags(name)
        if run.amplified:
            flags += ["--gain", ",".join(f"{b:g}" for b in run.boost)]
        if run.adapted and seconds is not None:
            before, words = adapt_words(clip, seconds)
            flags += words
        out = "generated" if len(runs) == 1 else f"generated/{name}"
        lines.append(["generate", "-i", state.command_word(clip), "-m", name, "-o", out, *flags])
    return [*before, *lines]


def go_on_to_compare() -> None:
    """Open Compare where results have just been taken there; for the top of the page."""
    if (models := st.session_state.pop(_GOING, None)) is not None:
        st.session_state["models"] = models
        keep_choice()
        go_to("compare.py")


def results_table(clip: Clip, runs: Mapping[str, Run]) -> None:
    """What ran, on what, how fast, its latency live, and its errors on its test list."""
    sound = state.sound(clip)
    rows = [
        {
            "model": name,
            "family": family(run.model.family).title,
            "frames": len(run.track),
            "rate": run.model.fps,
            "compute": run.prediction.seconds,
            "real-time factor": run.prediction.seconds / sound.duration,
            "latency": 1000 * live_latency(run.model),
            "device": run.model.device,
            **state.card_scores(run.card),
            "description": run.card.summary,
        }
        for name, run in runs.items()
    ]
    column = st.column_config.NumberColumn
    table = pd.DataFrame(rows)
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "rate": column(format="%.4g fps"),
            "compute": column(format="%.2f s"),
            "real-time factor": column(
                format="%.3f", help="Compute time divided by the duration of the audio."
            ),
            "latency": column(format="%.0f ms", help=LATENCY),
            **{k: column(format="%.3f", help=h) for k, h in state.CARD_SCORES.items()},
        },
    )
    if table.columns.isin(list(state.CARD_SCORES)).any():
        st.caption(
            "Skill, correlation and RMSE are those of the model's card, not of this clip; see "
            "the tooltip of each column."
        )


def _eye_distance(track: LandmarkTrack) -> float:
    """IOD of the mean face; lips alone lie in a space in which it is 5."""
    whole = track.scheme == "dlib68"
    return float(interocular(track.points.mean(axis=0))) if whole else EYE5_IOD


def openings(runs: Mapping[str, Run]) -> None:
    """Lip apertures over time, with bands where dropout runs were sampled: the same numbers as the
    curves of the page Compare."""
    lines, bands = {}, {}
    space = common_space(*(run.track for run in runs.values()))
    for name, run in runs.items():
        times, spread = run.track.times, run.prediction.opening_spread
        aperture = aperture_course(run.track, space=space)
        lines[name] = (times, aperture, run.colour)
        if spread is not None and not run.amplified:
            wide = 2 * spread / _eye_distance(run.track)
            bands[f"{name}, two standard deviations"] = (
                times,
                aperture - wide,
                aperture + wide,
                run.colour,
            )
    unit = f"lip aperture, IOD ({space})"
    plots.show(plots.curves(lines, unit=unit, bands=bands), height=220, key="openings")
    if any(run.amplified and run.prediction.opening_spread is not None for run in runs.values()):
        st.caption("No band with a changed motion gain: the runs were sampled at gain 1.")
