// The network's kernels on the CPU.
#include "runtime/cpu/kernel_task.h"
#include "runtime/cpu/launches.h"
#include "runtime/launches/network.h"

namespace phosphene {

std::unique_ptr<Task> make_network_task(const Problem& problem, const Parallel& parallel) {
  return make_kernel_task(NetworkKernelProblems(), problem, parallel);
}

}  // namespace phosphene
