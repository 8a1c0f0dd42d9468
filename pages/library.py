"""Library: bring clips in or open a data set, look through them, choose one."""

import streamlit as st

from ui.library.dataset_view import dataset_part
from ui.library.view import own_part
from ui.shared import state
from ui.shared.jobs_view import job_panel
from ui.shared.widgets import header

header("Library", "Import talking-face clips and choose the clip for all pages.")
part = st.segmented_control(
    "Import",
    ["My clips", "Data sets"],
    default="My clips",
    required=True,
    key="shelf",
    bind="query-params",
    persist_state="session",
    label_visibility="collapsed",
)
job_panel()
if part == "Data sets":
    dataset_part(state.workspace())
else:
    own_part(state.workspace())
