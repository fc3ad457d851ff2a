#include "runtime/cuda/linear.h"

#include "runtime/cuda/check.h"

namespace phosphene {
namespace {

// cuBLAS takes its scratch memory from the arena, so that a recorded step owns all it touches. 32 MiB is what cuBLAS asks for on
// sm_90 and more than anywhere else (cuBLAS documentation, cublasSetWorkspace); a linear layer's arena has it anyway.
constexpr int64_t kWorkspaceBytes = int64_t{32} << 20;

// dst (rows x outputs) = src (rows x inputs) * matrix^T (+ bias), or backward: grad_src (rows x inputs) = grad_dst * matrix, with
// the matrix outputs x inputs, everything row-major: transposed for cuBLAS, which thinks in columns.
class LinearTask final : public Task {
 public:
  LinearTask(Device& device, std::shared_ptr<DeviceMemory> matrix, std::shared_ptr<DeviceMemory> bias, int64_t rows,
             int64_t inputs, int64_t outputs, bool backward, bool tf32)
      : device_(device),
        matrix_(std::move(matrix)),
        bias_(std::move(bias)),
        rows_(static_cast<int>(rows)),
        inputs_(static_cast<int>(inputs)),
        outputs_(static_cast<int>(outputs)),
        backward_(backward),
        tf32_(tf32) {}

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    src_ = reinterpret_cast<const float*>(operands[0]);
    dst_ = reinterpret_cast<float*>(operands[1]);
    workspace_ = workspace;
  }

  void run() override {
    cublasHandle_t handle = device_.cublas();
    check_cublas(cublasSetWorkspace(handle, workspace_, static_cast<size_t>(kWorkspaceBytes)), "the workspace");
    check_cublas(cublasSetMathMode(handle, tf32_ ? CUBLAS_TF32_TENSOR_OP_MATH : CUBLAS_PEDANTIC_MATH), "the precision");
    const float one = 1, beta = bias_ == nullptr ? 0.F : 1.F;
    if (bias_ != nullptr) {
      check_cuda(cudaMemcpyAsync(dst_, bias_->data(), static_cast<size_t>(bias_->bytes()), cudaMemcpyDeviceToDevice,
                                 device_.stream()),
                 "a bias");
    }
    const auto* matrix = reinterpret_cast<const float*>(matrix_->data());
    if (backward_) {
      check_cublas(cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, inputs_, rows_, outputs_, &one, matrix, inputs_, src_,
                               outputs_, &beta, dst_, inputs_),
                   "a linear layer's gradient");
    } else {
      check_cublas(cublasSgemm(handle, CUBLAS_OP_T, CUBLAS_OP_N, outputs_, rows_, inputs_, &one, matrix, inputs_, src_,
                               inputs_, &beta, dst_, outputs_),
                   "a linear layer");
    }
  }

 private:
  Device& device_;
  std::shared_ptr<DeviceMemory> matrix_, bias_;
  int rows_, inputs_, outputs_;
  bool backward_, tf32_;
  const float* src_ = nullptr;
  float* dst_ = nullptr;
  std::byte* workspace_ = nullptr;
};

PlannedTask planned(std::unique_ptr<Task> task, int64_t constant_bytes) {
  PlannedTask planned;
  planned.implementation = "cublas sgemm";
  planned.considerations = {{planned.implementation, ""}};
  planned.workspace_bytes = kWorkspaceBytes;
  planned.constant_bytes = constant_bytes;
  planned.task = std::move(task);
  return planned;
}

}  // namespace

PlannedTask plan_linear(Device& device, DeviceWeights& weights, const LinearProblem& problem, bool tf32) {
  auto matrix = weights.matrix(problem.weights, problem.src);
  auto bias = problem.bias.data == nullptr ? nullptr : weights.repeated(problem.bias, problem.src.n);
  const int64_t bytes = matrix->bytes() + (bias == nullptr ? 0 : bias->bytes());
  const int64_t inputs = problem.src.elements() / problem.src.n;
  return planned(std::make_unique<LinearTask>(device, std::move(matrix), std::move(bias), problem.src.n, inputs,
                                              problem.k, false, tf32),
                 bytes);
}

PlannedTask plan_linear(Device& device, DeviceWeights& weights, const LinearBackwardProblem& problem, bool tf32) {
  const int64_t inputs = problem.src.elements() / problem.src.n;
  return planned(std::make_unique<LinearTask>(device, weights.matrix(problem.weights, problem.src), nullptr,
                                              problem.src.n, inputs, problem.k, true, tf32),
                 0);
}

}  // namespace phosphene
