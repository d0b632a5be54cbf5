"""A simulated GPU in the place of a real one."""

from __future__ import annotations

import pytest

from convdsl.engine import cuda
from tests.engine.cuda.simulator import Simulator


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Simulator:
    from convdsl.engine.cuda import driver

    device = Simulator()
    monkeypatch.setattr(cuda, "unusable", lambda: None)
    monkeypatch.setattr(driver, "open_device", lambda: device)
    return device
