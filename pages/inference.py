"""Inference: let pretrained models hear the clip."""

from typing import cast

import pandas as pd
import streamlit as st

from core.metrics import interocular
from core.models import DropoutMode, PredictOptions
from core.reference import inner_opening
from core.render import model_colour
from core.render.player import PlayerPanel
from core.track_io import track_bytes
from ui import plots, state
from ui.player import show_clip
from ui.widgets import command, header, need_clip, part, progress, refuse, silence_note

header("Inference", "Run speech-to-landmark models on the clip's sound; the picture is never used.")
clip = need_clip(video=False)
cards = {c.name: c for c in state.model_cards()}
if not cards:
    refuse("No models are shipped with this copy; restore the folder pretrained/.")
if clip.info.audio is None:
    refuse("This clip has no sound; choose one with speech in the Library.")

with st.container(horizontal=True, vertical_alignment="bottom"):
    names = st.multiselect(
        "Models", list(cards), default=list(cards)[:2], key="models", bind="query-params"
    )
    with st.popover("Options", icon=":material/tune:"):
        mode = st.radio(
            "Dropout",
            ["off", "seeded", "samples"],
            captions=[
                "deterministic",
                "random, as the published programs run",
                "mean and spread of runs",
            ],
            persist_state="session",
            key="dropout",
        )
        seed = st.number_input("Seed", 0, 10_000, 0, disabled=mode == "off")
        runs = st.number_input("Runs", 2, 100, 8, disabled=mode != "samples")
if not names:
    st.info("Choose at least one model.", icon=":material/graphic_eq:")
    st.stop()

silence_note(clip)
options = PredictOptions(cast(DropoutMode, mode), int(seed), int(runs))
made = {}
with progress("Running the models") as hear:
    for number, name in enumerate(names):
        made[name] = state.full_prediction(clip, name, options, part(hear, number, len(names)))
with progress("Preparing the clip for the browser") as hear:
    media = state.media(clip, hear)

order = list(cards)
panels = [
    PlayerPanel(n, style="portrait", colour=model_colour(order.index(n)), track=p.track)
    for n, p in made.items()
]
if media.has_video:
    panels.insert(0, PlayerPanel("Clip", kind="video", style="picture", colour=plots.ink()))
show_clip(panels, media, key=f"inference {clip.id}")
if media.has_video and st.button(
    "Compare with the truth", type="primary", icon=":material/compare:"
):
    st.switch_page("compare.py")

seconds = state.sound(clip).duration
table = pd.DataFrame(
    [
        {
            "model": n,
            "frames": len(p.track),
            "compute": p.seconds,
            "real-time factor": p.seconds / seconds,
            **state.card_scores(cards[n]),
            "what it is": cards[n].summary,
        }
        for n, p in made.items()
    ]
)
st.dataframe(
    table,
    hide_index=True,
    column_config={
        "compute": st.column_config.NumberColumn(format="%.2f s"),
        "real-time factor": st.column_config.NumberColumn(format="%.3f"),
        **dict.fromkeys(state.CARD_SCORES, st.column_config.NumberColumn(format="%.3f")),
    },
)
if table.columns.isin(state.CARD_SCORES).any():
    st.caption(
        "Test errors are of the training speaker's held-out clips: mouth RMSE in IOD and "
        "correlation of the opening, beside a still mean face and the same model fed another "
        "clip's sound."
    )
lines, bands = {}, {}
for n, p in made.items():
    iod = interocular(p.track.points.mean(axis=0))
    colour, opening = model_colour(order.index(n)), inner_opening(p.track) / iod
    lines[n] = (p.track.times, opening, colour)
    if p.opening_spread is not None:
        wide = 2 * p.opening_spread / iod
        bands[f"{n}, two deviations"] = (p.track.times, opening - wide, opening + wide, colour)
plots.show(plots.curves(lines, unit="opening in IOD", bands=bands), height=220, key="openings")
with st.container(horizontal=True):
    for n, p in made.items():
        st.download_button(f"Download {n}.npy", track_bytes(p.track, ".npy"), f"{n}.npy")
flags = {"off": [], "seeded": ["--dropout", "--seed", str(seed)]}.get(
    mode, ["--dropout", "--samples", str(runs), "--seed", str(seed)]
)
command("generate", "-i", state.command_word(clip), "-m", names[0], "-o", "generated", flags)
