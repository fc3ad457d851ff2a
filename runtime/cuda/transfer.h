// A copy from the GPU beside its work.
#pragma once

#include "runtime/cuda/device.h"

namespace phosphene {

// On the stream for copies, after what the main stream has been asked for so far; into pinned memory of its own.
class CudaTransfer final : public Transfer {
 public:
  CudaTransfer(const Device& device, const std::byte* src, int64_t bytes);
  ~CudaTransfer() override;

  [[nodiscard]] bool done() const override;
  [[nodiscard]] std::span<const std::byte> bytes() override;

 private:
  PinnedMemory memory_;
  cudaEvent_t written_ = nullptr, copied_ = nullptr;
};

}  // namespace phosphene
