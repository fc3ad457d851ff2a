// VGG (K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015), configurations A, B, D and
// E, with torchvision's names and timm's: `features` counts convolutions, norms, ReLUs and poolings alike, so that the numbers of the convolutions
// say where poolings stand.
#include <map>

#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene::architectures::vgg {
namespace {

struct Layers {
  bool norms = false;
  std::vector<int> convolutions;  // their numbers in `features`
};

Layers layers_of(const StateDict& dict) {
  constexpr int kMost = 80;
  Layers layers;
  layers.norms = dict.find("features.1.running_mean") != nullptr;
  for (int i = 0; i < kMost; ++i) {
    const StateTensor* tensor = dict.find(fmt::format("features.{}.weight", i));
    if (tensor != nullptr && tensor->dims.size() == 4) layers.convolutions.push_back(i);
  }
  return layers;
}

// How many convolutions stand between poolings.
std::vector<int> blocks_of(const Layers& layers) {
  const int each = layers.norms ? 3 : 2;
  std::vector<int> blocks;
  int expected = 0;
  for (const int number : layers.convolutions) {
    if (number == expected && !blocks.empty())
      ++blocks.back();
    else if (number == expected + (blocks.empty() ? 0 : 1))
      blocks.push_back(1);
    else
      return {};
    expected = number + each;
  }
  return blocks;
}

std::vector<std::string> recognise(const StateDict& dict) {
  const StateTensor* stem = dict.find("features.0.weight");
  if (stem == nullptr || stem->dims.size() != 4 || stem->dims[2] != 3 || stem->dims[3] != 3) return {};
  const Layers layers = layers_of(dict);
  const std::map<std::vector<int>, const char*> names = {
      {{1, 1, 2, 2, 2}, "vgg11"}, {{2, 2, 2, 2, 2}, "vgg13"}, {{2, 2, 3, 3, 3}, "vgg16"}, {{2, 2, 4, 4, 4}, "vgg19"}};
  const auto found = names.find(blocks_of(layers));
  if (found == names.end()) return {};
  return {std::string(found->second) + (layers.norms ? "_bn" : "")};
}

source::Network build(const StateDict& dict, const std::string& member) {
  Modules m(dict, member);
  const Layers layers = layers_of(dict);
  Value x = m.input();
  int number = 0;
  const auto next = [&] { return fmt::format("features.{}", number++); };
  for (const int convolutions : blocks_of(layers)) {
    for (int i = 0; i < convolutions; ++i) {
      x = m.conv(x, next(), {.bias = true});
      if (layers.norms) x = m.norm(x, next());
      x = m.relu(x, next());
    }
    x = m.max_pool(x, next(), {.size = 2, .stride = 2});
  }
  if (m.has("pre_logits.fc1.weight")) {  // timm's: the same sums as convolutions, and the average of what they give
    x = m.relu(m.conv(x, "pre_logits.fc1", {.padding = 0, .bias = true}), "pre_logits.act1");
    x = m.relu(m.conv(x, "pre_logits.fc2", {.padding = 0, .bias = true}), "pre_logits.act2");
    return m.finish(x, "head.global_pool", "head.fc");
  }
  if (!m.has_head({"classifier.0", "classifier.3", "classifier.6"}, "classifier")) return m.finish(x);  // the trunk
  x = m.adaptive_average(x, "avgpool", 7);
  x = m.relu(m.linear(x, "classifier.0"), "classifier.1");
  x = m.relu(m.linear(x, "classifier.3"), "classifier.4");
  return m.finish(m.linear(x, "classifier.6"));
}

}  // namespace

ArchitectureFamily family() {
  return {"vgg",
          "vgg11, vgg13, vgg16, vgg19, each also with _bn",
          {"vgg11", "vgg13", "vgg16", "vgg19", "vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn"},
          "features.0.weight",
          recognise,
          build};
}

}  // namespace phosphene::architectures::vgg
