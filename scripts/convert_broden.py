#!/usr/bin/env python3
"""Rewrites a copy of Broden (http://netdissect.csail.mit.edu/data/: index.csv, label.csv, images/) as a folder for phosphene dissect
(docs/dissection.md). Needs numpy and Pillow.

  scripts/convert_broden.py broden1_224 concepts [--split train] [--limit N]

In index.csv a category's column names masks, whose pixels are label = red + 256 green, or numbers of labels of the whole picture.
Masks of half the picture's size are enlarged by the nearest pixel. A label has one category: that in which label.csv counts it most often.
A category was looked for in a picture where its column says something, or a label of it is there. Pictures without a label are left out."""

import argparse
import csv
import os
import re
import shutil
import sys

import numpy as np
from PIL import Image

CATEGORIES = ["color", "object", "part", "material", "scene", "texture"]


def read_labels(path):
    """number -> (name, category)."""
    labels = {}
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            counts = re.findall(r"([a-z]+)(?:\((\d+)\))?", row["category"])
            if not counts or any(category not in CATEGORIES for category, _ in counts):
                sys.exit(f"convert_broden: {path}: label {row['number']} has the category '{row['category']}'")
            if int(row["number"]) > 0:
                best = max(counts, key=lambda count: int(count[1] or 0))
                labels[int(row["number"])] = (row["name"], best[0])
    return labels


def write_concepts(labels, out):
    names = set()
    with open(os.path.join(out, "concepts.csv"), "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "name", "category"])
        for number, (name, category) in sorted(labels.items()):
            if number > 65535:
                sys.exit(f"convert_broden: label {number} does not fit into 16 bits")
            name = name if name not in names else f"{name} ({number})"
            names.add(name)
            writer.writerow([number, name, category])


def planes_of(broden, row, size):
    """(name, labels of each pixel) for what the row's columns say."""
    width, height = size
    for category in CATEGORIES:
        whole = 0
        for level, value in enumerate(part for part in (row.get(category) or "").split(";") if part):
            if value.isdigit():
                yield f"{category}_whole_{whole}", np.full((height, width), int(value), dtype=np.uint16)
                whole += 1
                continue
            with Image.open(os.path.join(broden, "images", value)) as file:
                rgb = np.asarray(file.convert("RGB"), dtype=np.uint16)
            mask = rgb[..., 0] + 256 * rgb[..., 1]
            rows = (2 * np.arange(height) + 1) * mask.shape[0] // (2 * height)
            columns = (2 * np.arange(width) + 1) * mask.shape[1] // (2 * width)
            yield f"{category}_{level}", mask[rows][:, columns]


def convert_picture(broden, row, labels, out):
    """The categories that were looked for; none where there is no label."""
    name = row["image"]
    with Image.open(os.path.join(broden, "images", name)) as file:
        size = file.size
    looked_for, written = {c for c in CATEGORIES if row.get(c)}, False
    for plane, mask in planes_of(broden, row, size):
        for number in np.unique(mask):
            if number and int(number) not in labels:
                sys.exit(f"convert_broden: {name}: label.csv has no label {number}")
            if number:
                looked_for.add(labels[int(number)][1])
        if not mask.any():
            continue
        written = True
        path = os.path.join(out, "masks", plane, os.path.splitext(name)[0] + ".png")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Image.fromarray(mask).save(path)
    if not written:
        return []
    path = os.path.join(out, "images", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    shutil.copyfile(os.path.join(broden, "images", name), path)
    return sorted(looked_for)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("broden")
    parser.add_argument("out")
    parser.add_argument("--split", help="only pictures of this split: train or val")
    parser.add_argument("--limit", type=int, help="only so many pictures, the first")
    args = parser.parse_args()
    if os.path.exists(args.out) and os.listdir(args.out):
        sys.exit(f"convert_broden: {args.out} is not empty")
    os.makedirs(os.path.join(args.out, "masks"), exist_ok=True)
    labels = read_labels(os.path.join(args.broden, "label.csv"))
    write_concepts(labels, args.out)
    done = 0
    with open(os.path.join(args.broden, "index.csv"), encoding="utf-8", newline="") as index, \
            open(os.path.join(args.out, "annotated.csv"), "w", encoding="utf-8", newline="") as annotated:
        writer = csv.writer(annotated, lineterminator="\n")
        writer.writerow(["image", "category"])
        for row in csv.DictReader(index):
            if (args.split and row["split"] != args.split) or (args.limit is not None and done >= args.limit):
                continue
            categories = convert_picture(args.broden, row, labels, args.out)
            done += bool(categories)
            for category in categories:
                writer.writerow([row["image"], category])
    print(f"{done} pictures, {len(labels)} concepts: {args.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
