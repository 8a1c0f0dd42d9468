"""Files that are not what they say: one sentence each, nothing opened, nothing allocated."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, gappy, sentence

from core.errors import BadInput, MissingFile
from core.tracks.io import read_array, read_track, write_track
from core.tracks.track import LandmarkTrack, frame_times


class Evil:
    """Unpickling it would make a file named by $EVIL."""

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (open, ("speechmarks-was-here", "w"))


def npy_header(shape: str, dtype: str = "<f8") -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def npy(array: np.ndarray, **options: bool) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def npz(packed: int = zipfile.ZIP_STORED, **fields: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packed) as archive:
        for name, data in fields.items():
            archive.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def good_npz() -> dict[str, bytes]:
    return {
        "points": npy(faces(0)),
        "times": npy(frame_times(8, 25)),
        "scheme": npy(np.array("dlib68")),
        "space": npy(np.array("pixel")),
        "provenance": npy(np.array("[]")),
    }


def zip_bomb(_: Path) -> bytes:
    """A central directory that claims 3 GB for a member, as a real bomb of zeros would."""
    raw = bytearray(npz(**good_npz()))
    entry = raw.index(b"PK\x01\x02")
    raw[entry + 24 : entry + 28] = struct.pack("<I", 3 * 10**9)
    return bytes(raw)


def locked(raw: bytes) -> bytes:
    """The archive with every member marked as encrypted."""
    changed, at = bytearray(raw), -1
    while (at := raw.find(b"PK\x01\x02", at + 1)) >= 0:
        changed[at + 8] |= 1
    return bytes(changed)


ROWS = b"frame,time_s,point,x,y\n0,0,0,1,2\n"


def written(suffix: str, scratch: Path) -> bytes:
    path = scratch / f"good{suffix}"
    write_track(path, gappy(), force=True)
    return path.read_bytes()


def h5_file(scratch: Path, change: Callable[[h5py.File], None]) -> bytes:
    path = scratch / "good.h5"
    write_track(path, gappy(), force=True)
    with h5py.File(path, "a") as file:
        change(file)
    return path.read_bytes()


def make_group(file: h5py.File) -> None:
    del file["points"]
    file.create_group("points")


def claim_terabytes(file: h5py.File) -> None:
    del file["points"]
    file.create_dataset("points", shape=(10**10, 68, 2), chunks=(64, 68, 2), dtype="f8")


def link_elsewhere(file: h5py.File) -> None:
    del file["points"]
    file["points"] = h5py.ExternalLink("secret.h5", "/points")


def store_elsewhere(file: h5py.File) -> None:
    del file["points"]
    file.create_dataset("points", (8, 68, 2), "u1", external=[("secret.bin", 0, 1088)])


def map_elsewhere(file: h5py.File) -> None:
    del file["points"]
    layout = h5py.VirtualLayout((8, 68, 2), "f8")
    layout[:] = h5py.VirtualSource("secret.h5", "points", (8, 68, 2))
    file.create_virtual_dataset("points", layout)


def instead(file: h5py.File, **options: object) -> h5py.Dataset:
    """Other points in place of the good ones."""
    del file["points"]
    return file.create_dataset("points", **options)


def never_written(file: h5py.File) -> None:
    instead(file, shape=(8, 68, 2), dtype="f8")


def chunks_never_written(file: h5py.File) -> None:
    instead(file, shape=(8, 68, 2), chunks=(4, 68, 2), dtype="f8")[:4] = 1.0


def chunk_bomb(file: h5py.File) -> None:
    data = instead(file, shape=(8, 68, 2), chunks=(8, 68, 2), dtype="f8", compression="gzip")
    data.id.write_direct_chunk((0, 0, 0), zlib.compress(bytes(10**7)))


def giant_chunk(file: h5py.File) -> None:
    shape = (70_000, 68, 2)
    data = instead(file, shape=shape, chunks=shape, dtype="f8", compression="gzip")
    data.id.write_direct_chunk((0, 0, 0), b"never unpacked")


def odd_filter(file: h5py.File) -> None:
    instead(file, data=np.ones((8, 68, 2), "i4"), chunks=(8, 68, 2), scaleoffset=4)


def words(file: h5py.File) -> None:
    instead(file, data=np.full((8, 68, 2), "x", object))


def one_number(file: h5py.File) -> None:
    instead(file, data=3.0)


def soft_link(file: h5py.File) -> None:
    file["here"] = faces(0)
    del file["points"]
    file["points"] = h5py.SoftLink("/here")


def loop(file: h5py.File) -> None:
    del file["points"]
    file["points"] = h5py.SoftLink("/points")


def odd_names(file: h5py.File) -> None:
    del file["points"]
    file["line\nbreak <b>"] = 1
    file["x" * 5000] = 1


def fewer_times(file: h5py.File) -> None:
    del file["times"]
    file["times"] = np.arange(7.0)


def training(file: h5py.File, **data: object) -> None:
    for key in list(file):
        del file[key]
    for key, values in data.items():
        file[key] = values


def nr_file(file: h5py.File) -> None:
    training(file, landmarks=np.ones((2, 75, 6)), speech=np.ones((2, 10)))


def flat_nr(file: h5py.File) -> None:
    training(file, landmarks=np.ones((75, 6)))


def tfl_135(file: h5py.File) -> None:
    training(file, flmark=np.ones((2, 75, 135)))


def tfl_zeros(file: h5py.File) -> None:
    training(file, flmark=np.zeros((2, 75, 136)))


def tfl_none(file: h5py.File) -> None:
    training(file, flmark=np.zeros((0, 75, 136)))


HOSTILE: dict[str, tuple[str, Callable[[Path], bytes]]] = {
    "an empty npy": (".npy", lambda _: b""),
    "text named npy": (".npy", lambda _: b"hello"),
    "a pickled object array": (".npy", lambda _: npy(np.array([Evil()]), allow_pickle=True)),
    "an npy that claims a terabyte": (".npy", lambda _: npy_header("(1000000000, 68, 2)")),
    "an npy of negative shape": (".npy", lambda _: npy_header("(-1, 68, 2)") + bytes(100)),
    "an npy whose header is code": (".npy", lambda _: npy_header("__import__('os')")),
    "an npy of text": (".npy", lambda _: npy(np.full((2, 136), "x"))),
    "an npy of complex numbers": (".npy", lambda _: npy(np.ones((2, 136), complex))),
    "an npy of records": (".npy", lambda _: npy(np.zeros((2, 136), [("a", "f4")]))),
    "an npy without dimension": (".npy", lambda _: npy(np.array(3.0))),
    "an npy of 67 points": (".npy", lambda _: npy(np.zeros((2, 67, 2)))),
    "an npy of 135 numbers": (".npy", lambda _: npy(np.zeros((2, 135)))),
    "an npy of 4-D points": (".npy", lambda _: npy(np.zeros((2, 68, 4)))),
    "an npy with infinities": (".npy", lambda _: npy(np.full((2, 68, 2), np.inf))),
    "an npz named npy": (".npy", lambda p: written(".npz", p)),
    "an npy of empty words": (".npy", lambda _: npy_header("(2, 136)", "<U0")),
    "an npy of a later version": (".npy", lambda _: b"\x93NUMPY\x09\x00" + bytes(100)),
    "an npy of more frames than memory": (".npy", lambda _: npy_header("(10**30, 68, 2)")),
    "an npy of nested brackets": (".npy", lambda _: npy_header("(" * 4000 + ")" * 4000)),
    "an npy of coefficients": (".npy", lambda _: npy(np.ones((5, 8)))),
    "an npy cut short": (".npy", lambda _: npy(faces(0))[:-50]),
    "an empty npz": (".npz", lambda _: b""),
    "text named npz": (".npz", lambda _: b"hello"),
    "an npz cut short": (".npz", lambda p: written(".npz", p)[:-200]),
    "an npz without points": (".npz", lambda _: npz(times=npy(np.arange(3.0)))),
    "an npz without times": (
        ".npz",
        lambda _: npz(**{k: v for k, v in good_npz().items() if k != "times"}),
    ),
    "an npz of pickled points": (
        ".npz",
        lambda _: npz(**good_npz() | {"points": npy(np.array([Evil()]), allow_pickle=True)}),
    ),
    "an npz that claims a terabyte": (
        ".npz",
        lambda _: npz(**good_npz() | {"points": npy_header("(10000000000, 68, 2)")}),
    ),
    "an npz of other provenance": (
        ".npz",
        lambda _: npz(**good_npz() | {"provenance": npy(np.array("{"))}),
    ),
    "an npz whose provenance is a number": (
        ".npz",
        lambda _: npz(**good_npz() | {"provenance": npy(np.array("3"))}),
    ),
    "an npz of unknown scheme": (
        ".npz",
        lambda _: npz(**good_npz() | {"scheme": npy(np.array("x"))}),
    ),
    "an npz of more times than frames": (
        ".npz",
        lambda _: npz(**good_npz() | {"times": npy(frame_times(9, 25))}),
    ),
    "an npz of times that stand still": (
        ".npz",
        lambda _: npz(**good_npz() | {"times": npy(np.zeros(8))}),
    ),
    "an npz without one time": (
        ".npz",
        lambda _: npz(
            **good_npz() | {"times": npy(np.where(np.arange(8) == 3, np.nan, np.arange(8)))}
        ),
    ),
    "an npz that is valid elsewhere": (
        ".npz",
        lambda _: npz(**good_npz() | {"valid": npy(np.ones((9, 68), bool))}),
    ),
    "an npz of other scores": (".npz", lambda _: npz(**good_npz() | {"score": npy(np.ones(3))})),
    "an npz of an unknown space": (
        ".npz",
        lambda _: npz(**good_npz() | {"space": npy(np.array("moon"))}),
    ),
    "an npz of an endless space": (
        ".npz",
        lambda _: npz(**good_npz() | {"space": npy(np.array("x" * 10**6))}),
    ),
    "an npz whose provenance is words": (
        ".npz",
        lambda _: npz(**good_npz() | {"provenance": npy(np.array('["a"]'))}),
    ),
    "an npz packed with bzip2": (".npz", lambda _: npz(zipfile.ZIP_BZIP2, **good_npz())),
    "an npz with a locked member": (".npz", lambda _: locked(npz(**good_npz()))),
    "an npz member that is no array": (".npz", lambda _: npz(**good_npz() | {"points": b"hi"})),
    "an npz of damaged deflate": (
        ".npz",
        lambda p: written(".npz", p)[:300] + b"\xff" * 200 + written(".npz", p)[500:],
    ),
    "an npy named npz": (".npz", lambda _: npy(faces(0))),
    "an empty h5": (".h5", lambda _: b""),
    "text named h5": (".h5", lambda _: b"hello"),
    "an h5 cut short": (".h5", lambda p: written(".h5", p)[:1500]),
    "an h5 without points": (".h5", lambda p: h5_file(p, lambda f: f.__delitem__("points"))),
    "an h5 without a scheme": (".h5", lambda p: h5_file(p, lambda f: f.attrs.pop("scheme"))),
    "an h5 that claims terabytes": (".h5", lambda p: h5_file(p, claim_terabytes)),
    "an h5 with a link to another file": (".h5", lambda p: h5_file(p, link_elsewhere)),
    "an h5 with data in another file": (".h5", lambda p: h5_file(p, store_elsewhere)),
    "an h5 that maps another file": (".h5", lambda p: h5_file(p, map_elsewhere)),
    "an h5 of points never written": (".h5", lambda p: h5_file(p, never_written)),
    "an h5 of chunks never written": (".h5", lambda p: h5_file(p, chunks_never_written)),
    "an h5 whose chunk unpacks to more": (".h5", lambda p: h5_file(p, chunk_bomb)),
    "an h5 of a giant chunk": (".h5", lambda p: h5_file(p, giant_chunk)),
    "an h5 packed in another way": (".h5", lambda p: h5_file(p, odd_filter)),
    "an h5 of words": (".h5", lambda p: h5_file(p, words)),
    "an h5 of one number": (".h5", lambda p: h5_file(p, one_number)),
    "an h5 with a soft link": (".h5", lambda p: h5_file(p, soft_link)),
    "an h5 with a loop": (".h5", lambda p: h5_file(p, loop)),
    "an h5 of odd names": (".h5", lambda p: h5_file(p, odd_names)),
    "an h5 without times": (".h5", lambda p: h5_file(p, lambda f: f.__delitem__("times"))),
    "an h5 of fewer times": (".h5", lambda p: h5_file(p, fewer_times)),
    "an h5 of NR's coefficients without basis": (".h5", lambda p: h5_file(p, nr_file)),
    "an h5 of flat NR data": (".h5", lambda p: h5_file(p, flat_nr)),
    "an h5 of TFL's with 135 numbers": (".h5", lambda p: h5_file(p, tfl_135)),
    "an h5 of TFL's whose sample is zeros": (".h5", lambda p: h5_file(p, tfl_zeros)),
    "an h5 of TFL's without samples": (".h5", lambda p: h5_file(p, tfl_none)),
    "an h5 whose points are a group": (
        ".h5",
        lambda p: h5_file(p, make_group),
    ),
    "an npz that unpacks to gigabytes": (".npz", zip_bomb),
    "an empty csv": (".csv", lambda _: b""),
    "a csv without columns": (".csv", lambda _: b"a,b\n1,2\n"),
    "a csv of a million columns": (".csv", lambda _: b"x," * 10**6 + b"y\n"),
    "a csv of endless comments": (".csv", lambda _: b"#\n" * 10**5),
    "a csv whose first line is no json": (".csv", lambda _: b"# speechmarks {\n" + ROWS),
    "a csv of unknown scheme": (".csv", lambda _: b'# speechmarks {"scheme":"x"}\n' + ROWS),
    "a csv of unknown space": (".csv", lambda _: b'# speechmarks {"space":"x"}\n' + ROWS),
    "a csv that names a number": (".csv", lambda _: b'# speechmarks {"space":3}\n' + ROWS),
    "a csv with more points than its scheme": (
        ".csv",
        lambda _: b'# speechmarks {"scheme":"lips20"}\n' + ROWS + b"0,0,20,1,2\n",
    ),
    "a csv with point 68": (".csv", lambda _: ROWS + b"0,0,68,1,2\n"),
    "a csv with point -1": (".csv", lambda _: ROWS + b"0,0,-1,1,2\n"),
    "a csv with half a frame": (".csv", lambda _: ROWS + b"1.5,0,0,1,2\n"),
    "a csv without a frame's number": (".csv", lambda _: ROWS + b",0,0,1,2\n"),
    "a csv with the same point twice": (".csv", lambda _: ROWS + b"0,0,0,3,4\n"),
    "a csv with two times in a frame": (".csv", lambda _: ROWS + b"0,0.1,1,3,4\n"),
    "a csv without a time": (".csv", lambda _: ROWS + b"1,,0,3,4\n"),
    "a csv whose times go back": (".csv", lambda _: ROWS + b"1,-1,0,3,4\n"),
    "a csv with infinities": (".csv", lambda _: ROWS + b"1,1,0,inf,4\n"),
    "a csv of frames beyond all numbers": (".csv", lambda _: ROWS + b"1e300,1,0,3,4\n"),
    "a csv of columns only": (".csv", lambda _: b"frame,time_s,point,x,y\n"),
    "a csv of words": (".csv", lambda _: b"frame,time_s,point,x,y\n0,0,0,left,right\n"),
    "a csv of bytes": (".csv", lambda _: bytes(range(256)) * 4),
    "an empty json": (".json", lambda _: b""),
    "a json object": (".json", lambda _: b'{"a": 1}'),
    "a json number": (".json", lambda _: b"3"),
    "a json of no frames": (".json", lambda _: b"[]"),
    "a json of words": (".json", lambda _: b'[[["a", "b"]]]'),
    "a json of ragged faces": (".json", lambda _: b"[[[[1,2],[3]]]]"),
    "a json of too few points": (".json", lambda _: b"[[[[1,2],[3,4]]]]"),
    "a json nested too deep": (".json", lambda _: b"[" * 100_000),
    "a json of bytes": (".json", lambda _: b"\xff\xfe[]"),
    "a json of text numbers": (".json", lambda _: json.dumps([[[["1", "2"]] * 68]]).encode()),
    "a json of truths": (".json", lambda _: json.dumps([[[[True, False]] * 68]]).encode()),
    "a json of nothings": (".json", lambda _: json.dumps([[[[None, 1]] * 68]]).encode()),
    "a json of endless numbers": (".json", lambda _: json.dumps([[[[10**400, 1]] * 68]]).encode()),
    "a json of infinities": (".json", lambda _: json.dumps([[[[np.inf, 1]] * 68]]).encode()),
    "a json that goes on after its end": (
        ".json",
        lambda p: written(".json", p) + b"[]",
    ),
    "a json without its end": (".json", lambda p: written(".json", p)[:-1]),
    "a json with a comma too many": (".json", lambda p: written(".json", p)[:-1] + b",]"),
    "a json of a million empty faces": (".json", lambda _: b"[[" + b"[]," * 10**6 + b"[]]]"),
    "a json of faces that differ": (
        ".json",
        lambda _: json.dumps([[[[1, 2]] * 68], [[[1, 2]] * 20]]).encode(),
    ),
    "another ending": (".txt", lambda _: b"1,2"),
}


# Arrays that are no track only for their shape: `read_array` takes any.
FACE_SHAPES = {"67", "135", "4-D", "dimension", "coefficients"}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_bad_track_file_is_refused_in_one_sentence(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suffix, make = HOSTILE[name]
    monkeypatch.chdir(tmp_path)
    with h5py.File("secret.h5", "w") as secret:
        secret["points"] = faces(9)
    Path("secret.bin").write_bytes(bytes(1088))
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(make(tmp_path))
    with pytest.raises(BadInput) as caught:
        read_track(path)
    sentence(caught.value)
    if suffix == ".npy" and not FACE_SHAPES & set(name.split()):
        with pytest.raises(BadInput) as caught:  # templates, means and bases come this way
            read_array(path)
        sentence(caught.value)
    assert not Path("speechmarks-was-here").exists()


def nr_bytes(scratch: Path) -> bytes:
    return h5_file(scratch, lambda f: training(f, flmark=faces(0, 75).reshape(1, 75, 136)))


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv", ".json", ".h5", "TFL's .h5"])
@given(data=st.data())
def test_damage_gives_a_track_or_one_sentence(
    suffix: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / f"damage{suffix[-5:]}"
    folder.mkdir(exist_ok=True)
    raw = bytearray(written(suffix, folder) if suffix[0] == "." else nr_bytes(folder))
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    raw = raw[: data.draw(st.sampled_from([len(raw)] * 3 + [len(raw) // 2]))]
    suffix = suffix[suffix.index(".") :]
    (folder / f"bad{suffix}").write_bytes(raw)
    try:
        track = read_track(folder / f"bad{suffix}")
    except BadInput as error:
        sentence(error)
    else:
        assert isinstance(track, LandmarkTrack)


@given(data=st.data())
def test_damage_to_a_text_folder_gives_a_track_or_one_sentence(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "damaged-text"
    write_track(folder, gappy(), force=True)
    file = folder / f"{data.draw(st.integers(0, 7)):05d}.txt"
    raw = bytearray(file.read_bytes() or b"1")
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(raw)
    try:
        assert len(read_track(folder)) == 8
    except BadInput as error:
        sentence(error)


def one_file(folder: Path, data: bytes) -> None:
    (folder / "00000.txt").write_bytes(data)


FACE = b"1,2\n" * 68
FOLDERS: dict[str, Callable[[Path], object]] = {
    "nothing in it": lambda _: None,
    "no numbered files": lambda f: (f / "notes.txt").write_bytes(FACE),
    "words": lambda f: one_file(f, b"left,right\n"),
    "bytes": lambda f: one_file(f, bytes(range(256))),
    "67 points": lambda f: one_file(f, FACE[4:]),
    "three faces a frame": lambda f: one_file(f, FACE * 3),
    "one number a line": lambda f: one_file(f, b"1\n" * 68),
    "four numbers a line": lambda f: one_file(f, b"1,2,3,4\n" * 68),
    "infinities": lambda f: one_file(f, b"inf,2\n" * 68),
    "a huge file": lambda f: one_file(f, FACE * 1000),
    "a link to endless zeros": lambda f: (f / "00000.txt").symlink_to("/dev/zero"),
    "a link to nowhere": lambda f: (f / "00000.txt").symlink_to("nowhere"),
    "a pipe": lambda f: os.mkfifo(f / "00000.txt"),
    "a folder named as a frame": lambda f: (f / "00000.txt").mkdir(),
    "the same frame twice": lambda f: (one_file(f, FACE), (f / "0.txt").write_bytes(FACE)),
    "numbers far apart": lambda f: (one_file(f, FACE), (f / "999999999.txt").write_bytes(FACE)),
    "frames that differ": lambda f: (
        one_file(f, FACE),
        (f / "00001.txt").write_bytes(FACE[: 4 * 20]),
    ),
}


@pytest.mark.parametrize("fill", FOLDERS.values(), ids=list(FOLDERS))
def test_a_bad_folder_is_refused_in_one_sentence(
    fill: Callable[[Path], object], tmp_path: Path
) -> None:
    fill(tmp_path)
    with pytest.raises((BadInput, MissingFile)) as caught:
        read_track(tmp_path)
    sentence(caught.value)


@pytest.mark.parametrize(
    "make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["a pipe", "endless zeros"]
)
def test_what_is_no_plain_file_is_not_read(make: Callable[[Path], None], tmp_path: Path) -> None:
    for suffix in (".npy", ".npz", ".csv", ".json", ".h5"):
        make(tmp_path / f"t{suffix}")
        with pytest.raises(BadInput, match="plain file"):
            read_track(tmp_path / f"t{suffix}")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for read in (read_track, read_array):
        with pytest.raises(MissingFile, match=r"nowhere\.npy"):
            read(tmp_path / "nowhere.npy")


def test_the_helper_that_makes_headers_makes_valid_ones(tmp_path: Path) -> None:
    """Without this, a malformed header could hide what the terabyte tests are for."""
    data = npy_header("(1, 68, 2)") + faces(0, 1).tobytes()
    (tmp_path / "t.npy").write_bytes(data)
    np.testing.assert_array_equal(read_track(tmp_path / "t.npy").points, faces(0, 1))
    (tmp_path / "t.npz").write_bytes(npz(**good_npz()))
    assert len(read_track(tmp_path / "t.npz")) == 8
