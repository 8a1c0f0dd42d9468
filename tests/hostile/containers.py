"""Containers put together by hand, so that any field of them can lie."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
from making import grey


def jpeg(width: int = 64, height: int = 48) -> bytes:
    return cv2.imencode(".jpg", grey(90, height, width))[1].tobytes()


def jpeg_that_claims(width: int, height: int) -> bytes:
    raw = bytearray(jpeg())
    at = raw.index(b"\xff\xc0") + 5
    raw[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(raw)


def zeros_deflated(size: int) -> bytes:
    """A zlib stream of ``size`` zero bytes, some thousandth as long."""
    packer, block = zlib.compressobj(9), bytes(1 << 20)
    pieces = [packer.compress(block) for _ in range(size >> 20)]
    return b"".join([*pieces, packer.compress(bytes(size % (1 << 20))), packer.flush()])


def png_of_black(width: int, height: int) -> bytes:
    """A whole, valid picture; 1000 times smaller than its pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zeros_deflated((width + 1) * height)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", body), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


# --- AVI, by the library ---------------------------------------------------------------------


def avi(folder: Path, pictures: Iterable[bytes], *, codec: str = "mjpeg") -> bytes:
    """Packets as they are, in an AVI whose head says 64 x 48."""
    path = folder / "made.avi"
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "rgb24"
        for number, picture in enumerate(pictures):
            packet = av.Packet(picture)
            packet.stream, packet.pts, packet.dts = stream, number, number
            packet.time_base, packet.is_keyframe = Fraction(1, 25), True
            out.mux(packet)
    return path.read_bytes()


def h264(folder: Path, width: int, height: int, *, interlaced: bool = False) -> bytes:
    """Five pictures as a bare H.264 stream; two in a row are one stream whose size changes."""
    path = folder / "made.h264"
    options = {"preset": "ultrafast", **({"x264-params": "tff=1"} if interlaced else {})}
    with av.open(str(path), "w", format="h264") as out:
        stream = out.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for level in range(5):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(grey(40 + level, height, width))))
        out.mux(stream.encode(None))
    return path.read_bytes()


def golomb(value: int) -> str:
    bits = f"{value + 1:b}"
    return "0" * (len(bits) - 1) + bits


