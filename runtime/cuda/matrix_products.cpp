#include "runtime/cuda/matrix_products.h"

#include "runtime/cuda/check.h"
#include "runtime/cuda/linear.h"

namespace phosphene {
namespace {

class MatrixProductsTask final : public Task {
 public:
  MatrixProductsTask(Device& device, MatrixProductsProblem problem, bool tf32)
      : device_(device),
        problem_(std::move(problem)),
        types_(product_types(problem_.storage, tf32)),
        dst_type_(product_types(problem_.dst_storage, tf32).data) {}

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    a_ = operands[0];
    b_ = operands[1];
    dst_ = operands[2];
    workspace_ = workspace;
  }

  void run() override {
    check_cublas(cublasSetWorkspace(device_.cublas(), workspace_, static_cast<size_t>(kCublasWorkspaceBytes)),
                 "the workspace");
    for (const MatrixProduct& product : problem_.products) multiply(product);
  }

 private:
  // Row-major dst = a b is, column-major, dst = b a.
  void multiply(const MatrixProduct& p) const {
    const float one = 1, zero = 0;
    const auto i = [](int64_t value) { return static_cast<int>(value); };
    const int64_t bytes = size_of(problem_.storage);
    check_cublas(cublasGemmEx(device_.cublas(), p.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N,
                              p.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N, i(p.n), i(p.m), i(p.k), &one, b_ + p.b * bytes,
                              types_.data, i(p.b_pitch), a_ + p.a * bytes, types_.data, i(p.a_pitch), &zero,
                              dst_ + p.dst * size_of(problem_.dst_storage), dst_type_, i(p.dst_pitch), types_.compute,
                              CUBLAS_GEMM_DEFAULT),
                 "a matrix product");
  }

  Device& device_;
  MatrixProductsProblem problem_;
  ProductTypes types_;
  cudaDataType dst_type_;
  const std::byte *a_ = nullptr, *b_ = nullptr;
  std::byte* dst_ = nullptr;
  std::byte* workspace_ = nullptr;
};

}  // namespace

PlannedTask plan_matrix_products(Device& device, const MatrixProductsProblem& problem, bool tf32) {
  PlannedTask planned;
  planned.implementation = problem.storage == DType::bf16 ? "cublas bf16" : "cublas f32";
  planned.attempts = {{planned.implementation, ""}};
  planned.workspace_bytes = kCublasWorkspaceBytes;
  planned.task = std::make_unique<MatrixProductsTask>(device, problem, tf32);
  return planned;
}

}  // namespace phosphene
