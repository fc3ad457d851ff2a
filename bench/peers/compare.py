"""Times phosphene and its peers alternately and prints one Markdown table: medians over the rounds, and of each round's ratio.

--write puts it between the markers of docs/benchmarks.md.
"""

import argparse
import collections
import dataclasses
import json
import os
import pathlib
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
BENCHMARKS = HERE.parents[1] / "docs/benchmarks.md"
MARKERS = "<!-- peers -->", "<!-- /peers -->"
CHANNEL = 97
PEERS = {
    "lucent": "Lucent", "lucent_unpadded": "Lucent, no padding",
    "eager": "PyTorch", "eager_nhwc": "PyTorch, channels last", "compile": "torch.compile", "bf16": "PyTorch, bf16 autocast",
}  # fmt: skip
LUCENT, F32 = ["lucent", "lucent_unpadded"], ["lucent", "lucent_unpadded", "eager", "compile"]
PYTORCH = ["eager", "eager_nhwc", "compile"]


@dataclasses.dataclass
class Row:
    network: str
    layer: str  # the peers' name
    ours: str
    batch: int
    peers: list  # those that do the same work
    precision: str = "f32"
    diversity: bool = False

    def of_torchvision(self):
        """Its weights are written by the peer and converted."""
        return self.peers == PYTORCH


A4 = "googlenet", "4a", "inception_4a/output:pre"
B5 = "googlenet", "5b", "inception_5b/output:pre"
VGG = "vgg16", "conv4_2", "conv4_2:pre"
RESNET = "resnet50", "layer3", "layer3"
MOBILENET = "mobilenet_v2", "features.14", "features.14"
ROWS = {
    "GoogLeNet 4a, batch 1": Row(*A4, 1, F32),
    "GoogLeNet 4a, batch 4": Row(*A4, 4, F32),
    "GoogLeNet 4a, batch 4, diversity": Row(*A4, 4, LUCENT, diversity=True),
    "GoogLeNet 5b, batch 4": Row(*B5, 4, F32),
    "GoogLeNet 4a, batch 4, bf16": Row(*A4, 4, [*LUCENT, "bf16"], "bf16"),
    "VGG16 conv4_2, batch 1": Row(*VGG, 1, F32),
    "ResNet-50 layer3, batch 1": Row(*RESNET, 1, PYTORCH),
    "ResNet-50 layer3, batch 4": Row(*RESNET, 4, PYTORCH),
    "MobileNet v2 features.14, batch 1": Row(*MOBILENET, 1, PYTORCH),
    "MobileNet v2 features.14, batch 4": Row(*MOBILENET, 4, PYTORCH),
    "VGG16 conv4_2, batch 1, bf16": Row(*VGG, 1, [*LUCENT, "bf16"], "bf16"),
}

DIFFERENCES = """What is compared. Lucent: one full optimisation step, as users run it, with a Fourier image, its standard transforms and Adam, in
float32. It runs its network to the end and also computes gradients of the weights; its GoogLeNet is TensorFlow's (other paddings, LRN over
9 channels). Its transforms pad the picture by 12 pixels a side, so that its network sees 248 to 273 pixels a side; without the padding the
picture is resized to what ours sees. PyTorch: forward and backward to the input only, through a network that ends at the layer, without
image, transforms or optimiser. Compilation is not counted. Weights are random there (He 2015), trained here."""


class Refusal(Exception):
    """phosphene cannot do this on this machine, and says so."""


def answer(command, who, **environment):
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)
    if done.returncode == 0:
        return json.loads(done.stdout)
    fault = done.stderr.strip() or f"exit code {done.returncode}"
    if done.returncode == 2 and fault.startswith("phosphene: error: precision bf16: "):
        raise Refusal(fault.removeprefix("phosphene: error: "))
    raise SystemExit(f"{who} failed with exit code {done.returncode}: {fault[-2000:]}\n  {shlex.join(command)}")


def model_of(options, row, folder):
    if not row.of_torchvision():
        return row.network
    weights, model = (pathlib.Path(folder) / (row.network + ending) for ending in (".pth", ".safetensors"))
    if not model.exists():
        write = [sys.executable, str(HERE / "torch_step.py"), "eager", row.network, row.layer, "--threads", "1"]
        subprocess.run([*write, "--write", str(weights)], check=True)
        subprocess.run([options.phosphene, "convert", str(weights), "-o", str(model)], check=True, stdout=subprocess.DEVNULL)
    return str(model)


def config_of(row, model):
    objective = [{"channel": {"layer": row.ours, "unit": CHANNEL}}]
    if row.diversity:
        objective.append({"diversity": {"layer": row.ours.removesuffix(":pre")}, "weight": -100})
    settings = {"images": row.batch, "size": 224, "precision": row.precision}
    return {"version": 1, "model": model, "objective": objective, **settings}


def time_ours(options, row, folder):
    config = pathlib.Path(folder) / "config.json"
    config.write_text(json.dumps(config_of(row, model_of(options, row, folder))))
    command = [options.phosphene, "bench", str(config), "--device", "cpu", "--json"]
    return answer(command + ["--steps", str(options.steps), "--threads", str(options.threads)], "phosphene")


