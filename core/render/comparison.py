"""The faces of a comparison: what is compared, how it is drawn, how it scores.

The page Compare and the command ``compare`` take panels, movies, curves and scores from here, so
that both give the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..align import comparable, steady_track
from ..errors import BadInput, NoVideo, SpeechmarksError
from ..evaluation import HEADLINE, Comparison, compare_tracks, headline_scores
from ..evaluation.comparison import late_truth
from ..evaluation.publications import Score, score_track
from ..media import Audio, as_audio, delay_audio, probe
from ..neutral import remove_lip_identity
from ..tracks.scheme import point_map
from ..tracks.track import LandmarkTrack, delayed, select_points
from .compare import Crop, Panel, PanelStyle
from .curves import comparison_curves
from .depth import template_motion
from .movie import track_end
from .palette import INK, free_colours, model_colours
from .player import Curve, PanelMedia, PlayerPanel
from .player.pack import PanelStyle as PlayerStyle
from .styles import Style

__all__ = [
    "PREPARED_RATE",
    "ComparedFace",
    "ComparedVideo",
    "FaceComparison",
    "Given",
    "IdentityOf",
    "PointsOf",
    "compare_faces",
]

IdentityOf = Literal["removed", "kept"]
"""removed : head motion and identity are removed from every track. 68-point faces are drawn as
their motion on the shipped template, at 25 fps (`core.neutral.remove_identity`). Denser faces that
keep their own points are drawn level on their own mean. kept : tracks are drawn as given."""

PointsOf = Literal["common", "own"]
"""common : where schemes differ, only the points that all tracks have are drawn. own : each track
is drawn with all of its points."""

CLIP = "Clip"
"""Title of the panel that shows the clip's picture."""

PREPARED_RATE = 25.0
"""Pictures a second of a clip that is cut to the face, as Eskimez et al. 2020 prepare it."""

_ON_PICTURE = ("pixel", "unit")
_STILL, _LATE = "null: mean face", "null: ground truth 1 s late"
_OF_NULLS = (
    "lip_motion_error",
    "skill",
    "aperture_correlation",
    "width_correlation",
    "motion_gain",
    "aperture_error",
    "velocity_error",
    "acceleration_error",
)
_LENGTH = 0.1  # seconds that a system may last longer or shorter without a remark


@dataclass(frozen=True, eq=False)
class Given:
    """The ground truth or a system of a comparison as it is given.

    Attributes
    ----------
    name : title of its panels, untrusted text.
    track : its landmarks; None as long as those of its video are not known.
    note : shown below the title, untrusted text.
    video : the video that a system has made, shown in a panel of its own; ``track`` is then in its
        pixels.
    shift : seconds that it is moved later; negative: earlier. Pictures, curves, scores and exports
        follow.
    colour : ``#rrggbb``; '' for that of its model, or one that is free.
    """

    name: str
    track: LandmarkTrack | None
    note: str = ""
    video: Path | None = None
    shift: float = 0.0
    colour: str = ""


@dataclass(frozen=True, eq=False)
class ComparedFace:
    """One face of a comparison: ``raw`` landmarks as given but for their ``shift`` in seconds,
    which are scored, and ``track`` as it is drawn."""

    name: str
    raw: LandmarkTrack
    track: LandmarkTrack
    colour: str
    note: str = ""
    truth: bool = False
    shift: float = 0.0


@dataclass(frozen=True, eq=False)
class ComparedVideo:
    """The video of a system: ``path``, moved by ``shift`` seconds. ``track`` holds its landmarks
    as given, moved by as much; None where they are not known."""

    name: str
    path: Path
    track: LandmarkTrack | None
    colour: str
    note: str = ""
    shift: float = 0.0

    @property
    def title(self) -> str:
        """Title of its panel."""
        return f"{self.name}, video"

    def audio(self) -> Audio:
        """Its audio, moved with it; raises `NoAudio`."""
        return delay_audio(as_audio(self.path), self.shift)


