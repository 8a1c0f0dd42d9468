"""models list, info."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from core.cli.console import Done, app, command
from core.models import list_models
from core.models.store import model_card

__all__: list[str] = []

models = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Pretrained models.")
app.add_typer(models, name="models")


@command("list", models)
def list_command() -> Done:
    """Shipped models, one a line."""
    cards = list_models()
    rows = [{"name": c.name, "family": c.family, "summary": c.summary} for c in cards]
    width = max((len(c.name) for c in cards), default=0)
    lines = [f"{c.name:<{width}}  {c.family:<4}  {c.summary}" for c in cards]
    return Done("\n".join(lines) or "no models are shipped", {"models": rows})


@command("info", models)
def info_command(name: Annotated[str, typer.Argument(help="Model name.")]) -> Done:
    """A model's card: data, licence, recipe, errors beside the nulls."""
    card = model_card(name)
    data = {"name": card.name, "family": card.family, "summary": card.summary, **card.card}
    return Done(
        f"{card.name} ({card.family}): {card.summary}\n" + json.dumps(card.card, indent=2), data
    )
