#include "runtime/cuda/peaks.h"

#include <algorithm>
#include <chrono>

#include "runtime/cuda/check.h"
#include "runtime/cuda/linear.h"

namespace phosphene {
namespace {

// Seconds of one run of `work`, the fastest of a few rounds of several: a launch costs microseconds.
template <class Work>
double fastest(const Device& device, const Work& work) {
  constexpr int kRounds = 4, kRuns = 8;
  using Clock = std::chrono::steady_clock;
  double best = 1e30;
  for (int round = 0; round < kRounds; ++round) {
    device.wait();
    const auto start = Clock::now();
    for (int run = 0; run < kRuns; ++run) work();
    device.wait();
    const double taken = std::chrono::duration<double>(Clock::now() - start).count() / kRuns;
    if (round > 0) best = std::min(best, taken);  // the first loads what it needs
  }
  return best;
}

// Doubles the matrices until a product takes long enough for a launch not to count.
double product_flops(Device& device, const ProductTypes& types) {
  constexpr int kLeast = 256, kMax = 8192;
  constexpr double kLongEnough = 2e-3;
  for (int size = kLeast;; size *= 2) {
    const DeviceMemory a(size_of(types.storage) * size * size, device.stream()), b(a.bytes(), device.stream()),
        c(a.bytes(), device.stream());
    const double seconds = fastest(device, [&] {
      const float one = 1, zero = 0;
      check_cublas(cublasGemmEx(device.cublas(), CUBLAS_OP_N, CUBLAS_OP_N, size, size, size, &one, a.data(), types.data,
                                size, b.data(), types.data, size, &zero, c.data(), types.data, size, types.compute,
                                CUBLAS_GEMM_DEFAULT),
                   "a matrix product");
    });
    if (seconds > kLongEnough || size == kMax) return 2.0 * size * size * size / seconds;
  }
}

double copied_bytes(const Device& device) {
  constexpr int64_t kBytes = int64_t{256} << 20;
  const DeviceMemory from(kBytes, device.stream()), to(kBytes, device.stream());
  return 2.0 * kBytes / fastest(device, [&] {
           check_cuda(cudaMemcpyAsync(to.data(), from.data(), kBytes, cudaMemcpyDeviceToDevice, device.stream()),
                      "a copy");
         });
}

}  // namespace

Peaks measure_cuda_peaks(Device& device, DType storage, bool tf32) {
  check_cublas(cublasSetStream(device.cublas(), device.stream()), "cuBLAS's stream");  // which takes its workspace away
  return {product_flops(device, product_types(storage, tf32)), copied_bytes(device)};
}

}  // namespace phosphene
