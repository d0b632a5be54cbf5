"""A web server for one folder, on this machine only."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Quiet(SimpleHTTPRequestHandler):
    """Files with the kinds that browsers ask of modules and of WebAssembly, whatever this system believes; nothing is printed."""

    extensions_map = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        ".json": "application/json",
    }

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")  # asked again each time, and answered "not changed"
        super().end_headers()


def server(folder: Path, port: int = 0) -> ThreadingHTTPServer:
    """A server that is bound to a port (0: one that is free) and not running yet. Raises OSError."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(Quiet, directory=str(folder)))
