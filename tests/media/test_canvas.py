"""One picture size for a whole file, however often the pictures change."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from making import grey
from numpy.typing import NDArray

from core.media import make_proxy, probe, read_frames, read_frames_at

Size = tuple[int, int]  # width, height
LEVEL = 200
EACH = 5  # pictures of each size


@dataclass(frozen=True)
class Change:
    """A file whose pictures take the ``sizes`` one after the other."""

    name: str
    codec: str
    sizes: tuple[Size, ...]


WIDE, TALL, SMALL, LARGE, SQUARE = (96, 64), (64, 96), (48, 32), (192, 128), (80, 80)
FORMATS = {
    "H.264 in mkv": ("a.mkv", "libx264"),
    "H.264 in ts": ("a.ts", "libx264"),
    "bare H.264": ("a.h264", "libx264"),
    "VP8 in webm": ("a.webm", "libvpx"),
    "VP9 in webm": ("a.webm", "libvpx-vp9"),
    "MJPEG in avi": ("a.avi", "mjpeg"),
}
SIZES = {
    "wide, then tall": (WIDE, TALL),
    "tall, then wide": (TALL, WIDE),
    "small, then large of the same shape": (SMALL, LARGE),
    "large, small, square, large": (LARGE, SMALL, SQUARE, LARGE),
}
CHANGES = {
    f"{form}: {what}": Change(*FORMATS[form], sizes)
    for form in FORMATS
    for what, sizes in SIZES.items()
}


def pieces(codec: str, size: Size, first: int) -> list[av.Packet]:
    """`EACH` grey pictures by an encoder of their own."""
    encoder = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height = size
    encoder.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    encoder.bit_rate = 2_000_000
    if codec == "libx264":
        encoder.options = {"preset": "ultrafast", "tune": "zerolatency"}
    elif codec.startswith("libvpx"):
        encoder.options = {"deadline": "realtime", "lag-in-frames": "0", "cpu-used": "8"}
    packets = []
    for k in range(EACH):
        frame = av.VideoFrame.from_ndarray(grey(LEVEL, size[1], size[0]), format="rgb24")
        frame = frame.reformat(format=encoder.pix_fmt)
        frame.pts, frame.time_base = first + k, Fraction(1, 25)
        packets += encoder.encode(frame)
    return packets + encoder.encode(None)


def write(path: Path, change: Change) -> None:
    made = [pieces(change.codec, size, EACH * k) for k, size in enumerate(change.sizes)]
    with av.open(str(path), "w", **({"format": "h264"} if path.suffix == ".h264" else {})) as out:
        stream = out.add_stream(change.codec, rate=25)
        stream.width, stream.height = change.sizes[0]
        stream.pix_fmt = "yuvj420p" if change.codec == "mjpeg" else "yuv420p"
        if change.codec == "libx264":  # no parameter sets in the head: each piece brings its own
            stream.options = {
                "preset": "ultrafast",
                "tune": "zerolatency",
                "x264-params": "repeat-headers=1",
            }
        for number, packet in enumerate(p for piece in made for p in piece):
            packet.stream, packet.time_base = stream, Fraction(1, 25)
            packet.pts = packet.dts = number
            out.mux(packet)


def fitted(size: Size, canvas: Size) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a picture in the canvas: as large as fits, centred."""
    scale = min(canvas[0] / size[0], canvas[1] / size[1])
    width, height = size[0] * scale, size[1] * scale
    left, top = (canvas[0] - width) / 2, (canvas[1] - height) / 2
    return round(left), round(top), round(left + width), round(top + height)


def check_fitted(image: NDArray[np.uint8], size: Size, canvas: Size) -> None:
    assert image.shape == (canvas[1], canvas[0], 3)
    left, top, right, bottom = fitted(size, canvas)
    assert (
        np.abs(image[top + 3 : bottom - 3, left + 3 : right - 3].astype(int) - LEVEL) < 12
    ).all()
    outside = np.ones(image.shape[:2], bool)
    outside[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1] = False
    assert not image[outside].any(), "black outside of the picture"


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_all_frames_have_the_first_size_and_are_centred_on_black(
    tmp_path: Path, change: Change
) -> None:
    path = tmp_path / change.name
    write(path, change)
    info = probe(path)
    canvas = change.sizes[0]
    assert info.video is not None and info.video.size == canvas
    count = EACH * len(change.sizes)
    assert info.video.n_frames == count
    (repair,) = (r for r in info.repairs if r.kind == "canvas")
    assert repair.at == pytest.approx(EACH / 25, abs=0.01)
    frames = list(read_frames(path))
    assert [f.index for f in frames] == list(range(count))
    for frame in frames:
        check_fitted(frame.image, change.sizes[frame.index // EACH], canvas)
    last = next(read_frames_at(path, [count - 1]))
    np.testing.assert_array_equal(last.image, frames[-1].image)
    small = list(read_frames(path, longest_side=40))
    assert len({f.image.shape for f in small}) == 1 and max(small[0].image.shape) == 40


def test_the_proxy_shows_every_frame_in_the_one_size(tmp_path: Path) -> None:
    write(tmp_path / "a.webm", CHANGES["VP8 in webm: wide, then tall"])
    make_proxy(tmp_path / "a.webm", tmp_path / "p.mp4")
    video = probe(tmp_path / "p.mp4").video
    assert video is not None and (video.size, video.n_frames) == (WIDE, 2 * EACH)


def test_a_file_of_one_size_has_no_such_report(tmp_path: Path) -> None:
    write(tmp_path / "a.mkv", Change("a.mkv", "libx264", (WIDE, WIDE)))
    assert not [r for r in probe(tmp_path / "a.mkv").repairs if r.kind == "canvas"]
    for frame in read_frames(tmp_path / "a.mkv"):
        check_fitted(frame.image, WIDE, WIDE)
