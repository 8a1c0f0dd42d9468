"""Speechmarks: ``streamlit run app.py``."""

import streamlit as st

from ui import live_route, media_route
from ui.warmup import warm_up

app = st.App(
    "pages/router.py", routes=[*media_route.routes(), *live_route.routes()], lifespan=warm_up
)
