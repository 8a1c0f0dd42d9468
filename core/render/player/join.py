"""ES modules joined into one script, for places that can load only one.

A Streamlit component takes its script as text, and a page opened from disk may load no modules.
Every module becomes a function that runs once and returns its exports, so each keeps a scope of its
own, exactly as in a browser that loads the files. The entry module comes last and keeps its default
export.

Supported: named imports and exports on declarations. Anything else is refused with the name of the
module and the line, because a join that guesses would fail in the browser, far from the cause.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["JoinError", "join_modules"]

_TABLE = "$modules"
_IMPORT = re.compile(r'^import \{([^{}]*)\} from "\./([\w/-]+\.js)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function\*?|const|class) ([\w$]+)", re.MULTILINE)
_STATEMENT = re.compile(r"^[ \t]*(import\b(?!\.meta)|export\b).*$", re.MULTILINE)
_COMMENT = re.compile(r"^ *(?://.*|/\*[\s\S]*?\*/) *$", re.MULTILINE)


class JoinError(ValueError):
    """A module that cannot be joined; the message names the module, the cause and the remedy."""


def join_modules(entry: Path) -> str:
    """The entry module and all that it imports, as one module without imports.

    Parameters
    ----------
    entry : Path
        The entry module. It runs last; its ``export default`` stays.

    Returns
    -------
    str
        JavaScript; modules follow in the order of the imports, each once.

    Raises
    ------
    JoinError
        A module is missing, imports itself through others, imports a name that is not exported, or
        holds an import or export that is not supported.
    """
    joined = _Joined(entry.resolve().parent)
    joined.add(entry.resolve())
    return "\n".join([f"const {_TABLE} = {{}};", *joined.parts])


@dataclass
class _Joined:
    """The modules joined so far: their text in order, and their exports by path."""

    root: Path
    parts: list[str] = field(default_factory=list)
    exports: dict[Path, list[str]] = field(default_factory=dict)

    def add(self, module: Path, importers: tuple[Path, ...] = ()) -> None:
        """Join a module after everything that it imports."""
        if module in self.exports:
            return
        if module in importers:
            cycle = [*importers[importers.index(module) :], module]
            raise JoinError(
                f"Modules import each other: {' -> '.join(path.name for path in cycle)}. "
                "Move what they share to a module of its own."
            )
        text = self._read(module, importers)
        imports = [self._import(module, importers, match) for match in _IMPORT.finditer(text)]
        body = _IMPORT.sub("", text)
        self.exports[module] = [match[2] for match in _EXPORT.finditer(body)]
        body = _EXPORT.sub(r"\1 \2", body).strip("\n")
        for match in _STATEMENT.finditer(_COMMENT.sub("", body)):
            if importers or not match[0].startswith("export default "):
                raise JoinError(
                    f"{module.name}: expected 'import {{ name }} from \"./file.js\";' or "
                    f"'export function name', got {match[0].strip()!r}."
                )
        code = "\n".join([*imports, body])
        if importers:
            back = f"return {{ {', '.join(self.exports[module])} }};"
            code = f"{self._slot(module)} = (() => {{\n{code}\n{back}\n}})();"
        self.parts.append(f"// {module.name}\n{code}")

    def _read(self, module: Path, importers: tuple[Path, ...]) -> str:
        try:
            text = module.read_text(encoding="utf-8")
        except FileNotFoundError:
            by = importers[-1].name if importers else "the caller"
            raise JoinError(f"{by}: expected a module {module.name}, found no such file.") from None
        if _TABLE in text:
            raise JoinError(f"{module.name}: the join uses the name {_TABLE}; choose another name.")
        return text

    def _import(self, module: Path, importers: tuple[Path, ...], match: re.Match[str]) -> str:
        """An import as a declaration, after its source has been joined."""
        source = (module.parent / match[2]).resolve()
        self.add(source, (*importers, module))
        names = [name.strip() for name in match[1].split(",") if name.strip()]
        for name in names:
            if name not in self.exports[source]:
                raise JoinError(
                    f"{module.name}: expected an export {name!r} of {source.name}, which has "
                    f"{', '.join(self.exports[source]) or 'none'}."
                )
        return f"const {{ {', '.join(names)} }} = {self._slot(source)};"

    def _slot(self, module: Path) -> str:
        return f"{_TABLE}[{json.dumps(module.relative_to(self.root).as_posix())}]"
