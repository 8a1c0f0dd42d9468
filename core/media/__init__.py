"""Media in and out: probing, frames, sound, movies. The only place that touches PyAV.

Time zero is the start of the first picture; sound is delivered on the same clock.
"""

from core.media.audio import Waveform, read_sound, write_wav
from core.media.frames import Frame, read_frame, read_frames
from core.media.movie import MovieWriter, make_proxy
from core.media.pictures import PictureFormat, crop_around, encode_picture, numbered_pictures
from core.media.probe import AudioInfo, MediaInfo, VideoInfo, probe

__all__ = [
    "AudioInfo",
    "Frame",
    "MediaInfo",
    "MovieWriter",
    "PictureFormat",
    "VideoInfo",
    "Waveform",
    "crop_around",
    "encode_picture",
    "make_proxy",
    "numbered_pictures",
    "probe",
    "read_frame",
    "read_frames",
    "read_sound",
    "write_wav",
]
