"""What comes out of a run: grades.csv, a page for each student, Gradescope's files, a summary, a picture."""

import collections
import csv
import html
import io
import json
import re
import statistics

from grading.files import write_whole
from grading.submissions import MISSING

BINS = 10
MOST_REMARKS = 12  # that the summary shows
UNGOVERNED = "UNGOVERNED: graded without a sandbox; the submitted code could have changed these marks."
STYLE = """\
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:1.6rem 0 .2rem}.points{float:right;font-variant-numeric:tabular-nums}
meter{width:100%;height:.8rem}ul{margin:.3rem 0 0;padding-left:1.2rem}
.banner{border:3px solid #b4235a;padding:.5rem 1rem}p.good{margin:.3rem 0 0}.small{opacity:.75;font-size:.9rem}"""


def number(value):
    """Points as people write them: 7 and not 7.0."""
    return f"{value:g}"


def earned(result):
    return sum(mark["points"] for mark in result["marks"])


def total(result):
    """The points that count: those earned, less what late days cost, and the bonus."""
    return earned(result) * (1 - result.get("late", {}).get("share", 0.0)) + result.get("bonus", {}).get("points", 0.0)


def most_of(result):
    return sum(mark["most"] for mark in result["marks"])


def remarks_on(result):
    """Remarks on late days and on a bonus, [] if there are none."""
    late, bonus, remarks = result.get("late", {}), result.get("bonus", {}), []
    if late.get("days"):
        why = f" ({late['reason']})" if late["reason"] else ""
        remarks.append(f"{number(late['days'])} days late{why}: {late['share']:.0%} less.")
    if bonus:
        why = f": {bonus['reason']}" if bonus["reason"] else ""
        remarks.append(f"A bonus of {number(bonus['points'])} points{why}.")
    return remarks


def cell(text):
    """A text as a spreadsheet shows it and never as a formula, also where it takes semicolons for separators."""
    text = str(text)
    text = re.sub(r"\r\n?|\0", "\n", text)  # a lone carriage return would begin a row of its own
    item = r"(?! [^\n;\t|!(]*(?:[\n;\t]|$))"  # not the dash of a list, behind which a formula has no place
    # Behind such a separator quotation marks open a cell and are no part of it.
    return re.sub(rf"(^[ ]*(?=[=+\-@＝＋－＠\t\n])|[;\t\n][ \"]*(?=[=@＝＠]|[+\-＋－]{item}))", r"\1'", text)


def table(header, rows):
    """Rows as CSV with a byte-order mark, which spreadsheets need to read names."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([header, *([cell(value) for value in row] for row in rows)])
    return "\ufeff" + buffer.getvalue()


def grades_table(homework, results):
    """(header, rows) of the marks; those of the written tasks are empty until `merge` has brought them in."""
    names = [*(task.name for task in homework.tasks), *homework.written]
    rows = []
    for result in results:
        marks = {mark["task"]: mark for mark in result["marks"]}
        said = [f"{mark['task']}: {' '.join(mark['messages'])}" for mark in result["marks"] if mark["messages"]]
        remarks = [result["problem"]] * bool(result["problem"]) + remarks_on(result) + said
        rows.append(
            [
                result["student"],
                number(round(total(result), 2)),
                number(most_of(result)),
                *(number(marks[name]["points"]) if name in marks else "" for name in names),
                " | ".join(remarks)[:2000],
                result["where"],
                "yes" if result["governed"] else "NONE: UNGOVERNED",
            ]
        )
    return ["student", "total", "of", *names, "remarks", "file", "sandbox"], rows


def title_of(name):
    """The title of a written task."""
    return name.replace("_", " ").capitalize()


def tasks_of(result):
    return [mark["task"] for mark in result["marks"]]


def feedback(homework, result):
    """A page for the student: points, what kind of mistake was seen, what the marker says."""
    e = html.escape
    most = most_of(result)
    parts = [] if result["governed"] else [f'<p class="banner"><strong>{e(UNGOVERNED)}</strong></p>']
    if result["problem"]:
        said = f"Your notebook could not be marked: {result['problem'].split(chr(10))[0]}"
        said = "Nothing was handed in, so there is nothing to mark." if result["where"] == MISSING else said
        parts.append(f'<p class="banner">{e(said)}</p>')
    parts += [f"<p>{e(remark)}</p>" for remark in remarks_on(result)]
    for i, mark in enumerate(result["marks"], 1):
        parts.append(
            f'<h2><span class="points">{number(mark["points"])} of {number(mark["most"])}</span>'
            f"Task {i}. {e(mark['title'])}</h2>"
            f'<meter min="0" max="{mark["most"] or 1}" value="{mark["points"]}" '
            f'aria-label="points of task {i}">{number(mark["points"])}</meter>'
        )
        if mark["messages"]:
            parts.append("<ul>" + "".join(f"<li>{e(message)}</li>" for message in mark["messages"]) + "</ul>")
        elif mark["points"] == mark["most"] and mark["task"] not in homework.written:
            parts.append('<p class="good">Right.</p>')
    left = {name: points for name, (points, _) in homework.written.items() if name not in tasks_of(result)}
    for i, (name, points) in enumerate(left.items(), len(result["marks"]) + 1):
        state = "handed in" if result["written"].get(name) else "no answer found"
        parts.append(f"<h2>Task {i}. {e(title_of(name))}</h2><p>{points} points, marked by hand: {state}.</p>")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{e(homework.name)}: {e(result['student'])}</title><style>{STYLE}</style>"
        f"<h1>{e(homework.title)}</h1><p>{e(result['student'])}: <strong>{number(total(result))} of {number(most)}"
        f"</strong> points{' for the tasks that are marked automatically' if left else ''}.</p>{''.join(parts)}"
        f'<p class="small">File: {e(result["where"])}. Later tasks were marked with right versions of the earlier '
        f"ones, so a mistake costs its own task only.</p></html>\n"
    )


def gradescope(result):
    """The results.json of Gradescope's autograder interface."""
    remarks = ["" if result["governed"] else UNGOVERNED, *remarks_on(result), result["problem"].split("\n")[0]]
    return json.dumps({
        "score": total(result),
        "output": "\n".join(filter(None, remarks)),
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [
            {
                "name": mark["title"], "score": mark["points"], "max_score": mark["most"],
                "status": "passed" if mark["points"] == mark["most"] else "failed",
                "output": "\n".join(mark["messages"]) or "Right.",
            }
            for mark in result["marks"]
        ],
    }, indent=1)  # fmt: skip


