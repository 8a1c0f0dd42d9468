"""The repository speaks for itself: no reference to documents outside it, no dead link inside."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = {".py", ".md", ".toml", ".js", ".css", ".html", ".json", ".yaml", ".txt", ""}
MARKDOWN = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("samples/*.md")])


def _files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout, so the files of the repository are unknown")
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [path for path in paths if path.suffix in TEXT and path.is_file()]


def _anchors(document: Path) -> set[str]:
    """Anchors of the headings of a Markdown file, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")
        for heading in headings
    }


def test_nothing_cites_a_document_that_is_not_in_the_repository():
    cited = re.compile(r"\b(" + "|".join(("SPE" + "C", "DESI" + "GN")) + r") \d")
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in _files()
        for line in path.read_text(errors="replace").splitlines()
        if cited.search(line)
    ]
    assert found == []


def test_every_mention_of_a_page_of_docs_names_a_page_and_a_heading_that_exist():
    mention = re.compile(r"docs/([\w/-]+\.md)(?:#([\w-]+))?")
    dead = [
        f"{path.relative_to(ROOT)}: {page}#{anchor}"
        for path in _files()
        for page, anchor in mention.findall(path.read_text(errors="replace"))
        if not (ROOT / "docs" / page).is_file()
        or (anchor and anchor not in _anchors(ROOT / "docs" / page))
    ]
    assert dead == []


@pytest.mark.parametrize("document", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_of_a_document_lead_to_files_and_headings_that_exist(document):
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        page, _, anchor = target.partition("#")
        file = (document.parent / page).resolve() if page else document
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            dead.append(target)
    assert dead == []
