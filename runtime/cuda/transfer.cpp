#include "runtime/cuda/transfer.h"

#include "runtime/cuda/check.h"

namespace phosphene {

CudaTransfer::CudaTransfer(const Device& device, const std::byte* src, int64_t bytes)
    : memory_(static_cast<size_t>(bytes)) {
  check_cuda(cudaEventCreateWithFlags(&written_, cudaEventDisableTiming), "an event");
  check_cuda(cudaEventCreateWithFlags(&copied_, cudaEventDisableTiming), "an event");
  check_cuda(cudaEventRecord(written_, device.stream()), "an event");
  check_cuda(cudaStreamWaitEvent(device.copies(), written_, 0), "waiting for an event");
  check_cuda(cudaMemcpyAsync(memory_.data(), src, memory_.bytes(), cudaMemcpyDeviceToHost, device.copies()),
             "a copy from the GPU");
  check_cuda(cudaEventRecord(copied_, device.copies()), "an event");
}

CudaTransfer::~CudaTransfer() {
  cudaEventSynchronize(copied_);  // the copy writes to memory_
  cudaEventDestroy(copied_);
  cudaEventDestroy(written_);
}

bool CudaTransfer::done() const {
  const cudaError_t status = cudaEventQuery(copied_);
  if (status != cudaErrorNotReady) check_cuda(status, "a copy from the GPU");
  return status == cudaSuccess;
}

std::span<const std::byte> CudaTransfer::bytes() {
  check_cuda(cudaEventSynchronize(copied_), "a copy from the GPU");
  return {memory_.data(), memory_.bytes()};
}

}  // namespace phosphene
