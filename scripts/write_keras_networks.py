#!/usr/bin/env python3
"""Like write_networks.py, for the networks of keras.applications: weights alone as .h5 (Keras 1 and 2's layout) or .weights.h5 (Keras 3's).

  python3 -m venv venv && venv/bin/pip install keras torch h5py numpy
  venv/bin/pip download --no-deps keras-applications==1.0.8   # old:resnet50, by the code of 2019
  venv/bin/python scripts/write_keras_networks.py build/release/tests/networks/phosphene_networks_test ResNet50 ResNet50@counted
  OLD=Keras_Applications-1.0.8-py3-none-any.whl venv/bin/python scripts/write_keras_networks.py TEST old:ResNet50

NAME[@FORM...]: counted (Keras 3's layout), notop, told (the architecture is given)."""

import json
import os
import subprocess
import sys
import tempfile

os.environ["KERAS_BACKEND"] = "torch"
import h5py
import keras
import numpy as np
from keras.src.legacy.saving import legacy_h5_format

NAMES = """ResNet50 ResNet50@counted ResNet50@notop ResNet101 ResNet152 ResNet50V2 ResNet101V2 VGG16@notop VGG19@notop VGG19@notop@told MobileNet
MobileNet@counted MobileNetV2 MobileNetV2@counted MobileNetV2@notop InceptionV3 InceptionV3@counted InceptionV3@notop DenseNet121
DenseNet169 DenseNet201 Xception Xception@counted old:ResNet50 old:MobileNetV2 old:DenseNet121 old:InceptionV3""".split()


def old_network(name, keys):
    sys.path.insert(0, os.environ["OLD"])
    import keras_applications
    from keras_applications import densenet, inception_v3, mobilenet_v2, resnet50

    module = {"ResNet50": resnet50, "MobileNetV2": mobilenet_v2, "DenseNet121": densenet, "InceptionV3": inception_v3}[name]
    backend = keras.backend
    if not hasattr(backend, "int_shape"):
        backend.int_shape = lambda tensor: tuple(tensor.shape)
    if not hasattr(keras.utils, "get_source_inputs"):
        keras.utils.get_source_inputs = lambda tensor: [tensor]
    return getattr(module, name)(backend=backend, layers=keras.layers, models=keras.models, utils=keras.utils, **keys)


def build(name, forms, side):
    keras.backend.clear_session()
    keys = dict(weights=None, classes=10, input_shape=(*side, 3))
    if "notop" in forms:
        keys = dict(weights=None, include_top=False, input_shape=(*side, 3))
    if name.startswith("old:"):
        return old_network(name[4:], keys)
    return getattr(keras.applications, name)(**keys)


def random_weights(model):
    generator = np.random.default_rng(1)
    numbers = []
    for weight in model.weights:
        part = weight.path.rsplit("/", 1)[1]
        low, high = {"gamma": (0.6, 1.1), "moving_variance": (0.5, 1.5)}.get(part, (-0.1, 0.1))
        if "kernel" in part:
            fan_in = np.prod(weight.shape[:-1]) if "depthwise" not in weight.path else np.prod(weight.shape[:2])
            high = (6 / fan_in) ** 0.5
            low = -high
        numbers.append(generator.uniform(low, high, weight.shape).astype(np.float32))
    return numbers


def write(full, folder):
    name, *forms = full.split("@")
    side = (139, 155) if "Inception" in name or "Xception" in name else (97, 112)
    if name == "MobileNet":
        side = (109, 112)  # odd, where its paddings are not SAME
    keras.config.set_floatx("float32")
    model = build(name, forms, side)
    numbers = random_weights(model)
    model.set_weights(numbers)
    file = "weights.h5"
    if "counted" in forms:
        file = "model.weights.h5"
        model.save_weights(f"{folder}/{file}")
    else:
        with h5py.File(f"{folder}/{file}", "w") as group:
            legacy_h5_format.save_weights_to_hdf5_group(group, model)
    keras.config.set_floatx("float64")
    model = build(name, forms, side)
    model.set_weights([n.astype(np.float64) for n in numbers])
    picture = (np.random.default_rng(2).random((1, *side, 3)) * 4 - 2).astype(np.float32)
    output = model.layers[-1].output
    layers = {"output": output}
    if len(output.shape) == 2:  # behind softmax: compare what stands before it too
        features = [layer for layer in model.layers if len(layer.output.shape) == 4][-1]
        layers[features.name] = features.output
    values = keras.Model(model.inputs[0], layers)(picture.astype(np.float64), training=False)
    arrays = {"input": np.moveaxis(picture, 3, 1)}
    for key, value in values.items():
        value = value.detach().numpy()
        assert value.dtype == np.float64
        arrays[key] = (np.moveaxis(value, 3, 1) if value.ndim == 4 else value).astype(np.float32)
    if name.startswith("old:") and "pool1_pool" in arrays:
        del arrays["pool1_pool"]
    write_safetensors(f"{folder}/golden.safetensors", arrays)
    json.dump({"weights": file, "golden": "golden.safetensors", "architecture": name.lower() if "told" in forms else ""},
              open(f"{folder}/{full.replace(':', '_')}.json", "w"))


def write_safetensors(path, arrays):
    header, data = {}, b""
    for name, array in arrays.items():
        bytes_ = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(bytes_)]}
        data += bytes_
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    open(path, "wb").write(len(text).to_bytes(8, "little") + text + data)


def main():
    test, *names = sys.argv[1:]
    failed = []
    for name in names or NAMES:
        with tempfile.TemporaryDirectory() as folder:
            try:
                write(name, os.environ.get("KEEP", folder))
                result = subprocess.run([test, "--gtest_filter=WrittenNetworks.*"], capture_output=True, text=True,
                                        env=os.environ | {"PHOSPHENE_WRITTEN_NETWORKS": folder})
                good = result.returncode == 0
                print("\n".join(line for line in result.stdout.splitlines()
                                if (not line.startswith("[") if not good else "e-" in line or "e+" in line)), flush=True)
            except Exception as error:
                print(f"{name}: {error!r}"[:400], flush=True)
                good = False
            if not good:
                failed.append(name)
    print("failed:", *failed)


if __name__ == "__main__":
    main()
