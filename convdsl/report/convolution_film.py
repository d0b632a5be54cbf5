"""A window that slides, as a film: what it sees, what it is multiplied by, and what comes out, place by place.

What is where comes from the operation itself (`Operation.cells`, `sources`), whose geometry is the layers': nothing is
computed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from convdsl.drawing.measure import cut, line, width
from convdsl.drawing.moving.film import Film
from convdsl.drawing.picture import CannotDraw
from convdsl.drawing.scene import Rect, Shape
from convdsl.messages import Grouped, T
from convdsl.report.arithmetic import Notation, one_line, total_line
from convdsl.teaching.worked.channels import Channels
from convdsl.teaching.worked.convolution import Correlation, Operation, Options, Pooling, Transposed
from convdsl.teaching.worked.exact import Number
from convdsl.teaching.worked.kernels import Kernel
from convdsl.teaching.worked.tasks import Work

MOST_PICTURES, MOST_CELLS = 200, 2_500
"""Of a film: its pictures, and the cells of one matrix. Where there are more places than pictures, one in so many is shown."""
MOST_ON_ALL = 20_000
"""Cells on all pictures of a film that does not show every place."""
MARGIN, GAP, HEAD = 16.0, 44.0, 22.0
"""A transposed convolution as every value that spreads the kernel, or as a window over the values with zeros between."""


class Grid(NamedTuple):
    """A matrix at a place: `rows` × `columns` cells of `side`, with `before` and `after` more (rows, columns) around them."""

    x: float
    y: float
    rows: int
    columns: int
    side: float
    before: tuple[int, int] = (0, 0)
    after: tuple[int, int] = (0, 0)

    @property
    def wide(self) -> float:
        return (self.columns + self.before[1] + max(self.after[1], 0)) * self.side

    @property
    def high(self) -> float:
        return (self.rows + self.before[0] + max(self.after[0], 0)) * self.side

    def cell(self, row: int, column: int) -> tuple[float, float]:
        """The corner of a cell."""
        return self.x + (column + self.before[1]) * self.side, self.y + (row + self.before[0]) * self.side

    def inside(self, row: int, column: int) -> bool:
        return 0 <= row < self.rows and 0 <= column < self.columns


class Look(NamedTuple):
    """How numbers are written, and whether they are shown at all."""

    notation: Notation
    numbers: bool


def film_of(work: Work, notation: Notation, *, numbers: bool = True, reading: str = "stamp", note: str = "") -> Film:
    """The film of one operation, or of one filter over several channels. Raises CannotDraw for others."""
    parts: Sequence[Operation]
    if isinstance(work, Channels):
        parts = work.parts
    elif isinstance(work, Operation):
        parts = (work,)
    else:
        raise CannotDraw(T("A film shows one window that slides: one kernel, or one pooling."))
    look = Look(notation, numbers)
    if isinstance(work, Transposed) and reading == "stamp":
        return _stamped(work, look, note)
    if isinstance(work, Transposed):
        return _slid([with_zeros(work)], None, look, note, added=_added(work))
    return _slid(parts, work if isinstance(work, Channels) else None, look, note)


def with_zeros(work: Transposed) -> Correlation:
    """The same as a correlation: zeros between the values and around them, the kernel turned. Raises CannotDraw where the
    padding cuts away more than that adds."""
    down, right = work.axes
    rows, columns = ((len(m) - 1) * a.s + 1 for m, a in ((work.matrix, down), (work.matrix[0], right)))
    around = [(a.d * (a.k - 1) - a.before, a.d * (a.k - 1) - a.after) for a in (down, right)]
    if min(n for pair in around for n in pair) < 0 and min(a for a, _ in around) < 0:
        raise CannotDraw(T("With this padding there are no zeros to put around: use the reading `stamp`."))
    more = [max(after - before, 0) for before, after in around]
    less = [max(before - after, 0) for before, after in around]
    spread: list[list[Number]] = [[0] * (columns + more[1]) for _ in range(rows + more[0])]
    for i, values in enumerate(work.matrix):
        for j, value in enumerate(values):
            spread[i * down.s][j * right.s] = value
    kernel = Kernel(work.kernel.name, work.applied.turned.rows, work.kernel.divisor, work.kernel.fractions)
    found = Correlation(
        tuple(map(tuple, spread)), kernel, Options((1,), (around[0][0], around[1][0]), (down.d, right.d)), False
    )
    if any(less):
        found.axes = tuple(
            a._replace(output=a.output - n, after=a.after - n) for a, n in zip(found.axes, less, strict=True)
        )  # type: ignore[assignment]
    return found


def _added(work: Transposed) -> set[tuple[int, int]]:
    """The places of zeros between the values."""
    down, right = work.axes
    seen = with_zeros(work).matrix
    kept = {(i * down.s, j * right.s) for i in range(len(work.matrix)) for j in range(len(work.matrix[0]))}
    return {(r, c) for r in range(len(seen)) for c in range(len(seen[0]))} - kept


def _side(*sizes: int) -> float:
    return 34.0 if max(sizes) <= 9 else 26.0 if max(sizes) <= 14 else 15.0


# A window that slides.


def _slid(
    parts: Sequence[Operation],
    channels: Channels | None,
    look: Look,
    note: str,
    added: set[tuple[int, int]] = frozenset(),  # type: ignore[assignment]
) -> Film:
    first = parts[0]
    down, right = first.axes
    before, after = (down.before, right.before), (max(down.after, 0), max(right.after, 0))
    rows, columns = len(first.matrix), len(first.matrix[0])
    side = _side(rows + before[0] + after[0], columns + before[1] + after[1], *first.size)
    places = list(first.places())
    chosen = _chosen(len(places), max(rows * columns * len(parts), len(places)))
    note = _told(note, len(places), chosen)
    y = MARGIN + HEAD
    inputs, kernels = [], []
    still: list[Shape] = []
    for number, part in enumerate(parts):
        grid = Grid(MARGIN, y, rows, columns, side, before, after)
        size = T("input {size}", size=_size(rows, columns))
        if added:
            size = T("the input with zeros, {size}", size=_size(rows, columns))
        still += _heading(grid, _named(size, len(parts), number))
        still += _ground(grid, part.matrix, look, added)
        inputs.append(grid)
        x = grid.x + grid.wide + GAP
        if isinstance(part, Correlation):
            kernel = Grid(x, y + max(0.0, (grid.high - down.k * side) / 2), down.k, right.k, side)
            still += _heading(kernel, str(T("kernel {size}", size=_size(down.k, right.k))))
            still += _filled(kernel, part.applied.rows, look, "fill:dense", "line:dense")
            still.append(line(grid.x + grid.wide + GAP / 2, kernel.y + kernel.high / 2 + 5, "*", 17))
            kernels.append(kernel)
        y += grid.high + HEAD + 14
    height = y - 14
    x = max([g.x + g.wide for g in inputs] + [k.x + k.wide for k in kernels]) + GAP
    output = Grid(x, MARGIN + HEAD + max(0.0, (height - MARGIN - HEAD - first.size[0] * side) / 2), *first.size, side)
    still += _heading(output, str(T("output {size}", size=_size(*first.size))))
    still.append(line(x - GAP / 2, output.y + output.high / 2 + 5, "=", 17))
    still += _empty(output)
    values = channels.output if channels is not None else first.output
    wide = max(x + output.wide + MARGIN, 420.0)
    pictures, said = [], []
    for number in chosen:
        row, column = places[number]
        shapes: list[Shape] = []
        for part, grid in zip(parts, inputs, strict=True):
            shapes += _window(part, grid, row, column, look, added)
        shapes += _results(output, values, places[: number + 1], look)
        words = _words(parts, channels, row, column, look)
        shapes.append(line(MARGIN, height + 24, cut(words, 13, wide - 2 * MARGIN), 13, "ink", anchor="start"))
        pictures.append(tuple(shapes))
        said.append(words)
    if note:
        still.append(line(MARGIN, height + 44, cut(note, 11, wide - 2 * MARGIN), 11, "muted", anchor="start"))
    title = _title(first)
    return Film(
        wide, height + 36 + 18 * bool(note), tuple(still), tuple(pictures), tuple(said), title, _about(first, note)
    )


def _words(parts: Sequence[Operation], channels: Channels | None, row: int, column: int, look: Look) -> str:
    place = T("row {r}, column {c}", r=row + 1, c=column + 1)
    if not look.numbers:
        return str(place)
    if channels is not None:
        return f"{place}: {total_line(channels, row, column, look.notation)}"
    return f"{place}: {one_line(parts[0], row, column, look.notation)}"


def _window(
    part: Operation, grid: Grid, row: int, column: int, look: Look, added: set[tuple[int, int]]
) -> Iterator[Shape]:
    """What the window sees, with the kernel's values small in the corners."""
    weights = part.applied.rows if isinstance(part, Correlation) else None
    for i, cells in enumerate(part.cells(row, column)):
        for j, cell in enumerate(cells):
            x, y = grid.cell(cell.row, cell.column)
            zero = not cell.inside or (cell.row, cell.column) in added
            if not cell.inside and isinstance(part, Pooling) and part.mode != "avg":
                continue  # padding never wins
            yield Rect(x, y, grid.side, grid.side, "fill:act", "line:act", 1.6, dashed=zero)
            if look.numbers:
                yield from _number(grid, x, y, look.notation.number(cell.value), "muted" if zero else "ink")
            if look.numbers and weights is not None and grid.side >= 26:
                text = look.notation.number(weights[i][j])
                if width(text, 8.5) < grid.side * 0.6:
                    yield line(x + grid.side - 3, y + grid.side - 3, text, 8.5, "muted", anchor="end")


