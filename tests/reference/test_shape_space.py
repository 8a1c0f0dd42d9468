"""Shape spaces as files: there and back, other people's files, and files that are none."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import faces, sentence

from core.errors import BadInput, MissingFile, OutputExists
from core.shape import ShapeSpace, fit_shape_space


def fitted(points: int = 68, dims: int = 2, **options: Any) -> ShapeSpace:
    return fit_shape_space(faces(4, 30, points, dims), 5, **options)


@pytest.mark.parametrize(
    ("points", "dims", "scheme"), [(68, 2, "dlib68"), (68, 3, "dlib68"), (20, 2, "lips20")]
)
def test_a_shape_space_survives_its_file(
    points: int, dims: int, scheme: str, tmp_path: Path
) -> None:
    space = fitted(points, dims, space="eye5", point_weights=np.linspace(1, 2, points))
    space.save(tmp_path / "s.npz")
    back = ShapeSpace.load(tmp_path / "s.npz")
    for name in ("mean", "components", "deviations", "weights"):
        np.testing.assert_array_equal(getattr(back, name), getattr(space, name))
    assert (back.scheme, back.dims, back.space) == (scheme, dims, "eye5")
    assert back.explained == space.explained


def test_the_same_space_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        fitted().save(tmp_path / f"{name}.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_file_of_mean_and_components_is_enough(tmp_path: Path, shared: Path) -> None:
    nr = shared / "reference/nr"
    mean, vectors = np.load(nr / "mean_shape.npy"), np.load(nr / "eigen_vectors.npy")
    np.savez(tmp_path / "nr.npz", mean=mean, components=vectors)
    space = ShapeSpace.load(tmp_path / "nr.npz")
    published = ShapeSpace.published(nr / "mean_shape.npy", nr / "eigen_vectors.npy")
    rows = np.eye(6)
    np.testing.assert_array_equal(space.reconstruct(rows), published.reconstruct(rows))
    assert (space.scheme, space.dims, space.space) == ("dlib68", 3, None)


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "s.npz").write_bytes(b"mine")
    with pytest.raises(OutputExists, match="--force"):
        fitted().save(tmp_path / "s.npz")
    assert (tmp_path / "s.npz").read_bytes() == b"mine"
    fitted().save(tmp_path / "s.npz", force=True)
    assert len(ShapeSpace.load(tmp_path / "s.npz").components) == 5
    with pytest.raises(BadInput, match=r"\.npz"):
        fitted().save(tmp_path / "s.npy")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"nowhere\.npz"):
        ShapeSpace.load(tmp_path / "nowhere.npz")


def test_points_of_no_scheme_have_no_shape_space() -> None:
    with pytest.raises(BadInput, match="67 points"):
        fit_shape_space(faces(0, 30, 67), 5)


MEAN, ROWS = np.ones(136), np.eye(8, 136)
BAD: dict[str, dict[str, Any]] = {
    "no mean": {"components": ROWS},
    "no components": {"mean": MEAN},
    "a mean of 135 numbers": {"mean": np.ones(135), "components": np.eye(8, 135)},
    "components of another size": {"mean": MEAN, "components": np.eye(8, 40)},
    "no component at all": {"mean": MEAN, "components": np.ones((0, 136))},
    "more components than numbers": {"mean": MEAN, "components": np.ones((137, 136))},
    "components in three dimensions": {"mean": MEAN, "components": np.ones((8, 68, 2))},
    "a missing number": {"mean": MEAN * np.nan, "components": ROWS},
    "an infinite number": {"mean": MEAN, "components": np.full((8, 136), np.inf)},
    "words": {"mean": np.full(136, "x"), "components": ROWS},
    "objects": {"mean": np.full(136, None), "components": ROWS},
    "an unknown scheme": {"mean": MEAN, "components": ROWS, "scheme": "face9"},
    "a scheme of other points": {"mean": MEAN, "components": ROWS, "scheme": "lips20"},
    "an unknown space": {"mean": MEAN, "components": ROWS, "space": "moon"},
    "deviations of another number": {"mean": MEAN, "components": ROWS, "deviations": [1, 2]},
    "weights of another number": {"mean": MEAN, "components": ROWS, "weights": [1, 2]},
}


@pytest.mark.parametrize("arrays", BAD.values(), ids=list(BAD))
def test_a_file_that_is_no_shape_space_is_refused(arrays: dict[str, Any], tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    (tmp_path / "s.npz").write_bytes(buffer.getvalue())
    with pytest.raises(BadInput) as caught:
        ShapeSpace.load(tmp_path / "s.npz")
    sentence(caught.value)
