import subprocess
import sys

import pytest

from convdsl.datasets import DataError, memory


def test_the_room_imports_nothing_heavy():
    code = "import sys; from convdsl import datasets; datasets.load('fashion-mini'); print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"numba", "PIL", "sympy", "rich"}.isdisjoint(done.stdout.split())


def test_there_is_memory():
    assert memory.available() > 10_000_000


def test_the_least_room_counts(monkeypatch):
    monkeypatch.setattr(memory, "_system", lambda: iter([900]))
    monkeypatch.setattr(memory, "_container", lambda: iter([500, 700]))
    monkeypatch.setattr(memory, "_limit", lambda: iter([]))
    assert memory.available() == 500
    memory.require(500, "x")
    with pytest.raises(DataError, match="x: 501 B of memory are needed, 500 B are free"):
        memory.require(501, "x")
    for name in ("_system", "_container"):
        monkeypatch.setattr(memory, name, lambda: iter([]))
    assert memory.available() is None
    memory.require(10**18, "x")


def test_an_address_space_limit_is_seen():
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 32, 1 << 32));"
        "from convdsl.datasets import memory; print(memory.available())"
    )
    pytest.importorskip("resource")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) < 1 << 32


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (3_079_023, "3.1 MB"), (184e6, "184 MB"), (5e15, "5000.0 TB")],
)
def test_sizes_for_people(size, text):
    assert memory.human(size) == text
