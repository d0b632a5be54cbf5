"""Two people at once: each thread has its own language, and its own budget of formulas."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from convdsl.messages import T, language, use_language
from convdsl.network import analyse
from convdsl.solver import solve
from convdsl.source import Source

WRONG = "input 5x5x1\nconv 8 k7"


def test_two_languages_in_two_threads() -> None:
    together = threading.Barrier(2)

    def told(name: str) -> set[str]:
        use_language(name)
        found = set()
        for _ in range(30):
            together.wait()
            found.add(str(analyse(Source(WRONG)).diagnostics[0].message))
            found.add(str(T("called here")))
        return found

    with ThreadPoolExecutor(2) as pool:
        spanish, english = pool.map(told, ("es", "en"))
    assert english == {"The window is 7 wide, but the input only 5.", "called here"}
    assert spanish == {"La ventana mide 7, pero la entrada solo 5.", "llamado aquí"}
    assert language() == "en"


def test_a_thread_that_was_not_told_speaks_as_the_main_one() -> None:
    use_language("es")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(language).result() == "es"


def test_solving_in_several_threads_is_solving_alone() -> None:
    programs = [
        f"input {n}x{n}x3 -> conv 6 k? s? -> expect {(n - 5) // 2 + 1}x{(n - 5) // 2 + 1}x6" for n in range(21, 41, 2)
    ]
    alone = [solve(Source(p)).solutions for p in programs]
    with ThreadPoolExecutor(4) as pool:
        assert [a.solutions for a in pool.map(lambda p: solve(Source(p)), programs)] == alone
