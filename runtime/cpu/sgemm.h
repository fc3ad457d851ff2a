// oneDNN's float32 matrix product, so used that no number of threads changes a sum's order.
#pragma once

#include <dnnl.h>

#include <cstdint>

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

}  // namespace phosphene
