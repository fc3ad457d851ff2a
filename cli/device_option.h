// --device and what goes with it, for every command that computes.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "runtime/device_choice.h"

namespace phosphene {

void add_device_options(CLI::App& command, DeviceOptions& options);

// --precision: of the network's numbers, f32 or bf16.
void add_precision_option(CLI::App& command, std::string& precision);

// With --verbose a line on stderr says which it is.
std::unique_ptr<Backend> open_device(const DeviceOptions& options);

}  // namespace phosphene
