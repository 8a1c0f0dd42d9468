"""Compare: truth and models side by side, one sound."""

import pandas as pd
import streamlit as st

from core.metrics import interocular, score_clip
from core.reference import inner_opening, shipped_template
from core.render import INK, Panel, Style, compare_movie, model_colour
from core.render.player import PlayerPanel
from ui import plots, state
from ui.player import show_clip
from ui.widgets import command, header, need_clip, part, progress, score_columns, silence_note

header("Compare", "Play the clip, its true landmarks and every model side by side, on one sound.")
clip = need_clip(video=False)
cards = [c.name for c in state.model_cards()]
with st.container(horizontal=True, vertical_alignment="bottom"):
    names = []
    if clip.info.audio is not None:
        names = st.multiselect(
            "Models", cards, default=cards[:2], key="models", bind="query-params"
        )
    styles: list[Style] = ["wireframe", "painted", "portrait", "dots"]
    style = st.segmented_control(
        "Style", styles, default="wireframe", required=True, key="style", bind="query-params"
    )
if clip.info.audio is None:
    st.info("This clip has no sound, so no model can be run on it.", icon=":material/volume_off:")
else:
    silence_note(clip)

truth = free = None
if clip.info.video is not None:
    with progress("Finding the face") as hear:
        truth = state.landmarks_or_none(clip, hear)
if truth is not None:
    free = state.identity_free(truth)
with progress("Running the models") as hear:
    predicted = {
        name: state.identity_free(state.prediction(clip, name, part(hear, k, len(names))))
        for k, name in enumerate(names)
    }
with progress("Preparing the clip for the browser") as hear:
    media = state.media(clip, hear)

panels, movie = [], []
if media.has_video:
    panels.append(PlayerPanel("Clip", kind="video", style="overlay", colour=INK, track=truth))
    movie.append(Panel("Clip", track=truth, video=clip.path, colour=INK))
for title, track, colour in (
    *([("Truth", free, INK)] if free is not None else []),
    *((n, t, model_colour(cards.index(n))) for n, t in predicted.items()),
):
    how = "detected" if title == "Truth" else "from the sound"
    panels.append(PlayerPanel(title, style=style, colour=colour, track=track, caption=how))
    movie.append(Panel(title, track=track, style=style, colour=colour))
if not panels:
    st.info("Choose a model to see a face move.", icon=":material/graphic_eq:")
    st.stop()
show_clip(panels, media, key=f"compare {clip.id}")

if free is not None and predicted:
    iod = interocular(shipped_template())
    scores = {n: score_clip(free, t, iod=iod) for n, t in predicted.items()}
    rows = [
        {
            "model": n,
            "mouth RMSE (IOD)": s.mouth_rmse,
            "opening correlation": s.opening_correlation,
            "variance ratio": s.opening_predicted.std() / s.opening_true.std(),
            "frames": s.frames,
        }
        for n, s in scores.items()
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=score_columns())
    st.caption(
        "Scores are taken after the speaker's own face is removed from both tracks. "
        "IOD: distance of the eye centres."
    )
tracks = {
    **({"truth": (free, plots.ink())} if free is not None else {}),
    **{n: (t, model_colour(cards.index(n))) for n, t in predicted.items()},
}
if tracks:
    iod = interocular(shipped_template())
    lines = {n: (t.times, inner_opening(t) / iod, c) for n, (t, c) in tracks.items()}
    plots.show(plots.curves(lines, unit="inner-lip opening in IOD"), height=220, key="openings")

if st.button("Make a movie of this", icon=":material/movie:"):
    target = state.scratch_file("comparison.mp4")
    with progress("Drawing the movie") as hear:
        compare_movie(
            movie,
            target,
            sound=state.sound(clip) if clip.info.audio else None,
            labels=True,
            force=True,
            progress=hear,
        )
    st.download_button("Download the movie", target.read_bytes(), "comparison.mp4", type="primary")
tracks_given = [*(["identity.npz"] if free is not None else []), *(f"{n}.npy" for n in names)]
given = ["--video" if media.has_video else "--audio", state.command_word(clip)]
if tracks_given:
    command("compare", tracks_given, given, "--style", style, "--labels", "-o", "comparison.mp4")
