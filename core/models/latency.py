"""How late a model's face follows a live voice: one definition for tables, microphone and texts."""

from __future__ import annotations

from .base import SpeechModel

__all__ = ["BLOCK_SECONDS", "LATENCY", "MICROPHONE_RATE", "live_latency", "waiting_time"]

MICROPHONE_RATE = 48_000
"""Samples a second of most microphones."""

BLOCK_SECONDS = 0.1
"""Audio comes from a microphone in blocks of this length."""

LATENCY = (
    "Latency at a 48 kHz microphone = look-ahead of the model + resampling (up to 90 ms) + block "
    "of 100 ms. Compute time comes on top."
)


def waiting_time(model: SpeechModel, rate: int = MICROPHONE_RATE) -> float:
    """Seconds of audio after a frame's time that a model waits for, at most: its look-ahead, and
    what the resampler from ``rate`` Hz to the model's rate holds back (up to 90 ms at 48 kHz)."""
    return float(model.open_stream(rate).delay_s)


def live_latency(model: SpeechModel, rate: int = MICROPHONE_RATE) -> float:
    """Seconds from a sound to its face, without compute time: `waiting_time` + one block."""
    return waiting_time(model, rate) + BLOCK_SECONDS
