"""Random changes to images, as convdsl.engine.cpu.augment makes them on the CPU: a block for each image."""

# ruff: noqa: F821
# mypy: ignore-errors
from __future__ import annotations


def change(
    control: I64,
    moves: F32,
    keys: I64,
    out: F32,
    *,
    planes,
    size,
    warps,
    tones,
    noise,
    cut,
    draws,
    SIGN_X,
    SIGN_Y,
    MOVE_Y,
    MOVE_X,
    EDGE_Y,
    EDGE_X,
    XX,
    XY,
    YX,
    YY,
    CONTRAST,
    BRIGHTNESS,
    CUT_Y,
    CUT_X,
):
    """`moves` are what was drawn for each image, by the names in capitals. All movements are whole pixels, with the edge
    repeated around a shift and zeros around a crop, or (`warps`) one affine map around the middle, bilinear."""
    sums = cuda.shared.array(256, float32)
    t = cuda.threadIdx.x
    n = cuda.blockIdx.x
    source = get_i64(control[INDEX], n) * size if control[INDEX] != 0 else n * size
    factor = float32(0.00392156862745098) if control[BYTES] != 0 else float32(1)
    edge_y = int64(moves[n, EDGE_Y])
    edge_x = int64(moves[n, EDGE_X])
    by_y = edge_y + int64(moves[n, MOVE_Y])
    by_x = edge_x + int64(moves[n, MOVE_X])
    total = float32(0)
    for e in range(t, size, 256):
        z, y, x, c = place(e, planes[1:])
        inside = y >= edge_y and y < edge_y + planes[1] and x >= edge_x and x < edge_x + planes[2]
        v = float32(0)
        if inside:
            if warps:
                up = float32(y - by_y) - float32((planes[1] - 1) * 0.5)
                across = float32(x - by_x) - float32((planes[2] - 1) * 0.5)
                at_y = moves[n, YX] * across + moves[n, YY] * up + float32((planes[1] - 1) * 0.5)
                at_x = moves[n, XX] * across + moves[n, XY] * up + float32((planes[2] - 1) * 0.5)
                at_y = min(max(at_y, float32(0)), float32(planes[1] - 1))
                at_x = min(max(at_x, float32(0)), float32(planes[2] - 1))
                at_y = float32(planes[1] - 1) - at_y if moves[n, SIGN_Y] < float32(0) else at_y
                at_x = float32(planes[2] - 1) - at_x if moves[n, SIGN_X] < float32(0) else at_x
                y0 = int64(at_y)
                x0 = int64(at_x)
                part_y = at_y - float32(y0)
                part_x = at_x - float32(x0)
                for corner in unrolled(4):
                    row = min(y0 + corner // 2, planes[1] - 1)
                    column = min(x0 + corner % 2, planes[2] - 1)
                    weight = (part_y if corner // 2 == 1 else float32(1) - part_y) * (
                        part_x if corner % 2 == 1 else float32(1) - part_x
                    )
                    at = source + ((z * planes[1] + row) * planes[2] + column) * planes[3] + c
                    if control[BYTES] != 0:
                        v += float32(get_u8(control[IMAGES], at)) * weight
                    else:
                        v += get_f32(control[IMAGES], at) * weight
            else:
                row = min(max(y - by_y, 0), planes[1] - 1)
                column = min(max(x - by_x, 0), planes[2] - 1)
                row = planes[1] - 1 - row if moves[n, SIGN_Y] < float32(0) else row
                column = planes[2] - 1 - column if moves[n, SIGN_X] < float32(0) else column
                at = source + ((z * planes[1] + row) * planes[2] + column) * planes[3] + c
                v = float32(get_u8(control[IMAGES], at)) if control[BYTES] != 0 else get_f32(control[IMAGES], at)
        v = v * factor
        out[n, e] = v
        total += v
    mean = float32(0)
    if tones:
        sums[t] = total
        add_up(t, 1, sums)
        mean = sums[0] / float32(size)
    if tones or noise > 0 or cut > 0:
        first_y = int64(moves[n, CUT_Y]) - cut // 2
        first_x = int64(moves[n, CUT_X]) - cut // 2
        for e in range(t, size, 256):
            z, y, x, c = place(e, planes[1:])
            v = out[n, e]
            if tones:
                v = (v - mean) * moves[n, CONTRAST] + mean + moves[n, BRIGHTNESS]
            if noise > 0:
                bits = random_bits(uint64(keys[n]), draws + e)
                drawn = (bits & uint64(0xFFFF)) + ((bits >> uint64(16)) & uint64(0xFFFF))
                drawn = drawn + ((bits >> uint64(32)) & uint64(0xFFFF)) + (bits >> uint64(48))
                normal = (float32(drawn) / float32(65535.0) - float32(2)) * float32(1.7320508)
                v += float32(noise) * normal
            if (tones or noise > 0) and control[BYTES] != 0:
                v = min(max(v, float32(0)), float32(1))
            if cut > 0:
                gone = y >= first_y and y < first_y + cut and x >= first_x and x < first_x + cut
                v = float32(0) if gone else v
            out[n, e] = v
