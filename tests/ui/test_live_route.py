"""A microphone at the server: who may speak, what is refused, and whose faces come back."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from making import noise
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from core.errors import BadInput
from core.media import Audio
from core.models import SpeechModel
from ui.live import route as live_route
from ui.live import session as live_session

RATE = 16_000
FRAME = RATE // 25


class Meter(SpeechModel):
    """A model whose faces say what it heard: the mean and the largest sample of each frame."""

    family = "meter"
    boost = np.ones(1)

    def __init__(self, name: str = "meter", *, seconds: float = 0.0, broken: bool = False) -> None:
        self.name, self.seconds, self.broken = name, seconds, broken
        self.listened = 0

    def open_stream(self, rate: int, whole: Audio | None = None, *, dropout: bool = False) -> Any:
        self.listened += 1
        return _Meter(self, rate)

    def shape(self, raw: NDArray[np.float64], boost: NDArray[np.float64]) -> NDArray[np.float64]:
        return (raw * boost).reshape(len(raw), 1, 2)


class _Meter:
    delay_s = 0.04

    def __init__(self, model: Meter, rate: int) -> None:
        self._model, self._size, self._held = model, rate // 25, np.zeros(0, np.float32)

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float64]:
        time.sleep(self._model.seconds)
        if self._model.broken:
            raise BadInput("This model hears nothing; choose another.")
        self._held = np.concatenate([self._held, samples])
        count = len(self._held) // self._size
        frames = self._held[: count * self._size].reshape(count, self._size)
        self._held = self._held[count * self._size :]
        return np.stack([frames.mean(axis=1), np.abs(frames).max(axis=1, initial=0)], axis=1)

    def flush(self) -> NDArray[np.float64]:
        return np.array([[len(self._held), -1.0]])


def pcm(sound: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.clip(np.rint(sound * 32768), -32768, 32767).astype("<i2")


def voice(seconds: float, rate: int = RATE) -> NDArray[np.int16]:
    return pcm(0.3 * noise(seconds, rate).samples)


def pieces(sound: NDArray[np.int16], rate: int = RATE, seconds: float = 0.1) -> list[bytes]:
    size = int(rate * seconds)
    return [sound[a : a + size].tobytes() for a in range(0, len(sound), size)]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A real server around the routes and one other."""

    async def alive(request: Any) -> PlainTextResponse:
        return PlainTextResponse("alive")

    app = Starlette(routes=[*live_route.routes(), Route("/alive", alive)])
    config = uvicorn.Config(
        app, port=0, lifespan="off", log_level="warning", ws="websockets-sansio"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < end
        time.sleep(0.02)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)


@pytest.fixture(autouse=True)
def clean_registry() -> Iterator[None]:
    yield
    for session in ("no-session", "one", "two"):
        live_route.forget_session(session)


