"""A comparison as one HTML file: player, landmarks, curves, scores and sound, with no server.

The file asks the network for nothing: its policy (CSP) lets nothing run but the two scripts whose
hashes it names, and media come from the file itself. Numbers and media are base64; titles, names
and notes are untrusted text and are escaped, or travel inside the player's buffer.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import BadInput, NoVideo
from ..evaluation.publications import Score
from ..evaluation.tables import score_table
from ..media import Audio, audio_bytes, probe
from ..tracks.labels import TimedLabel
from .movie import track_end
from .palette import GROUND, GROUND_DARK, INK, INK_DARK, LINE, MUTED, PAGE, PAGE_DARK
from .player import (
    Curve,
    Marker,
    PlayerPanel,
    audio_overview,
    offline_script,
    pack_player,
    player_style,
)

__all__ = ["comparison_page"]

_STYLE = f"""
:root {{ color-scheme: light dark; --page: {PAGE}; --ground: {GROUND}; --ink: {INK};
  --muted: {MUTED}; --line: {LINE}; }}
@media (prefers-color-scheme: dark) {{ :root {{ --page: {PAGE_DARK}; --ground: {GROUND_DARK};
  --ink: {INK_DARK}; --muted: #9aa0a6; --line: #31363c; }} }}
body {{ margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }}
main {{ max-width: 1280px; margin: 0 auto; padding: 24px 24px 48px; }}
h1 {{ font-size: 24px; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }}
.note {{ color: var(--muted); margin: 0 0 20px; overflow-wrap: anywhere; }}
.scores {{ overflow-x: auto; margin-top: 28px; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }}
th, td {{ padding: 6px 0 6px 28px; text-align: right; font-weight: 400;
  border-bottom: 1px solid var(--line); }}
thead th {{ color: var(--muted); font-size: 13px; vertical-align: bottom; }}
th:first-child {{ padding-left: 0; text-align: left; overflow-wrap: anywhere; }}
tbody + tbody th, tbody + tbody td {{ color: var(--muted); }}
details {{ margin-top: 28px; }}
summary {{ cursor: pointer; color: var(--muted); }}
pre {{ padding: 12px 14px; border-radius: 6px; background: var(--ground); white-space: pre-wrap;
  overflow-wrap: anywhere; font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace; }}
dt {{ font-weight: 600; margin-top: 12px; overflow-wrap: anywhere; }}
dd {{ margin: 2px 0 0; color: var(--muted); overflow-wrap: anywhere; font-size: 14px; }}
"""


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _data(name: str, data: bytes, kind: str = "application/octet-stream") -> str:
    body = base64.b64encode(data).decode()
    return f'<script type="text/plain" id="{name}" data-type="{kind}">{body}</script>'


def _line(text: str) -> str:
    """Untrusted text as one line of HTML; unpaired surrogates cannot be written."""
    return html.escape(" ".join(text.encode("utf-8", "replace").decode().split()))


def _proxies(
    panels: Sequence[PlayerPanel], video: Path | str | None
) -> tuple[dict[Path, str], list[str]]:
    """Element ids of the panels' own videos, and the elements of those that are not ``video``; one
    that several panels show travels once."""
    files = dict.fromkeys(panel.media.path for panel in panels if panel.media is not None)
    whole = None if video is None else Path(video)
    urls = {path: "#media" if path == whole else f"#media-{k}" for k, path in enumerate(files, 1)}
    own = [(url[1:], path) for path, url in urls.items() if path != whole]
    return urls, [_data(name, path.read_bytes(), "video/mp4") for name, path in own]


def _step(entry: Mapping[str, Any]) -> str:
    """A recorded step: its operation, then its arguments as JSON."""
    said = [
        f"{name} {json.dumps(value, ensure_ascii=False, default=str)}"
        for name, value in entry.items()
        if name != "operation"
    ]
    return f"{entry.get('operation', 'step')}: {', '.join(said)}".removesuffix(": ")


def _how(panels: Sequence[PlayerPanel], commands: Sequence[str]) -> str:
    """The commands that make the same, and the recorded steps of every track."""
    parts = []
    if commands:
        parts.append(f"<pre>{html.escape(chr(10).join(commands))}</pre>")
    steps = [
        f"<dt>{_line(panel.title)}</dt>"
        + "".join(f"<dd>{_line(_step(entry))}</dd>" for entry in panel.track.provenance)
        for panel in panels
        if panel.track is not None and panel.track.provenance
    ]
    if steps:
        parts.append(f"<dl>{''.join(steps)}</dl>")
    if not parts:
        return ""
    return f"<details><summary>How this was made</summary>{''.join(parts)}</details>"


def comparison_page(
    panels: Sequence[PlayerPanel],
    *,
    sound: Audio | None = None,
    video: Path | str | None = None,
    video_size: tuple[int, int] | None = None,
    heard: int | None = None,
    title: str = "Comparison",
    note: str = "",
    curves: Sequence[Curve] = (),
    labels: Mapping[str, Sequence[TimedLabel]] | None = None,
    markers: Sequence[Marker] = (),
    scores: Mapping[str, Mapping[str, Score]] | None = None,
    nulls: Mapping[str, Mapping[str, Score]] | None = None,
    commands: Sequence[str] = (),
    start: float = 0.0,
) -> bytes:
    """One HTML file that opens from disk and plays: the app's own player, in any browser.

    Parameters
    ----------
    panels : as the player shows them; tracks that several panels share travel once
    sound : heard where there is no ``video``, as AAC (12 kB a second), and drawn in the timeline
    video : an .mp4 that browsers play (`core.media.make_proxy`), taken in whole with its own sound;
        a panel of kind "video" needs one, unless it has media of its own, which are taken in, too
    video_size : (width, height) that landmarks in pixels refer to; None: those of ``video``
    heard : the panel whose own audio is played, instead of ``sound`` and that of ``video``
    title, note : a heading and a sentence below it; untrusted text
    curves, labels, markers, start : as in `core.render.player.pack_player`
    scores, nulls : a table under the player, as in `core.quality.score_table`
    commands : the command lines that make the same

    Returns
    -------
    The file, UTF-8. Base64 makes a third more of media and landmarks; the player itself is small.

    Raises
    ------
    BadInput : no panel, a video panel without a video, and what packing and tables refuse.
    NoVideo, MissingFile, MediaError
    """
    if video is None and any(p.kind == "video" and p.media is None for p in panels):
        raise BadInput(
            "A panel shows the clip's video; give the page a video, or leave the panel out."
        )
    info = None if video is None else probe(video)
    picture = None if info is None else info.video
    if info is not None and picture is None:
        raise NoVideo(f"{Path(str(video)).name!r} has no video track; give it as the audio.")
    audible = sound if sound is not None and sound.n_samples else None
    timeline = None if audible is None else audio_overview(audible)
    ends = [track_end(p.track) for p in panels if p.track is not None and len(p.track)]
    ends += [float(p.media.times[-1]) + p.media.shift + 1e-3 for p in panels if p.media is not None]
    known = [*([info.duration] if info else []), audible.duration if audible else 0.0]
    duration = max([*ends, *known])
    media, kind = b"", ""
    if video is not None:
        media, kind = Path(video).read_bytes(), "video/mp4"
    elif audible is not None:
        media, kind = audio_bytes(audible), "audio/mp4"
    urls, proxies = _proxies(panels, video)
    buffer = pack_player(
        panels,
        media_url="inside this file" if media else None,
        panel_urls=urls,
        heard=heard,
        has_video=picture is not None,
        duration=duration,
        video_times=None if picture is None else picture.times,
        video_size=video_size or (None if picture is None else picture.size),
        peaks=None if timeline is None else timeline.peaks,
        spectrum=None if timeline is None else timeline.spectrum,
        silence=() if timeline is None else timeline.silence,
        curves=curves,
        labels=labels,
        markers=markers,
        start=start,
    )
    style, script = _STYLE + player_style(), offline_script()
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "media-src blob:; img-src blob: data:; base-uri 'none'; form-action 'none'"
    )
    table = score_table(scores, "html", nulls=nulls) if scores else ""
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Speechmarks">
<title>{_line(title)}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{_line(title)}</h1>
<p class="note">{_line(note)}</p>
<div id="player"><noscript>This page draws its faces with JavaScript.</noscript></div>
{f'<div class="scores">{table}</div>' if table else ""}
{_how(panels, commands)}
</main>
{_data("buffer", buffer)}
{_data("media", media, kind) if media else ""}
{"".join(proxies)}
<script type="module">{script}</script>
</body>
</html>
"""
    return page.encode("utf-8", "replace")
