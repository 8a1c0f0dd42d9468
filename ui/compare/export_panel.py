"""What a page shows, to take away: movie, GIF, one HTML page, landmarks, table of scores.

Files are made on request, lie in the session's scratch folder under a name that holds their choice,
and stay on offer as long as the choice is unchanged.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.evaluation.publications import Score
from core.evaluation.tables import TableFormat, score_table
from core.media import Audio
from core.render import Layout, Panel, compare_movie, threed_movie
from core.render.bundle import comparison_page
from core.render.player import Curve, PlayerPanel
from core.render.sheet import lay_out
from core.tracks.io import atomic_write, track_bytes
from core.tracks.track import LandmarkTrack
from core.workspace import Clip
from ui.player.component import ClipMedia
from ui.shared import state
from ui.shared.widgets import command_text, commands, progress, safe_text

__all__ = ["Export", "export_controls"]

_KINDS = ["Movie", "GIF", "3-D movie", "Page", "Landmarks", "Table"]
_SIZES = {"1920 × 1080": (1920, 1080), "1280 × 720": (1280, 720), "1080 × 1080": (1080, 1080)}
_GIF_SIDE, _GIF_FPS, _GIF_SECONDS = 240, 15, 3.0
_FORMATS = ["npz", "npy", "csv", "json"]
_TABLES: dict[str, tuple[TableFormat, str]] = {
    "CSV": ("csv", "csv"),
    "Markdown": ("markdown", "md"),
    "LaTeX": ("latex", "tex"),
}
_LAYOUTS: list[Layout] = ["row", "column", "grid"]


@dataclass(frozen=True, eq=False)
class Export:
    """What there is to take.

    Attributes
    ----------
    clip, media : what is compared, and its sound and picture for browsers
    panels : as the player shows them; movie : the same as `compare_movie` draws them
    tracks : landmarks by the name they are shown under
    sound : of movies and pages; None: silent
    clip_sound : of the clip, where ``sound`` is that of a system
    heard : title of the panel whose own audio is heard
    scores, nulls : as `core.quality.score_table` takes them; empty: no table is offered
    curves : under the page's player
    files : the file that a command line reads, by names of ``tracks``
    before : command lines that make these files
    words : of the command `compare`, with the files in it; empty: no command is printed
    """

    clip: Clip
    media: ClipMedia
    panels: Sequence[PlayerPanel]
    movie: Sequence[Panel]
    tracks: Mapping[str, LandmarkTrack]
    sound: Audio | None = None
    scores: Mapping[str, Mapping[str, Score]] = dataclasses.field(default_factory=dict)
    nulls: Mapping[str, Mapping[str, Score]] = dataclasses.field(default_factory=dict)
    curves: Sequence[Curve] = ()
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)
    before: Sequence[Sequence[str]] = ()
    words: Sequence[str] = ()
    clip_sound: Audio | None = None
    heard: str | None = None

    def fingerprint(self) -> str:
        """Changes with anything that a file made of this would show."""
        digest = hashlib.sha256(self.clip.id.encode())
        for panel in self.panels:
            digest.update(repr((panel.title, panel.caption, panel.style, panel.colour)).encode())
            if panel.media is not None:
                digest.update(repr((panel.media.path, panel.media.shift)).encode())
        for shown in self.movie:
            digest.update(repr((shown.title, shown.style, shown.colour, shown.crop)).encode())
        for name, track in self.tracks.items():
            digest.update(name.encode("utf-8", "replace") + track.points.tobytes())
            digest.update(track.times.tobytes())
        digest.update(repr(self.heard).encode())
        digest.update(repr([(c.name, c.values.tobytes()) for c in self.curves]).encode())
        digest.update(score_table(self.scores, "csv").encode() if self.scores else b"")
        return digest.hexdigest()[:16]

    def lines(self, flags: Sequence[str], *, picture: bool = True) -> list[list[str]]:
        """The command lines of this comparison; none where its files have no names.

        flags : of what is made, with its ``-o``. picture : whether it shows the clip's picture.
        """
        if not self.words:
            return []
        word = state.command_word(self.clip)
        source = ["--audio", word] if (self.clip_sound or self.sound) is not None else []
        if picture and self.media.has_video:
            source = ["--video", word]
        line = ["compare", *self.words, *source, *flags]
        return [*(list(before) for before in self.before), line]


def export_controls(shown: Export) -> None:
    """Offer what is shown, with the command that makes the same; call it last on a page, as making
    a file may stop the run."""
    deep = {name: t for name, t in shown.tracks.items() if t.points.shape[2] == 3}
    needs = {"Table": shown.scores, "Landmarks": shown.tracks, "3-D movie": deep}
    kinds = [kind for kind in _KINDS if needs.get(kind, True)]
    kind = st.segmented_control("As", kinds, key="take away", bind="query-params")
    if kind == "Movie":
        lines = shown.lines(_movie(shown))
    elif kind == "GIF":
        lines = shown.lines(_gif(shown))
    elif kind == "3-D movie":
        lines = _threed(shown, deep)
    elif kind == "Page":
        lines = _page(shown)
    elif kind == "Landmarks":
        lines = _landmarks(shown)
    elif kind == "Table":
        lines = _table(shown)
    else:
        lines = shown.lines(["--labels", "-o", "comparison.mp4"])
    if lines:
        commands(*lines)


def _offer(
    label: str, file: str, choice: str, make: Callable[[Path, Callable[[float], None]], None]
) -> None:
    """A button that makes a file, and its download for as long as ``choice`` stays the same.

    ``make`` gets the path and a function that hears the done share.
    """
    stem, ending = file.rsplit(".", 1)
    target = state.scratch_file(
        f"{stem}-{hashlib.sha256(choice.encode()).hexdigest()[:16]}.{ending}"
    )
    wanted, asked = f"{ending} wanted", f"{ending} asked"
    if st.session_state.pop(asked, False):
        st.session_state[wanted] = choice
    if not target.is_file() and st.session_state.get(wanted) != choice:
        st.button(
            f"Make the {label}",
            icon=":material/movie_edit:" if label == "movie" else ":material/file_export:",
            on_click=lambda: st.session_state.update({asked: True}),
        )
        return
    if not target.is_file():
        for old in target.parent.glob(f"{stem}-*.{ending}"):
            old.unlink()
        with progress(f"Making the {label}") as report:
            make(target, report)
    size = target.stat().st_size
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            f"Download the {label}", lambda: target.open("rb"), file, type="primary",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.caption(f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB")


def _stretch(shown: Export, key: str, seconds: float | None) -> tuple[float, float | None]:
    """Start and stop in seconds (None: to the end), from a slider; opens on ``seconds`` of it."""
    end = float(shown.media.duration)
    opening = (0.0, end if seconds is None else min(end, seconds))
    first, stop = st.slider("From and to, in seconds", 0.0, end, opening, 0.04, key=key, width=320)
    return first, None if stop >= end else stop


def _flags(start: float, stop: float | None) -> list[str]:
    flags = ["--start", f"{start:g}"] if start > 0 else []
    return flags + (["--stop", f"{stop:g}"] if stop is not None else [])


def _movie(shown: Export) -> list[str]:
    usual: Layout = "grid" if len(shown.movie) > 3 else "row"  # which shows faces larger
    crops = any(p.video is not None and p.track is not None for p in shown.movie)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        layout = st.segmented_control(
            "Layout", _LAYOUTS, default=usual, required=True, key="movie layout"
        )
        size = st.selectbox("Size in pixels", list(_SIZES), key="movie size", width=160)
        start, stop = _stretch(shown, "movie stretch", None)
        burn_in = st.toggle("Frame number and time", key="movie burn-in")
        face = crops and st.toggle(
            "Clip cropped to the face", key="movie face",
            help=(
                "A fixed box around the face, 25 fps, frames numbered from 0, as in the "
                "replication project."
            ),
        )  # fmt: skip
    panels = [
        dataclasses.replace(p, crop="face", fps=25.0, style="picture")
        if face and p.video is not None and p.track is not None
        else p
        for p in shown.movie
    ]

    def make(target: Path, report: Callable[[float], None]) -> None:
        compare_movie(
            panels,
            target,
            sound=shown.sound,
            layout=layout,
            size=_SIZES[size],
            burn_in=burn_in,
            start=start,
            stop=stop,
            force=True,
            progress=report,
        )

    flags = ["--labels", "--layout", layout, "--size", "{}x{}".format(*_SIZES[size])]
    flags += ["--burn-in"] * burn_in + ["--crop", "face"] * bool(face) + _flags(start, stop)
    _offer("movie", "comparison.mp4", f"{shown.fingerprint()} {flags}", make)
    return [*flags, "-o", "comparison.mp4"]


def _gif(shown: Export) -> list[str]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        layout = st.segmented_control(
            "Layout", _LAYOUTS, default="row", required=True, key="gif layout"
        )
        start, stop = _stretch(shown, "gif stretch", _GIF_SECONDS)
        st.caption("A GIF has no audio.")
    sheet = lay_out(len(shown.movie), layout, (_GIF_SIDE, _GIF_SIDE), strip=True)

    def make(target: Path, report: Callable[[float], None]) -> None:
        compare_movie(
            shown.movie,
            target,
            layout=layout,
            size=sheet.size,
            start=start,
            stop=stop,
            fps=_GIF_FPS,
            force=True,
            progress=report,
        )

    flags = ["--labels", "--layout", layout, "--size", "{}x{}".format(*sheet.size)]
    flags += ["--fps", str(_GIF_FPS), *_flags(start, stop)]
    _offer("GIF", "comparison.gif", f"{shown.fingerprint()} {flags}", make)
    return [*flags, "-o", "comparison.gif"]


def _threed(shown: Export, deep: Mapping[str, LandmarkTrack]) -> list[list[str]]:
    name = str(st.selectbox("Panel", list(deep), key="threed of", width=220))

    def make(target: Path, report: Callable[[float], None]) -> None:
        threed_movie(deep[name], target, sound=shown.sound, force=True, progress=report)

    _offer("3-D movie", "threed.mp4", f"{shown.fingerprint()} {name}", make)
    if name not in shown.files:
        return []
    audio = ["--audio", state.command_word(shown.clip)] if shown.sound is not None else []
    line = ["compare", shown.files[name], *audio, "--threed", "-o", "threed.mp4"]
    return [*(list(before) for before in shown.before), line]


def _page(shown: Export) -> list[list[str]]:
    st.caption(
        "One HTML file with player, audio, landmarks and curves, for any browser; it needs no "
        "server and no network."
    )
    picture = False
    if shown.media.has_video and shown.media.path is not None:
        files = {shown.media.path, *(p.media.path for p in shown.panels if p.media is not None)}
        size = sum(path.stat().st_size for path in files) * 4 / 3e6
        more = "the videos" if len(files) > 1 else "the clip's video"
        picture = st.toggle(f"With {more} (+{size:.1f} MB)", True, key="page picture")
    own = [p for p in shown.panels if p.media is not None]
    panels = [p for p in shown.panels if picture or p.kind != "video"]
    titles = [p.title for p in panels]
    heard = titles.index(shown.heard) if shown.heard in titles else None
    flags = [] if picture or not own else ["--panels", "landmarks"]
    lines = shown.lines([*flags, "-o", "comparison.html"], picture=picture)
    sound = shown.clip_sound if heard is not None else shown.sound

    def make(target: Path, report: Callable[[float], None]) -> None:
        data = comparison_page(
            panels,
            sound=sound,
            video=shown.media.path if picture else None,
            video_size=shown.media.video_size,
            heard=heard,
            title=shown.clip.name,
            note=", ".join(p.title for p in panels) + ", on one clock.",
            curves=shown.curves,
            labels=shown.media.labels,
            scores=shown.scores,
            nulls=shown.nulls,
            commands=[command_text(line) for line in lines],
        )
        atomic_write(target, data)
        report(1.0)

    if not panels:
        st.info("Without the video there is nothing to show; add it or a track.")
        return []
    _offer("page", "comparison.html", f"{shown.fingerprint()} {picture}", make)
    return lines


def _landmarks(shown: Export) -> list[list[str]]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        name = st.selectbox("Panel", list(shown.tracks), key="landmarks of", width=220)
        format = st.segmented_control(
            "Format", _FORMATS, default="npz", required=True, key="landmarks format"
        )
        track = shown.tracks[name]
        st.download_button(
            "Download the landmarks", lambda: track_bytes(track, f".{format}"),
            f"landmarks.{format}", type="primary", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    st.caption(
        f"{safe_text(name)}: {len(track)} frames of {track.points.shape[1]} points, "
        f"space {track.space}."
    )
    if name not in shown.files:
        return []
    line = ["identity", shown.files[name], "-o", f"motion.{format}"]
    return [*(list(before) for before in shown.before), line]


def _table(shown: Export) -> list[list[str]]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        word = st.segmented_control(
            "Format", list(_TABLES), default="CSV", required=True, key="table format"
        )
        format, ending = _TABLES[str(word)]
        text = score_table(shown.scores, format, nulls=shown.nulls)
        st.download_button(
            "Download the table", text, f"scores.{ending}", type="primary",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    st.code(text, language={"csv": None, "markdown": "markdown", "latex": "latex"}[format])
    return shown.lines(["-o", "comparison.html", "--metrics", f"scores.{ending}"], picture=False)