@dataclass(frozen=True, eq=False)
class FaceComparison:
    """Faces in the order in which they are shown; the ground truth, if there is one, is the first.

    Attributes
    ----------
    faces : those that can be drawn
    videos : those of systems
    left_out : reason for every track that cannot be drawn, by name
    remarks : what was done to the tracks, one sentence each
    clip : sha256 of the clip of the ground truth, where it is known
    """

    faces: tuple[ComparedFace, ...]
    left_out: Mapping[str, str]
    remarks: tuple[str, ...] = ()
    clip: str | None = None
    videos: tuple[ComparedVideo, ...] = ()

    @property
    def truth(self) -> ComparedFace | None:
        """The ground truth."""
        return next((face for face in self.faces if face.truth), None)

    @property
    def over(self) -> LandmarkTrack | None:
        """The track that lies over the clip's picture: the first one in its pixels."""
        own = {video.name for video in self.videos}
        on_clip = (f.raw for f in self.faces if f.name not in own and f.raw.space in _ON_PICTURE)
        return next(on_clip, None)

    def panels(self, style: Style) -> list[PlayerPanel]:
        """Panels of the player; a style that needs the 68 points becomes a wireframe for others."""
        return [
            PlayerPanel(
                face.name,
                style="wireframe" if (own := _style(face, style)) == "overlay" else own,
                colour=face.colour,
                track=face.track,
                caption=face.note,
                truth=face.truth,
            )
            for face in self.faces
        ]

    def movie(self, style: Style) -> list[Panel]:
        """The same panels for `compare_movie`."""
        return [
            Panel(face.name, track=face.track, style=_style(face, style), colour=face.colour)
            for face in self.faces
        ]

    def video_panels(
        self, style: PlayerStyle = "picture", *, files: Mapping[Path, Path] | None = None
    ) -> list[PlayerPanel]:
        """Panels of the systems' videos, for the player.

        style : "picture", or "overlay" for their landmarks over them.
        files : what browsers play instead of a video, such as a proxy.
        """
        panels = []
        for one in self.videos:
            picture = probe(one.path).video
            if picture is None:
                raise NoVideo(f"{one.path.name!r} has no video track; give it as the audio.")
            file = (files or {}).get(one.path, one.path)
            media = PanelMedia(file, picture.size, picture.times, one.shift)
            drawn: PlayerStyle = "picture" if one.track is None else style
            panels.append(
                PlayerPanel(
                    one.title, "video", drawn, one.colour, one.track, caption=one.note, media=media
                )
            )
        return panels

    def video_movie(self, style: PlayerStyle = "picture") -> list[Panel]:
        """The same for `compare_movie`."""
        panels = []
        for one in self.videos:
            track = None if one.track is None else delayed(one.track, -one.shift)
            drawn: PanelStyle = "overlay" if track is not None and style != "picture" else "picture"
            panels.append(Panel(one.title, track, one.path, drawn, one.colour, shift=one.shift))
        return panels

    def nulls(self) -> dict[str, dict[str, Score]]:
        """Headline scores of null baselines: the mean face of the ground truth, which never moves,
        and the ground truth itself 1 s late. Those that the clip is too short for are left out."""
        truth = self.truth
        if truth is None:
            return {}
        found: dict[str, dict[str, Score]] = {}
        try:
            own = _with_eyes(truth.raw)
            pair = compare_tracks(own, own, clip=self.clip)
            found[_STILL] = _scores_of(pair.with_mean_face())
            found[_LATE] = _scores_of(compare_tracks(own, late_truth(own), clip=self.clip))
        except SpeechmarksError:  # without scores of a system there is nothing to say of nulls
            pass
        return found

    def lengths(self) -> list[str]:
        """A sentence for every system whose video or landmarks last longer or shorter than the
        ground truth, by more than `_LENGTH` seconds."""
        truth = self.truth
        if truth is None:
            return []
        own = _seconds_of(truth.raw)
        return [
            f"{face.name} lasts {_seconds_of(face.raw):.2f} s, the ground truth {own:.2f} s; only "
            "frames that both have are scored."
            for face in self.faces
            if not face.truth and abs(_seconds_of(face.raw) - own) > _LENGTH
        ]

    def heard(self, name: str) -> ComparedVideo:
        """The video of a system, by the system's name; raises `BadInput`."""
        for video in self.videos:
            if video.name == name:
                return video
        known = ", ".join(video.name for video in self.videos) or "none"
        raise BadInput(f"Expected the name of a system with a video; got {name!r}, known: {known}.")

    @property
    def clip_shift(self) -> float:
        """Seconds by which the clip's picture is moved: those of the ground truth."""
        return 0.0 if self.truth is None else self.truth.shift

    def clip_panel(self, video: Path, *, file: Path | None = None) -> PlayerPanel:
        """The clip's picture under the landmarks, for the player.

        video : the clip. file : what browsers play instead of it. Where the ground truth is
        shifted, the panel has media of its own, as the audio of the clip is not.
        """
        drawn: PlayerStyle = "picture" if self.over is None else "overlay"
        media = None
        picture = probe(video).video if self.clip_shift else None
        if picture is not None:
            media = PanelMedia(file or video, picture.size, picture.times, self.clip_shift)
        return PlayerPanel(CLIP, "video", drawn, INK, self.over, media=media)

    def clip_movie(self, video: Path, crop: Crop = "whole") -> Panel:
        """The same for `compare_movie`; cut to the face: without landmarks, at `PREPARED_RATE`.

        Raises `BadInput` where it is to be cut to the face and no track is in its pixels.
        """
        shift = self.clip_shift
        over = None if self.over is None else delayed(self.over, -shift)
        if crop == "whole":
            drawn: PanelStyle = "picture" if over is None else "overlay"
            return Panel(CLIP, over, video, drawn, INK, shift=shift)
        if over is None:
            spaces = ", ".join(sorted({face.raw.space for face in self.faces}))
            raise BadInput(
                "Expected a track in pixels of the video, such as 'landmarks' makes, to cut the "
                f"clip to the face; these are in {spaces} space."
            )
        return Panel(CLIP, over, video, "picture", INK, "face", PREPARED_RATE, shift)

    def curves(self) -> list[Curve]:
        """Lip apertures and lip motion errors of the tracks as given; raises as
        `comparison_curves`."""
        truth = self.truth
        return comparison_curves(
            {face.name: (face.raw, face.colour) for face in self.faces},
            truth=None if truth is None else truth.name,
            clip=self.clip,
        )

    def scores(self) -> tuple[dict[str, dict[str, Score]], list[str]]:
        """Scores of every other face against the ground truth, by name, and one sentence for each
        that cannot be taken."""
        found: dict[str, dict[str, Score]] = {}
        notes: list[str] = []
        truth = self.truth
        for face in self.faces if truth is not None else ():
            if truth is None or face.truth:
                continue
            try:
                pair = (_with_eyes(truth.raw), _with_eyes(face.raw))
                found[face.name], said = score_track(*pair, clip=self.clip)
            except SpeechmarksError as error:
                said = [f"cannot be scored: {error}"]
            notes += [f"{face.name}: {sentence}" for sentence in said]
        return found, notes


