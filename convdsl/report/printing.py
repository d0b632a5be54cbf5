"""Documents in a terminal: in colours, folded between words, a calculation as wide as there is room for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich import box, table
from rich.console import Console
from rich.text import Text

from convdsl.document import (
    Answers,
    Beside,
    Code,
    Fields,
    Formula,
    Gallery,
    Heading,
    Items,
    Label,
    Matrix,
    Node,
    PageBreak,
    Picture,
    Sentence,
    Table,
    Title,
    nodes_of,
)
from convdsl.report.console import print_text
from convdsl.report.diagnostics import clean
from convdsl.report.matrices import Lines, block, print_equation

_MARKS = {"window": "bold black on bright_yellow", "result": "bold black on bright_green", "margin": "dim"}
_MARGIN = "    "


def print_document(out: Console, document: Iterable[Node]) -> None:
    """Prints a document. What stands below a label or a numbered heading is indented; a blank line stands before each
    heading, and between matrices and what is said of them."""
    before: Node | None = None
    margin = ""
    for node in document:
        if _is_apart(before, node):
            out.print()
        if isinstance(node, Heading):
            margin = _MARGIN if node.number else ""
        elif isinstance(node, Label):
            margin = _MARGIN
        _print(out, node, margin)
        before = node


def _is_apart(before: Node | None, node: Node) -> bool:
    """Whether a blank line stands between two nodes."""
    if before is None:
        return False
    if isinstance(node, Heading):
        return node.level <= 3 or not isinstance(before, Heading)
    if isinstance(node, (Code, Fields, Answers, PageBreak)) or isinstance(before, (Title, Code, Fields)):
        return True
    return isinstance(node, Sentence) and (
        isinstance(before, Matrix) or (isinstance(before, Formula) and _has_matrices(before))
    )


def _print(out: Console, node: Node, margin: str) -> None:
    match node:
        case Title(text, lines, below):
            print_text(out, Text(clean(text), "bold"))
            for line in filter(None, (below, *lines)):
                print_text(out, Text(clean(line)))
        case Heading(text, _, beside, number):
            start = f"{number}  " if number else ""
            said = f"{'   ' if number else '  '}{beside}" if beside else ""
            print_text(out, Text.assemble((start, "dim"), (clean(text), "bold"), clean(said)))
        case Label(text, behind):
            print_text(out, Text.assemble("  ", (clean(text), "cyan"), f"  {clean(behind)}" if behind else ""))
        case Sentence(text, quiet):
            for line in text.splitlines():
                print_text(out, Text(margin + clean(line), "dim" if quiet else ""))
        case Matrix():
            print_equation(out, [_block(out, node)])
        case Formula(latex, text, aligned):
            _print_formula(out, text or latex, aligned, margin)
        case Code(text):
            for line in text.splitlines():
                print_text(out, Text(_MARGIN + clean(line), "cyan"), hang=2)
        case Table(head, rows):
            _print_table(out, head, rows)
        case Items(items, marks):
            starts = [f"{_MARGIN}{m} " for m in marks] or [f"  {n}. " for n in range(1, len(items) + 1)]
            for start, item in zip(starts, items, strict=True):
                for line in _lines(item):
                    print_text(out, Text.assemble((start, "yellow"), clean(line)), hang=len(start) - len(_MARGIN))
                    start = " " * len(start)
        case Fields(fields):
            print_text(out, Text("   ".join(f"{clean(text)} {'_' * 4 * wide}" for text, wide in fields)))
        case Answers(rows):
            for number, letters, points, _ in rows:
                print_text(out, Text(f"{number:>3}  {'  '.join(letters):<40} / {points}"))
        case PageBreak():
            out.rule(characters="─")
        case Picture(alt, caption=caption):
            print_text(out, Text(f"{margin}[{clean(alt)}]", "dim"))
            if caption:
                print_text(out, Text(margin + clean(caption)))
        case Gallery(pictures):
            for picture in pictures:
                _print(out, picture, margin)
        case Beside(seen, said):
            for one in (*seen, *said):
                _print(out, one, margin)


def _lines(item: str | tuple[Node, ...]) -> Iterator[str]:
    """An item of a list, as lines of text."""
    for node in nodes_of(item):
        match node:
            case Sentence(text) | Code(text):
                yield from text.splitlines()
            case Formula(latex, text):
                yield from (part for part in text or latex if isinstance(part, str))


def _has_matrices(formula: Formula) -> bool:
    return any(isinstance(part, Matrix) for part in formula.text)


def _print_formula(out: Console, parts: Sequence[str | Matrix], aligned: bool, margin: str) -> None:
    if aligned:
        for text in _aligned([str(part) for part in parts], margin, out.width):
            print_text(out, text)
    elif any(isinstance(part, Matrix) for part in parts):
        print_equation(out, list(_blocks(out, parts)))
    else:
        for line in parts:
            print_text(out, Text(f"{margin or '  '}{line}"))


def _blocks(out: Console, parts: Sequence[str | Matrix]) -> Iterator[Lines | str]:
    """Matrices as blocks, and the signs between two of them as one."""
    signs: list[str] = []
    for part in parts:
        if isinstance(part, str):
            signs += filter(None, [part.strip()])
            continue
        if signs:
            yield "  ".join(signs)
        signs = []
        yield _block(out, part)
    if signs:
        yield "  ".join(signs)


def _block(out: Console, matrix: Matrix) -> Lines:
    """A matrix with what is thought around it, its marks in colours; what is not shown yet is a dot."""
    above, below, left, right = matrix.margin
    marks = dict(matrix.marks)
    rows, styles = [], {}
    height, length = len(matrix.rows), len(matrix.rows[0])
    wide = max(len(entry) for row in matrix.rows for entry in row)
    for r in range(-above, height + below):
        row = []
        for c in range(-left, length + right):
            inside = 0 <= r < height and 0 <= c < length
            mark = marks.get((r, c), "" if inside else "margin")
            row.append("·".rjust(wide) if mark == "later" else matrix.rows[r][c] if inside else "0")
            if mark in _MARKS:
                styles[r + above, c + left] = _MARKS[mark]
        rows.append(row)
    return block(rows, out.width, styles)


def _aligned(lines: Sequence[str], margin: str, width: int) -> Iterator[Text]:
    """The formula, then substitution and arithmetic below it, the equals signs in one column; the substitution on a line
    of its own, the arithmetic behind it on one line as long as there is room."""
    symbol, _, first = lines[0].partition("= ")
    yield Text.assemble(margin, f"{symbol}= ", (first, "bold"))
    column = margin + " " * len(symbol)
    line = ""
    for number, step in enumerate(lines[1:]):
        if line and (number == 1 or len(column) + len(line) + len(step) + 1 > width):
            yield Text(column + line)
            line = ""
        line += f"{' ' if line else ''}{step}"
    if line:
        yield Text(column + line)


def _print_table(out: Console, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    drawn = table.Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, title in enumerate(head):
        drawn.add_column(clean(title), justify="right" if number else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*map(clean, row))
    out.print(drawn)
