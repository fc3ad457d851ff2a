#!/usr/bin/env python3
"""Makes vgg16_golden.safetensors from the full record of activations and gradients of VGG16 (4 MB): the input and its
gradients whole, of the activations every stride-th row and column. Float32 throughout: half precision is too coarse for
gradients.

    make_vgg16_golden.py FULL.safetensors vgg16_golden.safetensors
"""
import array
import json
import struct
import sys

STRIDES = {
    "input": 1,
    "grad_mean_conv4_2_30": 1,
    "grad_mean_conv4_2_pre_relu_30": 1,
    "conv1_1": 8,
    "conv3_3": 4,
    "conv4_2": 2,
    "conv4_2_pre_relu": 2,
    "conv5_3": 1,
}


def read(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = (entry["shape"], array.array("f", data[begin:end]))
    return metadata, tensors


def thin(shape, values, stride):
    n, c, h, w = shape
    kept = array.array("f")
    for plane in range(n * c):
        for y in range(0, h, stride):
            begin = (plane * h + y) * w
            kept.extend(values[begin:begin + w:stride])
    return [n, c, -(-h // stride), -(-w // stride)], kept


def write(path, metadata, tensors):
    header, data = {"__metadata__": metadata}, b""
    for name, (shape, values) in tensors.items():
        end = len(data) + len(values) * 4
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), end]}
        data += values.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % 16)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def main(source, target):
    metadata, full = read(source)
    metadata["thinned"] = "every stride-th row and column, stride = rows of the layer's map / rows here"
    write(target, metadata, {name: thin(*full[name], stride) for name, stride in STRIDES.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
