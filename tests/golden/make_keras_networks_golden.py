"""Writes keras_networks.json: networks of keras.applications with few channels, as lists of layers whose numbers follow from their names, and what
Keras computes with them in double precision.

usage: make_keras_networks_golden.py keras_networks.json [keras_applications-1.0.8.whl]
(written with Keras 3.15.1 on torch 2.15.0; the names of before 2019 with the code of keras-applications 1.0.8)

The formula is that of make_architectures_golden.py, under the name LAYER/INDEX. A kernel R S C K counts as fan_in R S C, a depthwise one as R S."""
import json
import os
import sys
import types

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np
from keras.src.applications import densenet, inception_v3, mobilenet, mobilenet_v2, resnet, resnet_v2, xception


def numbers(name, count, offset, scale):
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(count, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    u = (z >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1
    return (offset + scale * u).astype(np.float32)


def kind(path, shape, count):
    part = path.rsplit("/", 1)[1]
    if part in ("moving_mean", "beta") and count > 2:
        return 0, 3 / 32
    if part == "moving_variance":
        return 1, 3 / 16
    if part == "gamma":
        return 1, 3 / 16
    if len(shape) >= 2:
        depthwise = part == "depthwise_kernel" or "depthwise" in path or "conv_dw" in path
        return 0, (6 / np.prod(shape[:2] if depthwise else shape[:-1])) ** 0.5
    return 0, 1 / 16


class Thin:
    """keras.layers with an eighth of the channels."""

    def __getattr__(self, name):
        layer = getattr(keras.layers, name)
        if name not in ("Conv2D", "SeparableConv2D"):
            return layer
        return lambda filters, *given, **keys: layer(filters if keys.get("name") == "conv_preds" else max(4, filters // 8), *given, **keys)


def thin(module, name, size, **keys):
    whole, module.layers = module.layers, Thin()
    try:
        keras.backend.clear_session()
        return getattr(module, name)(weights=None, classes=10, input_shape=(*size, 3), **keys)
    finally:
        module.layers = whole


def thin_resnet(module, name, size):
    whole, resnet.layers = resnet.layers, Thin()
    try:
        keras.backend.clear_session()
        return getattr(module, name)(weights=None, classes=10, input_shape=(*size, 3))
    finally:
        resnet.layers = whole


def old_resnet(size):
    sys.path.insert(0, sys.argv[2])
    from keras_applications import resnet50

    keras.backend.clear_session()
    backend = types.SimpleNamespace(image_data_format=lambda: "channels_last", is_keras_tensor=lambda x: True)
    return resnet50.ResNet50(weights=None, classes=10, input_shape=(*size, 3), backend=backend, layers=Thin(),
                             models=keras.models, utils=keras.utils)


def case(member, model, size):
    layers = []
    for layer in model.layers:
        if not layer.weights:
            continue
        values, dims = [], []
        for i, weight in enumerate(layer.weights):
            shape = tuple(weight.shape)
            values.append(numbers(f"{layer.name}/{i}", int(np.prod(shape)), *kind(weight.path, shape, len(layer.weights))).reshape(shape))
            dims.append("x".join(map(str, shape)))
        layer.set_weights([value.astype(np.float64) for value in values])
        layers.append(f"{layer.name} {','.join(dims)}")
    picture = numbers("input", 3 * size[0] * size[1], 0, 2).reshape((1, 3, *size))
    before = keras.Model(model.inputs, model.layers[-2].output)  # of softmax, or of the layer that holds it
    output = before(np.moveaxis(picture, 1, 3).astype(np.float64), training=False)
    assert "float64" in str(output.dtype)
    output = output.detach().numpy()
    if model.layers[-1].weights:
        kernel, bias = model.layers[-1].get_weights()
        output = output @ kernel + bias
    output = [float(f"{x:.9g}") for x in output.ravel()]
    print(member, output[:4], file=sys.stderr)
    return {"member": member, "layers": ";".join(layers), "input": [1, 3, *size], "output": output}


def main():
    keras.config.set_floatx("float64")
    odd = (65, 80)
    cases = [
        case("resnet50", thin_resnet(resnet, "ResNet50", odd), odd),
        case("resnet50v2", thin_resnet(resnet_v2, "ResNet50V2", odd), odd),
        case("mobilenet", thin(mobilenet, "MobileNet", odd), odd),
        case("mobilenetv2", mobilenet_v2.MobileNetV2(weights=None, classes=10, input_shape=(*odd, 3), alpha=0.35), odd),
        case("inception_v3", thin(inception_v3, "InceptionV3", (76, 91)), (76, 91)),
        case("densenet121", thin(densenet, "DenseNet121", odd), odd),
        case("xception", thin(xception, "Xception", (72, 81)), (72, 81)),
    ]
    if len(sys.argv) > 2:
        cases.append(case("resnet50", old_resnet(odd), odd))
    text = ",\n".join(json.dumps(one) for one in cases)
    open(sys.argv[1], "w").write('{"about": "tests/golden/make_keras_networks_golden.py",\n "cases": [\n' + text + "\n]}\n")


if __name__ == "__main__":
    main()