# A value that spreads the kernel.


def _stamped(work: Transposed, look: Look, note: str) -> Film:
    down, right = work.axes
    rows, columns = len(work.matrix), len(work.matrix[0])
    cutaway = (down.before, right.before), (max(down.after, 0), max(right.after, 0))
    side = _side(
        rows, columns, work.size[0] + cutaway[0][0] + cutaway[1][0], work.size[1] + cutaway[0][1] + cutaway[1][1]
    )
    chosen = _chosen(rows * columns, max(rows * columns, work.size[0] * work.size[1]))
    note = _told(note, rows * columns, chosen)
    grid = Grid(MARGIN, MARGIN + HEAD, rows, columns, side)
    kernel = Grid(grid.x + max(grid.wide, 70) + GAP, grid.y, down.k, right.k, side)
    output = Grid(kernel.x + max(kernel.wide, 70) + GAP, grid.y, *work.size, side, *cutaway)
    height = max(g.y + g.high for g in (grid, kernel, output))
    still: list[Shape] = [
        *_heading(grid, str(T("input {size}", size=_size(rows, columns)))),
        *_filled(grid, work.matrix, look, "fill:conv", "line:conv"),
        *_heading(kernel, str(T("kernel {size}", size=_size(down.k, right.k)))),
        *_filled(kernel, work.applied.rows, look, "fill:dense", "line:dense"),
        *_heading(output, str(T("output {size}", size=_size(*work.size)))),
        *_empty(output),
        line(kernel.x - GAP / 2, grid.y + side / 2 + 5, "·", 17),
        line(output.x - GAP / 2, grid.y + side / 2 + 5, "→", 17),
    ]
    sums: dict[tuple[int, int], Number] = {}
    wide = max(output.x + output.wide + MARGIN, 420.0)
    pictures, said = [], []
    divisor = work.kernel.divisor
    for i, values in enumerate(work.matrix):
        for j, value in enumerate(values):
            x, y = grid.cell(i, j)
            shapes: list[Shape] = [Rect(x, y, side, side, "fill:act", "line:act", 2.2)]
            if look.numbers:
                shapes += _number(grid, x, y, look.notation.number(value))
            now = set()
            for u, weights in enumerate(work.applied.rows):
                for v, weight in enumerate(weights):
                    place = (i * down.s + u * down.d - down.before, j * right.s + v * right.d - right.before)
                    now.add(place)
                    sums[place] = sums.get(place, 0) + value * weight
            if (i, j) == (rows - 1, columns - 1):  # what no value has reached stays 0
                sums = {**dict.fromkeys(work.places(), 0), **sums}
            if i * columns + j not in chosen:
                continue
            for place, total in sums.items():
                if not (-output.before[0] <= place[0] < output.rows + output.after[0]):
                    continue
                x, y = output.cell(*place)
                kept = output.inside(*place)
                fill = ("band:up" if place in now else "fill:up") if kept else ("frame2" if place in now else "none")
                shapes.append(Rect(x, y, side, side, fill, "line:up" if kept else "frameline", 1.8 if place in now else 1.0,
                                   dashed=not kept))  # fmt: skip
                if look.numbers:
                    shapes += _number(
                        output, x, y, look.notation.number(_over(total, divisor)), "ink" if kept else "muted"
                    )
            words = str(T("row {r}, column {c} of the input", r=i + 1, c=j + 1))
            if look.numbers:
                words = f"{words}: {T('{value} times the kernel is added', value=look.notation.number(value))}"
            shapes.append(line(MARGIN, height + 24, cut(words, 13, wide - 2 * MARGIN), 13, "ink", anchor="start"))
            pictures.append(tuple(shapes))
            said.append(words)
    if note:
        still.append(line(MARGIN, height + 44, cut(note, 11, wide - 2 * MARGIN), 11, "muted", anchor="start"))
    return Film(
        wide,
        height + 36 + 18 * bool(note),
        tuple(still),
        tuple(pictures),
        tuple(said),
        _title(work),
        _about(work, note),
    )


