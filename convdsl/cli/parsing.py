"""What the commands share: arguments, and the programs that they name."""

from __future__ import annotations

import argparse
import itertools
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from convdsl import files
from convdsl.messages import T, reason, translate
from convdsl.source import MAX_BYTES, NotText, Source, decode, read

argparse._ = translate  # type: ignore[attr-defined]  # argparse's own words ("usage", "options") in the user's language


FOREIGN = (".onnx", ".keras", ".h5", ".hdf5")
"""What is taken for a file of another framework, by the end of its name."""


class CallError(Exception):
    """The call is wrong, or something outside the program failed: exit status 2."""

    status = 2

    def __init__(self, message: T | str) -> None:
        self.message = message
        super().__init__(message)

    def __str__(self) -> str:
        return str(self.message)


class NotOurs(CallError):
    """A file that can be read, and what is in it is wrong or no network of the language: exit status 1."""

    status = 1


class Unread(CallError):
    """A file that is not there or cannot be read."""


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help with the names of values, FILE or FOLDER, in the user's language."""

    def __init__(self, prog: str) -> None:
        """argparse makes one for every option that is declared; asked for the width, it would import shutil each time."""
        super().__init__(prog, width=_width() - 2)

    def _format_args(self, action: argparse.Action, default_metavar: str) -> str:
        return re.sub(r"[A-Z]{3,}", _value_name, super()._format_args(action, default_metavar))

    def _metavar_formatter(self, action: argparse.Action, default_metavar: str) -> Callable[[int], tuple[str, ...]]:
        name = super()._metavar_formatter(action, default_metavar)
        return lambda size: tuple(re.sub(r"[A-Z]{3,}", _value_name, part) for part in name(size))


VALUE_NAMES = {
    "FILE": T("FILE"),
    "FOLDER": T("FOLDER"),
    "DIR": T("FOLDER"),
    "LAYER": T("LAYER"),
    "KERNEL": T("KERNEL"),
    "MATRIX": T("MATRIX"),
    "MODE": T("MODE"),
    "SECONDS": T("SECONDS"),
    "PROGRAM": T("PROGRAM"),
    "RUN": T("RUN"),
    "DATA": T("DATA"),
    "NAME": T("NAME"),
    "WHAT": T("WHAT"),
    "PIXELS": T("PIXELS"),
}


def _width() -> int:
    """Of the terminal, as `shutil.get_terminal_size` finds it."""
    with suppress(ValueError):
        if (said := int(os.environ.get("COLUMNS", 0))) > 0:
            return said
    with suppress(AttributeError, ValueError, OSError):
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    return 80


def _value_name(match: re.Match[str]) -> str:
    return str(VALUE_NAMES.get(match[0], match[0]))


class Parser(argparse.ArgumentParser):
    """argparse, but a wrong call raises CallError."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=Formatter, allow_abbrev=False, **options)

    def read(self, arguments: list[str]) -> argparse.Namespace:
        """The options in `arguments`; a value of several words without quotes is answered with the quotes."""
        options, rest = self.parse_known_args(arguments)
        if rest:
            if not rest[0].startswith("-") and not rest[0].endswith(".cnn"):
                self._quotes_missing(arguments, arguments.index(rest[0]))
            self.error(translate("unrecognized arguments: %s") % " ".join(rest))
        return options

    def _print_message(self, message: str, file: Any = None) -> None:
        """As argparse does it, but a disk that is full is told."""
        (file or sys.stderr).write(message or "")

    def _quotes_missing(self, arguments: list[str], place: int) -> None:
        """Raises CallError where the word at `place` stands behind an option that takes one value."""
        start = next((n for n in range(place - 1, -1, -1) if arguments[n].startswith("--")), place)
        action = self._option_string_actions.get(arguments[start])
        if action is None or action.nargs == 0 or action.type is not None or action.choices is not None:
            return
        words = itertools.takewhile(lambda word: not word.startswith("-"), arguments[start + 1 :])
        raise CallError(
            T("several words for one option stand in quotes: `{text}`.", text=f'{arguments[start]} "{" ".join(words)}"')
        )

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuses what can only come from a pipe or from Python: a name that no file can have."""
        if any("\0" in word for word in args or ()):
            raise CallError(T("no name has a zero byte in it"))
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        raise CallError(T("{message}. `{command} --help` tells what it takes.", message=message, command=self.prog))


