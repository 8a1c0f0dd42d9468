"""Compare in the real app: files that are dropped, addresses that bring everything back, files that
are taken away."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from visiting import MODELS, OUTPUT, Problems, Visit

from core.media import probe
from core.neutral import inner_opening, remove_identity
from core.samples import SAMPLE
from core.tracks.io import write_track, zip_texts
from core.tracks.scheme import point_map
from core.tracks.track import LandmarkTrack, select_points

FREE = remove_identity(SAMPLE.truth)
LIPS = select_points(SAMPLE.truth, point_map("dlib68", "lips20"), "lips20")


def deep(track: LandmarkTrack) -> LandmarkTrack:
    depth = np.linspace(-0.05, 0.05, 68)[None, :, None].repeat(len(track), axis=0)
    return track.replace(points=np.concatenate([track.points, depth], axis=2))


def mesh() -> LandmarkTrack:
    rng = np.random.default_rng(0)
    points = rng.uniform(100, 400, (20, 468, 2))
    points[:, list(point_map("facemesh468", "dlib68"))] = SAMPLE.truth.points[:20]
    return LandmarkTrack(points, SAMPLE.truth.times[:20], scheme="facemesh468")


def zipped(path: Path) -> None:
    texts = path.with_suffix("")
    write_track(texts, SAMPLE.truth)
    path.write_bytes(zip_texts({p.name: p.read_bytes() for p in texts.iterdir()}))


def saved(track: LandmarkTrack) -> Callable[[Path], None]:
    return lambda path: write_track(path, track)


BROUGHT: dict[str, Callable[[Path], None]] = {
    "array.npy": saved(FREE),
    "track.npz": saved(FREE.replace(times=FREE.times + 0.02)),
    "table.csv": saved(SAMPLE.truth),
    "points.json": saved(SAMPLE.truth),
    "dataset.h5": saved(FREE),
    "texts.zip": zipped,
    "depth.npz": saved(deep(FREE)),
    "mesh.npz": saved(mesh()),
    "lips.npz": saved(LIPS),
}
DROP = """([target, files]) => {
  const data = new DataTransfer();
  for (const [name, text] of files) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    data.items.add(new File([bytes], name));
  }
  for (const kind of ["dragenter", "dragover", "drop"])
    target.dispatchEvent(
      new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


def compare(visit: Visit) -> None:
    """The built-in clip on Compare, in a session that has nothing else."""
    visit.open("library")
    visit.press("Built-in clip")
    visit.go_to("Compare")
    visit.in_order()
    visit.ready()


@pytest.fixture(scope="module")
def tab(window: tuple[Any, Problems], app_root: str) -> Iterator[Visit]:
    visit = Visit(window[0].new_page(), app_root)
    compare(visit)
    yield visit
    visit.page.close()


@pytest.fixture
def same_visit(tab: Visit, window: tuple[Any, Problems]) -> Iterator[Visit]:
    """One tab for the tests that add to what is shown; its problems fail the test that met them."""
    yield tab
    tab.page.keyboard.press("Escape")
    tab.settle()
    window[1].none()


def viewed(url: str) -> bool:
    """Whether the settings of the player in an address are those that are made below."""
    found = re.search(r"[?&]view=([\w-]+)", url)
    if found is None:
        return False
    settings = json.loads(base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4)))
    return settings.get("layout") == "difference" and abs(settings.get("time", 0) - 2.5) < 0.03


def drop(visit: Visit, *paths: Path) -> None:
    visit.press("Add systems")
    zone = visit.page.get_by_test_id("stFileUploaderDropzone").last
    zone.wait_for()
    files = [[path.name, base64.b64encode(path.read_bytes()).decode()] for path in paths]
    visit.page.evaluate(DROP, [zone.element_handle(), files])
    for path in paths:
        visit.player.locator(".sm-title").filter(has_text=path.name).wait_for()
    visit.settle()
    visit.ready()


def test_dropped_tracks_of_every_kind_become_panels(visit: Visit, tmp_path: Path) -> None:
    for name, write in BROUGHT.items():
        write(tmp_path / name)
    compare(visit)
    before = visit.titles()
    *whole, lips = BROUGHT
    for names, points in ((whole, 68), ([lips], 20)):  # what all are compared in
        drop(visit, *(tmp_path / name for name in names))
        visit.in_order()
        assert visit.page.get_by_text(f"mapped to {points}").count(), names
        visit.page.keyboard.press("Escape")
    assert visit.titles() == [*before, *BROUGHT]
    visit.drawn(at=0.4)
    assert "tracks=" in visit.page.url


