"""Layouts of data sets (docs/published.md#data-set-layouts), recognised by folder, and lists.

A layout is a row of `LAYOUTS`: where videos lie, what a line of a list names, and where sound,
published landmarks and word times lie. To add one: a row.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadInput, MissingFile
from .clips import (
    MEDIA_SUFFIXES,
    ClipParts,
    ClipRef,
    below,
    inside,
    media_below,
    suffix_rank,
)
from .tables import split_in, splits_in

__all__ = [
    "LAYOUTS",
    "MEDIA_SUFFIXES",
    "ClipRef",
    "Layout",
    "find_layout",
    "find_parts",
    "list_clips",
    "list_line",
    "list_names",
]

_SPLITS = "pretrain|trainval|train|test|valid|val|dev"
_BESIDE = ("{stem}.align", "{stem}.TextGrid", "{stem}.words.csv")


@dataclass(frozen=True)
class Layout:
    """Where the files of a data set lie; paths are relative to its folder and use '/'.

    Attributes
    ----------
    name, title : for the command line; for people
    matches : whether a folder has this layout; looks at folders, not at every file
    within : folders to look for clips in, as glob patterns; '' is all of it
    pattern : of a clip's path without its ending; its groups are the fields of the clip
    clip, speaker : name and speaker, made of fields; ``{root}`` is the name of the folder
    line : fields that a line of a list holds, in order
    stem : the path of a clip without its ending, made of the fields of a line; a glob pattern
    sound, landmarks, words : where they lie, made of fields and ``{stem}``; glob patterns
    """

    name: str
    title: str
    matches: Callable[[Path], bool]
    within: tuple[str, ...]
    pattern: re.Pattern[str]
    clip: str
    speaker: str
    line: tuple[str, ...]
    stem: str
    sound: tuple[str, ...] = ()
    landmarks: tuple[str, ...] = ()
    words: tuple[str, ...] = _BESIDE


def _holds(*patterns: str) -> Callable[[Path], bool]:
    """Tells folders in which one of the patterns finds a media file."""
    return lambda root: any(
        path.suffix.lower() in MEDIA_SUFFIXES for pattern in patterns for path in root.glob(pattern)
    )


LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout(
            name="grid",
            title="GRID: video/<speaker>/<clip>",
            matches=_holds("video/*/*"),
            within=("video",),
            pattern=re.compile(r"video/(?P<speaker>[^/]+)/(?P<key>[^/]+)"),
            clip="{speaker}/{key}",
            speaker="{speaker}",
            line=("key", "speaker"),
            stem="video/{speaker}/{key}",
            sound=("audio/{speaker}/{key}.wav",),
            landmarks=("face-landmarks/*/{speaker}/{key}.json",),
            words=(
                "align/{speaker}/{key}.align",
                "alignments/{speaker}/{key}.align",
                "{speaker}/align/{key}.align",
                "align/{key}.align",
                *_BESIDE,
            ),
        ),
        Layout(
            name="obama",
            title="Obama: video-split-360p/<key>, audio-split/<key>.wav",
            matches=_holds("video-split-360p/*"),
            within=("video-split-360p",),
            pattern=re.compile(r"video-split-360p/(?P<key>[^/]+)"),
            clip="{key}",
            speaker="{root}",
            line=("key",),
            stem="video-split-360p/{key}",
            sound=("audio-split/{key}.wav",),
            landmarks=("face-landmarks-360p/*/{key}.json", "face-landmarks-360p/{key}.json"),
        ),
        Layout(
            name="lrs3",
            title="LRS3: <split>/<video>/<part>, audio/<video>-<part>.wav",
            matches=_holds(*(f"{split}/*/[0-9]*" for split in _SPLITS.split("|"))),
            within=tuple(_SPLITS.split("|")),
            pattern=re.compile(rf"(?P<split>{_SPLITS})/(?P<video>[^/]+)/(?P<part>[^/]+)"),
            clip="{split}/{video}/{part}",
            speaker="{video}",
            line=("video", "part", "split"),
            stem="{split}/{video}/{part}",
            sound=("audio/{video}-{part}.wav",),
            landmarks=("face-landmarks/*/{video}-{part}.json",),
        ),
        Layout(
            name="tts",
            title="Obama TTS: audio/out_synth_NNN.wav, no video",
            matches=_holds("audio/out_synth_*.wav"),
            within=("audio",),
            pattern=re.compile(r"audio/(?P<key>out_synth_[0-9]+)"),
            clip="{key}",
            speaker="{root}",
            line=("key",),
            stem="audio/{key}",
        ),
        Layout(
            name="speaker",
            title="One speaker (Trump, Iohannis, Diego): video[-split]-<res>/<key>",
            matches=_holds("video-*/*"),
            within=("video-split-*", "video-*"),
            pattern=re.compile(r"video(?P<cut>-split)?-(?P<res>[^/]+)/(?P<key>[^/]+)"),
            clip="{key}",
            speaker="{root}",
            line=("key",),
            stem="video-*/{key}",
            sound=("audio{cut}/{key}.wav", "audio/{key}.wav"),
            landmarks=("face-landmarks-{res}/{key}.json", "face-landmarks-{res}/*/{key}.json"),
        ),
        Layout(
            name="ch-unicamp",
            title="CH-Unicamp: raw_videos/<clip>/..., <clip>/audio/<clip>.wav",
            matches=_holds("raw_videos/*/**/*"),
            within=("raw_videos",),
            pattern=re.compile(r"raw_videos/(?P<key>[^/]+)/.+"),
            clip="{key}",
            speaker="{root}",
            line=("key",),
            stem="raw_videos/{key}/**/*",
            sound=("{key}/audio/{key}.wav",),
            landmarks=("{key}/keypoints_reduced",),
        ),
        Layout(
            name="folder",
            title="Any folder with media files below it",
            matches=lambda root: True,
            within=("",),
            pattern=re.compile(r"(?P<key>.+)", re.DOTALL),
            clip="{key}",
            speaker="",
            line=("key", "speaker"),
            stem="{key}",
            sound=tuple(f"{{stem}}{suffix}" for suffix in (".wav", ".flac", ".mp3", ".m4a")),
            landmarks=tuple(f"{{stem}}{s}" for s in (".json", ".npz", ".npy", ".csv", ".h5")),
        ),
    )
}
"""Layouts by name, in the order in which a folder is held against them."""


def find_layout(root: Path | str, name: str = "auto") -> Layout:
    """A layout by name; 'auto' is the first that the folder has.

    Raises
    ------
    MissingFile : no such folder.
    BadInput : no such layout.
    """
    root = Path(root)
    if not root.is_dir():
        raise MissingFile(f"There is no data set folder {str(root)!r}.")
    if name == "auto":
        return next(layout for layout in LAYOUTS.values() if layout.matches(root))
    if name not in LAYOUTS:
        raise BadInput(f"Unknown layout {name[:40]!r}; known: auto, {', '.join(LAYOUTS)}.")
    return LAYOUTS[name]


def list_names(root: Path | str) -> list[str]:
    """Names of the lists of a data set (filelists/<name>.txt, or in its table), sorted."""
    root = Path(root)
    names = {p.stem for p in (root / "filelists").glob("*.txt")}
    return sorted(names | set(splits_in(root)))


def list_clips(
    root: Path | str, list_name: str | None = None, *, layout: str = "auto"
) -> list[ClipRef]:
    """Clips of a data set in a stable order, each name once.

    Of several files that are the same clip (a video in two encodings or sizes, a sound beside its
    video) one stands for it: split videos before whole ones, videos before sound.

    Parameters
    ----------
    root : folder in a layout of `LAYOUTS`; lists lie in `filelists/<name>.txt`.
    list_name : a list of the data set, or a path of a list file; all clips where None. Where the
        layout keeps its lists in a table, the name of a set (Train, Val, Test).
    layout : a name of `LAYOUTS`, or 'auto'.

    Raises
    ------
    MissingFile, BadInput : no such folder, list or layout, a line that names no clip, no clips.
    """
    root = Path(root)
    kind = find_layout(root, layout)
    if list_name is None:
        found = _best(filter(None, (_clip(kind, root, path) for path in _media(kind, root))))
        clips = [found[name] for name in sorted(found)]
    else:
        clips = [_resolve(kind, root, line) for line in _list_lines(root, list_name)]
    if not clips:
        raise BadInput(
            f"No media files in {str(root)!r} for the layout {kind.name!r}; expected videos or "
            "audio files."
        )
    return clips


def find_parts(root: Path | str, clip: ClipRef) -> ClipParts:
    """Sound, published landmarks and word times of a clip of ``root``, as far as they are there."""
    root = Path(root)
    kind = LAYOUTS[clip.layout]
    stem = clip.path.relative_to(root).with_suffix("").as_posix()
    fields = {**dict(clip.fields), "stem": stem, "root": root.name}
    # Globs are held to the folder's own names, so that what a name says is never a pattern.
    sounds = (p for p in _found(root, kind.sound, fields) if p != clip.path)
    landmarks: dict[str, Path] = {}
    for pattern in kind.landmarks:
        place = pattern.split("/").index("*") if "/*/" in pattern else None
        for path in _found(root, (pattern,), fields, folders=True):
            detector = "" if place is None else path.relative_to(root).parts[place]
            landmarks.setdefault(detector, path)
    words = _found(root, kind.words, fields)
    return ClipParts(next(sounds, None), landmarks, next(words, None))


def list_line(root: Path | str, clip: ClipRef) -> str:
    """The line of a list that names a clip of ``root``; its path, in any folder.

    Raises
    ------
    BadInput : the layout's own lines cannot name it, because of a blank or line break in its name.
    """
    kind = LAYOUTS[clip.layout]
    if kind.name == "folder":
        line = clip.path.relative_to(root).as_posix()
        broken = line != line.strip() or len(line.splitlines()) != 1
    else:
        fields = dict(clip.fields)
        line = " ".join(fields[name] for name in kind.line)
        broken = line.split() != [fields[name] for name in kind.line]
    if broken:
        raise BadInput(
            f"The clip {clip.name!r} has blanks in its name, which lists cannot contain; rename "
            "its file."
        )
    return line


def _found(
    root: Path, patterns: Iterable[str], fields: Mapping[str, str], *, folders: bool = False
) -> Iterator[Path]:
    """Files (or folders) that the patterns name, none outside ``root``."""
    escaped = {key: glob.escape(text) for key, text in fields.items()}
    for pattern in patterns:
        for path in sorted(root.glob(pattern.format_map(escaped))):
            if inside(root, path) or (
                folders and path.is_dir() and path.resolve().is_relative_to(root.resolve())
            ):
                yield path


def _media(kind: Layout, root: Path) -> Iterator[Path]:
    for pattern in kind.within:
        for folder in sorted(root.glob(pattern)) if pattern else [root]:
            if folder.is_dir() and not folder.is_symlink():
                yield from media_below(folder, root)


def _clip(kind: Layout, root: Path, path: Path, speaker: str | None = None) -> ClipRef | None:
    """The clip that a file is; None where the layout has no clip there."""
    where = below(root, path)
    match = kind.pattern.fullmatch(where.removesuffix(path.suffix))
    if match is None:
        return None
    fields = {key: text or "" for key, text in match.groupdict().items()}
    name = kind.clip.format_map(fields)
    if not speaker and "{root}" not in kind.speaker:
        speaker = kind.speaker.format_map(fields) or path.parent.name
    speaker = speaker or root.resolve().name
    return ClipRef(name, path, speaker, kind.name, tuple(fields.items()))


def _best(clips: Iterable[ClipRef]) -> dict[str, ClipRef]:
    """One clip of each name."""

    def rank(clip: ClipRef) -> tuple[bool, int, str]:
        return (not dict(clip.fields).get("cut"), suffix_rank(clip.path.suffix), str(clip.path))

    best: dict[str, ClipRef] = {}
    for clip in clips:
        known = best.get(clip.name)
        if known is None or rank(clip) < rank(known):
            best[clip.name] = clip
    return best


def _list_lines(root: Path, name: str) -> list[str]:
    path = root / "filelists" / f"{name}.txt"
    if not path.is_file():
        path = Path(name)
    if not path.is_file():
        if (listed := split_in(root, name)) is not None:
            return listed
        known = ", ".join(list_names(root)) or "none"
        raise MissingFile(f"There is no list {name!r} in {str(root)!r}; lists there: {known}.")
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise BadInput(f"The list {path.name!r} is not UTF-8 text; save it as UTF-8.") from error


def _resolve(kind: Layout, root: Path, line: str) -> ClipRef:
    """The clip that a line of a list names."""
    words = line.split()
    fields = dict(zip(kind.line, words, strict=False))
    found: dict[str, ClipRef] = {}
    if kind.name == "folder":
        # A path may hold blanks and an ending, and a speaker may follow it.
        for stem, speaker in ((line.strip(), None), (words[0], fields.get("speaker"))):
            paths = _files(root, stem)
            found = found or _best(filter(None, (_clip(kind, root, p, speaker) for p in paths)))
    elif len(fields) == len(kind.line) and not any(_is_path(text) for text in fields.values()):
        escaped = {key: glob.escape(text) for key, text in fields.items()}
        exact = "*" not in kind.stem
        paths = (
            _files(root, kind.stem.format_map(fields))
            if exact
            else _globbed(root, kind.stem.format_map(escaped))
        )
        found = _best(filter(None, (_clip(kind, root, path) for path in paths)))
    if not found:
        raise MissingFile(
            f"The list names {line!r}, which is not a clip in {str(root)!r}; a line of the "
            f"layout {kind.name!r} holds: {' '.join(kind.line)}."
        )
    return next(iter(found.values()))


def _is_path(text: str) -> bool:
    return "/" in text or "\\" in text or text in (".", "..")


def _files(root: Path, stem: str) -> Sequence[Path]:
    """The file of that path, else those of that path and an ending of media."""
    whole = root / stem
    if whole.suffix.lower() in MEDIA_SUFFIXES and inside(root, whole):
        return [whole]
    named = (whole.with_name(whole.name + suffix) for suffix in sorted(MEDIA_SUFFIXES))
    return [path for path in named if inside(root, path)] if whole.name else []


def _globbed(root: Path, pattern: str) -> Sequence[Path]:
    pattern = pattern if pattern.endswith("*") else f"{pattern}.*"
    return [
        path
        for path in sorted(root.glob(pattern))
        if path.suffix.lower() in MEDIA_SUFFIXES and inside(root, path)
    ]
