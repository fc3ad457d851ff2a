#!/usr/bin/env python3
"""Writes rearrangements.json: what PyTorch and ONNX Runtime make of ops that move or resample values.

    pip install torch onnx onnxruntime numpy; make_rearrangements_golden.py rearrangements.json
"""
import json, sys
import numpy as np, onnx, onnxruntime as ort, torch
import torch.nn.functional as F
from onnx import helper, TensorProto
rng = np.random.default_rng(7)
cases = []
def numbers(shape): return (rng.integers(-128, 129, shape) / 64).astype(np.float32)
def array(a):
    a = np.asarray(a, dtype=np.float32)
    exact = lambda v: float(v) if len(repr(float(v))) < 12 else float(str(v))  # short where float32 is
    return {"shape": list(a.shape), "data": [exact(v) for v in a.ravel()]}
def add(name, op, attributes, x, y, cot=None, grad=None):
    case = {"name": name, "op": op, **attributes, "inputs": {"input": array(x)}, "output": array(y)}
    if cot is not None:
        case["cotangent"] = array(cot); case["gradients"] = {"input": array(grad)}
    cases.append(case)
def by_torch(name, op, attributes, shape, f):
    x = torch.tensor(numbers(shape), requires_grad=True)
    y = f(x); cot = torch.tensor(numbers(tuple(y.shape)))
    y.backward(cot)
    add("torch " + name, op, attributes, x.detach().numpy(), y.detach().numpy(), cot.numpy(), x.grad.numpy())
def by_ort(name, op, attributes, shape, kind, opset=19, inputs=(), **onnx_attributes):
    x = numbers(shape)
    feeds = {"x": x}; names = ["x"]; infos = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    initial = []
    for i, value in enumerate(inputs):
        if value is None: names.append(""); continue
        initial.append(onnx.numpy_helper.from_array(value, f"i{i}")); names.append(f"i{i}")
    graph = helper.make_graph([helper.make_node(kind, names, ["y"], **onnx_attributes)], "g", infos,
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)]); model.ir_version = 8
    y = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, feeds)[0]
    add("onnxruntime " + name, op, attributes, x, y)

# channels
by_torch("slice", "channel slice", {"first": 5, "count": 3}, (2, 17, 2, 1), lambda x: x[:, 5:8])
by_torch("shuffle", "channel shuffle", {"groups": 2}, (1, 58, 1, 2), lambda x: F.channel_shuffle(x, 2))
by_torch("shuffle 3", "channel shuffle", {"groups": 3}, (2, 12, 2, 1), lambda x: F.channel_shuffle(x, 3))
# blocks
by_torch("pixel_shuffle", "pixel shuffle", {"block": 3, "order": "channel_first", "to_depth": False}, (1, 18, 2, 3), lambda x: F.pixel_shuffle(x, 3))
by_torch("pixel_unshuffle", "pixel shuffle", {"block": 2, "order": "channel_first", "to_depth": True}, (2, 3, 4, 2), lambda x: F.pixel_unshuffle(x, 2))
for mode, order in (("DCR", "element_first"), ("CRD", "channel_first")):
    by_ort("DepthToSpace " + mode, "pixel shuffle", {"block": 2, "order": order, "to_depth": False}, (2, 12, 2, 3), "DepthToSpace", blocksize=2, mode=mode)
by_ort("SpaceToDepth", "pixel shuffle", {"block": 2, "order": "element_first", "to_depth": True}, (1, 3, 4, 6), "SpaceToDepth", blocksize=2)
# paddings: top, left, bottom, right
for mode, rule in (("constant", "constant"), ("reflect", "reflect"), ("replicate", "edge")):
    t, l, b, r = 2, 1, 0, 3
    value = {"value": 0.75} if rule == "constant" else {}
    by_torch("pad " + mode, "pad", {"pad": [t, l, b, r], "rule": rule, **value}, (2, 3, 4, 5), lambda x: F.pad(x, (l, r, t, b), mode, *([0.75] if rule == "constant" else [])))
by_torch("crop", "pad", {"pad": [-1, -2, 0, -1], "rule": "constant", "value": 0}, (1, 3, 5, 6), lambda x: x[:, :, 1:, 2:5])
for mode in ("constant", "reflect", "edge"):
    p = [-1, 2, 1, -2]
    by_ort("Pad " + mode, "pad", {"pad": p, "rule": mode, **({"value": 0.5} if mode == "constant" else {})}, (1, 2, 5, 6), "Pad",
           inputs=[np.array([0, 0, p[0], p[1], 0, 0, p[2], p[3]], np.int64), np.array(0.5, np.float32)], mode=mode)
# resizes
def resize(mode, coordinates, step, size=None, factors=None, rounding="floor"):
    a = {"mode": mode, "coordinates": coordinates, "step": step, "rounding": rounding}
    if size: a["size"] = size
    if factors: a["factors"] = factors
    return a
