"""Track files: every format there and back, and files that are not what they say."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, gappy, make_track, sentence

from core.errors import BadInput, MissingFile, OutputExists
from core.track import LandmarkTrack, frame_times, select_points, step
from core.track_io import atomic_write, guess_space, read_track, write_track

EXACT = (".npy", ".npz", ".csv", ".h5")
ROUNDED = (".json", "")
KEEPS_EVERYTHING = (".npz", ".h5")

TRACKS: dict[str, Callable[[], LandmarkTrack]] = {
    "a face in every frame": lambda: make_track(faces(1)),
    "gaps at the start and inside": gappy,
    "no face at all": lambda: make_track(np.full((3, 68, 2), np.nan)),
    "one frame": lambda: make_track(faces(3, 1)),
    "lips only": lambda: select_points(make_track(faces(4)), range(48, 68), "lips20"),
    "lips only with gaps": lambda: select_points(gappy(5), range(48, 68), "lips20"),
}
THREE_D = make_track(faces(6, dims=3))


def named(suffix: str) -> str:
    return suffix or "folder of text"


@pytest.mark.parametrize("suffix", EXACT + ROUNDED, ids=named)
@pytest.mark.parametrize("make", TRACKS.values(), ids=list(TRACKS))
def test_there_and_back(make: Callable[[], LandmarkTrack], suffix: str, tmp_path: Path) -> None:
    track = make()
    path = tmp_path / f"track{suffix}"
    notice = write_track(path, track)
    back = read_track(path, fps=25, space="pixel")
    if suffix in ROUNDED:
        assert notice is not None and "rounded" in notice
        if track.scheme == "lips20" and not track.frame_valid.any():
            return  # nothing in the file says how many points were missing
        np.testing.assert_array_equal(back.points, np.rint(track.points))
    else:
        assert notice is None
        np.testing.assert_allclose(back.points, track.points, rtol=1e-14)
    np.testing.assert_allclose(back.times, track.times, rtol=1e-14)
    np.testing.assert_array_equal(back.valid, track.valid)
    assert back.scheme == track.scheme


@pytest.mark.parametrize("suffix", EXACT, ids=named)
def test_three_dimensions_survive(suffix: str, tmp_path: Path) -> None:
    write_track(tmp_path / f"t{suffix}", THREE_D)
    np.testing.assert_allclose(
        read_track(tmp_path / f"t{suffix}").points, THREE_D.points, rtol=1e-14
    )


@pytest.mark.parametrize("suffix", [*KEEPS_EVERYTHING, ".csv"], ids=named)
def test_uneven_times_survive(suffix: str, tmp_path: Path) -> None:
    times = np.array([0.0, 0.04, 0.2, 1 / 3])
    write_track(tmp_path / f"t{suffix}", LandmarkTrack(points=faces(0, 4), times=times))
    np.testing.assert_allclose(read_track(tmp_path / f"t{suffix}").times, times, rtol=1e-14)


@pytest.mark.parametrize("suffix", KEEPS_EVERYTHING, ids=named)
def test_complete_formats_keep_space_score_and_provenance(suffix: str, tmp_path: Path) -> None:
    score = np.array([1.0, np.nan, 0.5])
    track = make_track(
        faces(0, 3), space="eye5", score=score, provenance=(step("made", by="a test"),)
    )
    write_track(tmp_path / f"t{suffix}", track)
    back = read_track(tmp_path / f"t{suffix}")
    assert back.space == "eye5" and back.provenance == track.provenance
    assert back.score is not None
    np.testing.assert_array_equal(back.score, score)


@pytest.mark.parametrize("suffix", KEEPS_EVERYTHING, ids=named)
def test_the_same_track_gives_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_track(tmp_path / f"{name}{suffix}", gappy())
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize(
    ("shape", "scheme"),
    [((5, 136), "dlib68"), ((5, 204), "dlib68"), ((5, 40), "lips20"), ((5, 68, 3), "dlib68")],
    ids=["136 numbers", "204 numbers", "40 numbers", "68 x 3"],
)
def test_flattened_arrays_are_understood(
    shape: tuple[int, ...], scheme: str, tmp_path: Path
) -> None:
    values = np.random.default_rng(0).uniform(0, 200, shape)
    np.save(tmp_path / "t.npy", values)
    track = read_track(tmp_path / "t.npy", fps=30)
    assert track.scheme == scheme and track.fps == pytest.approx(30)
    np.testing.assert_array_equal(track.points.reshape(5, -1), values.reshape(5, -1))


@pytest.mark.parametrize("kind", ["<f4", ">f8", "<i2", "<u1"])
def test_other_kinds_of_numbers_are_understood(kind: str, tmp_path: Path) -> None:
    values = np.rint(faces(0)).astype(kind)
    np.save(tmp_path / "t.npy", values)
    np.testing.assert_array_equal(read_track(tmp_path / "t.npy").points, values.astype(float))


def test_the_first_of_several_faces_is_read_from_json(tmp_path: Path) -> None:
    one, two = np.rint(faces(1, 1))[0], np.rint(faces(2, 1))[0]
    frames = [[one.tolist(), two.tolist()], [], [two.tolist()]]
    (tmp_path / "t.json").write_text(json.dumps(frames))
    track = read_track(tmp_path / "t.json")
    np.testing.assert_array_equal(track.points[0], one)
    np.testing.assert_array_equal(track.points[2], two)
    assert track.frame_valid.tolist() == [True, False, True]


def test_csv_rows_may_come_in_any_order(tmp_path: Path) -> None:
    write_track(tmp_path / "t.csv", gappy())
    head, *rows = (tmp_path / "t.csv").read_text().splitlines()
    mixed = [head, *np.random.default_rng(0).permutation(rows)]
    (tmp_path / "mixed.csv").write_text("\n".join(mixed) + "\n")
    np.testing.assert_array_equal(read_track(tmp_path / "mixed.csv").points, gappy().points)


@pytest.mark.parametrize(
    ("largest", "space"),
    [
        (0.3, "template"),
        (2.0, "template"),
        (2.1, "pixel"),
        (400.0, "pixel"),
        (float("nan"), "template"),
    ],
)
def test_the_space_of_bare_numbers_is_guessed_from_the_largest(largest: float, space: str) -> None:
    assert guess_space(np.full((2, 68, 2), largest)) == space


# --- outputs ---------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", EXACT + ROUNDED, ids=named)
def test_an_existing_file_is_kept_unless_forced(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"t{suffix}"
    write_track(path, gappy(1))
    with pytest.raises(OutputExists, match="--force"):
        write_track(path, gappy(2))
    np.testing.assert_allclose(read_track(path).points, gappy(1).points, atol=0.51)
    write_track(path, gappy(2), force=True)
    np.testing.assert_allclose(read_track(path).points, gappy(2).points, atol=0.51)


def test_a_shorter_track_forced_into_a_text_folder_leaves_no_old_frames(tmp_path: Path) -> None:
    write_track(tmp_path / "t", make_track(faces(1, 8)))
    (tmp_path / "t" / "notes.txt").write_text("not ours")
    write_track(tmp_path / "t", make_track(faces(2, 5)), force=True)
    assert len(read_track(tmp_path / "t")) == 5
    assert (tmp_path / "t" / "notes.txt").read_text() == "not ours"


def test_an_unknown_ending_is_refused_and_nothing_written(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.xyz"):
        write_track(tmp_path / "t.xyz", gappy())
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file_and_no_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    atomic_write(path, b"old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


# --- hostile files ---------------------------------------------------------------------------


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


def npz(**fields: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
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
    "an h5 whose points are a group": (
        ".h5",
        lambda p: h5_file(p, make_group),
    ),
    "an npz that unpacks to gigabytes": (".npz", zip_bomb),
    "an empty csv": (".csv", lambda _: b""),
    "a csv without columns": (".csv", lambda _: b"a,b\n1,2\n"),
    "a csv that lacks a point": (
        ".csv",
        lambda p: b"\n".join(written(".csv", p).split(b"\n")[:-2]),
    ),
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
    "another ending": (".txt", lambda _: b"1,2"),
}


@pytest.mark.parametrize(("suffix", "make"), HOSTILE.values(), ids=list(HOSTILE))
def test_a_bad_track_file_is_refused_in_one_sentence(
    suffix: str, make: Callable[[Path], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with h5py.File("secret.h5", "w") as secret:
        secret["points"] = faces(9)
    Path("secret.bin").write_bytes(bytes(1088))
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(make(tmp_path))
    with pytest.raises(BadInput) as caught:
        read_track(path)
    sentence(caught.value)
    assert not Path("speechmarks-was-here").exists()


@pytest.mark.parametrize("suffix", [".npz", ".h5"])
@given(data=st.data())
def test_a_damaged_byte_gives_the_track_or_one_sentence(
    suffix: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / f"flips{suffix}"
    folder.mkdir(exist_ok=True)
    raw = bytearray(written(suffix, folder))
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    (folder / f"bad{suffix}").write_bytes(raw)
    try:
        track = read_track(folder / f"bad{suffix}")
    except BadInput as error:
        sentence(error)
    else:
        assert isinstance(track, LandmarkTrack)


def test_an_empty_folder_and_a_folder_of_words_are_refused(tmp_path: Path) -> None:
    for name, text in (("empty", None), ("words", "left,right\n")):
        (tmp_path / name).mkdir()
        if text:
            (tmp_path / name / "00000.txt").write_text(text)
        with pytest.raises(BadInput) as caught:
            read_track(tmp_path / name)
        sentence(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"nowhere\.npy"):
        read_track(tmp_path / "nowhere.npy")


def test_the_helper_that_makes_headers_makes_valid_ones(tmp_path: Path) -> None:
    """Without this, a malformed header could hide what the terabyte tests are for."""
    data = npy_header("(1, 68, 2)") + faces(0, 1).tobytes()
    (tmp_path / "t.npy").write_bytes(data)
    np.testing.assert_array_equal(read_track(tmp_path / "t.npy").points, faces(0, 1))
    (tmp_path / "t.npz").write_bytes(npz(**good_npz()))
    assert len(read_track(tmp_path / "t.npz")) == 8
