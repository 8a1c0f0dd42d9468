"""The landmark noise floor on pages: measured on request on Quality, one line on Compare."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from test_pages import (  # noqa: F401 (fixtures of this module, too)
    clips,
    in_order,
    open_page,
    press,
    private_workspace,
    said,
)

from core.jobs.noise_floor import known_noise_floor
from core.workspace import Clip
from ui.shared import noise_view, state

Clips = Callable[[str], Clip]


def test_quality_measures_the_noise_and_compare_then_names_it(clips: Clips) -> None:  # noqa: F811
    clip = clips("silent")
    assert "landmark noise" not in said(open_page("compare", clip))
    app = open_page("quality", clip)
    in_order(app)
    assert "quality silent.mp4 --noise-floor" in app.code[0].value
    tables = len(app.dataframe)
    app = press(app, "Measure landmark noise")
    in_order(app)
    floor = known_noise_floor(state.workspace(), clip.id)
    assert floor is not None
    table = app.dataframe[tables].value
    assert list(table["copy"]) == ["full size", "half size"]
    assert list(table["frames"]) == [f"{p.frames} of 12" for p in (floor.full, floor.half)]
    assert table["motion"][0] == floor.value
    assert f"differ by {floor.value:.4f} IOD" in said(app) and "lower bound" in said(app)
    assert "Measure landmark noise" not in [b.label for b in app.button]
    app = open_page("compare", clip)
    in_order(app)
    table = app.dataframe[0].value
    noise = table[table["system"] == "landmark noise"]
    assert noise["lip_motion_error"].tolist() == [pytest.approx(floor.value)]
    other = open_page("compare", clip, precision="fast").dataframe[0].value
    assert "landmark noise" not in set(other["system"]), "another precision has its own floor"


def test_a_cancelled_measurement_can_be_started_again(
    clips: Clips,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clip = clips("no sound")
    app = open_page("quality", clip)
    app.session_state[f"cancelled: Measuring the landmark noise {clip.id}"] = True
    monkeypatch.setattr(noise_view, "cached_noise_floor", None)
    app = press(app, "Measure landmark noise")
    in_order(app)
    assert "cancelled" in said(app)
    assert "Start again" in [b.label for b in app.button]
