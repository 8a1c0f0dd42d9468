"""Access to a workspace, and the one road to the landmarks of a clip."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ..detect import plane_68
from ..tracks.corrections import Kept, apply_edits, kept_digest, load_kept
from ..tracks.track import LandmarkTrack
from .landmarks import DLIB68, LandmarkRecipe, cached_landmarks, landmark_key
from .store import Clip, Store

__all__ = ["ClipLandmarks", "Workspace", "corrections_fact"]

Progress = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class ClipLandmarks:
    """The 68 landmarks of a clip in the plane.

    Attributes
    ----------
    own : LandmarkTrack
        As the detector gave them, with all of its points; NaN in frames without a face.
    detected : LandmarkTrack
        The 68 points of them in x and y; the very same as ``own`` where it has just these.
    corrections : Kept
        Corrections by hand, filling and smoothing; empty where there are none, or where they were
        not asked for.
    """

    own: LandmarkTrack
    detected: LandmarkTrack
    corrections: Kept = field(default_factory=Kept)

    @cached_property
    def track(self) -> LandmarkTrack:
        """The landmarks to work with: corrected. The very same as ``detected`` where there are no
        corrections."""
        return self.corrections.apply(self.detected)

    @cached_property
    def by_hand(self) -> LandmarkTrack:
        """With the corrections by hand alone: neither filled nor smoothed."""
        return apply_edits(self.detected, self.corrections.layer)

    @property
    def digest(self) -> str:
        """Digest of the corrections, for keys and provenance; '' where there are none."""
        return self.corrections.digest


class Workspace(Store):
    """Access to one workspace folder; creating the object creates the folder.

    Parameters
    ----------
    root : path-like, optional
        The folder. Default: $SPEECHMARKS_HOME, else the user's data folder.

    Raises
    ------
    BadInput
        The folder cannot be created.

    Examples
    --------
    >>> from speechmarks import Workspace
    >>> from speechmarks.samples import SAMPLE
    >>> workspace = Workspace(folder / "home")
    >>> clip = workspace.add_clip(SAMPLE.video, "presenter.mp4")
    >>> workspace.clip_ids() == [clip.id], clip.info.duration
    (True, 7.72)
    """

    def landmarks(
        self,
        clip: Clip | Path | str,
        *,
        recipe: LandmarkRecipe = DLIB68,
        corrected: bool = True,
        progress: Progress | None = None,
    ) -> LandmarkTrack:
        """Landmarks of a clip: the 68 points in the plane, detected once and then kept.

        Parameters
        ----------
        clip : Clip, Path or str
            A clip of the workspace, or the path of any video.
        recipe : LandmarkRecipe
            Detector, precision and face.
        corrected : bool
            Whether the corrections and the smoothing of the Quality page are applied.
        progress : callable, optional
            Called with the number of frames done; may raise to stop: finished shards are kept.

        Returns
        -------
        LandmarkTrack
            Shape (T, 68, 2), displayed pixels; NaN in frames without a face.

        Raises
        ------
        MissingFile, NoVideo, MediaError, MissingDependency : as detection raises them.
        BadInput : the stored corrections are damaged.
        """
        return self.clip_landmarks(
            clip, recipe=recipe, corrected=corrected, progress=progress
        ).track

    def clip_landmarks(
        self,
        clip: Clip | Path | str,
        *,
        recipe: LandmarkRecipe = DLIB68,
        corrected: bool = True,
        video_hash: str | None = None,
        progress: Progress | None = None,
    ) -> ClipLandmarks:
        """`landmarks` together with the corrections that are in them.

        video_hash : sha256 of the file, where it is known already. Raises as `landmarks`.
        """
        path, sha256 = (clip.path, clip.id) if isinstance(clip, Clip) else (Path(clip), video_hash)
        found = cached_landmarks(
            self, path, recipe=recipe, video_hash=sha256 or video_hash, progress=progress
        )
        return self._laid_over(found, corrected)

    def known_landmarks(
        self, sha256: str, *, recipe: LandmarkRecipe = DLIB68, corrected: bool = True
    ) -> ClipLandmarks | None:
        """Landmarks of a clip by the hash of its file; None where they were not detected yet.

        Raises
        ------
        BadInput : the stored landmarks or corrections are damaged.
        """
        found = self.load_track(landmark_key(sha256, recipe))
        return None if found is None else self._laid_over(found, corrected)

    def _laid_over(self, found: LandmarkTrack, corrected: bool) -> ClipLandmarks:
        plain = plane_68(found)
        return ClipLandmarks(found, plain, load_kept(self.root, plain) if corrected else Kept())

    def corrected_tracks(self) -> set[str]:
        """Digests (`core.tracks.corrections.track_digest`) of the detected tracks that have stored
        corrections; these may change nothing by now."""
        return {path.stem for path in (self.root / "edits").glob("*.json")}

    def corrections_digest(self, track: str) -> str:
        """Digest of the corrections of a detected track; '' where there are none.

        Reads no landmarks, so it is quick for many clips.

        Parameters
        ----------
        track : str
            `core.tracks.corrections.track_digest` of the detected track.

        Raises
        ------
        BadInput : the stored corrections are damaged.
        """
        if not re.fullmatch(r"[0-9a-f]{64}", track):  # a record of the user's, which names no path
            return ""
        return kept_digest(self.root, track)


def corrections_fact(digests: Mapping[str, str]) -> dict[str, Any]:
    """What summaries, cards and files say of the corrections in a set of clips.

    Parameters
    ----------
    digests : mapping of str to str
        `ClipLandmarks.digest` of every clip by name; '' where it is not corrected.

    Returns
    -------
    dict
        ``clips``: how many are corrected; ``digest``: of which, and how; '' where none is.
    """
    known = {name: digest for name, digest in digests.items() if digest}
    text = json.dumps(known, sort_keys=True)
    return {
        "clips": len(known),
        "digest": hashlib.sha256(text.encode()).hexdigest() if known else "",
    }
