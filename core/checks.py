"""What works on this machine, and what to do about the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

__all__ = ["Check", "run_checks"]


@dataclass(frozen=True)
class Check:
    """One line of the report; ``fix`` says what to do where it is not ok, or how to get what is
    optional and not here."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


def _detector() -> str:
    from .detect import Dlib68

    return f"dlib68 with {Dlib68().model_path.name} (non-commercial use)"


def _other(name: str) -> tuple[str, str]:
    """An optional detector: what it is, and how to get it where it is not here."""
    from .detect import detectors

    state = next(s for s in detectors() if s.info.name == name)
    if state.ready:
        return f"ready: {state.info.summary}", ""
    return f"optional, not installed: {state.info.summary}", state.reason


def _codecs() -> str:
    import av

    names = ("libx264", "aac")
    for name in names:
        av.Codec(name, "w")
    return f"H.264 and AAC through PyAV {av.__version__}"


def _decoder() -> str:
    from .media import probe
    from .samples import SAMPLE

    info = probe(SAMPLE.video)
    return f"the decoder process opens media ({info.duration:.1f} s probed)"


def _sound() -> str:
    import soundfile

    return f"libsndfile {soundfile.__libsndfile_version__}"


def _models() -> str:
    from .models import list_models, load_model

    cards = list_models()
    for card in cards:
        load_model(card.name)
    return ", ".join(card.name for card in cards) or "none shipped"


def _workspace() -> str:
    from .workspace import Workspace

    workspace = Workspace()
    workspace.settings  # noqa: B018 - reading it is the check
    return f"{workspace.root}, clips: {len(workspace.clip_ids())}"


def _sample() -> str:
    from .samples import SAMPLE

    return f"built-in clip, {SAMPLE.duration:.1f} s"


def _accelerator() -> str:
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none; the CPU is used"


_CHECKS: tuple[tuple[str, Callable[[], str | tuple[str, str]], str], ...] = (
    ("detector", _detector, "pip install face_recognition_models dlib-bin"),
    ("detector facemesh", partial(_other, "facemesh"), ""),
    ("detector fan", partial(_other, "fan"), ""),
    ("codecs", _codecs, "pip install av==18.1.0"),
    ("decoder", _decoder, "see limits in settings.toml of the workspace"),
    ("sound", _sound, "pip install soundfile"),
    ("models", _models, "restore the folder pretrained/, or reinstall Speechmarks"),
    ("workspace", _workspace, "set SPEECHMARKS_HOME to a folder you can write"),
    ("built-in clip", _sample, "restore the folder samples/, or reinstall Speechmarks"),
    ("accelerator", _accelerator, ""),
)


def run_checks() -> list[Check]:
    """Every check, in order; a failing one never stops the others."""
    results = []
    for name, check, fix in _CHECKS:
        try:
            found = check()
            detail, more = (found, "") if isinstance(found, str) else found
            results.append(Check(name, True, detail, more))
        except Exception as error:  # whatever is broken, the report must say so
            results.append(Check(name, False, f"{type(error).__name__}: {error}", fix))
    return results
