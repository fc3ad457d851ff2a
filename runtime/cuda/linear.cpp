#include "runtime/cuda/linear.h"

#include "runtime/cuda/check.h"

namespace phosphene {
namespace {

// dst (rows x outputs) = src (rows x inputs) * matrix^T (+ bias), or backward: grad_src (rows x inputs) = grad_dst * matrix, with
// the matrix outputs x inputs, everything row-major: transposed for cuBLAS, which thinks in columns.
class LinearTask final : public Task {
 public:
  struct Sizes {
    int64_t rows, inputs, outputs;
    DType storage;
  };
  LinearTask(Device& device, std::shared_ptr<DeviceMemory> matrix, std::shared_ptr<DeviceMemory> bias,
             const Sizes& sizes, bool backward, bool tf32)
      : device_(device),
        matrix_(std::move(matrix)),
        bias_(std::move(bias)),
        rows_(static_cast<int>(sizes.rows)),
        inputs_(static_cast<int>(sizes.inputs)),
        outputs_(static_cast<int>(sizes.outputs)),
        backward_(backward),
        types_(product_types(sizes.storage, tf32)) {}

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    src_ = operands[0];
    dst_ = operands[1];
    workspace_ = workspace;
  }

  void run() override {
    check_cublas(cublasSetWorkspace(device_.cublas(), workspace_, static_cast<size_t>(kCublasWorkspaceBytes)),
                 "the workspace");
    if (bias_ != nullptr) {
      check_cuda(cudaMemcpyAsync(dst_, bias_->data(), static_cast<size_t>(bias_->bytes()), cudaMemcpyDeviceToDevice,
                                 device_.stream()),
                 "a bias");
    }
    if (backward_) {
      multiply(CUBLAS_OP_N, inputs_, outputs_, "a linear layer's gradient");
    } else {
      multiply(CUBLAS_OP_T, outputs_, inputs_, "a linear layer");
    }
  }

 private:
  void multiply(cublasOperation_t matrix_as, int to, int from, const char* what) {
    const float one = 1, beta = bias_ == nullptr ? 0.F : 1.F;
    check_cublas(cublasGemmEx(device_.cublas(), matrix_as, CUBLAS_OP_N, to, rows_, from, &one, matrix_->data(),
                              types_.data, inputs_, src_, types_.data, from, &beta, dst_, types_.data, to,
                              types_.compute, CUBLAS_GEMM_DEFAULT),
                 what);
  }

  Device& device_;
  std::shared_ptr<DeviceMemory> matrix_, bias_;
  int rows_, inputs_, outputs_;
  bool backward_;
  ProductTypes types_;
  const std::byte* src_ = nullptr;
  std::byte* dst_ = nullptr;
  std::byte* workspace_ = nullptr;
};

PlannedTask planned(std::unique_ptr<Task> task, DType storage, int64_t constant_bytes) {
  PlannedTask planned;
  planned.implementation = storage == DType::bf16 ? "cublas bf16" : "cublas f32";
  planned.attempts = {{planned.implementation, ""}};
  planned.workspace_bytes = kCublasWorkspaceBytes;
  planned.constant_bytes = constant_bytes;
  planned.task = std::move(task);
  return planned;
}

}  // namespace

ProductTypes product_types(DType storage, bool tf32) {
  if (storage == DType::bf16) return {storage, CUDA_R_16BF, CUBLAS_COMPUTE_32F};
  return {storage, CUDA_R_32F, tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F_PEDANTIC};
}

PlannedTask plan_linear(Device& device, DeviceWeights& weights, const LinearProblem& problem, bool tf32) {
  const DType storage = problem.storage;
  auto matrix = weights.matrix(problem.weights, problem.src, storage);
  auto bias = problem.bias.data == nullptr ? nullptr : weights.repeated(problem.bias, problem.src.n, storage);
  const int64_t bytes = matrix->bytes() + (bias == nullptr ? 0 : bias->bytes());
  const LinearTask::Sizes sizes{problem.src.n, problem.src.elements() / problem.src.n, problem.k, storage};
  return planned(std::make_unique<LinearTask>(device, std::move(matrix), std::move(bias), sizes, false, tf32), storage,
                 bytes);
}

PlannedTask plan_linear(Device& device, DeviceWeights& weights, const LinearBackwardProblem& problem, bool tf32) {
  const DType storage = problem.storage;
  const LinearTask::Sizes sizes{problem.src.n, problem.src.elements() / problem.src.n, problem.k, storage};
  auto matrix = weights.matrix(problem.weights, problem.src, storage);
  return planned(std::make_unique<LinearTask>(device, std::move(matrix), nullptr, sizes, true, tf32), storage, 0);
}

}  // namespace phosphene
