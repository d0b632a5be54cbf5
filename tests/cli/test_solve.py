"""`convdsl solve` as a process."""

from __future__ import annotations

import json

from tests.conftest import Convdsl


def test_json_is_the_interface_of_the_language_page(convdsl: Convdsl) -> None:
    done = convdsl(
        "solve", "-", "--format", "json", stdin="input 32x32x3\nconv 6 k?\nexpect 28x28x6\nexpect params 456"
    )
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "holes": ["k"],
        "solutions": [{"k": 5}],
        "complete": True,
        "family": None,
        "reason": None,
    }


def test_a_family_is_a_condition(convdsl: Convdsl) -> None:
    done = convdsl("solve", "-", stdin="input NxNx3 -> conv 8 kF p?\nexpect NxNx8")
    assert done.returncode == 0 and "p = (F − 1)/2" in done.stdout


def test_no_answer_has_a_reason(convdsl: Convdsl) -> None:
    done = convdsl("solve", "-", stdin="input 7x7x1 -> conv 1 k? s2\nexpect 5x5x1")
    assert done.returncode == 1 and "4×4×1" in done.stdout + done.stderr


def test_nothing_to_find_is_a_wrong_call(convdsl: Convdsl) -> None:
    done = convdsl("solve", "-", stdin="input 7x7x1 -> conv 1 k3")
    assert done.returncode == 2 and "nothing to solve" in done.stderr


def test_a_broken_program_is_diagnosed(convdsl: Convdsl) -> None:
    done = convdsl("solve", "-", stdin="input 7x7x1 -> cnov 1 k?")
    assert done.returncode == 1 and "error[E201]" in done.stderr
