// The objectives' kernels on the CPU.
#include "runtime/cpu/kernel_task.h"
#include "runtime/cpu/launches.h"
#include "runtime/launches/diversity.h"
#include "runtime/launches/objective.h"
#include "runtime/launches/style.h"

namespace phosphene {

std::unique_ptr<Task> make_objective_task(const Problem& problem, const Parallel& parallel) {
  return make_kernel_task(ObjectiveKernelProblems(), problem, parallel);
}

}  // namespace phosphene
