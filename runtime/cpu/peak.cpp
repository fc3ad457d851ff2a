#include "runtime/cpu/peak.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "runtime/cpu/onednn.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

// Seconds of the fastest run but the first, which warms up.
template <class Work>
double fastest(const Work& work) {
  constexpr int kRepetitions = 6;
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int repetition = 0; repetition < kRepetitions; ++repetition) {
    stop_if_requested();
    const auto start = Clock::now();
    work();
    const double taken = std::chrono::duration<double>(Clock::now() - start).count();
    if (repetition == 1 || (repetition > 1 && taken < best)) best = taken;
  }
  return best;
}

double product_flops(DType storage) {
  constexpr int64_t kSize = 2048;
  using dnnl::memory;
  const memory::desc factor({kSize, kSize}, onednn_type(storage), memory::format_tag::ab);
  const memory::desc product({kSize, kSize}, memory::data_type::f32, memory::format_tag::ab);
  const dnnl::matmul matmul({dnnl::matmul::desc(factor, factor, product), onednn_engine()});
  const memory a(factor, onednn_engine()), b(factor, onednn_engine()), c(product, onednn_engine());
  for (const memory& one : {a, b}) std::memset(one.get_data_handle(), 0, factor.get_size());
  return 2.0 * kSize * kSize * kSize / fastest([&] {
           matmul.execute(onednn_stream(), {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}});
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

Peaks measure_cpu_peaks(int threads, DType storage) {
  const int before = omp_get_max_threads();
  if (threads > 0) omp_set_num_threads(threads);
  const Peaks peaks{onednn_checked("peak", [storage] { return product_flops(storage); }), copied_bytes()};
  omp_set_num_threads(before);
  return peaks;
}

}  // namespace phosphene
