"""What a session answers, as the terminal shows it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from textwrap import indent
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from convdsl.algebra.numbers import grouped, short
from convdsl.diagnostics import Diagnostic
from convdsl.layers import formula_shape
from convdsl.messages import T
from convdsl.report.console import print_text
from convdsl.report.diagnostics import clean, print_diagnostics
from convdsl.report.rows import MOST_ROWS, Row, layer_rows
from convdsl.report.table import print_table
from convdsl.teaching.answers import Added, Answer, Asked, Helped, Listed, Marked, Refused, Reviewed, ShownProgram, Told
from convdsl.teaching.commands import COMMANDS, shown

if TYPE_CHECKING:
    from convdsl.teaching.records import Record

_SHAPE, _PARAMS, _MACS = 12, 17, 16
"""Widths of the columns; what is wider pushes the rest to the right. The name gets what is left, up to a limit."""
_REST, _WIDEST = 76, 36
_MARKS = {"solved": ("✓", "green"), "skipped": ("»", "yellow"), "tried": ("·", "yellow"), "open": (" ", "")}
_TITLES = {"net": T("The network"), "course": T("The course"), "session": T("This session")}


def print_answer(console: Console, answer: Answer) -> None:
    """Prints an answer. Those that call other commands (`Called`) print nothing of their own."""
    match answer:
        case Added():
            _print_added(console, answer)
        case Refused(diagnostics):
            print_diagnostics(console, diagnostics)
        case Told(text, ok):
            if str(text):
                print_text(console, Text(clean_lines(str(text)), "" if ok else "yellow"))
        case ShownProgram(analysis, as_text):
            if as_text:
                console.print(Text(clean_lines(analysis.source.text)), soft_wrap=True)
            elif analysis.network.nodes:
                print_table(console, analysis)
                _print_warnings(console, analysis.diagnostics)
            else:
                console.print(str(T("There is no layer yet. Begin like this: `input 28x28x1`, then `conv 8 k3`.")))
        case Helped(commands, studying):
            print_help(console, commands, studying)
        case Asked():
            _print_question(console, answer)
        case Marked():
            _print_verdict(console, answer)
        case Reviewed():
            _print_review(console, answer)
        case Listed():
            _print_list(console, answer)


def clean_lines(text: str) -> str:
    """Several lines without control characters."""
    return "\n".join(clean(line.replace("\t", "    ")) for line in text.splitlines())


def _print_warnings(console: Console, diagnostics: tuple[Diagnostic, ...]) -> None:
    if diagnostics:
        console.print()
        print_diagnostics(console, diagnostics)


# The network.


def _print_added(console: Console, added: Added) -> None:
    report = added.analysis.report
    if added.note is not None:
        console.print(Text(str(added.note), "dim"), soft_wrap=True)
    if added.whole and len(report.facts) > 2:
        print_table(console, added.analysis)
    elif added.whole or added.first <= len(added.analysis.network.nodes):
        rows = list(layer_rows(report, added.first))
        if len(rows) > MOST_ROWS:
            print_table(console, added.analysis)
        else:
            for row in rows:
                print_text(console, _row(row, max(12, min(console.width - _REST, _WIDEST))), hang=5)
    if not added.analysis.network.nodes and added.analysis.network.input_span:
        console.print(Text(f"     {formula_shape(added.analysis.network.input)}", "cyan"))
    network = added.analysis.network
    if added.expectations > 0 and network.holes:
        console.print(Text(f"     {T('`:solve` finds what makes it hold')}", "dim"))
    elif added.expectations > 0 and not network.symbols:
        console.print(Text(f"     ✓ {T('holds')}", "green"))
    _print_warnings(console, added.diagnostics)


def _row(row: Row, width: int) -> Text:
    """` 1  conv 6 k5       28×28×6      456 params   352,800 MACs   RF 5×5`."""
    if not row.number:
        return Text(f"     {clean(row.name)}", "dim")
    text = Text.assemble(
        (f"{row.number:>3}  ", "dim"), (f"{clean(row.name):<{width}}", "bold"), (f"{row.output:>{_SHAPE}}", "cyan")
    )
    params = f"{grouped(row.params)} {T('params')}" if row.params != 0 else ""
    macs = f"{short(row.macs)} MACs" if row.macs != 0 else ""
    text.append(f"  {params:>{_PARAMS}}  {macs:>{_MACS}}")
    if row.field:
        text.append(f"   {T('RF')} {row.field}", "dim")
    text.rstrip()
    return text


# The course.


def _print_question(console: Console, asked: Asked) -> None:
    from convdsl.teaching.course.exercise import KINDS

    question = asked.question
    if asked.notice is not None:
        print_text(console, Text(str(asked.notice), "yellow"))
    number = asked.course.number(question.exercise)
    console.print()
    console.print(
        Text.assemble(
            (f"{number}/{len(asked.course.exercises)}  {question.title}", "bold"),
            (f"   {KINDS[question.kind]} · {T('seed')} {question.seed}", "dim"),
        )
    )
    console.print()
    print_text(console, Text(clean_lines(question.text)))
    if question.program:
        console.print()
        for line in question.program.splitlines():
            print_text(console, Text(f"    {clean(line)}", "cyan"), hang=2)
    if question.options:
        console.print()
    for letter, option in question.options:
        told = clean_lines(option)
        told = "\n" + indent(told, "     ") if "\n" in told else told
        print_text(console, Text.assemble((f"  {letter}) ", "bold"), told), hang=3)
    console.print()
    how = str(T("Answer: {how}.", how=question.how))
    if question.multiline:
        how += f" {T('An empty line ends it.')}"
    also = T("Also: {commands}", commands=" ".join(f":{shown(c)}" for c in asked.commands))
    print_text(console, Text(f"{how} {also}", "dim"))


def _print_verdict(console: Console, marked: Marked) -> None:
    verdict = marked.verdict
    if verdict.understood:
        print_text(console, Text(str(T("Understood: {what}", what=verdict.understood)), "dim"))
    style, mark = {"right": ("green", "✓ "), "wrong": ("red", "✗ "), "unclear": ("yellow", "")}[verdict.status]
    print_text(console, Text.assemble((mark, style), Text(clean_lines(verdict.message))))
    if not marked.counted:
        text = T("It does not count: the answer to these numbers has been shown.")
        print_text(console, Text(str(text), "yellow"))
    if marked.goes_on:
        return
    if marked.finished:
        console.print(Text(str(T("All exercises are solved.")), "green"))
    elif verdict.correct:
        console.print(Text(str(T("`:next` asks the next one.")), "dim"))


def _print_review(console: Console, reviewed: Reviewed) -> None:
    count = sum(len(cards) for _, cards in reviewed.groups)
    if count:
        title = T("One exercise comes back.", "{n} exercises come back.", n=count)
        console.print(Text(str(title), "bold"))
    elif reviewed.coming:
        print_text(console, Text(str(T("Nothing comes back today; `:review all` asks before the day."))))
    else:
        print_text(console, Text(str(T("Nothing was wrong yet that would come back."))))
    for day, number in reviewed.coming:
        print_text(console, Text(f"  {day}  {T('one exercise', '{n} exercises', n=number)}"))
    for words, cards in reviewed.groups:
        print_text(console, Text(clean_lines(words or str(T("No known mistake:"))), "yellow"))
        for card in cards:
            exercise = reviewed.course.by_id[card.exercise]
            wrong = T("wrong once", "wrong {n} times", n=card.wrong)
            number = reviewed.course.number(exercise)
            row = Text.assemble(f"  {number:>4}  ", (str(exercise.title), "cyan"), (f"  {wrong}", "dim"))
            print_text(console, row, hang=8)
    if reviewed.asked is not None:
        _print_question(console, reviewed.asked)


def _print_list(console: Console, listed: Listed) -> None:
    width = max(len(e.id) for e in listed.course.exercises)
    records = {e: listed.progress.of(e) for e in listed.course.exercises}
    for concept, solved, total in listed.progress.summary(listed.course):
        style = "green" if solved == total else "dim"
        head = Text.assemble((concept.title, "bold"), (f"  {solved}/{total}", style))
        if listed.brief:
            head.append(_work([records[e] for e in concept.exercises]), "dim")
            print_text(console, head, hang=2)
            continue
        console.print(head)
        for exercise in concept.exercises:
            mark, style = _MARKS[listed.progress.state(exercise)]
            here = "›" if exercise is listed.current else " "
            row = Text.assemble(
                f"{here}",
                (mark, style),
                f"{listed.course.number(exercise):>4}  ",
                (f"{exercise.id:<{width}}", "cyan"),
                f"  {exercise.title}",
                (_work([records[exercise]]), "dim"),
            )
            print_text(console, row, hang=7)
    solved = sum(s for _, s, _ in listed.progress.summary(listed.course))
    done = T("{solved} of {total} exercises are solved", solved=solved, total=len(listed.course.exercises))
    last = max((r.history[-1].time for r in records.values() if r.history), default=0)
    when = f" · {T('last on {day}', day=date.fromtimestamp(last))}" if last else ""
    print_text(console, Text(f"{done}{_work(list(records.values()))}{when}.", "dim"), hang=2)
    due = len(listed.progress.due())
    if due:
        print_text(
            console,
            Text(str(T("One exercise comes back: `:review`.", "{n} exercises come back: `:review`.", n=due)), "dim"),
        )


def _work(records: list[Record]) -> str:
    """How many tries, and how long they took; nothing where there are none."""
    tries, seconds = sum(r.tries for r in records), sum(r.seconds for r in records)
    if not tries:
        return ""
    return f" · {T('one try', '{n} tries', n=tries)} · {_duration(seconds)}"


def _duration(seconds: int) -> str:
    """`45 s`, `12 min`, `1 h 5 min`."""
    if seconds < 60:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


# Help.


def print_help(console: Console, commands: Iterable[str], studying: bool = False) -> None:
    """The commands of a session, and how a network or an answer is written."""
    if studying:
        print_text(console, Text(str(T("What is typed is the answer. A program ends with an empty line."))))
    else:
        print_text(
            console, Text(str(T("A line is a layer: its size and cost show at once. A wrong line is not added.")))
        )
        for line in ("input 32x32x3", "conv 6 k5 s1 p2 relu -> maxpool 2", "dense 10 softmax"):
            console.print(Text(f"    {line}", "cyan"))
    written = {name: f":{shown(name)} {COMMANDS[name].takes}" for name in commands}
    width = max(map(len, written.values()))
    for about, title in _TITLES.items():
        rows = [name for name in written if COMMANDS[name].about == about]
        if not rows:
            continue
        console.print()
        console.print(Text(str(title), "bold"))
        for name in rows:
            row = Text.assemble("  ", (f"{written[name]:<{width}}", "cyan"), f"  {COMMANDS[name].does}")
            print_text(console, row, hang=width + 2)
    console.print()
    more = T("`:help conv` tells about a layer, `:help layers` lists them, `:help E301` explains an error.")
    print_text(console, Text(str(more), "dim"))
