"""When a clip's frames are shown: the facts, how long they last, and what a constant rate shows."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.media import (
    ResamplingPlan,
    TimingReport,
    VideoInfo,
    drift_warnings,
    resampling_plan,
    timing_report,
)
from core.render import ACCENT
from core.workspace import Clip
from ui.shared import plots, state
from ui.shared.plots import ink
from ui.shared.repairs_view import clip_repairs
from ui.shared.widgets import safe_text

__all__ = ["plan_errors", "step_histogram", "timing_facts", "timing_view"]

_DRAWN = 3000  # more points than this make a browser slow


def timing_view(clip: Clip, video: VideoInfo) -> None:
    """The whole timing section of the Frames page."""
    sound_end = state.sound(clip).duration if clip.info.audio is not None else None
    report = timing_report(clip.info, sound_end=sound_end)
    with st.container(horizontal=True, gap="medium"):
        for name, value in timing_facts(report).items():
            st.metric(name, value, width="content")
    if len(report.steps) == 0:
        st.caption("A single frame has no step to the next frame and cannot drift.")
        return
    st.caption(
        "Audio: start and end relative to the video. Missing frames: as many as fit into steps "
        "above 1.5 medians."
    )
    if repairs := clip_repairs(clip):
        with st.expander(f"Repairs: {len(repairs)}", icon=":material/build:"):
            for repair in repairs:
                st.markdown(safe_text(repair.text))
    warnings = drift_warnings(report.drifts)
    if len(warnings) == len(report.drifts):
        text = f"Neither {' nor '.join(f'{d.fps:g}' for d in report.drifts)} fps fits this clip. "
        st.warning(text + " ".join(warnings), icon=":material/schedule:")
    elif warnings:
        st.info(" ".join(warnings), icon=":material/schedule:")

    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Frame steps", anchor=False)
        plots.show(step_histogram(report), height=240, key="steps")
        st.caption("Measured duration of each frame; equal steps mean a constant frame rate.")
    with right:
        st.subheader("Drift with an assumed frame rate", anchor=False)
        colours = (ink(), ACCENT)
        lines = {
            f"assumed {d.fps:g} fps": (video.times, d.seconds, colour)
            for d, colour in zip(report.drifts, colours, strict=True)
        }
        plots.show(plots.curves(lines, unit="s late"), height=240, key="drift")
        st.caption("Assumed minus real time of each frame; below 0 it is early.")

    st.subheader("Resampling", anchor=False)
    rate = st.number_input(
        "Target frame rate", 1.0, 1000.0, 25.0, 1.0, "%g", "to", bind="query-params", width=160
    )
    plan = resampling_plan(video.times, rate)
    between = int((plan.weight > 0).sum())
    st.markdown(
        f"**{len(plan.times)}** frames at {rate:g} fps · **{plan.repeated}** repeat a source "
        f"frame · **{plan.skipped}** source frames are dropped · the nearest source frame is at "
        f"most **{1000 * np.abs(plan.error).max():.1f} ms** away"
    )
    plots.show(plan_errors(plan), height=220, key="plan")
    if len(plan.times) > _DRAWN:
        st.caption(f"Shown: the first {_DRAWN} frames.")
    st.caption(
        "Pictures are never mixed: each instant takes the nearest source frame. Landmarks are "
        f"interpolated between the two neighbours, here at {between} of {len(plan.times)} "
        "instants."
    )


def timing_facts(report: TimingReport) -> dict[str, str]:
    """The report in words, name -> value with its unit."""
    facts = {
        ("Declared frame rate"): "none"
        if not report.fps_declared
        else f"{report.fps_declared:.2f} fps",
        ("Measured mean rate"): "one frame"
        if report.fps_mean is None
        else f"{report.fps_mean:.2f} fps",
    }
    if report.step_range is not None:
        shortest, median, longest = (1000 * step for step in report.step_range)
        if report.variable_rate:
            facts["Variable steps"] = f"{shortest:.1f}–{longest:.1f} ms"
        else:
            facts["Constant step"] = f"{median:.2f} ms"
        facts["Frames missing"] = f"about {report.missing}" if report.missing else "none"
    if report.sound_offset is not None:
        facts["Audio starts"] = f"{report.sound_offset:+.3f} s"
    if report.end_mismatch is not None:
        facts["Audio ends"] = f"{report.end_mismatch:+.3f} s"
    return facts


def step_histogram(report: TimingReport) -> go.Figure:
    """Counts of frame steps in ms; upright lines where declared and mean rate would put them."""
    steps = 1000 * report.steps
    width = max(1.0, float(np.ptp(steps)) / 60)
    centres, counts = np.unique(np.round(steps / width) * width, return_counts=True)
    figure = go.Figure()
    figure.add_bar(
        x=centres,
        y=counts,
        width=width,
        text=counts,
        textangle=0,
        textposition="outside",
        textfont_size=12,
        constraintext="none",
        cliponaxis=False,
        marker_color=ink(),
        hovertemplate="%{y} steps of about %{x:.1f} ms<extra></extra>",
    )
    lines = {"measured mean": report.fps_mean, "declared": report.fps_declared}
    shown = sorted((1000 / rate, name) for name, rate in lines.items() if rate)
    if len(shown) == 2 and shown[1][0] - shown[0][0] < 0.01 * shown[0][0]:
        shown = [(shown[0][0], "declared and measured mean")]
    for place, (step, name) in enumerate(shown):
        left = len(shown) == 2 and place == 0
        figure.add_vline(
            x=step,
            line={"color": ACCENT, "width": 1, "dash": "dot"},
            annotation_text=name,
            annotation_position="top left" if left else "top right",
        )
    ends = [*centres, *(step for step, _ in shown)]
    room = max(6 * width, 0.3 * (max(ends) - min(ends)))
    figure.update_xaxes(
        title="step to the next frame in ms", range=[min(ends) - room, max(ends) + room]
    )
    figure.update_yaxes(title="frames", range=[0, 1.35 * counts.max()])
    return figure


def plan_errors(plan: ResamplingPlan) -> go.Figure:
    """How far in time the nearest source frame lies from each output frame; repeats stand out."""
    again = np.concatenate([[False], np.diff(plan.nearest) == 0])[:_DRAWN]
    figure = go.Figure()
    for name, chosen, colour in (
        ("shown once", ~again, ink()),
        ("shown again", again, ACCENT),
    ):
        if chosen.any():
            figure.add_scatter(
                x=plan.times[:_DRAWN][chosen],
                y=1000 * plan.error[:_DRAWN][chosen],
                customdata=np.column_stack([np.flatnonzero(chosen), plan.nearest[:_DRAWN][chosen]]),
                mode="markers",
                marker={"size": 5, "color": colour},
                name=f"source frame {name}",
                hovertemplate="output %{customdata[0]} shows source %{customdata[1]}, "
                "%{y:+.1f} ms<extra></extra>",
            )
    reach = max(1.0, 1.15 * 1000 * float(np.abs(plan.error).max()))
    figure.update_xaxes(title="time in s")
    figure.update_yaxes(title="distance of the nearest frame (ms)", range=[-reach, reach])
    figure.update_layout(showlegend=bool(again.any()))
    return figure
