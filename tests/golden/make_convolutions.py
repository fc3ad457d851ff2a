"""Writes convolutions.json: PyTorch's convolutions, forward and gradient to the input, in float64. python3 make_convolutions.py"""
import json
import random

import torch
import torch.nn.functional as F

random.seed(7)


def numbers(*shape):
    count = 1
    for size in shape:
        count *= size
    return torch.tensor([random.randint(-128, 128) / 64 for _ in range(count)], dtype=torch.float64).reshape(shape)


def array(tensor):
    return {"shape": list(tensor.shape), "data": tensor.flatten().tolist()}


# name, N C H W, K, R S, stride, pad top left bottom right, dilation, groups, output padding of a transposed one.
CASES = [
    ("dilated", (1, 3, 9, 8), 4, (3, 3), (1, 1), (2, 2, 2, 2), (2, 2), 1, None),
    ("dilated, strides and dilations differ", (1, 4, 11, 13), 3, (3, 2), (2, 3), (1, 0, 3, 2), (3, 2), 1, None),
    ("atrous pyramid, wider than the map", (1, 2, 7, 7), 3, (3, 3), (1, 1), (6, 6, 6, 6), (6, 6), 1, None),
    ("depthwise, stride 2", (1, 10, 7, 6), 10, (3, 3), (2, 2), (0, 0, 1, 1), (1, 1), 10, None),
    ("depthwise, dilated", (1, 10, 7, 6), 10, (3, 3), (1, 1), (2, 2, 2, 2), (2, 2), 10, None),
    ("depthwise, two outputs each", (1, 6, 5, 6), 12, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 6, None),
    ("groups of four", (1, 16, 5, 4), 16, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 4, None),
    ("groups, dilated", (1, 8, 7, 6), 12, (3, 3), (1, 2), (2, 2, 2, 2), (2, 2), 2, None),
    ("1x5", (1, 3, 4, 9), 4, (1, 5), (1, 1), (0, 2, 0, 2), (1, 1), 1, None),
    ("5x1", (1, 3, 9, 4), 4, (5, 1), (1, 1), (2, 0, 2, 0), (1, 1), 1, None),
    ("2x2", (1, 5, 6, 5), 4, (2, 2), (1, 1), (0, 1, 1, 0), (1, 1), 1, None),
    ("patches of 4x4", (1, 3, 12, 9), 5, (4, 4), (4, 4), (0, 0, 0, 0), (1, 1), 1, None),
    ("stride above the window", (1, 5, 9, 10), 4, (2, 1), (3, 4), (0, 0, 0, 0), (1, 1), 1, None),
    ("1x1, padded", (1, 5, 3, 4), 4, (1, 1), (1, 1), (1, 2, 1, 2), (1, 1), 1, None),
    ("transposed, bias", (1, 5, 3, 4), 4, (4, 4), (2, 2), (1, 1, 1, 1), (1, 1), 1, (0, 0)),
    ("transposed, output padding", (1, 5, 3, 4), 3, (3, 3), (2, 3), (1, 1, 1, 1), (1, 1), 1, (1, 2)),
    ("transposed, groups, dilated", (1, 6, 4, 3), 4, (3, 2), (2, 1), (1, 1, 1, 1), (2, 3), 2, (1, 0)),
    ("transposed, depthwise", (1, 6, 4, 3), 6, (4, 4), (2, 2), (1, 1, 1, 1), (1, 1), 6, (0, 0)),
]


def case(name, shape, k, size, stride, pad, dilation, groups, more):
    x = numbers(*shape).requires_grad_()
    bias = numbers(k)
    top, left, bottom, right = pad
    if more is None:
        weight = numbers(k, shape[1] // groups, *size)
        y = F.conv2d(F.pad(x, (left, right, top, bottom)), weight, bias, stride, 0, dilation, groups)
    else:
        weight = numbers(shape[1], k // groups, *size)
        y = F.conv_transpose2d(x, weight, bias, stride, (top, left), more, groups, dilation)
    cotangent = numbers(*y.shape)
    (y * cotangent).sum().backward()
    return {"name": name, "stride": stride, "pad": pad, "dilation": dilation, "groups": groups,
            "output_padding": more, "inputs": {"input": array(x), "weight": array(weight), "bias": array(bias)},
            "output": array(y), "cotangent": array(cotangent), "gradients": {"input": array(x.grad)}}


table = {"about": f"PyTorch {torch.__version__.split('+')[0]}, written by make_convolutions.py; gradients are those of "
                  "sum(output * cotangent); NCHW; pad: top, left, bottom, right; output_padding: of a transposed one",
         "cases": [case(*c) for c in CASES]}
lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in table["cases"])
with open("convolutions.json", "w") as file:
    file.write('{"about":%s,"cases":[\n%s\n]}\n' % (json.dumps(table["about"]), lines))
