"""The workspace: content addresses, hostile names, nothing half-done left behind."""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import gappy, grey, movie, sentence, tone

from core.errors import BadInput, MediaError, MissingFile
from core.media import make_proxy, probe, write_wav
from core.workspace import SCHEMA, Workspace, browser_media, file_sha256, proxies, result_key


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "three_frames.mp4"
    return movie(path, [grey(v) for v in (40, 80, 120)], sound=tone(0.12))


@pytest.fixture
def space(home: Path) -> Workspace:
    return Workspace()


def files_below(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_the_folder_is_the_one_that_the_environment_names(home: Path) -> None:
    assert Workspace().root == home and home.is_dir()


def test_an_explicit_folder_goes_before_the_environment(home: Path, tmp_path: Path) -> None:
    assert Workspace(tmp_path / "other").root == tmp_path / "other"
    assert not home.exists()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="SPEECHMARKS_HOME") as caught:
        Workspace(tmp_path / "file" / "below")
    sentence(caught.value)


def test_the_id_of_a_clip_is_the_hash_of_its_bytes(space: Workspace, clip: Path) -> None:
    added = space.add_clip(clip, "hello.mp4")
    assert added.id == hashlib.sha256(clip.read_bytes()).hexdigest() == file_sha256(clip)
    assert added.path.read_bytes() == clip.read_bytes()
    assert added.name == "hello.mp4" and added.info.video is not None
    assert added.info.video.n_frames == 3


def test_the_same_bytes_twice_are_one_clip_under_its_first_name(
    space: Workspace, clip: Path
) -> None:
    first = space.add_clip(clip, "first.mp4")
    again = space.add_clip(io.BytesIO(clip.read_bytes()), "second.mov")
    assert again.id == first.id and again.path == first.path and again.name == "first.mp4"
    assert space.clip_ids() == [first.id]
    assert files_below(space.root / "incoming") == []


def test_adding_a_clip_leaves_the_source_alone(space: Workspace, clip: Path) -> None:
    before = clip.read_bytes()
    space.remove_clip(space.add_clip(clip, "x.mp4").id)
    assert clip.read_bytes() == before and space.clip_ids() == []


HOSTILE_NAMES = {
    "a path upwards": "../../../evil.mp4",
    "an absolute path": "/etc/passwd.mp4",
    "a Windows path": "C:\\Windows\\system32\\evil.mp4",
    "markup": "<img src=x onerror=alert(1)>.mp4",
    "300 characters": "x" * 300 + ".mp4",
    "an ending of 300 characters": "x." + "y" * 300,
    "nothing": "",
    "only dots": "..",
    "a zero byte": "a\0b.mp4",
    "line breaks": "a\nb\r\n.mp4",
    "turned-around text": "gpj\u202e4pm.exe",
    "no ending": "clip",
    "a shell command": "$(touch x); `id`.mp4",
    "a name of our own": "clip.json",
    "a lone surrogate": "a\udcff.mp4",
    "an ending with a slash": "x.mp4/../../y",
}


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=list(HOSTILE_NAMES))
def test_a_hostile_name_is_text_and_never_a_path(space: Workspace, clip: Path, name: str) -> None:
    added = space.add_clip(clip, name)
    assert added.path.parent == space.root / "clips" / added.id
    assert added.path.stem == "media" and len(added.path.name) <= 12
    assert added.name.isprintable() and 1 <= len(added.name) <= 120
    assert "/" not in added.name and "\\" not in added.name
    assert files_below(space.root) == sorted(
        [f"clips/{added.id}/clip.json", f"clips/{added.id}/{added.path.name}"]
    )
    assert space.clip(added.id).info.duration == added.info.duration


@pytest.mark.parametrize(
    "data", [b"", b"hello, not media", b"\0" * 5000], ids=["nothing", "text", "zeros"]
)
def test_what_is_not_media_leaves_nothing_behind(space: Workspace, data: bytes) -> None:
    with pytest.raises(MediaError) as caught:
        space.add_clip(io.BytesIO(data), "fake.mp4")
    sentence(caught.value)
    assert files_below(space.root) == [] and space.clip_ids() == []


def test_a_reader_that_fails_half_way_leaves_nothing_behind(space: Workspace) -> None:
    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: object) -> int:
            raise OSError("connection lost")

    with pytest.raises(OSError, match="connection lost"):
        space.add_clip(io.BufferedReader(Broken()), "x.mp4")
    assert files_below(space.root) == []


def test_a_missing_source_is_named(space: Workspace, tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="nowhere"):
        space.add_clip(tmp_path / "nowhere.mp4", "x.mp4")
    assert files_below(space.root) == []


def test_an_attempt_that_died_half_way_is_replaced(space: Workspace, clip: Path) -> None:
    half = space.root / "clips" / file_sha256(clip)
    half.mkdir(parents=True)
    (half / "media.mp4").write_bytes(b"half")
    assert space.clip_ids() == []
    assert space.add_clip(clip, "x.mp4").path.read_bytes() == clip.read_bytes()


