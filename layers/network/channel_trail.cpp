#include "layers/network/channel_trail.h"

#include "layers/network/concat.h"
#include "layers/network/pooling.h"
#include "layers/network/relu.h"

namespace phosphene {

std::optional<ChannelOrigin> channel_origin(const Op& op, int64_t channel, std::span<const int64_t> channels) {
  if (dynamic_cast<const Relu*>(&op) != nullptr || dynamic_cast<const Pooling*>(&op) != nullptr) return ChannelOrigin{};
  if (dynamic_cast<const Concat*>(&op) == nullptr) return std::nullopt;
  ChannelOrigin origin;
  while (origin.source + 1 < channels.size() && channel >= origin.begin + channels[origin.source])
    origin.begin += channels[origin.source++];
  return origin;
}

}  // namespace phosphene
