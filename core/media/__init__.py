"""Media in and out: probing, frames, sound, movies. The only place that touches PyAV; files are
opened in a process of their own (`core.media.sandbox`).

Time zero is the start of the first picture; sound is delivered on the same clock.
"""

from .audio import (
    LONG_SECONDS,
    Audio,
    StoredAudio,
    Waveform,
    as_audio,
    cut_audio,
    delay_audio,
    open_audio,
    read_audio,
    write_flac,
    write_wav,
)
from .frames import Frame, read_frame, read_frames, read_frames_at
from .info import AudioInfo, MediaInfo, VideoInfo
from .movie import MovieWriter, audio_bytes, make_proxy
from .pictures import (
    PictureFormat,
    choose_frames,
    crop_around,
    encode_picture,
    mean_bytes,
    numbered_pictures,
    picture_name,
    spread,
    zip_pictures,
)
from .probe import probe
from .sandbox import warm_decoder
from .stills import is_picture, read_picture
from .timing import (
    ASSUMED_RATES,
    Drift,
    ResamplingPlan,
    TimingReport,
    drift,
    drift_warnings,
    resampling_plan,
    timing_report,
)

__all__ = [
    "ASSUMED_RATES",
    "LONG_SECONDS",
    "as_audio",
    "cut_audio",
    "delay_audio",
    "AudioInfo",
    "Drift",
    "Frame",
    "MediaInfo",
    "MovieWriter",
    "PictureFormat",
    "ResamplingPlan",
    "TimingReport",
    "VideoInfo",
    "Audio",
    "StoredAudio",
    "Waveform",
    "choose_frames",
    "crop_around",
    "drift",
    "drift_warnings",
    "encode_picture",
    "is_picture",
    "make_proxy",
    "mean_bytes",
    "numbered_pictures",
    "open_audio",
    "picture_name",
    "probe",
    "read_frame",
    "read_frames",
    "read_frames_at",
    "read_picture",
    "read_audio",
    "resampling_plan",
    "audio_bytes",
    "spread",
    "timing_report",
    "warm_decoder",
    "write_flac",
    "write_wav",
    "zip_pictures",
]
