"""Small files that ask for much: time, memory, pixels, depth. Tables as in `bad_files`."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from containers import (
    avi,
    block,
    box,
    cluster,
    element,
    h264,
    jpeg,
    jpeg_that_claims,
    mkv,
    mp4,
    number,
    parameter_set,
    png_of_black,
    table,
    zeros_deflated,
)
from sounds import (
    COMMON,
    FORM,
    chunk,
    flac_with,
    id3,
    id3_bomb,
    ogg_that_claims,
    silent_flac,
    sound,
    sphere,
    transport_noise,
    wave,
)

Maker = Callable[[Path], bytes]
MB = 1 << 20


def just(data: Callable[[], bytes]) -> Maker:
    return lambda _: data()


def h264_that_claims(width: int, height: int) -> Maker:
    def make(folder: Path) -> bytes:
        good = h264(folder, 64, 48)
        return parameter_set(width, height) + good[good.index(b"\0\0\0\1\x68") :]

    return make


def million_pictures() -> bytes:
    """A million and some packets of one byte, a millisecond apart."""
    rows = [b"\xa3\x85\x81" + struct.pack(">h", tick) + b"\x80\0" for tick in range(32_000)]
    return mkv(cluster(0, block(jpeg())), *(cluster(32_000 * c + 1, *rows) for c in range(32)))


def packed_head(size: int) -> bytes:
    """A QuickTime index that unpacks to ``size`` bytes."""
    body = box(b"cmvd", struct.pack(">I", size), zeros_deflated(size))
    return box(b"ftyp", b"qt  \0\0\2\0qt  ") + box(
        b"moov", box(b"cmov", box(b"dcom", b"zlib"), body)
    )


def packed_blocks(size: int) -> bytes:
    """A Matroska track whose packets are deflated, and one that unpacks to ``size`` bytes."""
    coding = element("5034", number("4254", 0))
    coded = element("6d80", element("6240", number("5031", 0), number("5032", 1), coding))
    return mkv(cluster(0, block(zeros_deflated(size))), track=coded)


DEEP = range(999, 0, -1)

# No part of these may be taken for a clip.
REFUSED: dict[str, tuple[str, Maker]] = {
    "an AVI of JPEGs that claim 65500 x 65500": (
        "a.avi",
        lambda p: avi(p, [jpeg_that_claims(65_500, 65_500)] * 3),
    ),
    "an AVI of PNGs of 256 megapixels": (
        "a.avi",
        lambda p: avi(p, [png_of_black(16_000, 16_000)], codec="png"),
    ),
    "an H.264 stream that claims 16384 x 16384": ("a.h264", h264_that_claims(16_384, 16_384)),
    "an MP4 of two pictures 10**6 s apart": (
        "a.mp4",
        just(lambda: mp4([jpeg()] * 2, timescale=1, steps=[(2, 10**6)])),
    ),
    "a Matroska of two pictures 10**6 s apart": (
        "a.mkv",
        just(lambda: mkv(cluster(0, block(jpeg())), cluster(10**9, block(jpeg())))),
    ),
    "a Matroska whose clock ticks once in a century": (
        "a.mkv",
        just(lambda: mkv(cluster(0, block(jpeg()), block(jpeg(), 1)), scale=2**62)),
    ),
    "an MP4 whose pixels are 2**31 times as wide as high": (
        "a.mp4",
        just(lambda: mp4(extra=box(b"pasp", struct.pack(">II", 2**31 - 1, 1)))),
    ),
    "a Matroska whose pictures are stretched to 10**6 x 1": (
        "a.mkv",
        just(lambda: mkv(cluster(0, block(jpeg())), shown=(10**6, 1))),
    ),
    "an MP4 whose edits last for years": (
        "a.mp4",
        just(lambda: mp4(edits=[(2**32 - 1, 2**31, 0), (0, 2**32 - 1, -1)] * 100)),
    ),
    "an MP4 of boxes in boxes, 1000 deep": (
        "a.mp4",
        just(lambda: mp4(moov=b"".join(struct.pack(">I4s", 8 * d, b"udta") for d in DEEP))),
    ),
    "an MP4 whose first box is smaller than its head": (
        "a.mp4",
        just(lambda: struct.pack(">I4s", 7, b"ftyp") + mp4()[8:]),
    ),
    "a MOV whose index unpacks to 100 MB": ("a.mov", just(lambda: packed_head(100 * MB))),
    "a FLAC of three hours of silence in 12 kB": (
        "a.flac",
        just(lambda: silent_flac(10_800, 4000)),
    ),
    "a FLAC of three hours that claims none": (
        "a.flac",
        just(lambda: silent_flac(10_800, 4000, claim=0)),
    ),
    "a gzip of 64 MB": ("a.mp4", just(lambda: gzip.compress(bytes(64 * MB)))),
    "a SPHERE file of minus one channels": ("a.sph", just(lambda: sphere(channel_count="-i -1"))),
    "a SPHERE file without samples": ("a.wav", just(lambda: sphere(sample_count="-i -9")[:1024])),
    "an AIFF at 0 Hz": (
        "a.aiff",
        just(lambda: b"FORM\0\0\0\x36AIFF" + COMMON + bytes(10) + b"SSND\0\0\0\x12" + bytes(18)),
    ),
    "a WAV of LIST chunks in LIST chunks": (
        "a.wav",
        just(lambda: wave(FORM, *[chunk(b"LIST", b"INFO", size=9 + k) for k in range(500)])),
    ),
    "a WAV that begins again and again": (
        "a.wav",
        just(lambda: b"".join(b"RIFF\xff\xff\xff\x7fWAVE" for _ in range(2000))),
    ),
}  # fmt: skip
# Damaged or lying, perhaps usable in part.
DAMAGED: dict[str, tuple[str, Maker]] = {
    "an AVI whose pictures grow": ("a.avi", lambda p: avi(p, [jpeg(), jpeg(), jpeg(640, 480)])),
    "an AVI whose third picture claims 64 megapixels": (
        "a.avi",
        lambda p: avi(p, [jpeg(), jpeg(), jpeg_that_claims(8000, 8000), jpeg()]),
    ),
    "a Matroska whose pictures grow beyond any screen": (
        "a.mkv",
        just(lambda: mkv(cluster(0, block(jpeg()), block(jpeg(8000, 8000), 40)))),
    ),
    "an H.264 stream whose size changes": (
        "a.h264",
        lambda p: h264(p, 64, 48) + h264(p, 320, 240) + h264(p, 64, 48),
    ),
    "an interlaced stream whose size changes": (
        "a.h264",
        lambda p: h264(p, 64, 48, interlaced=True) + h264(p, 320, 240, interlaced=True),
    ),
    "an MP4 whose clock does not tick": ("a.mp4", just(lambda: mp4(timescale=0))),
    "an MP4 whose clock ticks 2**32 times a second": (
        "a.mp4",
        just(lambda: mp4(timescale=2**32 - 1)),
    ),
    "an MP4 that lasts 2**32 s": ("a.mp4", just(lambda: mp4(timescale=1, steps=[(3, 2**32 - 1)]))),
    "an MP4 that claims 2**32 frames": ("a.mp4", just(lambda: mp4(steps=[(2**32 - 1, 1)]))),
    "an MP4 of a hundred million one-byte pictures": (
        "a.mp4",
        just(
            lambda: mp4(
                sizes=box(b"stsz", bytes(4), struct.pack(">II", 1, 10**8)),
                chunks=table(b"stsc", [(1, 10**8, 1)]),
            )
        ),
    ),
    "an MP4 of five million one-byte pictures": (
        "a.mp4",
        just(
            lambda: mp4(
                sizes=box(b"stsz", bytes(4), struct.pack(">II", 1, 5 * 10**6)),
                chunks=table(b"stsc", [(1, 5 * 10**6, 1)]),
            )
        ),
    ),
    "an MP4 whose pictures lie outside": ("a.mp4", just(lambda: mp4(offset=2**31))),
    "an MP4 whose pictures are its own head": ("a.mp4", just(lambda: mp4(offset=0))),
    "an MP4 whose table of edits claims 2**32 rows": (
        "a.mp4",
        just(lambda: mp4(moov=box(b"edts", table(b"elst", [(1, 0, 65_536)], count=2**32 - 1)))),
    ),
    "an MP4 that shows its pictures a hundred times": (
        "a.mp4",
        just(lambda: mp4(edits=[(1, 0, 65_536)] * 300)),
    ),
    "an MP4 that begins with a pause of years": (
        "a.mp4",
        just(lambda: mp4(edits=[(2**31, 2**32 - 1, 65_536), (3, 0, 65_536)])),
    ),
    "an MP4 that is turned by no angle": ("a.mp4", just(lambda: mp4(matrix=[0] * 9))),
    "an MP4 that is turned and torn": (
        "a.mp4",
        just(lambda: mp4(matrix=[12_345, -999, 77, 31, 2**31, 5, 6, 7, 8])),
    ),
    "an MP4 whose pixels are 65535 times as high as wide": (
        "a.mp4",
        just(lambda: mp4(extra=box(b"pasp", struct.pack(">II", 1, 65_535)))),
    ),
    "an MP4 with a box of 2**63 bytes": (
        "a.mp4",
        just(lambda: mp4(moov=struct.pack(">I4sQ", 1, b"udta", 2**63 + 5))),
    ),
    "an MP4 with a long box that is shorter than its head": (
        "a.mp4",
        just(lambda: mp4(moov=struct.pack(">I4sQ", 1, b"udta", 3))),
    ),
    "an MP4 with a box that never ends": (
        "a.mp4",
        just(lambda: mp4(moov=struct.pack(">I4s", 0, b"udta"))),
    ),
    "a Matroska whose packets unpack to 64 MB": ("a.mkv", just(lambda: packed_blocks(64 * MB))),
    "a Matroska whose clock ticks every nanosecond": (
        "a.mkv",
        just(lambda: mkv(cluster(0, block(jpeg()), block(jpeg(), 1)), scale=1)),
    ),
    "a Matroska whose clock does not tick": (
        "a.mkv",
        just(lambda: mkv(cluster(0, block(jpeg()), block(jpeg(), 1)), scale=0)),
    ),
    "a Matroska of nonsense lacing": (
        "a.mkv",
        just(
            lambda: mkv(
                cluster(
                    0,
                    block(jpeg()),
                    *[block(b"\xff" * 40, k, 0x86) for k in range(20)],
                    *[block(b"\x7f" + b"\xff" * 40, k, 0x84) for k in range(20)],
                    *[block(b"\xff\1", k, 0x82) for k in range(20)],
                )
            )
        ),
    ),
    "a Matroska with an attachment of 2**55 bytes": (
        "a.mkv",
        just(
            lambda: mkv(
                cluster(0, block(jpeg())),
                before=element("1941a469", element("61a7", element("465c", b"x", size=2**55))),
            )
        ),
    ),
    "a Matroska whose codec wants a gigabyte": (
        "a.mkv",
        just(lambda: mkv(cluster(0, block(jpeg())), track=element("63a2", b"xx", size=2**30))),
    ),
    "an MP3 whose tag claims 256 MB": (
        "a.mp3",
        just(lambda: id3(b"TXXX\0\0\0\1\0\0x", size=2**28 - 1) + sound("MP3")),
    ),
    "an MP3 whose tag unpacks to 100 MB": ("a.mp3", just(lambda: id3_bomb(100 * MB))),
    "a FLAC with a picture that claims 16 MB": (
        "a.flac",
        just(lambda: flac_with(6, b"\0\0\0\3\0\0\0\x09image/png", size=2**24 - 1)),
    ),
    "a FLAC with a picture that claims 4 GB": (
        "a.flac",
        just(lambda: flac_with(6, b"\0\0\0\3" + b"\xff" * 28)),
    ),
    "a FLAC with 2**32 comments": ("a.flac", just(lambda: flac_with(4, b"\0\0\0\0" + b"\xff" * 4))),
    "an Ogg with a comment of 4 GB": ("a.ogg", just(lambda: ogg_that_claims(2**32 - 1))),
    "an RF64 that claims 2**63 bytes": (
        "a.wav",
        just(
            lambda: wave(
                chunk(b"ds64", struct.pack("<QQQI", 2**63, 2**63, 2**62, 0)),
                FORM,
                chunk(b"data", bytes(6400), size=-1),
                head=b"RF64",
            )
        ),
    ),
    "a WAV with a chunk that ends before it begins": (
        "a.wav",
        just(lambda: wave(FORM, chunk(b"fact", size=-8), chunk(b"data", bytes(6400)))),
    ),
    "a WAV at 2**31 Hz": (
        "a.wav",
        just(
            lambda: wave(
                chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 2**31 - 1, 2**31 - 1, 2, 16)),
                chunk(b"data", bytes(6400)),
            )
        ),
    ),
    "a WAV at 1 Hz": (
        "a.wav",
        just(
            lambda: wave(
                chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 1, 2, 2, 16)),
                chunk(b"data", bytes(6400)),
            )
        ),
    ),
    "a SPHERE file of two billion samples": (
        "a.sph",
        just(lambda: sphere(sample_count="-i 2147483647")),
    ),
    "a SPHERE file whose samples are no bytes long": (
        "a.sph",
        just(lambda: sphere(sample_n_bytes="-i 0")),
    ),
    "noise named ts": ("a.ts", just(transport_noise)),
    "noise named aac": (
        "a.aac",
        just(lambda: b"\xff\xf1\x50\x80" + np.random.default_rng(3).bytes(20_000)),
    ),
}
