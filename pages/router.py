"""The script behind every page: lists the pages and runs the chosen one."""

from pathlib import Path

import streamlit as st

from core.errors import SpeechmarksError
from ui.shared.idle import collector
from ui.shared.jobs_view import sidebar_note
from ui.shared.repairs_view import repairs_note
from ui.shared.widgets import refuse

ICON = Path(__file__).parents[1] / "ui" / "shared" / "icon.png"
st.set_page_config(page_title="Speechmarks", page_icon=str(ICON), layout="wide")
# Streamlit's margins would push the player's controls below the fold of a small screen.
st.html("<style>.stMainBlockContainer { padding: 3rem 3rem 4rem }</style>")

page = st.navigation(
    {
        "": [st.Page("home.py", title="Home", icon=":material/home:", default=True)],
        "Clip": [
            st.Page("library.py", title="Library", icon=":material/video_library:"),
            st.Page("frames.py", title="Frames", icon=":material/burst_mode:"),
            st.Page("landmarks.py", title="Landmarks", icon=":material/face:"),
            st.Page("quality.py", title="Quality", icon=":material/rule:"),
        ],
        "Preparation": [
            st.Page("alignment.py", title="Alignment", icon=":material/align_center:"),
            st.Page("reference.py", title="Reference", icon=":material/center_focus_strong:"),
            st.Page("identity.py", title="Identity", icon=":material/fingerprint:"),
            st.Page("shape.py", title="Shape space", icon=":material/scatter_plot:"),
        ],
        "Models": [
            st.Page("inference.py", title="Inference", icon=":material/graphic_eq:"),
            st.Page("compare.py", title="Compare", icon=":material/compare:"),
            st.Page("evaluate.py", title="Evaluate", icon=":material/leaderboard:"),
            st.Page("models.py", title="Models", icon=":material/inventory_2:"),
        ],
    },
    expanded=True,  # all pages, also where the sidebar has notes
)
with collector().script():
    sidebar_note()
    try:
        page.run()
        repairs_note()
    except SpeechmarksError as error:
        refuse(error)
