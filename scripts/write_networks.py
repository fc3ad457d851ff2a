#!/usr/bin/env python3
"""Writes networks of torchvision and timm with random weights as files, and what they compute in float64; runs the test
WrittenNetworks on each, and deletes it again. For people who change loaders/architectures: no test needs Python.

  python3 -m venv venv && venv/bin/pip install torch torchvision timm safetensors
  venv/bin/python scripts/write_networks.py build/release/tests/networks/phosphene_networks_test resnet18 timm:tf_efficientnet_b0
  venv/bin/python scripts/write_networks.py TEST --torchvision --timm

NAME[@FORM...]: FORM is headless, classes (7 of them), aux, module, nested, ema, half, pth, gray, head (another one), ask (fails
unless it has to be told which network it is), config (timm's config.json tells)."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import torch
import torchvision
from safetensors.torch import save_file

TORCHVISION = """alexnet vgg11 vgg13 vgg16 vgg19 vgg11_bn vgg13_bn vgg16_bn vgg19_bn resnet18 resnet34 resnet50 resnet101 resnet152
resnext50_32x4d resnext101_32x8d resnext101_64x4d wide_resnet50_2 wide_resnet101_2 densenet121 densenet161 densenet169 densenet201
squeezenet1_0 squeezenet1_1 mobilenet_v2 mobilenet_v3_small mobilenet_v3_large shufflenet_v2_x0_5 shufflenet_v2_x1_0
shufflenet_v2_x1_5 shufflenet_v2_x2_0 mnasnet0_5 mnasnet0_75 mnasnet1_0 mnasnet1_3 efficientnet_b0 efficientnet_b1 efficientnet_b2
efficientnet_b3 efficientnet_b4 efficientnet_b5 efficientnet_b6 efficientnet_b7 efficientnet_v2_s efficientnet_v2_m
efficientnet_v2_l regnet_x_400mf regnet_x_800mf regnet_x_1_6gf regnet_x_3_2gf regnet_x_8gf regnet_x_16gf regnet_x_32gf
regnet_y_400mf regnet_y_800mf regnet_y_1_6gf regnet_y_3_2gf regnet_y_8gf regnet_y_16gf regnet_y_32gf convnext_tiny convnext_small
convnext_base convnext_large googlenet inception_v3""".split()

TIMM = """resnet18 resnet50 resnet10t resnet14t resnet26 resnet26d resnet26t resnet18d resnet34d resnet50c resnet50d resnet50s resnet50t
resnet101d resnext50_32x4d resnext50d_32x4d seresnet18 seresnet50 seresnext26d_32x4d seresnext26t_32x4d seresnext50_32x4d
wide_resnet50_2 resnetrs50 vgg11 vgg16_bn densenet121 inception_v3 regnetx_002 regnetx_008 regnety_002 regnety_008 regnety_016
convnext_atto convnext_nano convnext_tiny convnext_small efficientnet_b0 efficientnet_b1 efficientnet_b2 efficientnet_b3
efficientnet_b5 tf_efficientnet_b0 tf_efficientnet_b1 tf_efficientnet_b2 tf_efficientnet_b3 tf_efficientnet_b5 efficientnet_lite0
efficientnet_lite1 efficientnet_lite2 efficientnet_lite4 tf_efficientnet_lite0 tf_efficientnet_lite1 tf_efficientnet_lite4 efficientnet_es
efficientnet_em tf_efficientnet_es tf_efficientnet_el efficientnetv2_rw_t efficientnetv2_rw_s efficientnetv2_s tf_efficientnetv2_s
tf_efficientnetv2_b0 tf_efficientnetv2_b3 tf_efficientnetv2_m mobilenetv1_100 mobilenetv1_100h mobilenetv2_035 mobilenetv2_050
mobilenetv2_100 mobilenetv2_110d mobilenetv2_120d mobilenetv2_140 mobilenetv3_large_075 mobilenetv3_large_100
mobilenetv3_large_150d mobilenetv3_rw mobilenetv3_small_050 mobilenetv3_small_100 tf_mobilenetv3_large_100
tf_mobilenetv3_large_minimal_100 tf_mobilenetv3_small_100 tf_mobilenetv3_small_minimal_100 mnasnet_050 mnasnet_100 mnasnet_140
mnasnet_small semnasnet_075 semnasnet_100 tinynet_a tinynet_c tinynet_e""".split()


def without_initialisation():
    """All numbers are made anew, so that the authors' own cost time alone."""
    for name in dir(torch.nn.init):
        if name.endswith("_") and not name.startswith("_"):
            setattr(torch.nn.init, name, lambda tensor, *given, **keys: tensor)
    for layer in (torch.nn.Conv2d, torch.nn.Linear):
        layer.reset_parameters = lambda self: None


