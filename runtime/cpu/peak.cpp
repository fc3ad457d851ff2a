#include "runtime/cpu/peak.h"

#include <dnnl.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "runtime/error.h"

namespace phosphene {

double measure_sgemm_peak(int threads) {
  constexpr int64_t kSize = 2048;
  constexpr int kRepetitions = 6;  // the first of them warms up
  using Clock = std::chrono::steady_clock;
  const std::vector<float> a(kSize * kSize, 1.F), b(kSize * kSize, 1.F);
  std::vector<float> c(kSize * kSize);
  const int before = omp_get_max_threads();
  if (threads > 0) omp_set_num_threads(threads);
  double best = 0;
  for (int repetition = 0; repetition < kRepetitions; ++repetition) {
    const auto start = Clock::now();
    if (dnnl_sgemm('N', 'N', kSize, kSize, kSize, 1.F, a.data(), kSize, b.data(), kSize, 0.F, c.data(), kSize) !=
        dnnl_success)
      fail_internal("sgemm peak", "oneDNN refused a matrix product");
    const std::chrono::duration<double> taken = Clock::now() - start;
    if (repetition > 0) best = std::max(best, 2.0 * kSize * kSize * kSize / taken.count() * 1e-9);
  }
  omp_set_num_threads(before);
  return best;
}

}  // namespace phosphene
