"""The table of commands, which ``--help`` shows without importing them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.main import get_group

import core.cli
from core.cli.app import COMMANDS, load

FOLDER = Path(core.cli.__file__).parent


def test_the_table_names_every_command_that_a_module_defines() -> None:
    assert set(get_group(load()).commands) == set(COMMANDS)


def test_every_module_with_commands_has_a_line_in_the_table() -> None:
    with_commands = {p.stem for p in FOLDER.glob("*.py") if "\n@command(" in p.read_text()}
    assert with_commands == {name for entry in COMMANDS.values() for name in entry.modules}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_line_of_help_fits_a_terminal(name: str) -> None:
    summary = COMMANDS[name].summary
    assert summary.endswith(".") and len(summary) <= 66


def test_a_mistyped_command_is_answered_with_the_nearest(run: Any) -> None:
    assert "Did you mean 'compare'" in run("comapre").reason
