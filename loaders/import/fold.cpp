#include "loaders/import/fold.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include "layers/network/channel_affine.h"
#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "layers/network/pad.h"
#include "layers/network/pooling.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene::source {
namespace {

std::map<std::string, size_t> reader_counts(const Model& model) {
  std::map<std::string, size_t> readers;
  for (const Layer& layer : model.layers) {
    for (const std::string& input : layer.inputs) ++readers[input];
  }
  return readers;
}

// A number of factor or shift for output channel k.
float of_channel(const Weights& numbers, int64_t k, float otherwise) {
  if (numbers.data == nullptr) return otherwise;
  return numbers.data[numbers.elements() == 1 ? 0 : k];
}

// dst[k] of a layer with such weights becomes factor[k] dst[k] + shift[k].
Weights scaled_weights(const Weights& weights, const ChannelAffine& affine) {
  if (affine.factor().data == nullptr) return weights;
  const int64_t outputs = weights.shape[0], each = weights.elements() / outputs;
  std::vector<float> numbers(static_cast<size_t>(weights.elements()));
  for (int64_t k = 0; k < outputs; ++k) {
    const float factor = of_channel(affine.factor(), k, 1);
    for (int64_t i = k * each; i < (k + 1) * each; ++i) numbers[static_cast<size_t>(i)] = factor * weights.data[i];
  }
  return Weights::from(std::move(numbers), weights.shape);
}

Weights moved_bias(const Weights& bias, int64_t outputs, const ChannelAffine& affine) {
  std::vector<float> numbers(static_cast<size_t>(outputs));
  for (int64_t k = 0; k < outputs; ++k) {
    const float before = bias.data == nullptr ? 0 : of_channel(affine.factor(), k, 1) * bias.data[k];
    numbers[static_cast<size_t>(k)] = before + of_channel(affine.shift(), k, 0);
  }
  return Weights::from(std::move(numbers), {outputs});
}

// One factor and shift for two that follow each other: f2 (f1 x + s1) + s2.
std::shared_ptr<const Op> joined(const ChannelAffine& first, const ChannelAffine& second) {
  int64_t count = 1;
  for (const Weights* numbers : {&first.factor(), &first.shift(), &second.factor(), &second.shift()}) {
    if (numbers->data != nullptr) count = std::max(count, numbers->elements());
  }
  std::vector<float> factor(static_cast<size_t>(count)), shift(factor.size());
  for (int64_t c = 0; c < count; ++c) {
    const float outer = of_channel(second.factor(), c, 1);
    factor[static_cast<size_t>(c)] = outer * of_channel(first.factor(), c, 1);
    shift[static_cast<size_t>(c)] = outer * of_channel(first.shift(), c, 0) + of_channel(second.shift(), c, 0);
  }
  return std::make_shared<ChannelAffine>(Weights::from(std::move(factor), {count}),
                                         Weights::from(std::move(shift), {count}));
}

// The layer with the factor and the shift in it; null where it can't take them up.
std::shared_ptr<const Op> with_affine(const Layer& layer, const ChannelAffine& affine) {
  if (const auto* convolution = layer.as<Convolution>()) {
    return std::make_shared<Convolution>(convolution->window(), convolution->groups(),
                                         scaled_weights(convolution->weights(), affine),
                                         moved_bias(convolution->bias(), convolution->weights().shape[0], affine));
  }
  if (const auto* linear = layer.as<Linear>()) {
    return std::make_shared<Linear>(scaled_weights(linear->weights(), affine),
                                    moved_bias(linear->bias(), linear->weights().shape[0], affine));
  }
  if (const auto* before = layer.as<ChannelAffine>()) return joined(*before, affine);
  return nullptr;
}

// What takes an affine out again: (x - shift) / factor. Null where a factor is so small that rounding would decide the result.
std::shared_ptr<const Op> inverse(const ChannelAffine& affine) {
  constexpr float kLeast = 1e-4F;
  const int64_t count = std::max(affine.factor().data == nullptr ? 1 : affine.factor().elements(),
                                 affine.shift().data == nullptr ? 1 : affine.shift().elements());
  std::vector<float> factor(static_cast<size_t>(count)), shift(factor.size());
  for (int64_t c = 0; c < count; ++c) {
    const float given = of_channel(affine.factor(), c, 1);
    if (!(std::fabs(given) >= kLeast)) return nullptr;
    factor[static_cast<size_t>(c)] = 1 / given;
    shift[static_cast<size_t>(c)] = -of_channel(affine.shift(), c, 0) / given;
  }
  return std::make_shared<ChannelAffine>(Weights::from(std::move(factor), {count}),
                                         Weights::from(std::move(shift), {count}));
}

void check_finite(const Layer& layer) {
  const auto check = [&](const Weights& weights, const char* what) {
    if (weights.data == nullptr) return;
    const float* end = weights.data + weights.elements();
    const float* found = std::find_if(weights.data, end, [](float number) { return !std::isfinite(number); });
    if (found != end) fail(layer.name, "the {} hold {} once a normalisation is folded into them", what, *found);
  };
  if (const auto* convolution = layer.as<Convolution>()) {
    check(convolution->weights(), "weights");
    check(convolution->bias(), "biases");
  } else if (const auto* linear = layer.as<Linear>()) {
    check(linear->weights(), "weights");
    check(linear->bias(), "biases");
  }
}

// A layer, and behind it the values that it had before something was folded into it, the latest first.
using Group = std::vector<Layer>;

void fold(Model& model, Group& group, const Layer& layer, std::shared_ptr<const Op> op) {
  Layer& taker = group.front();
  const std::string before = taker.name;
  taker.op = std::move(op);
  taker.name = layer.name;
  check_finite(taker);
  if (std::shared_ptr<const Op> raw = inverse(*layer.as<ChannelAffine>()); raw != nullptr) {
    group.insert(group.begin() + 1, Layer{before, std::move(raw), {layer.name}});
    return;
  }
  // With it goes what was computed back from it.
  model.folded[before] = layer.name;
  for (size_t i = 1; i < group.size(); ++i) model.folded[group[i].name] = layer.name;
  group.resize(1);
}

bool is_zero_padding(const Layer& layer) {
  const auto* pad = layer.as<Pad>();
  if (pad == nullptr || pad->rule() != PadRule::constant || pad->value() != 0) return false;
  const Paddings& sides = pad->paddings();
  return std::min({sides.top, sides.left, sides.bottom, sides.right}) >= 0;
}

}  // namespace

