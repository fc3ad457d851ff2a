#!/usr/bin/env python3
"""Spoils every config of a folder in many ways and asks `phosphene render CONFIG --dry-run` of each what it says.

Keys are renamed, values exchanged for others, numbers made extreme, texts long or full of control characters and bytes, bytes of the
file broken. Each must end with exit code 0 or 2, within --seconds of CPU time, and if with 2, with one line on stderr of at most 300
characters, none of which a terminal obeys.

usage: scripts/mutate_configs.py PHOSPHENE CONFIGS [--count 10000] [--seed 1] [--seconds 1] [--keep FOLDER] [--model MODEL]
"""

import argparse
import collections
import copy
import json
import pathlib
import random
import resource
import subprocess
import tempfile

JUNK = [None, True, False, 0, -1, 1e308, -1e308, 2**63, 2**64, -(2**63), 1e-320, 2.0, 1e3, 2.5, "", "x" * 10000, "w " * 5000,
        "\u0000", "ä€😀", "\x1b[2J\r\n", "\u009b", "\u202e", "it's 'quoted' \"twice\"", [], {}, [[]], [None], {"a": 1}, [1] * 5000,
        "../..", "/etc/passwd", "~", "~/x", "nan", "0,05", 3.5, 1 << 31, 65536, 100000, float("inf"), float("nan"), {"k" * 5000: 1},
        ["y" * 3000] * 3, "CON", ".", "a/" * 3000]


def places(node, path=()):
    yield path
    if isinstance(node, dict):
        for key, value in node.items():
            yield from places(value, path + (key,))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from places(value, path + (i,))


def mutate(config, rng):
    config = copy.deepcopy(config)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        path = rng.choice([p for p in places(config) if p] or [None])
        if path is None:
            break
        node = config
        for key in path[:-1]:
            node = node[key]
        last, what = path[-1], rng.random()
        if what < 0.55:
            node[last] = copy.deepcopy(rng.choice(JUNK))
        elif what < 0.7 and isinstance(node, dict):
            value = node.pop(last)
            node[rng.choice([last + "s", last[:-1], last.upper(), " " + last, last + "\x1b[m", "$" + last, last * 300])] = value
        elif what < 0.8:
            del node[last]
        elif what < 0.9 and isinstance(node[last], (int, float)):
            node[last] = node[last] * rng.choice([-1, 0, 1.0, 1e3, 1e6, 1e9, 1e-9])
        else:
            node[last] = [node[last]] * rng.choice([1, 2, 3])
    return config


def spoil(text, rng):
    data, at, what = bytearray(text), rng.randrange(len(text)), rng.random()
    if what < 0.3:
        del data[at:]
    elif what < 0.6:
        data[at] = rng.randrange(256)
    elif what < 0.9:
        data[at:at] = rng.choice([b"\xff\xfe", b"{" * 3000, b"[" * 300000, b"//c\n", b",", b"1e400", b"-1e400", b"\xef\xbb\xbf", b"\r"])
    elif what < 0.95:
        return b"\xff\xfe" + text.decode("utf-8", "replace").encode("utf-16-le")
    else:
        data[0:0] = b"\xef\xbb\xbf"
    return bytes(data)


def fault(run, seconds, limit):
    lines = run.stderr.decode("utf-8", "replace").splitlines()
    obeyed = [c for c in run.stdout + run.stderr if (c < 32 and c != 10) or c == 127]
    if run.returncode not in (0, 2):
        return f"exit code {run.returncode}: {run.stderr[-300:]!r}"
    if run.returncode == 2 and len(lines) != 1:
        return f"{len(lines)} lines: {run.stderr[:300]!r}"
    if run.returncode == 2 and len(lines[0]) > 300:
        return f"{len(lines[0])} characters: {lines[0]}"
    if b"internal" in run.stderr:
        return f"internal: {run.stderr!r}"
    if obeyed or any(chr(c) in run.stderr.decode("utf-8", "replace") for c in (0x9B, 0x202E)):
        return f"control characters: {run.stderr!r}"
    return f"{seconds:.2f} s of CPU time" if seconds > limit else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("phosphene")
    parser.add_argument("configs", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--keep", type=pathlib.Path, help="where configs that were not answered well are kept")
    parser.add_argument("--model", help="in the place of the configs' own, where nothing was done to it")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    paths = sorted(p for p in options.configs.rglob("*.json") if "schema" not in p.parts)
    configs = [json.loads(p.read_text()) for p in paths]
    if options.model:
        for config in configs:
            config["model"] = options.model
    counts, odd, slowest = collections.Counter(), [], 0
    with tempfile.TemporaryDirectory() as work:
        path = pathlib.Path(work) / "c.json"
        for i in range(options.count):
            which = rng.randrange(len(configs))
            text = json.dumps(mutate(configs[which], rng), ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
            if rng.random() < 0.15:
                text = spoil(text, rng)
            path.write_bytes(text)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            command = ["prlimit", f"--as={6 << 30}", options.phosphene, "render", str(path), "--out",
                       str(pathlib.Path(work) / "out"), "--dry-run", "--device", "cpu", "--threads", "1"]
            try:
                run = subprocess.run(command, capture_output=True, timeout=60)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                counts[run.returncode] += 1
                slowest = max(slowest, seconds)
                what = fault(run, seconds, options.seconds)
            except subprocess.TimeoutExpired:
                counts["none"] += 1
                what = "no end within 60 s"
            if what:
                odd.append((paths[which].name, what))
                if options.keep:
                    (options.keep / f"odd_{len(odd)}.json").write_bytes(text)
    print(f"{dict(counts)}, the slowest {slowest:.2f} s of CPU time, {len(odd)} odd")
    for name, what in odd[:40]:
        print(f"{name}: {what[:400]}")
    return 1 if odd else 0


raise SystemExit(main())