def as_session(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(live_route, "session_id", lambda: name)


class Browser:
    """The other side of a talk."""

    def __init__(self, socket: ClientConnection, rate: object = RATE) -> None:
        self.socket = socket
        self.frames: dict[int, list[NDArray[np.float32]]] = {}
        self.words: dict[str, Any] = {}
        if rate is not None:
            self.say(rate=rate)

    def say(self, **words: object) -> None:
        self.socket.send(json.dumps(words))

    def ready(self) -> list[dict[str, float]]:
        return list(json.loads(self.socket.recv(10))["ready"])

    def send(self, parts: list[bytes]) -> None:
        """Sound, as long as the server wants it."""
        try:
            for part in parts:
                self.socket.send(part)
        except ConnectionClosed:
            return

    def receive(self, seconds: float = 20) -> dict[str, Any]:
        """Everything up to the last words, which are returned; frames by model."""
        end = time.monotonic() + seconds
        while True:
            message = self.socket.recv(end - time.monotonic())
            if isinstance(message, str):
                words = json.loads(message)
                if "ready" not in words:
                    return dict(words)
                continue
            model, first, count, spent = live_session.FRAME_HEADER.unpack_from(message)
            points = np.frombuffer(message, "<f4", offset=live_session.FRAME_HEADER.size)
            known = self.frames.setdefault(model, [])
            assert first == sum(map(len, known)), "frames come once and in order"
            assert count > 0 and spent >= 0
            known.append(points.reshape(count, -1))

    def heard(self, model: int = 0) -> NDArray[np.float32]:
        return np.concatenate(self.frames[model])

    def closed(self) -> bool:
        """True once the server has hung up."""
        try:
            while True:
                self.socket.recv(5)
        except ConnectionClosed:
            return True


@pytest.fixture
def call(port: int) -> Callable[..., Any]:
    """``with call(address, rate) as browser``: a talk from a page of this server."""

    @contextmanager
    def make(address: str, rate: object = RATE, origin: str | None = "") -> Iterator[Browser]:
        here = f"http://127.0.0.1:{port}" if origin == "" else origin
        with connect(f"ws://127.0.0.1:{port}/{address}", origin=here, proxy=None) as socket:  # type: ignore[arg-type]
            yield Browser(socket, rate)

    return make


def refused(call: Callable[..., Any], address: str, origin: str | None = "") -> int:
    with pytest.raises(InvalidStatus) as info, call(address, origin=origin):
        pass
    return int(info.value.response.status_code)


@pytest.mark.parametrize("token", ["x", "A" * 32, "..%2fclips", "%00"], ids=repr)
def test_an_unknown_token_is_refused(call: Callable[..., Any], tmp_path: Path, token: str) -> None:
    live_route.register({"meter": Meter()}, tmp_path)
    assert refused(call, f"live/{token}") == 403


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://evil.example",
        "http://127.0.0.1:1",
        "http://127.0.0.1",
        "file://",
        "//[",
    ],
    ids=repr,
)
def test_another_page_is_refused_although_it_knows_the_token(
    call: Callable[..., Any], tmp_path: Path, origin: str | None
) -> None:
    model = Meter()
    assert refused(call, live_route.register({"meter": model}, tmp_path), origin) == 403
    assert model.listened == 0


def test_a_page_behind_https_is_this_page(
    call: Callable[..., Any], port: int, tmp_path: Path
) -> None:
    address = live_route.register({"meter": Meter()}, tmp_path)
    with call(address, origin=f"https://127.0.0.1:{port}") as browser:
        assert browser.ready() == [{"delay": 0.04, "fps": 25.0}]


def test_with_a_base_path_both_addresses_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_route.st, "get_option", lambda name: "/tools/speech/")
    assert [r.path for r in live_route.routes()] == ["/live/{token}", "/tools/speech/live/{token}"]


@pytest.mark.parametrize(
    "first",
    [
        '{"rate": 0}',
        '{"rate": -48000}',
        '{"rate": 7999}',
        '{"rate": 192001}',
        '{"rate": 44100.5}',
        '{"rate": "48000"}',
        '{"rate": true}',
        '{"rate": null}',
        '{"rate": 1e400}',
        '{"rate": NaN}',
        "{}",
        "[16000]",
        "16000",
        "",
        "{",
        "[" * 100_000,
        '{"rate": 16000, "more": "' + "x" * 1000 + '"}',
        b"\0" * 3200,
    ],
    ids=lambda text: repr(text[:24]),
)
def test_a_rate_that_makes_no_sense_is_refused_in_a_sentence(
    call: Callable[..., Any], tmp_path: Path, first: str | bytes
) -> None:
    model = Meter()
    with call(live_route.register({"meter": model}, tmp_path), rate=None) as browser:
        browser.socket.send(first)
        assert browser.receive()["error"].startswith(
            "Expected a sample rate from 8000 to 192000 Hz"
        )
        assert browser.closed()
    assert model.listened == 0 and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b"", "got 0 bytes"),
        (b"\1\2\3", "got 3 bytes"),
        (b"\0" * (2 * RATE + 2), "got 32002 bytes"),
        (b"\0" * 3_000_000, "got 3000000 bytes"),
        ("sound", "got text"),
        ('{"end": false}', "got text"),
        ('{"rate": 48000}', "got text"),
        ("[" * 100_000, "got text"),
    ],
    ids=["empty", "half a sample", "over a second", "huge", "text", "no end", "again", "brackets"],
)
def test_garbage_ends_the_talk_in_a_sentence_and_what_was_said_before_is_there(
    call: Callable[..., Any], tmp_path: Path, bad: str | bytes, said: str
) -> None:
    with call(live_route.register({"meter": Meter()}, tmp_path)) as browser:
        browser.ready()
        browser.send(pieces(voice(0.5)))
        browser.socket.send(bad)
        assert said in browser.receive()["error"]
        assert browser.closed()
    kept = live_route.recording()
    assert kept is not None and kept.seconds == pytest.approx(0.5)


