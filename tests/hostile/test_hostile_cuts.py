"""Good files of every format, cut at eight places: used in part or refused."""

from __future__ import annotations

import io
from pathlib import Path

import av
import pytest
import soundfile
from making import grey, sentence, tone

from core.errors import SpeechmarksError
from core.media import probe, read_audio, read_frames

CODECS = {
    "mp4": "libx264",
    "mov": "mpeg4",
    "mkv": "libx264",
    "webm": "libvpx",
    "avi": "mpeg4",
    "ts": "mpeg2video",
    "mpg": "mpeg2video",
    "flv": "flv",
    "wmv": "wmv2",
    "mxf": "mpeg2video",
    "gif": "gif",
}
SOUNDS = {"flac": "FLAC", "ogg": "OGG", "mp3": "MP3", "aiff": "AIFF", "au": "AU", "w64": "W64",
          "caf": "CAF", "sph": "NIST", "wav": "WAV"}  # fmt: skip
CUTS = (0.001, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)


def picture_file(path: Path) -> bytes:
    codec = CODECS[path.suffix[1:]]
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
        for level in range(0, 200, 10):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(grey(level, 48, 64))))
        out.mux(stream.encode(None))
    return path.read_bytes()


def sound_file(path: Path) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, tone(0.5).samples, 16_000, format=SOUNDS[path.suffix[1:]])
    return buffer.getvalue()


@pytest.mark.parametrize("ending", [*CODECS, *SOUNDS])
def test_a_file_cut_anywhere_is_used_or_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    whole = picture_file(path) if ending in CODECS else sound_file(path)
    path.write_bytes(whole)
    assert probe(path).duration > 0.4, "the whole file is good"
    opened = 0
    for share in CUTS:
        path.write_bytes(whole[: max(1, int(share * len(whole)))])
        for door in (probe, read_audio, lambda p: [f.index for f in read_frames(p)]):
            try:
                door(path)
                opened += 1
            except SpeechmarksError as error:
                sentence(error)
    assert opened < 2 * len(CUTS), "nothing was refused: was it cut at all?"
