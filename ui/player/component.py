"""The player on a page: one Streamlit component around core.render.player."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from numpy.typing import ArrayLike

from core.render.player import (
    Curve,
    Marker,
    PlayerPanel,
    pack_player,
    player_script,
    player_style,
)
from core.tracks.labels import TimedLabel
from ui.player import media_route

__all__ = ["ClipMedia", "PlayerState", "show_clip", "show_player"]


@dataclass(frozen=True)
class PlayerState:
    """What the player has told Python.

    Attributes
    ----------
    time : seconds where it last stood still (of a video: the middle of the frame shown, so that
        "the last frame whose time has come" is that frame); None before the first pause.
    markers : in order of time; None as long as the viewer has not changed them.
    """

    time: float | None
    markers: tuple[Marker, ...] | None = None


@dataclass(frozen=True, eq=False)
class ClipMedia:
    """What the player needs to know about a clip; fields as in `show_player`."""

    path: Path | None
    has_video: bool
    duration: float
    video_times: ArrayLike | None = None
    video_size: tuple[int, int] | None = None
    peaks: ArrayLike | None = None
    spectrum: ArrayLike | None = None
    silence: Sequence[tuple[float, float]] = ()
    labels: Mapping[str, Sequence[TimedLabel]] | None = None


@cache
def _component() -> Any:
    return st.components.v2.component(
        "speechmarks_player", js=player_script(), css=player_style(), isolate_styles=True
    )


def show_player(
    panels: Sequence[PlayerPanel],
    *,
    key: str,
    duration: float,
    media: Path | None = None,
    media_type: str | None = None,
    has_video: bool = False,
    fps: float | None = None,
    video_times: ArrayLike | None = None,
    video_size: tuple[int, int] | None = None,
    peaks: ArrayLike | None = None,
    spectrum: ArrayLike | None = None,
    silence: Sequence[tuple[float, float]] = (),
    curves: Sequence[Curve] = (),
    labels: Mapping[str, Sequence[TimedLabel]] | None = None,
    markers: Sequence[Marker] = (),
    start: float = 0.0,
    heard: int | None = None,
    autoplay: bool = False,
    permalink: bool = False,
    reports: bool = False,
) -> PlayerState:
    """Draw a player here; options as in `core.render.player.pack_player`.

    Parameters
    ----------
    key : names the player on its page; with the same key it keeps time and settings when
        ``panels`` change.
    media : file with the sound and, where ``has_video``, the picture, in a form that browsers play
        (H.264 yuv420p MP4 with faststart, WAV, MP3 ...); None plays without sound.
    start, markers : as the player opens; later changes do not move a player that is already on the
        page, nor replace the markers that the viewer has set on it.

    With ``reports`` the page reruns when playing stops, when a paused position has settled and when
    markers have changed, never during play. A rerun that begins while the viewer opens another page
    cancels that; other pages therefore ask for no reports, and know neither time nor markers.
    """
    url = media_route.register(media, media_type) if media is not None else None
    own = {p.media.path for p in panels if p.media is not None}
    buffer = pack_player(
        panels,
        media_url=url,
        panel_urls={path: media_route.register(path, "video/mp4") for path in own},
        heard=heard,
        has_video=has_video,
        duration=duration,
        fps=fps,
        video_times=video_times,
        video_size=video_size,
        peaks=peaks,
        spectrum=spectrum,
        silence=silence,
        curves=curves,
        labels=labels,
        markers=markers,
        start=start,
        autoplay=autoplay,
        permalink=permalink,
        reports=reports,
    )
    result = _component()(
        key=key, data=buffer, on_time_change=lambda: None, on_markers_change=lambda: None
    )
    time, changed = result.get("time"), result.get("markers")
    return PlayerState(
        time=float(time) if isinstance(time, int | float) else None,
        markers=None
        if changed is None
        else tuple(Marker(float(m["time"]), str(m["note"])) for m in changed),
    )


def show_clip(
    panels: Sequence[PlayerPanel],
    media: ClipMedia,
    *,
    key: str,
    curves: Sequence[Curve] = (),
    markers: Sequence[Marker] = (),
    start: float = 0.0,
    heard: int | None = None,
    autoplay: bool = False,
    permalink: bool = False,
    reports: bool = False,
) -> PlayerState:
    """Draw a player for panels of one clip, with the clip's own sound and picture."""
    return show_player(
        panels,
        key=key,
        duration=media.duration,
        media=media.path,
        has_video=media.has_video,
        video_times=media.video_times,
        video_size=media.video_size,
        peaks=media.peaks,
        spectrum=media.spectrum,
        silence=media.silence,
        curves=curves,
        labels=media.labels,
        markers=markers,
        start=start,
        heard=heard,
        autoplay=autoplay,
        permalink=permalink,
        reports=reports,
    )
