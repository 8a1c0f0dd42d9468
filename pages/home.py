"""Home: a face that speaks, and where to go from here."""

import streamlit as st

from core.checks import run_checks
from core.models import default_model
from core.render import INK, model_colour
from core.render.player import PlayerPanel
from core.samples import SAMPLE
from ui.player.component import show_clip
from ui.shared import state
from ui.shared.navigation import go_to
from ui.shared.widgets import command, header, progress, safe_text

header(
    "Speechmarks",
    "From speech to facial landmarks: browse talking faces, track 68 landmarks, and compare "
    "predictions of pretrained models for the same audio.",
)

clip = state.sample_clip()
truth = SAMPLE.truth
free = state.identity_free(truth)
panels = [
    PlayerPanel("Clip, ground truth", kind="video", style="overlay", colour=INK, track=truth),
    PlayerPanel("Ground truth, identity removed", style="portrait", colour=INK, track=free),
]
with progress("Predicting the built-in clip"):
    if card := default_model():
        track = state.prediction(clip, card.name)
        colour = model_colour(card.order)
        panels.append(PlayerPanel(card.name, style="portrait", colour=colour, track=track))
media = state.media(clip)
show_clip(panels, media, key="home", autoplay=True)
st.caption(
    f"Synthetic: a drawn presenter says “{SAMPLE.sentence}” The model receives the audio only."
)

with st.container(horizontal=True):
    if st.button(
        "Try the sample", type="primary", icon=":material/play_circle:",
        on_click=state.choose_clip, args=(clip,),
    ):  # fmt: skip
        go_to("landmarks.py")
    if st.button("Upload a clip", icon=":material/upload:"):
        go_to("library.py")
    if st.button("Record speech", icon=":material/mic:"):
        go_to("library.py")


@st.cache_data(ttl=600, show_spinner="Checking the installation")
def checks() -> list[tuple[str, bool, str, str]]:
    return [(c.name, c.ok, c.detail, c.fix) for c in run_checks()]


st.subheader("Status of this installation", anchor=False)
lines = []
for name, ok, detail, fix in checks():
    mark = ":orange[:material/warning:]"
    if ok:  # what is optional has a fix where it is not here
        mark = ":gray[:material/remove:]" if fix else ":green[:material/check:]"
    lines.append(
        f"{mark} **{name}** · {safe_text(detail)}" + (f" → {safe_text(fix)}" if fix else "")
    )
st.markdown("  \n".join(lines))
command("doctor")
