"""`convdsl convolve`: convolution worked by hand, on a matrix or an image."""

from __future__ import annotations

import argparse
import re
import sys

from convdsl.cli.matrices import given, given_kernel, place_in
from convdsl.cli.parsing import CallError
from convdsl.layers import SizeError
from convdsl.messages import Grouped, T, with_decimals
from convdsl.report.arithmetic import Notation
from convdsl.report.convolution import Position, lines_of_all
from convdsl.report.convolution_document import Told
from convdsl.report.json_writer import print_json
from convdsl.report.telling import FORMATS, tell
from convdsl.teaching.worked.channels import Channels
from convdsl.teaching.worked.convolution import POOLINGS, Operation, Options
from convdsl.teaching.worked.exact import Number, read_number
from convdsl.teaching.worked.kernels import GRADIENTS, Kernel, Median, names, read_kernel
from convdsl.teaching.worked.matrix import Matrix, MatrixError, Rows
from convdsl.teaching.worked.tasks import Task, Work, last_operation, output_of, perform

MOST_STEPS = 10_000
EXAMPLES = (
    '"3 0 1; 1 5 8; 2 7 2" --kernel "1 0 -1; 1 0 -1; 1 0 -1" --at 1,1',
    "matrix.csv --kernel gaussian --padding same --steps",
    '"1 0 0 1; 0 1 6 0; 3 0 1 1; 1 0 3 0" --pool max 2',
    '"1 2; 3 4" -k "1 0; 0 1" --channel "0 1; 1 0" "1 1; 1 1" --bias -9 --relu',
    "photo.png --gradient sobel --out edges.png",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "matrix",
        nargs="?",
        default="-",
        metavar="MATRIX",
        help=str(
            T("`3 0 1; 1 5 8; 2 7 2`, a .txt or .csv file, an image file, fashion-mini:7, or - for standard input")
        ),
    )
    what = parser.add_argument_group(str(T("what slides over it")))
    what.add_argument(
        "-k", "--kernel", metavar="KERNEL", help=str(T("a matrix, or one of: {names}", names=", ".join(names())))
    )
    what.add_argument(
        "--channel",
        nargs=2,
        metavar=("MATRIX", "KERNEL"),
        action="append",
        default=[],
        help=str(T("another channel and the kernel's slice for it; what the channels give is added up")),
    )
    what.add_argument("--bias", metavar="B", type=bias, default=0, help=str(T("added to the sum, once")))
    what.add_argument("--relu", action="store_true", help=str(T("negative sums become 0, after the bias")))
    what.add_argument("--then", metavar="KERNEL", action="append", default=[], help=str(T("another kernel after it")))
    what.add_argument("--gradient", choices=GRADIENTS, help=str(T("the two kernels of that name, and √(Gx² + Gy²)")))
    what.add_argument(
        "--pool",
        nargs=2,
        metavar=("MODE", "K"),
        help=str(T("pooling with a window of K: {modes}", modes=", ".join(POOLINGS))),
    )
    what.add_argument(
        "--true",
        action="store_true",
        help=str(T("convolution proper: the kernel rotated by 180° (networks compute correlation)")),
    )
    what.add_argument("--transposed", action="store_true", help=str(T("transposed convolution")))
    what.add_argument("--flatten", action="store_true", help=str(T("the result as one row")))
    how = parser.add_argument_group(str(T("how it slides")))
    how.add_argument("-s", "--stride", metavar="S", type=sizes, help=str(T("1, or K for pooling; 2x1 differs by axis")))
    how.add_argument(
        "-p",
        "--padding",
        metavar="P",
        type=padding,
        help=str(T("zeros on each side, or `same`; 0 for a matrix, `same` for an image")),
    )
    how.add_argument(
        "-d", "--dilation", metavar="D", type=sizes, default=(1,), help=str(T("distance of the window's entries"))
    )
    how.add_argument("--output-padding", metavar="N", type=sizes, default=(0,), help=str(T("for --transposed")))
    show = parser.add_argument_group(str(T("what is shown")))
    show.add_argument(
        "--at", metavar="R,C", type=position, help=str(T("row and column of an output, from 1: how it comes about"))
    )
    show.add_argument(
        "--steps", action="store_true", help=str(T("every output in turn; in a terminal at the press of a key"))
    )
    show.add_argument("--decimals", metavar="N", type=int, help=str(T("round to so many decimals")))
    show.add_argument(
        "--format",
        choices=(*FORMATS, "json"),
        default="text",
        help=str(T("text for people, json for programs, the others for slides")),
    )
    films = parser.add_argument_group(str(T("films")))
    films.add_argument(
        "-o",
        "--out",
        metavar="FILE",
        help=str(T("the window that slides, as .svg, .gif, .html or .tex; of an image file the filtered image, .png")),
    )
    films.add_argument(
        "--layer", metavar="N", type=int, help=str(T("a layer of the program in --of, in place of a matrix"))
    )
    films.add_argument("--of", metavar="FILE", help=str(T("the program of --layer")))
    films.add_argument(
        "--reading",
        choices=("stamp", "zeros"),
        default="stamp",
        help=str(T("a transposed convolution as values that spread the kernel, or as a window over zeros put between")),
    )
    pictures = parser.add_argument_group(str(T("images")))
    pictures.add_argument(
        "--map",
        choices=("auto", "clip", "abs", "stretch"),
        default="auto",
        help=str(T("how values beyond 0…255 become visible")),
    )
    parser.epilog = "\n  ".join([f"{T('examples')}:", *(f"convdsl convolve {e}" for e in EXAMPLES)])
    pictures.add_argument("--grey", action="store_true", help=str(T("brightness instead of colours")))


