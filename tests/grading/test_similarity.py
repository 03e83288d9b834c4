"""Copies stand at the top of the list, and people who solved the same task by themselves below them."""

import ast
import builtins
import json
import keyword
import random
import re

import pytest

from grading import bank, similar_page
from grading import similarity as sim
from grading.homework import cut, masters
from grading.submissions import Submission
from grading_case import homework_called

HONEST = 21  # students, which are 210 pairs


def composed(homework, count, seed=0):
    """Honest notebooks' code: for each task one of the bank's ways of writing, no two students with the same choice."""
    rights, rng, found = list(bank.right(homework).values()), random.Random(seed), {}
    while len(found) < count:
        pick = tuple(rng.randrange(len(rights)) for _ in homework.tasks)
        found[pick] = [rights[i][task.name].strip() for i, task in zip(pick, homework.tasks, strict=True)]
    return list(found.values())


def disguised(functions, seed=0):
    """A copy: names changed, functions in another order, comments and strings of its own."""
    text = "\n\n\n".join(functions)
    tree = ast.parse(text)
    own = {arg.arg for node in ast.walk(tree) if isinstance(node, ast.arguments) for arg in node.args}
    own |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for n, name in enumerate(sorted(own - {*keyword.kwlist, *dir(builtins)})):
        text = re.sub(rf"(?<![\w.]){name}(?!\w)", f"my_{n}", text)
    parts = [f"# my own idea\n{part.strip()}  # done" for part in re.split(r"(?m)^(?=def )", text) if part.strip()]
    random.Random(seed).shuffle(parts)
    return "\n\n\n".join(parts)


@pytest.mark.parametrize("name", masters())
def test_disguised_copy_is_on_top_and_two_hundred_honest_pairs_stay_below(name):
    homework = homework_called(name)
    class_, given = composed(homework, HONEST), sim.given_by(homework, cut)
    works = [sim.work_of(f"honest {i}", "\n\n\n".join(one), "", given) for i, one in enumerate(class_)]
    honest = sim.ranked(works)
    assert len(works) * (len(works) - 1) / 2 >= 200 and honest[0].score < 0.8
    for victim in (0, 7):
        copy = disguised(class_[victim])
        assert "my_1" in copy and "# my own idea" in copy
        pairs = sim.ranked([*works, sim.work_of("copy", copy, "", given)])
        assert {pairs[0].first.student, pairs[0].second.student} == {f"honest {victim}", "copy"}
        assert pairs[0].score > 1.1 * honest[0].score and pairs[0].score > 1.1 * pairs[1].score


def test_copied_words_are_found_among_answers_to_the_same_question():
    homework = homework_called("hw2")
    given = sim.given_by(homework, cut)
    question = homework.notebook.cells[-2].source
    rng = random.Random(0)
    vocabulary = re.findall(r"\w+", " ".join(cell.source for cell in homework.notebook.cells))
    texts = [question + " ".join(rng.choices(vocabulary, k=200)) for _ in range(10)]
    texts.append(" ".join(w if rng.random() < 0.93 else "otherwise" for w in texts[3].split()))
    pairs = sim.ranked([sim.work_of(str(i), "", text, given) for i, text in enumerate(texts)])
    assert (pairs[0].first.student, pairs[0].second.student) == ("3", "10") and pairs[0].words > 0.4
    assert all(pair.score < 0.1 for pair in pairs[1:])


def test_untouched_notebooks_do_not_resemble_each_other():
    homework = homework_called("hw2")
    empty = bank.notebook(homework, {}).encode()
    class_ = [Submission(name, "", empty, (0, 0)) for name in ("ada", "bo")]
    works, _ = similar_page.works_of(homework, [*class_, Submission("chi", "", None, (0, 0), "nothing")])
    assert all(pair.score < 0.1 for pair in sim.ranked(works)) and len(works) == 3


def test_magics_and_broken_lines_stop_nothing_and_names_leave_no_trace():
    def texts(source):
        return [token.text for token in sim.code_tokens(source)]

    assert texts("def f(a):\n    # why\n    return np.exp(a) + len('x')") == texts('def g(b): return q.exp(b)+len("y")')
    assert (
        texts("np.exp(a)") != texts("np.log(a)")
        and texts("a + b") != texts("a - b")
        and texts("2 * a") != texts("3 * a")
    )
    assert texts("%time f(\n!ls 'x\n  )))\n\x00é")
    assert not texts("# only a comment\n\n") and sim.fingerprints([], 3, 2) == {}


def test_page_table_and_export_are_written_and_escaped(tmp_path):
    homework = homework_called("hw2")
    code = "\n\n\n".join(composed(homework, 1)[0])

    def submission(student, source, words):
        cells = [{"cell_type": "code", "source": f"%matplotlib inline\n{source}\nx = '<script>'"},
                 {"cell_type": "markdown", "source": words}]  # fmt: skip
        return Submission(student, "", json.dumps({"cells": cells}).encode(), (0, 0))

    class_ = [submission("=Ada <b>", code, "I think so."), submission("Bo", disguised([code]), "As for me, no.")]
    said = similar_page.write(tmp_path, homework, class_)
    page = (tmp_path / "similar.html").read_text("utf-8")
    assert "2 submissions" in said and "<mark>" in page and "<script" not in page and "Ada &lt;b&gt;" in page
    assert page.count("<pre>") >= 2 * len(homework.tasks) and "'=Ada" in (tmp_path / "similar.csv").read_text("utf-8")
    exported = sorted(path.relative_to(tmp_path / "export").parts[0] for path in tmp_path.rglob("export/*/*"))
    assert exported == ["code", "code", "given", "given", "words", "words"]
    for path in tmp_path.rglob("export/*/*.py"):
        ast.parse(path.read_text("utf-8"))
    assert "raise NotImplementedError" in (tmp_path / "export/given/hw2.py").read_text("utf-8")
