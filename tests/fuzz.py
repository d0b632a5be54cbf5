"""Mutates programs until something breaks: `python -m tests.fuzz --programs 100000 --seed 0 --jobs 2`.

Examples and random programs (tests/programs.py) are mutated (tests/mutations.py). Whatever comes out has to be answered:
with diagnostics or with a network, in time, without a traceback. What is asked of an answer stands in `complaint`. A
program that breaks something is printed and kept in a file.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import multiprocessing
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from convdsl.diagnostics import Diagnostic, Findings
from convdsl.language import Source, parse
from convdsl.language.formatter import formatted
from convdsl.messages import use_language
from convdsl.network import Analysis, analyse
from convdsl.report.data import analysis_data
from convdsl.report.diagnostics import github
from tests.mutations import mutated
from tests.programs import SMALL, Kind, program, rewritten

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SECONDS = 10.0
MEGABYTES = 3000

KINDS = (Kind(), Kind(unknowns=True), SMALL, Kind(words=False, most_layers=3))


def programs(seed: int, count: int) -> Iterator[str]:
    """Mutated programs; the same seed gives the same ones."""
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


def complaint(text: str) -> str | None:
    """What is wrong with the answer to a program, or None."""
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
    return _wrong_format(text, analysis)


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


def _alarm(number: int, frame: Any) -> None:
    raise Hang


def answer(text: str, seconds: float = SECONDS) -> str | None:
    """`complaint` with a bound on its time; a traceback is a complaint too."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _alarm)
        signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return complaint(text)
    except Hang:
        return f"takes longer than {seconds:g} s:\n{traceback.format_exc(limit=-12)}"
    except Exception:
        return traceback.format_exc()
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)


def _run(seed: int, count: int, folder: str) -> tuple[int, float]:
    """Tries some programs. Returns how many broke something, and the longest time that one took."""
    _bound_memory()
    current = Path(folder, f"current-{seed}.cnn")
    broken, longest, slowest = 0, 0.0, ""
    for number, text in enumerate(programs(seed, count)):
        current.write_text(text, encoding="utf-8", errors="surrogatepass")
        faulthandler.dump_traceback_later(3 * SECONDS, exit=True)
        started = time.perf_counter()
        wrong = answer(text)
        taken = time.perf_counter() - started
        faulthandler.cancel_dump_traceback_later()
        if taken > longest:
            longest, slowest = taken, text
        if wrong:
            broken += 1
            kept = current.with_name(f"broken-{seed}-{number}.cnn")
            current.rename(kept)
            print(f"--- {kept}\n{text[:2000]}\n--- {wrong}\n", flush=True)
    Path(folder, f"slowest-{seed}.cnn").write_text(slowest, encoding="utf-8", errors="surrogatepass")
    return broken, longest


def _bound_memory() -> None:
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES * 2**20,) * 2)


def main() -> int:
    parser = argparse.ArgumentParser(description="Mutated programs, each of which has to be answered.")
    parser.add_argument("--programs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="convdsl-fuzz-")
    part = 1000
    tasks = [
        (options.seed * 1_000_000 + n, min(part, options.programs - n * part), folder)
        for n in range(-(-options.programs // part))
    ]
    started = time.perf_counter()
    broken = done = 0
    longest = 0.0
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        results = [pool.apply_async(_run, task) for task in tasks]
        for result, task in zip(results, tasks, strict=True):
            wrong, taken = result.get(timeout=part * SECONDS)
            broken, done, longest = broken + wrong, done + task[1], max(longest, taken)
            print(
                f"{done:,} programs in {time.perf_counter() - started:.0f} s, {broken} broken, the slowest {longest:.2f} s",
                file=sys.stderr,
                flush=True,
            )
    print(f"Broken programs are in {folder}" if broken else "All were answered.")
    return int(broken > 0)


if __name__ == "__main__":
    raise SystemExit(main())