def build(name, forms):
    classes = 7 if "classes" in forms else 10 if name.startswith("timm:") else 1000
    channels = 1 if "gray" in forms else 3
    if name.startswith("timm:"):
        import timm

        keys = dict(num_classes=0 if "headless" in forms else classes, in_chans=channels, pretrained=False)
        return timm.create_model(name[5:], **keys)
    keys = {}
    if name in ("googlenet", "inception_v3"):
        keys = dict(aux_logits="aux" in forms, init_weights=False)
    return torchvision.models.get_model(name, weights=None, num_classes=classes, **keys)


def randomise(model, smooth):
    """Weights that keep values about their size, and statistics that show a wrong epsilon, mean or variance."""
    generator = torch.Generator().manual_seed(1)

    def uniform(tensor, low, high):
        tensor.copy_(torch.rand(tensor.shape, generator=generator) * (high - low) + low)

    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("num_batches_tracked") or not tensor.is_floating_point():
                continue
            if name.endswith("running_mean"):
                uniform(tensor, -0.1, 0.1)
            elif name.endswith("running_var"):
                uniform(tensor, 0.5, 1.5)
            elif tensor.dim() >= 2:
                fan_in = tensor[0].numel()
                uniform(tensor, -((6 / fan_in) ** 0.5), (6 / fan_in) ** 0.5)
            elif name.endswith(("layer_scale", "gamma")):
                uniform(tensor, 0.2, 0.3)
            elif name.endswith("weight"):
                uniform(tensor, *((0.3, 0.5) if smooth else (0.6, 1.1)))  # SiLU and fused blocks let values grow
            else:
                uniform(tensor, -0.1, 0.1)
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            assert torch.isfinite(tensor).all(), name


def size_of(name):
    if "inception_v3" in name:
        return 139, 155
    if "alexnet" in name:
        return 224, 224
    if "timm:vgg" in name:
        return 224, 256
    if "vgg" in name:
        return 96, 128
    if "squeezenet" in name:
        return 98, 118
    if "convnext" in name:
        return 96, 128
    return 97, 112  # an odd side: SAME pads by the size


def rewritten(tensors, forms):
    if "headless" in forms:
        tensors = {k: v for k, v in tensors.items() if not re.match(r"(fc|classifier|head)\.", k) or "norm" in k}
    if "head" in forms:
        tensors = {re.sub(r"^(fc|classifier)\.", r"\1.1.0.", k): v for k, v in tensors.items()}
    if "module" in forms:
        tensors = {"module." + k: v for k, v in tensors.items()}
    if "encoder" in forms:
        tensors = {"encoder_q." + k: v for k, v in tensors.items()}
    return tensors


def save(tensors, forms, folder):
    if "half" in forms:
        tensors = {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()}
    if not forms & {"pth", "nested", "ema"}:
        save_file({k: v.contiguous() for k, v in tensors.items()}, f"{folder}/weights.safetensors")
        return "weights.safetensors"
    whole = tensors
    if "nested" in forms:
        whole = {"epoch": 3, "state_dict": tensors, "optimizer": {"state": {0: {"m": torch.zeros(2)}}}}
    if "ema" in forms:
        whole = {"model": tensors, "model_ema": {k: torch.zeros(v.shape) for k, v in tensors.items()}}
    torch.save(whole, f"{folder}/weights.pth")
    return "weights.pth"


