"""Writes architectures.json: small networks as lists of tensors, whose numbers follow from their names, and what torchvision and timm compute with
them in double precision. Those of models/architectures (the assets) are larger, and other members of the families.

usage: make_architectures_golden.py architectures.json   (written with torch 2.15.0, torchvision 0.29.2, timm 1.0.31, numpy 2.4.6)

A tensor's element i is offset + scale * u, computed in double and rounded to float32, with u = (z >> 40) * 2^-23 - 1, z SplitMix64's output of state
FNV-1a(name) + i: tests/networks/architecture_formula.cpp. Offset and scale follow from the name and the number of dimensions: kind() here.
In the lists "NAME@C" is a batch norm of C channels: NAME.weight, .bias, .running_mean and .running_var."""
import json
import re
import sys

import numpy as np
import timm
import torch
import torchvision
from torchvision.models.resnet import Bottleneck, ResNet


def kind(name, dims):
    if name.endswith("running_mean"):
        return 0, 3 / 32
    if name.endswith("running_var"):
        return 1, 3 / 16
    if len(dims) >= 2:
        return 0, (6 / np.prod(dims[1:])) ** 0.5
    if name.endswith(("gamma", "layer_scale")):
        return 1 / 4, 1 / 16
    return (1, 3 / 16) if name.endswith("weight") else (0, 1 / 16)


def numbers(name, dims):
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    count = int(np.prod(dims))
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(count, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    u = (z >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1
    offset, scale = ("input", (0, 2))[1] if name == "input" else kind(name, dims)
    return (offset + scale * u).astype(np.float32).reshape(dims)


def listed(tensors):
    parts, norms = [], {name[: -len(".running_mean")] for name in tensors if name.endswith(".running_mean")}
    for name, tensor in tensors.items():
        module = name.rsplit(".", 1)[0]
        if name.endswith("num_batches_tracked"):
            continue
        if module not in norms:
            parts.append(f"{name} {'x'.join(map(str, tensor.shape))}")
        elif name.endswith(".running_mean"):
            parts.append(f"{module}@{tensor.shape[0]}")
    return ";".join(parts)


def as_ported(name):
    """timm's names of EfficientNet as those of ports from TensorFlow; blocks are numbered in one row."""
    depths = [1, 2, 2, 3, 3, 4, 1]
    match = re.match(r"blocks\.(\d)\.(\d)\.(.*)", name)
    if match is None:
        for old, new in (("conv_stem", "_conv_stem"), ("bn1", "_bn0"), ("conv_head", "_conv_head"), ("bn2", "_bn1"), ("classifier", "_fc")):
            if name.startswith(old + "."):
                return new + name[len(old):]
        raise KeyError(name)
    stage, block, rest = int(match[1]), int(match[2]), match[3]
    names = {"conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv", "bn2": "_bn1", "conv_pwl": "_project_conv",
             "bn3": "_bn2", "se.conv_reduce": "_se_reduce", "se.conv_expand": "_se_expand"}
    if stage == 0:
        names |= {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
    module, kind_ = rest.rsplit(".", 1)
    return f"_blocks.{sum(depths[:stage]) + block}.{names[module]}.{kind_}"


def as_authors(name):
    """timm's names of ConvNeXt as its authors'."""
    for old, new in ((r"^stem\.", "downsample_layers.0."), (r"^stages\.(\d)\.downsample\.", r"downsample_layers.\1."),
                     (r"^stages\.(\d)\.blocks\.", r"stages.\1."), (r"\.conv_dw\.", ".dwconv."), (r"\.mlp\.fc", ".pwconv"),
                     (r"^head\.norm\.", "norm."), (r"^head\.fc\.", "head.")):
        name = re.sub(old, new, name)
    return name


def case(models, size, rename=lambda name: name, trunk=False):
    """models: the name to give with --architecture ("" where it is recognised) or expected, and a network; all with the same tensors."""
    result = {}
    for expected, model in models.items():
        model = model.eval()
        tensors = {rename(name): tensor for name, tensor in model.state_dict().items()}
        with torch.no_grad():
            for name, tensor in tensors.items():
                if not name.endswith("num_batches_tracked"):
                    tensor.copy_(torch.from_numpy(numbers(name, tuple(tensor.shape))))
            channels = next(iter(tensors.values())).shape[1]
            picture = torch.from_numpy(numbers("input", (1, channels, *size)))
            output = model.double()(picture.double()).flatten()
        assert not result or result["tensors"] == listed(tensors)
        result["tensors"] = listed(tensors)
        result["input"] = list(picture.shape)
        result.setdefault("outputs", {})[expected] = [float(f"{x:.9g}") for x in output]
        print(expected, [f"{x:.3g}" for x in output][:5], len(result["tensors"]), file=sys.stderr)
    return result


def tv(name):
    return torchvision.models.get_model(name, weights=None, num_classes=10)


def of_timm(*names, **keys):
    return {name: timm.create_model(name, pretrained=False, num_classes=10, **keys) for name in names}


def main():
    odd = (65, 80)  # an odd side: TensorFlow pads by the size
    cases = [
        case({"resnet_1_2_1_1_width16": ResNet(Bottleneck, [1, 2, 1, 1], num_classes=10, width_per_group=16)}, odd),
        case({"seresnet10t": timm.create_model("resnet10t", num_classes=10, block_args=dict(attn_layer="se"))}, odd),
        case(of_timm("regnetx_002"), odd),
        case(of_timm("convnext_atto"), (64, 96)),
        case(of_timm("convnext_atto"), (64, 96), as_authors),
        case(of_timm("efficientnet_b0", "tf_efficientnet_b0"), odd),
        case({"efficientnet_b0": of_timm("tf_efficientnet_b0")["tf_efficientnet_b0"]}, odd, as_ported),
        case({"efficientnet_lite0": of_timm("tf_efficientnet_lite0")["tf_efficientnet_lite0"]}, odd, as_ported),
        case(of_timm("efficientnet_lite0", "tf_efficientnet_lite0"), odd),
        case(of_timm("mobilenetv2_035"), odd),
        case(of_timm("mobilenetv3_small_100", "tf_mobilenetv3_small_100"), odd),
        case(of_timm("mobilenetv3_rw"), odd),
        case(of_timm("tf_efficientnetv2_b0"), odd),
        case(of_timm("efficientnet_es", "tf_efficientnet_es"), odd),
        case(of_timm("mnasnet_small"), odd),
        case({"mnasnet0_5": tv("mnasnet0_5")}, odd),
        case({"shufflenet_v2_x0_5": tv("shufflenet_v2_x0_5")}, odd),
        case({"efficientnet_b5": tv("efficientnet_b5")}, odd),
    ]
    text = ",\n".join(json.dumps(one) for one in cases)
    open(sys.argv[1], "w").write('{"about": "tests/golden/make_architectures_golden.py",\n "cases": [\n' + text + "\n]}\n")


if __name__ == "__main__":
    main()
