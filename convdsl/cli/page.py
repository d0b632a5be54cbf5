"""`convdsl page`: the page for a browser, as a folder or served on this machine."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from pathlib import Path

from convdsl.cli.parsing import CallError
from convdsl.datasets.dataset import DataError
from convdsl.messages import Grouped, T, reason


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--out", metavar="FOLDER", type=Path, help=str(T("write the page into this folder, for any web server"))
    )
    parser.add_argument("--serve", action="store_true", help=str(T("serve the page on this machine until Ctrl-C")))
    parser.add_argument(
        "--port", metavar="N", type=int, default=0, help=str(T("the port to serve on (one that is free)"))
    )
    parser.add_argument(
        "--runtime",
        metavar="DIR",
        type=Path,
        help=str(
            T("a folder with the archives of Pyodide and CodeMirror, as `npm pack` writes them: nothing is fetched")
        ),
    )


def run(options: argparse.Namespace) -> int:
    if options.out is None and not options.serve:
        raise CallError(T("say where to: `convdsl page -o site`, or `convdsl page --serve` to look at it here."))
    if not 0 <= options.port < 65536:
        raise CallError(T("`--port` is a number up to 65535."))
    from convdsl.site.building import site

    try:
        content = site(options.runtime, _progress if sys.stderr.isatty() else None)
    except DataError as error:
        help = error.help or T(
            "The page needs Pyodide and CodeMirror, which are fetched once from the npm registry. Without a network, "
            "`--runtime FOLDER` names their archives."
        )
        raise CallError(f"{error.message}\n{help}") from None
    if options.out is not None:
        _write(options.out, content)
    if options.serve:
        return _serve(options.out, content, options.port)
    return 0


def _write(folder: Path, content: dict[str, bytes]) -> None:
    from convdsl.site.building import NotOurSite, write

    try:
        write(folder, content)
    except NotOurSite:
        raise CallError(
            T("{folder} has something else in it; name a new folder, or an empty one.", folder=folder)
        ) from None
    except OSError as error:
        raise CallError(T("{folder} cannot be written: {reason}.", folder=folder, reason=reason(error))) from None
    size = Grouped(round(sum(map(len, content.values())) / 1e6))
    print(T("{folder}: {n} files, {size} MB. Any web server can serve it.", folder=folder, n=len(content), size=size))


def _serve(folder: Path | None, content: dict[str, bytes], port: int) -> int:
    from convdsl import places
    from convdsl.site.building import write
    from convdsl.site.serving import server

    if folder is None:
        folder = places.passing() / "site"
        write(folder, content)
    try:
        serving = server(folder, port)
    except OSError as error:
        raise CallError(T("port {port} cannot be used: {reason}.", port=port, reason=reason(error))) from None
    with serving:
        address = f"http://127.0.0.1:{serving.server_port}/"
        print(T("{address} until Ctrl-C.", address=address), flush=True)
        with suppress(KeyboardInterrupt):
            serving.serve_forever()
    return 0


def _progress(what: T | str, done: int, total: int | None) -> None:
    """How far a download is, on one line."""
    share = f" {done * 100 // total} %" if total else ""
    print(f"\r{what}{share}\033[K", end="" if total is None or done < total else "\n", file=sys.stderr, flush=True)
