#include "loaders/import/batch_norm.h"

#include <cmath>

#include "layers/network/channel_affine.h"

namespace phosphene::source {

Value append_batch_norm(Translation& node, const Value& src, const Weights& gamma, const Weights& beta,
                        const Weights& mean, const Weights& variance, double epsilon) {
  const int64_t channels = src.shape.c;
  std::vector<float> factor, shift;
  for (int64_t c = 0; c < channels; ++c) {
    const double spread = static_cast<double>(variance.data[c]) + epsilon;
    if (variance.data[c] < 0 || spread <= 0) node.refuse("channel {} has a variance of {}", c, variance.data[c]);
    const double gain = (gamma.data == nullptr ? 1 : static_cast<double>(gamma.data[c])) / std::sqrt(spread);
    const double offset = beta.data == nullptr ? 0 : static_cast<double>(beta.data[c]);
    factor.push_back(static_cast<float>(gain));
    shift.push_back(static_cast<float>(offset - static_cast<double>(mean.data[c]) * gain));
  }
  Value dst = node.append(std::make_shared<ChannelAffine>(Weights::from(std::move(factor), {channels}),
                                                          Weights::from(std::move(shift), {channels})),
                          {src});
  dst.view = src.view;
  return dst;
}

}  // namespace phosphene::source
