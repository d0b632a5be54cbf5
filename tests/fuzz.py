"""Mutates programs until something breaks: `python -m tests.fuzz --programs 100000 --seed 0 --jobs 2`.

Examples and random programs (tests/programs.py) are mutated (tests/mutations.py). Whatever comes out has to be answered:
with diagnostics or with a network, in ten seconds and a gigabyte, without a traceback. What is asked of an answer stands
in `complaint`: every program is checked, and by turns formatted, explained, solved, or given to a command as a whole
(`--every 4`: each fourth; `--every 0`: all of these for each program). A program that breaks something is printed and
kept in a file.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import gc
import io
import json
import math
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from convdsl import document
from convdsl.cli import main as call
from convdsl.derivation import derive
from convdsl.diagnostics import Diagnostic, Findings
from convdsl.language import Source, parse
from convdsl.language.formatter import formatted
from convdsl.messages import harmful, use_language
from convdsl.network import Analysis, analyse
from convdsl.report import derivations
from convdsl.report.data import analysis_data
from convdsl.report.diagnostics import github
from convdsl.report.solved import answer_data
from convdsl.solver import solve
from tests.mutations import mutated
from tests.programs import SMALL, Kind, program, rewritten

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SECONDS = 10.0
"""Of the processor's time, so that other processes do not count."""
MEGABYTES = 1000
"""Of addresses, which are more than the memory in use."""

KINDS = (Kind(), Kind(unknowns=True), SMALL, Kind(words=False, most_layers=3))
SHORT = (
    Kind(words=False, most_layers=2, ranks=(1, 2), depth=0),
    Kind(words=False, most_layers=1),
    Kind(words=False, most_layers=2, unknowns=True, depth=0),
    Kind(most_layers=1, depth=1),
)


def short_programs(seed: int, count: int) -> Iterator[str]:
    """Mutated programs of a line or three, of which there can be many; the same seed gives the same ones."""
    for number in range(count):
        rng = Random(f"{seed} {number}")
        text, other = (program(rng, rng.choice(SHORT)) for _ in range(2))
        yield mutated(rng, text, other)


def programs(seed: int, count: int) -> Iterator[str]:
    """Mutated programs of all lengths; the same seed gives the same ones."""
    examples = [p.read_text(encoding="utf-8") for p in sorted(EXAMPLES.glob("*.cnn"))]
    small = [e for e in examples if len(e) < 1500]
    for number in range(count):
        rng = Random(f"{seed} {number}")
        pool = rng.choice((small, small, examples[:1], None, None, None))
        text, other = (rng.choice(pool) if pool else program(rng, rng.choice(KINDS)) for _ in range(2))
        if rng.random() < 0.2:
            text = rewritten(rng, text)
        if rng.random() < 0.02:
            text = rng.choice(examples)
        yield mutated(rng, text, other)


# What is asked of an answer.


def complaint(text: str, turns: tuple[int, ...] | None = None) -> str | None:
    """What is wrong with the answer to a program, or None. `turns`: which of TURNS are asked (all)."""
    analysis = analyse(Source(text, "fuzz.cnn"))
    for diagnostic in analysis.diagnostics:
        if wrong := _wrong_diagnostic(diagnostic, len(text)):
            return wrong
    json.dumps(analysis_data(analysis, analysis.diagnostics))
    if not analysis.failed:
        if not analysis.report.complete or not analysis.network.nodes:
            return "there is no error, but also no network"
        for facts in analysis.report.facts:
            if any(isinstance(n, float) or (isinstance(n, int) and n < 1) for n in facts.output or (0,)):
                return f"a size is {facts.output}"
    asked = TURNS if turns is None else [TURNS[turn] for turn in turns]
    return next((wrong for ask in asked if (wrong := ask(text, analysis))), None)


def _wrong_explanation(text: str, analysis: Analysis) -> str | None:
    if not analysis.network.nodes or len(analysis.network.nodes) > 3000:
        return None
    net = derive(analysis)
    json.dumps(derivations.net_data(analysis.network.name, net.layers, net.totals))
    format = tuple(document.FORMATS)[len(text) % len(document.FORMATS)]
    written = document.write(derivations.document(net), format)
    return f"control characters in {format}" if harmful().search(written) else None