def _over(total: Number, divisor: int) -> Number:
    from fractions import Fraction

    from convdsl.teaching.worked.exact import whole

    return whole(total if divisor == 1 else Fraction(total) / divisor)


# What both are made of.


def _chosen(count: int, cells: int) -> range:
    """The places that have a picture: all, or one in so many, the last one always. `cells` are those of the larger side.
    Raises CannotDraw where there are too many to be followed."""
    if cells > MOST_CELLS:
        raise CannotDraw(
            T(
                "That would be {n} cells; a film shows {most} at most. Take a smaller matrix; of a layer of a program "
                "(`--layer N --of net.cnn`) a part is shown that is small enough.",
                n=Grouped(cells),
                most=Grouped(MOST_CELLS),
            )
        )
    step = 1 if count <= MOST_PICTURES else -(-count // min(MOST_PICTURES, MOST_ON_ALL // cells))
    return range((count - 1) % step, count, step)


def _told(note: str, count: int, chosen: range) -> str:
    """What stands below a film, and that not every place is shown."""
    some = T("Of {n} places one in {step} is shown.", n=Grouped(count), step=chosen.step)
    return f"{note} {some}".strip() if len(chosen) < count else note


def _size(rows: int, columns: int) -> str:
    return f"{rows}×{columns}"


def _named(text: T, count: int, number: int) -> str:
    return str(text) if count == 1 else str(T("channel {n}", n=number + 1))


def _heading(grid: Grid, text: str) -> Iterator[Shape]:
    yield line(grid.x, grid.y - 7, text, 11.5, "muted", anchor="start")


def _number(grid: Grid, x: float, y: float, text: str, paint: str = "ink") -> Iterator[Shape]:
    """A number in the middle of a cell, as large as there is room for."""
    size = 13.0 if grid.side >= 30 else 11.0 if grid.side >= 24 else 7.5
    natural = width(text, size)
    if natural > grid.side - 4:
        size *= (grid.side - 4) / natural
    yield line(x + grid.side / 2, y + grid.side / 2 + size * 0.35, text, size, paint)


def _ground(grid: Grid, matrix: Sequence[Sequence[Number]], look: Look, added: set[tuple[int, int]]) -> Iterator[Shape]:
    """An input with the zeros around it, and those that stand between its values."""
    for row in range(-grid.before[0], grid.rows + grid.after[0]):
        for column in range(-grid.before[1], grid.columns + grid.after[1]):
            x, y = grid.cell(row, column)
            zero = not grid.inside(row, column) or (row, column) in added
            yield Rect(x, y, grid.side, grid.side, "none" if zero else "fill:conv", "frameline" if zero else "line:conv",
                       1.0, dashed=zero)  # fmt: skip
            if look.numbers:
                value = matrix[row][column] if grid.inside(row, column) else 0
                yield from _number(grid, x, y, look.notation.number(value), "muted" if zero else "ink")


def _filled(grid: Grid, matrix: Sequence[Sequence[Number]], look: Look, fill: str, edge: str) -> Iterator[Shape]:
    for row in range(grid.rows):
        for column in range(grid.columns):
            x, y = grid.cell(row, column)
            yield Rect(x, y, grid.side, grid.side, fill, edge, 1.0)
            if look.numbers:
                yield from _number(grid, x, y, look.notation.number(matrix[row][column]))


def _empty(grid: Grid) -> Iterator[Shape]:
    """An output of which nothing is known yet, with what is cut away around it."""
    for row in range(-grid.before[0], grid.rows + grid.after[0]):
        for column in range(-grid.before[1], grid.columns + grid.after[1]):
            x, y = grid.cell(row, column)
            yield Rect(x, y, grid.side, grid.side, "none", "frameline", 1.0, dashed=not grid.inside(row, column))


def _results(
    grid: Grid, values: Sequence[Sequence[Number]], places: Sequence[tuple[int, int]], look: Look
) -> Iterator[Shape]:
    """What has come out so far; the last of it is new."""
    for number, (row, column) in enumerate(places):
        new = number == len(places) - 1
        x, y = grid.cell(row, column)
        yield Rect(x, y, grid.side, grid.side, "band:up" if new else "fill:up", "line:up", 2.0 if new else 1.0)
        if look.numbers:
            yield from _number(grid, x, y, look.notation.number(values[row][column]))


def _title(operation: Operation) -> str:
    if isinstance(operation, Pooling):
        return str(T("Pooling ({mode})", mode=operation.mode))
    return str(T("Transposed convolution")) if isinstance(operation, Transposed) else str(T("Convolution"))


def _about(operation: Operation, note: str) -> str:
    down, right = operation.axes
    said = T(
        "A window of {window}, stride {s}, padding {p}, dilation {d}: {input} become {output}.",
        window=_size(down.k, right.k),
        s=_size(down.s, right.s),
        p=_size(down.before, right.before),
        d=_size(down.d, right.d),
        input=_size(len(operation.matrix), len(operation.matrix[0])),
        output=_size(*operation.size),
    )
    return f"{said} {note}".strip()
