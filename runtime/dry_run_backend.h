// A backend that computes nothing: a program on it is a GPU's plan on paper, with its fusions, operands, FLOPs and memory.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/backend.h"

namespace phosphene {

// Fuses gradients as the CUDA backend does, with TF32 or without. `implement`, when given, is asked for each problem's implementation.
using Implement = std::function<PlannedTask(const Problem& problem, const std::string& where)>;
std::unique_ptr<Backend> make_dry_run_backend(Implement implement = {}, bool tf32 = false);

}  // namespace phosphene
