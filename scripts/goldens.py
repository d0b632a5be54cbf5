"""What every command prints, kept in a folder: run before and after a change, and compare the two.

    python scripts/goldens.py before/
    …
    python scripts/goldens.py after/
    git diff --no-index --stat before after

One file for each call (standard output, standard error, exit status), in both languages and all formats, over the
examples and the programs of the pages about diagnostics. Training is left out: its times differ.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

KERNEL = ("[3 0 1 5; 1 5 8 2; 2 7 2 1]", "--kernel", "sobel_x")


def calls() -> Iterator[tuple[str, ...]]:
    """All calls, in a folder that has `examples/` and `pages/`."""
    from convdsl.cli import COMMANDS
    from convdsl.layers import LAYERS

    yield ("--help",)
    for command in COMMANDS:
        yield command, "--help"
    examples = sorted(str(p) for p in Path("examples").glob("*.cnn"))
    pages = sorted(str(p) for p in Path("pages").glob("*.cnn"))
    for file in (*examples, *pages):
        for more in ((), ("--format", "json"), ("--format", "github"), ("--strict",)):
            yield "check", file, *more
        yield "fmt", "--diff", file
        yield "explain", file
        yield "solve", file, "--format", "json"
    yield "check", *examples
    for file in examples:
        yield "check", "--show", "network", file
        yield "check", "--show", "tree", file
        if Path(file).stat().st_size < 1500:
            yield "check", "--expand", file
            for format in ("markdown", "latex", "json"):
                yield "explain", file, "--format", format
    for name in ("lenet5", "fashion"):
        yield "check", "--show", "plan", f"examples/{name}.cnn"
    for code in sorted(p.stem for p in (ROOT / "docs" / "errors").glob("[EWN]*.md")):
        yield "explain", code
    for layer in LAYERS:
        yield "explain", layer.name
    yield "explain", "layers"
    for format in ("text", "markdown", "latex", "json"):
        yield "explain", "--compare", "examples/lenet5.cnn", "examples/fashion.cnn", "--format", format
        yield "convolve", *KERNEL, "--format", format
        yield "convolve", *KERNEL, "--stride", "2", "--pad", "1", "--format", format
    for file in (p for p in (*examples, *pages) if "?" in Path(p).read_text("utf-8")):
        yield "solve", file
    yield ("course", "list")
    for format in ("markdown", "latex", "form"):
        yield "course", "print", "--seed", "7", "--format", format
    yield "check", "examples/lenet5.cnn", "--set", "N=3"
    yield "explain", "examples/lenet5.cnn", "--set", "N=3"
    yield "solve", "examples/lenet5.cnn", "--set", "N=3"
    yield "check", "nothing.cnn"
    yield "explain", "lenet5.cnn"
    yield "check", "latin.cnn"
    yield "explain", "latin.cnn"
    yield "solve", "latin.cnn"
    yield "fmt", "latin.cnn"


def prepare(folder: Path) -> None:
    """The programs that the calls are about."""
    (folder / "pages").mkdir(parents=True)
    (folder / "examples").symlink_to(ROOT / "examples")
    (folder / "latin.cnn").write_bytes("# año\ninput 28x28x1\nconv 8 k3\n".encode("latin-1"))
    for page in sorted((ROOT / "docs" / "errors").glob("[EWN]*.md")):
        for number, program in enumerate(re.findall(r"```cnn\n(.*?)```", page.read_text("utf-8"), re.DOTALL)):
            (folder / "pages" / f"{page.stem}-{number}.cnn").write_text(program, "utf-8")


def answer(call: tuple[str, ...], language: str) -> str:
    """What a call prints and returns."""
    from convdsl.cli import main

    out, error = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        try:
            status: object = main(["--lang", language, *call])
        except SystemExit as stop:
            status = stop.code
    texts = []
    for stream in (out, error):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode("utf-8"))  # type: ignore[attr-defined]
    return f"{texts[0]}\n--- standard error\n{texts[1]}\n--- exit status {status}\n"


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    target = Path(sys.argv[1]).resolve()
    target.mkdir(parents=True, exist_ok=True)
    import tempfile

    os.environ.update(COLUMNS="100", NO_COLOR="1")
    with tempfile.TemporaryDirectory() as work:
        prepare(Path(work))
        os.chdir(work)
        for language in ("en", "es"):
            for call in calls():
                name = re.sub(r"[^\w.=-]+", "_", " ".join((language, *call)))[:150]
                (target / f"{name}.txt").write_text(answer(call, language), "utf-8")
        os.chdir(target)
    print(f"{len(list(target.iterdir()))} calls in {target}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
