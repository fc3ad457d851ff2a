#include "runtime/cpu/matrix_products.h"

#include <algorithm>

#include "runtime/cpu/sgemm.h"

namespace phosphene {
namespace {

class MatrixProductsTask final : public Task {
 public:
  MatrixProductsTask(const std::vector<MatrixProduct>& products, const Parallel& parallel) : parallel_(parallel) {
    for (const MatrixProduct& product : products) {
      for (int64_t row = 0; row < product.m; row += kGemmRows) {
        MatrixProduct block = product;
        block.m = std::min(kGemmRows, product.m - row);
        block.a += product.transpose_a ? row : row * product.a_pitch;
        block.dst += row * product.dst_pitch;
        blocks_.push_back(block);
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
    });
  }

 private:
  std::vector<MatrixProduct> blocks_;
  Parallel parallel_;
  const float *a_ = nullptr, *b_ = nullptr;
  float* dst_ = nullptr;
};

}  // namespace

PlannedTask plan_matrix_products(const MatrixProductsProblem& problem, const Parallel& parallel) {
  PlannedTask planned;
  planned.implementation = "onednn sgemm";
  planned.considerations = {{planned.implementation, ""}};
  planned.task = std::make_unique<MatrixProductsTask>(problem.products, parallel);
  return planned;
}

}  // namespace phosphene
