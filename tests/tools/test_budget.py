"""Lessons stay within their budgets, say how long they take, keep one notation, and test what they promise."""

import re

import jupytext
import nbformat
import pytest

import budget
import notebooks
from files import ROOT

LESSONS = [path for path in notebooks.lessons() if not path.name.startswith("hw")]


def test_pages_keep_their_budgets_their_notation_and_their_promises():
    assert {path.stem: found for path in LESSONS if (found := budget.count(path).faults)} == {}


TEXTS = sorted([*ROOT.glob("grading/homework/*/*.md"), *ROOT.glob("book/*.md")])


@pytest.mark.parametrize("path", TEXTS, ids=[path.name for path in TEXTS])
def test_homeworks_and_the_sites_own_pages_keep_to_the_same_notation(path):
    code = r"^```\{?code.*?^```$|`[^`\n]*`"
    text = re.sub(code, "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    assert budget.formula_faults(text) == []


def test_the_path_is_short_enough_as_a_whole():
    assert sum(budget.count(path).whole for path in LESSONS if budget.is_path(path.stem)) <= budget.MOST_WORDS


# The counting, on a page made for it.

PAGE = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
vaelab:
  objectives: [exercise 1, question 3]
---

# 4. A page

Two words $x^2 + y^2$ and [a link](http://example.org/not-counted).

**After this chapter you will be able to**

- count;
- weigh.

**Time:** 10 minutes, two of them computing. **You need:** nothing.

```{code-cell} ipython3
---
mystnb: {image: {alt: "Not counted at all, however many words it has."}}
---
x = 1  # three comment words

y = 2
```

```{code-cell} ipython3
:tags: [hide-cell, check]
:jupyter: {source_hidden: true}

# Folded, so neither lines nor words.
assert x < y
```

## A section

$$z = \\ln x \\tag{4.1}$$

## Exercises

**1.** Do it.

<details><summary>Solution</summary>

Done.

</details>

## Check yourself

QUESTIONS

## The limits of this page

None of this counts, not even a dozen more words.
"""
QUESTION = """**{}.** Is it?

<details><summary>It is.</summary>

**{}.** Because.

</details>

<details><summary>It is not.</summary>

**{}.** Because.

</details>
"""


def page(text=PAGE, right="YYYYY", stem="04-page", living=1):
    answers = {"Y": ("Yes", "No"), "N": ("No", "No"), "B": ("Yes", "Yes")}
    questions = "\n".join(QUESTION.format(i, *answers[kind]) for i, kind in enumerate(right, 1))
    notebook = jupytext.reads(text.replace("QUESTIONS", questions), fmt="md:myst")
    return budget.count_notebook(notebook, stem, living)


def test_words_lines_figures_and_minutes_are_counted():
    found = page()
    title, first, promises, time, comment, section = 3, 6, 10, 10, 3, 2
    assert found.words == title + first + promises + time + comment + section
    headings_and_exercise, question = 8, 12
    assert found.whole - found.words == headings_and_exercise + 5 * question
    assert (found.lines, found.sections, found.figures, found.equations, found.exercises) == (2, 1, 1, 1, 1)
    assert (found.stated, found.computing, found.minutes) == (10, 2, 5)
    assert found.faults == ["says 10 minutes, counted are 5"]


def faults(old="", new="", **how):
    text = PAGE.replace("**Time:** 10", "**Time:** 5")
    assert old in text
    return page(text.replace(old, new, 1) if old else text, **how).faults


def test_a_page_in_order_has_no_fault():
    assert faults() == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("[exercise 1, question 3]", "[exercise 2, question 3]", "'exercise 2', which is not on the page"),
        ("[exercise 1, question 3]", "[exercise 1, question 6]", "'question 6', which is not on the page"),
        ("[exercise 1, question 3]", "[exercise 1]", "2 objectives are listed, 1 are mapped"),
        ("two of them computing", "some of them computing", "**Time:** is missing or says none of"),
        ("\\ln x", "\\log x", r"should be \ln"),
        ("\\ln x", "\\epsilon", r"should be \varepsilon"),
        ("\\ln x", "N(0, I)", r"should be \mathcal{N}"),
        ("\\ln x", "D_{KL}(q) KL", r"should be \mathrm{KL}"),
        ("\\ln x", "q(z|x)", r"should be \mid"),
        ("Two words", "Two N(0, I) words", "should be a formula"),
        ("Two words", "A rate of 0.1", "should be learning rate"),
        ("Two words", "Simply two words", "simply"),
        ("Two words", "Two words!", "exclamation"),
        ("Two words", "The network wants two words", "networks that feel (network wants)"),
        ("Two words", "Is? " * 9, "9 question marks"),
        ("Two words", "So it is. " * 7, "7 sentences that start with So"),
        ("Two words", "It is. (It is not.) " * 4, "4 whole sentences in parentheses"),
        ("Two words", "word " * 2201, "words, at most 2200"),
        ("x = 1", "x = 1\n" * 150, "152 lines, at most 150"),
        ("## A section", "## A section\n\n" * 7, "7 sections, at most 6"),
    ],
)
def test_faults_are_found(old, new, fault):
    found = faults(old, new)
    assert any(fault in each for each in found), found


@pytest.mark.parametrize("fine", ["$\\mathcal{N}(0, I)$", "`N(0, I)`", "the set **N(0, I)**", "learning rate",
                                  "$q(z \\mid x)$", "$w_{KL}$", "$\\text{KL of it}$", "$\\mathrm{KL}$"])  # fmt: skip
def test_right_notation_is_no_fault(fine):
    assert faults("Two words", f"Two {fine}") == []


@pytest.mark.parametrize("kind", ["N", "B"])
def test_each_question_has_one_right_answer(kind):
    assert [fault for fault in faults(right=f"YY{kind}YY") if fault.startswith("question 3: 2 answers")]
    assert "the self-check's questions are numbered 1, 2, 3, 4, not 1 to 5" in faults(right="YYYY")


@pytest.mark.parametrize(("stem", "living", "fine"), [("04-page", 0, False), ("04-page", 1, True), ("07-vae", 3, True),
                                                      ("00-tour", 1, False), ("04b-page", 0, True)])  # fmt: skip
def test_one_living_figure_is_expected_on_the_path(stem, living, fine):
    assert any("living" in fault for fault in faults(stem=stem, living=living)) != fine


def test_a_guess_is_no_living_figure(tmp_path):
    view = {"output_type": "display_data", "metadata": {}, "data": {"application/vnd.jupyter.widget-view+json": {}}}
    new = nbformat.v4.new_code_cell
    cells = [new(source, outputs=[nbformat.from_dict(view)]) for source in ("Guess('?', 3)", "KLFigure()")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "page.ipynb")
    assert budget.living_figures(tmp_path / "page.ipynb") == 1
