"""Kernels become machine code, and what it looks like: registers, shared memory, vectors, fused multiply-adds.

All kernels of the networks N1 to N5 and one of each kind and tile of N6 (a residual network, most of whose kernels
differ in sizes only); `CONVDSL_ALL_KERNELS=1` takes all of N6.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from convdsl.engine import cuda
from convdsl.engine.cuda.augment import DeviceAugmenter
from convdsl.engine.cuda.bind import Launch
from convdsl.engine.cuda.staging import Staging
from convdsl.engine.plan import Loss
from tests.engine.cuda.recorder import Recorder
from tests.engine.cuda.recording import launches, network
from tests.engine.cuda.test_contract import OPTIMIZERS
from tests.engine.cuda.test_model import CHANGES, NONE
from tests.engine.programs import PROGRAMS

pytestmark = pytest.mark.skipif(
    not cuda.installed(), reason='the CUDA compiler is missing: pip install "convdsl[cuda]"'
)

CAPABILITIES = [(8, 0), (9, 0)]
IN_DOUBLES = {"finish", "bn_combine", "bn_combine_gradient", "bn_frozen", "update"}
"""Kernels that compute a few numbers in float64 on purpose."""
SHARED_LIMIT = 48 * 1024
SMALL = "input 4 -> dense 3"


def distinct(found: list[Launch]) -> list[Launch]:
    return list({(n.text, n.threads): n for n in found}.values())


def representatives(found: list[Launch]) -> list[Launch]:
    """One of each kind, tile and way to load."""

    def kind(launch: Launch) -> tuple[object, ...]:
        shared = re.findall(r"shared.array\((\d+)", launch.text)
        loads = tuple(len(re.findall(word, launch.text)) for word in ("get4_if", "get_if", "put4_if"))
        return (launch.name, launch.threads, *shared, *loads)

    return list({kind(n): n for n in found}.values())


def only_zeros(launch: Launch) -> bool:
    """A product over nothing: where a stride leaves places that no window reaches."""
    return "end_k = 0\n" in launch.text


def wanted(name: str) -> list[Launch]:
    found = distinct(network(name))
    return found if name != "N6" or os.environ.get("CONVDSL_ALL_KERNELS") else representatives(found)


@pytest.mark.parametrize("name", ["N1", "N2", "N3", "N4", "N5", "N6"])
def test_every_kernel_of_the_networks_compiles_within_its_limits(name: str) -> None:
    from convdsl.engine.cuda.store import Wanted, codes

    kernels = wanted(name)
    for capability in CAPABILITIES:
        made = codes(Wanted(n.text, n.threads, capability) for n in kernels)
        for launch in kernels:
            code = made[Wanted(launch.text, launch.threads, capability)]
            what = f"{launch.name} of {name} for sm_{capability[0]}{capability[1]}"
            assert code.stack == 0, f"{what}: {code.stack} bytes do not fit in registers"
            assert code.registers * min(launch.threads, 384) <= 65536, f"{what}: {code.registers} registers"
            assert code.shared <= SHARED_LIMIT, f"{what}: {code.shared} bytes of shared memory"
            assert (code.shared > 0) == ("cuda.shared.array" in launch.text and not only_zeros(launch)), what


@pytest.mark.parametrize("name", ["N4", "N6"])
def test_products_load_vectors_and_multiply_and_add_in_one(name: str) -> None:
    from convdsl.engine.cuda.store import assembler

    products = [n for n in representatives(network(name)) if n.name == "contract" and not only_zeros(n)]
    assert any("get4_if(a" in n.text for n in products) and any("put4_if(c" in n.text for n in products)
    for launch in products:
        code = assembler(launch.text, launch.threads)
        sums = int(re.search(r"zeros_(\d+)\(\)\n", launch.text).group(1))  # type: ignore[union-attr]
        assert len(re.findall(r"fma\.rn\.f32", code)) >= 4 * sums, "the loop is not unrolled, or not fused"
        assert "ld.shared.v4.f32" in code and not re.search(r"ld\.shared\.f32", code)
        for argument in "ab":
            if f"get4_if({argument}," in launch.text:
                assert "ld.global.v4.f32" in code
        assert "ld.local" not in code and "st.local" not in code


@pytest.mark.parametrize("name", ["N2", "N5"])
def test_nothing_is_computed_in_double_precision_by_accident(name: str) -> None:
    from convdsl.engine.cuda.store import assembler

    for launch in wanted(name):
        if launch.name not in IN_DOUBLES:
            found = re.findall(r"(?:add|mul|fma|div|sqrt)\.\w*\.?f64", assembler(launch.text, launch.threads))
            assert not found, f"{launch.name}: {found[:3]}"


DISASSEMBLER = shutil.which("nvdisasm") or next(
    (str(p) for folder in sys.path for p in Path(folder).glob("nvidia/cu13/bin/nvdisasm")), None
)


@pytest.mark.skipif(DISASSEMBLER is None, reason="nvdisasm is missing: pip install nvidia-cuda-nvdisasm")
def test_the_inner_loop_of_a_convolution_in_machine_code(tmp_path: Path) -> None:
    """The second convolution of N4 forward: between its jumps stand 256 multiply-adds and 16 loads of four numbers."""
    from convdsl.engine.cuda.store import Wanted, code

    launch = next(n for n in network("N4") if n.name == "contract" and "get4_if(a" in n.text and "get4_if(b" in n.text)
    for capability in CAPABILITIES:
        file = tmp_path / "kernel.cubin"
        file.write_bytes(code(Wanted(launch.text, launch.threads, capability)).cubin)
        listing = subprocess.run(
            [str(DISASSEMBLER), "-c", str(file)], capture_output=True, text=True, check=True
        ).stdout
        instruction = re.compile(r"^\s+/\*\w+\*/\s+(?:@!?U?P\w+\s+)?([\w.]+)", re.M)
        blocks = [instruction.findall(part) for part in re.split(r"^\.L_", listing, flags=re.M)]
        inner = max(blocks, key=lambda names: names.count("FFMA"))
        assert inner.count("FFMA") == 256 and inner.count("LDS.128") == 16
        assert inner.count("FFMA") / len(inner) > 0.8, f"{len(inner)} instructions for 256 multiply-adds"
        assert "LDG.E.128" in listing and "LDL" not in listing and "STL" not in listing


def test_every_kind_of_kernel_has_types() -> None:
    """The simulator knows no types: one kernel of each kind that the contract's programs need goes through the compiler,
    the update of each optimiser, and each kind of change to images."""
    from convdsl.engine.cuda.store import Wanted, codes

    texts = [*PROGRAMS, "input 4x4x2 -> dropout 0.5 -> dense 2"]
    found = {n.name: n for text in texts for n in launches(text, 4)}
    for optimizer in OPTIMIZERS:
        found |= {f"{optimizer}": n for n in launches(SMALL, 4, optimizer) if n.name == "update"}
    losses = [Loss("mse"), Loss("mae"), Loss("binary_cross_entropy", 0.1, True), Loss("cross_entropy", 0.1, True)]
    found |= {n.name: n for loss in losses for n in launches(SMALL, 4, loss=loss) if n.name == loss.step}
    for kind, changes in CHANGES.items():
        device = Recorder()
        settings = SimpleNamespace(**{**NONE, **changes})
        (found[kind],) = DeviceAugmenter(settings, (6, 6, 2), 4, 0, device, Staging(device)).launches
    made = codes(Wanted(n.text, n.threads, (9, 0)) for n in found.values())
    assert len(made) >= 58 and all(c.stack == 0 for c in made.values())
