"""Writes configs/article/*.json for VGG16 into a folder: other layers, other photographs, channels of its last layer for classes.

usage: article_for_vgg16.py FOLDER
"""

import json
import pathlib
import sys

LAYERS = {
    "conv2/3x3": "conv2_2",
    "inception_3a/output": "conv3_1",
    "inception_3b/output": "conv3_3",
    "inception_4a/output": "conv4_2",
    "inception_4c/output": "conv5_1",
    "inception_4d/output": "conv5_1",
    "inception_5a/output": "conv5_2",
    "inception_5b/output": "conv5_3",
}
LABELS = {"tabby": 281}
UNITS_OF_THE_LAST_LAYER = 512
NOTE = " Drawn with VGG16 instead of GoogLeNet: the units differ, and channels of its last layer stand for classes."


def for_vgg16(value):
    if isinstance(value, str):
        if value.endswith(".jpg"):
            return "flower.jpg" if value == "kodim23.jpg" else "china.jpg"
        layer, colon, pre = value.partition(":")
        return LAYERS[layer] + colon + pre if layer in LAYERS else value
    if isinstance(value, list):  # a probability would be the same channel once more
        return [for_vgg16(item) for item in value if not (isinstance(item, dict) and "probability" in item)]
    if not isinstance(value, dict):
        return value
    translated = {}
    for key, item in value.items():
        if key == "class":
            index = item["index"] if "index" in item else LABELS[item["label"]]
            translated["channel"] = {"layer": "conv5_3:pre", "unit": index % UNITS_OF_THE_LAST_LAYER}
        else:
            translated[key.replace("/class/index", "/channel/unit")] = for_vgg16(item)
    return translated


def main(folder):
    for path in sorted(pathlib.Path("configs/article").glob("*.json")):
        config = for_vgg16(json.loads(path.read_text()))
        config["model"] = "vgg16"
        config["description"] += NOTE
        (folder / path.name).write_text(json.dumps(config, indent=2) + "\n")


main(pathlib.Path(sys.argv[1]))
