"""Files that lie about themselves. Each maker takes a scratch folder and gives the file's bytes."""

from __future__ import annotations

import io
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import av
import bombs
import cv2
import numpy as np
import soundfile
from making import grey, movie, noise, tone

Maker = Callable[[Path], bytes]
_made: dict[Maker, bytes] = {}


def placed(folder: Path, row: tuple[str, Maker]) -> Path:
    """A bad file in a folder; its bytes are made once."""
    name, maker = row
    if maker not in _made:
        (folder / "scratch").mkdir(exist_ok=True)
        _made[maker] = maker(folder / "scratch")
    path = folder / name
    path.write_bytes(_made[maker])
    return path


def good_mp4(folder: Path) -> bytes:
    path = folder / "made.mp4"
    if not path.exists():
        rng = np.random.default_rng(0)
        images = [rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(12)]
        movie(path, images, sound=noise(0.48, 16_000))
    return path.read_bytes()


def good_wav(_: Path, subtype: str = "PCM_16", kind: str = "WAV") -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, tone(0.2).samples, 16_000, format=kind, subtype=subtype)
    return buffer.getvalue()


def float_wav(values: list[float]) -> Maker:
    def make(_: Path) -> bytes:
        buffer = io.BytesIO()
        samples = np.array(values * 100, np.float32)
        soundfile.write(buffer, samples, 16_000, format="WAV", subtype="FLOAT")
        return buffer.getvalue()

    return make


def wav_header(
    *, channels: int = 1, rate: int = 16_000, claim: int = 8, body: bytes = bytes(8)
) -> Maker:
    def make(_: Path) -> bytes:
        form = struct.pack("<HHIIHH", 1, channels, rate, rate * 2 * channels, 2 * channels, 16)
        data = b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", claim) + body
        return b"RIFF" + struct.pack("<I", min(4 + len(data), 2**32 - 1)) + b"WAVE" + data

    return make


def flac_that_claims(samples: int) -> Maker:
    def make(folder: Path) -> bytes:
        raw = bytearray(good_wav(folder, "PCM_16", "FLAC"))
        # STREAMINFO: after 'fLaC' and a 4-byte header; the last 36 bits before the MD5
        word = int.from_bytes(raw[8 + 10 : 8 + 18], "big")
        word = (word >> 36 << 36) | samples
        raw[18:26] = word.to_bytes(8, "big")
        return bytes(raw)

    return make


def picture(ending: str) -> Maker:
    return lambda _: cv2.imencode(ending, grey(90))[1].tobytes()


