"""How a job stands, on the Library and in the sidebar; drawn anew every second while it runs."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from ui.shared.jobs import Job, jobs
from ui.shared.navigation import go_to
from ui.shared.widgets import commands, safe_text

__all__ = ["job_panel", "sidebar_note"]

_SEEN = "job seen to end"


def clock(seconds: float) -> str:
    """A length of time for people."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _pace(job: Job) -> str:
    parts = []
    if job.rate is not None:
        parts.append(f"{job.rate:.3g} {job.noun} a second")
    if job.left is not None:
        parts.append(f"about {clock(job.left)} left")
    if job.counts:
        parts.append(job.counts)
    return " · ".join(parts)


def job_panel() -> None:
    """The job that runs, with Cancel; or how the last one ended, with what failed and why."""
    with st.container():  # always there, so that what comes below keeps its place
        job = jobs().latest
        if job is not None:
            every = 1.0 if job.running else None
            st.fragment(_panel, run_every=every, key="job panel")()


def _panel() -> None:
    job = jobs().latest
    if job is None:
        return
    with st.container(border=True):
        if job.running:
            _running(job)
        else:
            if st.session_state.get(_SEEN) != id(job):
                st.session_state[_SEEN] = id(job)
                st.rerun()  # the page has more to show now
            _over(job)


def _running(job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        share = min(1.0, job.done / job.total) if job.total else 0.0
        count = f"{job.done:.0f} of {job.total} {job.noun}" if job.total else "checking the files"
        st.progress(share, text=f"**{safe_text(job.title)}** · {count}")
        st.button(
            "Cancelling ..." if job.cancelling else "Cancel",
            key="cancel job",
            on_click=job.cancel,
            disabled=job.cancelling,
            width="content",
        )
    st.caption(_pace(job) or f"running for {clock(job.seconds)}")
    if job.failed:
        _failures(job)


def _over(job: Job) -> None:
    icon = {"ended": ":material/task_alt:", "cancelled": ":material/cancel:"}.get(
        job.state, ":material/error:"
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{icon} **{safe_text(job.title)}** · {safe_text(job.said)}")
        if job.result and st.button(
            "Show the scores", key="job scores", icon=":material/leaderboard:", width="content"
        ):
            st.session_state["evaluation"] = job.result
            go_to("evaluate.py")
        if job.commands:
            with st.popover("Command", icon=":material/terminal:", width="content"):
                commands(*job.commands)
        st.button("Close", key="close job", on_click=jobs().forget, width="content")
    if job.failed:
        _failures(job)


def _failures(job: Job) -> None:
    count = len(job.failed)
    with st.expander(f"{count} failed" if count > 1 else "1 failed"):
        st.dataframe(
            pd.DataFrame(job.failed[:500]), hide_index=True, height=min(300, 36 * count + 40)
        )


def sidebar_note() -> None:
    """A quiet line on every page while a job runs."""
    if jobs().running is not None:
        with st.sidebar:
            st.fragment(_note, run_every=2.0, key="job note")()


def _note() -> None:
    job = jobs().running
    if job is None:
        return
    share = f"{job.done / job.total:.0%}" if job.total else "..."
    left = f", {clock(job.left)} left" if job.left is not None else ""
    st.caption(f":material/pending: {safe_text(job.title)}: {share}{left}")
