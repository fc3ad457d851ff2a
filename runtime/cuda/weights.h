// Weights in the GPU's memory, arranged once and shared by every plan that wants them so: a layer's forward and backward, and
// the programs of a run.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/cuda/device.h"

namespace phosphene {

class DeviceWeights {
 public:
  explicit DeviceWeights(Device& device) : device_(device) {}

  // All in float32 or, rounded, bfloat16. K C R S as K R S C: cuDNN's filter for channels_last tensors.
  std::shared_ptr<DeviceMemory> filter(const Weights& weights, DType storage);
  // K 1 R S as R S K: of a depthwise convolution.
  std::shared_ptr<DeviceMemory> taps(const Weights& weights, DType storage);
  // K x (C x H x W) with columns in the order of a channels_last source.
  std::shared_ptr<DeviceMemory> matrix(const Weights& weights, const Shape& src, DType storage);
  // As they are.
  std::shared_ptr<DeviceMemory> plain(const Weights& weights, DType storage);
  // `rows` copies, one below the other.
  std::shared_ptr<DeviceMemory> repeated(const Weights& weights, int64_t rows, DType storage);

 private:
  template <class Arrange>
  std::shared_ptr<DeviceMemory> keep(const Weights& weights, const std::string& arrangement, DType storage,
                                     const Arrange& arrange);
  std::shared_ptr<DeviceMemory> upload(std::span<const std::byte> bytes);

  struct Entry {
    Weights weights;  // kept, so that its address stays its own
    std::weak_ptr<DeviceMemory> memory;
  };
  Device& device_;
  // The shape too: a layer's first rows begin where all of them do.
  std::map<std::tuple<const float*, std::vector<int64_t>, std::string, DType>, Entry> entries_;
};

}  // namespace phosphene
