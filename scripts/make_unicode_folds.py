#!/usr/bin/env python3
"""Writes runtime/unicode_folds.h, the tables of runtime/file_names.cpp, from Python's copy of the Unicode Character Database.

usage: scripts/make_unicode_folds.py > runtime/unicode_folds.h
"""

import unicodedata

WIDTH = 118


def fold(text):
    """What two names have in common that a file system may take for one: case folded in full, canonically decomposed."""
    for _ in range(4):
        text = unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())
    return text


def is_left_out(code):
    # Syllables of Hangul are decomposed by arithmetic; ideographs for compatibility with other sets stand for one other each.
    return 0xAC00 <= code <= 0xD7A3 or 0xD800 <= code <= 0xDFFF


def rows(name, kind, entries):
    print(f"inline constexpr {kind} {name}[] = {{")
    line = "   "
    for entry in entries:
        if len(line) + len(entry) + 2 > WIDTH:
            print(line)
            line = "   "
        line += f" {entry},"
    print(line + "\n};\n")


def main():
    single, longer = [], []
    for code in range(0x110000):
        if is_left_out(code):
            continue
        folded = [ord(c) for c in fold(chr(code))]
        if folded == [code]:
            continue
        (single if len(folded) == 1 else longer).append((code, folded))

    runs = []  # first, last, step, difference
    for code, (to,) in single:
        if runs:
            first, last, step, difference = runs[-1]
            if to - code == difference and code - last == (step or code - last) and code - last <= 2:
                runs[-1] = (first, code, code - last, difference)
                continue
        runs.append((code, code, 0, to - code))

    marks = sorted(code for code in range(0x110000) if unicodedata.combining(chr(code)))
    ranges = []
    for code in marks:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])

    print(f"// Written by scripts/make_unicode_folds.py from the Unicode Character Database {unicodedata.unidata_version}.")
    print("#pragma once\n\n#include <cstdint>\n\n// clang-format off\nnamespace phosphene::unicode {\n")
    print("// Characters from `first` to `last`, each `step`-th, fold to the one that is `difference` further.")
    print("struct FoldRun {\n  uint32_t first, last, step;\n  int32_t difference;\n};")
    rows("kFoldRuns", "FoldRun", (f"{{{a:#x},{b:#x},{s or 1},{d}}}" for a, b, s, d in runs))
    print("// One character that folds to several; 0 where there are fewer than four.")
    print("struct FoldLonger {\n  uint32_t from, to[4];\n};")
    rows("kFoldLonger", "FoldLonger", (f"{{{c:#x},{{{','.join(f'{t:#x}' for t in to)}}}}}" for c, to in longer))
    print("// Marks that combine with the character before them, whose order among themselves may say nothing.")
    print("struct MarkRange {\n  uint32_t first, last;\n};")
    rows("kMarks", "MarkRange", (f"{{{a:#x},{b:#x}}}" for a, b in ranges))
    print("}  // namespace phosphene::unicode")
    assert max(len(to) for _, to in longer) <= 4


main()
