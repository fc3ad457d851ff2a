"""Writes the C source of a libcuda.so.1 that is enough for cuDNN to compile kernels where there is no driver.

cuDNN's engines that compile at run time load what they have compiled, to learn what it needs. Here loading a library and asking
for a kernel in it succeed and mean nothing; every other entry point answers CUDA_ERROR_STUB_LIBRARY, as NVIDIA's own link-time
stub does. For the check of plans only; it must never be installed.

Usage: stub_driver.py TOOLKIT/lib64/stubs/libcuda.so OUT.c
"""
import re
import subprocess
import sys

STUB_LIBRARY = 34
PRETENDED = r"""
#include <stddef.h>
typedef void* handle;
static char object[8];
static int give(handle* out) { *out = object; return 0; }
int cuDriverGetVersion(int* version) { *version = 13000; return 0; }
int cuLibraryLoadData(handle* out, const void* a, handle b, handle c, unsigned d, handle e, handle f, unsigned g) { return give(out); }
int cuModuleLoadData(handle* out, const void* image) { return give(out); }
int cuModuleLoadDataEx(handle* out, const void* image, unsigned count, handle a, handle b) { return give(out); }
int cuLibraryUnload(handle library) { return 0; }
int cuModuleUnload(handle module) { return 0; }
int cuLibraryGetKernel(handle* out, handle library, const char* name) { return give(out); }
int cuLibraryGetModule(handle* out, handle library) { return give(out); }
int cuKernelGetFunction(handle* out, handle kernel) { return give(out); }
int cuModuleGetFunction(handle* out, handle module, const char* name) { return give(out); }
int cuLibraryGetGlobal(handle* out, size_t* bytes, handle library, const char* name) { if (bytes) *bytes = 0; return give(out); }
int cuKernelSetAttribute(int attribute, int value, handle kernel, int device) { return 0; }
int cuKernelGetAttribute(int* value, int attribute, handle kernel, int device) { *value = 0; return 0; }
int cuKernelSetCacheConfig(handle kernel, int config, int device) { return 0; }
int cuFuncSetAttribute(handle function, int attribute, int value) { return 0; }
int cuFuncGetAttribute(int* value, int attribute, handle function) { *value = 0; return 0; }
int cuGetErrorName(int error, const char** text) { *text = "STUB"; return 0; }
int cuGetErrorString(int error, const char** text) { *text = "a stub, no driver"; return 0; }
"""


def main(stub, out):
    symbols = subprocess.run(["nm", "-D", "--defined-only", stub], check=True, text=True, capture_output=True).stdout
    names = {line.split()[-1].split("@")[0] for line in symbols.splitlines()}
    names -= set(re.findall(r"^int (cu\w+)\(", PRETENDED, re.M))
    with open(out, "w", encoding="ascii") as file:
        file.write(PRETENDED)
        for name in sorted(n for n in names if n.startswith("cu")):
            file.write(f"int {name}() {{ return {STUB_LIBRARY}; }}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
