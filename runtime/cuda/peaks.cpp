#include "runtime/cuda/peaks.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <span>
#include <vector>

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

// Numbers of either sign. Zeros would flatter the device: they cost less power, and so run at a higher clock.
void fill(Device& device, const DeviceMemory& memory, DType storage) {
  constexpr size_t kNumbers = 1 << 16;
  std::minstd_rand random(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> numbers(kNumbers);
  for (float& number : numbers) number = uniform(random);
  const std::vector<uint16_t> halves = to_bf16(numbers);
  const auto pattern =
      storage == DType::bf16 ? std::as_bytes(std::span(halves)) : std::as_bytes(std::span<const float>(numbers));
  const auto bytes = static_cast<size_t>(memory.bytes());
  size_t filled = std::min(pattern.size(), bytes);
  device.write(memory.data(), pattern.first(filled));
  while (filled < bytes) {  // what is there, once more behind it
    const size_t more = std::min(filled, bytes - filled);
    check_cuda(cudaMemcpyAsync(memory.data() + filled, memory.data(), more, cudaMemcpyDeviceToDevice, device.stream()),
               "a copy");
    filled += more;
  }
}

// Doubles the matrices until a product takes long enough for a launch not to count.
double product_flops(Device& device, const ProductTypes& types) {
  constexpr int kLeast = 256, kMax = 8192;
  constexpr double kLongEnough = 2e-3;
  for (int size = kLeast;; size *= 2) {
    const DeviceMemory a(size_of(types.storage) * size * size, device.stream()), b(a.bytes(), device.stream()),
        c(a.bytes(), device.stream());
    fill(device, a, types.storage);
    fill(device, b, types.storage);
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

double copied_bytes(Device& device) {
  constexpr int64_t kBytes = int64_t{256} << 20;
  const DeviceMemory from(kBytes, device.stream()), to(kBytes, device.stream());
  fill(device, from, DType::f32);
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