def test_a_movie_a_page_and_a_table_can_be_taken(same_visit: Visit, tmp_path: Path) -> None:
    visit = same_visit

    def take(kind: str, make: str | None, label: str) -> Path:
        visit.page.get_by_test_id("stMain").get_by_role("radio", name=kind, exact=True).or_(
            visit.page.get_by_test_id("stMain").get_by_role("button", name=kind, exact=True)
        ).first.click()
        visit.settle()
        if make:
            visit.press(make)
        ready = visit.page.get_by_role("button", name=label, exact=True)
        ready.wait_for(timeout=240_000)  # a movie takes its time on a busy machine
        visit.settle()
        with visit.page.expect_download() as waiting:
            visit.press(label)
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        return path

    page = take("Page", "Make the page", "Download the page")
    assert page.stat().st_size < 3e6 and "createPlayer" in page.read_text()
    table = take("Table", None, "Download the table")
    assert MODELS[0] in table.read_text()
    movie: Any = probe(take("Movie", "Make the movie", "Download the movie"))
    assert movie.video.size == (1920, 1080) and movie.audio is not None
    visit.page.screenshot(path=str(OUTPUT / "compare-take-away.png"))


def test_what_is_no_track_is_refused_in_a_sentence(same_visit: Visit, tmp_path: Path) -> None:
    visit = same_visit
    path = tmp_path / "mine.npy"
    path.write_text("not an array")
    visit.press("Add systems")
    visit.page.locator("input[type=file]").last.set_input_files(path)
    visit.page.get_by_text("could not be read").or_(
        visit.page.get_by_text("is not")
    ).first.wait_for()
    assert "mine.npy" not in visit.titles()


def test_labels_that_are_brought_become_lanes(same_visit: Visit, tmp_path: Path) -> None:
    visit = same_visit
    path = tmp_path / "said.csv"
    path.write_text("start,end,label\n0.5,1.0,hello\n1.0,1.5,there\n")
    before = visit.js("root.querySelector('.sm-timeline').clientHeight")
    visit.press("Add labels")
    visit.page.locator("input[type=file]").last.set_input_files(path)
    visit.page.wait_for_url("**lanes=*")
    visit.settle()
    visit.in_order()
    visit.until(f"root.querySelector('.sm-timeline').clientHeight > {before}")  # one lane more


def test_the_address_brings_everything_back(same_visit: Visit, tmp_path: Path) -> None:
    visit = same_visit
    path = tmp_path / "mine.npz"
    write_track(path, FREE)
    drop(visit, path)
    visit.page.keyboard.press("Escape")
    visit.player.get_by_role("button", name="View", exact=True).click()
    visit.player.get_by_label("Difference", exact=True).check(force=True)
    visit.page.keyboard.press("Escape")
    visit.js("p.seek(2.5)")
    visit.page.wait_for_url(viewed)
    address = visit.page.url
    assert "tracks=" in address and "clip=" in address
    frame = visit.js("p.frame()")
    fresh = Visit(visit.page.context.browser.new_context().new_page(), visit.root)
    fresh.page.goto(address)
    fresh.settle()
    fresh.ready()
    fresh.until(f"p.frame() === {frame}")
    assert path.name in fresh.player.inner_text()
    fresh.player.get_by_role("button", name="View", exact=True).click()
    assert fresh.player.get_by_label("Difference", exact=True).is_checked()
    fresh.page.context.close()


def test_the_lips_alone_follow_the_picture(same_visit: Visit) -> None:
    """An open mouth is dark in the middle of its panel, a closed one is not."""
    gap = inner_opening(SAMPLE.truth)
    middle = """(root) => {
      const canvas = [...root.querySelectorAll('.sm-panel canvas')].at(-1);
      const at = [canvas.width / 2 - 8, canvas.height / 2 - 4, 16, 12];
      const {data} = canvas.getContext('2d').getImageData(...at);
      return data.reduce((sum, v, i) => sum + (i % 4 < 3 ? v : 0), 0) / (data.length * 0.75);
    }"""
    clip = parse_qs(urlsplit(same_visit.page.url).query)["clip"][0]
    visit = same_visit
    visit.open(f"compare?clip={clip}&also=upright&also=lips")
    visit.in_order()
    visit.ready()
    assert visit.titles()[-2:] == ["Clip, upright", "Clip, lips"]
    light = {}
    for name, frame in (("open", int(np.nanargmax(gap))), ("closed", int(np.nanargmin(gap)))):
        visit.drawn(at=frame / 25 + 0.02)
        visit.until(f"p.frameShown(0) === {frame}")
        light[name] = visit.player.evaluate(middle)
    assert light["closed"] - light["open"] > 25, light
