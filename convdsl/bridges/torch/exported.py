"""A live module of PyTorch as a network of here, by way of ONNX: PyTorch's own exporter says what the module computes."""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from convdsl.bridges.pieces import Foreign
from convdsl.bridges.weighted import Weighted
from convdsl.messages import T

STANDARD = (224, 224, 3)
"""The size of an image where nobody gives one."""


def made(place: str) -> Any:
    """The module that `package.module:factory` gives, a class or a function without arguments, or a module itself; this runs
    that code. Raises Foreign."""
    path, colon, name = place.partition(":")
    if not (path and colon and name):
        raise Foreign(T("`{place}` is no `package.module:factory`.", place=place))
    try:
        found = import_module(path)
        for part in name.split("."):
            found = getattr(found, part)
        module = found if isinstance(found, torch.nn.Module) else found()  # type: ignore[operator]
    except ImportError as error:
        raise Foreign(T("{place} cannot be imported: {reason}.", place=place, reason=_said(error))) from None
    except Exception as error:
        raise Foreign(T("{place} gives no module: {reason}.", place=place, reason=_said(error))) from None
    if not isinstance(module, torch.nn.Module):
        raise Foreign(T("{place} gives {type}, and no `torch.nn.Module`.", place=place, type=type(module).__name__))
    return module


def from_module(module: Any, example: Any) -> Weighted:
    """The network that a module is for an example of its input, N×C×H×W, with its weights, as at inference. Raises Foreign,
    which says what PyTorch cannot export or what is no layer of the language; ImportError without onnx."""
    from convdsl.bridges.onnx.file import read_onnx

    if not isinstance(example, torch.Tensor) or example.dim() < 2:
        raise Foreign(T("An example is a tensor N×C×H×W, and this is {type}.", type=type(example).__name__))
    training = module.training
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{type(module).__name__.lower()}.onnx"
        try:
            module.eval()
            _export(module, example, path)
        except Exception as error:
            raise Foreign(T("PyTorch cannot export this module: {reason}.", reason=_said(error))) from None
        finally:
            module.train(training)
        return read_onnx(path)


def _export(module: Any, example: Any, path: Path) -> None:
    """By the exporter that follows the calls, which needs nothing else; by the newer one where it is gone."""
    quiet = contextlib.redirect_stdout(io.StringIO())
    with warnings.catch_warnings(), quiet, contextlib.redirect_stderr(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(module, (example,), str(path), dynamo=False, opset_version=17)
        except (TypeError, AttributeError, ImportError):
            torch.onnx.export(module, (example,), str(path))


def _said(error: Exception) -> str:
    """What the module's own code, or PyTorch, says: its first line."""
    text = str(error).strip().split("\n")[0][:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def example_of(input: Sequence[int] | None) -> Any:
    """An example of a size that is given channels last."""
    *space, channels = input or STANDARD
    return torch.zeros(1, channels, *space)
