"""Draw the import contracts of pyproject.toml into docs/architecture.md.

python docs/draw_layers.py
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
_MARKED = re.compile(r"(<!-- layers -->\n).*?(<!-- end -->)", re.DOTALL)


def mermaid(config: dict[str, object]) -> str:
    """The two layer contracts as a diagram; an arrow means "may import"."""
    contracts = {c["id"]: c for c in config["tool"]["importlinter"]["contracts"]}  # type: ignore[index]
    top = contracts["layers"]["layers"]
    floors = [re.split(r"\s*[:|]\s*", text) for text in contracts["core-layers"]["layers"]]
    lines = ["```mermaid", "flowchart TD"]
    lines += [f"    {name}" for name in top if name != "core"]
    lines.append('    subgraph core ["core"]')
    for number, names in enumerate(floors):
        lines.append(f'        floor{number}["{", ".join(names)}"]')
    lines += [f"        floor{k} --> floor{k + 1}" for k in range(len(floors) - 1)]
    lines.append("    end")
    lines += [f"    {a} --> {b}" for a, b in zip(top, top[1:], strict=False)]
    return "\n".join([*lines, "```", ""])


def drawn(page: str) -> str:
    """The text of the page with the diagram of the contracts as they are now."""
    diagram = mermaid(tomllib.loads((ROOT / "pyproject.toml").read_text()))
    return _MARKED.sub(lambda found: f"{found[1]}{diagram}{found[2]}", page)


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text()))
