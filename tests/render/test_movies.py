"""Movies hold the frames they should, for as long as they should, with sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from faces import made_track
from PIL import Image

from core.errors import BadInput, MediaError, OutputExists
from core.media import Waveform, probe, read_audio, read_frames
from core.media.movie import MovieWriter
from core.render import Panel, compare_movie, face_movie, threed_movie
from core.render.compare import _place
from core.render.movie import frame_at
from core.render.palette import GROUND, PAGE, rgb
from core.render.sheet import fit_sheet
from core.render.view import Viewport

EMPTY = made_track(1, points=np.empty((0, 68, 2)), times=np.empty(0))
TONE = Waveform(0.1 * np.sin(np.arange(16_000) / 9).astype(np.float32), 16_000)


@pytest.mark.parametrize(
    ("fps", "frames", "rate"),
    [(None, 10, 25), (50, 20, 50), (12.5, 5, 12.5)],
    ids=["every frame", "at twice the rate", "at half the rate"],
)
def test_a_face_movie(tmp_path: Path, fps: float | None, frames: int, rate: float) -> None:
    out = tmp_path / "painted.mp4"
    heard: list[float] = []
    face_movie(made_track(), out, sound=TONE, size=128, fps=fps, progress=heard.append)
    info = probe(out)
    assert info.video is not None
    assert info.audio is not None
    assert info.video.n_frames == frames
    assert info.video.size == (128, 128)
    assert info.video.fps == pytest.approx(rate)
    assert info.duration == pytest.approx(0.4, abs=0.01)
    assert info.video.codec == "h264"
    assert info.audio.codec == "aac"
    assert info.audio.start == 0
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_a_movie_keeps_the_times_of_a_variable_rate(tmp_path: Path) -> None:
    times = np.array([0, 0.04, 0.10, 0.30])
    face_movie(made_track(4, times=times), tmp_path / "v.mp4", size=64)
    info = probe(tmp_path / "v.mp4")
    assert info.video is not None
    assert np.allclose(info.video.times, times, atol=1e-3)


def test_a_track_that_starts_late_starts_blank(tmp_path: Path) -> None:
    times = 0.2 + np.arange(3) / 25
    face_movie(made_track(3, times=times), tmp_path / "late.mp4", size=64)
    frames = list(read_frames(tmp_path / "late.mp4"))
    assert [round(f.time, 2) for f in frames] == [0.0, 0.2, 0.24, 0.28]
    assert np.ptp(frames[0].image) < 12 < np.ptp(frames[1].image)


def test_a_3d_movie_needs_depth(tmp_path: Path) -> None:
    threed_movie(made_track(), tmp_path / "threed.mp4", size=96)
    info = probe(tmp_path / "threed.mp4")
    assert info.video is not None
    assert info.video.n_frames == 10
    with pytest.raises(BadInput, match="x, y and z"):
        threed_movie(made_track(points=made_track().points[..., :2]), tmp_path / "flat.mp4")


def test_a_mesh_with_depth_is_drawn_at_one_size_whatever_its_unit(tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(3, 468, 3))
    pictures = []
    for scale, shift in ((100.0, 400.0), (0.2, 0.5)):
        space = "pixel" if scale > 1 else "unit"
        mesh = made_track(3, points=scale * points + shift, scheme="facemesh468", space=space)
        threed_movie(mesh, tmp_path / "mesh.mp4", size=96, force=True)
        pictures.append([frame.image for frame in read_frames(tmp_path / "mesh.mp4")])
    assert len(pictures[0]) == 3 and np.ptp(pictures[0][0]) > 100
    np.testing.assert_array_equal(*pictures)


def test_nothing_is_replaced_unless_asked(tmp_path: Path) -> None:
    out = tmp_path / "there.mp4"
    out.write_bytes(b"mine")
    with pytest.raises(OutputExists):
        face_movie(made_track(), out, size=64)
    assert out.read_bytes() == b"mine"
    face_movie(made_track(), out, size=64, force=True)
    assert probe(out).video is not None


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_cancelling_leaves_nothing_behind(tmp_path: Path, suffix: str) -> None:
    def stop(done: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare_movie([Panel("a", made_track())], tmp_path / f"c{suffix}", progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("fps", "time", "index"),
    [
        (25, 0.0, 0),
        (25, 0.0399, 1),
        (25, 0.038, 0),
        (25, 0.04, 1),
        (25, -0.1, None),
        (25, 9.0, 9),
        (30000 / 1001, 3 * 1001 / 30000, 3),
    ],
)
def test_the_last_frame_whose_time_has_come(fps: float, time: float, index: int | None) -> None:
    assert frame_at(made_track(10, fps), time) == index


def grey_video(path: Path, n_frames: int, fps: int, size: tuple[int, int] = (64, 48)) -> Path:
    """Frame k is grey of level 10 * k."""
    with MovieWriter(path, size=size, fps=fps, crf=1) as writer:
        for k in range(n_frames):
            writer.write(np.full((size[1], size[0], 3), 10 * k, np.uint8))
    return path


def test_panels_of_different_rates_are_sampled_by_time(tmp_path: Path) -> None:
    slow, fast = grey_video(tmp_path / "s.mp4", 10, 10), grey_video(tmp_path / "f.mp4", 20, 25)
    out = tmp_path / "both.mp4"
    compare_movie(
        [Panel("slow", video=slow), Panel("fast", video=fast)],
        out,
        labels=False,
        panel_size=(64, 64),
        sound=TONE,
    )
    info = probe(out)
    assert info.video is not None
    assert info.audio is not None
    assert info.video.fps == pytest.approx(25)
    assert info.video.n_frames == 25
    for k, frame in enumerate(read_frames(out)):
        levels = [int(frame.image[36, x].mean()) for x in (36, 104)]
        assert levels[0] == pytest.approx(10 * int(k / 25 * 10 + 1e-6), abs=4)
        assert levels[1] == pytest.approx(10 * min(k, 19), abs=4)


@pytest.mark.parametrize(
    ("layout", "columns", "rows"), [("row", 3, 1), ("column", 1, 3), ("grid", 2, 2)]
)
def test_layouts(tmp_path: Path, layout: str, columns: int, rows: int) -> None:
    out = tmp_path / "c.mp4"
    panels = [Panel(str(k), made_track(2)) for k in range(3)]
    compare_movie(panels, out, labels=False, panel_size=80, layout=layout)  # type: ignore[arg-type]
    info = probe(out)
    assert info.video is not None
    assert info.video.size == (columns * 84 + 4, rows * 84 + 4)


def test_labels_and_burn_in_change_the_strip_only(tmp_path: Path) -> None:
    panels = [Panel("Truth <b>\ud800\n", made_track(3))]
    pictures = []
    for burn_in in (False, True):
        out = tmp_path / f"{burn_in}.mp4"
        compare_movie(panels, out, burn_in=burn_in, panel_size=256)
        pictures.append([f.image.astype(int) for f in read_frames(out)])
    plain, burnt = pictures[0][2], pictures[1][2]
    assert np.abs(plain - burnt)[:30, 128:].max() > 100
    assert np.abs(plain - burnt)[40:].max() < 60


def test_rates_are_capped_at_sixty(tmp_path: Path) -> None:
    compare_movie([Panel("quick", made_track(24, 120))], tmp_path / "q.mp4", panel_size=64)
    info = probe(tmp_path / "q.mp4")
    assert info.video is not None
    assert info.video.fps == pytest.approx(60)
    assert info.video.n_frames == 12


def test_a_gif_keeps_its_time(tmp_path: Path) -> None:
    out = tmp_path / "c.gif"
    compare_movie([Panel("a", made_track(30, 30000 / 1001), style="painted")], out, panel_size=96)
    with Image.open(out) as gif:
        total = 0.0
        for k in range(gif.n_frames):
            gif.seek(k)
            total += gif.info["duration"]
        assert gif.info["loop"] == 0
        seen = np.asarray(gif.convert("RGB"))[60, 51]
    assert total == pytest.approx(1001, abs=15)
    assert np.abs(seen.astype(int) - (178, 128, 76)).max() < 60


def test_landmarks_lie_on_the_picture_at_any_scale(tmp_path: Path) -> None:
    video = grey_video(tmp_path / "g.mp4", 3, 25, size=(640, 360))
    points = made_track(3).points[..., :2] * 800 + (320, 170)
    unit = points / (640, 360)
    pictures = []
    for space, p in (("pixel", points), ("unit", unit)):
        panel = Panel("v", made_track(3, points=p, space=space), video, colour="#ffffff")
        compare_movie([panel], tmp_path / f"{space}.mp4", panel_size=(160, 90), labels=False)
        pictures.append([f.image.astype(int) for f in read_frames(tmp_path / f"{space}.mp4")][1])
    assert np.abs(pictures[0] - pictures[1]).max() < 8
    chin = np.round((points[1, 8] + 0.5) / 4 - 0.5 + 4).astype(int)
    assert pictures[0][chin[1], chin[0]].min() > 120


@pytest.mark.parametrize("layout", ["row", "column", "grid"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_panels_fill_a_picture_of_a_given_size(count: int, layout: str) -> None:
    sheet = fit_sheet(count, layout, (1920, 1080), strip=True)  # type: ignore[arg-type]
    assert sheet.size == (1920, 1080)
    corners = [sheet.corner(k) for k in range(count)]
    assert len(set(corners)) == count
    assert min(x for x, _ in corners) >= sheet.gap and min(y for _, y in corners) >= sheet.gap
    right = max(x for x, _ in corners) + sheet.panel[0] + sheet.gap
    low = max(y for _, y in corners) + sheet.strip + sheet.panel[1] + sheet.gap
    assert 1920 - 2 * sheet.columns <= right <= 1920
    assert 1080 - 2 * sheet.rows <= low <= 1080


def test_a_movie_has_the_size_that_was_asked_for(tmp_path: Path) -> None:
    panels = [Panel(str(k), made_track(2)) for k in range(4)]
    compare_movie(panels, tmp_path / "c.mp4", layout="grid", size=(641, 360))
    info = probe(tmp_path / "c.mp4")
    assert info.video is not None
    assert info.video.size == (640, 360)


@pytest.mark.parametrize("start", [0.0, 0.32], ids=["from the start", "from the middle"])
def test_sound_and_picture_stay_within_20_ms(tmp_path: Path, start: float) -> None:
    video, out = tmp_path / "flash.mp4", tmp_path / "c.mp4"
    with MovieWriter(video, size=(64, 64), fps=25) as writer:
        for k in range(30):
            writer.write(np.full((64, 64, 3), 255 * (k == 15), np.uint8))
    samples = np.zeros(16_000 * 6 // 5, np.float32)
    samples[9_600:9_700] = np.sin(np.arange(100))  # a click at 0.6 s, with frame 15
    sound = Waveform(samples, 16_000)
    compare_movie([Panel("v", video=video)], out, sound=sound, labels=False, start=start)
    info = probe(out)
    assert info.audio is not None
    assert abs(info.audio.start) < 0.02
    flash = next(f.time for f in read_frames(out) if f.image[240, 240].min() > 200)
    heard = read_audio(out)
    click = float(np.argmax(np.abs(heard.samples) > 0.3)) / heard.rate
    assert flash == pytest.approx(0.6 - start, abs=1e-3)
    assert click == pytest.approx(flash, abs=0.005)


@pytest.mark.parametrize(
    ("start", "stop", "shown"),
    [(0.5, 1.2, range(5, 12)), (0.55, 0.75, range(5, 7)), (1.5, 9.0, range(15, 20))],
    ids=["on frames", "between frames", "past the end"],
)
def test_a_part_of_a_comparison(tmp_path: Path, start: float, stop: float, shown: range) -> None:
    video = grey_video(tmp_path / "g.mp4", 20, 10)
    panels = [Panel("v", video=video), Panel("t", made_track(20, 10))]
    out = tmp_path / "part.mp4"
    compare_movie(panels, out, labels=False, panel_size=64, start=start, stop=stop, sound=TONE)
    levels = [round(f.image[36, 36].mean() / 10) for f in read_frames(out)]
    assert levels[0] == shown[0]
    assert sorted(set(levels)) == list(shown)
    assert probe(out).duration == pytest.approx(min(stop, 2.0) - start, abs=0.06)


def test_the_prepared_truth_is_cropped_numbered_and_at_25_fps(tmp_path: Path) -> None:
    video = grey_video(tmp_path / "fast.mp4", 20, 50, size=(320, 240))
    points = made_track(20, 50).points[..., :2] * 200 + (200, 120)
    face = made_track(20, 50, points=points, space="pixel")
    out = tmp_path / "p.mp4"
    panel = Panel("truth", face, video, "picture", crop="face", fps=25)
    compare_movie([panel], out, labels=False, panel_size=64)
    frames = list(read_frames(out))
    assert [f.time for f in frames] == pytest.approx([k / 25 for k in range(10)], abs=1e-3)
    for k, frame in enumerate(frames):  # picture k is source frame 2 k, and nothing is drawn on it
        assert np.abs(frame.image[8:60, 8:60].astype(int) - 20 * k).max() < 6


def test_an_error_of_the_encoder_is_heard_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: MovieWriter, image: object, time: float) -> None:
        if time > 0.1:
            raise MediaError("The disk is full; make room and try again.")

    monkeypatch.setattr(MovieWriter, "write", fail)
    with pytest.raises(MediaError, match="disk is full"):
        compare_movie([Panel("a", made_track(20))], tmp_path / "c.mp4", panel_size=64)
    assert list(tmp_path.iterdir()) == []


def test_a_gif_keeps_page_and_ground_apart(tmp_path: Path) -> None:
    out = tmp_path / "c.gif"
    compare_movie([Panel("a", made_track(3), style="painted")], out, panel_size=200, labels=False)
    with Image.open(out) as gif:
        gif.seek(1)
        seen = np.asarray(gif.convert("RGB"))
    for place, colour in (((1, 1), PAGE), ((12, 12), GROUND)):
        assert np.abs(seen[place].astype(int) - rgb(colour)).max() <= 2


@pytest.mark.parametrize("scale", [0.25, 0.6, 1.0, 2.5])
def test_pictures_are_placed_where_the_view_says(scale: float) -> None:
    picture = np.zeros((120, 160, 3), np.uint8)
    picture[40:80, 60:100] = 255
    view = Viewport(scale, (7.3, 3.6), (420, 320))
    found = np.argwhere(_place(picture, view)[..., 0] > 250)  # the ground is a little darker
    centre = found.mean(axis=0)[::-1]
    assert np.abs(centre - view.apply([79.5, 59.5])).max() < 0.6


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda p, v: compare_movie([], p / "x.mp4"), "at least one"),
        (lambda p, v: compare_movie([Panel("a", made_track())], p / "x.html"), "as .mp4 or .gif"),
        (lambda p, v: compare_movie([Panel("a", made_track())], p / "x.avi"), "as .mp4 or .gif"),
        (lambda p, v: Panel("a"), "a track, a video"),
        (lambda p, v: Panel("a", video=v, style="painted"), "of their own"),
        (lambda p, v: Panel("a", made_track(), colour="red"), "#rrggbb"),
        (lambda p, v: compare_movie([Panel("a", made_track())], p / "x.mp4", fps=0), "above 0"),
        (lambda p, v: compare_movie([Panel("a", made_track())], p / "x.gif", fps=60), "at most 50"),
        (lambda p, v: compare_movie([Panel("a", made_track(), v)], p / "x.mp4"), "template space"),
        (lambda p, v: compare_movie([Panel("a", made_track())] * 30, p / "x.mp4"), "smaller panel"),
        (
            lambda p, v: compare_movie([Panel("a", made_track())], p / "x.mp4", start=2.0),
            "nothing is left",
        ),
        (
            lambda p, v: compare_movie(
                [Panel("a", made_track())], p / "x.mp4", start=1.0, stop=0.5
            ),
            "between two",
        ),
        (
            lambda p, v: compare_movie([Panel("a", made_track())], p / "x.mp4", size=(80, 80)),
            "no room",
        ),
        (lambda p, v: Panel("a", made_track(), crop="face"), "a video and its landmarks"),
        (lambda p, v: Panel("a", video=v, fps=0), "pictures a second"),
        (lambda p, v: face_movie(EMPTY, p / "x.mp4"), "at least one frame"),
    ],
    ids=[
        "no panels",
        "html",
        "another kind",
        "an empty panel",
        "a painted video",
        "a colour name",
        "no rate",
        "a quick gif",
        "template over video",
        "a huge picture",
        "a start after the end",
        "a stop before the start",
        "a small picture",
        "a face without a video",
        "a panel without a rate",
        "no frames",
    ],
)
def test_refusals_say_why(make, reason: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    video = grey_video(tmp_path / "v.mp4", 2, 25)
    with pytest.raises(BadInput, match=reason):
        make(tmp_path, video)
    assert not list(tmp_path.glob("x.*"))
    assert not list(tmp_path.glob(".x*"))
