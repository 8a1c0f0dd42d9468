"""models list, info, get, verify: pretrained weights and where they come from."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from ..models import ModelCard, known_models
from ..models.store import model_card
from ..weights import RemoteFile, files_of, get, identify, weight_store, weights_folder
from .console import Done, Progress, app, command

__all__: list[str] = []

models = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Pretrained models.")
app.add_typer(models, name="models")


def _exact_size(card: ModelCard) -> int | None:
    if card.ready or card.entry.remote is None:
        return card.size
    return card.entry.remote.size


def _row(card: ModelCard) -> dict[str, Any]:
    return {
        "name": card.name,
        "family": card.family,
        "state": card.state,
        "summary": card.summary,
        "voices": card.entry.voices or None,
        "licence": card.licence,
        "bytes": _exact_size(card),
        "path": str(card.path) if card.ready else None,
    }


@command("list", models)
def list_command() -> Done:
    """List the models with family and state."""
    cards = known_models()
    rows = [_row(card) for card in cards]
    wide = [max(len(row[key]) for row in rows) for key in ("name", "family", "state")]
    lines = [
        "  ".join(
            [
                *(f"{row[k]:<{w}}" for k, w in zip(("name", "family", "state"), wide, strict=True)),
                row["summary"],
            ]
        )
        for row in rows
    ]
    return Done("\n".join(lines), {"models": rows})


@command("info", models)
def info_command(name: Annotated[str, typer.Argument(help="Model name.")]) -> Done:
    """Show the card of a model. Source, licence, citation, recipe, scores."""
    card = model_card(name)
    remote, here = card.entry.remote, weight_store()
    places = {file.name: here.find(file) for file in card.entry.downloads}
    files = [
        {
            "name": file.name,
            "source": file.source,
            "blob_id": file.blob_id,
            "here": str(places[file.name] or "") or None,
        }
        for file in card.entry.downloads
    ]
    about = _row(card) | {"citation": card.citation, "files": files}
    about |= {"settings": dict(card.entry.options)}
    lines = [f"{card.name} ({card.family}, {card.state}): {card.summary}"]
    lines += [f"licence: {card.licence}", f"cite: {card.citation}"]
    if remote is not None:
        lines += [f"from: {file['source']} ({file['here'] or 'not downloaded'})" for file in files]
    if card.entry.options:
        lines.append("made for: " + ", ".join(f"{k} {v}" for k, v in card.entry.options.items()))
    if (other := here.impostor(card.entry)) is not None:
        about |= {"found": str(other)}
        lines.append(f"found, but with other content: {other}")
    if card.card:
        lines.append(json.dumps(card.card, indent=2))
    return Done("\n".join(lines), about | card.card)


@command("get", models)
def get_command(
    name: Annotated[str, typer.Argument(help="Model or encoder name, or a file of the registry.")],
) -> Done:
    """Download a published model or encoder. An interrupted download continues."""
    bars: dict[str, Progress] = {}

    def report(file: RemoteFile, done: int, total: int | None) -> None:
        if not done:
            return
        known = None if total is None else total / 1e6
        bars.setdefault(file.name, Progress(file.name, known, "MB"))(done / 1e6)

    try:
        found = get(files_of(name), report)
    finally:
        for bar in bars.values():
            bar.close()
    files = [
        {"name": f.name, "path": str(f.path), "bytes": f.path.stat().st_size, "new": f.new}
        for f in found
    ]
    new = [f.name for f in found if f.new]
    if new:
        line = f"{name}: downloaded {', '.join(new)} -> {weights_folder()}"
    elif found:
        line = f"{name} is already downloaded: {', '.join(str(f.path) for f in found)}"
    else:
        line = f"{name} is shipped with this copy; there is nothing to download"
    return Done(line, {"name": name, "files": files})


@command("verify", models)
def verify_command(
    file: Annotated[Path, typer.Argument(help="Any file; it is hashed, never opened.")],
) -> Done:
    """Verify by hash that a file is the published one."""
    found = identify(file)
    if found.ok:
        line = f"{file.name} is {found.name}, as published"
    elif found.known:
        line = (
            f"{file.name} is not {found.name}: expected {found.expected}, got the blob id "
            f"{found.blob_id} and the sha256 {found.sha256}"
        )
    else:
        line = f"{file.name} is not a file of the registry (blob id {found.blob_id})"
    return Done(line, asdict(found))
