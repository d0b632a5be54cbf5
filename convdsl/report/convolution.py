"""What is said of a convolution by hand: sizes, kernels, titles, the sums in one line each."""

from __future__ import annotations

from collections.abc import Iterator

from convdsl.messages import T, decimals
from convdsl.report.arithmetic import Notation, one_line, root_of, size_line, total_line
from convdsl.teaching.worked.chains import Chain, Gradient
from convdsl.teaching.worked.channels import Channels
from convdsl.teaching.worked.convolution import Correlation, Operation, Transposed
from convdsl.teaching.worked.exact import show
from convdsl.teaching.worked.kernels import Kernel, recognised

Position = tuple[int, int]
"""Row and column of a value, from 0."""


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


def channel_title(number: int) -> str:
    """What a channel is called."""
    return str(T("Channel {n}", n=number))


def sum_title(channels: Channels) -> str:
    """What is done with what the channels give."""
    if channels.relu:
        return str(T("Sum, bias, ReLU") if channels.bias else T("Sum, ReLU"))
    return str(T("Sum and bias") if channels.bias else T("Sum"))


def place_title(operation: Operation, row: int, column: int) -> str:
    """Which output it is."""
    if operation.is_signal:
        return str(T("Place {column}", column=column + 1))
    return str(T("Row {row}, column {column}", row=row + 1, column=column + 1))


def magnitudes(gradient: Gradient, notation: Notation) -> list[list[str]]:
    """The roots: exact where they come out even, else with two decimals."""
    rows = []
    for row in gradient.squares:
        roots = [root_of(v) for v in row]
        rows.append(
            [
                decimals(f"{float(v) ** 0.5:.2f}") if root is None else notation.number(root)
                for v, root in zip(row, roots, strict=True)
            ]
        )
    return rows


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
