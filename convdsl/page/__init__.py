"""The page in a browser: what it asks of the language, answered as JSON. Runs under Pyodide, in a worker.

Nothing here parses, counts or words anything: it asks the rooms that the command line asks, and hands on what they say.
The files that are only the page's are in `page/` at the top; `convdsl/site/` makes a site of both.
"""

from __future__ import annotations

from convdsl.page.answers import answer

__all__ = ["answer"]
