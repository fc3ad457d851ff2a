// oneDNN's float32 matrix product, so used that no number of threads changes a sum's order.
#pragma once

#include <dnnl.h>

#include <cstdint>
#include <vector>

#include "runtime/error.h"

namespace phosphene {

// Rows handled by one call, each call by one thread: fixed.
inline constexpr int64_t kGemmRows = 64;

// c = a b + beta c, row-major, on the calling thread; it must be inside Parallel::spread.
inline void gemm(char transpose_a, char transpose_b, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
                 const float* b, int64_t ldb, float beta, float* c, int64_t ldc) {
  const dnnl_status_t status = dnnl_sgemm(transpose_a, transpose_b, m, n, k, 1.F, a, lda, b, ldb, beta, c, ldc);
  if (status != dnnl_success) fail_internal("matrix product", "oneDNN's sgemm returned {}", static_cast<int>(status));
}

// oneDNN writes the code of its products (3 MB of it) when it is first asked for one: planning does so, that no step has to.
inline void prepare_gemm() {
  static const bool done = [] {
    const std::vector<float> a(kGemmRows * kGemmRows);
    std::vector<float> c(kGemmRows * kGemmRows);
    gemm('N', 'N', kGemmRows, kGemmRows, kGemmRows, a.data(), kGemmRows, a.data(), kGemmRows, 0, c.data(), kGemmRows);
    return true;
  }();
  static_cast<void>(done);
}

}  // namespace phosphene
