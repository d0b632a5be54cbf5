"""Graphs of ONNX that say what no graph can: strides of 0, axes that are not there, attributes of another kind or missing,
tensors of other shapes, nodes that read something else."""

from __future__ import annotations

from random import Random

from onnx import AttributeProto, ModelProto, NodeProto, TensorProto

PROGRAMS = (
    "input 12x12x4\nconv 8 k3 s2 p same g2 -> leaky_relu\nadd { conv 8 k3 p1 -> bn | identity } -> relu\nmaxpool 2\n"
    "concat { conv 3 k1 | avgpool 3 s1 p1 }\ntconv 4 k2 s2\ngap -> dense 5\n",
    "input 16x3\nconv 4 k3 p same -> prelu\ndropout 0.2\nmaxpool 2 -> flatten -> dense 7 -> sigmoid\n",
    "input 8x8x4\ndwconv k3 p1 -> hardswish\nln\nmul { identity | gap -> conv 2 k1 -> relu -> conv 4 k1 -> sigmoid }\n"
    "upsample 2\npad 1\ncrop 1\nlrn\nglobalmaxpool\n",
)
NUMBERS = (0, -1, 1, 2, 3, 4, 7, 100_000, 2**31, 2**62, -(2**63))
REALS = (0.0, -1.0, float("nan"), float("inf"), 1e30)
OPERATORS = ("Reshape", "Squeeze", "Concat", "Slice", "Resize", "Pad", "Transpose", "Split", "Clip", "LayerNormalization",
             "ReduceMean", "MatMul", "Softmax", "DepthToSpace", "Einsum", "Gather", "Flatten", "Div", "AveragePool", "LRN",
             "Dropout", "ConvTranspose")  # fmt: skip


def changed(chance: Random, model: ModelProto) -> ModelProto:
    """A copy in which one to four things are others."""
    model = ModelProto.FromString(model.SerializeToString())
    for _ in range(chance.choice((1, 1, 2, 4))):
        if model.graph.node:
            chance.choice((_attribute, _attribute, _input, _tensor, _operator, _shape))(chance, model)
    return model


def _attribute(chance: Random, model: ModelProto) -> None:
    node = chance.choice(model.graph.node)
    if not node.attribute:
        return
    attribute = chance.choice(node.attribute)
    match chance.randrange(6):
        case 0:
            node.attribute.remove(attribute)
        case 1:
            attribute.i = chance.choice(NUMBERS)
        case 2:
            attribute.f = chance.choice(REALS)
        case 3 if attribute.ints:
            attribute.ints[chance.randrange(len(attribute.ints))] = chance.choice(NUMBERS)
        case 4 if attribute.ints:
            del attribute.ints[-1]
        case _:
            attribute.type = chance.choice(list(AttributeProto.AttributeType.values()))


def _input(chance: Random, model: ModelProto) -> None:
    node: NodeProto = chance.choice(model.graph.node)
    if node.input:
        place = chance.randrange(len(node.input))
        names = ("", "nowhere", *(n.output[0] for n in model.graph.node), *(t.name for t in model.graph.initializer))
        node.input[place] = chance.choice(names)
        if chance.random() < 0.3:
            del node.input[place]


def _tensor(chance: Random, model: ModelProto) -> None:
    tensor = chance.choice(model.graph.initializer)
    match chance.randrange(4):
        case 0 if tensor.dims:
            tensor.dims[chance.randrange(len(tensor.dims))] = chance.choice(NUMBERS)
        case 1 if tensor.dims:
            whole, last = list(tensor.dims), tensor.dims[-1]
            tensor.dims[:] = chance.choice((whole[::-1], [*whole, 1], [*whole[:-1], 1, last]))
        case 2:
            tensor.raw_data = tensor.raw_data[: chance.randrange(len(tensor.raw_data) + 1)]
        case _:
            tensor.data_type = chance.choice(list(TensorProto.DataType.values()))


def _operator(chance: Random, model: ModelProto) -> None:
    node = chance.choice(model.graph.node)
    if chance.random() < 0.3:
        model.graph.node.remove(node)
    else:
        node.op_type = chance.choice((*OPERATORS, *(n.op_type for n in model.graph.node)))


def _shape(chance: Random, model: ModelProto) -> None:
    if chance.random() < 0.5:
        model.opset_import[0].version = chance.choice((6, 9, 11, 13, 18, 25, -1, 10**9))
    else:
        chance.choice(model.graph.input[0].type.tensor_type.shape.dim).dim_value = chance.choice(NUMBERS)
