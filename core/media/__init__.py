"""Media in and out: probing, frames, sound, movies. The only place that touches PyAV.

Time zero is the start of the first picture; sound is delivered on the same clock.
"""

from core.media.audio import Waveform, read_sound, write_wav
from core.media.frames import Frame, read_frame, read_frames
from core.media.movie import MovieWriter, make_proxy
from core.media.probe import AudioInfo, MediaInfo, VideoInfo, probe

__all__ = [
    "AudioInfo",
    "Frame",
    "MediaInfo",
    "MovieWriter",
    "VideoInfo",
    "Waveform",
    "make_proxy",
    "probe",
    "read_frame",
    "read_frames",
    "read_sound",
    "write_wav",
]
