// AlexNet in one tower, as A. Krizhevsky, "One weird trick for parallelizing convolutional neural networks" (2014), has it, with torchvision's
// names; no response normalisation.
#include "loaders/architectures/architecture.h"

namespace phosphene::architectures::alexnet {
namespace {

std::vector<std::string> recognise(const StateDict& dict) {
  const StateTensor* stem = dict.find("features.0.weight");
  const bool known = stem != nullptr && stem->dims.size() == 4 && stem->dims[0] == 64 && stem->dims[2] == 11 &&
                     dict.find("features.10.weight") != nullptr;
  return known ? std::vector<std::string>{"alexnet"} : std::vector<std::string>{};
}

source::Network build(const StateDict& dict, const std::string& member) {
  Modules m(dict, member);
  Value x = m.relu(m.conv(m.input(), "features.0", {.stride = 4, .padding = 2, .bias = true}), "features.1");
  x = m.max_pool(x, "features.2", {});
  x = m.relu(m.conv(x, "features.3", {.bias = true}), "features.4");
  x = m.max_pool(x, "features.5", {});
  x = m.relu(m.conv(x, "features.6", {.bias = true}), "features.7");
  x = m.relu(m.conv(x, "features.8", {.bias = true}), "features.9");
  x = m.relu(m.conv(x, "features.10", {.bias = true}), "features.11");
  x = m.max_pool(x, "features.12", {});
  if (!m.has_head({"classifier.1", "classifier.4", "classifier.6"}, "classifier")) return m.finish(x);  // the trunk
  x = m.adaptive_average(x, "avgpool", 6);
  x = m.relu(m.linear(x, "classifier.1"), "classifier.2");
  x = m.relu(m.linear(x, "classifier.4"), "classifier.5");
  return m.finish(m.linear(x, "classifier.6"));
}

}  // namespace

ArchitectureFamily family() { return {"alexnet", "alexnet", {"alexnet"}, "features.0.weight", recognise, build}; }

}  // namespace phosphene::architectures::alexnet
