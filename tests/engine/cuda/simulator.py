"""A GPU that is none: runs kernels' text in Python, thread after thread, and looks for what real ones would not forgive.

A block's threads are generators that meet at barriers. It is an error if some end while others wait; if one touches
shared memory that another has written since the last barrier, or writes what another has read; if a vector is not
aligned; if memory outside all allocations is written. What was never written reads as NaN.
"""

from __future__ import annotations

import ast
import math
import re
import struct
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np

from convdsl.engine import maths
from convdsl.engine.cuda.bind import Gemm, Launch, Work

GUARD = 256
MOST = 4096
"""More threads than a block has."""
MANY = MOST - 1
_NUMBERS = [SimpleNamespace(x=n) for n in range(1024)]
NAN = struct.pack("<f", math.nan)


class Race(AssertionError):
    pass


class Shared:
    """Shared memory that knows who touched what since the last barrier: for each number the last one, as
    (barriers so far)·MOST + thread."""

    def __init__(self, size: int, block: Block) -> None:
        self.values: list[Any] = [math.nan] * size
        self.written = [-1] * size
        self.read = [-1] * size
        self.block = block

    def get(self, index: int, count: int = 1) -> list[Any]:
        assert index >= 0, index
        began, me = self.block.began, self.block.me
        for at in range(index, index + count):
            wrote, read = self.written[at], self.read[at]
            if wrote >= began and wrote != me:
                raise Race(f"thread {me - began} reads what {wrote - began} wrote before a barrier")
            self.read[at] = me if read < began or read == me else began + MANY
        return self.values[index : index + count]

    def put(self, index: int, value: Any) -> None:
        assert index >= 0, index
        began, me = self.block.began, self.block.me
        for what, last in (("wrote", self.written[index]), ("read", self.read[index])):
            if last >= began and last != me:
                raise Race(f"thread {me - began} writes what {last - began} {what} before a barrier")
        self.written[index] = me
        self.values[index] = value


class Block:
    """What the threads of one block share. `began` is the number of barriers so far times MOST, `me` that plus the number
    of the thread that runs."""

    def __init__(self, x: int, y: int, z: int) -> None:
        self.began = self.me = 0
        self.arrays: list[Shared] = []
        self.index = SimpleNamespace(x=x, y=y, z=z)


class Thread:
    """`cuda` as a kernel sees it."""

    def __init__(self, number: int, block: Block, threads: SimpleNamespace) -> None:
        self.threadIdx = _NUMBERS[number]
        self.blockIdx = block.index
        self.blockDim = threads
        self.shared = self
        self._block, self._taken = block, 0

    def array(self, size: int, kind: Any) -> Shared:
        if self._taken == len(self._block.arrays):
            self._block.arrays.append(Shared(size, self._block))
        self._taken += 1
        return self._block.arrays[self._taken - 1]


class _Waits(ast.NodeTransformer):
    """Barriers and shuffles become places where a thread waits for the others."""

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        name = ast.unparse(node.func)
        if name == "cuda.syncthreads":
            return ast.Yield(None)
        if name in ("shuffle_xor", "shuffle_xor64"):
            return ast.Yield(ast.Tuple(node.args, ast.Load()))
        return node


