"""Models adapted to a speaker: the motion stays, the mean becomes that of the speaker."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import Array, noise, sentence
from numpy.typing import NDArray
from talkers import mouth, moved, track

from core.align import normalise_lips, shipped_template
from core.errors import BadInput, NoFace
from core.jobs.predict import prediction_key
from core.media import Audio
from core.models import PredictOptions, SpeechModel, adapt_model, known_models, load_model
from core.neutral import SpeakerMean, mean_lips, speaker_mean
from core.tracks.adapted import ADAPT, adapted_stretch
from core.tracks.track import LandmarkTrack, frame_times

CLIP = "c" * 64
SOUND = noise(2.0, 16_000)
FAMILIES = {card.family: card for card in reversed(known_models()) if card.one_voice}
seeds = st.integers(0, 1000)


def speaking(seed: int = 1, frames: int = 100, *, wide: float = 1.2) -> LandmarkTrack:
    """A talking face in pixels, of another shape than the template's."""
    face = shipped_template() * [wide, 1.0]
    return track(600 * mouth(seed, frame_times(frames, 25), face=face) + 300)


class Waves(SpeechModel):
    """A model whose rows sum to zero over a sound: its motion has no offset of its own."""

    family, name, scheme, space = "waves", "waves", "lips20", "eye5"
    boost = np.ones(1)

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.mean_face = rng.normal(size=(20, 2))
        self.direction = rng.normal(size=(20, 2))

    def open_stream(self, rate: int, whole: Audio | None = None, *, dropout: bool = False) -> Any:
        return _Waves()

    def shape(self, raw: NDArray[np.float64], boost: NDArray[np.float64]) -> NDArray[np.float64]:
        assert self.mean_face is not None
        return self.mean_face + boost * raw[:, :, None] * self.direction


class _Waves:
    delay_s = 0.0

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.zeros((0, 1))

    def flush(self) -> NDArray[np.float64]:
        return np.sin(2 * np.pi * np.arange(50) / 25)[:, None]


def still_lips(points: Array) -> Array:
    return np.asarray(normalise_lips(points)[0][:, 48:68].mean(axis=0))


