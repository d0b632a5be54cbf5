"""The samples of PyTorch's own tests: of operators (OpInfo) and of modules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.overrides import TorchFunctionMode, resolve_name
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.common_modules import module_db

from tests.foreign import layers, pointwise  # noqa: F401  (they register themselves)
from tests.foreign.calls import LAYERS, translate
from tests.foreign.sample import Named, Refused

RECURRENT = ("RNN", "LSTM", "GRU", "Transformer", "Lazy")


def operators() -> Iterator[Named]:
    """Of all operators of torch.nn.functional, and of those outside it that are layers here."""
    for info in op_db:
        name = info.name.removeprefix("nn.functional.")
        layer = info.name.startswith("nn.functional.") or name in LAYERS
        if not layer or torch.float32 not in info.supported_dtypes("cpu"):
            continue
        if name not in LAYERS:
            yield Named(name, None, f"not in the language: {name}")
            continue
        torch.manual_seed(0)
        for s in info.sample_inputs("cpu", torch.float32, requires_grad=False):
            yield _named(name, s.input, s.args, s.kwargs)


def modules() -> Iterator[Named]:
    """Modules with their own first weights, as the one call that each makes."""
    for info in module_db:
        name = info.module_cls.__name__
        if name.startswith(RECURRENT) or "Cell" in name:
            continue
        for training in (False, True):
            torch.manual_seed(0)
            try:
                made = list(
                    info.module_inputs_func(
                        info, device="cpu", dtype=torch.float32, requires_grad=False, training=training
                    )
                )
            except (NotImplementedError, RuntimeError):  # torch's own sample does not run on a CPU
                continue
            for s in made:
                module = info.module_cls(*s.constructor_input.args, **s.constructor_input.kwargs).train(training)
                try:
                    call = recorded(module, s.forward_input.args, s.forward_input.kwargs)
                except Refused as error:
                    yield Named(name, None, str(error))
                    continue
                yield _named(*call)


def _named(name: str, x: Any, args: Any, kwargs: Any) -> Named:
    try:
        return Named(name, translate(name, x, args, kwargs))
    except Refused as error:
        return Named(name, None, str(error))


class _Recorder(TorchFunctionMode):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, Any, Any]] = []

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = (resolve_name(function) or getattr(function, "__name__", "")).split(".")[-1]
        name = name.lstrip("_").removesuffix("_with_indices")
        if not name.startswith("_") and name not in (
            "get",
            "dim",
            "size",
            "requires_grad",
            "is_nested",
            "ndim",
            "shape",
        ):
            self.calls.append((name, args, kwargs or {}))
        return function(*args, **(kwargs or {}))


def recorded(module: torch.nn.Module, args: Any, kwargs: Any) -> tuple[str, Any, Any, Any]:
    """The function that a module calls, its input and its other arguments. Raises Refused where it calls several, or one
    that is not in the language."""
    with torch.no_grad(), _Recorder() as recorder:
        try:
            module(*args, **kwargs)
        except RuntimeError:  # torch's own sample needs what this recording takes away
            raise Refused(f"not in the language: {type(module).__name__}") from None
    known = [c for c in recorder.calls if c[0] in LAYERS]
    if len(known) != 1:
        raise Refused(f"not in the language: {type(module).__name__}")
    (name, (x, *rest), options) = known[0]
    return name, x, rest, options
