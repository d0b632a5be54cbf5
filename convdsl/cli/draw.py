"""`convdsl draw`: a network as a picture."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from convdsl.cli.parsing import CallError, add_unknowns, given_from, read_program
from convdsl.drawing.drawing import STYLES
from convdsl.drawing.picture import COLOURS, DIRECTIONS, FORMATS, CannotDraw, Drawing, choices, ending
from convdsl.drawing.telling import SHAPES, SHOWN
from convdsl.messages import T, reason
from convdsl.network import analyse
from convdsl.network.analysis import refuse_strangers


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=str(T("a program, or - for standard input")))
    parser.add_argument(
        "-o",
        "--out",
        metavar="FILE",
        help=str(
            T(
                "where to draw to; the ending says as what: {list}. Without it SVG goes to standard output",
                list=", ".join("." + f for f in FORMATS),
            )
        ),
    )
    parser.add_argument(
        "--style",
        choices=STYLES,
        default="auto",
        help=str(T("what the drawing looks like; `auto` chooses by the network")),
    )
    parser.add_argument(
        "--depth", metavar="N", help=str(T("open blocks and branches so deep; `all` draws every layer by itself"))
    )
    parser.add_argument(
        "--show",
        metavar="WHAT",
        default="sizes",
        help=str(T("what stands in a box, joined by commas: {list}, or none", list=", ".join(SHOWN))),
    )
    parser.add_argument(
        "--colour",
        "--color",
        choices=COLOURS,
        default="kind",
        help=str(T("colour boxes by their kind, or by how much of something they have")),
    )
    parser.add_argument(
        "--shape", choices=SHAPES, default="", help=str(T("how a size is written: 28×28×6, 6@28×28 or 6×28×28"))
    )
    parser.add_argument(
        "--theme",
        choices=("light", "dark", "both"),
        default="light",
        help=str(T("for light or dark pages; `both` writes two files")),
    )
    parser.add_argument("--mono", action="store_true", help=str(T("no colours, for printing")))
    parser.add_argument("--legend", action="store_true", help=str(T("say below what the colours mean")))
    parser.add_argument("--direction", choices=DIRECTIONS, default="right", help=str(T("where the data goes")))
    parser.add_argument(
        "--width", metavar="PIXELS", type=float, default=1200, help=str(T("how wide the drawing may be, in pixels"))
    )
    add_unknowns(parser)


def run(options: argparse.Namespace) -> int:
    try:
        return _run(options)
    except CannotDraw as error:
        raise CallError(error.message) from None


def _run(options: argparse.Namespace) -> int:
    chosen = choices(
        options.style,
        options.direction,
        options.depth,
        options.show,
        options.colour,
        options.shape,
        options.width,
        options.legend,
    )
    if options.out is not None:
        ending(options.out)
    elif options.theme == "both":
        raise CallError(T("`--theme both` writes two files; `-o net.svg` names the first."))
    analysis = analyse(read_program(options.file), **given_from(options))
    refuse_strangers(analysis, dict(options.set))
    status = 0
    if analysis.failed:
        from convdsl.report.diagnostics import complain

        status = complain(analysis.diagnostics)
    if not analysis.network.nodes:
        return status or 1
    light = Drawing(analysis, chosen, "dark" if options.theme == "dark" else "light", options.mono)
    if options.out is None:
        _show(light)
    elif options.theme == "both":
        _write_both(Path(options.out), light, Drawing(analysis, chosen, "dark", options.mono))
    else:
        _put(Path(options.out), light.written(ending(options.out)))
    for note in light.notes:
        print(f"convdsl: {note}", file=sys.stderr)
    return status


def _show(drawing: Drawing) -> None:
    """A picture where the terminal shows some, else what to do; into a pipe or a file the SVG itself."""
    if not sys.stdout.isatty():
        stream = getattr(sys.stdout, "unfiltered", sys.stdout)
        stream.flush()
        stream.buffer.write(drawing.written("svg"))  # UTF-8, whatever the terminal's letters are
        return
    if not _shown(drawing):
        name = drawing.analysis.source.name
        print(T("No picture is shown here. `convdsl draw {file} -o net.svg` writes one.", file=name))


def _shown(drawing: Drawing) -> bool:
    """Shows it in the terminal, where there is a way to and it fits."""
    from convdsl.report.terminal_picture import show_picture

    try:
        return show_picture(drawing.written("png"), drawing.scene.width)
    except (CannotDraw, ModuleNotFoundError):
        return False


def _put(path: Path, content: bytes) -> None:
    from convdsl import files

    try:
        files.write(path, (content,))
    except OSError as error:
        raise CallError(T("{name} cannot be written: {reason}.", name=path, reason=reason(error))) from None


def _write_both(path: Path, light: Drawing, dark: Drawing) -> None:
    """Two files, and how a page shows the one that fits."""
    other = path.with_name(f"{path.stem}.dark{path.suffix}")
    contents = [(path, light.written(ending(path))), (other, dark.written(ending(path)))]
    for file, content in contents:
        _put(file, content)
    print(
        f'<picture>\n  <source media="(prefers-color-scheme: dark)" srcset="{other.name}">\n'
        f'  <img alt="{light.analysis.network.name}" src="{path.name}">\n</picture>'
    )
