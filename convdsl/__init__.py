"""convdsl: a small language for convolutional networks.

import convdsl
net = convdsl.load("lenet5.cnn")      # or convdsl.parse(text)
print(net.report.total.params)
"""

from typing import TYPE_CHECKING, Any

from convdsl.version import VERSION

if TYPE_CHECKING:
    from convdsl.diagnostics import ProgramError
    from convdsl.net import Net, ensemble, from_onnx, from_torch, load, look, parse, trained

__version__ = VERSION
__all__ = [
    "Net",
    "ProgramError",
    "__version__",
    "ensemble",
    "from_onnx",
    "from_torch",
    "load",
    "look",
    "parse",
    "trained",
]


def __getattr__(name: str) -> Any:
    """Loads the parser when it is first asked for: `convdsl --help` does without it."""
    if name in ("Net", "ensemble", "from_onnx", "from_torch", "load", "look", "parse", "trained"):
        from convdsl import net

        return getattr(net, name)
    if name == "ProgramError":
        from convdsl.diagnostics import ProgramError

        return ProgramError
    raise AttributeError(f"module 'convdsl' has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext convdsl` in a notebook; see convdsl/notebook.py."""
    from convdsl.notebook import load

    load(shell)


def __dir__() -> list[str]:
    """What `convdsl.` completes to in a notebook."""
    return __all__