def add_format(parser: argparse.ArgumentParser) -> None:
    """For what is written for people or for programs, and in no other way."""
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help=str(T("text for people, json for programs"))
    )


def add_unknowns(parser: argparse.ArgumentParser) -> None:
    """The options that give symbols and the input a value."""
    parser.add_argument(
        "--set", metavar="N=224", action="append", default=[], type=setting, help=str(T("give a symbol a value"))
    )
    parser.add_argument(
        "--input", metavar="224x224x3", type=shape, help=str(T("another size of the input, channels last"))
    )


def given_from(options: argparse.Namespace) -> dict[str, Any]:
    """What `add_unknowns` has read, as `checked` and `solve` take it."""
    return {"symbols": dict(options.set), "input": options.input}


def setting(text: str) -> tuple[str, int]:
    """`N=224` as ("N", 224)."""
    match = re.fullmatch(r"\s*([A-Z][A-Z0-9_]*)\s*=\s*([0-9]{1,15})\s*", text)
    if not match:
        raise argparse.ArgumentTypeError(str(T("`{text}` is not of the form N=224", text=text)))
    return match[1], int(match[2])


def shape(text: str) -> tuple[int, ...]:
    """`224x224x3` as (224, 224, 3); × and spaces are understood."""
    parts = re.split(r"\s*[x×X]\s*", text.strip())
    if not 1 <= len(parts) <= 4 or not all(re.fullmatch(r"[1-9][0-9]{0,11}", p) for p in parts):
        raise argparse.ArgumentTypeError(str(T("`{text}` is not of the form 224x224x3", text=text)))
    return tuple(map(int, parts))


def read_program(name: str) -> Source:
    """The program in a file, or on standard input for `-`. Raises Unread where there is none, NotText."""
    if name == "-":
        data = sys.stdin.buffer.read()
        return decode(data, str(T("<standard input>")))
    if name.lower().endswith(FOREIGN):
        from convdsl.cli.foreign import read_foreign

        found = read_foreign(Path(name)).analysis.source
        return Source(found.text, name)
    try:
        return read(name)
    except NotText:
        raise
    except FileNotFoundError:
        raise Unread(_no_file(name)) from None
    except IsADirectoryError:
        raise Unread(
            T("{name} is a folder; name a file in it, such as {name}/net.cnn.", name=name.rstrip("/"))
        ) from None
    except (OSError, ValueError) as error:
        raise Unread(T("{name} cannot be read: {reason}.", name=name, reason=reason(error))) from None


def replace_program(name: str, text: str) -> None:
    """Writes a program in one step, so that nobody ever sees half of it. Keeps the file's permissions and line ends."""
    path = os.path.realpath(name)
    try:
        old = files.read(path, MAX_BYTES)
        new = text.replace("\n", "\r\n") if b"\r\n" in old else text
        files.write(path, (new.encode(),), seen=files.digest(old))
    except OSError as error:
        raise CallError(T("{name} cannot be written: {reason}.", name=path, reason=reason(error))) from None


def _no_file(name: str) -> T:
    """That a program is not there, and which one beside it may be meant."""
    from difflib import get_close_matches

    folder = Path(name).parent
    try:
        programs = [path.name for path in folder.iterdir() if path.suffix == ".cnn"]
    except OSError:
        programs = []
    close = get_close_matches(Path(name).name, programs, n=1, cutoff=0.7)
    if Path(name).name + ".cnn" in programs:
        close = [Path(name).name + ".cnn"]
    if close:
        return T("there is no file {name}. Did you mean {close}?", name=name, close=folder / close[0])
    return T("there is no file {name}.", name=name)
