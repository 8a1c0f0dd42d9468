"""Evaluate: systems on a list of clips, beside null baselines, with tables for a paper."""

import streamlit as st

from ui.evaluate.choosing import choose_plan
from ui.evaluate.results_view import results_part
from ui.evaluate.stored import choose_result
from ui.shared import state
from ui.shared.jobs_view import job_panel
from ui.shared.widgets import command, header

header(
    "Evaluate",
    "Score models, folders of generated videos and folders of landmark files on a list of clips.",
)
workspace = state.workspace()
state.current_clip()  # keeps it, though nothing here needs a clip
job_panel()
shown = choose_result(workspace)
with st.expander("New evaluation", icon=":material/add:", expanded=shown is None):
    choose_plan(workspace)
if shown is None:
    st.info(
        "No results yet. Choose clips and at least one system above, then press Start.",
        icon=":material/leaderboard:",
    )
    command("evaluate", "--model", "anyvoice", "--data", "corpus", "-o", "scores")
else:
    results_part(workspace, shown)
