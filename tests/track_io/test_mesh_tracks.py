"""FaceMesh tracks in every format that holds them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from making import faces

from core.errors import BadInput
from core.tracks.io import read_contents, read_track, write_track
from core.tracks.track import LandmarkTrack, frame_times


def mesh(dims: int = 2, frames: int = 3, **fields: object) -> LandmarkTrack:
    points = faces(dims, frames, 468, dims)
    points[1] = np.nan
    return LandmarkTrack(points, frame_times(frames, 25), "facemesh468", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("dims", [2, 3], ids=["2-D", "3-D"])
@pytest.mark.parametrize("suffix", [".npy", ".npz", ".h5", ".csv"])
def test_a_mesh_comes_back_as_it_was(tmp_path: Path, suffix: str, dims: int) -> None:
    track = mesh(dims)
    write_track(tmp_path / f"a{suffix}", track)
    back = read_track(tmp_path / f"a{suffix}")
    assert (back.scheme, back.space) == ("facemesh468", "pixel")
    np.testing.assert_allclose(back.points, track.points, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["a.json", "folder"])
def test_a_mesh_in_whole_pixels_comes_back_rounded(tmp_path: Path, name: str) -> None:
    write_track(tmp_path / name, mesh())
    back = read_track(tmp_path / name)
    assert back.scheme == "facemesh468"
    np.testing.assert_array_equal(back.points, np.rint(mesh().points))


@pytest.mark.parametrize("dims", [2, 3], ids=["2-D", "3-D"])
def test_a_flattened_mesh_is_understood(tmp_path: Path, dims: int) -> None:
    points = faces(0, 2, 468, dims)
    np.save(tmp_path / "a.npy", points.reshape(2, -1))
    back = read_track(tmp_path / "a.npy")
    assert back.scheme == "facemesh468"
    np.testing.assert_array_equal(back.points, points)


def test_the_irises_of_478_points_are_left_out_and_it_is_said(tmp_path: Path) -> None:
    points = faces(0, 2, 478, 3)
    np.save(tmp_path / "a.npy", points)
    found = read_contents(tmp_path / "a.npy")
    assert found.finding is not None
    assert found.remarks == (
        "The ten points of the irises in a.npy were left out.",
        found.finding.sentence("a.npy"),  # random points are no face
    )
    np.testing.assert_array_equal(found.points, points[:, :468])


@pytest.mark.parametrize("highest", [68, 99, 466, 468])
def test_a_csv_of_part_of_a_mesh_must_say_so(tmp_path: Path, highest: int) -> None:
    rows = f"frame,time_s,point,x,y\n0,0,{highest},1,2\n"
    path = tmp_path / "a.csv"
    path.write_text(rows)
    with pytest.raises(BadInput, match=f"numbers a point {highest}"):
        read_track(path)
    path.write_text(f"# speechmarks {json.dumps({'scheme': 'facemesh468'})}\n{rows}")
    if highest < 468:
        assert read_track(path).valid.sum() == 1


def test_the_lip_formats_take_the_lips_of_a_mesh(tmp_path: Path) -> None:
    track = mesh(3)
    said = write_track(tmp_path / "lips.npy", track, kind="npy40")
    assert said is not None and "all but the 20 points of lips20" in said and "depth" in said
    corner = track.points[0, 61, :2]
    np.testing.assert_array_equal(read_track(tmp_path / "lips.npy").points[0, 0], corner)
