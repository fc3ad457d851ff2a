#include "loaders/model/model.h"

#include <algorithm>
#include <set>

#include "layers/network/concat.h"
#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "layers/network/pooling.h"
#include "layers/network/relu.h"
#include "runtime/error.h"
#include "runtime/problems/network.h"

namespace phosphene {
namespace {

constexpr std::string_view kPre = ":pre";

// For each layer that is a ReLU, or a concat of such: the name of what stood before the ReLU.
std::map<std::string, std::string> names_before_relu(const Model& model) {
  std::map<std::string, std::string> before;
  for (const Layer& layer : model.layers) {
    if (layer.as<Relu>() != nullptr) before[layer.name] = layer.inputs.at(0);
    const auto has = [&](const std::string& input) { return before.contains(input); };
    if (layer.as<Concat>() != nullptr && std::all_of(layer.inputs.begin(), layer.inputs.end(), has)) {
      before[layer.name] = layer.name + std::string(kPre);
    }
  }
  return before;
}

}  // namespace

void Model::let_go_of_pages() const {
  if (file != nullptr) file->let_go();
}

const Layer* Model::find(const std::string& wanted) const {
  const auto found =
      std::find_if(layers.begin(), layers.end(), [&](const Layer& layer) { return layer.name == wanted; });
  return found == layers.end() ? nullptr : &*found;
}

Layer Model::layer(const std::string& canonical) const {
  if (const Layer* one = find(canonical); one != nullptr) return *one;
  const std::map<std::string, std::string> before = names_before_relu(*this);
  Layer concat = *find(canonical.substr(0, canonical.size() - kPre.size()));
  concat.name = canonical;
  for (std::string& input : concat.inputs) input = before.at(input);
  return concat;
}

std::map<std::string, int64_t> Model::channel_counts() const {
  std::map<std::string, int64_t> counts = {{kInput, channels}};
  for (const Layer& layer : layers) {
    int64_t count = 0;
    if (const auto* convolution = layer.as<Convolution>())
      count = convolution->weights().shape.front();
    else if (const auto* linear = layer.as<Linear>())
      count = linear->weights().shape.front();
    else if (layer.as<Concat>() != nullptr)
      for (const std::string& input : layer.inputs) count += counts.at(input);
    else
      count = counts.at(layer.inputs.at(0));
    counts[layer.name] = count;
    if (layer.as<Concat>() != nullptr) counts[layer.name + std::string(kPre)] = count;  // a ReLU keeps its channels
  }
  return counts;
}

bool Model::has_relu() const {
  return std::any_of(layers.begin(), layers.end(), [](const Layer& layer) { return layer.as<Relu>() != nullptr; });
}

bool Model::has_max_pooling() const {
  return std::any_of(layers.begin(), layers.end(), [](const Layer& layer) {
    const auto* pooling = layer.as<Pooling>();
    return pooling != nullptr && pooling->pooling_kind() == PoolingKind::max;
  });
}

std::string Model::resolve(const std::string& wanted) const {
  if (find(wanted) != nullptr) return wanted;
  if (const auto alias = aliases.find(wanted); alias != aliases.end()) return alias->second;
  if (!wanted.ends_with(kPre)) fail(wanted, "{} has no such layer{}", name, suggestion(wanted, known_names()));

  const std::string base = wanted.substr(0, wanted.size() - kPre.size());
  const auto alias = aliases.find(base);
  const std::string canonical = alias == aliases.end() ? base : alias->second;
  const std::map<std::string, std::string> before = names_before_relu(*this);
  if (const auto found = before.find(canonical); found != before.end()) return found->second;
  if (find(canonical) != nullptr) fail(wanted, "'{}' is neither a ReLU nor a concat of ReLUs, so it has no :pre", base);
  fail(wanted, "{} has no such layer{}", name, suggestion(wanted, known_names()));
}

std::vector<std::string> Model::known_names() const {
  std::set<std::string> names;
  const std::map<std::string, std::string> before = names_before_relu(*this);
  for (const Layer& layer : layers) names.insert(layer.name);
  for (const auto& [layer, pre] : before) names.insert(layer + std::string(kPre));
  for (const auto& [alias, layer] : aliases) {
    names.insert(alias);
    if (before.contains(layer)) names.insert(alias + std::string(kPre));
  }
  return {names.begin(), names.end()};
}

void require_photographs(const Model& model, const std::string& place) {
  if (model.channels != 3) fail(place, "the network reads {} channels, but a photograph has three", model.channels);
}

}  // namespace phosphene
