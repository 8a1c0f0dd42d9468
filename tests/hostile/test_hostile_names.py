"""Names that try to be something else: paths, options, markup, commands, other scripts."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from bad_files import good_mp4, good_wav

from core.cli import main
from core.datasets import list_clips
from core.errors import BadInput, MissingFile, SpeechmarksError
from core.media import probe, read_audio, read_frames
from core.workspace import Workspace

# What an uploader may call a file. The workspace shows it as text and never opens it.
UPLOADED = {
    "a path upwards": "../../../etc/cron.d/job.mp4",
    "an absolute path": "/etc/passwd",
    "a Windows path": "..\\..\\windows\\system32\\a.mp4",
    "a drive": "C:a.mp4",
    "a device of Windows": "CON.mp4",
    "markup": "<img src=x onerror=alert(1)>.mp4",
    "text that runs backwards": "film\u202e4pm.exe",
    "300 characters": "x" * 300 + ".mp4",
    "300 characters of ending": "a." + "x" * 300,
    "a zero byte": "a\0.mp4",
    "a line break": "a\nb.mp4",
    "a carriage return": "good\rbad.mp4",
    "a terminal's command": "a\x1b[2J\x07.mp4",
    "an option": "-i",
    "a long option": "--force",
    "two dots": "..",
    "one dot": ".",
    "dots and an ending": "...mp4",
    "nothing": "",
    "only blanks": "   ",
    "emoji": "\U0001f600\u200d\U0001f525.mp4",
    "a format": "%s%n%d{0}.mp4",
    "a shell's command": "$(reboot);`id`|x.mp4",
    "quotes": "a'\"b.mp4",
    "an address": "http://127.0.0.1/x.mp4",
    "a protocol": "concat:a|b.mp4",
    "half a character": "a\udcff.mp4",
    "the workspace's own files": "clip.json",
    "a manifest": "manifest.json",
    "a playlist": "list.m3u8",
}
# The same as names of real files, as far as a file system lets them be.
REAL = {
    kind: name
    for kind, name in UPLOADED.items()
    if "/" not in name and "\0" not in name and 0 < len(name) <= 250 and name not in (".", "..")
}
REAL |= {"250 characters": "x" * 250, "a hidden file": ".hidden"}


@pytest.mark.parametrize("name", UPLOADED.values(), ids=list(UPLOADED))
def test_an_uploaded_name_is_only_text(tmp_path: Path, name: str) -> None:
    space = Workspace(tmp_path / "space")
    clip = space.add_clip(io.BytesIO(good_wav(tmp_path)), name)
    (folder,) = (tmp_path / "space" / "clips").iterdir()
    assert clip.path.parent == folder and clip.path.stem == "media"
    assert {p.name for p in folder.iterdir()} == {"clip.json", clip.path.name}
    assert 0 < len(clip.name) <= 120 and clip.name.isprintable() and "/" not in clip.name
    assert {p.name for p in tmp_path.iterdir()} == {"space"}, "something lies outside"
    assert space.clip(clip.id).name == clip.name


@pytest.mark.parametrize("name", UPLOADED.values(), ids=list(UPLOADED))
def test_a_name_is_no_key_to_the_workspace(tmp_path: Path, name: str) -> None:
    space = Workspace(tmp_path / "space")
    with pytest.raises(MissingFile):
        space.clip(name)
    with pytest.raises(MissingFile):
        space.remove_clip(name)


def named(folder: Path, name: str, ending: str) -> Path:
    """A good film of that name and ending, in a folder of its own."""
    folder.mkdir()
    path = folder / f"{name}{ending}"
    path.write_bytes(good_mp4(folder.parent))
    return path


@pytest.mark.parametrize("name", REAL.values(), ids=list(REAL))
def test_a_real_file_of_any_name_is_read(tmp_path: Path, name: str) -> None:
    path = named(tmp_path / "set", name, ".mp4")
    assert len(list(read_frames(path))) == probe(path).to_json()["frames"] == 12
    assert read_audio(path).duration > 0.4
    (clip,) = list_clips(tmp_path / "set")
    assert clip.path == path
    stored = Workspace(tmp_path / "space").add_clip(clip.path, clip.name)
    assert stored.name.isprintable()


@pytest.mark.parametrize("name", REAL.values(), ids=list(REAL))
def test_a_real_file_of_any_name_passes_the_command_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    name: str,
) -> None:
    """Beside the file, so that the name itself is the argument; JSON stays one object."""
    path = named(tmp_path / "set", name, ".mp4")
    monkeypatch.chdir(tmp_path / "set")
    out = str(tmp_path / "out.wav")
    for arguments in (["probe", "--json"], ["sound", "-o", out, "--force", "--json"]):
        assert main([*arguments, "--", path.name]) == 0
        assert isinstance(json.loads(capfdbinary.readouterr().out), dict)
    assert main(["data", "list", ".", "--json"]) == 0
    assert json.loads(capfdbinary.readouterr().out)["count"] == 1
    assert os.listdir() == [path.name], "a name was carried out"


@pytest.mark.parametrize("name", ["-i.mp4", "--force", "-o"])
def test_a_name_that_looks_like_an_option_is_refused_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(good_mp4(tmp_path / ".."))
    assert main(["probe", name]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1


def test_bad_files_of_bad_names_are_recorded_one_by_one(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "set"
    root.mkdir()
    names = set(REAL.values()) - {UPLOADED["half a character"]}
    for name in names:
        (root / f"{name}.mp4").write_text("not a film")
    assert main(["data", "extract", str(root), "--json"]) == 3
    failed = json.loads(capsys.readouterr().out)["failed"]
    assert len(failed) == len(names)
    for row in failed:
        assert row["reason"].isprintable(), "a reason is one plain line"
    assert not (home / "results").exists()


@pytest.mark.parametrize("kind", ["a line break", "a terminal's command", "half a character"])
def test_no_name_speaks_to_the_terminal(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    good, bad = (named(tmp_path / k, UPLOADED[kind], ".mp4") for k in ("good", "bad"))
    bad.write_text("not a film")
    for arguments, code in (
        (["probe", str(good)], 0),
        (["data", "list", str(bad.parent)], 0),
        (["data", "extract", str(bad.parent), "--runner", "serial"], 3),
    ):
        assert main(arguments) == code
        for text in capsys.readouterr():
            assert text.count("\n") <= 1 and text.rstrip("\n").isprintable()


LISTS = {
    "a path upwards": "../outside.mp4",
    "an absolute path": "{outside}",
    "a link that leads out": "link.mp4",
    "a device": "/dev/zero",
    "a folder": ".",
}


@pytest.mark.parametrize("line", LISTS.values(), ids=list(LISTS))
def test_a_list_does_not_lead_out_of_its_folder(tmp_path: Path, line: str) -> None:
    outside, root = tmp_path / "outside.mp4", tmp_path / "set"
    outside.write_bytes(good_mp4(tmp_path))
    root.mkdir()
    (root / "link.mp4").symlink_to(outside)
    (root / "list.txt").write_text(line.format(outside=outside) + "\n")
    with pytest.raises(SpeechmarksError):
        list_clips(root, str(root / "list.txt"))
    with pytest.raises(BadInput):
        list_clips(root)  # the link is not followed


@pytest.mark.parametrize("line", ["../../../outside s1", "../outside ..", "{outside} s1"])
def test_a_list_of_the_grid_layout_does_not_lead_out_either(tmp_path: Path, line: str) -> None:
    outside, root = tmp_path / "outside.mp4", tmp_path / "set"
    outside.write_bytes(good_mp4(tmp_path))
    (root / "filelists").mkdir(parents=True)
    (root / "video" / "s1").mkdir(parents=True)
    (root / "filelists" / "all.txt").write_text(line.format(outside=outside.with_suffix("")))
    with pytest.raises(SpeechmarksError):
        list_clips(root, "all")
