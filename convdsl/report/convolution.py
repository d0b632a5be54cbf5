"""Convolution by hand, as the terminal shows it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from convdsl.messages import T
from convdsl.report.arithmetic import Notation, magnitude, one_line, root_of, size_line, total_line, working
from convdsl.report.console import print_text
from convdsl.report.matrices import Lines, Position, block, marked, print_equation
from convdsl.teaching.chains import Chain, Gradient
from convdsl.teaching.channels import Channels
from convdsl.teaching.convolution import MOST_PRODUCTS, Correlation, Operation, Pooling, Transposed
from convdsl.teaching.exact import Number, show
from convdsl.teaching.kernels import Kernel, recognised
from convdsl.teaching.matrix import Rows
from convdsl.teaching.tasks import Work

_WINDOW, _RESULT, _PADDING = "bold black on bright_yellow", "bold black on bright_green", "dim"


def print_work(console: Console, work: Work, notation: Notation, at: Position | None = None) -> None:
    """The matrices, where the size comes from, and with `at` how that output comes about; only that where the whole
    output would take too long."""
    if at is not None and isinstance(work, Operation) and work.products > MOST_PRODUCTS:
        for line in facts(work):
            print_text(console, Text(line))
    elif isinstance(work, Chain):
        _print_chain(console, work, notation)
    elif isinstance(work, Gradient):
        _print_gradient(console, work, notation)
    elif isinstance(work, Channels):
        _print_channels(console, work, notation, at)
    else:
        print_operation(console, work, notation, at)
    if at is not None:
        console.print()
        print_place(console, work, at, notation)


def print_operation(
    console: Console, operation: Operation, notation: Notation, at: Position | None = None, reached: int | None = None
) -> None:
    """One operation: input, kernel and output side by side, and the sizes. Outputs behind number `reached` are dots."""
    output = numbers(operation.output, notation)
    if reached is not None:
        wide = max(len(e) for row in output for e in row)
        output = [
            ["·".rjust(wide) if r * len(row) + c > reached else e for c, e in enumerate(row)]
            for r, row in enumerate(output)
        ]
    print_equation(
        console,
        [
            _input(console, operation, notation, at),
            *_middle(console, operation, notation),
            "=",
            block(output, console.width, marked([at] if at else [], _RESULT)),
        ],
    )
    console.print()
    for line in facts(operation):
        print_text(console, Text(line))


def _input(console: Console, operation: Operation, notation: Notation, at: Position | None) -> Lines:
    """The matrix with the zeros of the padding around it, the window marked."""
    down, right = operation.axes
    padded = not isinstance(operation, Transposed)
    top, left = (down.before, right.before) if padded else (0, 0)
    height = len(operation.matrix) + (top + down.after if padded else 0)
    width = len(operation.matrix[0]) + (left + right.after if padded else 0)
    styles = {}
    rows = []
    for r in range(height):
        row = []
        for c in range(width):
            inside = 0 <= r - top < len(operation.matrix) and 0 <= c - left < len(operation.matrix[0])
            row.append(notation.number(operation.matrix[r - top][c - left]) if inside else "0")
            if not inside:
                styles[r, c] = _PADDING
        rows.append(row)
    if at is not None:
        seen = (
            [cell for cell, _ in operation.sources(*at)]
            if isinstance(operation, Transposed)
            else [cell for cells in operation.cells(*at) for cell in cells]
        )
        styles |= marked([(cell.row + top, cell.column + left) for cell in seen], _WINDOW)
    return block(rows, console.width, styles)


def _middle(console: Console, operation: Operation, notation: Notation) -> list[Lines | str]:
    if isinstance(operation, Pooling):
        height, width = operation.window
        return [f"{operation.mode} {height}×{width}"]
    assert isinstance(operation, (Correlation, Transposed))
    return kernel_parts(console, operation.kernel, notation, operation.symbol)


def kernel_parts(console: Console, kernel: Kernel, notation: Notation, sign: str) -> list[Lines | str]:
    """A kernel with a sign and what it is divided by before it."""
    before = sign if kernel.divisor == 1 else f"{sign}  1/{kernel.divisor} ·".strip()
    rows = block(numbers(kernel.rows, notation), console.width)
    return [before, rows] if before else [rows]


def numbers(rows: Rows, notation: Notation) -> list[list[str]]:
    """Rows as they are written."""
    return [[notation.number(v) for v in row] for row in rows]


def facts(operation: Operation) -> Iterator[str]:
    """Sizes with their formula, what the padding and the flip do, what is left unread."""
    axes = operation.axes[1:] if operation.is_signal else operation.axes
    sizes = "×".join(str(a.input) for a in axes), "×".join(str(a.output) for a in axes)
    yield f"{sizes[0]} → {sizes[1]}:  " + ",  ".join(dict.fromkeys(map(size_line, axes)))
    if isinstance(operation, Correlation) and operation.true:
        turned = "; ".join(" ".join(show(v, operation.kernel.fractions) for v in row) for row in operation.applied.rows)
        yield str(T("Convolution rotates the kernel by 180° first: [{rows}].", rows=turned))
    if isinstance(operation, Correlation):
        yield from _about(operation.kernel)
    if isinstance(operation, Transposed) or not any(a.remainder for a in axes):
        return
    unread = [a.lost for a in operation.axes]
    if not any(unread):
        yield str(
            T(
                "The stride does not divide, but steps over the rows and columns at the end by design: no others are lost."
            )
            if any(a.remainder > a.after for a in axes)
            else T("Only zeros of the padding are left out: no data is lost.")
        )
    if unread[0]:
        yield str(
            T(
                "The stride does not divide: the last row is read by no window.",
                "The stride does not divide: the last {n} rows are read by no window.",
                n=unread[0],
            )
        )
    if unread[1]:
        yield str(
            T(
                "The stride does not divide: the last column is read by no window.",
                "The stride does not divide: the last {n} columns are read by no window.",
                n=unread[1],
            )
        )


def _about(kernel: Kernel) -> Iterator[str]:
    """What a typed kernel is called, and whether it leaves the brightness as it is."""
    found = recognised(kernel)
    if found is None:
        return
    name, factor = found
    if name == "mean" and factor != 1:
        yield str(
            T(
                "The weights add up to {total}: what is even becomes {total} times as large. A mean divides by the number "
                "of entries, {n}.",
                total=show(factor),
                n=kernel.size[0] * kernel.size[1],
            )
        )
    elif factor == 1:
        yield str(T("This kernel is `{name}`.", name=name))
    else:
        yield str(T("This kernel is {n} times `{name}`.", n=show(factor), name=name))
    if name == "identity":
        yield str(T("It mixes no values; the median of a window is something else, and no kernel."))
    elif name.startswith("prewitt"):
        yield str(T("Sobel's has 2 in the middle of each side."))


def _print_chain(console: Console, chain: Chain, notation: Notation) -> None:
    for number, step in enumerate(chain.steps, 1):
        console.print(Text(str(T("Step {n}", n=number)), "bold"))
        print_operation(console, step, notation)
        console.print()
    console.print(Text(str(T("The one kernel that does the same")), "bold"))
    parts: list[Lines | str] = []
    for step in chain.steps:
        parts += kernel_parts(console, step.kernel, notation, "∗" if parts else "")
    print_equation(console, [*parts, *kernel_parts(console, chain.equivalent, notation, "=")])
    console.print()
    for line in chain_facts(chain):
        print_text(console, Text(line))


def chain_facts(chain: Chain) -> Iterator[str]:
    """What associativity says, and whether it holds here."""
    sign = chain.direct.symbol
    yield f"(x {sign} a) {sign} b = x {sign} (a ∗ b)"
    if chain.agreeing == chain.total:
        yield str(
            T(
                "Applied at once it gives the same.",
                "Applied at once it gives the same at all {n} places.",
                n=chain.total,
            )
        )
    else:
        yield str(
            T(
                "Applied at once it gives the same at {n} of {total} places: the others see the zeros of the "
                "padding a second time.",
                n=chain.agreeing,
                total=chain.total,
            )
        )
    if sign == "⋆":
        yield str(
            T("∗ is convolution. Correlation itself is not associative, but two correlations are one with a ∗ b.")
        )


def _print_gradient(console: Console, gradient: Gradient, notation: Notation) -> None:
    for name, part in (("Gx", gradient.x), ("Gy", gradient.y)):
        console.print(Text(name, "bold"))
        print_operation(console, part, notation)
        console.print()
    console.print(Text("√(Gx² + Gy²)", "bold"))
    print_equation(console, [block(magnitudes(gradient, notation), console.width)])


def channel_title(number: int) -> str:
    """What a channel is called."""
    return str(T("Channel {n}", n=number))


def sum_title(channels: Channels) -> str:
    """What is done with what the channels give."""
    if channels.relu:
        return str(T("Sum, bias, ReLU") if channels.bias else T("Sum, ReLU"))
    return str(T("Sum and bias") if channels.bias else T("Sum"))


def _print_channels(console: Console, channels: Channels, notation: Notation, at: Position | None) -> None:
    for number, part in enumerate(channels.parts, 1):
        console.print(Text(channel_title(number), "bold"))
        print_operation(console, part, notation, at)
        console.print()
    console.print(Text(sum_title(channels), "bold"))
    parts: list[Lines | str] = [block(numbers(channels.sums, notation), console.width)]
    if channels.bias:
        parts += ["−" if channels.bias < 0 else "+", notation.number(max(channels.bias, -channels.bias))]
    if channels.relu:
        parts = ["max(0,", *parts, ")"]
    if len(parts) > 1:
        found = marked([at] if at else [], _RESULT)
        print_equation(console, [*parts, "=", block(numbers(channels.output, notation), console.width, found)])
    else:
        print_equation(console, parts)


def magnitudes(gradient: Gradient, notation: Notation) -> list[list[str]]:
    """The roots: exact where they come out even, else with two decimals."""
    rows = []
    for row in gradient.squares:
        roots = [root_of(v) for v in row]
        rows.append(
            [
                f"{float(v) ** 0.5:.2f}" if root is None else notation.number(root)
                for v, root in zip(row, roots, strict=True)
            ]
        )
    return rows


def print_place(console: Console, work: Work, at: Position, notation: Notation) -> None:
    """How one output comes about."""
    if isinstance(work, Gradient):
        for part in (work.x, work.y):
            print_place(console, part, at, notation)
        console.print(Text(f"  {magnitude(work, *at, notation)}"), soft_wrap=True)
        return
    if isinstance(work, Channels):
        for number, part in enumerate(work.parts, 1):
            console.print(Text(channel_title(number), "bold"))
            print_place(console, part, at, notation)
            console.print()
        console.print(Text(sum_title(work), "bold"))
        print_text(console, Text(f"  {total_line(work, *at, notation)}"))
        return
    operation = work.steps[-1] if isinstance(work, Chain) else work
    row, column = at
    title = (
        T("Place {column}", column=column + 1)
        if operation.is_signal
        else T("Row {row}, column {column}", row=row + 1, column=column + 1)
    )
    console.print(Text(str(title), "bold"))
    if not isinstance(operation, Transposed):
        seen = tuple(tuple(c.value for c in cells) for cells in operation.cells(row, column))
        window = block(numbers(seen, notation), console.width)
        parts: list[Lines | str] = [window]
        if isinstance(operation, Correlation):
            parts += ["·", block(numbers(operation.applied.rows, notation), console.width)]
        print_equation(console, parts)
    for line in working(operation, row, column, notation):
        print_text(console, Text(f"  {line}"))


def lines_of_all(operation: Operation, notation: Notation, channels: Channels | None = None) -> Iterator[str]:
    """One line for each output, in reading order; of `channels` what they add up to."""
    for row, column in operation.places():
        where = (
            T("place {column}", column=column + 1)
            if operation.is_signal
            else T("row {row}, column {column}", row=row + 1, column=column + 1)
        )
        line = total_line(channels, row, column, notation) if channels else one_line(operation, row, column, notation)
        yield f"{where}: {line}"


def print_flat(console: Console, rows: Rows, flat: tuple[Number, ...], notation: Notation) -> None:
    """A matrix and the row that it becomes, read line by line."""
    print_equation(
        console, [block(numbers(rows, notation), console.width), "→", block(numbers((flat,), notation), console.width)]
    )
    console.print()
    shape = f"{len(rows)}×{len(rows[0])}"
    console.print(Text(str(T("{shape} → one row of {n} values, read line by line.", shape=shape, n=len(flat)))))
