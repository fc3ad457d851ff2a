// GoogLeNet (C. Szegedy et al., "Going Deeper with Convolutions", CVPR 2015) as torchvision has it: batch norm with an epsilon of 1e-3, 3x3
// convolutions in the third branch where the paper has 5x5, poolings that round up. Without its auxiliary heads.
#include "loaders/architectures/architecture.h"

namespace phosphene::architectures::googlenet {
namespace {

std::vector<std::string> recognise(const StateDict& dict) {
  const bool known =
      dict.find("inception3a.branch1.conv.weight") != nullptr && dict.find("conv1.bn.running_mean") != nullptr;
  return known ? std::vector<std::string>{"googlenet"} : std::vector<std::string>{};
}

Value unit(Modules& m, const Value& src, const std::string& name, const Convolve& how = {}) {
  return m.relu(m.norm(m.conv(src, name + ".conv", how), name + ".bn", 1e-3), name + ".relu");
}

Value inception(Modules& m, const Value& src, const std::string& name) {
  const Value one = unit(m, src, name + ".branch1");
  const Value two = unit(m, unit(m, src, name + ".branch2.0"), name + ".branch2.1");
  const Value three = unit(m, unit(m, src, name + ".branch3.0"), name + ".branch3.1");
  const Value pool = m.max_pool(src, name + ".branch4.0", {.size = 3, .stride = 1, .padding = 1, .ceil = true});
  return m.concat({one, two, three, unit(m, pool, name + ".branch4.1")}, name + ".concat");
}

source::Network build(const StateDict& dict, const std::string& member) {
  Modules m(dict, member);
  constexpr Pool kPool{.size = 3, .stride = 2, .padding = 0, .ceil = true};
  Value x = m.max_pool(unit(m, m.input(), "conv1", {.stride = 2}), "maxpool1", kPool);
  x = m.max_pool(unit(m, unit(m, x, "conv2"), "conv3"), "maxpool2", kPool);
  for (const char* name : {"inception3a", "inception3b"}) x = inception(m, x, name);
  x = m.max_pool(x, "maxpool3", kPool);
  for (const char* name : {"inception4a", "inception4b", "inception4c", "inception4d", "inception4e"})
    x = inception(m, x, name);
  x = m.max_pool(x, "maxpool4", {.size = 2, .stride = 2, .padding = 0, .ceil = true});
  for (const char* name : {"inception5a", "inception5b"}) x = inception(m, x, name);
  for (const char* head : {"aux1.", "aux2."}) m.leave_out(head);
  m.prepared_as("inception");  // torchvision's published weights: its transform_input makes this of ImageNet's
  return m.finish(x, "avgpool", "fc");
}

}  // namespace

ArchitectureFamily family() {
  return {"googlenet", "googlenet", {"googlenet"}, "inception3a.branch1.conv.weight", recognise, build};
}

}  // namespace phosphene::architectures::googlenet
