"""Inference: pretrained models on the audio of the clip, or on the microphone."""

import streamlit as st

from core.models import LATENCY
from core.render import model_colours
from core.render.player import PlayerPanel
from core.tracks.io import track_bytes
from ui.inference.predictions import (
    Run,
    choose_gains,
    choose_settings,
    generate_lines,
    go_on_to_compare,
    openings,
    results_table,
    show_on_compare,
)
from ui.live.view import live_microphone
from ui.player.component import show_clip
from ui.shared import plots, state
from ui.shared.adaptation import adapt_models, choose_seconds, speaker_of
from ui.shared.widgets import (
    choose_models,
    commands,
    header,
    need_clip,
    one_voice_note,
    part,
    progress,
    refuse,
    silence_note,
)

header(
    "Inference",
    "Run speech-to-landmark models on the audio of the clip, or on your voice.",
)
go_on_to_compare()
source = st.segmented_control(
    "Audio", ["clip", "microphone"], default="clip", required=True, key="sound",
    bind="query-params", label_visibility="collapsed",
)  # fmt: skip
clip = need_clip(video=False) if source == "clip" else None
cards = {c.name: c for c in state.model_cards()}
if not cards:
    refuse("No models are shipped with this copy; restore the folder pretrained/.")
if clip is not None and clip.info.audio is None:
    refuse("This clip has no audio; choose one with speech in the Library.")

with st.container(horizontal=True, vertical_alignment="bottom"):
    names = choose_models(cards, use="live" if clip is None else "offline")
    settings = choose_settings(names)
    models = {name: state.model(name, settings.of_model.get(name)) for name in names}
    boosts = choose_gains(models) if names else {}
    seconds = choose_seconds(clip) if clip is not None and names else None
one_voice_note(cards[name] for name in names)
if not names:
    st.info("Choose at least one model.", icon=":material/graphic_eq:")
    st.stop()

colours = model_colours({n: cards[n].order for n in names})
if clip is None:
    live_microphone(models, colours, boosts=boosts)
    st.caption(
        "The audio goes to this server only and is stored only if you press *Keep the recording*. "
        + LATENCY
    )
    st.stop()
silence_note(clip)
speaker = speaker_of(clip, seconds)
models = adapt_models(models, speaker)
runs: dict[str, Run] = {}
with progress("Running the models") as report:
    for number, (name, model) in enumerate(models.items()):
        made = state.full_prediction(
            clip, name, model, settings.predict, part(report, number, len(names))
        )
        runs[name] = Run.of(cards[name], model, made, boosts[name], colours[name])
with progress("Preparing the clip for the browser") as report:
    media = state.media(clip, report)

panels = [
    PlayerPanel(
        n,
        style="portrait" if r.track.scheme == "dlib68" else "wireframe",
        colour=r.colour,
        track=r.track,
        caption=", ".join(["exaggerated"] * r.amplified + ["adapted"] * r.adapted),
    )
    for n, r in runs.items()
]
if media.has_video:
    panels.insert(0, PlayerPanel("Clip", kind="video", style="picture", colour=plots.ink()))
show_clip(panels, media, key=f"inference {clip.id}")
if media.has_video and st.button(
    "Compare with ground truth", type="primary", icon=":material/compare:"
):
    show_on_compare(runs, settings)

results_table(clip, runs)
openings(runs)
with st.container(horizontal=True):
    for n, r in runs.items():
        ending = ".npz" if r.adapted else ".npy"  # an .npy cannot name the seconds
        st.download_button(f"Download {n}{ending}", track_bytes(r.track, ending), f"{n}{ending}")
commands(*generate_lines(clip, runs, settings, seconds))
