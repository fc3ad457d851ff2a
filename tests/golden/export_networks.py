"""Exports networks of torchvision and timm with random weights to ONNX, with both of PyTorch's exporters, and writes what they compute:
the files of tests/networks/exports_test.cpp.

    export_networks.py FOLDER [NAME ...]

Needs torch, torchvision, timm, onnx, onnxscript and safetensors; all networks take 2.5 GB.
"""
import os
import sys

import timm
import torch
import torchvision
from safetensors.torch import save_file

# A network, the module whose value is compared, and the rows of its image; it has 16 columns more.
NETWORKS = {
    "efficientnet_b0": (torchvision.models.efficientnet_b0, {}, "features.4.1", 96),
    "mobilenet_v3_large": (torchvision.models.mobilenet_v3_large, {}, "features.8", 96),
    "convnext_tiny": (torchvision.models.convnext_tiny, {}, "features.3.1", 96),
    "regnet_y_400mf": (torchvision.models.regnet_y_400mf, {}, "trunk_output.block2", 96),
    "shufflenet_v2": (torchvision.models.shufflenet_v2_x1_0, {}, "stage3.2", 96),
    "densenet121": (torchvision.models.densenet121, {}, "features.denseblock2", 96),
    "googlenet": (torchvision.models.googlenet,
                  {"init_weights": False, "aux_logits": False, "transform_input": True}, "inception4a", 96),
    "inception_v3": (torchvision.models.inception_v3, {"init_weights": False, "transform_input": True}, "Mixed_5d", 147),
    "resnext50": (torchvision.models.resnext50_32x4d, {}, "layer3.2", 96),
    "mobilenetv3_timm": (timm.create_model, {"model_name": "mobilenetv3_large_100"}, "blocks.3.1", 96),
    "resnetv2_timm": (timm.create_model, {"model_name": "resnetv2_50"}, "stages.1", 96),
    "efficientnet_lite0_timm": (timm.create_model, {"model_name": "efficientnet_lite0"}, "blocks.3", 96),
    "ghostnet_timm": (timm.create_model, {"model_name": "ghostnet_100"}, "blocks.3", 96),
    "repvgg_timm": (timm.create_model, {"model_name": "repvgg_a0"}, "stages.1", 96),
}


def randomise(network):
    """Batch norms with statistics, so that a norm that is left out shows."""
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.copy_(torch.randn(module.running_mean.shape, generator=generator) * 0.1)
            module.running_var.copy_(torch.rand(module.running_var.shape, generator=generator) * 0.5 + 0.75)
            module.weight.copy_(torch.rand(module.weight.shape, generator=generator) * 0.5 + 0.5)
            module.bias.copy_(torch.randn(module.bias.shape, generator=generator) * 0.1)
        if hasattr(module, "layer_scale"):
            module.layer_scale.fill_(0.3)


def export(folder, name):
    make, arguments, inner, side = NETWORKS[name]
    network = make(**arguments).eval()
    randomise(network)
    image = torch.randn(1, 3, side, side + 16, generator=torch.Generator().manual_seed(2))
    values = {}
    hook = network.get_submodule(inner).register_forward_hook(lambda _, __, value: values.update(inner=value.clone()))
    logits = network(image)
    hook.remove()
    stem = os.path.join(folder, name)
    save_file({"input": image, "logits": logits.clone(), "inner": values["inner"].contiguous()}, stem + ".golden.safetensors")
    with open(stem + ".inner", "w") as file:
        file.write(inner + "\n")
    torch.onnx.export(network, (image,), stem + ".legacy.onnx", input_names=["input"], dynamo=False, opset_version=17)
    torch.onnx.export(network, (image,), stem + ".dynamo.onnx", input_names=["input"], dynamo=True)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    torch.manual_seed(0)
    os.makedirs(sys.argv[1], exist_ok=True)
    for name in sys.argv[2:] or NETWORKS:
        print(name, flush=True)
        export(sys.argv[1], name)
