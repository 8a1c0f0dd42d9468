"""Compare: ground truth, models and imported tracks side by side, on one audio track."""

import dataclasses
from typing import get_args

import streamlit as st

from core.render import INK, Style
from core.render.comparison import IdentityOf
from core.render.player import PlayerPanel
from core.render.player.pack import PanelStyle
from ui.compare.animate import speaking_photo
from ui.compare.detection import find_landmarks
from ui.compare.export_panel import Export, export_controls
from ui.compare.faces import TRUTH, curves_of, faces_of, made_by_commands, scores_of, systems_of
from ui.compare.scores_view import lag_controls, score_table_view
from ui.compare.sound import choose_audio, play_files
from ui.compare.systems import TRUTH_KEY, Look, System, edit_systems
from ui.compare.turnable import turnable_panel, with_depth
from ui.player.component import show_clip
from ui.shared import state
from ui.shared.adaptation import adapt_models, choose_seconds, speaker_of
from ui.shared.importing import import_labels, import_systems
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
    silence_note,
)

header("Compare", "Play and score models and other systems beside the clip, on one audio track.")
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
    imported = import_systems(clip)
    plain = systems_of(names, imported)
    ground = [System(TRUTH_KEY, TRUTH, INK)] if clip.info.video is not None else []
    systems = edit_systems(clip, [*ground, *plain])
    moved = systems.pop(0).look if ground and systems else Look()
    heard = choose_audio(imported, systems)
    identity = st.segmented_control(
        "Head motion", get_args(IdentityOf), default="removed", required=True, key="identity",
        bind="query-params",
        help="removed: every face is drawn as its motion on the template face, at 25 fps, or level "
        "where it has more than 68 points. kept: landmarks as they are.",
    )  # fmt: skip
    films = [one for one in imported if one.video is not None]
    on_videos: PanelStyle = "picture"
    if films and st.toggle("Landmarks on videos", key="on videos", bind="query-params"):
        on_videos = "overlay"
    lanes = import_labels(clip)
find_landmarks(imported)
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
    files = play_files(imported, report)
if lanes:
    media = dataclasses.replace(media, labels={**(media.labels or {}), **lanes})

faces = faces_of(
    truth, given, imported, systems=systems, truth_look=moved, identity=identity, clip=clip.id
)
panels = [*faces.video_panels(on_videos, files=files), *faces.panels(style)]
movie = [*faces.video_movie(on_videos), *faces.movie(style)]
if media.has_video:
    panels.insert(0, faces.clip_panel(clip.path, file=media.path))
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
source = None if heard is None else faces.heard(heard)
at = None if source is None else [panel.title for panel in panels].index(source.title)
show_clip(panels, media, key=f"compare {clip.id}", curves=curves, heard=at, permalink=True)

scores = scores_of(faces)
nulls = faces.nulls() if scores else {}
if scores:
    lag_controls(clip, faces, systems, scores)
    score_table_view(clip, scores, nulls)
    st.caption(
        "Headline scores come first: each track's own mean mouth is removed, and no reference "
        "frame is needed. Scores with a closed-mouth reference subtract one frame from each "
        "track. IOD: inter-ocular distance of each track's own face. Curves: lip aperture (mean of "
        "61-67, 62-66, 63-65) and lip motion error, both without head motion."
    )
if truth is not None and given and published_switch():
    flags = published_scores(truth, given)
    free = "published.npz"
    commands(
        state.landmark_line(clip),
        ["identity", "landmarks.npz", "-o", free, *flags],
        *(["metrics", free, f"{name}.npy", "--published"] for name in given),
    )
made = made_by_commands(
    clip, faces, models, imported, style, seconds,
    systems=systems, identity=identity, audio_from=heard, on_videos=on_videos,
)  # fmt: skip
takes, photo = st.tabs(["Export", "Animate a photo"], key="below", bind="query-params")
if takes.open:
    with takes:
        shown = Export(
            clip,
            media,
            panels,
            movie,
            {face.name: face.track for face in faces.faces},
            sound=state.audio_or_none(clip) if source is None else source.audio(),
            clip_sound=state.audio_or_none(clip),
            heard=None if source is None else source.title,
            scores=scores,
            nulls=nulls,
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
