// Weights in the GPU's memory, arranged once and shared by every plan that wants them so: a layer's forward and backward, and
// the programs of a run.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/cuda/device.h"

namespace phosphene {

class DeviceWeights {
 public:
  explicit DeviceWeights(Device& device) : device_(device) {}

  // K C R S as K R S C: cuDNN's filter for channels_last tensors.
  std::shared_ptr<DeviceMemory> filter(const Weights& weights);
  // K x (C x H x W) with columns in the order of a channels_last source.
  std::shared_ptr<DeviceMemory> matrix(const Weights& weights, const Shape& src);
  // As they are.
  std::shared_ptr<DeviceMemory> plain(const Weights& weights);
  // `rows` copies, one below the other.
  std::shared_ptr<DeviceMemory> repeated(const Weights& weights, int64_t rows);

 private:
  template <class Arrange>
  std::shared_ptr<DeviceMemory> keep(const Weights& weights, const std::string& arrangement, const Arrange& arrange);
  std::shared_ptr<DeviceMemory> upload(const float* numbers, int64_t count);

  struct Entry {
    Weights weights;  // kept, so that its address stays its own
    std::weak_ptr<DeviceMemory> memory;
  };
  Device& device_;
  std::map<std::pair<const float*, std::string>, Entry> entries_;
};

}  // namespace phosphene