def test_sound_that_comes_faster_than_it_is_spoken_is_refused(
    call: Callable[..., Any], tmp_path: Path
) -> None:
    with call(live_route.register({"meter": Meter()}, tmp_path)) as browser:
        browser.ready()
        browser.send(pieces(voice(30.0)))
        assert "faster than real time" in browser.receive()["error"]
    kept = live_route.recording()
    assert kept is not None and kept.seconds < 10


def test_a_flood_of_tiny_pieces_is_refused(call: Callable[..., Any], tmp_path: Path) -> None:
    with call(live_route.register({"meter": Meter()}, tmp_path)) as browser:
        browser.ready()
        browser.send([b"\0\0"] * 2000)
        assert "faster than real time" in browser.receive()["error"]


def test_a_token_takes_one_talk_at_a_time(call: Callable[..., Any], tmp_path: Path) -> None:
    address = live_route.register({"meter": Meter()}, tmp_path)
    with call(address) as first:
        first.ready()
        with call(address, rate=None) as second:
            assert "already recording" in second.receive()["error"]
        first.send(pieces(voice(0.3)))
        first.say(end=True)
        assert first.receive()["done"] == pytest.approx(0.3)
        assert first.closed()
    with call(address) as third:
        assert third.ready()


def test_a_server_hears_so_many_people_at_once(
    call: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_route, "MOST_AT_ONCE", 1)
    as_session(monkeypatch, "one")
    one = live_route.register({"meter": Meter()}, tmp_path)
    as_session(monkeypatch, "two")
    two = live_route.register({"meter": Meter()}, tmp_path)
    with call(one) as first:
        first.ready()
        with call(two, rate=None) as second:
            assert "recordings are running on this server" in second.receive()["error"]


@pytest.mark.parametrize("seconds", [0.013, 0.1, 0.5], ids=lambda s: f"pieces of {s} s")
@pytest.mark.parametrize("rate", [RATE, 44_100], ids=lambda r: f"{r} Hz")
def test_the_frames_are_those_of_the_listener_fed_the_same_pieces(
    call: Callable[..., Any], tmp_path: Path, seconds: float, rate: int
) -> None:
    model, sound = Meter(), voice(2.03, rate)
    parts = pieces(sound, rate, seconds)
    with call(live_route.register({"a": model, "b": Meter()}, tmp_path), rate) as browser:
        browser.ready()
        for part in parts:
            browser.send([part])
            time.sleep(0.011)
        browser.say(end=True)
        assert browser.receive() == {"done": pytest.approx(2.03, abs=1e-4), "why": ""}
    stream = model.open_stream(rate)
    rows = [stream.push(np.frombuffer(p, "<i2").astype(np.float32) / 32768) for p in parts]
    expected = model.landmarks(np.concatenate([*rows, stream.flush()])).astype(np.float32)
    np.testing.assert_allclose(browser.heard(0), expected.reshape(len(expected), -1), atol=1e-7)
    np.testing.assert_array_equal(browser.heard(0), browser.heard(1))


