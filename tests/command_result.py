"""What a command of the command line gave."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Result:
    """One command of the command line: exit code, standard output and error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        assert self.code in (0, 3), self.err
        data = json.loads(self.out)
        assert isinstance(data, dict) and self.out.count("\n") == 1
        assert "NaN" not in self.out and "Infinity" not in self.out
        return data

    @property
    def reason(self) -> str:
        """The one line that says why a command was refused."""
        lines = [line for line in self.err.splitlines() if not line.startswith("note: ")]
        assert self.code == 2 and self.out == "" and len(lines) == 1, (self.out, self.err)
        assert lines[0].startswith("error: ") and len(lines[0]) > 20
        return lines[0]
