#!/usr/bin/env python3
"""Labelled pictures for phosphene dissect: see make_concepts.sh, which calls this. Needs numpy and Pillow.

Every picture is a part of a photograph with one to three things on it: stamps (half of the pictures), shapes of one colour (a quarter),
gratings or textures (a quarter). A thing's label covers what is seen of it. Colours are those of the finished picture's pixels, whatever they
belong to. The photographs themselves are not looked through: a bird on one of them has no label.
The same seed, photographs and versions of numpy and Pillow make the same files."""

import argparse
import math
import os
import sys

import numpy as np
from PIL import Image, ImageDraw

SHAPES = ["disc", "ring", "square", "triangle", "cross", "star"]
TEXTURES = ["checks", "dots", "cells", "weave", "speckle", "zigzag"]
GRATINGS = [f"{direction} {width}" for direction in ("horizontal", "vertical", "rising", "falling")
            for width in ("fine", "coarse")]
# Name, and the middle and half width of its hues in degrees.
HUES = [("red", 0, 14), ("orange", 27, 12), ("yellow", 54, 13), ("green", 115, 45), ("blue", 215, 35), ("purple", 280, 28),
        ("pink", 327, 18)]
COLOURS = [hue[0] for hue in HUES] + ["black", "white"]


def read_stamps(table, folder):
    stamps = {}
    with open(table, encoding="utf-8") as file:
        for line in file:
            if line.startswith("#"):
                continue
            path, concept = line.rstrip("\n").split("\t")
            if not os.path.exists(os.path.join(folder, path)):
                sys.exit(f"make_concepts: {folder}: there is no {path}; expected tuxpaint-stamps-default 2022.06.04-1")
            stamps.setdefault(concept, []).append(path)
    return stamps


def background(random, photographs, side):
    with Image.open(photographs[random.integers(len(photographs))]) as file:
        photograph = file.convert("RGB")
    shorter = min(photograph.size)
    crop = int(random.integers(min(shorter, side), shorter + 1))
    left, top = (int(random.integers(length - crop + 1)) for length in photograph.size)
    part = photograph.crop((left, top, left + crop, top + crop)).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(part, dtype=np.float64)


