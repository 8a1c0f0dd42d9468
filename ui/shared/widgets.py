"""Pieces of every page: heading, empty state, progress, errors, the command that does the same."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import SpeechmarksError
from core.evaluation.publications import SCORES, Score
from core.models import ModelCard
from core.quality.edge import edge_remark
from core.tracks.track import LandmarkTrack
from core.weights import Use
from core.workspace import Clip
from ui.shared import state
from ui.shared.navigation import go_to
from ui.shared.recipe import recipe_words

__all__ = [
    "choose_models",
    "clip_caption",
    "command",
    "command_text",
    "commands",
    "edge_warning",
    "header",
    "need_clip",
    "one_voice_note",
    "part",
    "progress",
    "refuse",
    "safe_text",
    "score_columns",
    "silence_note",
]


def choose_models(
    cards: Mapping[str, ModelCard],
    *,
    use: Use = "offline",
    width: Literal["stretch"] | int = "stretch",
) -> list[str]:
    """The names of the models to run, with a line on each in the tooltip.

    use : what they are run on; the microphone has a choice of its own.
    """
    told = "\n".join(
        f"- **{safe_text(n)}** {safe_text(c.summary)}{' (one voice)' if c.one_voice else ''}"
        for n, c in cards.items()
    )
    return st.multiselect(
        "Models",
        list(cards),
        default=state.default_models(use),
        key="models" if use == "offline" else f"{use} models",
        bind="query-params",
        width=width,
        help=told,
    )


def one_voice_note(cards: Iterable[ModelCard]) -> None:
    """A quiet line where models were trained on one speaker."""
    names = [safe_text(card.name) for card in cards if card.one_voice]
    if names:
        st.caption(f"One voice in training, weaker on others: {', '.join(names)}.")


def header(title: str, purpose: str) -> None:
    """The page's title and one sentence on what it is for."""
    st.title(title, anchor=False)
    st.caption(purpose)


def safe_text(text: str) -> str:
    """Untrusted text for places that read Markdown: shown, never interpreted."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()<>#+-.!|$~:&" else c for c in text)


def clip_caption(clip: Clip) -> str:
    """One quiet line about a clip."""
    parts = [f"{clip.info.duration:.2f} s"]
    video = clip.info.video
    if video is not None:
        parts.append(f"{video.size[0]} × {video.size[1]}")
        rate = "variable rate" if video.variable_rate else f"{video.fps:.2f} fps"
        frames = "1 frame" if video.n_frames == 1 else f"{video.n_frames} frames"
        parts.append(f"{frames}, {rate}")
    parts.append("audio" if clip.info.audio else "no audio")
    if state.is_sample(clip):
        parts.append("synthetic")
    if video is not None and (chosen := recipe_words(state.recipe(clip))):
        parts.append(chosen)
    if state.is_corrected(clip):
        parts.append("corrected")
    return f"**{safe_text(clip.name)}** · " + " · ".join(parts)


def need_clip(*, video: bool = True) -> Clip:
    """The current clip, or an empty state that says what to do next."""
    clip = state.current_clip()
    if clip is None:
        st.info("No clip is chosen yet.", icon=":material/movie:")
        with st.container(horizontal=True):
            if st.button("Use the built-in clip", type="primary"):
                state.choose_clip(state.sample_clip())
                st.rerun()
            if st.button("Choose or upload one"):
                go_to("library.py")
        st.stop()
    st.markdown(clip_caption(clip))
    if video and clip.info.video is None:
        refuse("This recording has no video; this page needs one.")
    return clip


def silence_note(clip: Clip) -> None:
    """A quiet remark where there is a sound stream with nothing to hear in it."""
    if state.sound(clip).silent:
        text = "The audio of this clip is silent; models show their face at rest."
        st.info(text, icon=":material/volume_off:")


def edge_warning(track: LandmarkTrack, size: tuple[int, int]) -> None:
    """Say in which frames the edge of the picture cuts the face; nothing where it cuts none.

    size : of the picture that the landmarks were detected in, (width, height) as displayed.
    """
    if remark := edge_remark(track, size):
        st.warning(remark, icon=":material/crop_free:")


def refuse(error: SpeechmarksError | str) -> None:
    """Say in one sentence why the page cannot go on, offer another clip, and stop."""
    st.error(safe_text(str(error)), icon=":material/error:")
    if st.button("Choose another clip", icon=":material/video_library:"):
        go_to("library.py")
    st.stop()


def score_columns(scores: Iterable[Mapping[str, Score]]) -> dict[str, Any]:
    """Columns of a table of scores, by score, each with its meaning and which way is better: the
    headline scores first, as far as a row has them."""
    held: dict[str, Score] = {}
    for row in scores:
        held = {**row, **held}
    return {
        name: st.column_config.NumberColumn(
            held[name].heading(name),
            format="%.0f" if card.unit == "ms" else "%.3f",
            help=f"{card.formula}; {card.better} is better.",
        )
        for name, card in SCORES.items()
        if name in held and card.place == "main"
    }


@contextmanager
def progress(what: str) -> Iterator[Callable[[float], None]]:
    """Work that may take a while: a spinner, and a bar with time left and a Cancel button as soon
    as the work reports a share done. Cancelling, or leaving the page, stops it at the next report.
    """
    flag = f"cancelled: {what} {st.session_state.get('clip')}"
    slot = st.empty()
    if st.session_state.get(flag):
        with slot.container(horizontal=True, vertical_alignment="center"):
            st.info(f"{what}: cancelled.", icon=":material/cancel:")
            st.button("Start again", on_click=st.session_state.pop, args=(flag,))
        st.stop()
    begin = time.perf_counter()
    bar: DeltaGenerator | None = None

    def report(share: float) -> None:
        nonlocal bar
        spent = time.perf_counter() - begin
        if spent < 0.5:
            return
        if bar is None:
            with slot.container(horizontal=True, vertical_alignment="center"):
                bar = st.progress(0.0)
                st.button(
                    "Cancel",
                    key=f"cancel {what}",
                    on_click=lambda: st.session_state.update({flag: True}),
                )
        left = f" · about {spent / share - spent:.0f} s left" if share > 0.02 else ""
        bar.progress(min(1.0, max(0.0, share)), text=f"{share:.0%}{left}")

    try:
        with st.spinner(f"{what} ...", show_time=True):
            yield report
    except SpeechmarksError as error:
        slot.empty()
        refuse(error)
    slot.empty()


def part(report: Callable[[float], None], number: int, count: int) -> Callable[[float], None]:
    """What the ``number``-th of ``count`` equal pieces of work reports, as a share of the whole."""
    return lambda share: report((number + share) / count)


def command(*words: str | Sequence[str]) -> None:
    """The command line that does what the page does."""
    commands(words)


def command_text(line: Sequence[str | Sequence[str]]) -> str:
    """One command line as it is typed."""
    flat = [w for word in line for w in ([word] if isinstance(word, str) else word)]
    return "python -m core " + shlex.join(flat)


def commands(*lines: Sequence[str | Sequence[str]]) -> None:
    """The command lines that do what the page does, one after the other."""
    st.caption("The same from the command line")
    st.code("\n".join(map(command_text, lines)), language="bash", wrap_lines=True)
