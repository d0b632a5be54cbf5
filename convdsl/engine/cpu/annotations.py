"""What the arguments of kernels are annotated with. Kernels are texts that `specialise.py` reads: all other names in them
mean what whatever compiles them says, `runtime.py` for LLVM."""

from __future__ import annotations

from typing import Any

F32 = F64 = I32 = I64 = U8 = Any
"""An array of that type."""
Address = Int = int
"""An address in bytes, for micro-kernels; a whole number."""
