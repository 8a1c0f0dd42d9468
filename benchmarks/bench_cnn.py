"""NR inference by whole-signal convolution against one window at a time (the published loop)."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch

from core.media import Waveform
from core.models.cnn import SpeechCNN
from core.speech.nr import NR_HOP, NR_WINDOW, nr_padded, nr_signal

__all__ = ["run"]

SECONDS = 60


def run() -> dict[str, Any]:
    """Network seconds on `SECONDS` of a made-up signal; the content does not change the time."""
    torch.manual_seed(0)
    net = SpeechCNN().eval()
    noise = np.random.default_rng(0).standard_normal(SECONDS * 16_000).astype(np.float32)
    signal = nr_padded(nr_signal(Waveform(noise, 16_000)))
    windows = np.lib.stride_tricks.sliding_window_view(signal, NR_WINDOW)[::NR_HOP]
    with torch.inference_mode():
        net(torch.from_numpy(signal[: 10 * NR_WINDOW])[None])  # warm up
        begin = time.perf_counter()
        whole = net(torch.from_numpy(signal)[None])[0]
        ours = time.perf_counter() - begin
        begin = time.perf_counter()
        single = torch.cat([net(torch.from_numpy(w.copy())[None])[0] for w in windows])
        theirs = time.perf_counter() - begin
    return {
        "name": f"NR CNN on {SECONDS} s of speech: whole signal against one window at a time",
        "ours_s": ours,
        "theirs_s": theirs,
        "ratio": theirs / ours,
        "goal": 6.0,
        "detail": {
            "largest difference of the outputs": float((whole - single).abs().max()),
            "share of real time, %": 100 * ours / SECONDS,
        },
    }
