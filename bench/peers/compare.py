"""Times phosphene and its peers alternately and prints medians over the rounds, and ratios, as a Markdown table."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
# name: (network, the peers' layer, ours, batch, diversity)
WORK = {
    "GoogLeNet 4a, batch 1": ("googlenet", "4a", "inception_4a/output:pre", 1, False),
    "GoogLeNet 4a, batch 4": ("googlenet", "4a", "inception_4a/output:pre", 4, False),
    "GoogLeNet 4a, batch 4, diversity": ("googlenet", "4a", "inception_4a/output:pre", 4, True),
    "GoogLeNet 5b, batch 4": ("googlenet", "5b", "inception_5b/output:pre", 4, False),
    "VGG16 conv4_2, batch 1": ("vgg16", "conv4_2", "conv4_2:pre", 1, False),
}
PEERS = ["lucent", "eager", "compile", "bf16"]
CHANNEL = 97


def answer(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def config_of(network, layer, batch, diversity):
    objective = [{"channel": {"layer": layer, "unit": CHANNEL}}]
    if diversity:
        objective.append({"diversity": {"layer": layer.removesuffix(":pre")}, "weight": -100})
    return {"version": 1, "model": network, "images": batch, "size": 224, "objective": objective}


def time_ours(program, folder, work, steps, threads):
    network, _, layer, batch, diversity = work
    config = pathlib.Path(folder) / "config.json"
    config.write_text(json.dumps(config_of(network, layer, batch, diversity)))
    command = [program, "bench", str(config), "--device", "cpu", "--steps", str(steps), "--threads", str(threads), "--json"]
    return answer(command)


def time_peer(peer, work, steps, threads):
    network, layer, _, batch, diversity = work
    command = [sys.executable, str(HERE / "torch_step.py"), peer, network, layer]
    command += ["--batch", str(batch), "--steps", str(steps), "--threads", str(threads)]
    return answer(command + ["--diversity"] * diversity)


def measure(options, folder, name):
    """Per contestant, one median step and one peak of memory a round."""
    work = WORK[name]
    peers = [p for p in options.peers if p == "lucent" or not work[4]]
    times, memory, shares = {p: [] for p in ["phosphene", *peers]}, {p: [] for p in ["phosphene", *peers]}, []
    for _ in range(options.rounds):
        ours = time_ours(options.phosphene, folder, work, options.steps, options.threads)
        times["phosphene"].append(ours["seconds_per_step"]["median"])
        memory["phosphene"].append(ours["peak_memory_bytes"])
        shares.append(ours["share_of_peak"])
        for peer in peers:
            theirs = time_peer(peer, work, options.steps, options.threads)
            times[peer].append(theirs["seconds"])
            memory[peer].append(theirs["peak_memory_bytes"])
    return times, memory, shares


def report(name, times, memory, shares):
    batch = WORK[name][3]
    print(f"\n### {name}\n\n| | ms per image, median (least to most) | peak MB | times ours, median |\n|---|---|---|---|")
    for contestant, seconds in times.items():
        each = sorted(1e3 * s / batch for s in seconds)
        ratio = statistics.median(theirs / ours for theirs, ours in zip(seconds, times["phosphene"]))
        print(f"| {contestant} | {statistics.median(each):.1f} ({each[0]:.1f} to {each[-1]:.1f})"
              f" | {max(memory[contestant]) / 1e6:.0f} | {ratio:.2f} |")  # fmt: skip
    print(f"\nOurs: {100 * statistics.median(shares):.0f} % of the matrix product's peak measured in the same process.", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phosphene", default="build/release/phosphene")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=6, help="steps timed in one process")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--peers", nargs="*", default=PEERS[:3], choices=PEERS, help="bf16 only where the CPU has it")
    parser.add_argument("--work", nargs="*", default=list(WORK), choices=list(WORK))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in options.work:
            report(name, *measure(options, folder, name))


if __name__ == "__main__":
    main()
