"""`convdsl data`: look at a data set, without a network."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from convdsl.cli.parsing import CallError, add_format
from convdsl.cli.using import Bad, answered
from convdsl.messages import T


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "data", metavar="DATA", help=str(T("a known data set, or the path of a folder, an archive or a file"))
    )
    parser.add_argument(
        "--labels-from", type=int, metavar="1", help=str(T("number of the first class, where labels are numbers"))
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help=str(T("what is set aside, and what the changes are"))
    )
    parser.add_argument(
        "--augment", metavar='"flip, rotate 10"', help=str(T("changes as in a `train` block, for a sheet of pictures"))
    )
    parser.add_argument("-o", "--out", metavar="FILE", type=Path, help=str(T("the sheet: .png (needs Pillow) or .svg")))
    add_format(parser)


@answered()
def run(options: argparse.Namespace) -> int:
    if bool((options.augment or "").strip()) != (options.out is not None):
        raise CallError(T('`--augment` and `-o` go together: --augment "flip, rotate 10" -o sheet.png'))
    if options.out and options.out.suffix.lower() not in (".png", ".svg"):
        raise CallError(T("{path}: a sheet is a .png or an .svg.", path=options.out))
    if not 0 <= options.seed < 2**32:
        raise CallError(T("`--seed` takes a whole number from 0 on."))
    from convdsl.datasets import load, search_path
    from convdsl.report.loading import loading

    changes = _changes(options.augment) if options.augment else None
    notes: list[T | str] = []
    with loading(options.format == "text") as (progress, _):
        data = load(options.data, search=search_path(), progress=progress, seed=options.seed,
                    labels_from=options.labels_from, warn=notes.append)  # fmt: skip
    if changes is not None:
        return _sheet(data, changes, options)
    from convdsl.datasets.inspecting import inspect

    found = inspect(data)
    if options.format == "json":
        from convdsl.report.json_writer import print_json

        print_json({**found.as_data(), "notes": [str(note) for note in notes]})
        return 0
    from convdsl.report.console import console
    from convdsl.report.dataset import print_findings

    out = console()
    print_findings(out, found)
    for note in notes:
        out.print(str(note), soft_wrap=not out.is_terminal)
    return 0


def _changes(text: str) -> Any:
    """The changes that an `augment` line names. Raises CallError."""
    from convdsl.training.configure import assemble, lines_from

    given, found = lines_from({"augment": text}, "--")
    for findings in found:
        for diagnostic in findings.items:
            raise CallError(f"--augment: {diagnostic.message} {diagnostic.help or ''}".rstrip())
    return assemble(given).augment


def _sheet(data: Any, changes: Any, options: argparse.Namespace) -> int:
    from convdsl import files
    from convdsl.report.sheet import as_png, as_svg
    from convdsl.training.mirrors import mixed, warning
    from convdsl.training.sheet import sheet

    if len(data.shape) != 3 or data.shape[-1] not in (1, 3):
        raise Bad(
            T("{data} holds {shape}, which are no pictures.", data=data.name, shape="x".join(map(str, data.shape)))
        )
    too_far = next((name for name in ("shift", "cutout") if getattr(changes, name) >= max(data.shape[:2])), None)
    if too_far:
        raise Bad(T("`{name}` of {value} pixels leaves nothing of an image of {shape}.", name=too_far,
                    value=getattr(changes, too_far), shape="x".join(map(str, data.shape))))  # fmt: skip
    rows = sheet(data, changes, options.seed)
    content = as_svg(rows) if options.out.suffix.lower() == ".svg" else as_png(rows)
    files.write(options.out, [content])
    if (found := mixed(data.classes, changes)) is not None:
        print(*warning(found), file=sys.stderr)
    print(T("{path}: {n} images, each with {copies} changed copies beside it.", path=options.out, n=len(rows),
            copies=len(rows[0].images) - 1))  # fmt: skip
    return 0
