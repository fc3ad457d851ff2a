// DenseNet (G. Huang et al., "Densely Connected Convolutional Networks", CVPR 2017) with torchvision's names; its published files say
// denselayer1.norm.1.weight for denselayer1.norm1.weight. Norm, ReLU, convolution, in this order.
#include <algorithm>
#include <map>
#include <numeric>
#include <regex>

#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene::architectures::densenet {
namespace {

// The same tensors under today's names.
StateDict with_names_of_today(const StateDict& dict) {
  static const std::regex old("(denselayer[0-9]+\\.)(norm|conv)\\.([12])\\.");
  StateDict renamed = dict;
  for (StateTensor& tensor : renamed.tensors) tensor.name = std::regex_replace(tensor.name, old, "$1$2$3.");
  renamed.by_name.resize(renamed.tensors.size());
  std::iota(renamed.by_name.begin(), renamed.by_name.end(), 0U);
  std::sort(renamed.by_name.begin(), renamed.by_name.end(),
            [&](uint32_t a, uint32_t b) { return renamed.tensors[a].name < renamed.tensors[b].name; });
  return renamed;
}

std::vector<int> depths_of(const StateDict& dict) {
  std::vector<int> depths;
  for (int block = 1; block == 1 || depths.back() > 0; ++block) {
    int depth = 0;
    while (dict.find(fmt::format("features.denseblock{}.denselayer{}.conv1.weight", block, depth + 1)) != nullptr)
      ++depth;
    depths.push_back(depth);
  }
  depths.pop_back();
  return depths;
}

// Depths and widths are those of the tensors.
std::vector<std::string> recognise(const StateDict& given) {
  const StateTensor* stem = given.find("features.conv0.weight");
  if (stem == nullptr || stem->dims.size() != 4 || stem->dims[2] != 7 || given.find("features.norm5.weight") == nullptr)
    return {};
  const StateDict dict = with_names_of_today(given);
  const std::map<std::pair<std::vector<int>, int64_t>, const char*> names = {{{{6, 12, 24, 16}, 64}, "densenet121"},
                                                                             {{{6, 12, 36, 24}, 96}, "densenet161"},
                                                                             {{{6, 12, 32, 32}, 64}, "densenet169"},
                                                                             {{{6, 12, 48, 32}, 64}, "densenet201"}};
  const auto found = names.find({depths_of(dict), stem->dims[0]});
  return {found == names.end() ? fmt::format("densenet_{}", fmt::join(depths_of(dict), "_")) : found->second};
}

Value dense_layer(Modules& m, const Value& src, const std::string& name) {
  const Value first = m.conv(m.relu(m.norm(src, name + ".norm1"), name + ".relu1"), name + ".conv1");
  return m.conv(m.relu(m.norm(first, name + ".norm2"), name + ".relu2"), name + ".conv2");
}

source::Network build(const StateDict& given, const std::string& member) {
  const StateDict dict = with_names_of_today(given);
  Modules m(dict, member);
  Value x = m.relu(m.norm(m.conv(m.input(), "features.conv0", {.stride = 2}), "features.norm0"), "features.relu0");
  x = m.max_pool(x, "features.pool0", {.size = 3, .stride = 2, .padding = 1});
  const std::vector<int> depths = depths_of(dict);
  for (size_t block = 1; block <= depths.size(); ++block) {
    const std::string name = fmt::format("features.denseblock{}", block);
    std::vector<Value> values{x};
    for (int i = 1; i <= depths[block - 1]; ++i) {
      const std::string layer = fmt::format("{}.denselayer{}", name, i);
      values.push_back(dense_layer(m, i == 1 ? x : m.concat(values, layer + ".concat"), layer));
    }
    x = m.concat(values, name + ".concat");
    if (block == depths.size()) break;
    const std::string transition = fmt::format("features.transition{}", block);
    x = m.conv(m.relu(m.norm(x, transition + ".norm"), transition + ".relu"), transition + ".conv");
    x = m.average_pool(x, transition + ".pool", {.size = 2, .stride = 2});
  }
  x = m.relu(m.norm(x, "features.norm5"), "relu");
  return m.finish(x, "avgpool", "classifier");
}

}  // namespace

ArchitectureFamily family() {
  return {"densenet",
          "densenet121, densenet161, densenet169, densenet201 and others of any depth",
          {"densenet121", "densenet161", "densenet169", "densenet201"},
          "features.denseblock1.denselayer1.conv1.weight",
          recognise,
          build};
}

}  // namespace phosphene::architectures::densenet