def compare_faces(
    truth: Given | None,
    others: Iterable[Given],
    *,
    order: Mapping[str, int] | None = None,
    identity: IdentityOf = "removed",
    points: PointsOf = "common",
    clip: str | None = None,
) -> FaceComparison:
    """The faces of a comparison.

    Parameters
    ----------
    truth : Given or None
        The ground truth, drawn in ink; None where there is none.
    others : iterable of Given
        What is compared with it.
    order : mapping of str to int, optional
        Place of every model in the registry. A track of such a name has the model's colour, any
        other one a colour that is free.
    identity, points : see `IdentityOf` and `PointsOf`.
    clip : str, optional
        sha256 of the clip of the ground truth: seconds of it that a model was adapted to are not
        scored.

    Raises
    ------
    BadInput : two tracks of one name.
    """
    given = [*([] if truth is None else [truth]), *others]
    given = [
        one
        if one.track is None or not one.shift
        else dataclasses.replace(one, track=delayed(one.track, one.shift))
        for one in given
    ]
    names = [one.name for one in given]
    if len(set(names)) < len(names):
        raise BadInput(f"Expected tracks of different names; got {', '.join(names)}.")
    colours = _colours(given if truth is None else given[1:], order or {})
    if truth is not None:
        colours[truth.name] = truth.colour or INK
    tracks = {one.name: one.track for one in given if one.track is not None}
    with_68 = points == "common" and any(t.scheme == "dlib68" for t in tracks.values())
    drawn: dict[str, LandmarkTrack] = {}
    left_out: dict[str, str] = {}
    for name, track in tracks.items():
        try:
            drawn[name] = track if identity == "kept" else _free(track, with_68)
        except SpeechmarksError as error:  # the others are compared without it
            left_out[name] = str(error)
    remarks = _mapped(drawn, tracks) if identity == "removed" else ()
    if points == "common" and len({track.scheme for track in drawn.values()}) > 1:
        raw = {name: track for name, track in tracks.items() if name in drawn}
        drawn, said = _same_points(raw, drawn, identity)
        remarks = (*remarks, *said)
    faces = tuple(
        ComparedFace(
            one.name,
            tracks[one.name],
            drawn[one.name],
            colours[one.name],
            one.note,
            truth is not None and one.name == truth.name,
            one.shift,
        )
        for one in given
        if one.name in drawn
    )
    videos = tuple(
        ComparedVideo(one.name, one.video, one.track, colours[one.name], one.note, one.shift)
        for one in given
        if one.video is not None
    )
    return FaceComparison(faces, left_out, remarks, clip, videos)


