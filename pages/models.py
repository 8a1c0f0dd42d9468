"""Models: what there is, where it is from, how well it does, and getting it."""

import streamlit as st

from core.models import known_models
from ui.models.scores import measured
from ui.models.view import card, download, models_table
from ui.shared import state
from ui.shared.navigation import go_to
from ui.shared.widgets import commands, header, refuse

header(
    "Models",
    "All models: authors and terms, scores, and whether the weights are on this machine.",
)
cards = known_models()
if not cards:
    refuse("The registry names no models; restore the folder pretrained/ from the repository.")
state.current_clip()  # keeps it, though nothing here needs a clip
asked = st.query_params.get("model") or st.session_state.get("model")
current = next((one for one in cards if one.name == asked), cards[0])
st.session_state["model"] = st.query_params["model"] = current.name
models_table(cards, current)
card(current)
if current.ready:
    if st.button("Run it", type="primary", icon=":material/graphic_eq:"):
        st.session_state["models"] = [current.name]
        go_to("inference.py")
else:
    download(current)
measured(current)
commands(
    ("models", "list"),
    ("models", "info" if current.ready else "get", current.name),
)
