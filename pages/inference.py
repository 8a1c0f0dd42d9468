"""Inference: let pretrained models hear the clip."""

import streamlit as st

from core.render import model_colour
from core.render.player import PlayerPanel
from core.track_io import track_bytes
from ui import plots, state
from ui.live import live_microphone
from ui.player import show_clip
from ui.running import (
    Run,
    bring_to_compare,
    choose_settings,
    exaggerate,
    go_on_to_compare,
    openings,
    results_table,
)
from ui.widgets import (
    choose_models,
    command,
    header,
    need_clip,
    part,
    progress,
    refuse,
    silence_note,
)

header(
    "Inference",
    "Run speech-to-landmark models on the clip's sound, or on your voice; no picture is ever used.",
)
go_on_to_compare()
source = st.segmented_control(
    "Sound", ["clip", "microphone"], default="clip", required=True, key="sound",
    bind="query-params", label_visibility="collapsed",
)  # fmt: skip
clip = need_clip(video=False) if source == "clip" else None
cards = {c.name: c for c in state.model_cards()}
if not cards:
    refuse("No models are shipped with this copy; restore the folder pretrained/.")
if clip is not None and clip.info.audio is None:
    refuse("This clip has no sound; choose one with speech in the Library.")

with st.container(horizontal=True, vertical_alignment="bottom"):
    names = choose_models(cards)
    settings = choose_settings(names)
    models = {name: state.model(name, settings.of_model.get(name)) for name in names}
    boosts = exaggerate(models) if names else {}
if not names:
    st.info("Choose at least one model.", icon=":material/graphic_eq:")
    st.stop()

colours = {n: model_colour(cards[n].order) for n in names}
if clip is None:
    live_microphone(models, colours, boosts=boosts)
    st.caption(
        "The sound goes to this server alone and is kept only if you say so. Each face follows as "
        "late as its model must hear ahead, and as long as it computes."
    )
    st.stop()
silence_note(clip)
runs: dict[str, Run] = {}
with progress("Running the models") as hear:
    for number, (name, model) in enumerate(models.items()):
        made = state.full_prediction(
            clip,
            name,
            settings.predict,
            part(hear, number, len(names)),
            settings=settings.of_model.get(name),
        )
        runs[name] = Run.of(cards[name], model, made, boosts[name], colours[name])
with progress("Preparing the clip for the browser") as hear:
    media = state.media(clip, hear)

panels = [
    PlayerPanel(
        n,
        style="portrait" if r.track.scheme == "dlib68" else "wireframe",
        colour=r.colour,
        track=r.track,
        caption="exaggerated" if r.boosted else "",
    )
    for n, r in runs.items()
]
if media.has_video:
    panels.insert(0, PlayerPanel("Clip", kind="video", style="picture", colour=plots.ink()))
show_clip(panels, media, key=f"inference {clip.id}")
if media.has_video:
    st.button(
        "Compare with the truth",
        type="primary",
        icon=":material/compare:",
        on_click=bring_to_compare,
        args=(runs, settings),
    )

results_table(clip, runs)
openings(runs)
with st.container(horizontal=True):
    for n, r in runs.items():
        st.download_button(f"Download {n}.npy", track_bytes(r.track, ".npy"), f"{n}.npy")
first = runs[names[0]]
flags = settings.flags(names[0])
if first.boosted:
    flags += ["--boost", ",".join(f"{b:g}" for b in first.boost)]
command("generate", "-i", state.command_word(clip), "-m", names[0], "-o", "generated", flags)