def sizes(text: str) -> tuple[int, ...]:
    """`2` or `2x1`."""
    parts = re.split(r"\s*[x×,]\s*", text.strip())
    if len(parts) > 2 or not all(re.fullmatch(r"[0-9]{1,4}", p) for p in parts):
        raise argparse.ArgumentTypeError(str(T("`{text}` is not of the form 2 or 2x1", text=text)))
    return tuple(map(int, parts))


def bias(text: str) -> Number:
    """`-2`, `0.5` or `1/3`."""
    try:
        return read_number(text.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(str(T("`{text}` is not a number", text=text))) from None


def padding(text: str) -> tuple[int, ...] | str:
    """`1`, `0x2`, `same` or `valid`."""
    return text if text in ("same", "valid") else sizes(text)


def position(text: str) -> Position:
    """`2,3`, both from 1, as (1, 2); for a signal one number does."""
    parts = re.split(r"\s*[,x×;\s]\s*", text.strip("() "))
    if len(parts) > 2 or not all(re.fullmatch(r"[0-9]{1,6}", p) for p in parts) or "0" in parts:
        message = T("`{text}` is not of the form 2,3 (row, column, both from 1)", text=text)
        raise argparse.ArgumentTypeError(str(message))
    row, column = map(int, parts if len(parts) == 2 else ["1", *parts])
    return row - 1, column - 1


def run(options: argparse.Namespace) -> int:
    try:
        return _run(options)
    except MatrixError as error:
        raise CallError(f"{error.message}\n{error.help}") from None
    except SizeError as error:
        raise CallError(
            "\n".join(filter(None, [str(error.message), error.formula and f"  {with_decimals(error.formula)}"]))
        ) from None


def _run(options: argparse.Namespace) -> int:
    if options.decimals is not None and not 0 <= options.decimals <= 12:
        raise CallError(T("`--decimals` is between 0 and 12."))
    if options.of or options.layer is not None:
        if not options.of or options.layer is None:
            raise CallError(T("`--layer N --of net.cnn` go together: a layer by its number in `convdsl check`."))
        from convdsl.cli.convolve_film import film_of_layer

        film_of_layer(options)
        return 0
    _one_operation(options)
    task = task_of(options)
    found = given(options.matrix)
    if not isinstance(found, Matrix):
        if task is not None and task.layer_like:
            raise CallError(
                T("`--channel`, `--bias` and `--relu` go with matrices; a picture has its colours as channels.")
            )
        from convdsl.cli.convolve_images import run_on_picture

        return run_on_picture(found, task, options)
    if options.out and task is None:
        raise CallError(T("A film shows one window that slides: one kernel, or one pooling."))
    for note in found.notes:
        print(str(note), file=sys.stderr)
    if options.out and task is not None:
        from convdsl.cli.convolve_film import write_film

        notation = Notation(found.fractions or task.fractions, options.decimals)
        write_film(perform(task, found.values), notation, options.out, options.reading)
        return 0
    present(task, found, options)
    return 0


def _one_operation(options: argparse.Namespace) -> None:
    chosen = [name for name in ("kernel", "gradient", "pool") if getattr(options, name)]
    if len(chosen) > 1:
        raise CallError(T("`--{a}` and `--{b}` are two operations; give one of them.", a=chosen[0], b=chosen[1]))
    if not chosen and not options.flatten:
        raise CallError(
            T(
                'Say what to do with the matrix: `--kernel sobel_x`, `--kernel "1 0 -1; 1 0 -1; 1 0 -1"`, '
                "`--pool max 2`, `--gradient sobel` or `--flatten`."
            )
        )
    if (options.then or options.transposed or options.true) and not options.kernel:
        raise CallError(T("`--then`, `--true` and `--transposed` go with `--kernel`."))
    layer = next((name for name in ("channel", "bias", "relu") if getattr(options, name)), None)
    if layer and (not options.kernel or options.then or options.transposed):
        raise CallError(T("`--{name}` goes with one `--kernel`, without `--then` and `--transposed`.", name=layer))
    if options.then and options.transposed:
        raise CallError(T("`--then` and `--transposed` do not go together."))


def task_of(options: argparse.Namespace) -> Task | None:
    """What the options ask for; None where it is only flattening. Raises MatrixError, CallError."""
    how = Options(
        options.stride, (0,) if options.padding is None else options.padding, options.dilation, options.output_padding
    )
    for name, values in (("stride", how.s or ()), ("dilation", how.d)):
        if 0 in values:
            raise CallError(T("`--{name}` is at least 1.", name=name))
    if options.gradient:
        pair = [read_kernel(f"{options.gradient}_{axis}") for axis in "xy"]
        return Task("gradient", how, tuple(k for k in pair if isinstance(k, Kernel)), name=options.gradient)
    if options.pool:
        return _pooling(options.pool, how)
    if not options.kernel:
        return None
    found = [given_kernel(k) for k in (options.kernel, *options.then)]
    medians = [k for k in found if isinstance(k, Median)]
    if medians:
        if len(found) > 1 or options.transposed or options.true or options.channel or options.bias or options.relu:
            raise CallError(
                T(
                    "The median is no convolution: it has no kernel that could be rotated, transposed, composed or summed up."
                )
            )
        return Task("pool", how._replace(s=how.s or (1,)), mode="median", window=medians[0].size)
    kernels = tuple(k for k in found if isinstance(k, Kernel))
    kind = "transposed" if options.transposed else "kernels"
    more = tuple(map(_channel, options.channel))
    return Task(kind, how, kernels, options.true, more=more, bias=options.bias, relu=options.relu)


def _channel(written: list[str]) -> tuple[Rows, Kernel]:
    matrix, kernel = given(written[0]), given_kernel(written[1])
    if not isinstance(matrix, Matrix) or isinstance(kernel, Median):
        raise CallError(
            T("`--channel` takes a matrix and the kernel's slice for it, each typed or in a file of numbers.")
        )
    return matrix.values, kernel


def _pooling(written: list[str], how: Options) -> Task:
    mode = {"average": "avg", "mean": "avg", "maximum": "max", "minimum": "min"}.get(written[0], written[0])
    if mode not in POOLINGS:
        known = ", ".join(POOLINGS)
        raise CallError(T("There is no pooling `{mode}`; there are: {list}.", mode=written[0], list=known))
    try:
        window = sizes(written[1])
    except argparse.ArgumentTypeError as error:
        raise CallError(str(error)) from None
    if 0 in window:
        raise CallError(T("`--{name}` is at least 1.", name="pool"))
    return Task("pool", how, mode=mode, window=window)


def present(task: Task | None, matrix: Matrix, options: argparse.Namespace) -> None:
    """Does the task on a matrix and shows the result in the format asked for."""
    work = perform(task, matrix.values) if task else None
    operation = last_operation(work) if work else None
    notation = Notation(matrix.fractions or bool(task and task.fractions), options.decimals)
    at = place_in(options.at, operation)
    places = [at] if at else list(operation.places()) if options.steps and operation else []
    if len(places) > MOST_STEPS:
        raise CallError(T("That would be {n} places; `--at` shows one of them.", n=Grouped(len(places))))
    flat = tuple(v for row in (output_of(work) if work else matrix.values) for v in row) if options.flatten else None
    if options.format == "json":
        from convdsl.report.convolution_data import matrix as plain
        from convdsl.report.convolution_data import work_data

        data = work_data(work, places) if work else {"operation": "flatten", "input": plain(matrix.values)}
        print_json({**data, "flat": plain((flat,))[0]} if flat else data)
    elif options.format == "text" and options.steps and operation is not None and at is None:
        _print_steps(work, operation, notation)
        if flat:
            tell(Told(notation).flat(output_of(work) if work else matrix.values, flat), "text")
    else:
        told = Told(notation)
        said = [*told.work(work, places)] if work else []
        if flat:
            said += told.flat(output_of(work) if work else matrix.values, flat)
        tell(said, options.format)


def _print_steps(work: Work | None, operation: Operation, notation: Notation) -> None:
    """Every output in turn: at the press of a key where there is somebody to press it, else a line for each."""
    from convdsl.report.console import console

    out = console()
    channels = work if isinstance(work, Channels) else None
    if out.is_terminal and sys.stdin.isatty() and channels is None:
        from convdsl.cli.stepping import step_through

        step_through(out, operation, notation)
        return
    for line in lines_of_all(operation, notation, channels):
        print(line)