def _wrong_solution(text: str, analysis: Analysis) -> str | None:
    network = analysis.network
    if not network.symbols and not network.holes:
        return None
    answer = solve(analysis.source, seconds=2.0)
    json.dumps(answer_data(answer))
    if not answer.complete and not answer.reason and not answer.diagnostics:
        return "solve gives up and does not say why"
    for found in answer.solutions[:1]:
        if not set(found) <= network.symbols | set(network.holes):
            return f"solve finds values for other names: {found}"
    return None


COMMANDS = ("check -", "check --format github -", "check --format json -", "check --show tree -", "check --show network -",
            "fmt -", "fmt --diff -", "explain -", "explain --format html -", "explain - 1", "solve --time 2 -",
            "solve --time 2 --format json -", "check --expand -")  # fmt: skip


def _wrong_command(text: str, analysis: Analysis) -> str | None:
    """A command as a whole, with the program on standard input."""
    words = COMMANDS[len(text) % len(COMMANDS)].split()
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(text.encode("utf-8", "surrogatepass")), encoding="utf-8")
    try:
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as errors:
            status = call(["--lang", "es" if len(text) % 2 else "en", *words])
    finally:
        sys.stdin = before
    if status not in (0, 1, 2) or (status and not out.getvalue() and not errors.getvalue()):
        return f"{words} ends with {status}, and says nothing"
    if harmful().search(errors.getvalue()) or ("fmt" not in words and harmful().search(out.getvalue())):
        return f"{words} prints control characters"
    return None


def _wrong_diagnostic(diagnostic: Diagnostic, length: int) -> str | None:
    spans = [diagnostic.span, *(label.span for label in diagnostic.labels)]
    if not all(0 <= s.start <= s.end <= length for s in spans):
        return f"{diagnostic.code}: a place outside the text: {spans}"
    for language in ("es", "en"):
        use_language(language)
        if not github(diagnostic).startswith("::"):
            return f"{diagnostic.code}: no annotation"
    return None


def _wrong_format(text: str, analysis: Analysis) -> str | None:
    findings = Findings(Source(text))
    written = parse(findings.source, findings)
    if findings.failed:
        return None if analysis.failed else "fmt finds errors that check does not"
    once = formatted(written)
    findings = Findings(Source(once))
    again = parse(findings.source, findings)
    if findings.failed:
        return f"fmt writes what cannot be read:\n{once}"
    if formatted(again) != once:
        return f"fmt changes its mind:\n{once}\n--- then\n{formatted(again)}"
    if Counter(c.text for c in written.comments) != Counter(c.text for c in again.comments):
        return f"fmt loses comments:\n{once}"
    if not analysis.failed and len(analysis.network.nodes) < 300:
        rewritten = analyse(Source(once, "fuzz.cnn"))
        if facts_of(rewritten) != facts_of(analysis):
            return f"fmt changes the network:\n{once}"
    return None


TURNS: tuple[Callable[[str, Analysis], str | None], ...] = (
    _wrong_format,
    _wrong_explanation,
    _wrong_solution,
    _wrong_command,
)


def facts_of(analysis: Analysis) -> list[Any]:
    """What a program means: its layers, edges, sizes, costs, expectations and settings."""
    network = analysis.network
    layers = [(n.op, repr(n.layer), repr(n.activation), n.inputs, n.path, n.frozen, n.exit) for n in network.nodes]
    sizes = [str((f.output, f.params, f.trainable, f.macs, f.flops, f.receptive_field)) for f in analysis.report.facts]
    expected = [(e.node, e.scope, e.quantity, e.comparison, str(e.expected)) for e in network.expectations]
    settings = [[s.name.text, *(type(i).__name__ for i in s.items)] for s in network.train]
    return [
        network.name,
        str(network.input),
        network.output,
        layers,
        sizes,
        expected,
        settings,
        sorted(network.symbols),
        list(network.holes),
        sorted(d.code for d in analysis.diagnostics),
    ]


# Running.


class Hang(BaseException):
    """A program took too long. Not an Exception, so that nobody catches it on the way."""


