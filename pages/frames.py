"""Frames: look at single pictures, take them away, and see when each is shown."""

import streamlit as st

from core.errors import BadInput
from core.media import PictureFormat, choose_frames, mean_bytes, spread, zip_pictures
from ui.frames.frame_viewer import contact_sheet, frame_viewer
from ui.frames.timing_view import timing_view
from ui.shared import state
from ui.shared.widgets import commands, header, need_clip, progress

header("Frames", "View single frames, numbered from 0 as in the file, and save them as pictures.")
clip = need_clip()
video, word = clip.info.video, state.command_word(clip)
assert video is not None


@st.cache_data(max_entries=64, show_spinner=False)
def typical_bytes(
    identity: str, path: str, indices: tuple[int, ...], format: PictureFormat
) -> float:
    return mean_bytes(path, indices, format=format)


left, right = st.columns([3, 2], gap="large")
with right:
    end = float(clip.info.duration)
    first, stop = st.slider(
        "Range in seconds", 0.0, end, (0.0, end), key="range", bind="query-params"
    )
    with st.container(horizontal=True):
        by = st.segmented_control(
            "Select by", ["count", "rate"], default="count", required=True, key="by",
            bind="query-params",
        )  # fmt: skip
        every = fps = None
        if by == "count":
            every = st.number_input(
                "Every n-th frame", 1, 1000, key="every", bind="query-params", width=150
            )
        else:
            fps = st.number_input(
                "Frames per second", 0.1, 1000.0, 10.0, 1.0, "%g", "rate", bind="query-params",
                width=150, help="The nearest frame at each instant; each frame once.",
            )  # fmt: skip
        formats: list[PictureFormat] = ["jpeg", "png"]
        format = st.segmented_control(
            "Format", formats, default="jpeg", required=True, key="format", bind="query-params"
        )
    try:
        chosen = choose_frames(
            video.times, start=first, stop=None if stop >= end else stop, every=every, fps=fps
        )
    except BadInput as error:
        st.info(str(error), icon=":material/width:")
        st.stop()
with left:
    frame_viewer(clip, video, format)
with right:
    sample = tuple(int(i) for i in spread(chosen, 5))
    size = len(chosen) * typical_bytes(clip.id, str(clip.path), sample, format)
    room = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
    st.caption(f"Selected frames: {len(chosen)} of {video.n_frames} · about {room} as a zip")
    saving = st.container()

sheet, timing = st.tabs(["Contact sheet", "Timing"], key="view", bind="query-params")
if sheet.open:
    with sheet:
        count = st.segmented_control(
            "Pictures", [12, 18, 24, 48], default=18, required=True, key="pictures",
            bind="query-params",
        )  # fmt: skip
        contact_sheet(clip, video, spread(chosen, count))
if timing.open:
    with timing:
        timing_view(clip, video)

flags = ["--fps", f"{fps:g}"] if fps is not None else ["--every", str(every)] * (every != 1)
flags += ["--start", f"{first:g}"] if first > 0 else []
flags += ["--stop", f"{stop:g}"] if stop < end else []
commands(
    *([["probe", word, "--timing"]] if timing.open else []),
    ["frames", word, "-o", "frames", flags, "--format", format],
)

# Written last: all else is on the page meanwhile, and a click elsewhere only starts it again.
choice = "-".join([clip.id[:16], *flags, format]).replace("--", "")
target = state.scratch_file(f"frames-{choice}.zip")
with saving:
    if st.session_state.pop("zip asked", False):
        st.session_state["zip wanted"] = choice
    if not target.is_file() and st.session_state.get("zip wanted") != choice:
        st.button(
            "Make a zip", icon=":material/folder_zip:",
            on_click=lambda: st.session_state.update({"zip asked": True}),
        )  # fmt: skip
    elif not target.is_file():
        for old in target.parent.glob("frames-*.zip"):
            old.unlink()
        with progress(f"Writing {len(chosen)} pictures") as report:
            written = zip_pictures(target, clip.path, chosen, format=format, progress=report)
        st.session_state["zip lost"] = len(chosen) - written
    if target.is_file():
        st.download_button(
            "Download", lambda: target.open("rb"), "frames.zip", type="primary",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        if lost := st.session_state.get("zip lost"):
            st.caption(f"{lost} of these frames cannot be decoded and are missing in the zip.")