def summary(homework, results, notes, seconds):
    """The run in a screenful: how the marks are distributed, what each task cost, what the teacher should know."""
    most = max(map(most_of, results)) or 1
    marked = [total(r) for r in results if not r["problem"]]
    missing = sum(result["where"] == MISSING for result in results)
    lines = [f"{homework.title}: {len(results) - missing} submissions, {seconds:.0f} s"]
    if not all(result["governed"] for result in results):
        lines = [UNGOVERNED, *lines]
    if marked:
        lines += [
            f"points of {number(most)}: mean {statistics.mean(marked):.1f}, median {statistics.median(marked):g}, "
            f"lowest {min(marked):g}, highest {max(marked):g}",
            "",
            *distribution(marked, most),
            "",
            "mean points by task",
        ]
        for i, name in enumerate(tasks_of(results[0])):
            marks = [r["marks"][i] for r in results if not r["problem"] and r["marks"][i]["most"]]  # the rest is exempt
            if marks:
                mean = statistics.mean(mark["points"] for mark in marks)
                lines.append(f"  {name:22} {mean:5.1f} of {number(max(mark['most'] for mark in marks))}")
    lines += frequent(results)
    problems = [
        f"{result['student']} ({result['where']}): {result['problem']}"
        for result in results
        if result["problem"] and result["where"] != MISSING
    ]
    if problems:
        lines += ["", "not marked", *(f"  {problem.splitlines()[0]}" for problem in problems)]
    nobody = [result["student"] for result in results if result["where"] == MISSING]
    if nobody:
        lines += ["", f"{len(nobody)} of the roster handed in nothing", f"  {', '.join(nobody)}"]
    if notes:
        lines += ["", "please look at", *(f"  {note}" for note in notes)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def frequent(results):
    """What several of the class are told, the most frequent first: [] if there is nothing."""
    told = collections.defaultdict(list)
    for result in results:
        for mark in result["marks"]:
            for message in mark["messages"]:
                told[mark["task"], message].append(result["student"])
    several = sorted((item for item in told.items() if len(item[1]) > 1), key=lambda item: -len(item[1]))[:MOST_REMARKS]
    lines = [
        f"  {len(names):4}  {task}: {message} ({', '.join(names[:2])}{', …' if len(names) > 2 else ''})"
        for (task, message), names in several
    ]
    return ["", "what several got wrong", *lines] if lines else []


def counts(marked, most):
    tally = [0] * BINS
    for points in marked:
        tally[min(int(BINS * points / most), BINS - 1)] += 1
    return tally


def distribution(marked, most):
    tally = counts(marked, most)
    widest = max(tally)
    return [
        f"  {i * most / BINS:5.1f} to {(i + 1) * most / BINS:5.1f}  {'#' * (40 * count // widest):40} {count}"
        for i, count in enumerate(tally)
    ]


def picture(homework, results):
    """The distribution of the points as a PNG, None if nothing was marked."""
    marked = [total(result) for result in results if not result["problem"]]
    if not marked:
        return None
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    most = max(map(most_of, results)) or 1
    figure, ax = plt.subplots(figsize=(6, 3.2), dpi=130, layout="constrained")
    ax.bar([(i + 0.5) * most / BINS for i in range(BINS)], counts(marked, most), 0.92 * most / BINS, color="#3f90da")
    ax.axvline(statistics.median(marked), color="#1f2430", linestyle="--", linewidth=1)
    ax.set(xlabel=f"points of {number(most)}; dashed: the median", ylabel="students", xlim=(0, most))
    ax.set_title(f"{homework.name}: {len(marked)} submissions", loc="left")
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    return buffer.getvalue()


def write_marks(folder, homework, results, notes, seconds):
    """The files that hold marks, from results that may be adjusted and merged. Returns the summary's text."""
    write_whole(folder / "grades.csv", table(*grades_table(homework, results)))
    for result in results:
        write_whole(folder / "feedback" / f"{result['slug']}.html", feedback(homework, result))
        write_whole(folder / "gradescope" / result["slug"] / "results.json", gradescope(result))
    text = summary(homework, results, notes, seconds)
    write_whole(folder / "summary.txt", text)
    image = picture(homework, results)
    if image:
        write_whole(folder / "distribution.png", image)
    return text
