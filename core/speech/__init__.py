"""Speech as the model families want it."""

from .nr import NR_HOP, NR_RATE, NR_WINDOW, nr_frame_count, nr_padded, nr_signal

__all__ = ["NR_HOP", "NR_RATE", "NR_WINDOW", "nr_frame_count", "nr_padded", "nr_signal"]
