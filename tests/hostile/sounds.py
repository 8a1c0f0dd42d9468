"""Sound files put together by hand, so that any field of them can lie."""

from __future__ import annotations

import io
import struct

import numpy as np
import soundfile
from containers import zeros_deflated
from making import tone


def crc(data: bytes, polynomial: int, bits: int) -> int:
    value = 0
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value <<= 1
            if value >> bits:
                value ^= polynomial | 1 << bits
    return value


def silent_flac(seconds: int, rate: int, *, claim: int | None = None) -> bytes:
    """Digital silence, 18 bytes for every 65535 samples; ``claim``: samples in the head."""
    count = -(-seconds * rate // 65_535)
    total = count * 65_535 if claim is None else claim
    head = struct.pack(">HH", 65_535, 65_535) + bytes(6)
    head += (rate << 44 | 15 << 36 | total).to_bytes(8, "big") + bytes(16)
    frames = [b"fLaC\x80" + len(head).to_bytes(3, "big") + head]
    for index in range(count):
        frame = b"\xff\xf8\x70\x08" + chr(index).encode() + b"\xff\xfe"
        frame += bytes([crc(frame, 7, 8)]) + bytes(3)
        frames.append(frame + struct.pack(">H", crc(frame, 0x8005, 16)))
    return b"".join(frames)


def chunk(kind: bytes, *parts: bytes, size: int | None = None) -> bytes:
    """A RIFF chunk; ``size`` is what it claims."""
    body = b"".join(parts)
    length = len(body) if size is None else size
    return kind + struct.pack("<I", length % 2**32) + body


def synchsafe(value: int) -> bytes:
    return bytes(value >> shift & 0x7F for shift in (21, 14, 7, 0))


def id3(body: bytes, *, size: int | None = None) -> bytes:
    return b"ID3\4\0\0" + synchsafe(len(body) if size is None else size) + body


def id3_bomb(size: int) -> bytes:
    packed = synchsafe(size) + zeros_deflated(size)
    return id3(b"TXXX" + synchsafe(len(packed)) + b"\0\x09" + packed) + sound("MP3")


def sound(kind: str, subtype: str | None = None) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, tone(0.3).samples, 16_000, format=kind, subtype=subtype)
    return buffer.getvalue()


def flac_with(kind: int, body: bytes, *, size: int | None = None) -> bytes:
    """A good FLAC with one more block of metadata behind the first."""
    good = sound("FLAC")
    head = bytes([kind]) + (len(body) if size is None else size).to_bytes(3, "big")
    return good[:4] + bytes([good[4] & 0x7F]) + good[5:42] + head + body + good[42:]


def ogg_that_claims(comments: int) -> bytes:
    raw = bytearray(sound("OGG", "VORBIS"))
    at = raw.index(b"\x03vorbis") + 7
    raw[at : at + 4] = struct.pack("<I", comments)
    return bytes(raw)


def sphere(**fields: str) -> bytes:
    names = {
        "channel_count": "-i 1", "sample_count": "-i 100", "sample_rate": "-i 16000",
        "sample_n_bytes": "-i 2", "sample_byte_format": "-s2 01", "sample_coding": "-s3 pcm",
    }  # fmt: skip
    rows = "\n".join(f"{name} {value}" for name, value in (names | fields).items())
    return f"NIST_1A\n   1024\n{rows}\nend_head\n".encode().ljust(1024) + bytes(200)


def transport_noise() -> bytes:
    packets = np.random.default_rng(2).integers(0, 256, (400, 188), dtype=np.uint8)
    packets[:, 0] = 0x47
    return packets.tobytes()


def wave(*parts: bytes, head: bytes = b"RIFF") -> bytes:
    body = b"WAVE" + b"".join(parts)
    return head + struct.pack("<I", len(body)) + body


FORM = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 16))
COMMON = b"COMM\0\0\0\x12\0\1\0\0\0\x05\0\x10"  # 1 channel, 5 frames, 16 bits
