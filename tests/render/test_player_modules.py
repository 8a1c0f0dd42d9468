"""The player's JavaScript: its modules, their join into one script, and its own unit tests."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.render.player import (
    Curve,
    PlayerPanel,
    live_script,
    offline_script,
    pack_player,
    player_script,
    unpack_player,
)
from core.render.player.join import JoinError, join_modules
from core.tracks.labels import TimedLabel
from core.tracks.track import LandmarkTrack

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "core" / "render" / "player" / "js"
ENTRIES = {"streamlit.js", "offline.js", "live_streamlit.js"}
Node = Callable[..., str]


@pytest.fixture(scope="module")
def node() -> Node:
    """``node(*arguments, text="")`` -> standard output, by the Node.js that playwright brings.

    Without playwright the test is skipped; with ``REQUIRE_BROWSER=1`` it fails.
    """
    found = importlib.util.find_spec("playwright")
    names = ("node", "node.exe")
    folder = Path(found.origin).parent / "driver" if found and found.origin else Path()
    program = next((folder / name for name in names if (folder / name).is_file()), None)
    if program is None:
        reason = "no Node.js: playwright is not installed (pip install -r requirements-test.txt)"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)

    def run(*arguments: str, text: str = "") -> str:
        done = subprocess.run(
            [str(program), *arguments], input=text, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def test_the_javascript_unit_tests_pass(node: Node) -> None:
    files = sorted(str(path) for path in (ROOT / "tests" / "render" / "js").glob("*.test.mjs"))
    report = node("--test", "--test-reporter=tap", *files)
    assert int(re.findall(r"^# pass (\d+)$", report, re.MULTILINE)[0]) > 50, report


def test_every_module_loads_by_itself_without_a_page(node: Node) -> None:
    modules = sorted(path.name for path in MODULES.glob("*.js") if path.name != "offline.js")
    text = "".join(f"await import({json.dumps((MODULES / name).as_uri())});" for name in modules)
    node("--input-type=module", text=text)


@pytest.mark.parametrize("script", [player_script, offline_script, live_script])
def test_a_joined_script_is_one_valid_module(
    script: Callable[[], str], node: Node, tmp_path: Path
) -> None:
    file = tmp_path / "joined.mjs"
    file.write_text(script(), encoding="utf-8")
    node("--check", str(file))


def bare(text: str) -> str:
    """JavaScript without its comments and the text of its strings."""
    text = re.sub(r"/\*.*?\*/|^ *//.*?$|\s//\s.*?$", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)
    return re.sub(r"`[^`]*`", lambda m: " ".join(re.findall(r"\$\{([^}]*)\}", m[0])), text)


def imports(text: str) -> dict[str, str]:
    """The module that each imported name comes from."""
    found = re.findall(r'^import \{([^}]*)\} from "\./([^"]+)";', text, re.MULTILINE)
    return {
        name.strip(): source for names, source in found for name in names.split(",") if name.strip()
    }


def test_modules_import_what_they_use_and_use_what_they_import() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in MODULES.glob("*.js")}
    exports = {
        name: source
        for source, text in texts.items()
        for name in re.findall(r"^export (?:async )?(?:function|const) (\w+)", text, re.MULTILINE)
    }
    wrong = []
    for module, text in texts.items():
        body = bare(re.sub(r"^import [^;]*;", "", text, flags=re.MULTILINE))
        known = imports(text)
        wrong += [f"{module} does not use {n}" for n in known if not re.search(rf"\b{n}\b", body)]
        for name in re.findall(r"(?<![\w$.])(\w+)\(", body):
            own = re.search(rf"(?:function|const|let) {name}\b|[({{,] *{name} *[,}})=]", body)
            if name in exports and name not in known and not own:
                wrong.append(f"{module} uses {name} of {exports[name]} without importing it")
    assert not wrong


def test_every_module_belongs_to_a_script() -> None:
    joined = "\n".join([player_script(), offline_script(), live_script()])
    parts = set(re.findall(r"^// (\w+\.js)$", joined, re.MULTILINE))
    assert parts == {path.name for path in MODULES.glob("*.js")}
    assert parts >= ENTRIES


def test_joined_modules_keep_their_own_names_and_run_in_the_order_of_imports(
    node: Node, tmp_path: Path
) -> None:
    (tmp_path / "a.js").write_text("const own = 1;\nexport const a = own;\n")
    (tmp_path / "b.js").write_text(
        'import { a } from "./a.js";\nconst own = 10;\n'
        "export function b() {\n  return a + own;\n}\n"
    )
    (tmp_path / "main.js").write_text(
        'import {\n  b,\n} from "./b.js";\nimport { a } from "./a.js";\n'
        "const own = 100;\nconsole.log(own + b() + a);\nexport default function () {}\n"
    )
    script = join_modules(tmp_path / "main.js")
    assert script.count("const own = 1;") == 1
    assert node("--input-type=module", text=script) == "112\n"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"main": 'import { x } from "./gone.js";\n'}, ["main.js", "gone.js", "no such file"]),
        (
            {"main": 'import { x, y } from "./a.js";\n', "a": "export const x = 1;\n"},
            ["main.js", "'y'", "a.js", "has x"],
        ),
        (
            {
                "main": 'import { a } from "./a.js";\n',
                "a": 'import { b } from "./b.js";\nexport const a = 1;\n',
                "b": 'import { a } from "./a.js";\nexport const b = 1;\n',
            },
            ["a.js -> b.js -> a.js"],
        ),
        ({"main": 'import * as a from "./a.js";\n'}, ["main.js", "import * as a"]),
        ({"main": 'import { x as y } from "./a.js";\n', "a": "export const x = 1;\n"}, ["x as y"]),
        (
            {"main": 'import { x } from "./a.js";\n', "a": "export let x = 1;\n"},
            ["a.js", "export let x"],
        ),
        ({"main": 'import { x } from "./a.js";\n', "a": "const x = 1;\nexport { x };\n"}, ["a.js"]),
        (
            {
                "main": 'import { x } from "./a.js";\n',
                "a": "export const x = 1;\nexport default 2;",
            },
            ["a.js", "export default"],
        ),
        ({"main": "const $modules = 1;\n"}, ["main.js", "$modules"]),
    ],
    ids=[
        "a module that does not exist",
        "a name that is not exported",
        "modules that import each other",
        "an import of everything",
        "an import under another name",
        "an export that could change",
        "a list of exports",
        "a default export of an inner module",
        "the name of the join itself",
    ],
)
def test_what_cannot_be_joined_is_named(
    files: dict[str, str], words: list[str], tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / f"{name}.js").write_text(text)
    with pytest.raises(JoinError) as caught:
        join_modules(tmp_path / "main.js")
    assert [word for word in words if word not in str(caught.value)] == []


READ = """
import { readFileSync } from "node:fs";
import { readPoints, readSpread } from POINTS;
import { hashBytes, readBuffer } from UNPACK;
const data = readBuffer(new Uint8Array(readFileSync(FILE)));
const list = (values) => Array.from(values, (v) => (Number.isNaN(v) ? null : v));
console.log(JSON.stringify({
  title: data.header.panels[0].title,
  points: data.tracks.map((t) => Array.from({ length: t.frames }, (_, f) =>
    list(readPoints(t, f, new Float64Array(2 * t.points))))),
  spread: data.tracks.map((t) => t.spread && Array.from({ length: t.frames }, (_, f) =>
    list(readSpread(t, f, 1, new Float64Array(t.points))))),
  times: data.tracks.map((t) => Array.from({ length: t.frames }, (_, f) => t.timing.at(f))),
  has: data.tracks.map((t) => list(t.has)),
  stepping: [data.stepping.count, data.stepping.rate],
  curve: list(data.curves[0].values),
  peaks: list(data.peaks),
  spectrum: list(data.spectrum),
  hashes: [[1, 2, 3, 4], [1, 2, 3, 5]].map((b) => hashBytes(Uint8Array.from(b))),
  shifted: hashBytes(Uint8Array.from([9, 1, 2, 3, 4]).subarray(1)),
}));
"""


def test_the_browser_unpacks_what_python_packs(node: Node, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    flat = rng.normal(200, 40, size=(5, 68, 2))
    flat[2] = np.nan
    flat[3, 7] = np.nan
    spread = rng.uniform(0, 3, size=(5, 68))
    spread[3, 7] = np.nan
    solid = rng.normal(size=(4, 68, 3))
    uneven = np.array([0.0, 0.03, 0.1, 0.14])
    panels = [
        PlayerPanel("ü 口", track=LandmarkTrack(flat, np.arange(5) / 25, spread=spread)),
        PlayerPanel("solid", track=LandmarkTrack(solid, uneven, space="template")),
    ]
    buffer = pack_player(
        panels,
        media_url=None,
        has_video=False,
        duration=0.2,
        fps=30,
        peaks=[0.25, 1.0],
        spectrum=np.arange(6, dtype=np.uint8).reshape(2, 3),
        curves=[Curve("c", "", "#0072b2", np.arange(3.0), np.array([1.0, np.nan, 2.0]))],
        labels={"words": [TimedLabel(0.0, 0.1, "one")]},
    )
    file = tmp_path / "buffer.bin"
    file.write_bytes(buffer)
    text = READ.replace("FILE", json.dumps(str(file)))
    text = text.replace("POINTS", json.dumps((MODULES / "points.js").as_uri()))
    text = text.replace("UNPACK", json.dumps((MODULES / "unpack.js").as_uri()))
    found = json.loads(node("--input-type=module", text=text))
    expected = unpack_player(buffer)
    for i in range(2):
        points = np.array(found["points"][i], dtype=np.float64).reshape(-1, 68, 2)
        np.testing.assert_allclose(points, expected.points[i][..., :2], rtol=1e-12)
        np.testing.assert_allclose(found["times"][i], expected.times[i], atol=1e-6)
    known = expected.spread[0]
    assert known is not None and found["spread"][1] is None
    np.testing.assert_allclose(np.array(found["spread"][0], dtype=np.float64), known)
    assert found["has"] == [[1, 1, 0, 1, 1], [1, 1, 1, 1]]
    assert found["title"] == "ü 口" and found["curve"] == [1, None, 2]
    assert found["stepping"] == [6, pytest.approx(30)]
    assert (found["peaks"], found["spectrum"]) == ([0.25, 1], [0, 1, 2, 3, 4, 5])
    one, other = found["hashes"]
    assert found["shifted"] == one != other
