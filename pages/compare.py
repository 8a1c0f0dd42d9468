"""Compare: the truth, models and brought tracks side by side, on one sound."""

import dataclasses

import pandas as pd
import streamlit as st

from core.render import INK, Style
from core.render.player import PlayerPanel
from ui import state
from ui.adaptation import adapt_models, choose_seconds, speaker_of
from ui.bring import bring_labels, bring_tracks
from ui.faces import curves_of, faces_of, made_by_commands, scores_of
from ui.noise_view import noise_note
from ui.player import show_clip
from ui.takeaway import Takeaway, take_away
from ui.transfer import speaking_photo
from ui.widgets import (
    choose_models,
    edge_warning,
    header,
    need_clip,
    one_voice_note,
    part,
    progress,
    score_columns,
    silence_note,
)

header("Compare", "Play the clip, its true landmarks and every model side by side, on one sound.")
clip = need_clip(video=False)
cards = {c.name: c for c in state.model_cards()}
with st.container(horizontal=True, vertical_alignment="bottom"):
    names = []
    if clip.info.audio is not None:
        names = choose_models(cards, width=260)
    styles: list[Style] = ["wireframe", "painted", "portrait", "dots"]
    style = st.segmented_control(
        "Style", styles, default="wireframe", required=True, key="style", bind="query-params"
    )
    extra = []
    if clip.info.video is not None:
        extra = st.pills(
            "Clip also", ["upright", "lips"], selection_mode="multi", key="also",
            bind="query-params", help="The face upright and of one size; the lips alone.",
        )  # fmt: skip
    seconds = choose_seconds(clip) if names else None
    brought = bring_tracks(clip)
    lanes = bring_labels(clip)
one_voice_note(cards[name] for name in names)
if clip.info.audio is None:
    st.info("This clip has no sound, so no model can be run on it.", icon=":material/volume_off:")
else:
    silence_note(clip)

truth = None
if clip.info.video is not None:
    with progress("Finding the face") as hear:
        truth = state.landmarks_or_none(clip, hear)
if truth is not None:
    assert clip.info.video is not None
    edge_warning(truth, clip.info.video.size)
speaker = None if truth is None else speaker_of(clip, seconds, truth)
models = adapt_models({name: state.model(name) for name in names}, speaker)
with progress("Running the models") as hear:
    given = {
        n: state.prediction(clip, n, part(hear, k, len(names)), chosen=models[n])
        for k, n in enumerate(names)
    }
with progress("Preparing the clip for the browser") as hear:
    media = state.media(clip, hear)
if lanes:
    media = dataclasses.replace(media, labels={**(media.labels or {}), **lanes})

faces = faces_of(truth, given, brought, clip=clip.id)
panels, movie = faces.panels(style), faces.movie(style)
if media.has_video:
    panels.insert(0, faces.clip_panel())
    movie.insert(0, faces.clip_movie(clip.path))
if truth is not None:
    panels += [
        PlayerPanel(
            f"Clip, {kind}", kind="video", style="picture", colour=INK, track=truth,
            normalise="face" if kind == "upright" else "lips",
        )
        for kind in extra
    ]  # fmt: skip
if not panels:
    st.info("Choose a model to see a face move.", icon=":material/graphic_eq:")
    st.stop()
curves = curves_of(faces)
show_clip(panels, media, key=f"compare {clip.id}", curves=curves, permalink=True)

scores = scores_of(faces)
if scores:
    columns = score_columns(scores.values())
    table = [
        {"model": name, **{k: row[k].value for k in columns if k in row},
         "frames": next(iter(row.values())).n}
        for name, row in scores.items()
    ]  # fmt: skip
    st.dataframe(pd.DataFrame(table), hide_index=True, column_config=columns)
    st.caption(
        "The headline scores come first: they remove each track's own mean mouth and need no "
        "reference frame. The scores with a closed-mouth reference subtract one frame from each "
        "track. IOD: inter-ocular distance of each track's own face. Curves: lip aperture (mean of "
        "61-67, 62-66, 63-65) and lip motion error of the tracks as given."
    )
    noise_note(clip)
made = made_by_commands(clip, faces, models, brought, style, seconds)
takes, photo = st.tabs(["Take away", "A photo that speaks"], key="below", bind="query-params")
if takes.open:
    with takes:
        shown = Takeaway(
            clip,
            media,
            panels,
            movie,
            {face.name: face.track for face in faces.faces},
            sound=state.sound_or_none(clip),
            scores=scores,
            curves=curves,
            files=made.files,
            before=made.before,
            words=made.words if made.files else (),
        )
        take_away(shown)
if photo.open:
    with photo:
        motions = {face.name: face.raw for face in faces.faces}
        own = truth is not None
        speaking_photo(clip, motions, made.files, own=own, before=made.before)