@pytest.mark.parametrize(
    "identity",
    ["", "..", "../" * 10, "0" * 64, "0" * 63, "a/" * 32, "/" + "0" * 63],
    ids=["empty", "dots", "path", "unknown", "short", "slashes", "absolute"],
)
def test_an_unknown_id_is_refused(space: Workspace, identity: str) -> None:
    with pytest.raises(MissingFile) as caught:
        space.clip(identity)
    sentence(caught.value)


def test_clip_ids_come_newest_first(space: Workspace, clip: Path, tmp_path: Path) -> None:
    import os

    write_wav(tmp_path / "a.wav", tone(0.2))
    old, new = space.add_clip(clip, "old.mp4"), space.add_clip(tmp_path / "a.wav", "new.wav")
    os.utime(old.folder / "clip.json", (1, 1))
    assert space.clip_ids() == [new.id, old.id]


# --- results ---------------------------------------------------------------------------------


@given(
    parts=st.dictionaries(
        st.text("abc", min_size=1), st.one_of(st.integers(), st.text(), st.booleans()), min_size=1
    )
)
def test_a_key_depends_on_what_and_not_on_the_order(parts: dict[str, object]) -> None:
    key = result_key(**parts)
    assert len(key) == 64
    assert result_key(**dict(reversed(parts.items()))) == key
    name = next(iter(parts))
    assert result_key(**{**parts, name: [parts[name]]}) != key


def test_a_result_is_done_only_once_its_manifest_lies_there(space: Workspace) -> None:
    key = result_key(kind="test")
    assert space.load_track(key) is None and space.manifest(key) is None
    folder = space.store_track(key, gappy(), {"frames": 8})
    stored = space.load_track(key)
    assert stored is not None
    np.testing.assert_array_equal(stored.points, gappy().points)
    assert space.manifest(key) == {"schema": SCHEMA, "key": key, "frames": 8}
    (folder / "manifest.json").unlink()
    assert space.load_track(key) is None


def test_two_workspaces_hold_identical_bytes(tmp_path: Path) -> None:
    key = result_key(kind="test")
    folders = [
        Workspace(tmp_path / name).store_track(key, gappy(), {"b": 1, "a": 2}) for name in "xy"
    ]
    assert files_below(folders[0]) == files_below(folders[1]) == ["manifest.json", "track.npz"]
    for name in files_below(folders[0]):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()


def test_the_manifest_is_written_after_the_track(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("core.workspace.store.atomic_write", fail)
    key = result_key(kind="interrupted")
    with pytest.raises(KeyboardInterrupt):
        space.store_track(key, gappy(), {})
    assert (space.result_folder(key) / "track.npz").is_file()
    assert space.load_track(key) is None


# --- settings --------------------------------------------------------------------------------


def test_settings_have_defaults_and_are_read(space: Workspace, tmp_path: Path) -> None:
    assert space.settings.max_upload_mb == 500 and space.settings.server_roots == ()
    text = f"max_upload_mb = 20\nserver_roots = [{json.dumps(str(tmp_path))}]\n"
    (space.root / "settings.toml").write_text(text)
    assert space.settings.max_upload_mb == 20
    assert space.settings.server_roots == (tmp_path.resolve(),)


@pytest.mark.parametrize(
    "text", ["max_upload_mb = ", "max_upload_mb = 'many'", "server_roots = 3", "server_roots = [3]"]
)
def test_settings_that_cannot_be_read_are_one_sentence(space: Workspace, text: str) -> None:
    (space.root / "settings.toml").write_text(text)
    with pytest.raises(BadInput, match=r"settings\.toml") as caught:
        _ = space.settings
    sentence(caught.value)


def test_a_missing_file_has_no_hash(tmp_path: Path) -> None:
    with pytest.raises(MissingFile):
        file_sha256(tmp_path / "nowhere")


# --- clips that lie in a data set ---------------------------------------------------------------


@pytest.fixture
def served(space: Workspace, clip: Path, tmp_path: Path) -> Path:
    """A clip below a server root."""
    folder = tmp_path / "corpus" / "video"
    folder.mkdir(parents=True)
    path = folder / "a.mp4"
    path.write_bytes(clip.read_bytes())
    (space.root / "settings.toml").write_text(f'server_roots = ["{folder.parent}"]\n')
    return path


def test_a_clip_of_a_server_folder_is_not_copied(space: Workspace, served: Path) -> None:
    before = files_below(served.parent)
    found = space.refer_clip(served, "s1/a.mp4")
    assert found.id == file_sha256(served) and found.path == served and found.name == "a.mp4"
    assert found.folder == space.root / "clips" / found.id
    assert files_below(found.folder) == ["clip.json"] and space.clip_ids() == [found.id]
    assert space.add_clip(served, "again.mp4").path == served
    space.remove_clip(found.id)
    assert space.clip_ids() == [] and files_below(served.parent) == before


@pytest.mark.parametrize("what", ["gone", "changed", "no root any more", "a link now"])
def test_a_reference_to_what_is_no_more_is_refused_and_makes_room(
    space: Workspace, served: Path, clip: Path, tmp_path: Path, what: str
) -> None:
    found = space.refer_clip(served, "a.mp4")
    if what in ("gone", "a link now"):
        served.unlink()
    if what == "changed":
        served.write_bytes(clip.read_bytes() + b"more")
    if what == "a link now":
        served.symlink_to(clip)
    if what == "no root any more":
        (space.root / "settings.toml").write_text("")
    with pytest.raises(MissingFile, match="data set") as caught:
        space.clip(found.id)
    sentence(caught.value)
    assert str(tmp_path) not in str(caught.value)
    copied = space.add_clip(clip, "b.mp4")
    assert copied.id == found.id and copied.path.parent == copied.folder == found.folder


@pytest.mark.parametrize("where", ["outside", "a link that leads out", "dots"])
def test_only_files_below_a_server_root_are_referred_to(
    space: Workspace, served: Path, clip: Path, where: str
) -> None:
    link = served.with_name("link.mp4")
    link.symlink_to(clip)
    path = {
        "outside": clip,
        "a link that leads out": link,
        "dots": served.parent / ".." / ".." / "x" / ".." / clip.name,
    }[where]
    (served.parents[2] / clip.name).write_bytes(clip.read_bytes())
    with pytest.raises(BadInput, match="server_roots") as caught:
        space.refer_clip(path, "x.mp4")
    sentence(caught.value)
    assert space.clip_ids() == []


def test_what_is_no_media_is_not_referred_to(space: Workspace, served: Path) -> None:
    served.write_text("no film")
    with pytest.raises(MediaError):
        space.refer_clip(served, "a.mp4")
    assert space.clip_ids() == [] and files_below(space.root / "incoming") == []


@pytest.mark.parametrize("record", ['{"name": "x", "at": "/etc/passwd"}', '{"at": "/etc/passwd"}'])
def test_a_torn_reference_is_told(space: Workspace, served: Path, record: str) -> None:
    found = space.refer_clip(served, "a.mp4")
    (found.folder / "clip.json").write_text(record)
    with pytest.raises(BadInput, match="damaged") as caught:
        space.clip(found.id)
    sentence(caught.value)


def test_six_uploads_of_one_file_at_once_give_one_clip(clip: Path, tmp_path: Path) -> None:
    space = Workspace(tmp_path / "home")
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda n: space.add_clip(clip, f"{n}.mp4").id, range(6)))
    assert len(set(found)) == 1 and space.clip_ids() == [found[0]]
    assert list((space.root / "incoming").iterdir()) == []