def parameter_set(width: int, height: int) -> bytes:
    """An H.264 sequence parameter set for pictures of this size."""
    bits = f"{66:08b}{0:08b}{62:08b}" + "".join(
        golomb(v) for v in (0, 0, 2, 1)
    )  # number, frame numbers of 4 bits, no reordering, one reference
    bits += "0" + golomb(width // 16 - 1) + golomb(height // 16 - 1) + "1100" + "1"
    bits += "0" * (-len(bits) % 8)
    raw = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return b"\0\0\0\1\x67" + raw.replace(b"\0\0\0", b"\0\0\3\0")


# --- MP4, box by box ---------------------------------------------------------------------------


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def table(kind: bytes, rows: Sequence[tuple[int, ...]], *, count: int | None = None) -> bytes:
    """A full box of 32-bit rows; ``count`` is what it claims to hold."""
    body = b"".join(struct.pack(f">{len(r)}I", *(v % 2**32 for v in r)) for r in rows)
    return box(kind, bytes(4), struct.pack(">I", len(rows) if count is None else count), body)


def mp4(
    pictures: Sequence[bytes] = (),
    *,
    timescale: int = 25,
    steps: Sequence[tuple[int, int]] = (),
    sizes: bytes | None = None,
    offset: int | None = None,
    chunks: bytes | None = None,
    edits: Sequence[tuple[int, int, int]] = (),
    matrix: Sequence[int] = (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30),
    extra: bytes = b"",
    reference: bytes = box(b"url ", b"\0\0\0\1"),
    moov: bytes = b"",
) -> bytes:
    """Motion JPEG in an MP4 of one track; every table can be replaced."""
    pictures = pictures or [jpeg()] * 3
    n = len(pictures)
    head = box(b"ftyp", b"isom\0\0\2\0isommp42")
    turn = struct.pack(">9I", *(m % 2**32 for m in matrix))
    entry = box(
        b"jpeg", bytes(6), b"\0\1", bytes(16), struct.pack(">HH", 64, 48),
        struct.pack(">II", 72 << 16, 72 << 16), bytes(4), b"\0\1", bytes(32), b"\0\x18\xff\xff",
        extra,
    )  # fmt: skip
    tables = box(
        b"stbl",
        box(b"stsd", bytes(4), b"\0\0\0\1", entry),
        table(b"stts", steps or [(n, 1)]),
        chunks or table(b"stsc", [(1, n, 1)]),
        sizes or box(b"stsz", bytes(8), struct.pack(f">{n + 1}I", n, *map(len, pictures))),
        table(b"stco", [(len(head) + 8 if offset is None else offset,)]),
    )
    media = box(
        b"mdia",
        box(b"mdhd", bytes(12), struct.pack(">II", timescale, n), bytes(4)),
        box(b"hdlr", bytes(8), b"vide", bytes(13)),
        box(
            b"minf", box(b"vmhd", bytes(12)),
            box(b"dinf", box(b"dref", bytes(4), b"\0\0\0\1", reference)), tables,
        ),
    )  # fmt: skip
    where = box(
        b"tkhd", b"\0\0\0\7", bytes(8), b"\0\0\0\1", bytes(4), struct.pack(">I", n), bytes(16),
        turn, struct.pack(">II", 64 << 16, 48 << 16),
    )  # fmt: skip
    cuts = box(b"edts", table(b"elst", edits)) if edits else b""
    plain = struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    movie = box(b"mvhd", bytes(12), struct.pack(">II", timescale, n), bytes(16), plain, bytes(28))
    index = box(b"moov", movie, box(b"trak", where, cuts, media), moov)
    return head + box(b"mdat", *pictures) + index


def mp4_whose_pictures_lie_in(name: str, size: int) -> bytes:
    """A QuickTime alias to a file of this name in the same folder; its own picture is zeros."""
    path = b"/x/" + name.encode()
    alias = bytes(10) + bytes(28) + bytes(12) + bytes(64) + bytes(16) + b"\0\1\0\1" + bytes(16)
    alias += struct.pack(">HH", 2, len(path)) + path + bytes(len(path) % 2) + b"\xff\xff\0\0"
    return mp4([bytes(size)], reference=box(b"alis", bytes(4), alias))


# --- Matroska, element by element --------------------------------------------------------------


def element(name: str, *parts: bytes, size: int | None = None) -> bytes:
    """An EBML element; ``size`` is what it claims."""
    body = b"".join(parts)
    length = len(body) if size is None else size
    return bytes.fromhex(name) + (length | 1 << 56).to_bytes(8, "big") + body


def number(name: str, value: int) -> bytes:
    return element(name, value.to_bytes(8, "big"))


def block(picture: bytes, tick: int = 0, flags: int = 0x80) -> bytes:
    return element("a3", b"\x81", struct.pack(">h", tick), bytes([flags]), picture)


def mkv(
    *clusters: bytes,
    shown: tuple[int, int] = (64, 48),
    scale: int = 10**6,
    track: bytes = b"",
    before: bytes = b"",
    codec: bytes = b"V_MJPEG",
) -> bytes:
    """A Matroska file of one picture track; its pictures are stretched to the size ``shown``."""
    picture = element(
        "e0", number("b0", 64), number("ba", 48), number("54b0", shown[0]), number("54ba", shown[1])
    )
    entry = element(
        "ae", number("d7", 1), number("73c5", 1), number("83", 1), element("86", codec),
        picture, track,
    )  # fmt: skip
    info = element("1549a966", number("2ad7b1", scale))
    tracks = element("1654ae6b", entry)
    head = element("1a45dfa3", element("4282", b"matroska"), number("4287", 4), number("4285", 2))
    return head + element("18538067", info, before, tracks, *clusters)


def cluster(time: int, *blocks: bytes) -> bytes:
    return element("1f43b675", number("e7", time), *blocks)