def write(full, folder):
    name, *forms = full.split("@")
    forms = set(forms)
    model = build(name, forms).eval()
    randomise(model, "v2_" in name and "efficientnet" in name)
    tensors = model.state_dict()
    if "half" in forms:
        with torch.no_grad():
            for tensor in tensors.values():
                if tensor.is_floating_point():
                    tensor.copy_(tensor.half().float())
    tensors = rewritten({k: v.clone() for k, v in tensors.items()}, forms)
    file = save(tensors, forms, folder)
    height, width = size_of(name)
    channels = 1 if "gray" in forms else 3
    picture = torch.rand((1, channels, height, width), generator=torch.Generator().manual_seed(2)) * 4 - 2
    trunk = bool(forms & {"headless", "head"})
    with torch.no_grad():
        single = features(model, name, picture) if trunk else model(picture)
        model = model.double()
        output = features(model, name, picture.double()) if trunk else model(picture.double())
        error = float((single - output).norm() / output.norm())  # PyTorch's own, in float32
    save_file({"input": picture, "output": output.float().contiguous()}, f"{folder}/golden.safetensors")
    told = name[5:] if "ask" in forms else ""
    if "config" in forms:
        json.dump({"architecture": name[5:], "pretrained_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3, "input_size": [3, 224, 224]}},
                  open(f"{folder}/config.json", "w"))
    json.dump({"weights": file, "golden": "golden.safetensors", "architecture": told, "float32_error": error},
              open(f"{folder}/{full.replace(':', '_')}.json", "w"))


def features(model, name, x):
    """What the trunk gives: the input of the average in front of the head."""
    seen = []
    if name.startswith("timm:"):
        return model.forward_features(x)
    if hasattr(model, "avgpool"):
        model.avgpool.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
        try:
            model(x)
        except RuntimeError:
            pass
        return seen[0]
    if name.startswith("densenet"):
        return torch.relu(model.features(x))
    if name.startswith("mnasnet"):
        return model.layers(x)
    if name.startswith("squeezenet"):
        return model.features(x)
    model.fc = torch.nn.Identity()
    model.conv5.register_forward_hook(lambda module, given, result: seen.append(result))
    model(x)
    return seen[0]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("test")
    arguments.add_argument("names", nargs="*")
    arguments.add_argument("--torchvision", action="store_true")
    arguments.add_argument("--timm", action="store_true")
    arguments.add_argument("--keep")
    given = arguments.parse_args()
    without_initialisation()
    torch.set_num_threads(int(os.environ.get("THREADS", "2")))
    names = given.names + (TORCHVISION if given.torchvision else [])
    if given.timm:
        names += ["timm:" + name + ("@ask" if ambiguous(name) else "") for name in TIMM]
    failed = []
    for name in names:
        folder = given.keep or tempfile.mkdtemp()
        os.makedirs(folder, exist_ok=True)
        try:
            write(name, folder)
            result = subprocess.run([given.test, "--gtest_filter=WrittenNetworks.*"], capture_output=True, text=True,
                                    env=os.environ | {"PHOSPHENE_WRITTEN_NETWORKS": folder})
            lines = result.stdout.splitlines()
            good = result.returncode == 0 and "SKIPPED" not in result.stdout
            print("\n".join(line for line in lines if ("  output  " in line or " output " in line) if good) or
                  f"{name}: " + " ".join(line for line in lines if not line.startswith("[")), flush=True)
            if not good:
                failed.append(name)
        except Exception as error:  # of torchvision or timm
            print(f"{name}: {error!r}"[:300], flush=True)
            failed.append(name)
        finally:
            if not given.keep:
                shutil.rmtree(folder)
    print(f"{len(names) - len(failed)} of {len(names)}", "failed:" if failed else "", *failed)
    sys.exit(1 if failed else 0)


def ambiguous(name):
    return re.match(r"(tf_)?(efficientnet_(b|lite|e)|efficientnetv2_(s|m)|mobilenetv3_(large|small)_\d|tf_mobilenetv3_\w+_\d)", name) and \
        "minimal" not in name and "150d" not in name and name != "mobilenetv3_small_050" and "v2_b" not in name


if __name__ == "__main__":
    main()
