"""The command line: one small file per command, imported only when it is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module

from convdsl.cli.parsing import CallError, Parser
from convdsl.cli.streams import CLOSED_PIPE, abandon_output, filtered, prepare
from convdsl.diagnostics import ProgramError, UnknownSymbol, not_text
from convdsl.messages import LANGUAGES, T, reason, use_language
from convdsl.source import NotText

COMMANDS = {
    "check": T("sizes, costs and what is wrong, for one program or several"),
    "draw": T("a network as a picture, drawn from what `check` knows"),
    "run": T("train, evaluate and save a network"),
    "look": T("what a trained network makes of an image, layer by layer, and what its answer rests on"),
    "predict": T("which class a picture is, with a trained network"),
    "evaluate": T("a trained network on the images of a data set"),
    "ensemble": T("several trained networks that answer together"),
    "runs": T("all runs of a folder in a table: what differs, and what came out"),
    "compare": T("networks by what they cost and how well they answer: a chart, a page or a table"),
    "data": T("look at a data set: parts, classes, sizes, duplicates, damaged files, augmentation"),
    "repl": T("work interactively; also what `convdsl` alone starts in a terminal"),
    "explain": T("how a size or a cost comes about, step by step; what a diagnostic means"),
    "solve": T("the values of holes and symbols"),
    "convolve": T("convolution worked by hand, on a matrix or an image"),
    "course": T("exercises with answers that are computed: to work through, to print, to write"),
    "grade": T("mark files of answers to the course's exercises"),
    "lsp": T("a language server: what `check` and `explain` know, in an editor while one types"),
    "completion": T("Tab for a shell: commands, options and files"),
    "fmt": T("the one way to write a program"),
    "export": T("a network with its weights for other frameworks: ONNX, PyTorch, Keras"),
    "import": T("a network of another framework as a program"),
    "page": T("the same in a browser: sizes, drawing and the rest while one types"),
}
"""Every command and what it does; its code is in convdsl/cli/NAME.py, with `arguments(parser)` and `run(arguments)`."""
FILES = {"import": "importing"}
"""Commands whose names no file can have: words of Python."""


def main(argv: list[str] | None = None) -> int:
    """Runs one command. Returns the exit status: 0 all is well, 1 the program or the data are wrong, 2 the call is wrong
    or something outside failed."""
    prepare()
    try:
        with filtered():
            status = _main(sys.argv[1:] if argv is None else argv)
    except OSError:  # what went wrong cannot be told: standard error is full, or nobody reads it
        status = 2
    aside = sys.modules.get("convdsl.aside")
    if aside and aside.Aside.busy():  # a step that was stopped is still being computed
        from convdsl.cli.stopping import end

        end(status)
    return status


def _main(argv: list[str]) -> int:
    arguments = _language(list(argv))
    return told(lambda: _dispatch(arguments))


def told(work: Callable[[], int]) -> int:
    """Does it, and says what went wrong. Returns the exit status."""
    try:
        try:
            status = work()
        except SystemExit:  # `--help` was printed
            sys.stdout.flush()
            raise
        _mention_caches()
        sys.stdout.flush()
        return status
    except (CallError, UnknownSymbol) as error:
        print(f"convdsl: {error}", file=sys.stderr)
        return getattr(error, "status", 2)
    except (ProgramError, NotText) as error:
        from convdsl.report.diagnostics import complain

        return complain(error.diagnostics if isinstance(error, ProgramError) else [not_text(error)])
    except BrokenPipeError:
        abandon_output()
        return CLOSED_PIPE
    except OSError as error:
        abandon_output()
        parts = ("convdsl", error.filename, reason(error))
        print(": ".join(str(part) for part in parts if part), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130


def _mention_caches() -> None:
    """What is to be said of caches that could not be used or trusted."""
    caches = sys.modules.get("convdsl.caches")
    for line in caches.told() if caches else ():
        print(f"convdsl: {line}", file=sys.stderr)


def _language(arguments: list[str]) -> list[str]:
    """Takes `--lang` out, wherever it stands: even the help is in the language asked for."""
    for position, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument == "--lang" or argument.startswith("--lang="):
            inline = argument.partition("=")[2]
            value = inline or (arguments[position + 1] if position + 1 < len(arguments) else "")
            if value not in LANGUAGES:
                print(
                    "convdsl: " + str(T("`--lang` takes one of: {list}.", list=", ".join(LANGUAGES))), file=sys.stderr
                )
                raise SystemExit(2)
            use_language(value)
            return arguments[:position] + arguments[position + (1 if inline else 2) :]
    return arguments


def _dispatch(arguments: list[str]) -> int:
    name = arguments[0] if arguments else ""
    if not arguments:
        if sys.stdin.isatty() and sys.stdout.isatty():
            name = "repl"
        else:
            print(_overview())
            return 2
    if name in ("-h", "--help", "help") and len(arguments) < 2:
        print(_overview())
        return 0
    if name in ("-V", "--version"):
        from convdsl import __version__

        print(f"convdsl {__version__}")
        return 0
    if name == "help":
        arguments = [arguments[1], "--help"]
        name = arguments[0]
    if name not in COMMANDS:
        raise CallError(_unknown(name))
    module = import_module(f"convdsl.cli.{FILES.get(name, name)}")
    parser = Parser(prog=f"convdsl {name}", description=str(module.__doc__ and COMMANDS[name]))
    module.arguments(parser)
    return module.run(parser.read(arguments[1:]))


def _unknown(name: str) -> T:
    from difflib import get_close_matches

    close = get_close_matches(name, COMMANDS, n=1)
    if close:
        return T("there is no command `{name}`. Did you mean `convdsl {close}`?", name=name, close=close[0])
    if name.endswith(".cnn") or os.path.exists(name):
        return T("say what to do with it: `convdsl check {name}`, or `convdsl --help` for all commands.", name=name)
    return T("there is no command `{name}`. `convdsl --help` lists them.", name=name)


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [str(T("A small language for convolutional networks.")), "", str(T("Usage: convdsl COMMAND …")), ""]
    lines += [f"  {name:<{width}}  {help}" for name, help in COMMANDS.items()]
    lines += ["", str(T("`convdsl COMMAND --help` tells more. `--lang es` or `--lang en` chooses the language."))]
    return "\n".join(lines)