def place(random, side, height, width):
    """Top and left of a box, of which at most a fifth may be outside."""
    return (int(random.integers(-height // 5, max(1, side - height + height // 5))),
            int(random.integers(-width // 5, max(1, side - width + width // 5))))


def paste(picture, colours, alpha, top, left):
    """Lays a box of colours on the picture; where it now hides what was there, of the picture's size."""
    side, (height, width) = picture.shape[0], alpha.shape
    y0, x0, y1, x1 = max(0, top), max(0, left), min(side, top + height), min(side, left + width)
    inside = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    part = alpha[inside][..., None]
    picture[y0:y1, x0:x1] = (1 - part) * picture[y0:y1, x0:x1] + part * colours[inside]
    hidden = np.zeros(picture.shape[:2], dtype=bool)
    hidden[y0:y1, x0:x1] = alpha[inside] >= 0.5
    return hidden


def stamp(random, path, side):
    with Image.open(path) as file:
        cutout = file.convert("RGBA")
    longer = int(side * random.uniform(0.25, 0.6))
    scale = longer / max(cutout.size)
    size = [max(4, round(length * scale)) for length in cutout.size]
    cutout = cutout.resize(size, Image.Resampling.BICUBIC)
    if random.integers(2):
        cutout = cutout.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    numbers = np.asarray(cutout, dtype=np.float64)
    return numbers[..., :3], numbers[..., 3] / 255


def colour(random):
    """One of the named hues, vivid."""
    _, middle, half = HUES[random.integers(len(HUES))]
    hue, value, saturation = (middle + random.uniform(-half, half) / 2) / 60, random.uniform(.6, 1), random.uniform(.7, 1)
    def channel(n):
        k = (n + hue) % 6
        return 255 * value * (1 - saturation * max(0, min(k, 4 - k, 1)))
    return np.array([channel(5), channel(3), channel(1)])


def shape(random, name, side):
    size, fine = int(side * random.uniform(0.15, 0.4)), 4
    image = Image.new("L", (size * fine, size * fine))
    draw, last, turn = ImageDraw.Draw(image), size * fine - 1, random.uniform(0, 2 * math.pi)
    def corners(radii):
        return [(last / 2 * (1 + r * math.sin(turn + 2 * math.pi * i / len(radii))),
                 last / 2 * (1 - r * math.cos(turn + 2 * math.pi * i / len(radii)))) for i, r in enumerate(radii)]
    if name in ("disc", "ring"):
        draw.ellipse((0, 0, last, last), fill=255)
        if name == "ring":
            draw.ellipse((last * .25, last * .25, last * .75, last * .75), fill=0)
    elif name == "cross":
        arm = last * random.uniform(.28, .36)
        draw.rectangle(((last - arm) / 2, 0, (last + arm) / 2, last), fill=255)
        draw.rectangle((0, (last - arm) / 2, last, (last + arm) / 2), fill=255)
        image = image.rotate(math.degrees(turn))
    else:
        draw.polygon(corners({"square": [1] * 4, "triangle": [1] * 3, "star": [1, .42] * 5}[name]), fill=255)
    alpha = np.asarray(image.resize((size, size), Image.Resampling.BOX), dtype=np.float64) / 255
    return np.broadcast_to(colour(random), (size, size, 3)), alpha


def pattern(random, name, y, x):
    """Numbers in [0, 1] at pixels (y, x)."""
    phase = random.uniform(0, 2 * math.pi, 2)
    if name in GRATINGS:
        direction, width = name.split()
        angle = {"horizontal": 90, "vertical": 0, "rising": 45, "falling": 135}[direction] + random.uniform(-8, 8)
        period = random.uniform(5, 8) if width == "fine" else random.uniform(14, 22)
        across = x * math.cos(math.radians(angle)) + y * math.sin(math.radians(angle))
        return (np.sin(2 * math.pi * across / period + phase[0]) + 1) / 2
    period = random.uniform(9, 16)
    u, v = 2 * math.pi * x / period + phase[0], 2 * math.pi * y / period + phase[1]
    if name == "checks":
        return ((np.sin(u) > 0) ^ (np.sin(v) > 0)).astype(float)
    if name == "dots":
        return ((np.cos(u) + 1) * (np.cos(v) + 1) > 1.6).astype(float)
    if name == "weave":
        return np.where((np.floor(u / math.pi) + np.floor(v / math.pi)) % 2 == 0, np.abs(np.sin(4 * u)), np.abs(np.sin(4 * v)))
    if name == "zigzag":
        return (np.sin(v + 2 * np.abs((u / math.pi) % 2 - 1) * math.pi) + 1) / 2
    if name == "speckle":
        return random.random(y.shape).round()
    points = random.uniform(0, max(y.shape), (y.size // int(period * period) + 4, 2))  # cells: the two nearest points
    distances = np.sort(np.stack([(y - p[0]) ** 2 + (x - p[1]) ** 2 for p in points]), axis=0)[:2]
    return np.clip((np.sqrt(distances[1]) - np.sqrt(distances[0])) / 3, 0, 1)


def patch(random, name, side):
    height, width = (int(side * length) for length in random.uniform(0.25, 0.55, 2))
    y, x = np.mgrid[0:height, 0:width].astype(float)
    levels, dark, light = pattern(random, name, y, x)[..., None], random.uniform(0, 110, 3), random.uniform(145, 255, 3)
    alpha = np.ones((height, width))
    if random.integers(2):
        alpha = (((y + .5) / height * 2 - 1) ** 2 + ((x + .5) / width * 2 - 1) ** 2 <= 1).astype(float)
    return dark + levels * (light - dark), alpha


def colours_of(picture, first_id):
    """The id of each pixel's colour, 0 for pale and dark mixtures."""
    rgb = picture / 255
    value, low = rgb.max(axis=2), rgb.min(axis=2)
    span = value - low
    r, g, b = (rgb[..., i] for i in range(3))
    safe = np.where(span > 0, span, 1)
    hue = 60 * np.where(value == r, (g - b) / safe % 6, np.where(value == g, (b - r) / safe + 2, (r - g) / safe + 4))
    vivid = (value >= .35) & (span >= .45 * value)
    ids = np.zeros(value.shape, dtype=np.uint8)
    for i, (_, middle, half) in enumerate(HUES):
        ids[vivid & (np.abs((hue - middle + 180) % 360 - 180) <= half)] = first_id + i
    ids[value < .12] = first_id + len(HUES)
    ids[(low > .88) & (span < .08)] = first_id + len(HUES) + 1
    return ids


def things(random, stamps, args):
    """The things of a picture: plane, concept, colours, alpha."""
    kind = random.integers(4)
    for _ in range(random.integers(1, 4)):
        if kind < 2:
            concept = sorted(stamps)[random.integers(len(stamps))]
            paths = stamps[concept]
            yield "object", concept, *stamp(random, os.path.join(args.stamps, paths[random.integers(len(paths))]), args.side)
        elif kind == 2:
            concept = SHAPES[random.integers(len(SHAPES))]
            yield "shape", concept, *shape(random, concept, args.side)
        else:
            plane, names = [("grating", GRATINGS), ("texture", TEXTURES)][random.integers(2)]
            concept = names[random.integers(len(names))]
            yield plane, concept, *patch(random, concept, args.side)


def write_picture(args, index, photographs, stamps, ids):
    random = np.random.default_rng([args.seed, index])
    picture = background(random, photographs, args.side)
    planes = {plane: np.zeros((args.side, args.side), dtype=np.uint8) for plane in ("object", "shape", "grating", "texture")}
    for plane, concept, colours, alpha in things(random, stamps, args):
        hidden = paste(picture, colours, alpha, *place(random, args.side, *alpha.shape))
        for other in planes.values():
            other[hidden] = 0
        planes[plane][hidden] = ids[concept]
    picture = np.clip(np.round(picture), 0, 255)
    planes["colour"] = colours_of(picture, ids[COLOURS[0]])
    # Names in no order of what is shown: phosphene lends neighbours each other's masks.
    name = f"{index:06}.png"
    Image.fromarray(picture.astype(np.uint8)).save(os.path.join(args.out, "images", name))
    for plane, labels in planes.items():
        if labels.any() or plane == "colour":
            Image.fromarray(labels).save(os.path.join(args.out, "masks", plane, name))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", help="folder of photographs for the backgrounds")
    parser.add_argument("out")
    parser.add_argument("--table", required=True, help="tuxpaint_concepts.tsv")
    parser.add_argument("--stamps", required=True, help="usr/share/tuxpaint/stamps of the package")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--side", type=int, default=224)
    args = parser.parse_args()
    if os.path.exists(args.out) and os.listdir(args.out):
        sys.exit(f"make_concepts: {args.out} is not empty")
    stamps = read_stamps(args.table, args.stamps)
    photographs = sorted(os.path.join(args.photographs, name) for name in os.listdir(args.photographs)
                         if name.lower().endswith((".jpg", ".jpeg", ".png")))
    if not photographs:
        sys.exit(f"make_concepts: {args.photographs}: holds no .jpg or .png")
    for folder in ("images", "masks/object", "masks/shape", "masks/grating", "masks/texture", "masks/colour"):
        os.makedirs(os.path.join(args.out, folder))
    concepts = [(name, category) for category, names in
                (("object", sorted(stamps)), ("shape", SHAPES), ("grating", GRATINGS), ("texture", TEXTURES), ("colour", COLOURS))
                for name in names]
    ids = {name: i + 1 for i, (name, _) in enumerate(concepts)}
    with open(os.path.join(args.out, "concepts.csv"), "w", encoding="utf-8") as file:
        file.write("id,name,category\n" + "".join(f"{ids[name]},{name},{category}\n" for name, category in concepts))
    for index in range(args.count):
        write_picture(args, index, photographs, stamps, ids)
        if (index + 1) % 200 == 0:
            print(f"{index + 1} of {args.count} pictures", file=sys.stderr)


if __name__ == "__main__":
    main()
