"""Speechmarks: ``streamlit run app.py``."""

import streamlit as st
from starlette.middleware import Middleware

from ui.live import route as live_route
from ui.player import media_route
from ui.shared.guard import HostGuard
from ui.shared.warmup import warm_up

app = st.App(
    "pages/router.py",
    routes=[*media_route.routes(), *live_route.routes()],
    middleware=[Middleware(HostGuard)],
    lifespan=warm_up,
)