void fold_affines(Model& model, const std::vector<std::string>& results) {
  const std::map<std::string, size_t> readers = reader_counts(model);
  std::vector<Group> groups;
  std::map<std::string, size_t> index;  // of a layer's group, by its name
  for (Layer& layer : model.layers) {
    stop_if_requested();
    const auto* affine = layer.as<ChannelAffine>();
    const auto before = affine == nullptr ? index.end() : index.find(layer.inputs[0]);
    const bool alone = affine != nullptr && before != index.end() && readers.at(layer.inputs[0]) == 1 &&
                       std::find(results.begin(), results.end(), layer.inputs[0]) == results.end();
    std::shared_ptr<const Op> op = alone ? with_affine(groups[before->second].front(), *affine) : nullptr;
    if (op == nullptr) {
      index[layer.name] = groups.size();
      groups.push_back({std::move(layer)});
      continue;
    }
    fold(model, groups[before->second], layer, std::move(op));
    index[layer.name] = before->second;
    index.erase(before);
  }
  model.layers.clear();
  for (Group& group : groups) std::move(group.begin(), group.end(), std::back_inserter(model.layers));
  // A layer that took up several leads to its last name.
  for (auto& [name, taker] : model.folded) {
    for (auto next = model.folded.find(taker); next != model.folded.end(); next = model.folded.find(taker))
      taker = next->second;
  }
}

void fold_paddings(Model& model) {
  std::map<std::string, Layer> pads;
  for (Layer& layer : model.layers) {
    if (is_zero_padding(layer)) pads.emplace(layer.name, layer);
    const auto* convolution = layer.as<Convolution>();
    if (convolution == nullptr || convolution->window().same || !pads.contains(layer.inputs[0])) continue;
    const Layer& pad = pads.at(layer.inputs[0]);
    const Paddings& sides = pad.as<Pad>()->paddings();
    WindowAttributes window = convolution->window();
    window.pad_top += sides.top;
    window.pad_left += sides.left;
    window.pad_bottom += sides.bottom;
    window.pad_right += sides.right;
    layer.inputs = pad.inputs;
    layer.op =
        std::make_shared<Convolution>(window, convolution->groups(), convolution->weights(), convolution->bias());
  }
}

void put_last(Model& model, const std::string& name) {
  const auto last =
      std::find_if(model.layers.begin(), model.layers.end(), [&](const Layer& layer) { return layer.name == name; });
  const auto reads = [&](const Layer& layer) {
    return std::find(layer.inputs.begin(), layer.inputs.end(), name) != layer.inputs.end();
  };
  if (last == model.layers.end() || std::any_of(model.layers.begin(), model.layers.end(), reads)) return;
  std::rotate(last, last + 1, model.layers.end());
}

}  // namespace phosphene::source
