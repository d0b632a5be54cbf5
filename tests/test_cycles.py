"""The search for cycles of objects is put off while much is made, and goes on afterwards as it was."""

from __future__ import annotations

import gc
from contextlib import suppress

import pytest

from convdsl.cycles import no_search_for_cycles


@pytest.mark.parametrize("wanted", [True, False])
def test_it_is_as_it_was_afterwards(wanted: bool) -> None:
    was_on = gc.isenabled()
    try:
        (gc.enable if wanted else gc.disable)()
        with suppress(ValueError), no_search_for_cycles():
            assert not gc.isenabled()
            with no_search_for_cycles():
                pass
            assert not gc.isenabled()
            raise ValueError
        assert gc.isenabled() is wanted
    finally:
        (gc.enable if was_on else gc.disable)()