class Simulator:
    """Implements what the backend needs of a device."""

    capability = (9, 0)
    blas = False

    def __init__(self, size: int = 1 << 26) -> None:
        self._bytes = bytearray(NAN * (size // 4))
        whole = memoryview(self._bytes)
        self._views = {
            kind: whole.cast(code) for kind, code in (("f32", "f"), ("f64", "d"), ("i32", "i"), ("i64", "q"))
        }
        self._views["u8"] = whole
        self._next = 4096
        self._guards: list[int] = []
        self.ran: list[Launch] = []
        self._words = self._make_words()

    # memory

    def allocate(self, size: int) -> int:
        address = self._next
        self._bytes[address : address + size] = bytes(size)
        end = -(-(address + size) // 64) * 64
        self._guards.append(end)
        self._next = end + GUARD
        assert self._next < len(self._bytes), "the simulated memory is full"
        return address

    def free_memory(self) -> int:
        return len(self._bytes) - self._next

    def upload(self, address: int, array: np.ndarray) -> None:
        data = np.ascontiguousarray(array).tobytes()
        self._bytes[address : address + len(data)] = data

    def download(self, address: int, array: np.ndarray) -> None:
        data = bytes(self._bytes[address : address + array.nbytes])
        array[...] = np.frombuffer(data, array.dtype).reshape(array.shape)

    def fill_zero(self, address: int, size: int) -> None:
        self._bytes[address : address + size] = bytes(size)

    def floats(self, array: np.ndarray) -> int:
        """A float32 array, put into memory; its address."""
        address = self.allocate(array.nbytes)
        self.upload(address, array.astype(np.float32))
        return address

    # running

    def prepare(self, launches: Sequence[Work]) -> None:
        pass

    def release(self, programs: Sequence[Sequence[Work]], addresses: Sequence[int]) -> None:
        pass

    def run(self, launches: Sequence[Work], count: int) -> None:
        with np.errstate(over="ignore"):
            for launch in launches:
                if isinstance(launch, Gemm):
                    self._multiply(launch, count)
                else:
                    self.launch(launch, count)

    def _multiply(self, gemm: Gemm, count: int) -> None:
        assert self.blas, "there is no library"
        m, n, k = gemm.sizes(count)
        floats = np.frombuffer(self._bytes, np.float32)

        def matrix(address: int, rows: int, columns: int, row: int) -> np.ndarray:
            return np.lib.stride_tricks.as_strided(floats[address // 4 :], (rows, columns), (row * 4, 4))

        a = matrix(gemm.a, k, m, gemm.a_row).T if gemm.a_turned else matrix(gemm.a, m, k, gemm.a_row)
        b = matrix(gemm.b, n, k, gemm.b_row).T if gemm.b_turned else matrix(gemm.b, k, n, gemm.b_row)
        c = matrix(gemm.c, m, n, gemm.c_row)
        c[...] = a @ b + (c if gemm.add else 0)

    def launch(self, launch: Launch, count: int) -> None:
        self.ran.append(launch)
        function, waits = self._function(launch.text)
        columns, rows, layers = launch.grid(count)
        arguments = launch.values(count)
        size = SimpleNamespace(x=launch.threads)
        for z in range(layers):
            for y in range(rows):
                for x in range(columns):
                    block = Block(x, y, z)
                    threads = [Thread(n, block, size) for n in range(launch.threads)]
                    if waits:
                        self._meet(block, [function(t, *arguments) for t in threads])
                    else:
                        for number, thread in enumerate(threads):
                            block.me = number
                            function(thread, *arguments)
        for guard in self._guards:
            if self._bytes[guard : guard + GUARD] != NAN * (GUARD // 4):
                raise AssertionError(f"{launch.name} writes outside of its memory")

    @staticmethod
    def _meet(block: Block, threads: list[Any]) -> None:
        answers: list[Any] = [None] * len(threads)
        while True:
            asked: list[Any] = []
            ended = 0
            for number, thread in enumerate(threads):
                block.me = block.began + number
                try:
                    asked.append(thread.send(answers[number]))
                except StopIteration:
                    asked.append("ended")
                    ended += 1
            if ended == len(threads):
                return
            answers = [None] * len(threads)
            for first in range(0, len(threads), 32):
                warp = asked[first : first + 32]
                kinds = {type(a) for a in warp}
                if kinds == {tuple}:
                    for lane, (_, other) in enumerate(warp):
                        answers[first + lane] = warp[lane ^ other][0]
            waiting = [a for a in asked if a is None]
            if waiting and len(waiting) != len(threads):
                raise Race(f"{len(waiting)} of {len(threads)} threads wait at a barrier that the others do not reach")
            if len({type(a) for a in asked if a != "ended"}) > 1:
                raise Race("threads wait for different things")
            if waiting:
                block.began += MOST
            threads = [t if a != "ended" else iter(()) for t, a in zip(threads, asked, strict=True)]
            threads = [t if hasattr(t, "send") else _ended() for t in threads]

    def _function(self, text: str) -> tuple[Any, bool]:
        code, name, waits = _compiled(text)
        exec(code, self._words)
        return self._words[name], waits

    def _make_words(self) -> dict[str, Any]:
        words: dict[str, Any] = {}
        sizes = {"f32": 2, "f64": 3, "i32": 2, "i64": 3, "u8": 0}
        for kind, shift in sizes.items():
            words[f"get_{kind}"] = _getter(self._views[kind], shift)
            words[f"put_{kind}"] = _putter(self._views[kind], shift)
        floats = self._views["f32"]

        def get4(address: int, index: int) -> tuple[float, ...]:
            at = (address >> 2) + index
            assert at % 4 == 0, "a vector that is not aligned"
            return tuple(floats[at : at + 4])

        def put4(address: int, index: int, four: Sequence[float]) -> None:
            at = (address >> 2) + index
            assert at % 4 == 0 and len(four) == 4, "a vector that is not aligned"
            for n in range(4):
                floats[at + n] = four[n]

        def get_some(address: int, index: int, count: int) -> tuple[float, ...]:
            at = (address >> 2) + index
            return tuple(floats[at + n] if n < count else 0.0 for n in range(4))

        def put_some(address: int, index: int, four: Sequence[float], count: int) -> None:
            for n in range(min(count, 4)):
                floats[(address >> 2) + index + n] = four[n]

        def shared_get4(array: Shared, index: int) -> list[float]:
            assert index % 4 == 0, "a vector that is not aligned"
            return array.get(index, 4)

        def shared_put4(array: Shared, index: int, four: Sequence[float]) -> None:
            assert index % 4 == 0, "a vector that is not aligned"
            for n in range(4):
                array.put(index + n, four[n])

        words |= {
            "get4": get4,
            "put4": put4,
            "get_some": get_some,
            "put_some": put_some,
            "get_if": lambda a, i, c: words["get_f32"](a, i) if c else 0.0,
            "get4_if": lambda a, i, c: get4(a, i) if c else (0.0,) * 4,
            "put4_if": lambda a, i, v, c: put4(a, i, v) if c else None,
            "shared_get": lambda array, index: array.get(index)[0],
            "shared_put": lambda array, index, value: array.put(index, value),
            "shared_get4": shared_get4,
            "shared_put4": shared_put4,
            "choose": lambda c, yes, no: yes if c else no,
            "plus": lambda a, b: tuple(p + q for p, q in zip(a, b, strict=True)),
            "largest": _largest,
            "outer": lambda s, x, y: [t + p * q for t, (p, q) in zip(s, product(x, y), strict=True)],
            **{f"zeros_{n}": (lambda n=n: (0.0,) * n) for n in (4, 16, 32, 64)},
            "divided": _divided,
            "rest": _rest,
            "device": lambda result: lambda function: function,
            "four_floats": None,
            "exp": lambda x: math.exp(min(x, 700.0)),
            "expm1": lambda x: math.expm1(min(x, 700.0)),
            "log": lambda x: math.log(x) if x > 0 else math.nan if x != 0 else -math.inf,
            "sqrt": math.sqrt,
            "sqrt64": math.sqrt,
            "power": math.pow,
            "tanh": math.tanh,
            "sigmoid": lambda x: (math.exp(-abs(x)) if x < 0 else 1) / (1 + math.exp(-abs(x))),
            "gaussian_part": lambda x: 0.5 * math.erfc(-x / math.sqrt(2)),
            "between": lambda *a: tuple(map(_plain, maths.between.py_func(*a))),
            "random_bits": maths.random_bits.py_func,
            "float32": float,
            "float64": float,
            "int32": int,
            "int64": int,
            "uint64": lambda v: np.uint64(int(v) & (1 << 64) - 1),
            "nan": math.nan,
        }
        return words


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _ended() -> Any:
    return
    yield


@lru_cache(maxsize=4096)
def _compiled(text: str) -> tuple[Any, str, bool]:
    tree = ast.parse(text)
    kernel = tree.body[-1]
    assert isinstance(kernel, ast.FunctionDef)
    kernel.args.args.insert(0, ast.arg("cuda"))
    waits = bool(re.search("cuda.syncthreads|shuffle_xor", text))
    tree = ast.fix_missing_locations(_Waits().visit(tree))
    return compile(tree, f"<{kernel.name}>", "exec"), kernel.name, waits


def _getter(view: Any, shift: int) -> Any:
    def get(address: int, index: int) -> Any:
        return view[(address >> shift) + index]

    return get


def _putter(view: Any, shift: int) -> Any:
    def put(address: int, index: int, value: Any) -> None:
        view[(address >> shift) + index] = value

    return put


def _divided(a: int, b: int) -> int:
    assert 0 <= a < 1 << 32, f"{a} // {b}"
    return a // b


def _rest(a: int, b: int) -> int:
    assert 0 <= a < 1 << 32, f"{a} % {b}"
    return a % b


def _largest(*rows: Sequence[float]) -> tuple[tuple[float, ...], tuple[int, ...]]:
    best, which = [], []
    for column in zip(*rows, strict=True):
        chosen = 0
        for n, value in enumerate(column):
            if value > column[chosen] or (value != value and column[chosen] == column[chosen]):
                chosen = n
        best.append(column[chosen])
        which.append(chosen)
    return tuple(best), tuple(which)
