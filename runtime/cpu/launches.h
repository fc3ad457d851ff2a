// Our own kernels on the CPU. Each function gives the task of a problem of its subject, and null for any other. They are compiled
// apart (launches_<subject>.cpp), so that a kernel that is touched recompiles those of its subject alone.
#pragma once

#include <memory>

#include "runtime/backend.h"
#include "runtime/cpu/parallel.h"

namespace phosphene {

std::unique_ptr<Task> make_network_task(const Problem& problem, const Parallel& parallel);
std::unique_ptr<Task> make_arithmetic_task(const Problem& problem, const Parallel& parallel);
std::unique_ptr<Task> make_activation_task(const Problem& problem, const Parallel& parallel);
std::unique_ptr<Task> make_image_task(const Problem& problem, const Parallel& parallel);
std::unique_ptr<Task> make_transform_task(const Problem& problem, const Parallel& parallel);
std::unique_ptr<Task> make_objective_task(const Problem& problem, const Parallel& parallel);
std::unique_ptr<Task> make_penalty_task(const Problem& problem, const Parallel& parallel);
std::unique_ptr<Task> make_rearrange_task(const Problem& problem, const Parallel& parallel);
std::unique_ptr<Task> make_optimiser_task(const Problem& problem, const Parallel& parallel);

}  // namespace phosphene
