"""What a node of ONNX says of itself, looked at as the standard has it: the right kinds, nothing missing, no stride of 0."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from onnx import AttributeProto, NodeProto, defs, helper

from convdsl.bridges.onnx.loading import array
from convdsl.bridges.pieces import Foreign
from convdsl.messages import T

LEAST = {"kernel_shape": 1, "strides": 1, "dilations": 1, "output_padding": 0, "output_shape": 1, "group": 1,
         "num_groups": 1, "blocksize": 1, "size": 1}  # fmt: skip
"""The least that each of an attribute's numbers may be; no axis is longer than LARGEST. Of others any number will do."""
LARGEST = 2**31 - 1


def called(node: NodeProto) -> str:
    """A node by its name, or by that of what it gives."""
    return node.name or (node.output[0] if node.output else node.op_type)


def known(node: NodeProto, version: int) -> bool:
    """Whether it is one of ONNX' own operators, and already or still in that operator set."""
    return node.domain in ("", "ai.onnx") and _kinds(node.op_type, version) is not None


def attributes(node: NodeProto, version: int) -> dict[str, Any]:
    """A node's attributes by name; texts as text. Raises Foreign for what the operator cannot have."""
    kinds = _kinds(node.op_type, version) if known(node, version) else None
    found: dict[str, Any] = {}
    for attribute in node.attribute:
        value = helper.get_attribute_value(attribute)
        if value is None or (kinds and kinds.get(attribute.name, (attribute.type, False))[0] != attribute.type):
            raise _wrong(node, T("{name} is of another kind", name=attribute.name))
        if attribute.type == AttributeProto.TENSOR:
            value = array(attribute.t)
        found[attribute.name] = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    for name, (_, required) in (kinds or {}).items():
        if required and name not in found:
            raise _wrong(node, T("{name} is missing", name=name))
    for name, value in found.items():
        for number in value if isinstance(value, list) else [value]:
            least, most = (LEAST[name], LARGEST) if name in LEAST else (-math.inf, math.inf)
            if isinstance(number, (int, float)) and not least <= number <= most:
                raise _wrong(node, T("{name} cannot be {value}", name=name, value=number))
    return found


@cache
def _kinds(op: str, version: int) -> dict[str, tuple[int, bool]] | None:
    """The kind of each attribute of an operator, and whether it has to be there; None for an operator that is not known."""
    try:
        schema = defs.get_schema(op, version)
    except defs.SchemaError:
        return None
    return {name: (int(attribute.type.value), attribute.required) for name, attribute in schema.attributes.items()}


def _wrong(node: NodeProto, why: T) -> Foreign:
    return Foreign(
        T("`{name}` ({op}) is not written as ONNX has it: {why}.", name=called(node), op=node.op_type, why=why)
    )
