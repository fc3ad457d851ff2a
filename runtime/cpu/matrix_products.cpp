#include "runtime/cpu/matrix_products.h"

#include <algorithm>

#include "kernels/host_device.h"
#include "runtime/cpu/sgemm.h"

namespace phosphene {
namespace {

class MatrixProductsTask final : public Task {
 public:
  MatrixProductsTask(const std::vector<MatrixProduct>& products, const Parallel& parallel) : parallel_(parallel) {
    for (const MatrixProduct& product : products) {
      const int64_t blocks = (product.m + kGemmRows - 1) / kGemmRows;
      for (int64_t i = 0; i < blocks; ++i) {
        // Of a symmetric one from both ends: neighbours then make equal work.
        const int64_t at = !product.symmetric ? i : i % 2 == 0 ? i / 2 : blocks - 1 - i / 2;
        blocks_.push_back(block_of(product, at * kGemmRows));
      }
    }
  }

  void bind(std::span<std::byte* const> operands, std::byte* /*workspace*/) override {
    a_ = reinterpret_cast<const float*>(operands[0]);
    b_ = reinterpret_cast<const float*>(operands[1]);
    dst_ = reinterpret_cast<float*>(operands[2]);
  }

  void run() override {
    parallel_.spread(std::ssize(blocks_), [&](int64_t part) {
      const MatrixProduct& p = blocks_[static_cast<size_t>(part)];
      gemm(p.transpose_a ? 'T' : 'N', p.transpose_b ? 'T' : 'N', p.m, p.n, p.k, a_ + p.a, p.a_pitch, b_ + p.b,
           p.b_pitch, 0, dst_ + p.dst, p.dst_pitch);
      if (p.symmetric) mirror(p);
    });
  }

 private:
  // Rows from `row` on; of a symmetric product up to the diagonal.
  static MatrixProduct block_of(MatrixProduct product, int64_t row) {
    product.m = std::min(kGemmRows, product.m - row);
    product.a += product.transpose_a ? row : row * product.a_pitch;
    product.dst += row * product.dst_pitch;
    if (product.symmetric) product.n = row + product.m;
    return product;
  }

  // What stands before the diagonal's block, to where it stands transposed.
  void mirror(const MatrixProduct& p) const {
    const int64_t row = p.n - p.m;
    const float* PHOSPHENE_RESTRICT from = dst_ + p.dst;
    float* PHOSPHENE_RESTRICT to = dst_ + p.dst - row * p.dst_pitch + row;
    for (int64_t j = 0; j < row; ++j)
      for (int64_t i = 0; i < p.m; ++i) to[j * p.dst_pitch + i] = from[i * p.dst_pitch + j];
  }

  std::vector<MatrixProduct> blocks_;
  Parallel parallel_;
  const float *a_ = nullptr, *b_ = nullptr;
  float* dst_ = nullptr;
};

}  // namespace

PlannedTask plan_matrix_products(const MatrixProductsProblem& problem, const Parallel& parallel) {
  prepare_gemm();
  PlannedTask planned;
  planned.implementation = "onednn sgemm";
  planned.considerations = {{planned.implementation, ""}};
  planned.task = std::make_unique<MatrixProductsTask>(problem.products, parallel);
  return planned;
}

}  // namespace phosphene
