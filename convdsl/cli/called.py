"""What a session answers, shown; and the commands of the command line that it calls, run."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from itertools import count
from pathlib import Path
from types import ModuleType

from rich.console import Console

from convdsl import files
from convdsl.aside import Aside
from convdsl.cli.parsing import CallError, Parser
from convdsl.diagnostics import ProgramError, UnknownSymbol
from convdsl.messages import T, reason
from convdsl.report.diagnostics import complain
from convdsl.report.session import print_answer
from convdsl.source import MAX_BYTES
from convdsl.teaching.answers import Answer, Called, Told


def respond(out: Console, answer: Answer) -> int:
    """Shows an answer, running the command that it calls. Returns that command's exit status, else 0."""
    if not isinstance(answer, Called):
        print_answer(out, answer)
        return 0
    try:
        return _run(answer)
    except ProgramError as error:
        return complain(error.diagnostics)
    except (CallError, UnknownSymbol) as error:
        print_answer(out, Told(str(error), ok=False))
        return 2
    except SystemExit as ended:  # `--help`
        return ended.code if isinstance(ended.code, int) else 0


def options_of(command: str) -> dict[str, str]:
    """The options of a command, each with what it does."""
    _, parser = _parser(command)
    return {o: a.help or "" for a in parser._actions for o in a.option_strings if o.startswith("--")}


def _parser(command: str) -> tuple[ModuleType, Parser]:
    module = import_module(f"convdsl.cli.{command}")
    parser = Parser(prog=f":{command}")
    module.arguments(parser)
    return module, parser


def _run(called: Called) -> int:
    module, parser = _parser(called.command)
    if called.analysis is None:
        return module.run(parser.parse_args(called.arguments))
    if called.command == "run":  # a run keeps the path of its program, to go on with it
        Aside.do(_load_engine)
        analysis = called.analysis
        file = called.file or _beside_runs(analysis.network.name, analysis.source.text)
        return module.run(parser.parse_args([str(file), *called.arguments]))
    return module.about(called.analysis, parser.parse_args(called.arguments))


def _load_engine() -> None:
    """Loads the libraries that a training needs, which takes a while and must not be broken off."""
    for name in ("convdsl.training.experiment", "convdsl.datasets", "convdsl.engine.cpu.backend"):
        import_module(name)


def _beside_runs(name: str, program: str) -> Path:
    """Writes a program that is not saved where its runs go, so that they can be gone on with. Files of others stay."""
    text = program.rstrip() + "\n"
    try:
        Path("runs").mkdir(exist_ok=True)
        for number in count(1):
            file = Path("runs", f"{name}.cnn" if number == 1 else f"{name}-{number}.cnn")
            with suppress(FileExistsError):
                files.write(file, (text.encode(),), new=True)
                break
            with suppress(OSError):
                if files.read(file, MAX_BYTES) == text.encode():
                    break
    except OSError as error:
        raise CallError(T("{name} cannot be written: {reason}.", name="runs", reason=reason(error))) from None
    return file