def test_a_network_gives_through_the_socket_what_it_gives_beside_it(
    call: Callable[..., Any], tmp_path: Path
) -> None:
    from core.models import load_model

    model = load_model("grid-s1-cnn")
    sound = voice(2.0)
    sound[100] = 32767  # the loudest sample comes first: the level does not depend on the pieces
    with call(live_route.register({"cnn": model}, tmp_path)) as browser:
        (ready,) = browser.ready()
        for part in pieces(sound):
            browser.send([part])
            time.sleep(0.05)
        browser.say(end=True)
        assert browser.receive(60)["done"] == pytest.approx(2.0)
    stream = model.open_stream(RATE)
    assert ready == {"delay": stream.delay_s, "fps": model.fps}
    rows = [stream.push(sound[a : a + 1600] / np.float32(32768)) for a in range(0, 32000, 1600)]
    expected = model.landmarks(np.concatenate([*rows, stream.flush()]))
    assert expected.shape == (51, 68, 2) and np.ptp(expected, axis=0).max() > 1e-3
    np.testing.assert_allclose(browser.heard().reshape(expected.shape), expected, atol=1e-5)


def test_the_default_live_model_opens_its_mouth_for_speech_alone(
    call: Callable[..., Any], tmp_path: Path
) -> None:
    """A second of digital silence, one of hiss at -60 dB, then speech."""
    from core.media import read_audio
    from core.media.audio import resample
    from core.models import default_model, list_models, load_model
    from core.samples import SAMPLE
    from core.tracks.geometry import interocular, lip_aperture

    card = default_model("live")
    if card is None or "anyvoice-live" not in {one.name for one in list_models()}:
        pytest.skip("the registry holds no model 'anyvoice-live', which was trained for silence")
    model = load_model(card.name)
    hiss = np.random.default_rng(0).normal(0, 1e-3, RATE).astype(np.float32)
    speech = resample(read_audio(SAMPLE.sound), RATE).samples[: 2 * RATE]
    sound = pcm(np.concatenate([np.zeros(RATE, np.float32), hiss, speech]))
    with call(live_route.register({"live": model}, tmp_path)) as browser:
        (ready,) = browser.ready()
        for part in pieces(sound):
            browser.send([part])
            time.sleep(0.05)
        browser.say(end=True)
        assert browser.receive(120)["done"] == pytest.approx(4.0)
    face = model.mean_face
    assert face is not None
    points = browser.heard().reshape(-1, *face.shape)
    opening = lip_aperture(points[:, -20:, :2]) / (5 if len(face) == 20 else interocular(face))
    times = np.arange(len(opening)) / model.fps
    before = 2.0 - ready["delay"]  # frames from here on see the speech
    silence, noisy = opening[times < 1.0], opening[(times >= 1.0) & (times < before)]
    assert silence.mean() < 0.05 and noisy.mean() < 0.05
    assert opening[times >= 2.0].max() > 0.08


def test_the_face_that_waits_for_somebody_to_speak_is_the_face_in_silence() -> None:
    from core.models import default_model, load_model
    from core.tracks.geometry import lip_aperture
    from ui.live.view import _at_rest

    card = default_model("live")
    assert card is not None
    model = load_model(card.name)
    (waiting,) = _at_rest(model).points
    stream = model.open_stream(48_000)
    heard = [stream.push(np.zeros(24_000, np.float32)), stream.flush()]
    silent = model.landmarks(np.concatenate(heard))[-1]
    np.testing.assert_allclose(waiting, silent, atol=0.02 * np.ptp(silent))
    assert model.mean_face is not None
    waits, mean = lip_aperture(np.stack([waiting[-20:], model.mean_face[-20:]])[..., :2])
    assert waits < mean


