"""Long runs: ``make soak``."""

from __future__ import annotations

import math
import resource
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
import soundfile

from core.detect import detect_landmarks
from core.media import Waveform, open_audio
from core.models import load_model
from core.render.player import audio_overview
from core.workspace import Workspace, cached_landmarks

pytestmark = pytest.mark.soak


def test_memory_stays_flat_over_an_hour_of_speech() -> None:
    model = load_model("grid-s1-cnn")
    noise = np.random.default_rng(0).standard_normal(3600 * 8000).astype(np.float32)
    model.predict(Waveform(noise[: 60 * 8000], 8000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    track = model.predict(Waveform(noise, 8000)).track
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert len(track) == 3600 * 25 + 1
    held = track.points.nbytes / 2**20
    signals = 10 * noise.nbytes / 2**20  # the signal at 22 050 Hz and its copies
    assert grown < signals + 6 * held, f"grew by {grown:.0f} MB"


def test_an_hour_of_a_file_is_heard_without_holding_it(tmp_path: Path) -> None:
    """Neither the sound (230 MB as samples) nor its features are ever in memory as a whole."""
    path, rate, rng = tmp_path / "hour.wav", 16_000, np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", rate, 1, subtype="PCM_16") as file:
        for _ in range(360):
            file.write(0.1 * rng.standard_normal(10 * rate))
    model = load_model("grid-s1-cnn")
    model.predict(Waveform(rng.standard_normal(60 * rate).astype(np.float32), rate))
    stored = open_audio(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    timeline = audio_overview(stored)
    timeline_grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    track = model.predict(stored).track
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert len(track) == 3600 * 25 + 1 and len(timeline.peaks) == 1200
    assert timeline_grown < 60, f"the timeline grew by {timeline_grown:.0f} MB"
    assert grown < 60 + 5 * track.points.nbytes / 2**20, f"grew by {grown:.0f} MB"


def looped(source: Path, target: Path, seconds: float) -> int:
    """A film that shows another one over and over, without encoding anew; how many frames."""
    with av.open(str(source)) as film:
        packets = [p for p in film.demux(video=0) if p.pts is not None]
        template = film.streams.video[0]
        step = max(int(p.pts) for p in packets) + int(packets[0].duration or 1)
        with av.open(str(target), "w") as out:
            stream = out.add_stream_from_template(template)
            again = math.ceil(seconds / float(step * template.time_base))
            for k in range(again):
                for packet in packets:
                    pts, dts = packet.pts, packet.dts
                    packet.stream = stream
                    packet.pts, packet.dts = pts + k * step, dts + k * step
                    out.mux(packet)
                    packet.pts, packet.dts = pts, dts
    return again * len(packets)


def memory_of_an_hour(film: Path, home: Path, seconds: float) -> tuple[int, float]:
    """Frames found in a film of so many seconds, and by how many MB memory grew at most."""
    path = home.parent / "long.mp4"
    frames = looped(film, path, seconds)
    detect_landmarks(film)
    before, peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 0.0

    def report(done: int) -> None:
        nonlocal peak
        if done % 100 == 0:  # decoders are processes of their own
            children = psutil.Process().children(recursive=True)
            peak = max(peak, sum(child.memory_info().rss for child in children) / 2**20)

    track = cached_landmarks(Workspace(home), path, progress=report)
    assert len(track) == frames
    return int(track.frame_valid.sum()), (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before + peak
    )


def test_an_hour_of_1080p_is_looked_at_in_little_memory(shared: Path, tmp_path: Path) -> None:
    """The decoder's whole memory counts, not only what it grew by."""
    valid, grown = memory_of_an_hour(
        shared / "reference/rep/obama2s.mp4", tmp_path / "home", 3600.0
    )
    print(f"{valid} frames with a face, {grown:.0f} MB")
    assert valid > 60_000 and grown < 600
