// AlexNet in one tower, as A. Krizhevsky, "One weird trick for parallelizing convolutional neural networks" (2014), has it, with torchvision's
// names; no response normalisation.
#include "loaders/architectures/architecture.h"

namespace phosphene::architectures::alexnet {
namespace {

std::string recognise(const StateDict& dict) {
  const StateTensor* stem = dict.find("features.0.weight");
  return stem != nullptr && stem->dims == std::vector<int64_t>{64, 3, 11, 11} &&
                 dict.find("features.10.weight") != nullptr
             ? "alexnet"
             : "";
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
  if (!m.has("classifier.1.weight")) return m.finish(x);  // the trunk alone
  x = m.adaptive_average(x, "avgpool", 6);
  x = m.relu(m.linear(x, "classifier.1"), "classifier.2");
  x = m.relu(m.linear(x, "classifier.4"), "classifier.5");
  return m.finish(m.linear(x, "classifier.6"));
}

}  // namespace

ArchitectureFamily family() { return {"alexnet", "alexnet", recognise, build}; }

}  // namespace phosphene::architectures::alexnet
