// One GPU as this process uses it: a stream that everything runs on, library handles, and memory.
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <cudnn.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "runtime/backend.h"

namespace phosphene {

// Memory of the GPU, from one cudaMalloc (256-byte aligned), zeroed.
class DeviceMemory final : public Memory {
 public:
  DeviceMemory(int64_t bytes, cudaStream_t stream);
  ~DeviceMemory() override;

  [[nodiscard]] std::byte* data() const override { return data_; }
  [[nodiscard]] int64_t bytes() const override { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  int64_t bytes_;
};

// Host memory that the GPU copies from and to by itself.
class PinnedMemory {
 public:
  explicit PinnedMemory(size_t bytes);
  PinnedMemory(const PinnedMemory&) = delete;
  PinnedMemory& operator=(const PinnedMemory&) = delete;
  ~PinnedMemory();

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] size_t bytes() const { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  size_t bytes_;
};

class Device {
 public:
  explicit Device(int gpu);  // which is then that of the calling thread, to which it belongs
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device();

  [[nodiscard]] cudaStream_t stream() const { return stream_; }
  [[nodiscard]] cudnnHandle_t cudnn() const { return cudnn_; }
  [[nodiscard]] cublasHandle_t cublas() const { return cublas_; }
  [[nodiscard]] const std::string& name() const { return name_; }        // "NVIDIA H200, sm_90"
  [[nodiscard]] const std::string& warning() const { return warning_; }  // Backend::warning
  // Tensor cores that take bfloat16 and TF32 came with compute capability 8.0.
  [[nodiscard]] bool has_bf16_and_tf32() const { return major_ >= 8; }

  // A second stream, on which copies to the host run beside the first.
  [[nodiscard]] cudaStream_t copies() const { return copies_; }

  // Of the whole device, the CUDA context and other processes included. Programs only take more, so the peak is what is used now.
  [[nodiscard]] MemoryUse memory() const;
  void write(std::byte* dst, std::span<const std::byte> src);
  void read(std::span<std::byte> dst, const std::byte* src);
  void wait() const;
  void wait_quietly() const noexcept { cudaStreamSynchronize(stream_); }  // for destructors

 private:
  cudaStream_t stream_ = nullptr, copies_ = nullptr;
  cudnnHandle_t cudnn_ = nullptr;
  cublasHandle_t cublas_ = nullptr;
  std::unique_ptr<PinnedMemory> staging_;
  std::string name_, warning_;
  int major_ = 0;
};

}  // namespace phosphene
