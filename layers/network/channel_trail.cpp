#include "layers/network/channel_trail.h"

#include "layers/network/activation.h"
#include "layers/network/adaptive_average_pooling.h"
#include "layers/network/channel_affine.h"
#include "layers/network/channel_permutation.h"
#include "layers/network/channel_range.h"
#include "layers/network/concat.h"
#include "layers/network/pad.h"
#include "layers/network/pooling.h"
#include "layers/network/resize.h"

namespace phosphene {
namespace {

template <class... Ops>
bool is_one_of(const Op& op) {
  return ((dynamic_cast<const Ops*>(&op) != nullptr) || ...);
}

}  // namespace

std::optional<ChannelOrigin> channel_origin(const Op& op, int64_t channel, std::span<const int64_t> channels) {
  if (is_activation(op) || is_one_of<Pooling, ChannelAffine, AdaptiveAveragePooling, Pad, Resize>(op))
    return ChannelOrigin{};
  if (const auto* slice = dynamic_cast<const ChannelRange*>(&op)) return ChannelOrigin{0, -slice->first()};
  if (const auto* moved = dynamic_cast<const ChannelPermutation*>(&op))
    return ChannelOrigin{0, channel - moved->source(channel)};
  if (dynamic_cast<const Concat*>(&op) == nullptr) return std::nullopt;
  ChannelOrigin origin;
  while (origin.source + 1 < channels.size() && channel >= origin.begin + channels[origin.source])
    origin.begin += channels[origin.source++];
  return origin;
}

}  // namespace phosphene
