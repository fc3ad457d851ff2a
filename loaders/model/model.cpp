#include "loaders/model/model.h"

#include <algorithm>
#include <set>

#include "layers/network/activation.h"
#include "layers/network/binary.h"
#include "layers/network/channel_range.h"
#include "layers/network/concat.h"
#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "layers/network/pixel_shuffle.h"
#include "layers/network/pooling.h"
#include "layers/network/transposed_convolution.h"
#include "runtime/error.h"
#include "runtime/problems/network.h"

namespace phosphene {
namespace {

constexpr std::string_view kPre = ":pre";

// For each layer that is an activation, or a concat of such: the name of what stood before the activation.
std::map<std::string, std::string> names_before_activation(const Model& model) {
  std::map<std::string, std::string> before;
  for (const Layer& layer : model.layers) {
    if (is_activation(*layer.op)) before[layer.name] = layer.inputs.at(0);
    const auto has = [&](const std::string& input) { return before.contains(input); };
    if (layer.as<Concat>() != nullptr && std::all_of(layer.inputs.begin(), layer.inputs.end(), has)) {
      before[layer.name] = layer.name + std::string(kPre);
    }
  }
  return before;
}

// How many channels a slice or a shuffle of blocks makes of so many. Throws where it needs others.
int64_t rearranged_channels(const Layer& layer, int64_t channels) {
  const auto* slice = layer.as<ChannelRange>();
  if (slice == nullptr) return at_place(layer.name, [&] { return layer.as<PixelShuffle>()->channels_of(channels); });
  if (slice->first() + slice->count() > channels) {
    fail(layer.name, "channels {} to {} of a value that has {}", slice->first(), slice->first() + slice->count() - 1,
         channels);
  }
  return slice->count();
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
  const std::map<std::string, std::string> before = names_before_activation(*this);
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
    else if (const auto* transposed = layer.as<TransposedConvolution>())
      count = transposed->outputs();
    else if (const auto* linear = layer.as<Linear>())
      count = linear->weights().shape.front();
    else if (layer.as<ChannelRange>() != nullptr || layer.as<PixelShuffle>() != nullptr)
      count = rearranged_channels(layer, counts.at(layer.inputs.at(0)));
    else if (layer.as<Concat>() != nullptr)
      for (const std::string& input : layer.inputs) count += counts.at(input);
    else if (layer.as<Binary>() != nullptr)  // one of the two may be broadcast over the other's channels
      for (const std::string& input : layer.inputs) count = std::max(count, counts.at(input));
    else
      count = counts.at(layer.inputs.at(0));
    counts[layer.name] = count;
    if (layer.as<Concat>() != nullptr)
      counts[layer.name + std::string(kPre)] = count;  // an activation keeps its channels
  }
  return counts;
}

bool Model::has_relu() const {
  return std::any_of(layers.begin(), layers.end(),
                     [](const Layer& layer) { return with_relu_gradient(*layer.op, ReluGradient::plain) != nullptr; });
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
  if (const auto gone = folded.find(wanted); gone != folded.end())
    fail(wanted, "is folded into '{}' and has no value of its own: ask for '{}'", gone->second, gone->second);
  if (!wanted.ends_with(kPre)) fail(wanted, "{} has no such layer{}", name, suggestion(wanted, known_names()));

  const std::string base = wanted.substr(0, wanted.size() - kPre.size());
  const auto alias = aliases.find(base);
  const std::string canonical = alias == aliases.end() ? base : alias->second;
  const std::map<std::string, std::string> before = names_before_activation(*this);
  if (const auto found = before.find(canonical); found != before.end()) return found->second;
  if (find(canonical) != nullptr)
    fail(wanted, "'{}' is neither an activation nor a concat of activations, so it has no :pre", base);
  fail(wanted, "{} has no such layer{}", name, suggestion(wanted, known_names()));
}

std::vector<std::string> Model::known_names() const {
  std::set<std::string> names;
  const std::map<std::string, std::string> before = names_before_activation(*this);
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
