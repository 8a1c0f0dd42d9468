"""Whole pixels: JSON of the Humans project 2021, text files of WAV2KP 2021 in folders or .zip."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput
from ...files import read_plain, shown
from ..scheme import scheme_of
from ..track import LandmarkTrack
from .contents import Contents, finite_array

__all__ = [
    "json_track",
    "read_json",
    "read_text_folder",
    "read_text_zip",
    "text_frames",
    "zip_texts",
]

_MAX_JSON = 128 * 1024**2  # of text; some 150 000 frames
_MAX_ELEMENT = 1024**2  # of one frame of it; a thousand faces
_MAX_FRAME_TEXT = 64 * 1024  # of one frame's file
_MAX_ZIP = 256 * 1024**2
_MOST_MEMBERS = 200_000  # two hours of frames
_FRAMES = ("frames", "landmarks", "faces", "results", "data")
_FACES = ("faces", "multi_face_landmarks", "face_landmarks", "landmarks", "landmark", "points",
          "keypoints", "face")  # fmt: skip
_WITH_IRISES = 478
_COUNTS = (68, 20, 468, _WITH_IRISES)
_BLANK = re.compile(r"[ \t\r\n]*")
_NUMBERED = re.compile(r"\d{1,9}\.txt")


def _whole(track: LandmarkTrack) -> Iterator[list[list[int]] | None]:
    """[x, y] of each point in whole numbers, frame by frame; None where a point is missing."""
    if len(track) == 0:
        raise BadInput("A track without frames cannot be written so; write it as .npz or .h5.")
    if track.valid.any() and np.nanmax(np.abs(track.points)) >= 2**31:
        raise BadInput("The coordinates are too large for whole pixels; write .npy, .npz or .h5.")
    for points, ok in zip(track.points, track.frame_valid, strict=True):
        yield np.rint(points[:, :2]).astype(int).tolist() if ok else None


def json_track(track: LandmarkTrack) -> bytes:
    """Each frame a list of one face, or of none (Humans project 2021)."""
    return json.dumps([[] if face is None else [face] for face in _whole(track)]).encode()


def text_frames(track: LandmarkTrack) -> Iterator[bytes]:
    """The files of WAV2KP 2021: a line "x,y" for each point; no lines where there is no face."""
    for face in _whole(track):
        yield "".join(f"{x},{y}\n" for x, y in face or ()).encode()


def _stacked(faces: list[NDArray[np.float64] | None], name: str) -> tuple[Any, str]:
    """Frames as one array and their scheme; None becomes NaN, 68 points where nothing tells."""
    known = [face for face in faces if face is not None]
    shapes = sorted({face.shape for face in known}) or [(68, 2)]
    scheme = scheme_of(shapes[0][0])
    if len(shapes) > 1 or scheme is None or shapes[0][1:] not in ((2,), (3,)):
        raise BadInput(
            f"The faces of {name!r} have the shapes {shapes[:3]}; expected (68, 2), (20, 2) or "
            "(468, 2) in all of them."
        )
    missing = np.full(shapes[0], np.nan)
    return np.stack([missing if face is None else face for face in faces]), scheme.name


def _elements(text: str) -> Iterator[Any]:
    """The elements of a JSON list, one at a time, each of at most `_MAX_ELEMENT` characters.

    All at once would take ten times the memory; so the decoder sees no more than a window.
    """
    decoder = json.JSONDecoder()
    begin, window = 0, text[: 2 * _MAX_ELEMENT]

    def after(place: int) -> int:
        found = _BLANK.match(window, place)
        return found.end() if found else place

    at = after(0)
    if window[at : at + 1] != "[":
        raise ValueError("not a list")
    at = after(at + 1)
    if window[at : at + 1] != "]":
        while True:
            value, at = decoder.raw_decode(window, at)
            yield value
            at = after(at)
            if window[at : at + 1] != ",":
                break
            at = after(at + 1)
            if at > _MAX_ELEMENT:
                begin, at = begin + at, 0
                window = text[begin : begin + 2 * _MAX_ELEMENT]
    if window[at : at + 1] != "]" or begin + after(at + 1) != len(text):
        raise ValueError("the list does not end")


def read_json(path: Path, *, face: int = 0) -> Contents:
    """Face number ``face`` of every frame; frames with fewer faces are NaN.

    A frame is a list of faces, a face, or nothing (null, []). A face is a list of points, or of
    numbers. A point is [x, y], [x, y, z], or an object with x and y (MediaPipe). The frames may
    stand in an object under one name.

    A remark says in how many frames not exactly one face was found.

    Raises
    ------
    BadInput
    """
    faces: list[NDArray[np.float64] | None] = []
    unusual, by_name, irises = 0, False, False
    text = read_plain(path, _MAX_JSON).decode("utf-8-sig")
    frames = _inside(text, path.name) if text.lstrip()[:1] == "{" else _elements(text)
    for frame in frames:
        found = _faces(frame, path.name)
        by_name = by_name or any(named for _, named in found)
        unusual += len(found) != 1
        chosen = found[face][0] if face < len(found) else None
        if chosen is not None and len(chosen) == _WITH_IRISES:
            chosen, irises = chosen[:-10], True
        faces.append(chosen)
    if not faces:
        raise BadInput(f"{path.name!r} holds no frames.")
    points, scheme = _stacked(faces, path.name)
    remarks: list[str] = []
    if unusual:
        remarks.append(
            f"{unusual} of {len(faces)} frames do not have exactly one face; face {face} was "
            "read, and is missing where there is none (--face)."
        )
    if irises:
        remarks.append(f"The ten points of the irises in {path.name} were left out.")
    return Contents(points, scheme, remarks=tuple(remarks))


def _inside(text: str, name: str) -> list[Any]:
    """The frames of a JSON object: its one list of lists or objects."""
    found = json.loads(text)
    lists = {k: v for k, v in found.items() if isinstance(v, list) and v and not _is_number(v[0])}
    known = [k for k in _FRAMES if k in lists] or list(lists)
    if len(known) != 1 and not any(k in lists for k in _FRAMES):
        raise BadInput(
            f"{name!r} is an object with {shown(found)}; expected a list of frames, each a list of "
            "faces. Save that list alone."
        )
    frames: list[Any] = lists[known[0]]
    return frames


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _faces(frame: Any, name: str) -> list[tuple[NDArray[np.float64], bool]]:
    """The faces of a frame, and whether their coordinates are named (x, y)."""
    if isinstance(frame, dict) and not _is_point(frame):
        known = [k for k in _FACES if k in frame]
        if not known:
            raise BadInput(
                f"A frame of {name!r} is an object with {shown(frame)}; expected the points under "
                f"{', '.join(_FACES)}, or a list of [x, y]."
            )
        frame = frame[known[0]]
    if frame is None or (isinstance(frame, (list, tuple)) and not frame):
        return []
    if not isinstance(frame, list):
        raise BadInput(f"{path_kind(frame)} stands for a frame of {name!r}; expected a list.")
    first = next((item for item in frame if item is not None), None)
    if _is_number(first) or _is_point(first):
        return [_face(frame, name)]
    return [_face(face, name) for face in frame if face]


def path_kind(value: Any) -> str:
    """What a JSON value is called."""
    return {str: "Text", bool: "true or false", dict: "An object"}.get(type(value), "A number")


def _is_point(value: Any) -> bool:
    if isinstance(value, dict):
        return {"x", "y"} <= value.keys()
    return isinstance(value, list) and len(value) in (2, 3) and all(map(_is_number, value))


def _face(face: Any, name: str) -> tuple[NDArray[np.float64], bool]:
    if isinstance(face, dict):
        known = [k for k in _FACES if k in face]
        face = face[known[0]] if known else []
    named = isinstance(face, list) and bool(face) and isinstance(face[0], dict)
    if named:
        axes = "xyz" if all("z" in p for p in face) else "xy"
        face = [[p.get(axis) for axis in axes] for p in face]
    if face and _is_number(face[0]):
        count = next((n for n in _COUNTS for d in (2, 3) if len(face) == n * d), 0)
        if count:
            face = np.reshape(face, (count, -1)).tolist()
    filled = [[np.nan, np.nan] if p is None else p for p in face]
    return finite_array(np.asarray(filled, dtype=None), name), named


def _frame(data: bytes, name: str) -> NDArray[np.float64] | None:
    """The points in the text of one frame, None where it is blank."""
    lines = data.decode("ascii").split("\n")
    rows = [line.split(",") for line in lines if line.strip()]
    return finite_array(np.array(rows, dtype=np.float64), name) if rows else None


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A text file of a .zip, unpacked no further than a frame's text can be long."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadInput(f"{member.filename[-40:]!r} is packed in a way that is not read here.")
    with archive.open(member) as file:
        data = file.read(_MAX_FRAME_TEXT + 1)
    if len(data) > _MAX_FRAME_TEXT:
        raise BadInput(f"{member.filename[-40:]!r} is larger than the points of a face are.")
    return data


def read_text_zip(path: Path) -> Contents:
    """The numbered .txt files in a .zip, in whatever folder of it, as `read_text_folder`."""
    with zipfile.ZipFile(io.BytesIO(read_plain(path, _MAX_ZIP))) as archive:
        members = archive.infolist()
        if len(members) > _MOST_MEMBERS:
            raise BadInput(f"{path.name!r} holds {len(members)} files; no landmark track does.")
        return _series(
            path.name,
            [(PurePosixPath(m.filename).name, partial(_member, archive, m)) for m in members],
        )


def zip_texts(files: Mapping[str, bytes]) -> bytes:
    """Text files by name as a .zip for `read_text_zip`; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def read_text_folder(path: Path) -> Contents:
    """The numbered .txt files of a folder in order; a blank or absent one is a missing face."""
    return _series(
        path.name,
        [(item.name, partial(read_plain, item, _MAX_FRAME_TEXT)) for item in path.iterdir()],
    )


def _series(name: str, files: Iterable[tuple[str, Callable[[], bytes]]]) -> Contents:
    """Frames from files by name, each read when its turn comes; other names are passed over."""
    found: dict[int, Callable[[], bytes]] = {}
    for file, read in files:
        if _NUMBERED.fullmatch(file):
            number = int(file.removesuffix(".txt"))
            if number in found:
                raise BadInput(f"{name!r} holds frame {number} twice; keep one of the files.")
            found[number] = read
    if not found:
        raise BadInput(f"{name!r} holds no numbered text files; expected 00000.txt, 00001.txt ...")
    numbers = range(min(found), max(found) + 1)
    absent = len(numbers) - len(found)
    if absent > len(found):
        raise BadInput(
            f"{name!r} holds {len(found)} numbered files between {numbers[0]} and "
            f"{numbers[-1]}; a series has one for each frame."
        )
    points, scheme = _stacked(
        [_frame(found[k](), f"{k:05d}.txt") if k in found else None for k in numbers], name
    )
    remarks = (f"{absent} numbers of {name} have no file: missing faces.",) if absent else ()
    return Contents(points, scheme, remarks=remarks)
