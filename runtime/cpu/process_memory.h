// How much memory this process uses, and how much more it may take.
#pragma once

#include <string>

#include "runtime/backend.h"

namespace phosphene {

// `used` and `peak`: resident pages, libraries and mapped files included. `available`: the least of what the kernel can still give
// (MemAvailable), what is left of a memory cgroup (of either version, and of every one above it; its page cache counts as
// free), and of the limits on address space and data (ulimit -v, -d). `root`: a folder that stands for / (tests).
MemoryUse process_memory(const std::string& root = "");

}  // namespace phosphene