def _colours(given: Sequence[Given], order: Mapping[str, int]) -> dict[str, str]:
    chosen = {one.name: one.colour for one in given if one.colour}
    models = [one.name for one in given if one.name in order and not one.colour]
    known = {**model_colours({name: order[name] for name in models}), **chosen}
    taken = set(chosen.values())
    known = {n: c for n, c in known.items() if n in chosen or c not in taken}
    free = free_colours(known.values())
    return {one.name: known.get(one.name) or next(free) for one in given}


def _mapped(
    drawn: Mapping[str, LandmarkTrack], given: Mapping[str, LandmarkTrack]
) -> tuple[str, ...]:
    """A sentence for every denser face that is drawn with 68 points."""
    denser = [name for name, track in drawn.items() if track.scheme != given[name].scheme]
    return tuple(
        f"{name}: its {given[name].layout.n_points} points were mapped to 68, the jaw only roughly."
        for name in denser
    )


def _free(track: LandmarkTrack, with_68: bool) -> LandmarkTrack:
    """A track without head motion; denser faces beside faces of 68 points become such."""
    if track.scheme == "lips20":
        return track  # has no eyes; `_same_points` brings other faces to it
    if track.scheme == "dlib68" or with_68:
        return template_motion(_with_eyes(track))
    return steady_track(track)


def _scores_of(pair: Comparison) -> dict[str, Score]:
    return {
        name: Score(value, pair.frames, HEADLINE[name].unit, None, pair.times)
        for name, value in headline_scores(pair).items()
        if name in _OF_NULLS
    }


def _seconds_of(track: LandmarkTrack) -> float:
    """How long a track lasts, its last frame included."""
    return track_end(track) - float(track.times[0]) if len(track) else 0.0


def _style(face: ComparedFace, style: Style) -> Style:
    paintable = face.track.scheme == "dlib68" or style in ("dots", "overlay")
    return style if paintable else "wireframe"


def _same_points(
    raw: Mapping[str, LandmarkTrack], drawn: Mapping[str, LandmarkTrack], identity: IdentityOf
) -> tuple[dict[str, LandmarkTrack], tuple[str, ...]]:
    """Tracks with the same points, and what was done for it.

    Beside lips in the lip space of the Humans project every face becomes lips there, free of
    identity, so that they can be laid over one another; otherwise points are chosen as they are.
    """
    said: list[str] = []
    lips_alone = any(t.scheme == "lips20" and t.space == "eye5" for t in drawn.values())
    if identity == "removed" and lips_alone:
        try:
            lips = {name: remove_lip_identity(_with_eyes(track)) for name, track in raw.items()}
            done = "Lips only: each motion on the template's lips, in space eye5."
            return lips, (done,)
        except SpeechmarksError as error:
            said.append(f"Lips are shown as they are: {error}")
    chosen, remarks = comparable(drawn)
    return chosen, (*said, *remarks)


def _with_eyes(track: LandmarkTrack) -> LandmarkTrack:
    """The 68 points of a denser face, for what rests on eyes and lips."""
    if track.scheme in ("dlib68", "lips20"):
        return track
    return select_points(track, point_map(track.scheme, "dlib68"), "dlib68")
