// --device and what goes with it, for every command that computes.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "runtime/device_choice.h"

namespace phosphene {

void add_device_options(CLI::App& command, DeviceOptions& options);

// Where `auto` fell back to the CPU, a line on stderr says why.
std::unique_ptr<Backend> open_device(const DeviceOptions& options);

}  // namespace phosphene
