"""The site made once, served on this machine, and a browser in which it has been visited."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from convdsl.datasets.dataset import DataError
from convdsl.resources import resource

PATIENCE = 60_000
FIRST = resource("examples/lenet5.cnn").read_text("utf-8")
SETTLED = "html[data-settled=yes]"
"""What is shown is of the program in the editor."""


@pytest.fixture(scope="session")
def content() -> dict[str, bytes]:
    """The files of the site."""
    from convdsl.site.building import site

    try:
        return site()
    except DataError as error:
        pytest.skip(f"Pyodide and CodeMirror cannot be had here: {error}")


@pytest.fixture(scope="session")
def folder(content: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    from convdsl.site.building import write

    folder = tmp_path_factory.mktemp("site")
    write(folder, content)
    return folder


@pytest.fixture(scope="session")
def address(folder: Path) -> Iterator[str]:
    from convdsl.site.serving import server

    serving = server(folder)
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}/"
    serving.shutdown()
    serving.server_close()


class Visited:
    """A context of the browser: what it asked other hosts for (it gets nothing from there), and what pages complained of."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.address = address
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        self.context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}, **options)
        self.context.route("**/*", self._route)

    def _route(self, route: Any) -> None:
        if route.request.url.startswith((self.address, "blob:", "data:")):
            route.continue_()
        else:
            self.foreign.append(route.request.url)
            route.abort()

    def page(self, where: str = "", **viewport: int) -> Any:
        """A page in which sizes are shown."""
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        if viewport:
            page.set_viewport_size(viewport)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        page.goto(self.address + where)
        page.locator(SETTLED).wait_for(state="attached")
        return page

    def leave(self, page: Any) -> None:
        """Closes a page, and takes away what it has kept, also at the last moment."""
        page.goto(self.address + "LICENSES.txt")
        page.evaluate("localStorage.clear()")
        page.close()


@pytest.fixture(scope="session")
def visit(browser: Any, address: str) -> Iterator[Callable[..., Visited]]:
    made: list[Visited] = []

    def new(**options: Any) -> Visited:
        made.append(Visited(browser, address, **options))
        return made[-1]

    yield new
    for visited in made:
        visited.context.close()


@pytest.fixture(scope="session")
def visited(visit: Callable[..., Visited]) -> Visited:
    """A context in which the page has been before: Python is there in a second."""
    found = visit()
    page = found.page()
    page.locator("html[data-kept]").wait_for(state="attached")
    page.close()
    return found


@pytest.fixture(scope="session")
def shared(visited: Visited) -> Iterator[Any]:
    page = visited.page()
    yield page
    page.close()


@pytest.fixture
def page(shared: Any, visited: Visited) -> Iterator[Any]:
    """The page as it is at a first visit, whatever was done with it before; opening it anew would take a second each time."""
    if shared.url != visited.address:
        shared.goto("about:blank")
        shared.goto(visited.address)
        shared.locator(SETTLED).wait_for(state="attached")
    shared.evaluate("localStorage.clear()")
    shared.locator("#language").select_option("en")
    shared.locator("#theme").select_option("auto")
    shared.locator("#tab-network").click()
    typed(shared, FIRST)
    visited.complaints.clear()
    yield shared
    assert visited.foreign == [] and visited.complaints == []


def typed(page: Any, text: str) -> None:
    """Puts a program into the editor, and waits until it has been looked at."""
    page.evaluate("text => { convdsl.text = text }", text)
    page.locator(SETTLED).wait_for(state="attached")
