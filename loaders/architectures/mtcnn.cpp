// The three networks that find faces in a cascade (K. Zhang et al., "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional
// Networks", 2016) with the names of facenet-pytorch. Each gives the probability of a face and where it lies, the first one at every
// position.
#include <algorithm>
#include <array>

#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene::architectures::mtcnn {
namespace {

struct Member {
  const char* name;
  int64_t side;      // of the images that it was trained with
  int64_t channels;  // of its first convolution
  int convolutions;
  std::array<int64_t, 4> pools;  // the window behind each of them; 0: none
  const char* heads;             // "conv4": conv4_1, a softmax behind it, conv4_2 ...
  int count;                     // of heads
};
constexpr std::array<Member, 3> kMembers{{{"mtcnn_pnet", 12, 10, 3, {2, 0, 0, 0}, "conv4", 2},
                                          {"mtcnn_rnet", 24, 28, 3, {3, 3, 0, 0}, "dense5", 2},
                                          {"mtcnn_onet", 48, 32, 4, {3, 3, 2, 0}, "dense6", 3}}};

std::vector<std::string> recognise(const StateDict& dict) {
  const StateTensor* stem = dict.find("conv1.weight");
  if (stem == nullptr || dict.find("prelu1.weight") == nullptr) return {};
  for (const Member& member : kMembers) {
    if (stem->dims == std::vector<int64_t>{member.channels, 3, 3, 3} &&
        dict.find(fmt::format("{}_{}.weight", member.heads, member.count)) != nullptr)
      return {member.name};
  }
  return {};
}

source::Network build(const StateDict& dict, const std::string& name) {
  const Member& member =
      *std::find_if(kMembers.begin(), kMembers.end(), [&](const Member& m) { return name == m.name; });
  const bool dense = member.heads[0] == 'd';
  Modules m(dict, name, member.side);
  Value x = m.input();
  for (int i = 1; i <= member.convolutions; ++i) {
    x = m.prelu(m.conv(x, fmt::format("conv{}", i), {.padding = 0, .bias = true}), fmt::format("prelu{}", i));
    const int64_t size = member.pools.at(static_cast<size_t>(i) - 1);
    if (size > 0) x = m.max_pool(x, fmt::format("pool{}", i), {.size = size, .stride = 2, .padding = 0, .ceil = true});
  }
  if (dense) {
    const int next = member.convolutions + 1;
    x = m.transpose(x, "columns", {0, 3, 2, 1});  // the map's columns before its rows, channels last
    x = m.prelu(m.linear(x, fmt::format("dense{}", next)), fmt::format("prelu{}", next));
  }
  std::vector<std::string> outputs;
  for (int i = 1; i <= member.count; ++i) {
    const std::string head = fmt::format("{}_{}", member.heads, i);
    outputs.push_back(dense ? m.linear(x, head) : m.conv(x, head, {.padding = 0, .bias = true}));
  }
  outputs[0] =
      m.softmax(outputs[0], fmt::format("softmax{}_1", member.heads[std::string_view(member.heads).size() - 1]));
  source::Network network = m.finish(outputs[0]);
  network.outputs = std::move(outputs);
  constexpr float kScale = 255.F / 128, kMean = 127.5F / 128;
  network.preprocessing = {{{kScale, kScale, kScale}, {kMean, kMean, kMean}, {0, 1, 2}},
                           fmt::format("as facenet-pytorch prepares images for {}", name)};
  return network;
}

}  // namespace

ArchitectureFamily family() {
  return {"mtcnn",
          "mtcnn_pnet, mtcnn_rnet, mtcnn_onet",
          {"mtcnn_pnet", "mtcnn_rnet", "mtcnn_onet"},
          "conv1.weight prelu1.weight",
          recognise,
          build};
}

}  // namespace phosphene::architectures::mtcnn
