"""The network: a graph of layers, its sizes and costs, and what is to be said about it."""

from convdsl.network.analysis import Analysis, analyse
from convdsl.network.graph import Expectation, Network, Node, Unknown
from convdsl.network.sizes import Facts, Report, infer

__all__ = ["Analysis", "Expectation", "Facts", "Network", "Node", "Report", "Unknown", "analyse", "infer"]
