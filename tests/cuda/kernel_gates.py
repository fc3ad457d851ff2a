"""Holds what nvcc makes of our kernels to account, without a GPU.

  kernel_gates.py NVCC FOLDER TOP TABLE.json ARCH...        checks every .cu of the folder, and prints the table of docs/cuda.md
  kernel_gates.py --write NVCC FOLDER TOP TABLE.json ARCH...  writes the ceilings anew, from what is there

For every architecture: no warning (cross-execution-space calls and stack frames included), no spill, no local memory, and no more
registers per kernel than TABLE.json allows. For one of them, from its PTX: kernels of four or eight elements a thread read and write
memory by vectors. Theoretical occupancy follows from registers and from blocks of 256 threads, which rows fill whatever their length
(kernels/launch_cuda.cuh), or of a warp, which a tile takes: no kernel uses shared memory.
"""
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys

THREADS_PER_SM = {75: 1024, 80: 2048, 86: 1536, 89: 1536, 90: 2048, 100: 2048, 120: 1536}
BLOCKS_PER_SM = {75: 16, 80: 32, 86: 16, 89: 24, 90: 32, 100: 32, 120: 24}
REGISTERS_PER_SM = 65536
ROUNDED_TO = 8  # ceilings, so that a compiler's next version may move a register or two
FLAGS = ["-std=c++20", "-O3", "-Werror", "all-warnings,cross-execution-space-call"]


def run(command):
    done = subprocess.run(command, text=True, capture_output=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def of_each(sources, compiled):
    """What the compiler says of each file, two at a time, one behind the other."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return "".join(pool.map(compiled, sources))


def short_names(mangled):
    """What a reader calls each kernel: 'rows<4> SumSlices<true, float>'."""
    demangled = subprocess.run(["c++filt"], input="\n".join(mangled), text=True, capture_output=True, check=True).stdout
    names = {}
    for symbol, name in zip(mangled, demangled.splitlines()):
        name = re.sub(r"^void |phosphene::|\(long, .*$", "", name)
        name = re.sub(r"\(\w+\)", "", name).replace(" >", ">")
        rows = re.match(r"rows_kernel<(\d+), (.*)>$", name)
        tiles = re.match(r"tiles_kernel<(.*)>$", name)
        names[symbol] = f"rows<{rows[1]}> {rows[2]}" if rows else f"tiles {tiles[1]}" if tiles else name
    return names


def resources(report):
    """(architecture, mangled name) -> registers, out of ptxas -v."""
    found, current = {}, None
    for line in report.splitlines():
        if entry := re.search(r"Compiling entry function '(\w+)' for 'sm_(\d+)", line):
            current = (int(entry[2]), entry[1])
        elif current and (used := re.search(r"Used (\d+) registers", line)):
            found[current] = int(used[1])
            current = None
    return found


def occupancy(registers, threads, sm):
    per_warp = -(-registers * 32 // 256) * 256
    warps_per_block = -(-threads // 32)
    blocks = min(REGISTERS_PER_SM // (per_warp * warps_per_block), BLOCKS_PER_SM[sm], THREADS_PER_SM[sm] // threads)
    return 100 * blocks * warps_per_block * 32 // THREADS_PER_SM[sm]


def vector_faults(ptx):
    faults, wide = [], 0
    for entry in re.finditer(r"\.entry (\w+)\((.*?)^}", ptx, re.M | re.S):
        symbol, body = entry[1], entry[2]
        if not re.search(r"rows_kernelILi[48]E", symbol):
            continue
        wide += 1
        narrow, vector = r"v2\.(u|b)32", r"v4\.(f|u|b)32"
        accesses = []
        if "Bfloat16" in symbol and "rows_kernelILi4E" in symbol:  # of which one side may be sums, which are float32
            vector = f"({narrow}|{vector})"
            accesses.append(rf"(ld|st)\.global(\.nc)?\.{narrow}")
        if "ld.global" in body:  # some only write
            accesses.append(rf"ld\.global(\.nc)?\.{vector}")
        accesses.append(rf"st\.global\.{vector}")
        for access in accesses:
            if not re.search(access, body):
                faults.append((symbol, access.replace("\\", "")))
    if wide == 0:
        faults.append(("no kernel of several elements", "there are some"))
    return faults


def main(arguments):
    write = arguments[0] == "--write"
    nvcc, folder, top, table_path, *architectures = arguments[1:] if write else arguments
    architectures = [int(a) for a in architectures]
    targets = [f"--generate-code=arch=compute_{a},code=[sm_{a}]" for a in architectures]
    common = [nvcc, *FLAGS, "-I", top]
    sources = sorted(map(str, pathlib.Path(folder).glob("*.cu")))
    flags = ["-Xptxas", "-v,-warn-spills,-warn-lmem-usage", "-c", "-o", "/dev/null"]
    used = resources(of_each(sources, lambda source: run([*common, *targets, *flags, source])))
    names = short_names(sorted({symbol for _, symbol in used}))
    most = {}
    for (_, symbol), registers in used.items():
        most[names[symbol]] = max(most.get(names[symbol], 0), registers)
    if write:
        ceilings = {name: -(-registers // ROUNDED_TO) * ROUNDED_TO for name, registers in sorted(most.items())}
        with open(table_path, "w", encoding="utf-8") as file:
            file.write(json.dumps(ceilings, indent=1) + "\n")
        return
    with open(table_path, encoding="utf-8") as file:
        ceilings = json.load(file)
    faults = []
    for name, registers in sorted(most.items()):
        if name not in ceilings:
            faults.append(f"{name}: {registers} registers, and no ceiling in {table_path}: kernel_gates.py --write")
        elif registers > ceilings[name]:
            faults.append(f"{name}: {registers} registers, the ceiling is {ceilings[name]}")
    faults += [f"{name}: a ceiling, and no such kernel" for name in sorted(set(ceilings) - set(most))]
    ptx = of_each(sources, lambda source: run([*common, "-arch=compute_80", "-ptx", source, "-o", "/dev/stdout"]))
    faults += [f"{names.get(symbol, symbol)}: no {access} in its PTX"
               for symbol, access in vector_faults(ptx)]

    print(f"{'kernel':<44} {'registers':>9}  occupancy, % of an SM's threads, by sm_" + " ".join(map(str, architectures)))
    for name, registers in sorted(most.items()):
        threads = 32 if name.startswith("tiles") else 256
        row = " ".join(f"{occupancy(registers, threads, a):>3}" for a in architectures)
        print(f"{name:<44} {registers:>9}  {row}")
    print(f"{len(most)} kernels, {len(architectures)} architectures, no spills, no local memory")
    if faults or not most:
        sys.exit("\n".join(faults or ["no kernel was found"]))


if __name__ == "__main__":
    main(sys.argv[1:])
