#include "loaders/model/preprocessing.h"

#include "runtime/error.h"

namespace phosphene {

std::vector<float> prepare_input(const Preprocessing& preprocessing, const HostTensor& planar) {
  if (planar.dims.size() != 4 || std::ssize(preprocessing.order) != planar.dims[1]) {
    fail_internal("prepare_input", "expected an image of N x {} x H x W", preprocessing.order.size());
  }
  const int64_t n = planar.dims[0], c = planar.dims[1], pixels = planar.dims[2] * planar.dims[3];
  std::vector<float> input(planar.data.size());
  for (int64_t image = 0; image < n; ++image) {
    for (int64_t channel = 0; channel < c; ++channel) {
      const auto k = static_cast<size_t>(channel);
      const float* src = planar.data.data() + (image * c + preprocessing.order[k]) * pixels;
      float* dst = input.data() + image * pixels * c + channel;
      for (int64_t i = 0; i < pixels; ++i) dst[i * c] = preprocessing.scale * src[i] - preprocessing.mean[k];
    }
  }
  return input;
}

}  // namespace phosphene
