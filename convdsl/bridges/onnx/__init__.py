"""ONNX: a network with its weights as a graph that other runtimes take, and back.

The graph is written for opset 21 (IR 10): the newest that what is in use everywhere reads. Values have their channels first
there, N×C×H×W; what has to be turned (the columns of a dense layer behind a map) is turned once, in the weights.
"""

OPSET, IR = 21, 10
