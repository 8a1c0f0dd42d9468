"""Movies straight into the encoder: H.264 yuv420p with AAC, ready for browsers."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ..errors import BadInput, NoAudio, OutputExists
from ..files import staged
from .audio import Audio, cut_audio, open_audio
from .frames import read_frames
from .info import MediaInfo
from .probe import probe

__all__ = ["MovieWriter", "make_proxy", "audio_bytes"]

_CLOCK = 90_000  # ticks a second; holds every usual frame rate
_PIECE_SECONDS = 10.0  # of sound encoded at once


class MovieWriter:
    """Context manager that encodes frames as they come.

    Parameters
    ----------
    path : output .mp4; written under a temporary name beside it and moved when complete.
    size : (width, height); odd sizes lose their last row or column (4:2:0 needs even ones).
    fps : nominal rate, used where `write` is given no time.
    sound : put beside the picture from time zero, cut at ``stop`` seconds where given.
    crf, preset : x264 quality (lower is better) and speed.
    keyframe_every : frames between key frames; small means quick seeking.
    tags : what the file says of itself, such as ``title`` and ``comment``.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        size: tuple[int, int],
        fps: float | Fraction,
        sound: Audio | None = None,
        crf: int = 20,
        preset: str = "veryfast",
        keyframe_every: int = 25,
        tags: Mapping[str, str] | None = None,
        force: bool = False,
    ) -> None:
        self.path = Path(path)
        if self.path.exists() and not force:
            raise OutputExists(f"{str(self.path)!r} exists already; use --force to replace it.")
        self.size = (size[0] // 2 * 2, size[1] // 2 * 2)
        if min(self.size) < 2:
            raise BadInput(f"A movie needs at least 2 x 2 pixels, not {size[0]} x {size[1]}.")
        self.rate = Fraction(fps).limit_denominator(1001 * 60)
        self._sound = sound if sound is not None and sound.n_samples else None
        self._staged = staged(self.path)
        self._options = {"crf": str(crf), "preset": preset, "g": str(keyframe_every)}
        self._tags = dict(tags or {})
        self._frames = 0
        self._last_tick = -1

    def __enter__(self) -> MovieWriter:
        self._container = av.open(
            str(self._staged.__enter__()), "w", format="mp4", options={"movflags": "+faststart"}
        )
        self._container.metadata.update(self._tags)
        self._video: VideoStream = self._container.add_stream(
            "libx264", rate=self.rate, options=self._options
        )
        self._video.width, self._video.height = self.size
        self._video.pix_fmt = "yuv420p"
        self._video.codec_context.time_base = Fraction(1, _CLOCK)
        # Said aloud: players take a large picture that does not say it for BT.709.
        self._video.codec_context.colorspace = Colorspace.ITU601
        self._video.codec_context.color_range = ColorRange.MPEG
        self._audio: AudioStream | None = None
        if self._sound is not None:
            self._audio = _add_audio(self._container, self._sound.rate)
        return self

    def write(self, image: NDArray[np.uint8], time: float | None = None) -> None:
        """Append one RGB picture (height, width, 3) uint8, shown from ``time`` seconds on."""
        width, height = self.size
        if (image.shape[1] // 2 * 2, image.shape[0] // 2 * 2) != self.size:
            raise BadInput(
                f"Every picture of this movie has {width} x {height} pixels; "
                f"got {image.shape[1]} x {image.shape[0]}."
            )
        frame = VideoFrame.from_numpy_buffer(
            np.ascontiguousarray(image[:height, :width]), format="rgb24"
        )
        seconds = self._frames / self.rate if time is None else time
        tick = max(round(seconds * _CLOCK), self._last_tick + 1)
        frame.pts, frame.time_base = tick, Fraction(1, _CLOCK)
        self._last_tick = tick
        self._frames += 1
        self._container.mux(self._video.encode(frame))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        whole = kind is None and self._frames > 0
        try:
            if whole:
                self._container.mux(self._video.encode(None))
                self._write_audio()
            self._container.close()
            if kind is None and not whole:
                raise BadInput("A movie needs at least one picture; none was given.")
        except BaseException as failure:
            self._staged.__exit__(type(failure), failure, failure.__traceback__)
            raise
        self._staged.__exit__(kind, error, trace)

    def _write_audio(self) -> None:
        if self._audio is None or self._sound is None:
            return
        end = self._last_tick / _CLOCK + float(1 / self.rate)
        heard = cut_audio(self._sound, stop=max(end, 1 / self._sound.rate))
        _encode_audio(self._container, self._audio, heard)


def _add_audio(container: OutputContainer, rate: int) -> AudioStream:
    stream: AudioStream = container.add_stream("aac", rate=_aac_rate(rate))
    stream.codec_context.layout = "mono"
    stream.codec_context.bit_rate = 96_000
    return stream


def _encode_audio(container: OutputContainer, stream: AudioStream, sound: Audio) -> None:
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=stream.rate)
    heard = 0
    for samples in sound.pieces(_PIECE_SECONDS):
        block = AudioFrame.from_ndarray(samples[np.newaxis], format="fltp", layout="mono")
        block.sample_rate, block.pts = sound.rate, heard
        block.time_base = Fraction(1, sound.rate)
        heard += len(samples)
        for piece in resampler.resample(block):
            container.mux(stream.encode(piece))
    for piece in resampler.resample(None):
        container.mux(stream.encode(piece))
    container.mux(stream.encode(None))


def audio_bytes(sound: Audio) -> bytes:
    """An .m4a file (AAC, some 12 kB a second) of a sound, in memory; every browser plays it."""
    if not sound.n_samples:
        raise BadInput("An audio file needs at least one sample; this audio is empty.")
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        _encode_audio(container, _add_audio(container, sound.rate), sound)
    return file.getvalue()


def _aac_rate(rate: int) -> int:
    """The nearest sample rate, not lower, that AAC and browsers take."""
    return next((r for r in (16_000, 22_050, 32_000, 44_100, 48_000) if r >= rate), 48_000)


def make_proxy(
    source: Path | str,
    target: Path | str,
    *,
    longest_side: int = 960,
    info: MediaInfo | None = None,
    progress: Callable[[float], None] | None = None,
    force: bool = False,
) -> None:
    """Re-encode a clip so that any browser plays it: upright, square pixels, H.264 and AAC.

    Frame k of the proxy is frame k of the source, shown at the same measured time; sound starts
    where it started. ``progress`` hears the done fraction.
    """
    info = info or probe(source)
    if info.video is None:
        raise BadInput("An audio file needs no video proxy.")
    try:
        sound = open_audio(source) if info.audio is not None else None
    except NoAudio:
        sound = None
    frames = read_frames(source, longest_side=longest_side)
    first = next(frames, None)
    if first is None:
        raise BadInput("The clip has no frame that can be decoded.")
    size = (first.image.shape[1], first.image.shape[0])
    with MovieWriter(
        target, size=size, fps=info.video.fps, sound=sound, keyframe_every=12, force=force
    ) as writer:
        writer.write(first.image, first.time)
        for frame in frames:
            writer.write(frame.image, frame.time)
            if progress is not None and frame.index % 10 == 0:
                progress(min(1.0, frame.index / info.video.n_frames))