def test_what_was_heard_is_a_recording_until_it_is_spoken_over_or_forgotten(
    call: Callable[..., Any], tmp_path: Path
) -> None:
    address, said = live_route.register({"meter": Meter()}, tmp_path), []
    for seconds in (0.5, 0.3):
        sound = voice(seconds)
        with call(address) as browser:
            browser.ready()
            assert live_route.recording() is None
            browser.send(pieces(sound))
            browser.say(end=True)
            browser.receive()
            kept = live_route.recording()  # it is there before the browser is told
        assert kept is not None and kept.seconds == pytest.approx(seconds)
        with wave.open(str(kept.path)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
            np.testing.assert_array_equal(
                np.frombuffer(file.readframes(file.getnframes()), "<i2"), sound
            )
        said.append(kept.path)
    assert list(tmp_path.iterdir()) == [said[1]]
    live_route.forget_recording()
    assert live_route.recording() is None and not list(tmp_path.iterdir())


def test_nothing_said_is_no_recording(call: Callable[..., Any], tmp_path: Path) -> None:
    with call(live_route.register({"meter": Meter()}, tmp_path)) as browser:
        browser.ready()
        browser.say(end=True)
        assert browser.receive() == {"done": 0.0, "why": ""}
    assert live_route.recording() is None and not list(tmp_path.iterdir())


def test_the_same_models_keep_their_address_within_a_session_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, other = Meter(), Meter()
    as_session(monkeypatch, "one")
    first = live_route.register({"a": model}, tmp_path)
    assert live_route.register({"a": model}, tmp_path) == first
    assert len(first.removeprefix("live/")) >= 32
    as_session(monkeypatch, "two")
    assert live_route.register({"a": model}, tmp_path) != first
    as_session(monkeypatch, "one")
    for models in ({"a": other}, {"b": model}, {"a": model, "b": other}):
        second = live_route.register(models, tmp_path)
        assert second != first
        first = second


def test_other_models_hang_up_and_the_recording_stays(
    call: Callable[..., Any], tmp_path: Path
) -> None:
    address = live_route.register({"meter": Meter()}, tmp_path)
    with call(address) as browser:
        browser.ready()
        browser.send(pieces(voice(0.4)))
        time.sleep(0.2)
        live_route.register({"other": Meter()}, tmp_path)
        assert "The page has changed" in browser.receive()["error"]
        assert browser.closed()
    kept = live_route.recording()
    assert kept is not None and kept.seconds == pytest.approx(0.4)
    assert refused(call, address) == 403


def test_a_session_that_ends_takes_its_talk_and_its_recording_with_it(
    call: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_session(monkeypatch, "one")
    address = live_route.register({"meter": Meter()}, tmp_path)
    with call(address) as browser:
        browser.ready()
        browser.send(pieces(voice(0.4)))
        time.sleep(0.2)
        live_route.forget_session("one")
        assert browser.closed()
    assert refused(call, address) == 403
    assert live_route.recording() is None and not list(tmp_path.iterdir())


def test_factors_may_change_while_somebody_speaks(call: Callable[..., Any], tmp_path: Path) -> None:
    model, parts = Meter(), pieces(np.full(RATE, 1000, "<i2"))
    address = live_route.register({"a": model}, tmp_path)
    with call(address) as browser:
        browser.ready()
        browser.send(parts[:5])
        time.sleep(0.5)
        assert live_route.register({"a": model}, tmp_path, {"a": [3.0]}) == address
        browser.send(parts[5:])
        browser.say(end=True)
        browser.receive()
    loud = browser.heard()[:25, 1] * 32.768
    np.testing.assert_allclose(loud[:11], 1, rtol=1e-5)
    np.testing.assert_allclose(loud[14:], 3, rtol=1e-5)


def test_a_model_that_falls_behind_is_given_up_and_all_sound_is_kept(
    call: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_session, "MOST_BEHIND", 0.4)
    monkeypatch.setattr(live_session, "_MOST_JOINED", 1)
    sent = 0
    with call(live_route.register({"slow": Meter(seconds=0.3)}, tmp_path)) as browser:
        browser.ready()
        for part in pieces(voice(3.0)):
            browser.send([part])
            sent += 1
            time.sleep(0.05)
            if live_route.recording() is not None:
                break
        assert "behind the audio; choose fewer or faster models" in browser.receive()["error"]
    kept = live_route.recording()
    assert kept is not None and 0.4 < kept.seconds <= 0.1 * sent < 3


def test_pieces_that_wait_are_heard_together(call: Callable[..., Any], tmp_path: Path) -> None:
    with call(live_route.register({"slow": Meter(seconds=0.3)}, tmp_path)) as browser:
        browser.ready()
        begin = time.monotonic()
        browser.send(pieces(voice(3.0)))
        browser.say(end=True)
        assert browser.receive()["done"] == pytest.approx(3.0)
    assert len(browser.heard()) == 76
    assert time.monotonic() - begin < 0.3 * 15, "not 30 times 0.3 s"


def test_the_server_answers_others_while_a_model_works(
    call: Callable[..., Any], port: int, tmp_path: Path
) -> None:
    with call(live_route.register({"slow": Meter(seconds=1.5)}, tmp_path)) as browser:
        browser.ready()
        browser.send(pieces(voice(0.1)))
        time.sleep(0.2)
        begin = time.monotonic()
        assert (
            urllib.request.urlopen(f"http://127.0.0.1:{port}/alive", timeout=5).read() == b"alive"
        )
        assert time.monotonic() - begin < 0.9
        browser.say(end=True)
        assert browser.receive()["done"] == pytest.approx(0.1)


def test_a_talk_ends_by_itself_at_the_most(
    call: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_session, "MOST_SECONDS", 0.5)
    with call(live_route.register({"meter": Meter()}, tmp_path)) as browser:
        browser.ready()
        browser.send(pieces(voice(2.0)))
        words = browser.receive()
    assert words["done"] == pytest.approx(0.5)
    assert words["why"].startswith("The longest recording is")
    assert len(browser.heard()) == 13


def test_a_microphone_that_says_nothing_is_not_waited_for(
    call: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_session, "QUIET_SECONDS", 0.3)
    address = live_route.register({"meter": Meter()}, tmp_path)
    for rate in (None, RATE):  # before its rate, and before its sound
        with call(address, rate) as browser:
            assert "No audio has arrived" in browser.receive()["error"]
            assert browser.closed()


def test_a_browser_that_leaves_frees_the_door_and_leaves_the_recording(
    call: Callable[..., Any], tmp_path: Path
) -> None:
    address = live_route.register({"slow": Meter(seconds=0.2)}, tmp_path)
    with call(address) as browser:
        browser.ready()
        browser.send(pieces(voice(0.5)))
        time.sleep(0.1)
    end = time.monotonic() + 5
    while live_route.recording() is None:
        assert time.monotonic() < end
        time.sleep(0.02)
    with call(address) as browser:
        assert browser.ready()


def test_what_a_model_refuses_is_told(call: Callable[..., Any], tmp_path: Path) -> None:
    with call(live_route.register({"broken": Meter(broken=True)}, tmp_path)) as browser:
        browser.ready()
        browser.send(pieces(voice(0.1)))
        assert browser.receive()["error"] == "This model hears nothing; choose another."


def test_a_recording_is_waited_for_while_its_connection_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The page offers to keep it as soon as the models change."""
    as_session(monkeypatch, "one")
    live_route.register({"meter": Meter()}, tmp_path)
    door = next(d for d in live_route._doors.values() if d.session == "one")
    kept = live_route.Recording(tmp_path / "spoken.wav", 1.0)
    with ThreadPoolExecutor(1) as thread:
        with live_route._taken(door, lambda: None):
            live_route.register({"other": Meter()}, tmp_path)  # which hangs up
            asked = thread.submit(live_route.recording)
            time.sleep(0.1)
            assert not asked.done()
            live_route._keep("one", kept)
        assert asked.result(10) is kept
    assert live_route.recording() is kept and not live_route._ending
