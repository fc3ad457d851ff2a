#include "runtime/cuda/check.h"

#include "runtime/error.h"

namespace phosphene {

void check_cuda(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  // Too little memory is the user's problem; every other failure here is ours.
  if (status == cudaErrorMemoryAllocation)
    fail("GPU memory", "{}: there is not enough; a smaller batch or size may fit", what);
  fail_internal("CUDA", "{}: {} ({})", what, cudaGetErrorString(status), static_cast<int>(status));
}

std::string cudnn_message(cudnnStatus_t status) {
  char detail[512] = {};
  cudnnGetLastErrorString(detail, sizeof(detail));
  return detail[0] == '\0' ? cudnnGetErrorString(status) : fmt::format("{}, {}", cudnnGetErrorString(status), detail);
}

void check_cudnn(cudnnStatus_t status, const char* what) {
  if (status != CUDNN_STATUS_SUCCESS) fail_internal("cuDNN", "{}: {}", what, cudnn_message(status));
}

void check_cufft(cufftResult status, const char* what) {
  if (status != CUFFT_SUCCESS) fail_internal("cuFFT", "{}: error {}", what, static_cast<int>(status));
}

void check_cublas(cublasStatus_t status, const char* what) {
  if (status != CUBLAS_STATUS_SUCCESS) fail_internal("cuBLAS", "{}: {}", what, cublasGetStatusString(status));
}

}  // namespace phosphene