@given(seed=seeds, gain=st.floats(0.1, 4))
def test_adapted_to_a_whole_clip_the_mean_of_the_prediction_is_that_of_the_clip(
    seed: int, gain: float
) -> None:
    clip = speaking(seed)
    model = Waves(seed)
    adapted = adapt_model(model, speaker_mean(clip, clip=CLIP, seconds=100))
    own, plain = (m.landmarks(m.predict(SOUND).coefficients, gain) for m in (adapted, model))
    np.testing.assert_allclose(own.mean(axis=0), mean_lips(clip), atol=1e-9)
    np.testing.assert_allclose(own - own.mean(axis=0), plain - plain.mean(axis=0), atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_motion_of_every_family_stays_and_the_speaker_s_mean_takes_the_place(
    family: str,
) -> None:
    speaker = speaker_mean(speaking(), clip=CLIP)
    model = load_model(FAMILIES[family].name)
    adapted = adapt_model(model, speaker)
    one, two = model.predict(SOUND), adapted.predict(SOUND)
    np.testing.assert_array_equal(one.coefficients, two.coefficients)
    moved_by = two.track.points - one.track.points
    assert np.abs(moved_by).max() > 0.005
    np.testing.assert_allclose(moved_by, np.broadcast_to(moved_by[0], moved_by.shape), atol=1e-12)
    assert model.mean_face is not None and adapted.mean_face is not None
    np.testing.assert_allclose(moved_by[0], adapted.mean_face - model.mean_face, atol=1e-12)
    twice = [m.landmarks(one.coefficients, 2 * m.boost) for m in (model, adapted)]
    np.testing.assert_allclose(twice[1] - twice[0], moved_by, atol=1e-12)
    assert adapted.open_stream(48_000).delay_s == model.open_stream(48_000).delay_s
    lips = adapted.mean_face if family == "lips" else still_lips(adapted.mean_face[None])
    np.testing.assert_allclose(lips, speaker.lips, atol=0.02)


def test_a_face_is_put_onto_the_eyes_of_the_model_whatever_its_size_turn_and_place() -> None:
    model = load_model(FAMILIES["lstm"].name)
    clip = speaking()
    other = track(moved(clip.points, 0.3, 2.5, np.array([40.0, -9.0])))
    one, two = (adapt_model(model, speaker_mean(t, clip=CLIP)).mean_face for t in (clip, other))
    assert one is not None and two is not None and model.mean_face is not None
    np.testing.assert_allclose(one, two, atol=1e-9)
    for eye in (slice(36, 42), slice(42, 48)):
        np.testing.assert_allclose(
            one[eye].mean(axis=0), model.mean_face[eye].mean(axis=0), atol=1e-9
        )


def test_depth_stays_that_of_the_model() -> None:
    class Deep(Waves):
        scheme, space = "dlib68", "template"

        def __init__(self) -> None:
            self.mean_face = np.hstack([shipped_template(), np.arange(68.0)[:, None]])
            self.direction = np.ones((68, 3))

    adapted = adapt_model(Deep(), speaker_mean(speaking(), clip=CLIP))
    assert adapted.mean_face is not None and adapted.mean_face.shape == (68, 3)
    np.testing.assert_array_equal(adapted.mean_face[:, 2], np.arange(68.0))


def test_the_newest_speaker_counts() -> None:
    model = Waves(1)
    first, second = (speaker_mean(speaking(s, wide=w), clip=CLIP) for s, w in ((1, 1.2), (2, 0.9)))
    twice, once = adapt_model(adapt_model(model, first), second), adapt_model(model, second)
    np.testing.assert_allclose(
        twice.predict(SOUND).track.points, once.predict(SOUND).track.points, atol=1e-12
    )
    assert twice.settings == once.settings


# --- the speaker's mean -------------------------------------------------------------------------


def test_the_mean_is_over_the_first_seconds_with_a_face() -> None:
    points = speaking(frames=150).points.copy()
    points[:10] = np.nan
    points[20, 30] = np.nan  # one point of one frame
    speaker = speaker_mean(track(points), clip=CLIP)
    assert (speaker.frames, speaker.stretch.clip) == (75, CLIP)
    assert (speaker.stretch.start, speaker.stretch.stop) == pytest.approx((0.4, 3.44))
    used = [k for k in range(10, 86) if k != 20]
    np.testing.assert_allclose(speaker.lips, still_lips(points[used]), atol=1e-12)
    later = speaker_mean(track(points), clip=CLIP, seconds=1.0, start=2.0)
    assert (later.stretch.start, later.stretch.stop) == pytest.approx((2.0, 3.0))


@pytest.mark.parametrize(
    ("frames", "options", "error", "said"),
    [
        (24, {}, NoFace, r"0\.96 s \(24 frames\)"),
        (100, {"start": 3.5}, NoFace, r"0\.48 s"),
        (100, {"start": 9.0}, NoFace, r"0 frames"),
        (1, {}, NoFace, "at least 1 s"),
        (100, {"seconds": 0.5}, BadInput, "not 0.5"),
        (100, {"seconds": float("nan")}, BadInput, "not nan"),
    ],
    ids=["a short clip", "the end", "beyond it", "one frame", "half a second", "no number"],
)
def test_less_than_a_second_with_a_face_is_refused(
    frames: int, options: dict[str, float], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        speaker_mean(speaking(frames=frames), clip=CLIP, **options)
    sentence(caught.value)  # type: ignore[arg-type]


def test_lips_alone_are_no_speaker() -> None:
    lips = track(speaking().points[:, 48:], scheme="lips20")
    with pytest.raises(BadInput, match="68 points"):
        speaker_mean(lips, clip=CLIP)


def test_weights_without_a_mean_face_are_refused() -> None:
    model = Waves(0)
    model.mean_face = None
    with pytest.raises(BadInput, match="no mean face") as caught:
        adapt_model(model, speaker_mean(speaking(), clip=CLIP))
    sentence(caught.value)


# --- what is remembered -------------------------------------------------------------------------


def different(**changes: Any) -> SpeakerMean:
    given = {"clip": CLIP, "seconds": 3.0, "start": None} | changes
    return speaker_mean(given.pop("track", speaking()), **given)


@pytest.mark.parametrize(
    "changes",
    [{"clip": "d" * 64}, {"seconds": 2.0}, {"start": 0.5}, {"track": speaking(7)}],
    ids=["another clip", "fewer seconds", "other seconds", "corrected landmarks"],
)
def test_a_stored_prediction_is_found_for_the_same_speaker_alone(changes: dict[str, Any]) -> None:
    card = FAMILIES["lips"]
    model = load_model(card.name)

    def key(speaker: SpeakerMean | None) -> str:
        chosen = model if speaker is None else adapt_model(model, speaker)
        return prediction_key(chosen, card.path, "sound", PredictOptions())

    assert key(different()) == key(different())
    assert len({key(None), key(different()), key(different(**changes))}) == 3


def test_the_provenance_names_clip_and_seconds(tmp_path: Any) -> None:
    from core.tracks.io import read_track, write_track

    made = adapt_model(Waves(3), speaker_mean(speaking(), clip=CLIP)).predict(SOUND).track
    said = made.provenance[-1][ADAPT]
    assert (said["clip"], said["start"], said["stop"], said["frames"]) == (CLIP, 0.0, 3.0, 75)
    write_track(tmp_path / "p.npz", made)
    stretch = adapted_stretch(read_track(tmp_path / "p.npz"))
    assert stretch is not None and (stretch.clip, stretch.start, stretch.stop) == (CLIP, 0.0, 3.0)
    assert adapted_stretch(Waves(3).predict(SOUND).track) is None
