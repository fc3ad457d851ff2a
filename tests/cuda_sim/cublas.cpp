// libcublas.so.13 without a GPU: matrix products by their definition, column-major, added up in double precision.
#include <cublas_v2.h>

#include <algorithm>
#include <set>

#include "tests/cuda_sim/sim.h"

struct cublasContext {
  cudaStream_t stream = nullptr;
  void* workspace = nullptr;
  size_t workspace_bytes = 0;
};

namespace phosphene::sim {
namespace {

constexpr uintptr_t kWorkspaceAlignment = 256;

std::set<cublasHandle_t>& handles() {
  static auto* handles = new std::set<cublasHandle_t>;
  return *handles;
}

// A matrix in memory; (row, column) after transposition.
struct Matrix {
  const void* data;
  bool bfloat16, transposed;
  int64_t pitch;

  [[nodiscard]] size_t index(int64_t row, int64_t column) const {
    return static_cast<size_t>(transposed ? row * pitch + column : column * pitch + row);
  }
  [[nodiscard]] float at(int64_t row, int64_t column) const {
    const size_t i = index(row, column);
    return bfloat16 ? from_bfloat16(static_cast<const uint16_t*>(data)[i]) : static_cast<const float*>(data)[i];
  }
  void put(int64_t row, int64_t column, float value) const {
    const size_t i = index(row, column);
    if (bfloat16) {
      static_cast<uint16_t*>(const_cast<void*>(data))[i] = to_bfloat16(value);
    } else {
      static_cast<float*>(const_cast<void*>(data))[i] = value;
    }
  }
  void require(int64_t rows, int64_t columns, const char* role) const {
    require_device(data, (index(rows - 1, columns - 1) + 1) * (bfloat16 ? sizeof(uint16_t) : sizeof(float)), role);
  }
};

struct Product {
  int64_t m, n, k;
  float alpha, beta;
  Matrix a, b, c;

  void run() const {
    if (k > 0) a.require(m, k, "A");
    if (k > 0) b.require(k, n, "B");
    c.require(m, n, "C");
    for (int64_t column = 0; column < n; ++column) {
      for (int64_t row = 0; row < m; ++row) {
        double sum = 0;
        for (int64_t i = 0; i < k; ++i) sum += double{a.at(row, i)} * double{b.at(i, column)};
        // With beta 0, C need not hold numbers.
        const double kept = beta == 0 ? 0 : double{beta} * double{c.at(row, column)};
        c.put(row, column, static_cast<float>(alpha * sum + kept));
      }
    }
  }
};

cublasStatus_t multiply(cublasHandle_t handle, const Product& product) {
  if (!handles().contains(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  const auto& [m, n, k, alpha, beta, a, b, c] = product;
  if (m < 0 || n < 0 || k < 0 || a.pitch < std::max<int64_t>(1, a.transposed ? k : m) ||
      b.pitch < std::max<int64_t>(1, b.transposed ? n : k) || c.pitch < std::max<int64_t>(1, m))
    return CUBLAS_STATUS_INVALID_VALUE;
  if (m == 0 || n == 0) return CUBLAS_STATUS_SUCCESS;
  const auto run = [product, workspace = handle->workspace, bytes = handle->workspace_bytes] {
    if (workspace != nullptr) spoil_workspace(workspace, bytes);
    product.run();
  };
  return enqueue(handle->stream, "a matrix product", run) == cudaSuccess ? CUBLAS_STATUS_SUCCESS
                                                                         : CUBLAS_STATUS_EXECUTION_FAILED;
}

}  // namespace
}  // namespace phosphene::sim

using namespace phosphene::sim;  // NOLINT: the rest is C

extern "C" {

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess) return CUBLAS_STATUS_NOT_INITIALIZED;
  handles().insert(*handle = new cublasContext);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
  if (handles().erase(handle) == 0) return CUBLAS_STATUS_NOT_INITIALIZED;
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
  if (!handles().contains(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  *handle = {stream};  // which gives up the workspace too
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, size_t bytes) {
  if (!handles().contains(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (reinterpret_cast<uintptr_t>(workspace) % kWorkspaceAlignment != 0) return CUBLAS_STATUS_INVALID_VALUE;
  handle->workspace = workspace;
  handle->workspace_bytes = bytes;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t /*mode*/) {
  return handles().contains(handle) ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_INITIALIZED;
}
cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n,
                            int k, const void* alpha, const void* a, cudaDataType a_type, int lda, const void* b,
                            cudaDataType b_type, int ldb, const void* beta, void* c, cudaDataType c_type, int ldc,
                            cublasComputeType_t compute, cublasGemmAlgo_t /*algorithm*/) {
  const auto known = [](cudaDataType type) { return type == CUDA_R_32F || type == CUDA_R_16BF; };
  if (!known(a_type) || a_type != b_type || !known(c_type) || (a_type == CUDA_R_32F && c_type != CUDA_R_32F) ||
      (compute != CUBLAS_COMPUTE_32F && compute != CUBLAS_COMPUTE_32F_PEDANTIC &&
       compute != CUBLAS_COMPUTE_32F_FAST_TF32))
    return CUBLAS_STATUS_NOT_SUPPORTED;
  return multiply(handle, {m,
                           n,
                           k,
                           *static_cast<const float*>(alpha),
                           *static_cast<const float*>(beta),
                           {a, a_type == CUDA_R_16BF, transa != CUBLAS_OP_N, lda},
                           {b, b_type == CUDA_R_16BF, transb != CUBLAS_OP_N, ldb},
                           {c, c_type == CUDA_R_16BF, false, ldc}});
}
cublasStatus_t cublasSgemm_v2(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n,
                              int k, const float* alpha, const float* a, int lda, const float* b, int ldb,
                              const float* beta, float* c, int ldc) {
  return cublasGemmEx(handle, transa, transb, m, n, k, alpha, a, CUDA_R_32F, lda, b, CUDA_R_32F, ldb, beta, c,
                      CUDA_R_32F, ldc, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
}
const char* cublasGetStatusString(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return "success";
    case CUBLAS_STATUS_NOT_INITIALIZED:
      return "the library was not initialized";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "an unsupported value or parameter was passed to the function";
    case CUBLAS_STATUS_NOT_SUPPORTED:
      return "the functionality requested is not supported";
    default:
      return "the requested functionality failed";
  }
}
}
