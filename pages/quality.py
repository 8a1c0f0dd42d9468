"""Quality: measures of the landmarks, frames to check, their noise, and corrections."""

import streamlit as st

from ui.quality.clips_table import clip_qualities
from ui.quality.edit_cleaning import before_and_after, cleaning_choice, keep_or_take
from ui.quality.edit_view import corrected, corrections, editor, editor_and_notes, kept_or_aside
from ui.quality.spread_view import spread_tables
from ui.quality.view import measures, odd_of, odd_table, quality_of, strip, verdict
from ui.shared import state
from ui.shared.noise_view import landmark_noise
from ui.shared.widgets import commands, edge_warning, header, need_clip, progress

header(
    "Quality",
    "Measure landmark quality, open the frames to check, and correct them by hand or by smoothing.",
)
clip = need_clip()
assert clip.info.video is not None
size = clip.info.video.size
with progress("Detecting the landmarks") as report:
    plain = state.plain_landmarks(clip, report)
kept = kept_or_aside(plain)
if refused := st.session_state.pop("quality refused", None):
    st.error(refused, icon=":material/error:")
track = state.landmarks(clip)
name = "landmarks.npz"
lines: list[list[str]] = [state.landmark_line(clip)]

tabs = ["Frames", "Fill and smooth", "All clips"]
frames, smooth, clips = st.tabs(tabs, key="quality view", bind="query-params", on_change="rerun")
if frames.open:
    with frames:
        with progress("Measuring the landmarks"):
            found, odd = quality_of(track, size), odd_of(track, size)
        with st.container(horizontal=True, gap="medium"):
            left, right = editor_and_notes()
        with left:
            editor(clip, plain, kept.layer, odd[0].frame if odd else 0)
        shown = int(st.session_state["frame"])
        with right:
            verdict(found)
            edge_warning(track, size)
            odd_table(track, odd, shown)
            corrections(plain, kept)
        strip(track, odd, kept.layer.frames, shown)
        st.caption("Click a mark or a curve to open that frame.")
        spread_tables(corrected(plain, kept.layer))
        st.markdown("**Measures, the worst first**")
        measures(found)
        lines.append(["quality", name, "--size", f"{size[0]}x{size[1]}"])
        lines.append(landmark_noise(clip))
elif smooth.open:
    with smooth:
        wanted = cleaning_choice()
        before = corrected(plain, kept.layer)
        after = before_and_after(clip, before, wanted)
        if after is not None:
            keep_or_take(plain, after, kept, wanted)
        if not kept.cleaning.empty:  # what is smoothed here is not smoothed yet
            lines[0].append("--unsmoothed")
        lines.append(["smooth", name, "-o", "clean.npz", *wanted.flags()])
else:
    with clips:
        root = clip_qualities(clip)
        lines.append(["quality", name, "--size", f"{size[0]}x{size[1]}"])
        lines = [["data", "quality", root]] if root else lines
commands(*lines)
