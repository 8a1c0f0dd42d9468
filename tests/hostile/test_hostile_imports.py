"""Only the guarded decoder opens media: no other module imports the libraries that do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OPENERS = {"av", "soundfile", "audioread", "imageio", "moviepy", "torchaudio", "torchvision"}
READERS = {("cv2", "VideoCapture"), ("librosa", "load"), ("librosa", "stream")}
MAY = {
    "core/media/movie.py",  # writes only
    "core/media/audio.py",  # writes only
    "core/checks.py",  # asks for versions
}
MODULES = sorted(
    path
    for folder in ("core", "ui", "pages", ".")
    for path in (ROOT / folder).glob("*.py" if folder == "." else "**/*.py")
)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def opened(path: Path) -> Iterator[str]:
    """What in a module could open media: imports, also inside functions, and readers by name."""
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
            names += [n for a in node.names if (node.module, n := a.name) in READERS]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = [node.attr] if (node.value.id, node.attr) in READERS else []
        yield from (n for n in names if n.split(".")[0] in OPENERS | {r for _, r in READERS})


def test_media_are_opened_by_the_decoder_alone() -> None:
    others = [p for p in MODULES if "core/media/decoder/" not in p.as_posix()]
    found = {name_of(path): list(opened(path)) for path in others if name_of(path) not in MAY}
    assert {name: opens for name, opens in found.items() if opens} == {}


def test_the_decoder_does_open_media() -> None:
    """Without this, the search above could be blind."""
    found = {name_of(path) for path in MODULES if list(opened(path))}
    assert found >= MAY - {"core/checks.py"} | {"core/media/decoder/container.py"}


@pytest.mark.parametrize("name", ["core/media/movie.py", "core/media/audio.py"])
def test_what_writes_media_does_not_read_them(name: str) -> None:
    for node in ast.walk(ast.parse((ROOT / name).read_text())):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("soundfile.read", "soundfile.info")
            if called == "av.open":
                assert [ast.literal_eval(a) for a in node.args[1:]] == ["w"]
            if called == "soundfile.SoundFile":
                assert ast.literal_eval(node.args[1]) == "w"
