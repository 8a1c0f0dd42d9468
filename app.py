"""Speechmarks: ``streamlit run app.py``."""

import streamlit as st

from ui import media_route

app = st.App("pages/router.py", routes=media_route.routes())
