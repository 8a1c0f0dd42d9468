"""Compare: ground truth, models and imported tracks side by side, on one audio track."""

import dataclasses

import pandas as pd
import streamlit as st

from core.render import INK, Style
from core.render.player import PlayerPanel
from ui.compare.animate import speaking_photo
from ui.compare.export_panel import Export, export_controls
from ui.compare.faces import curves_of, faces_of, made_by_commands, scores_of
from ui.compare.turnable import turnable_panel, with_depth
from ui.player.component import show_clip
from ui.shared import state
from ui.shared.adaptation import adapt_models, choose_seconds, speaker_of
from ui.shared.importing import import_labels, import_tracks
from ui.shared.noise_view import noise_note
from ui.shared.published import published_scores, published_switch
from ui.shared.widgets import (
    choose_models,
    commands,
    edge_warning,
    header,
    need_clip,
    one_voice_note,
    part,
    progress,
    score_columns,
    silence_note,
)

header(
    "Compare", "Play the clip, its ground truth and every model side by side, on one audio track."
)
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
            "Clip also", ["upright", "lips", *(["turnable"] if with_depth(clip) else [])],
            selection_mode="multi", key="also", bind="query-params",
            help="The face upright and at one size; the lips alone; all landmarks of a detector "
            "with depth, which the mouse rotates.",
        )  # fmt: skip
    seconds = choose_seconds(clip) if names else None
    imported = import_tracks(clip)
    lanes = import_labels(clip)
one_voice_note(cards[name] for name in names)
if clip.info.audio is None:
    st.info("This clip has no audio, so no model can run on it.", icon=":material/volume_off:")
else:
    silence_note(clip)

truth = None
if clip.info.video is not None:
    with progress("Detecting the landmarks") as report:
        truth = state.landmarks_or_none(clip, report)
if truth is not None:
    assert clip.info.video is not None
    edge_warning(truth, clip.info.video.size)
speaker = None if truth is None else speaker_of(clip, seconds, truth)
models = adapt_models({name: state.model(name) for name in names}, speaker)
with progress("Running the models") as report:
    given = {
        n: state.prediction(clip, n, part(report, k, len(names)), chosen=models[n])
        for k, n in enumerate(names)
    }
with progress("Preparing the clip for the browser") as report:
    media = state.media(clip, report)
if lanes:
    media = dataclasses.replace(media, labels={**(media.labels or {}), **lanes})

faces = faces_of(truth, given, imported, clip=clip.id)
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
        if kind != "turnable"
    ]  # fmt: skip
    if "turnable" in extra:
        panels.append(turnable_panel(clip))
if not panels:
    st.info("Choose a model to see its prediction.", icon=":material/graphic_eq:")
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
        "Headline scores come first: each track's own mean mouth is removed, and no reference "
        "frame is needed. Scores with a closed-mouth reference subtract one frame from each "
        "track. IOD: inter-ocular distance of each track's own face. Curves: lip aperture (mean of "
        "61-67, 62-66, 63-65) and lip motion error, both without head motion."
    )
    noise_note(clip)
if truth is not None and given and published_switch():
    flags = published_scores(truth, given)
    free = "published.npz"
    commands(
        state.landmark_line(clip),
        ["identity", "landmarks.npz", "-o", free, *flags],
        *(["metrics", free, f"{name}.npy", "--published"] for name in given),
    )
made = made_by_commands(clip, faces, models, imported, style, seconds)
takes, photo = st.tabs(["Export", "Animate a photo"], key="below", bind="query-params")
if takes.open:
    with takes:
        shown = Export(
            clip,
            media,
            panels,
            movie,
            {face.name: face.track for face in faces.faces},
            sound=state.audio_or_none(clip),
            scores=scores,
            curves=curves,
            files=made.files,
            before=made.before,
            words=made.words if made.files else (),
        )
        export_controls(shown)
if photo.open:
    with photo:
        motions = {face.name: face.raw for face in faces.faces}
        own = truth is not None
        speaking_photo(clip, motions, made.files, own=own, before=made.before)
