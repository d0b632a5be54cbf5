"""Classes and functions that a generated file brings along for what PyTorch has no module for. Only those used are written."""

from __future__ import annotations

SCALE = '''class Scale(nn.Module):
    """A learned factor for each channel."""

    def __init__(self, channels: int, init: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), init))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight.view(-1, *(1,) * (x.dim() - 2))
'''

DROP_PATH = '''class DropPath(nn.Module):
    """Stochastic depth: in training, drops the whole path of an image at random."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        kept = torch.rand(x.shape[0], *(1,) * (x.dim() - 1), device=x.device)
        return x * (kept >= self.rate) / (1 - self.rate)
'''

FIXED_FILTER = '''class FixedFilter(nn.Module):
    """One fixed kernel on each channel by itself; nothing is learned."""

    def __init__(
        self,
        kernel: list,
        divisor: float = 1,
        stride: int | tuple[int, ...] = 1,
        dilation: int | tuple[int, ...] = 1,
    ) -> None:
        super().__init__()
        kernel = torch.tensor(kernel, dtype=torch.get_default_dtype()) / divisor
        self.register_buffer("kernel", kernel[None, None], persistent=False)
        self.stride = stride
        self.dilation = dilation

    def forward(self, x: Tensor) -> Tensor:
        convolve = (F.conv1d, F.conv2d)[x.dim() - 3]
        channels = x.shape[1]
        weight = self.kernel.expand(channels, *self.kernel.shape[1:])
        return convolve(
            x, weight, stride=self.stride, dilation=self.dilation, groups=channels
        )
'''

WINDOWS = '''def windows(
    x: Tensor,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> Tensor:
    """All windows of N×C×…: the values of each on the last axis."""
    for dim, (k, s, d) in enumerate(zip(size, stride, dilation, strict=True), 2):
        x = x.unfold(dim, d * (k - 1) + 1, s)[..., ::d]
    return x.flatten(2 + len(size))
'''

LOCAL = '''class LocallyConnected(nn.Module):
    """Like a convolution, but every place has filters of its own."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        output_size: tuple[int, ...],
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride
        self.weight = nn.Parameter(
            torch.empty(*output_size, out_channels, in_channels, *kernel_size)
        )
        self.bias = None
        if bias:
            self.bias = nn.Parameter(torch.zeros(out_channels, *output_size))
        bound = self.weight[(0,) * (len(output_size) + 1)].numel() ** -0.5
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        rank = len(self.kernel_size)
        x = windows(x, self.kernel_size, self.stride, (1,) * rank)
        size = x.shape[2:-1]
        x = x.flatten(2, 1 + rank)  # N×C×places×values
        weight = self.weight.flatten(0, rank - 1).flatten(3)  # places×F×C×values
        x = torch.einsum("ncpk,pfck->nfp", x, weight).unflatten(2, size)
        return x if self.bias is None else x + self.bias
'''

ORDER = {
    "windows": WINDOWS,
    "DropPath": DROP_PATH,
    "FixedFilter": FIXED_FILTER,
    "LocallyConnected": LOCAL,
    "Scale": SCALE,
}
"""By the name that code calls them by, in the order in which they are written."""


def used_in(text: str) -> list[str]:
    """The helpers that some code needs, those of helpers too."""
    found = [name for name in ORDER if f"{name}(" in text]
    if "LocallyConnected" in found and "windows" not in found:
        found.insert(0, "windows")
    return [ORDER[name] for name in found]