def archive(_: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("clip.mp4", good_mp4(_))
    return buffer.getvalue()


def avi_that_claims(width: int, height: int) -> Maker:
    def make(folder: Path) -> bytes:
        path = folder / "made.avi"
        with av.open(str(path), "w") as out:
            stream = out.add_stream("rawvideo", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for _ in range(3):
                out.mux(stream.encode(av.VideoFrame.from_ndarray(grey(90, 48, 64), "rgb24")))
        raw = bytearray(path.read_bytes())
        at = raw.index(b"strf") + 8
        raw[at + 4 : at + 12] = struct.pack("<ii", width, height)
        return bytes(raw)

    return make


def gif_that_claims(width: int, height: int) -> Maker:
    screen = struct.pack("<HH", width, height)
    return lambda _: (
        b"GIF89a" + screen + b"\x80\0\0" + bytes(3) + b"\xff\xff\xff"
        + b"," + bytes(4) + screen + b"\0" + b"\x02\x02D\x01\0;"
    )  # fmt: skip


def larger_than_any_screen(folder: Path) -> bytes:
    path = folder / "big.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 8208, 4368, "yuv420p"
        frame = av.VideoFrame(8208, 4368, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path.read_bytes()


def text(words: str) -> Maker:
    return lambda _: words.encode()


def random_after(head: bytes, size: int = 4096) -> Maker:
    return lambda _: head + np.random.default_rng(1).bytes(size)


FTYP = struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 512, b"isom")

# Other files that lie beside these are valid: reading them would be the attack.
POINTERS = {
    "ASS subtitles": "[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Start, End, Text\n"
    "Dialogue: 0:00:00.00,0:00:02.00,hello\n",
    "a concatenation of data addresses": "ffconcat version 1.0\n"
    "file data:audio/wav;base64,UklGRiQAAABXQVZF\n",
    "a playlist of an absolute path": "#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "a playlist of the network": "#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
    "PLS": "[playlist]\nFile1=good.mp4\nNumberOfEntries=1\n",
    "ASX": '<asx version="3.0"><entry><ref href="good.mp4"/></entry></asx>',
    "XSPF": '<playlist xmlns="http://xspf.org/ns/0/"><trackList><track><location>good.mp4</location>'
    "</track></trackList></playlist>",
    "SMIL": '<smil><body><video src="good.mp4"/></body></smil>',
    "a filter graph": "movie=good.mp4\n",
    "an AviSynth script": 'FFmpegSource2("good.mp4")\n',
    "a QuickTime link": '<?quicktime type="application/x-quicktime-media-link"?>'
    '<embed src="good.mp4"/>',
    "ffconcat": "ffconcat version 1.0\nfile good.mp4\n",
    "concat without its first line": "file 'good.mp4'\n",
    "HLS playlist": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\ngood.mp4\n#EXT-X-ENDLIST\n",
    "SDP": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=audio 5004 RTP/AVP 0\n",
    "DASH": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
    '<AdaptationSet><Representation id="1" mimeType="video/mp4"><BaseURL>good.mp4</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>",
    "image list": "good.mp4\n",
    "subtitles": "1\n00:00:00,000 --> 00:00:02,000\nhello\n",
    "SVG": '<svg xmlns="http://www.w3.org/2000/svg"><image href="good.mp4"/></svg>',
    "FFmpeg metadata": ";FFMETADATA1\ntitle=x\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=9\n",
}

# No part of these may be taken for a clip.
REFUSED: dict[str, tuple[str, Maker]] = {
    "an empty file": ("a.mp4", lambda _: b""),
    "one byte": ("a.mp4", lambda _: b"\0"),
    "zeros": ("a.mp4", lambda _: bytes(100_000)),
    "text": ("a.mp4", text("hello, this is not a film\n" * 50)),
    "an MP4 head and then noise": ("a.mp4", random_after(FTYP)),
    "an MP4 without its index": ("a.mp4", lambda p: good_mp4(p)[:28]),
    "an MP4 whose index comes to nothing": (
        "a.mp4",
        lambda p: good_mp4(p).replace(b"moov", b"xxxx"),
    ),
    "a Matroska head and then noise": ("a.mkv", random_after(b"\x1a\x45\xdf\xa3")),
    "an AVI head and then noise": ("a.avi", random_after(b"RIFF\xff\xff\0\0AVI LIST")),
    "an Ogg head and then noise": ("a.ogg", random_after(b"OggS\0\2")),
    "an ASF head and then noise": (
        "a.wmv",
        random_after(bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")),
    ),
    "an AVI that claims 60000 x 60000": ("a.avi", avi_that_claims(60_000, 60_000)),
    "an AVI that claims negative sizes": ("a.avi", avi_that_claims(-(2**31), 2**31 - 1)),
    "a GIF that claims 65535 x 65535": ("a.gif", gif_that_claims(65_535, 65_535)),
    "a real picture of 36 megapixels": ("a.mp4", larger_than_any_screen),
    "a zip archive": ("a.mp4", archive),
    "a program": ("a.mp4", lambda _: Path(sys.executable).read_bytes()[:20_000]),
    "a PNG named wav": ("a.wav", picture(".png")),
    "a JPEG named mp4": ("a.mp4", picture(".jpg")),
    "a PDF": ("a.mp4", text("%PDF-1.4\n1 0 obj\n<<>>\nendobj\n")),
    "a wav without samples": ("a.wav", wav_header(claim=0, body=b"")),
    "a wav without channels": ("a.wav", wav_header(channels=0)),
    "a wav at 0 Hz": ("a.wav", wav_header(rate=0)),
    "a wav cut in its head": ("a.wav", lambda p: good_wav(p)[:30]),
    "text named wav": ("a.wav", text("not a sound")),
    "text named raw": ("a.raw", text("not a sound")),
    "text named flac": ("a.flac", text("fLaC but not really")),
    **bombs.REFUSED,
}
# Sound that opens but cannot be used; probing may succeed.
NO_AUDIO: dict[str, tuple[str, Maker]] = {
    "a wav of NaN": ("a.wav", float_wav([0.0, float("nan")])),
    "a wav of infinities": ("a.wav", float_wav([0.5, float("inf")])),
}
# Damaged, perhaps usable in part: anything but a hang, a crash or a foreign error.
DAMAGED: dict[str, tuple[str, Maker]] = {
    "half an MP4": ("a.mp4", lambda p: good_mp4(p)[: len(good_mp4(p)) // 2]),
    "an MP4 with a hole": (
        "a.mp4",
        lambda p: good_mp4(p)[:3000] + bytes(2000) + good_mp4(p)[5000:],
    ),
    "an MP4 twice in a row": ("a.mp4", lambda p: good_mp4(p) * 2),
    "half a wav": ("a.wav", lambda p: good_wav(p)[: len(good_wav(p)) // 2]),
    "a wav that claims 4 GB": ("a.wav", wav_header(claim=2**32 - 1)),
    "a wav of 32767 channels": ("a.wav", wav_header(channels=32_767)),
    "half a FLAC": ("a.flac", lambda p: good_wav(p, "PCM_16", "FLAC")[:2000]),
    "a FLAC that claims a terabyte": ("a.flac", flac_that_claims(2**36 - 1)),
    "a FLAC that claims more than it has": ("a.flac", flac_that_claims(10**6)),
    "one pixel": ("a.gif", gif_that_claims(1, 1)),
    "noise named mp3": ("a.mp3", random_after(b"\xff\xfb\x90\x00")),
    "noise named mpg": ("a.mpg", random_after(b"\0\0\1\xba")),
    "noise named h264": ("a.h264", random_after(b"\0\0\0\1\x67")),
    **bombs.DAMAGED,
}
