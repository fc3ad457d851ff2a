#include "runtime/cpu/peak.h"

#include <dnnl.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "runtime/error.h"

namespace phosphene {
namespace {

// Seconds of the fastest run but the first, which warms up.
template <class Work>
double fastest(const Work& work) {
  constexpr int kRepetitions = 6;
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int repetition = 0; repetition < kRepetitions; ++repetition) {
    const auto start = Clock::now();
    work();
    const double taken = std::chrono::duration<double>(Clock::now() - start).count();
    if (repetition == 1 || (repetition > 1 && taken < best)) best = taken;
  }
  return best;
}

double product_flops() {
  constexpr int64_t kSize = 2048;
  const std::vector<float> a(kSize * kSize, 1.F), b(kSize * kSize, 1.F);
  std::vector<float> c(kSize * kSize);
  return 2.0 * kSize * kSize * kSize / fastest([&] {
           if (dnnl_sgemm('N', 'N', kSize, kSize, kSize, 1.F, a.data(), kSize, b.data(), kSize, 0.F, c.data(), kSize) !=
               dnnl_success)
             fail_internal("peak", "oneDNN refused a matrix product");
         });
}

double copied_bytes() {
  constexpr int64_t kBytes = int64_t{64} << 20, kParts = 64, kPart = kBytes / kParts;
  std::vector<std::byte> from(kBytes, std::byte{1}), to(kBytes);
  return 2.0 * kBytes / fastest([&] {
#pragma omp parallel for
           for (int64_t part = 0; part < kParts; ++part)
             std::memcpy(to.data() + part * kPart, from.data() + part * kPart, kPart);
         });
}

}  // namespace

Peaks measure_cpu_peaks(int threads) {
  const int before = omp_get_max_threads();
  if (threads > 0) omp_set_num_threads(threads);
  const Peaks peaks{product_flops(), copied_bytes()};
  omp_set_num_threads(before);
  return peaks;
}

}  // namespace phosphene
