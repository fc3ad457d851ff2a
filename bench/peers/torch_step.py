"""One contestant written with PyTorch: times its steps and prints their median, the process's peak memory and versions as JSON.

Weights are random, of the size that keeps signals' variance (He 2015): trained ones would take the same time, smaller ones make numbers
so small that the CPU handles them slowly. `lucent` is a whole step of Lucent as its users write it; its standard transforms pad, so that
its network sees 248 pixels or more of 224. `lucent_unpadded` is the same without the padding, resized to what the network is to see.
`eager`, `eager_nhwc` (channels last), `compile` and `bf16` (autocast) are forward and backward to the input alone, without image, transforms or optimiser, of a
network that ends at the layer.
"""

import argparse
import json
import resource
import statistics
import time

import torch
from torch import nn
from torch.nn import functional

CHANNEL = 97
WARM_UP = 3  # steps before the timed ones: to compile, and to touch memory

# GoogLeNet's modules (Szegedy 2015, table 1): 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection. None: a pooling of stride 2.
INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64), "pool3": None,
    "4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64), "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64), "4e": (256, 160, 320, 32, 128, 128), "pool4": None,
    "5a": (256, 160, 320, 32, 128, 128), "5b": (384, 192, 384, 48, 128, 128),
}  # fmt: skip


class Inception(nn.Module):
    def __init__(self, channels, ones, reduce3, threes, reduce5, fives, projection):
        super().__init__()
        relu = nn.ReLU
        self.branches = nn.ModuleList([
            nn.Sequential(nn.Conv2d(channels, ones, 1), relu()),
            nn.Sequential(nn.Conv2d(channels, reduce3, 1), relu(), nn.Conv2d(reduce3, threes, 3, padding=1), relu()),
            nn.Sequential(nn.Conv2d(channels, reduce5, 1), relu(), nn.Conv2d(reduce5, fives, 5, padding=2), relu()),
            nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(channels, projection, 1), relu()),
        ])  # fmt: skip

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


def googlenet(last):
    pool = lambda: nn.MaxPool2d(3, 2, ceil_mode=True)
    layers = [nn.Conv2d(3, 64, 7, 2, 3), nn.ReLU(), pool(), nn.LocalResponseNorm(5), nn.Conv2d(64, 64, 1), nn.ReLU(),
              nn.Conv2d(64, 192, 3, padding=1), nn.ReLU(), nn.LocalResponseNorm(5), pool()]  # fmt: skip
    channels = 192
    for name, sizes in INCEPTIONS.items():
        layers.append(pool() if sizes is None else Inception(channels, *sizes))
        if sizes is not None:
            channels = sizes[0] + sizes[2] + sizes[4] + sizes[5]
        if name == last:
            return nn.Sequential(*layers)
    raise SystemExit(f"GoogLeNet has no {last}")


def of_torchvision(name, last):
    """One of torchvision's networks that ends at a module, "layer3" or "features.14"."""
    import torchvision.models as models

    network = getattr(models, name)(weights=None)
    parent, _, child = last.rpartition(".")
    children = dict((network.get_submodule(parent) if parent else network).named_children())
    return nn.Sequential(*list(children.values())[: list(children).index(child) + 1])


def write_state_dict(name, path):
    """The same network as a file, with batch norms that do something."""
    import torchvision.models as models

    network = with_weights(getattr(models, name)(weights=None))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    torch.save(network.state_dict(), path)


def network_of(options):
    if options.network in ("googlenet", "vgg16"):
        return (googlenet if options.network == "googlenet" else vgg16)(options.layer)
    return of_torchvision(options.network, options.layer)


def with_weights(network):
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network.eval()


def vgg16(last):
    from torchvision.models import vgg16 as build

    assert last == "conv4_2"
    return build(weights=None).features[:20]  # conv4_2 is the twentieth entry, before its ReLU


def time_lucent(options):
    from lucent.modelzoo import inceptionv1
    from lucent.optvis import objectives, param, render, transform

    if options.network == "googlenet":
        model, layer = inceptionv1(pretrained=False), "mixed" + options.layer
    else:
        from torchvision.models import vgg16 as build

        model, layer = build(weights=None), "features_19"
    moments = []

    class Timed(torch.optim.Adam):
        def step(self, closure):
            result = super().step(closure)
            moments.append(time.perf_counter())
            return result

    objective = objectives.channel(layer, CHANNEL)
    if options.diversity:
        objective = objective - 1e2 * objectives.diversity(layer)
    unpadded = {}
    if options.contestant == "lucent_unpadded":  # the first of its standard transforms is the padding
        unpadded = {"transforms": transform.standard_transforms[1:], "fixed_image_size": options.size}
    render.render_vis(
        with_weights(model), objective, lambda: param.image(options.size, batch=options.batch), lambda p: Timed(p, lr=0.05),
        thresholds=(options.steps + WARM_UP,), progress=False, show_image=False, **unpadded)  # fmt: skip
    return [after - before for before, after in zip(moments, moments[1:])][WARM_UP - 1 :]


def compiled_graphs():
    from torch._dynamo.utils import counters

    return counters["stats"]["unique_graphs"]


def time_torch(options):
    layout = torch.channels_last if options.contestant == "eager_nhwc" else torch.contiguous_format
    network = with_weights(network_of(options)).requires_grad_(False).to(memory_format=layout)
    image = torch.randn(options.batch, 3, options.size, options.size).to(memory_format=layout).requires_grad_(True)
    run = torch.compile(network) if options.contestant == "compile" else network
    seconds = []
    for step in range(WARM_UP + options.steps):
        if step == WARM_UP:
            compiled = compiled_graphs()
        begin = time.perf_counter()
        image.grad = None
        with torch.autocast("cpu", torch.bfloat16, enabled=options.contestant == "bf16"):
            activation = run(image)
        functional.relu(activation[:, CHANNEL]).float().mean().backward()
        seconds.append(time.perf_counter() - begin)
    if compiled_graphs() != compiled:
        raise SystemExit("torch.compile compiled again in a step that was timed")
    return seconds[WARM_UP:]


def versions():
    import importlib.metadata as metadata
    import platform

    packages = {"PyTorch": "torch", "Lucent": "torch-lucent", "kornia": "kornia", "torchvision": "torchvision"}
    installed = {distribution.metadata["Name"] for distribution in metadata.distributions()}
    of_packages = {name: metadata.version(of) for name, of in packages.items() if of in installed}
    return {"Python": platform.python_version()} | of_packages


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contestant", choices=["lucent", "lucent_unpadded", "eager", "eager_nhwc", "compile", "bf16"])
    parser.add_argument("network", help="googlenet, vgg16 or one of torchvision's")
    parser.add_argument("layer")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--diversity", action="store_true")
    parser.add_argument("--write", help="write the network's state dict here, and time nothing")
    options = parser.parse_args()
    if options.write:
        return write_state_dict(options.network, options.write)
    torch.set_num_threads(options.threads)
    seconds = (time_lucent if options.contestant.startswith("lucent") else time_torch)(options)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": statistics.median(seconds), "peak_memory_bytes": peak, "versions": versions()}))


if __name__ == "__main__":
    main()
