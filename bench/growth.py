"""How the cost of a step grows with the batch, the size of the image and the depth of the layer: `phosphene bench` over each, as
Markdown tables on stdout and one picture. Every point is the fastest step of all its runs, which are dealt in rounds over all points,
so that a slow minute of the machine falls on all alike.

    python3 -m venv .cache/growth && .cache/growth/bin/pip install matplotlib
    .cache/growth/bin/python bench/growth.py --steps 20 --rounds 3
"""

import argparse
import json
import pathlib
import subprocess

TOP = pathlib.Path(__file__).parents[1]
BATCHES = [1, 2, 4, 8, 16, 32]
SIZES = [96, 128, 160, 224, 320, 448, 512, 768, 1024]
LAYERS = ["conv2", "3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"]
NAMES = {"conv2": "conv2/3x3:pre"} | {name: f"inception_{name}/output:pre" for name in LAYERS[1:]}


def command(arguments, *more):
    done = subprocess.run([arguments.program, *more, "--json"], capture_output=True, text=True)
    if done.returncode == 2:  # what the machine lacks
        print(f"{' '.join(more)}: {done.stderr.strip()}")
        return None
    done.check_returncode()
    return json.loads(done.stdout)


def points(arguments):
    """The x of every point by axis, and the flags that make it."""
    at = {"layer": NAMES["4a"], "size": 224, "batch": 1}
    axes = {
        "batch": [(batch, at | {"batch": batch}) for batch in BATCHES if batch <= arguments.most_batch],
        "size": [(size, at | {"size": size}) for size in SIZES if size <= arguments.most_size],
        "layer": [(layer, at | {"layer": NAMES[layer]}) for layer in LAYERS],
    }
    return [(axis, x, flags) for axis, some in axes.items() for x, flags in some]


def measure(arguments):
    """{axis: {x: the fastest answer of bench}}"""
    best = {}
    for _ in range(arguments.rounds):
        for axis, x, flags in points(arguments):
            options = [word for flag, value in flags.items() for word in (f"--{flag}", str(value))]
            answer = command(arguments, "bench", "googlenet", "--steps", str(arguments.steps), *options)
            known = best.setdefault(axis, {}).get(x)
            if answer and (not known or answer["seconds_per_step"]["min"] < known["seconds_per_step"]["min"]):
                best[axis][x] = answer
    return best


def milliseconds(answer):
    return answer["seconds_per_step"]["min"] * 1e3 / answer["batch"]


def predicted(answer):
    return answer["predicted_memory_bytes"] / 1e6


def used(answer):
    return answer["peak_memory_bytes"] / 1e6


def print_table(axis, answers, channels):
    extra = axis == "layer"
    head = [axis] + ["channels"] * extra + ["ms per image", "GFLOP per image", "GFLOP/s", "MB predicted", "MB used"]
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for x, answer in answers.items():
        gflop = answer["gflop_per_step"] / answer["batch"]
        row = [x] + [channels.get(x)] * extra
        row += [f"{milliseconds(answer):.1f}", f"{gflop:.2f}", f"{gflop / milliseconds(answer) * 1e3:.0f}"]
        row += [f"{predicted(answer):.0f}", f"{used(answer):.0f}"]
        print("| " + " | ".join(map(str, row)) + " |")
    print()


def draw(best, path):
    from matplotlib import pyplot, ticker

    pyplot.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure, panels = pyplot.subplots(2, len(best), figsize=(11, 6), sharey="row", layout="constrained")
    labels = {"batch": "images at a time", "size": "side of the image, pixels", "layer": "layer of GoogLeNet"}
    for column, (axis, answers) in enumerate(best.items()):
        time, memory = panels[:, column]
        xs, values = list(answers), list(answers.values())
        time.plot(xs, [milliseconds(answer) for answer in values], "o-", color="tab:blue", markersize=4)
        memory.plot(xs, [used(answer) for answer in values], "o-", color="tab:blue", markersize=4, label="used")
        memory.plot(xs, [predicted(answer) for answer in values], "x", color="tab:orange", markersize=7, label="predicted")
        for panel in (time, memory):
            panel.set_yscale("log")
            panel.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
            panel.yaxis.set_major_formatter(ticker.FuncFormatter(lambda y, _: f"{y:g}"))
            panel.yaxis.set_minor_formatter(ticker.NullFormatter())
            panel.grid(alpha=0.3)
            if axis != "layer":
                panel.set_xscale("log", base=2)
                panel.set_xticks(xs, [str(x) for x in xs], rotation=45 if axis == "size" else 0)
                panel.minorticks_off()
        memory.set_xlabel(labels[axis])
    panels[0, 0].set_ylabel("ms per image and step")
    panels[1, 0].set_ylabel("MB, the most of the process")
    panels[1, 0].legend(frameon=False)
    figure.savefig(path, dpi=100)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(TOP / "build/release/phosphene"))
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most-batch", type=int, default=BATCHES[-1])
    parser.add_argument("--most-size", type=int, default=SIZES[-1])
    parser.add_argument("--picture", default=str(TOP / "docs/pictures/growth.png"))
    arguments = parser.parse_args()
    best = measure(arguments)
    shapes = {layer["name"]: layer["shape"] for layer in command(arguments, "inspect", "googlenet")["layers"]}
    channels = {name: shapes[NAMES[name].removesuffix(":pre")][1] for name in LAYERS}
    for axis, answers in best.items():
        print_table(axis, answers, channels)
    draw(best, arguments.picture)


if __name__ == "__main__":
    main()
