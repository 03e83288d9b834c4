"""What pages, homeworks and code cite exists: equations, deeper pages, lessons."""

import re

import pytest

import notebooks
from conftest import ROOT

LESSONS = {path.stem: path.read_text("utf-8") for path in notebooks.lessons()}
PAGES = {stem.partition("-")[0].lstrip("0") or "0": text for stem, text in LESSONS.items()}  # "6b": its text
EQUATIONS = {tag for text in LESSONS.values() for tag in re.findall(r"\\tag\{(\d+[a-z]?\.\d+)\}", text)}
CITING = sorted(
    path
    for pattern in (
        "notebooks/en/*.md", "grading/homework/en/*.md", "grading/checks/*.py", "grading/*.md", "src/**/*.py",
        "src/vaelab/hints/*.json", "book/*.md", "README.md",
    )
    for path in ROOT.glob(pattern)
)  # fmt: skip
NUMBER = r"\((\d+[a-z]?\.\d+)\)"


@pytest.mark.parametrize("stem", LESSONS)
def test_equations_are_numbered_by_their_page(stem):
    page = stem.partition("-")[0].lstrip("0")
    for tag in re.findall(r"\\tag\{(.*?)\}", LESSONS[stem]):
        assert tag.partition(".")[0] == page, f"{tag} stands on page {page}"


def test_no_equation_has_the_number_of_another():
    tags = [tag for text in LESSONS.values() for tag in re.findall(r"\\tag\{(.*?)\}", text)]
    assert len(tags) == len(set(tags)) > 60


@pytest.mark.parametrize("path", CITING, ids=lambda path: str(path.relative_to(ROOT)))
def test_cited_equations_and_pages_exist(path):
    text = path.read_text("utf-8")
    cited = re.findall(rf"(?i:equations?) {NUMBER}", text) + re.findall(
        rf"(?i:equations?) {NUMBER} (?:and|to) {NUMBER}", text
    )
    for tag in {tag for found in cited for tag in ([found] if isinstance(found, str) else found)}:
        assert tag in EQUATIONS, f"there is no equation ({tag})"
    for page in re.findall(r"\b[Pp]ages? (\d+[a-z])\b", text):
        assert page in PAGES, f"there is no page {page}"
    ours = "\n".join(line for line in text.split("\n") if "edition" not in line)  # other books have chapters, too
    for chapter in re.findall(r"\b[Cc]hapters? (\d+)\b", ours):
        assert chapter.lstrip("0") in PAGES, f"there is no chapter {chapter}"


@pytest.mark.parametrize("stem", LESSONS)
def test_links_between_lessons_lead_to_lessons(stem):
    for target in re.findall(r"\]\(([\w-]+)\.ipynb\)", LESSONS[stem]):
        assert target in LESSONS, f"there is no lesson {target}"
