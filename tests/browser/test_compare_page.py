"""Compare in the real app: files that are dropped, addresses that bring everything back, files that
are taken away."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from test_journey import MODELS, OUTPUT, Visit, root, visit, window  # noqa: F401 - fixtures

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


def saved(ending: str, track: LandmarkTrack) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / f"mine{ending}"
        write_track(path, track)
        return path

    return make


def zipped(folder: Path) -> Path:
    write_track(folder / "texts", SAMPLE.truth)
    path = folder / "mine.zip"
    path.write_bytes(zip_texts({p.name: p.read_bytes() for p in (folder / "texts").iterdir()}))
    return path


BROUGHT: dict[str, tuple[Callable[[Path], Path], str | None]] = {
    "npy": (saved(".npy", FREE), None),
    "npz": (saved(".npz", FREE), None),
    "csv": (saved(".csv", SAMPLE.truth), None),
    "json": (saved(".json", SAMPLE.truth), None),
    "h5": (saved(".h5", FREE), None),
    "a zip of texts": (zipped, None),
    "depth": (saved(".npz", deep(FREE)), None),
    "lips alone": (saved(".npz", LIPS), "mapped to 20"),
    "a FaceMesh": (saved(".npz", mesh()), "mapped to 68"),
}
DROP = """([target, name, text]) => {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name));
  for (const kind of ["dragenter", "dragover", "drop"])
    target.dispatchEvent(
      new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


def compare(visit: Visit, query: str = "") -> None:  # noqa: F811
    visit.open()
    visit.press("Try the sample")
    visit.arrive("Landmarks")  # before that, a click on another page would cancel the press
    if query:
        visit.open(f"compare?{query}")
    else:
        visit.go_to("Compare")
    visit.in_order()
    visit.ready()


def drop(visit: Visit, path: Path) -> None:  # noqa: F811
    visit.press("Add tracks")
    zone = visit.page.get_by_test_id("stFileUploaderDropzone").last
    zone.wait_for()
    text = base64.b64encode(path.read_bytes()).decode()
    visit.page.evaluate(DROP, [zone.element_handle(), path.name, text])
    visit.player.locator(".sm-title").filter(has_text=path.name).wait_for()
    visit.page.keyboard.press("Escape")
    visit.settle()
    visit.ready()


@pytest.mark.parametrize("kind", BROUGHT)
def test_a_dropped_track_becomes_a_panel(visit: Visit, tmp_path: Path, kind: str) -> None:  # noqa: F811
    make, said = BROUGHT[kind]
    path = make(tmp_path)
    compare(visit)
    before = visit.titles()
    drop(visit, path)
    visit.in_order()
    assert visit.titles() == [*before, path.name]
    visit.drawn(at=0.4)
    if said:
        assert visit.page.get_by_text(said).count()
    assert "tracks=" in visit.page.url


def test_what_is_no_track_is_refused_in_a_sentence(visit: Visit, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "mine.npy"
    path.write_text("not an array")
    compare(visit)
    visit.press("Add tracks")
    visit.page.locator("input[type=file]").last.set_input_files(path)
    visit.page.get_by_text("could not be read").or_(
        visit.page.get_by_text("is not")
    ).first.wait_for()
    assert "mine.npy" not in visit.titles()


def test_the_address_brings_everything_back(visit: Visit, tmp_path: Path) -> None:  # noqa: F811
    path = saved(".npz", FREE)(tmp_path)
    compare(visit)
    drop(visit, path)
    visit.player.get_by_role("button", name="View", exact=True).click()
    visit.player.get_by_label("Difference", exact=True).check(force=True)
    visit.page.keyboard.press("Escape")
    visit.js("p.seek(2.5)")
    visit.page.wait_for_timeout(1500)
    visit.settle()
    address = visit.page.url
    assert "view=" in address and "tracks=" in address and "clip=" in address
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


def test_a_movie_a_page_and_a_table_can_be_taken(visit: Visit, tmp_path: Path) -> None:  # noqa: F811
    compare(visit)

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


def test_labels_that_are_brought_become_lanes(visit: Visit, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "said.csv"
    path.write_text("start,end,label\n0.5,1.0,hello\n1.0,1.5,there\n")
    compare(visit)
    height = "(root) => root.querySelector('.sm-timeline').clientHeight"
    before = visit.player.evaluate(height)
    visit.press("Add labels")
    visit.page.locator("input[type=file]").last.set_input_files(path)
    visit.page.wait_for_url("**lanes=*")
    visit.settle()
    visit.in_order()
    for _ in range(100):  # the page is settled before the browser has laid the lane out
        if visit.player.evaluate(height) > before:
            break
        visit.page.wait_for_timeout(100)
    assert visit.player.evaluate(height) > before, "one lane more"


def test_the_lips_alone_follow_the_picture(visit: Visit) -> None:  # noqa: F811
    """An open mouth is dark in the middle of its panel, a closed one is not."""
    gap = inner_opening(SAMPLE.truth)
    middle = """(root) => {
      const canvas = [...root.querySelectorAll('.sm-panel canvas')].at(-1);
      const at = [canvas.width / 2 - 8, canvas.height / 2 - 4, 16, 12];
      const {data} = canvas.getContext('2d').getImageData(...at);
      return data.reduce((sum, v, i) => sum + (i % 4 < 3 ? v : 0), 0) / (data.length * 0.75);
    }"""
    compare(visit, f"clip={visit_clip(visit)}&also=upright&also=lips")
    assert visit.titles()[-2:] == ["Clip, upright", "Clip, lips"]
    light = {}
    for name, frame in (("open", int(np.nanargmax(gap))), ("closed", int(np.nanargmin(gap)))):
        visit.drawn(at=frame / 25 + 0.02)
        light[name] = visit.player.evaluate(middle)
    assert light["closed"] - light["open"] > 25, light


def visit_clip(visit: Visit) -> str:  # noqa: F811
    """The built-in clip's id, as the address of a first visit holds it."""
    compare(visit)
    return str(parse_qs(urlsplit(visit.page.url).query)["clip"][0])
