"""Track files: .npy, .npz, .csv, .json, .h5 and folders of text files.

npz and h5 hold everything a `LandmarkTrack` holds; the bare formats hold numbers only, so reading
them needs the rate and, where it cannot be guessed, the space.
"""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import BadInput, MissingFile, OutputExists
from core.scheme import SCHEMES
from core.track import LandmarkTrack, Space, frame_times, step

__all__ = [
    "TRACK_SUFFIXES",
    "atomic_write",
    "check_output",
    "guess_space",
    "read_array",
    "read_track",
    "track_bytes",
    "write_array",
    "write_track",
]

TRACK_SUFFIXES = (".npy", ".npz", ".csv", ".json", ".h5")
_MAX_BYTES = 2 * 1024**3


def atomic_write(path: Path, data: bytes) -> None:
    """Write under a temporary name, flush to disk, then move into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def guess_space(points: NDArray[np.float64]) -> Space:
    """'pixel' where the largest number is above 2, else 'template' (DESIGN 11)."""
    largest = np.nanmax(np.abs(points)) if np.isfinite(points).any() else 0.0
    return "pixel" if largest > 2 else "template"


def track_bytes(track: LandmarkTrack, suffix: str) -> bytes:
    """A track as the bytes of a .npy, .npz, .csv, .json or .h5 file."""
    if suffix == ".npy":
        return write_array(track.points)
    if suffix == ".npz":
        return _npz_bytes(track)
    if suffix == ".csv":
        return _tidy(track).to_csv(index=False).encode()
    if suffix == ".json":
        return json.dumps(_hum_frames(track)).encode()
    if suffix == ".h5":
        return _h5_bytes(track)
    raise _unknown_format(suffix)


def _unknown_format(suffix: str) -> BadInput:
    return BadInput(
        f"Unknown track format {suffix!r}; use {', '.join(TRACK_SUFFIXES)} or a folder name."
    )


def check_output(path: Path | str, *, force: bool = False) -> None:
    """Raise early what `write_track` would raise: `OutputExists`, `BadInput` for the ending."""
    path = Path(path)
    if path.suffix.lower() not in (*TRACK_SUFFIXES, ""):
        raise _unknown_format(path.suffix)
    if path.exists() and not force and not (path.is_dir() and not any(path.iterdir())):
        raise OutputExists(f"{str(path)!r} exists already; use --force to replace it.")


def write_track(path: Path | str, track: LandmarkTrack, *, force: bool = False) -> str | None:
    """Write a track in the format that the name's ending asks for (no ending: a folder of text).

    Returns a notice where the format loses something, else None.

    Raises
    ------
    OutputExists, BadInput : unknown ending.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    check_output(path, force=force)
    if suffix == "":
        _write_text_folder(path, track)
        return "Text files hold whole pixels; coordinates were rounded."
    atomic_write(path, track_bytes(track, suffix))
    if suffix == ".json":
        return "JSON in the HUM layout holds whole pixels; coordinates were rounded."
    return None


def read_track(
    path: Path | str, *, fps: float | None = None, space: Space | None = None
) -> LandmarkTrack:
    """Read a track file.

    Parameters
    ----------
    fps : rate for formats that hold no times; 25 where not given.
    space : what bare numbers are; guessed by `guess_space` where not given.

    Raises
    ------
    MissingFile, BadInput
    """
    path = Path(path)
    if not os.path.exists(path):
        raise MissingFile(f"There is no track file {str(path)!r}; check the path.")
    if path.is_file() and path.stat().st_size > _MAX_BYTES:
        raise BadInput(f"{path.name!r} is larger than 2 GB; no landmark track is.")
    if fps is not None and not fps > 0:
        raise BadInput(f"The frame rate of a track must be above 0, not {fps:g}.")
    suffix = path.suffix.lower()
    readers = {".npz": _read_npz, ".h5": _read_h5}
    try:
        if suffix in readers:
            return readers[suffix](path)
        points, times, scheme = _read_bare(path, suffix)
    except BadInput:
        raise
    except Exception as error:  # damaged files raise many kinds: zlib, HDF5, memory, recursion
        raise BadInput(
            f"{path.name!r} could not be read as a landmark track ({type(error).__name__}); "
            f"expected {', '.join(TRACK_SUFFIXES)} with (frames, 68 or 20, 2 or 3) numbers."
        ) from error
    if times is None:
        times = frame_times(len(points), fps or 25)
    return LandmarkTrack(
        points=points,
        times=times,
        scheme=scheme,
        space=space or guess_space(points),
        provenance=(step("read_track", file=path.name, fps=fps),),
    )


