// Every status of a CUDA library goes through here: an error names the call's subject and what the library says.
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <cudnn.h>
#include <cufft.h>

#include <string>

namespace phosphene {

void check_cuda(cudaError_t status, const char* what);
void check_cudnn(cudnnStatus_t status, const char* what);
void check_cufft(cufftResult status, const char* what);
void check_cublas(cublasStatus_t status, const char* what);

// cuDNN's own words for what went wrong last on this thread.
std::string cudnn_message(cudnnStatus_t status);

}  // namespace phosphene