class Clock:
    """One timer for many programs: it looks, each tenth of the bound, how long the present one has taken. Of the
    processor's time, and set once, for setting it costs as much as a short program."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds, self.begun = seconds, math.inf

    def __enter__(self) -> Clock:
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGPROF, self._look)
            signal.setitimer(signal.ITIMER_PROF, self.seconds / 10, self.seconds / 10)
        return self

    def __exit__(self, *_: object) -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_PROF, 0)

    def _look(self, *_: object) -> None:
        if time.process_time() - self.begun > self.seconds:
            self.begun = math.inf  # it rings once
            raise Hang

    def answer(self, text: str, turns: tuple[int, ...] | None = None) -> str | None:
        """`complaint` with a bound on its time; a traceback is a complaint too."""
        self.begun = time.process_time()
        try:
            return complaint(text, turns)
        except Hang:
            return f"takes longer than {self.seconds:g} s:\n{traceback.format_exc(limit=-12)}"
        except Exception:
            return traceback.format_exc()
        finally:
            self.begun = math.inf


def answer(text: str, turns: tuple[int, ...] | None = None, seconds: float = SECONDS) -> str | None:
    """What is wrong with the answer to one program."""
    with Clock(seconds) as clock:
        return clock.answer(text, turns)


def _turns(number: int, every: int) -> tuple[int, ...] | None:
    """Formatted, explained, solved by turns; a whole command now and then."""
    if not every:
        return None
    if number % every:
        return ()
    return (3,) if number // every % 20 == 0 else (number // every % 3,)


class Outcome(NamedTuple):
    """What came of some programs: how many there were, the longest time that one took, the most memory that the process
    had in MB, and what was wrong with the answers."""

    count: int
    seconds: float
    megabytes: float
    wrong: list[str]


def tried(seed: int, count: int, folder: str, short: bool, every: int) -> Outcome:
    """Some programs in one process. `at-SEED` in the folder says which one was tried last, should the process end."""
    _bound_memory()
    gc.collect()
    gc.freeze()
    wrongs, longest, slowest = [], 0.0, ""
    faulthandler.dump_traceback_later(3 * SECONDS * count, exit=True)
    with Path(folder, f"at-{seed}").open("wb", buffering=0) as at, Clock() as clock:
        for number, text in enumerate((short_programs if short else programs)(seed, count)):
            os.pwrite(at.fileno(), f"{number:<12}\n".encode(), 0) if hasattr(os, "pwrite") else None
            started = time.process_time()
            wrong = clock.answer(text, _turns(number, every))
            taken = time.process_time() - started
            if taken > longest:
                longest, slowest = taken, text
            if wrong:
                kept = Path(folder, f"broken-{seed}-{number}.cnn")
                kept.write_text(text, encoding="utf-8", errors="surrogatepass")
                wrongs.append(f"--- {kept}\n{text[:2000]!a}\n--- {wrong}\n")
    faulthandler.cancel_dump_traceback_later()
    Path(folder, f"slowest-{seed}.cnn").write_text(slowest, encoding="utf-8", errors="surrogatepass")
    return Outcome(count, longest, _most_memory(), wrongs)


def _bound_memory() -> None:
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES * 2**20,) * 2)


def _most_memory() -> float:
    """The most memory that this process had, in MB. Not `ru_maxrss`: that begins with what the process had from which
    this one was started, even behind an `exec`."""
    if sys.platform != "linux":
        return 0.0
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


def outcomes(
    count: int, seed: int = 0, jobs: int = 1, short: bool = False, every: int = 1, part: int = 1000
) -> Iterator[Outcome]:
    """Tries `count` programs, part by part, in processes of their own."""
    folder = tempfile.mkdtemp(prefix="convdsl-fuzz-")
    tasks = [
        (seed * 1_000_000 + n, min(part, count - n * part), folder, short, every) for n in range(-(-count // part))
    ]
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for result in [pool.apply_async(tried, task) for task in tasks]:
            yield result.get(timeout=len(tasks) * part * SECONDS)


def main() -> int:
    parser = argparse.ArgumentParser(description="Mutated programs, each of which has to be answered.")
    parser.add_argument("--programs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="programs of a line or three")
    parser.add_argument("--every", type=int, default=1, help="how many programs are checked for one that is asked more")
    options = parser.parse_args()
    started = time.perf_counter()
    done = broken = 0
    slowest = largest = 0.0
    for outcome in outcomes(options.programs, options.seed, options.jobs, options.short, options.every):
        done, broken = done + outcome.count, broken + len(outcome.wrong)
        slowest, largest = max(slowest, outcome.seconds), max(largest, outcome.megabytes)
        print(*outcome.wrong, sep="\n", end="", flush=True)
        print(
            f"{done:,} programs in {time.perf_counter() - started:.0f} s, {broken} broken, "
            f"the slowest {slowest:.2f} s, the most memory {largest:.0f} MB",
            file=sys.stderr,
            flush=True,
        )
    print(f"{broken} were not answered." if broken else "All were answered.")
    return int(broken > 0)


if __name__ == "__main__":
    raise SystemExit(main())
