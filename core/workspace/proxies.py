"""What browsers play of a clip: a proxy video or a WAV file, made once and verified before use.

Proxies lie beside the clip. One writer at a time makes a proxy; others wait for it. A proxy is used
only if it holds the frames and the length of the clip. A damaged one is made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..errors import NoAudio, SpeechmarksError
from ..files import atomic_write, locked, staged
from ..media import MediaInfo, as_audio, make_proxy, probe, write_wav
from .store import Clip

__all__ = ["browser_media", "is_whole"]

_SHORTER = 0.5  # seconds by which a proxy may differ from its clip


def browser_media(clip: Clip, progress: Callable[[float], None] | None = None) -> Path | None:
    """The file that a browser plays for a clip; None for an audio file without audio.

    ``progress`` is called with the share done while a proxy video is made, and may raise to cancel.

    Raises what `core.media.make_proxy` raises, and `MediaError` where the result is not whole.
    """
    video = clip.info.video is not None
    path = clip.folder / ("proxy.mp4" if video else "proxy.wav")
    if is_whole(path, clip.info):
        return path
    with locked(path):
        if is_whole(path, clip.info):  # another session made it meanwhile
            return path
        if video:
            make_proxy(clip.path, path, info=clip.info, progress=progress, force=True)
        else:
            try:
                sound = as_audio(clip.path)
            except NoAudio:
                return None
            with staged(path) as partial:
                write_wav(partial, sound)
        _remember(path)  # fewer frames than the clip, where some cannot be decoded
    return path


def is_whole(path: Path, info: MediaInfo) -> bool:
    """Whether a proxy holds all frames and the length of its clip.

    The result is remembered beside the proxy, by its size and time of change.
    """
    try:
        known = _state(path)
    except OSError:
        return False
    with suppress(OSError, ValueError):
        if json.loads(path.with_suffix(".json").read_text()) == known:
            return True
    try:
        found = probe(path)
    except SpeechmarksError:
        return False
    frames = 0 if info.video is None else info.video.n_frames
    has = 0 if found.video is None else found.video.n_frames
    if has != frames or abs(found.duration - info.duration) > _SHORTER:
        return False
    _remember(path)
    return True


def _remember(path: Path) -> None:
    """Record that a proxy is whole, as it is now."""
    atomic_write(path.with_suffix(".json"), json.dumps(_state(path)).encode())


def _state(path: Path) -> dict[str, int]:
    found = path.stat()
    return {"size": found.st_size, "mtime_ns": found.st_mtime_ns}
