"""Recomputes a dissection with NumPy: thresholds by sorting, maps by interpolation, IoU from masks, all in float64 from activations that
`phosphene probe` writes for each picture. For sets of some hundred pictures of the network's own size.

  python3 numpy_dissection.py PHOSPHENE MODEL DATA OUT

OUT is the folder of a finished `phosphene dissect MODEL --data DATA --align half_pixel --out OUT`."""

import csv
import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image


def read_tensor(path, name):
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    entry = json.loads(data[8:8 + size])[name]
    begin, end = entry["data_offsets"]
    return np.frombuffer(data[8 + size + begin:8 + size + end], np.float32).reshape(entry["shape"])


def enlarge(maps, height, width):
    """K x h x w to K x height x width: src = (i + 1/2) h / height - 1/2, clamped."""
    def axis(samples, pixels):
        place = np.clip((np.arange(pixels) + .5) * samples / pixels - .5, 0, samples - 1)
        low = np.minimum(place.astype(int), samples - 1)
        return low, np.minimum(low + 1, samples - 1), place - low
    y0, y1, fy = axis(maps.shape[1], height)
    x0, x1, fx = axis(maps.shape[2], width)
    rows = maps[:, y0] * (1 - fy)[:, None] + maps[:, y1] * fy[:, None]
    return rows[:, :, x0] * (1 - fx) + rows[:, :, x1] * fx


def main():
    program, model, data, out = sys.argv[1:5]
    with open(os.path.join(out, "dissection.json"), encoding="utf-8") as file:
        record = json.load(file)
    assert record["align"] == "half_pixel" and not record["approximate"], "expected --align half_pixel, without --approximate"
    units = [unit["unit"] for unit in record["units"]]
    names = sorted(os.listdir(os.path.join(data, "images")))
    activations = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            tensors = os.path.join(folder, "p.safetensors")
            subprocess.run([program, "probe", model, "--input", os.path.join(data, "images", name), "--save", record["layer"],
                            "--output", tensors], check=True, capture_output=True)
            activations.append(read_tensor(tensors, record["layer"])[0][units].astype(np.float64))
    every = np.stack(activations)  # pictures x units x h x w
    flat = np.sort(every.transpose(1, 0, 2, 3).reshape(len(units), -1), axis=1)[:, ::-1]
    thresholds = flat[:, int(np.floor(record["quantile"] * flat.shape[1]))]
    with open(os.path.join(data, "concepts.csv"), encoding="utf-8", newline="") as file:
        ids = [int(row["id"]) for row in csv.DictReader(file)]
    height, width = record["size"]
    both, unit_pixels, concept_pixels = np.zeros((len(units), len(ids))), np.zeros(len(units)), np.zeros(len(ids))
    for name, maps in zip(names, activations):
        above = enlarge(maps, height, width) > thresholds[:, None, None]
        unit_pixels += above.sum(axis=(1, 2))
        masks = np.zeros((len(ids), height, width), dtype=bool)
        for plane in os.listdir(os.path.join(data, "masks")):
            path = os.path.join(data, "masks", plane, os.path.splitext(name)[0] + ".png")
            if os.path.exists(path):
                labels = np.asarray(Image.open(path))
                for i, number in enumerate(ids):
                    masks[i] |= labels == number
        concept_pixels += masks.sum(axis=(1, 2))
        both += above.reshape(len(units), -1).astype(np.float32) @ masks.reshape(len(ids), -1).T.astype(np.float32)
    union = unit_pixels[:, None] + concept_pixels - both
    iou = np.where(union > 0, both / np.where(union > 0, union, 1), 0)
    off = [np.abs(thresholds / [unit["threshold"] for unit in record["units"]] - 1).max(),
           np.abs(iou.max(axis=1) - [unit["iou"] for unit in record["units"]]).max(),
           np.abs(iou.max(axis=0) - [concept["best_iou"] for concept in record["concepts"]]).max()]
    print(f"{len(names)} pictures, {len(units)} units, {len(ids)} concepts: thresholds differ by {off[0]:.2g} of their value, units' IoU "
          f"by {off[1]:.2g}, concepts' by {off[2]:.2g}")
    # Thresholds are the same float32 numbers; counts then differ only where rounding of a weight decides, which moves an IoU by 1e-6 at most.
    sys.exit(0 if off[0] < 1e-6 and off[1] < 1e-6 and off[2] < 1e-6 else 1)


main()
