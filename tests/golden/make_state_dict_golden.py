"""Writes state_dict.json: small files of torch.save and pickle.dump, and the numbers they hold. Needs torch and numpy.

usage: make_state_dict_golden.py state_dict.json   (written with torch 1.13 and numpy 1.24)
"""
import collections
import io
import json
import pickle
import sys

import numpy as np
import torch


def tensors():
    base = torch.arange(60, dtype=torch.float32).reshape(3, 5, 4) / 8 - 3
    state = collections.OrderedDict()
    state["plain"] = torch.tensor([[1.5, -2.0], [0.1, 3e-20]])
    state["part"] = base[1:2, 2:]
    state["transposed"] = torch.tensor([[1.0, 2, 3], [4, 5, 6]]).t()
    state["steps"] = base.permute(2, 0, 1)[::2, 1:, ::3]
    state["half"] = torch.tensor([1.0, -0.333, 6e-8]).half()
    state["bfloat16"] = torch.tensor([1.0, -0.333, 6e-8]).bfloat16()
    state["double"] = torch.tensor([1 / 3, -2.0]).double()
    state["channels_last"] = (torch.arange(24.0).reshape(2, 3, 2, 2)).contiguous(memory_format=torch.channels_last)
    state["expanded"] = torch.tensor([[1.0], [2.0]]).expand(2, 3)
    state["parameter"] = torch.nn.Parameter(torch.tensor([7.0]))
    state["with_state"] = torch.nn.Parameter(torch.tensor([8.0, 9.0]))
    state["with_state"].note = "kept"
    state["count"] = torch.tensor(12345678901)
    state["int32"] = torch.tensor([-3, 4], dtype=torch.int32)
    state["int16"] = torch.tensor([-300], dtype=torch.int16)
    state["int8"] = torch.tensor([-128, 127], dtype=torch.int8)
    state["uint8"] = torch.tensor([[0, 255]], dtype=torch.uint8)
    state["bool"] = torch.tensor([True, False])
    state["none"] = torch.zeros(0, 3)
    state["scalar"] = torch.tensor(2.5)
    state["again"] = state["plain"]
    return state


def arrays():
    return {
        "conv1": [np.arange(12, dtype="f4").reshape(3, 4) / 4, np.array([1 / 3, 2.0])],
        "fc": {"kernel": np.asfortranarray(np.arange(6, dtype="f4").reshape(2, 3)), "big": np.array([1.5, -2.0], ">f4"),
               "bigger": np.array([[1], [-2]], ">i2"), "half": np.array([0.5, 3], "f2"), "flag": np.array([True, False]),
               "count": np.array(7, "u8"), "epoch": np.float32(3)},
        "pair": (np.ones(2, "f4"), 3),
        "name": "small",
    }


def listed(name, value):
    value = value.detach() if isinstance(value, torch.Tensor) else value
    array = value.double().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
    return {"name": name, "shape": list(array.shape), "data": [float(x) for x in array.astype(np.float64).ravel()]}


def saved(state, old, protocol=2):
    file = io.BytesIO()
    torch.save(state, file, _use_new_zipfile_serialization=not old, pickle_protocol=protocol)
    return file.getvalue().hex()


def main():
    state, numpy = tensors(), arrays()
    flat = {"conv1.0": numpy["conv1"][0], "conv1.1": numpy["conv1"][1]}
    flat.update({"fc." + key: value for key, value in numpy["fc"].items() if key != "epoch"})
    flat["pair.0"] = numpy["pair"][0]
    torch_values = [listed(name, value) for name, value in state.items()]
    cases = [{"name": "zip", "file": saved(state, False), "tensors": torch_values},
             {"name": "legacy", "file": saved(state, True), "tensors": torch_values},
             {"name": "legacy, protocol 4", "file": saved(state, True, 4), "tensors": torch_values}]
    for protocol in range(6):
        cases.append({"name": f"numpy, protocol {protocol}", "file": pickle.dumps(numpy, protocol).hex(),
                      "tensors": [listed(name, value) for name, value in flat.items()]})
    model = torch.nn.Linear(2, 1)
    refused = [{"name": "whole model", "file": saved(model, False), "words": ["torch.nn.modules.linear.Linear", "state_dict()"]},
               {"name": "sparse", "file": saved({"w": torch.eye(2).to_sparse()}, True), "words": ["'w'", "sparse"]},
               {"name": "complex", "file": saved({"w": torch.zeros(2, dtype=torch.complex64)}, True), "words": ["'w'", "Complex"]},
               {"name": "quantized", "file": saved({"w": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)}, True),
                "words": ["'w'", "qtensor"]},
               {"name": "objects", "file": pickle.dumps({"w": np.array([1, "a"], dtype=object)}).hex(), "words": ["'w'", "O8"]},
               {"name": "records", "file": pickle.dumps({"w": np.zeros(2, [("a", "f4")])}).hex(), "words": ["'w'", "V4"]}]
    script = io.BytesIO()
    torch.jit.save(torch.jit.script(model), script)
    refused.append({"name": "TorchScript", "file": script.getvalue().hex(), "words": ["TorchScript", "state_dict()", "ONNX"]})
    with open(sys.argv[1], "w") as file:
        lines = [",\n  ".join(json.dumps(case) for case in each) for each in (cases, refused)]
        file.write('{"about": "tests/golden/make_state_dict_golden.py",\n "cases": [\n  %s],\n "refused": [\n  %s]}\n' % tuple(lines))


if __name__ == "__main__":
    main()
