"""Pretrained speech encoders in front of a network: wav2vec 2.0, HuBERT and Whisper.

Humans project 2021 puts the encoder of a speech recogniser before its decoder to lips.
"""

from .base import CHUNK_SECONDS, ENCODER_HOP, EncoderChunks, SpeechEncoder
from .opening import FOLDER_KINDS, build_encoder, open_encoder
from .wav2vec import Wav2VecEncoder
from .whisper import (
    WHISPER_NOTICE,
    WhisperEncoder,
    read_whisper,
    speech_energies,
    whisper_log_mel,
)

__all__ = [
    "CHUNK_SECONDS",
    "ENCODER_HOP",
    "FOLDER_KINDS",
    "WHISPER_NOTICE",
    "EncoderChunks",
    "SpeechEncoder",
    "Wav2VecEncoder",
    "WhisperEncoder",
    "build_encoder",
    "open_encoder",
    "read_whisper",
    "speech_energies",
    "whisper_log_mel",
]