for size in ([7, 4], [3, 11], [10, 14]):
    by_torch(f"nearest {size}", "resize", resize("nearest", "asymmetric", "product", size), (1, 2, 5, 7), lambda x: F.interpolate(x, size=size, mode="nearest"))
    by_torch(f"nearest-exact {size}", "resize", resize("nearest", "tf_half_pixel_for_nn", "product", size), (1, 2, 5, 7), lambda x: F.interpolate(x, size=size, mode="nearest-exact"))
    by_torch(f"bilinear {size}", "resize", resize("linear", "half_pixel", "product", size), (1, 2, 5, 7), lambda x: F.interpolate(x, size=size, mode="bilinear", align_corners=False))
    by_torch(f"bilinear corners {size}", "resize", resize("linear", "align_corners", "product", size), (1, 2, 5, 7), lambda x: F.interpolate(x, size=size, mode="bilinear", align_corners=True))
for factors in ([2.0, 2.0], [1.7, 0.6]):
    by_torch(f"nearest x {factors}", "resize", resize("nearest", "asymmetric", "product", factors=factors), (3, 1, 5, 7), lambda x: F.interpolate(x, scale_factor=tuple(factors), mode="nearest"))
    by_torch(f"bilinear x {factors}", "resize", resize("linear", "half_pixel", "product", factors=factors), (3, 1, 5, 7), lambda x: F.interpolate(x, scale_factor=tuple(factors), mode="bilinear", align_corners=False))
empty = np.array([], np.float32)
for coordinates in ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"):
    for size in ([7, 4], [1, 11]):
        full = np.array([1, 1] + size, np.int64)
        by_ort(f"linear {coordinates} {size}", "resize", resize("linear", coordinates, "quotient", size), (1, 1, 5, 7), "Resize", inputs=[None, None, full], mode="linear", coordinate_transformation_mode=coordinates)
        for rounding in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"):
            by_ort(f"nearest {coordinates} {rounding} {size}", "resize", resize("nearest", coordinates, "quotient", size, rounding=rounding), (1, 1, 5, 7), "Resize", inputs=[None, None, full], mode="nearest", coordinate_transformation_mode=coordinates, nearest_mode=rounding)
    factors = [2.0, 1.5]
    for mode in ("linear", "nearest"):
        by_ort(f"{mode} {coordinates} x {factors}", "resize", resize(mode, coordinates, "quotient", factors=factors, rounding="round_prefer_floor"), (1, 1, 5, 7), "Resize", inputs=[None, np.array([1, 1] + factors, np.float32)], mode=mode, coordinate_transformation_mode=coordinates)
by_ort("nearest tf_half_pixel_for_nn", "resize", resize("nearest", "tf_half_pixel_for_nn", "quotient", [7, 4]), (1, 1, 5, 7), "Resize", opset=11, inputs=[empty, empty, np.array([1, 1, 7, 4], np.int64)], mode="nearest", coordinate_transformation_mode="tf_half_pixel_for_nn", nearest_mode="floor")
# adaptive pooling
for size in ([7, 7], [3, 2], [1, 1], [4, 5]):
    by_torch(f"adaptive {size}", "adaptive average pooling", {"size": size}, (2, 3, 4, 5), lambda x: F.adaptive_avg_pool2d(x, size))
by_torch("adaptive 9 to 7", "adaptive average pooling", {"size": [7, 7]}, (1, 2, 9, 9), lambda x: F.adaptive_avg_pool2d(x, 7))
# poolings: kernel, stride, pad [top, left, bottom, right]
for inside in (False, True):
    for k, s, p in ((3, 2, 0), (3, 2, 1), (2, 3, 1), (3, 1, 1), (4, 3, 2)):
        a = {"kernel": k, "stride": s, "pad": [p] * 4, "ceil": True, "divisor": "inside" if inside else "padded"}
        by_torch(f"avg_pool2d {k} {s} {p} {inside}", "average pooling", a, (1, 2, 6, 7), lambda x: F.avg_pool2d(x, k, s, p, True, not inside))
    for opset in (11, 19, 22):
        for k, s, p in ((3, 2, [0, 0, 0, 0]), (3, 2, [1, 1, 1, 1]), (3, 2, [0, 0, 1, 2]), (3, 3, [1, 2, 0, 1])):
            a = {"kernel": k, "stride": s, "pad": p, "ceil": True, "divisor": "inside" if inside else "padded"}
            by_ort(f"AveragePool {opset} {k} {s} {p} {inside}", "average pooling", a, (1, 1, 6, 7), "AveragePool", opset=opset, kernel_shape=[k, k], strides=[s, s], pads=p, ceil_mode=1, count_include_pad=0 if inside else 1)
by_torch("softmax of maps", "softmax", {}, (2, 5, 3, 2), lambda x: torch.softmax(x, 1))
by_ort("GlobalMaxPool", "global max pooling", {}, (2, 3, 5, 7), "GlobalMaxPool")

about = (f"written by make_rearrangements_golden.py with PyTorch {torch.__version__} and ONNX Runtime {ort.__version__} on a CPU; "
         "gradients are those of sum(output * cotangent); N C H W")
with open(sys.argv[1], "w") as out:
    out.write('{\n "about": ' + json.dumps(about) + ',\n "cases": [\n')
    out.write(",\n".join("  " + json.dumps(c, separators=(",", ":")) for c in cases))
    out.write("\n ]\n}\n")