def test_sessions_that_want_one_proxy_make_it_once(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = Workspace(tmp_path / "home")
    stored, made = space.add_clip(clip, "x.mp4"), []

    def counted(*args: Any, **options: Any) -> None:
        made.append(1)
        time.sleep(0.2)  # as others come
        make_proxy(*args, **options)

    monkeypatch.setattr(proxies, "make_proxy", counted)
    with ThreadPoolExecutor(3) as threads:
        paths = set(threads.map(lambda _: browser_media(stored), range(3)))
    assert made == [1]
    (path,) = paths
    assert path is not None and proxies.is_whole(path, stored.info)


@pytest.mark.parametrize("damage", ["cut", "empty", "noise"])
def test_a_damaged_proxy_is_made_again(clip: Path, tmp_path: Path, damage: str) -> None:
    stored = Workspace(tmp_path / "home").add_clip(clip, "x.mp4")
    path = browser_media(stored)
    assert path is not None
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[: len(whole) // 2], "empty": b"", "noise": b"?" * 5000}[damage])
    assert not proxies.is_whole(path, stored.info)
    assert browser_media(stored) == path and path.read_bytes() == whole


def test_litter_of_killed_processes_is_removed_by_age(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "home")
    for place in ("incoming", "scratch"):
        for name, age in (("old", 100_000), ("new", 60)):
            folder = space.root / place / name
            folder.mkdir(parents=True)
            (folder / "part").write_bytes(b"12345")
            for path in (folder / "part", folder):
                os.utime(path, (time.time() - age,) * 2)
    assert space.remove_litter() >= 10
    assert sorted(p.name for p in space.root.glob("*/*")) == ["new", "new"]


def test_a_clip_is_renamed_and_messages_name_it_so(clip: Path, tmp_path: Path) -> None:
    space = Workspace(tmp_path / "home")
    stored = space.add_clip(clip, "first.mp4")
    assert space.add_clip(clip, "second.mp4").name == "first.mp4"
    assert space.rename_clip(stored.id, "../second.mp4").name == "second.mp4"
    stored.path.write_bytes(b"damaged")
    with pytest.raises(MediaError, match="second.mp4") as caught:
        probe(stored.path)
    assert "media." not in str(caught.value)
    with pytest.raises(MediaError, match="third.mp4"):
        space.add_clip(io.BytesIO(b"no media"), "third.mp4")
    assert list((space.root / "incoming").iterdir()) == []