def write_array(array: NDArray[Any]) -> bytes:
    """The bytes of a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def read_array(path: Path) -> NDArray[np.float64]:
    """A .npy file of numbers as float64; `BadInput` for anything else, `MissingFile` if absent."""
    if not path.is_file():
        raise MissingFile(f"There is no file {str(path)!r}; check the path.")
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False), dtype=np.float64)
    except (ValueError, TypeError, OSError, EOFError) as error:
        raise BadInput(f"{path.name!r} is not a .npy array of numbers.") from error


def _npz_bytes(track: LandmarkTrack) -> bytes:
    buffer = io.BytesIO()
    score = np.full(len(track), np.nan) if track.score is None else track.score
    np.savez_compressed(
        buffer,
        points=track.points,
        times=track.times,
        valid=track.valid,
        score=score,
        scheme=np.array(track.scheme),
        space=np.array(track.space),
        provenance=np.array(json.dumps(track.provenance)),
    )
    return buffer.getvalue()


def _from_fields(fields: dict[str, Any]) -> LandmarkTrack:
    score = np.asarray(fields["score"], dtype=np.float64) if "score" in fields else None
    if score is not None and np.isnan(score).all():
        score = None
    return LandmarkTrack(
        points=np.asarray(fields["points"], dtype=np.float64),
        times=np.asarray(fields["times"], dtype=np.float64),
        scheme=str(fields["scheme"]),
        space=cast(Space, str(fields["space"])),
        score=score,
        provenance=tuple(json.loads(str(fields["provenance"]))),
    )


def _read_npz(path: Path) -> LandmarkTrack:
    with np.load(path, allow_pickle=False) as archive:
        if "points" not in archive:
            raise BadInput(f"{path.name!r} holds no 'points'; found: {', '.join(archive.files)}.")
        if sum(member.file_size for member in archive.zip.infolist()) > _MAX_BYTES:
            raise BadInput(f"{path.name!r} unpacks to more than 2 GB; no landmark track does.")
        return _from_fields({name: archive[name] for name in archive.files})


def _h5_bytes(track: LandmarkTrack) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("points", data=track.points, compression="gzip")
        file.create_dataset("times", data=track.times)
        file.create_dataset("valid", data=track.valid)
        if track.score is not None:
            file.create_dataset("score", data=track.score)
        file.attrs["scheme"] = track.scheme
        file.attrs["space"] = track.space
        file.attrs["provenance"] = json.dumps(track.provenance)
    return buffer.getvalue()


def _own_data(file: h5py.File, name: str, path: Path) -> Any:
    """Numbers that lie in the file itself: HDF5 can also point at other files of the machine."""
    link, data = file.get(name, getlink=True), None
    if isinstance(link, h5py.HardLink):
        data = file[name]
    if not isinstance(data, h5py.Dataset) or data.external or data.is_virtual:
        raise BadInput(f"{path.name!r} does not hold {name!r} itself; expected a plain data set.")
    if data.nbytes > _MAX_BYTES:
        raise BadInput(f"{path.name!r} claims more than 2 GB of {name!r}; no landmark track has.")
    return data[()]


def _read_h5(path: Path) -> LandmarkTrack:
    with h5py.File(path, "r") as file:
        if "points" not in file:
            raise BadInput(f"{path.name!r} holds no 'points'; found: {', '.join(file)}.")
        names = [name for name in ("points", "times", "score") if name in file]
        fields = {name: _own_data(file, name, path) for name in names}
        fields |= {name: file.attrs[name] for name in ("scheme", "space", "provenance")}
    return _from_fields(fields)


def _tidy(track: LandmarkTrack) -> pd.DataFrame:
    frames, count, dims = track.points.shape
    table = pd.DataFrame(
        {
            "frame": np.repeat(np.arange(frames), count),
            "time_s": np.repeat(track.times, count),
            "point": np.tile(np.arange(count), frames),
        }
    )
    for axis, name in enumerate("xyz"[:dims]):
        table[name] = track.points[:, :, axis].ravel()
    return table


def _hum_frames(track: LandmarkTrack) -> list[list[list[list[int]]]]:
    """Frames x faces x points x [x, y] whole pixels; no face: an empty list (SPEC 5)."""
    xy = track.points[:, :, :2]
    return [
        [np.rint(xy[i]).astype(int).tolist()] if ok else []
        for i, ok in enumerate(track.frame_valid)
    ]


def _write_text_folder(path: Path, track: LandmarkTrack) -> None:
    path.mkdir(parents=True, exist_ok=True)
    for old in sorted(path.glob("[0-9]" * 5 + ".txt"))[len(track) :]:
        old.unlink()  # frames of a longer track that this one replaces
    for index, (points, ok) in enumerate(zip(track.points, track.frame_valid, strict=True)):
        lines = [f"{round(x)},{round(y)}" for x, y in points[:, :2]] if ok else []
        atomic_write(path / f"{index:05d}.txt", ("\n".join(lines) + "\n").encode())


def _read_bare(path: Path, suffix: str) -> tuple[NDArray[np.float64], Any, str]:
    times = None
    if suffix == ".npy":
        raw = np.load(path, mmap_mode="r", allow_pickle=False)
        if raw.dtype.kind not in "fiu":
            raise BadInput(f"{path.name!r} holds {raw.dtype} values; a track holds numbers.")
        points = np.asarray(raw, dtype=np.float64)
    elif suffix == ".csv":
        points, times = _read_tidy(pd.read_csv(path), path.name)
    elif suffix == ".json":
        frames = json.loads(path.read_text())
        points = _stacked([np.asarray(f[0], dtype=np.float64) if f else None for f in frames])
    elif path.is_dir():
        files = sorted(path.glob("[0-9]*.txt"))
        points = _stacked(
            [np.loadtxt(f, delimiter=",") if f.stat().st_size > 1 else None for f in files]
        )
    else:
        raise BadInput(
            f"Unknown track format {path.suffix!r}; expected {', '.join(TRACK_SUFFIXES)}."
        )
    return _shaped(points, path.name, times)


def _stacked(frames: list[NDArray[np.float64] | None]) -> NDArray[np.float64]:
    """Frames as one array; None becomes NaN, 68 points where no frame has a face."""
    known = next((frame for frame in frames if frame is not None), np.empty((68, 2)))
    missing = np.full(known.shape, np.nan)
    return np.stack([missing if frame is None else frame for frame in frames])


def _read_tidy(table: pd.DataFrame, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    needed = {"frame", "time_s", "point", "x", "y"}
    if not needed <= set(table.columns):
        raise BadInput(
            f"{name!r} lacks the columns {', '.join(sorted(needed - set(table.columns)))}; "
            "a tidy track has frame, time_s, point, x, y[, z]."
        )
    axes = ["x", "y", "z"] if "z" in table.columns else ["x", "y"]
    table = table.sort_values(["frame", "point"])
    frames = int(table["frame"].nunique())
    values = table[axes].to_numpy(dtype=np.float64).reshape(frames, -1, len(axes))
    times = table.groupby("frame")["time_s"].first().to_numpy(dtype=np.float64)
    return values, times


def _shaped(
    points: NDArray[np.float64], name: str, times: Any
) -> tuple[NDArray[np.float64], Any, str]:
    """(T, N, D) and the scheme name, from (T, N, D) or flattened (T, N*D)."""
    by_count = {s.n_points: s.name for s in SCHEMES.values()}
    if points.ndim == 2:
        flat = {136: (68, 2), 204: (68, 3), 40: (20, 2)}
        if points.shape[1] in flat:
            points = points.reshape(len(points), *flat[points.shape[1]])
    if points.ndim != 3 or points.shape[1] not in by_count or points.shape[2] not in (2, 3):
        raise BadInput(
            f"{name!r} has shape {points.shape}; a track has (frames, 68, 2 or 3), "
            "(frames, 20, 2), (frames, 136), (frames, 204) or (frames, 40)."
        )
    return points, times, by_count[points.shape[1]]
