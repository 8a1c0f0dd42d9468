"""Points dragged on the page Quality stay where they were put, on every page and after a reload."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from visiting import Visit


def place(page: Any, point: int) -> tuple[float, float]:
    """Where the editor says a point is, in pixels of the picture."""
    label = page.locator(f"[data-point-number='{point}']").get_attribute("aria-label")
    x, y = re.findall(r"-?\d+\.\d", label)[:2]
    return float(x), float(y)


def open_editor(visit: Visit) -> None:
    visit.settle()
    visit.page.locator("[data-point-number='57']").wait_for()
    visit.page.get_by_role("button", name="Mouth", exact=True).click()
    visit.page.locator(".pe-status").scroll_into_view_if_needed()


def settled(visit: Visit, frames: int) -> None:
    visit.page.get_by_text(f"Corrected frames: {frames}", exact=True).wait_for()
    visit.settle()


def test_a_dragged_point_stays_moved_after_a_page_switch_and_a_reload(
    visit: Visit,
) -> None:
    page = visit.page
    visit.open("library")
    visit.press("Built-in clip")
    visit.settle()
    visit.go_to("Quality")
    open_editor(visit)
    before = place(page, 57)
    box = page.locator("[data-point-number='57'] circle").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 25, y + 40, steps=5)
    page.mouse.up()
    settled(visit, 1)
    moved = place(page, 57)
    assert moved[0] > before[0] + 2 and moved[1] > before[1] + 3

    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowUp")
    walked = place(page, 57)
    np.testing.assert_allclose(walked, (moved[0] + 10, moved[1] - 1), atol=0.11)

    visit.go_to("Landmarks")
    visit.go_to("Quality")
    settled(visit, 1)
    open_editor(visit)
    assert place(page, 57) == walked
    page.reload()
    settled(visit, 1)
    open_editor(visit)
    assert place(page, 57) == walked

    visit.press("Undo")
    visit.settle()
    np.testing.assert_allclose(place(page, 57), moved, atol=0.11)
    page.locator("[data-point-number='57']").focus()
    page.keyboard.press("r")
    settled(visit, 0)
    np.testing.assert_allclose(place(page, 57), before, atol=0.11)

    page.keyboard.press("Delete")  # the point goes, the keys stay with the editor
    settled(visit, 1)
    page.keyboard.press("]")
    page.wait_for_url(re.compile(r"frame=1\b"))
    settled(visit, 1)
    page.keyboard.press("Control+z")
    settled(visit, 0)
    visit.in_order()
