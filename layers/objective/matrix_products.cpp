#include "layers/objective/matrix_products.h"

#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

// Whether a matrix of rows x columns from element `first` on lies within a value.
bool fits(int64_t first, int64_t rows, int64_t columns, int64_t pitch, const TensorInfo& info) {
  return first >= 0 && columns <= pitch && first + (rows - 1) * pitch + columns <= info.shape.elements();
}

}  // namespace

std::vector<TensorInfo> MatrixProducts::infer(std::span<const TensorInfo> src) const {
  if (src[0].dtype != src[1].dtype) fail_internal("", "matrix products of two different storage types");
  for (const MatrixProduct& p : products_) {
    const bool a = fits(p.a, p.transpose_a ? p.k : p.m, p.transpose_a ? p.m : p.k, p.a_pitch, src[0]);
    const bool b = fits(p.b, p.transpose_b ? p.n : p.k, p.transpose_b ? p.k : p.n, p.b_pitch, src[1]);
    if (!a || !b || !fits(p.dst, p.m, p.n, p.dst_pitch, dst_)) {
      fail_internal("", "a {} x {} x {} product outside {}, {} or {}", p.m, p.n, p.k, to_string(src[0].shape),
                    to_string(src[1].shape), to_string(dst_.shape));
    }
  }
  return {dst_};
}

Problem MatrixProducts::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const {
  return MatrixProductsProblem{products_, src[0].dtype, dst[0].dtype};
}

}  // namespace phosphene
