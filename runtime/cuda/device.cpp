#include "runtime/cuda/device.h"

#include <algorithm>
#include <cstring>

#include "runtime/cuda/check.h"
#include "runtime/cuda/cudnn_parts.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr size_t kStagingBytes = size_t{4} << 20;

}  // namespace

DeviceMemory::DeviceMemory(int64_t bytes, cudaStream_t stream) : bytes_(bytes) {
  void* data = nullptr;
  const std::string what = fmt::format("{} MB", bytes / 1'000'000);
  const cudaError_t status = cudaMalloc(&data, static_cast<size_t>(std::max<int64_t>(bytes, 1)));
  if (status == cudaErrorMemoryAllocation) {  // another process may have taken it since it was asked for
    cudaGetLastError();
    throw OutOfMemory(Blame::user, "GPU memory", what + ": there is not enough; a smaller batch or size may fit");
  }
  check_cuda(status, what.c_str());
  data_ = static_cast<std::byte*>(data);
  check_cuda(cudaMemsetAsync(data_, 0, static_cast<size_t>(bytes), stream), "zeroing memory");
}

DeviceMemory::~DeviceMemory() { cudaFree(data_); }

PinnedMemory::PinnedMemory(size_t bytes) : bytes_(bytes) {
  void* data = nullptr;
  check_cuda(cudaMallocHost(&data, bytes), "pinned memory");
  data_ = static_cast<std::byte*>(data);
}

PinnedMemory::~PinnedMemory() { cudaFreeHost(data_); }

Device::Device(int gpu) {
  check_cuda(cudaSetDevice(gpu), "the choice of a device");
  cudaDeviceProp properties{};
  check_cuda(cudaGetDeviceProperties(&properties, gpu), "the device's properties");
  name_ = fmt::format("{}, sm_{}{}", properties.name, properties.major, properties.minor);
  major_ = properties.major;
  check_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "a stream");
  check_cuda(cudaStreamCreateWithFlags(&copies_, cudaStreamNonBlocking), "a stream for copies");
  warning_ = open_cudnn_parts();
  check_cudnn(cudnnCreate(&cudnn_), "cuDNN's start");
  check_cudnn(cudnnSetStream(cudnn_, stream_), "cuDNN's stream");
  check_cublas(cublasCreate(&cublas_), "cuBLAS's start");
  check_cublas(cublasSetStream(cublas_, stream_), "cuBLAS's stream");
  // Sums of bfloat16 products stay float32 where a product is split in several parts too.
  check_cublas(cublasSetMathMode(cublas_, CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION), "cuBLAS's precision");
  staging_ = std::make_unique<PinnedMemory>(kStagingBytes);
}

Device::~Device() {
  wait_quietly();
  cublasDestroy(cublas_);
  cudnnDestroy(cudnn_);
  cudaStreamDestroy(copies_);
  cudaStreamDestroy(stream_);
}

MemoryUse Device::memory() const {
  size_t free = 0, total = 0;
  check_cuda(cudaMemGetInfo(&free, &total), "the device's memory");
  const auto used = static_cast<int64_t>(total - free);
  return {used, used, static_cast<int64_t>(free), name_};
}

// Through pinned memory piece by piece: a copy from pageable memory would be staged by the driver anyway, and synchronously.
void Device::write(std::byte* dst, std::span<const std::byte> src) {
  for (size_t done = 0; done < src.size();) {
    const size_t count = std::min(staging_->bytes(), src.size() - done);
    std::memcpy(staging_->data(), src.data() + done, count);
    check_cuda(cudaMemcpyAsync(dst + done, staging_->data(), count, cudaMemcpyHostToDevice, stream_),
               "a copy to the GPU");
    wait();  // the staging memory is used again
    done += count;
  }
}

void Device::read(std::span<std::byte> dst, const std::byte* src) {
  for (size_t done = 0; done < dst.size();) {
    const size_t count = std::min(staging_->bytes(), dst.size() - done);
    check_cuda(cudaMemcpyAsync(staging_->data(), src + done, count, cudaMemcpyDeviceToHost, stream_),
               "a copy from the GPU");
    wait();
    std::memcpy(dst.data() + done, staging_->data(), count);
    done += count;
  }
}

void Device::wait() const { check_cuda(cudaStreamSynchronize(stream_), "waiting for the GPU"); }

}  // namespace phosphene
