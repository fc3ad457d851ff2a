// What the simulated libraries and kernels ask of the simulated runtime, beyond CUDA's own API.
#pragma once

#include <cuda_runtime_api.h>

#include <bit>
#include <cstdint>
#include <functional>
#include <string>

namespace phosphene::sim {

// Ends the process with one line: where a GPU's behaviour would be undefined.
[[noreturn]] void die(const std::string& why);

// A number below `bound`. seed() begins anew; the first seed is SIMCUDA_SEED.
uint32_t random(uint32_t bound);
void seed(uint32_t value);

// Calls `run` when its turn in the stream comes, or stores it where the stream is being captured.
cudaError_t enqueue(cudaStream_t stream, std::string what, std::function<void()> run);

// To be called by what runs: dies unless [data, data + bytes) lies in one allocation of the device.
void require_device(const void* data, size_t bytes, const std::string& role);

// Scratch memory is full of garbage whenever an operation starts; dies unless it is the device's.
void spoil_workspace(void* workspace, size_t bytes);

// A kernel with its arguments copied, as a launch does.
using BoundKernel = std::function<void(dim3 grid, dim3 block)>;
using BindKernel = BoundKernel (*)(void** arguments);
void register_kernel(const std::string& mangled, BindKernel bind);

inline float from_bfloat16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
// To nearest, ties to even; a NaN stays one.
inline uint16_t to_bfloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if (value != value) return static_cast<uint16_t>(bits >> 16 | 0x40U);
  return static_cast<uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

}  // namespace phosphene::sim
