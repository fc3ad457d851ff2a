// Device code for g++: what a kernel's text uses of CUDA. Each thread of a block is a fiber; see fibers.cpp. To be included before
// the kernels.
#pragma once

#include <cuda_runtime.h>

#include <cstring>
#include <tuple>
#include <utility>

#include "tests/cuda_sim/sim.h"

#undef __shared__
#define __shared__ static  // blocks run one after the other

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

namespace phosphene::sim {

// Where a thread waits, for reports.
struct Site {
  const char* file = "";
  int line = 0;
  static constexpr Site here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) { return {file, line}; }
};

// Calls body() as every thread of every block, in an order from the seed.
void run_grid(dim3 grid, dim3 block, const std::function<void()>& body);

unsigned lane();
// What the warp's lane `source` gives in the same call; NaN bits where that lane is not in the mask or has returned.
uint64_t exchange(unsigned mask, uint64_t bits, unsigned source, Site where);
void barrier(Site where);

template <class T>
T shuffle(unsigned mask, T value, unsigned source, Site where) {
  static_assert(sizeof(T) <= sizeof(uint64_t));
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = exchange(mask, bits, source, where);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

// The launch of a kernel: Bind<&kernel>::from copies its arguments.
template <auto kKernel>
struct Bind;
template <class... Arguments, void (*kKernel)(Arguments...)>
struct Bind<kKernel> {
  static BoundKernel from(void** arguments) { return from(arguments, std::index_sequence_for<Arguments...>{}); }

 private:
  template <size_t... kIndex>
  static BoundKernel from([[maybe_unused]] void** arguments, std::index_sequence<kIndex...> /*all*/) {
    return [copies = std::tuple<Arguments...>(*static_cast<Arguments*>(arguments[kIndex])...)](dim3 grid, dim3 block) {
      run_grid(grid, block, [&] { std::apply(kKernel, copies); });
    };
  }
};

}  // namespace phosphene::sim

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32,
              phosphene::sim::Site where = phosphene::sim::Site::here()) {
  const auto within = static_cast<unsigned>(width - 1);
  const unsigned lane = phosphene::sim::lane();
  return phosphene::sim::shuffle(mask, value, (lane & ~within) | (static_cast<unsigned>(source) & within), where);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32,
                   phosphene::sim::Site where = phosphene::sim::Site::here()) {
  const auto within = static_cast<unsigned>(width - 1);
  const unsigned lane = phosphene::sim::lane();
  return phosphene::sim::shuffle(mask, value, (lane & within) + by <= within ? lane + by : lane, where);
}
inline void __syncwarp(unsigned mask = 0xffffffffU, phosphene::sim::Site where = phosphene::sim::Site::here()) {
  phosphene::sim::exchange(mask, 0, phosphene::sim::lane(), where);
}
inline void __syncthreads(phosphene::sim::Site where = phosphene::sim::Site::here()) { phosphene::sim::barrier(where); }
