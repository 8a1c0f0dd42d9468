"""The Shape space page: a fit of chosen clips, what it loses, clips in it, and files of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from test_pages import (  # noqa: F401 (the workspace is a fixture of this module, too)
    in_order,
    open_page,
    panels,
    press,
    private_workspace,
    said,
)

from core.neutral import mean_lips
from core.render.player import unpack_player
from core.shape import (
    ShapeSpace,
    component_errors,
    fit_shape_space,
    keep_basis,
    open_basis,
    pooled_frames,
    prepared,
)
from core.tracks.io import write_array
from ui.shared import state


def lips() -> np.ndarray:
    return pooled_frames([prepared(state.landmarks(state.sample_clip()), "lips", "lips")])


def opened(**query: str) -> AppTest:
    app = open_page("shape", **query)
    return app.multiselect[0].set_value([state.sample_clip().id]).run()


def test_the_components_move_and_the_variance_is_said() -> None:
    app = opened()
    in_order(app)
    space = fit_shape_space(lips(), 8, space="eye5")
    assert f"**{space.explained:.1%}**" in said(app)
    assert panels(app) == ["Component 1", "Component 2"]
    assert len(app.slider) == 1 + 8
    assert "-k 8 --part lips" in app.code[-1].value
    app.slider[1].set_value(2.0).run()
    in_order(app)


def test_the_errors_are_those_of_the_core_beside_the_published_one() -> None:
    app = opened(**{"look at": "Reconstruction error"})
    in_order(app)
    points = lips()
    rows = component_errors(fit_shape_space(points, 12, space="eye5"), points)
    table = app.dataframe[0].value
    assert list(table["components"]) == [row.components for row in rows]
    np.testing.assert_allclose(table["MSE, clips of the fit"], [r.mse for r in rows], rtol=1e-9)
    assert "0.0007" in said(app) and f"{rows[8].mse:.3g} on clips of the fit" in said(app)
    assert "shape errors" in app.code[-1].value and "-k 12 --part lips" in app.code[-1].value


def test_whole_faces_have_no_published_number_beside_them() -> None:
    app = opened(part="face", **{"look at": "Reconstruction error"})
    in_order(app)
    assert "0.0007" not in said(app) and "--part face" in app.code[-1].value


def test_a_clip_is_played_beside_what_its_numbers_give() -> None:
    app = opened(**{"look at": "Over time"})
    in_order(app)
    assert panels(app) == ["Clip", "Landmarks", "From 8 components"]
    assert len(app.get("plotly_chart")) == 1
    assert "shape project" in app.code[-1].value


def test_all_clips_kept_out_is_told() -> None:
    app = opened()
    app.multiselect(key="held").set_value([state.sample_clip().id]).run()
    in_order(app)
    assert "nothing to fit" in app.error[0].value


def test_no_clip_is_an_empty_state() -> None:
    app = opened()
    app.multiselect[0].set_value([]).run()
    in_order(app)
    assert "Choose a clip" in app.info[0].value and not app.error


def test_a_saved_basis_is_loaded_again(tmp_path: Path) -> None:
    space = fit_shape_space(lips(), 3, space="eye5")
    space.save(tmp_path / "mine.npz")
    app = opened(**{"look at": "Reconstruction error"})
    app.file_uploader[0].upload("mine.npz", (tmp_path / "mine.npz").read_bytes()).run()
    in_order(app)
    assert "3 components of lips20" in said(app)
    assert len(app.dataframe[0].value) == 4 and "--basis basis.npz" in app.code[-1].value


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.npz", b"nothing"), ("other.npy", write_array(np.zeros(3))), ("mean.npy", b"torn")],
    ids=["no archive", "another name", "half of a pair"],
)
def test_what_is_no_basis_is_told_in_a_sentence(name: str, content: bytes) -> None:
    app = opened()
    app.file_uploader[0].upload(name, content).run()
    in_order(app)
    assert len(app.error) == 1 and app.error[0].value.endswith(".")
    assert "Traceback" not in app.error[0].value and panels(app)


def test_the_published_pair_is_drawn_without_clips_in_its_space(shared: Path) -> None:
    app = opened()
    for name in ("mean_shape.npy", "eigen_vectors.npy"):
        app.file_uploader[0].upload(name, (shared / "reference/nr" / name).read_bytes()).run()
    in_order(app)
    assert isinstance(ShapeSpace.load(shared / "reference/nr"), ShapeSpace)


def test_a_basis_is_kept_found_again_and_named_in_the_commands() -> None:
    app = opened()
    app.text_input(key="basis name").set_value("my lips").run()
    press(app, "Store")
    in_order(app)
    again = opened(basis="my lips")
    in_order(again)
    assert "8 components of lips20" in said(again)
    assert "shape fit" not in again.code[-1].value
    np.testing.assert_array_equal(
        open_basis("my lips", state.workspace().root).components,
        fit_shape_space(lips(), 12, space="eye5").first(8).components,
    )
    app.text_input(key="basis name").set_value("../out").run()
    press(app, "Store")
    assert "name of a basis" in app.error[0].value and not app.exception


def test_a_name_that_is_taken_is_replaced_only_when_asked_twice() -> None:
    keep_basis(
        state.workspace().root, "taken", fit_shape_space(lips(), 2, space="eye5"), force=True
    )
    app = opened()
    app.text_input(key="basis name").set_value("taken").run()
    press(app, "Store")
    assert len(open_basis("taken", state.workspace().root).components) == 2
    press(app, "Replace")
    assert len(open_basis("taken", state.workspace().root).components) == 8


def test_the_motion_is_put_onto_another_speakers_mean_lips() -> None:
    app = opened(**{"look at": "Another mean"})
    in_order(app)
    assert panels(app) == ["Clip", "On the mean of the basis", "On the other mean"]
    assert "--mean mean.npz" in app.code[-1].value
    space = fit_shape_space(lips(), 12, space="eye5").first(8)
    ready = prepared(state.landmarks(state.sample_clip()), "lips", "lips")
    mean = mean_lips(state.landmarks(state.sample_clip()))
    expected = replace(space, mean=mean.ravel()).reconstruct(space.project(ready.points))
    shown = unpack_player(app.get("bidi_component")[0].proto.bytes).points[-1]
    np.testing.assert_allclose(shown, expected, atol=2e-3)


def test_whole_faces_are_sent_to_the_page_that_swaps_the_template() -> None:
    app = opened(part="face", **{"look at": "Another mean"})
    in_order(app)
    assert "Identity" in app.info[-1].value and panels(app) == []
