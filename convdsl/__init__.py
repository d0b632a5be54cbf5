"""convdsl: a small language for convolutional networks.

    import convdsl
    net = convdsl.load("lenet5.cnn")      # or convdsl.parse(text)
    print(net.report.total.params)
"""

from convdsl.net import Net, load, parse

__version__ = "0.1.0"
__all__ = ["Net", "__version__", "load", "parse"]
