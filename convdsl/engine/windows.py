"""The places under a window, as kernels of every device write them out (`partial.py` puts these statements where a kernel
calls them). Three axes; `k`, `s`, `d` and `before` are size, stride, dilation and padding along each."""

# ruff: noqa: F821, F841, B018
# mypy: ignore-errors


def window(at0, at1, at2, p, i, j, k, s, d, before):
    """The places of the input under a window, that of the output at p, i, j; some may lie outside."""
    for e in range(k[0]):
        at0 = p * s[0] + e * d[0] - before[0]
        for a in range(k[1]):
            at1 = i * s[1] + a * d[1] - before[1]
            for q in range(k[2]):
                at2 = j * s[2] + q * d[2] - before[2]
                body


def tap(at0, at1, at2, t, p, i, j, k, s, d, before):
    """The place of tap number t of such a window."""
    at0 = p * s[0] + t // (k[1] * k[2]) * d[0] - before[0]
    at1 = i * s[1] + t // k[2] % k[1] * d[1] - before[1]
    at2 = j * s[2] + t % k[2] * d[2] - before[2]