def time_peer(options, row, peer, folder):
    command = [sys.executable, str(HERE / "torch_step.py"), peer, row.network, row.layer]
    command += ["--batch", str(row.batch), "--steps", str(options.steps), "--threads", str(options.threads)]
    # What torch.compile keeps for the next round: an interrupted run leaves broken libraries in its usual place.
    return answer(command + ["--diversity"] * row.diversity, PEERS[peer], TORCHINDUCTOR_CACHE_DIR=f"{folder}/inductor")


def measure(options, row, folder):
    """Answers by contestant, one a round; of ours none where phosphene refuses, and the reason."""
    answers, refusal = collections.defaultdict(list), None
    for _ in range(options.rounds):
        try:
            if refusal is None:
                answers["phosphene"].append(time_ours(options, row, folder))
        except Refusal as reason:
            refusal = str(reason)
        for peer in row.peers:
            if peer in options.peers:
                answers[peer].append(time_peer(options, row, peer, folder))
    return answers, refusal


def milliseconds(seconds, batch):
    each = sorted(1e3 * s / batch for s in seconds)
    return f"{statistics.median(each):.1f} ({each[0]:.1f} to {each[-1]:.1f})"


def megabytes(answers):
    return f"{max(a['peak_memory_bytes'] for a in answers) / 1e6:.0f} MB"


def cells(options, name, row, answers, refusal):
    ours = [a["seconds_per_step"]["median"] for a in answers["phosphene"]]
    if ours:
        share = statistics.median(a["share_of_peak"] for a in answers["phosphene"])
        yield from (name, f"{milliseconds(ours, row.batch)}, {megabytes(answers['phosphene'])}", f"{100 * share:.0f} %")
    else:
        yield from (name, f"refused: {refusal}", "")
    for peer in options.peers:
        theirs = [a["seconds"] for a in answers[peer]]
        ratio = [f"**{statistics.median(t / o for t, o in zip(theirs, ours)):.2f}**"] if ours and theirs else []
        yield ", ".join([milliseconds(theirs, row.batch), *ratio, megabytes(answers[peer])]) if theirs else ""


def machine():
    facts = dict(line.split(":", 1) for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if ":" in line)
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    flags = facts.get("flags", facts.get("Features", "")).split()
    sets = [f for f in ["avx2", "avx512f", "avx512_bf16", "amx_tile", "amx_bf16", "asimd", "sve"] if f in flags]
    family = f"(family {facts.get('cpu family')}, model {facts.get('model')})"
    return f"{facts.get('model name', 'CPU')} {family}, {os.cpu_count()} cores, {' '.join(sets)}"


def version_of(phosphene):
    def said(*command):
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()

    commit = said("git", "-C", str(HERE), "rev-parse", "--short", "HEAD")
    return said(phosphene, "--version").partition("\n")[0] + (commit and f" ({commit})")


def heading(options, everything):
    backend = next((a["backend"] for answers in everything for a in answers["phosphene"]), "")
    versions = next((a["versions"] for answers in everything for peer in PEERS for a in answers[peer]), {})
    yield f"    {shlex.join(['bench/peers/compare.sh', *sys.argv[1:]])}\n"
    programs = [version_of(options.phosphene), backend, *(f"{name} {of}" for name, of in versions.items())]
    yield f"{machine()}. {', '.join(filter(None, programs))}."
    yield f"{options.rounds} rounds of {options.steps} steps, contestants alternating, {options.threads} threads, 224 x 224."
    yield "Milliseconds per image: median of the rounds (fastest to slowest). In bold: how many times as long as ours,"
    yield "median of the rounds' ratios. Then the peak memory of the process. Share of peak: of a matrix product's speed in"
    yield "the same process.\n"


def section(options):
    titles = ["", "phosphene", "share of peak", *(PEERS[peer] for peer in options.peers)]
    lines, everything = ["|".join(["", *titles, ""]), "|".join(["", *["---"] * len(titles), ""])], []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.rows:
            answers, refusal = measure(options, ROWS[name], folder)
            everything.append(answers)
            lines.append("| " + " | ".join(cells(options, name, ROWS[name], answers, refusal)) + " |")
            print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join([*heading(options, everything), *lines, "", DIFFERENCES])


def around_section(path):
    """What stands before and behind the markers, which stay."""
    text = path.read_text()
    if any(text.count(marker) != 1 for marker in MARKERS):
        raise SystemExit(f"{path}: needs {MARKERS[0]} and {MARKERS[1]}, once each, where the table is to go")
    before, rest = text.split(MARKERS[0])
    return before + MARKERS[0], MARKERS[1] + rest.split(MARKERS[1])[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phosphene", default="build/release/phosphene")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=6, help="steps timed in one process")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--rows", nargs="*", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--write", action="store_true", help=f"also into docs/{BENCHMARKS.name}, between its markers")
    options = parser.parse_args()
    if not shutil.which(options.phosphene):
        parser.error(f"--phosphene: there is no program {options.phosphene}; `make phosphene` builds it")
    if options.write:
        around_section(BENCHMARKS)  # a mistake shows before an hour of measurements
    text = section(options)
    print(text)
    if options.write:
        before, behind = around_section(BENCHMARKS)  # read again: it may have been edited meanwhile
        BENCHMARKS.write_text(before + "\n" + text + "\n" + behind)


if __name__ == "__main__":
    main()
