// ShuffleNet v2 (N. Ma et al., "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design", ECCV 2018) with torchvision's names.
// Depthwise convolutions have no activation.
#include <map>

#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene::architectures::shufflenet_v2 {
namespace {

// Widths and depths are those of the tensors.
std::vector<std::string> recognise(const StateDict& dict) {
  const StateTensor* branch = dict.find("stage2.0.branch2.0.weight");
  if (branch == nullptr || branch->dims.empty() || dict.find("conv5.0.weight") == nullptr) return {};
  const std::map<int64_t, const char*> names = {
      {24, "shufflenet_v2_x0_5"}, {58, "shufflenet_v2_x1_0"}, {88, "shufflenet_v2_x1_5"}, {122, "shufflenet_v2_x2_0"}};
  const auto found = names.find(branch->dims[0]);
  return {found == names.end() ? "shufflenet_v2" : found->second};
}

Value right_branch(Modules& m, const Value& src, const std::string& name, int64_t stride) {
  Value x = m.relu(m.norm(m.conv(src, name + ".0"), name + ".1"), name + ".2");
  x = m.norm(m.conv(x, name + ".3", {.stride = stride}), name + ".4");
  return m.relu(m.norm(m.conv(x, name + ".5"), name + ".6"), name + ".7");
}

Value unit(Modules& m, const Value& src, const std::string& name, bool halves) {
  Value left, right;
  if (halves) {
    left = m.norm(m.conv(src, name + ".branch1.0", {.stride = 2}), name + ".branch1.1");
    left = m.relu(m.norm(m.conv(left, name + ".branch1.2"), name + ".branch1.3"), name + ".branch1.4");
    right = right_branch(m, src, name + ".branch2", 2);
  } else {
    left = m.first_half(src, name + ".left");
    right = right_branch(m, m.second_half(src, name + ".right"), name + ".branch2", 1);
  }
  return m.shuffle(m.concat({left, right}, name + ".concat"), name + ".shuffle", 2);
}

source::Network build(const StateDict& dict, const std::string& member) {
  Modules m(dict, member);
  Value x = m.relu(m.norm(m.conv(m.input(), "conv1.0", {.stride = 2}), "conv1.1"), "conv1.2");
  x = m.max_pool(x, "maxpool", {.size = 3, .stride = 2, .padding = 1});
  for (int stage = 2; stage <= 4; ++stage) {
    const auto name = [&](int i) { return fmt::format("stage{}.{}", stage, i); };
    for (int i = 0; m.has(name(i) + ".branch2.0.weight"); ++i) x = unit(m, x, name(i), i == 0);
  }
  x = m.relu(m.norm(m.conv(x, "conv5.0"), "conv5.1"), "conv5.2");
  return m.finish(x, "mean", "fc");
}

}  // namespace

ArchitectureFamily family() {
  return {"shufflenet_v2",
          "shufflenet_v2_x0_5, x1_0, x1_5, x2_0",
          {"shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5", "shufflenet_v2_x2_0"},
          "stage2.0.branch2.0.weight",
          recognise,
          build};
}

}  // namespace phosphene::architectures::shufflenet_v2
