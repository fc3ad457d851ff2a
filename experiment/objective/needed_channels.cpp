#include "experiment/objective/needed_channels.h"

#include <algorithm>
#include <set>

#include "layers/network/channel_permutation.h"
#include "layers/network/channel_range.h"
#include "layers/network/channel_trail.h"
#include "layers/network/concat.h"
#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "layers/network/prelu.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr int64_t kBlock = 16;  // channels: the width of a vector, and a multiple of the 8 that cuDNN wants

struct Stop {
  Layer layer;
  int64_t begin = 0;  // which channel of the term's layer is this one's channel 0
};

// From a term's layer back for as long as each op makes the channel from one channel alone, and its neighbours from that one's. The last
// stop is what makes it of others. A permutation ends it: each unit would be read through another block, and planned for itself.
using Trail = std::vector<Stop>;
using ChannelCounts = std::map<std::string, int64_t>;

bool has_constants(const Stop& stop) { return !stop.layer.op->constants().empty(); }

// Slopes of a PReLU stay with all its channels.
bool treats_channels_alike(const Layer& layer) {
  const auto* prelu = layer.as<PRelu>();
  return prelu == nullptr || prelu->slopes().elements() == 1;
}

Trail trail_of(const Model& model, const ChannelCounts& counts, const std::string& canonical, int64_t unit) {
  Trail trail = {{model.layer(canonical)}};
  while (true) {
    const auto& [layer, begin] = trail.back();
    if (layer.as<ChannelPermutation>() != nullptr) return trail;
    // A block may begin before the slice does; constants of channels that are not there cannot be cut to it.
    if (layer.as<ChannelRange>() != nullptr && std::any_of(trail.begin(), trail.end(), has_constants)) return trail;
    std::vector<int64_t> channels;
    for (const std::string& input : layer.inputs) channels.push_back(counts.at(input));
    const auto origin = channel_origin(*layer.op, unit - begin, channels);
    if (!origin || !treats_channels_alike(layer) || layer.inputs[origin->source] == Model::kInput) return trail;
    trail.push_back({model.layer(layer.inputs[origin->source]), begin + origin->begin});
  }
}

bool can_be_cut(const Layer& maker) {
  const auto* convolution = maker.as<Convolution>();
  return (convolution != nullptr && convolution->groups() == 1) || maker.as<Linear>() != nullptr;
}

// Which channels stand where, and nothing else.
bool only_renumbers(const Layer& layer) { return layer.as<Concat>() != nullptr || layer.as<ChannelRange>() != nullptr; }

// Adds a layer and all that it is computed from.
void add_whole(const Model& model, const std::string& canonical, std::set<std::string>& whole) {
  std::vector<std::string> pending = {canonical};
  while (!pending.empty()) {
    const std::string name = pending.back();
    pending.pop_back();
    if (name == Model::kInput || !whole.insert(name).second) continue;
    const std::vector<std::string> inputs = model.layer(name).inputs;
    pending.insert(pending.end(), inputs.begin(), inputs.end());
  }
}

// From the first stop that is computed whole anyway, or else from a block of the last one's channels.
NeededBlock read_along(const Trail& trail, int64_t unit, const std::set<std::string>& whole,
                       const ChannelCounts& counts) {
  const auto is_whole = [&](const Stop& stop) { return whole.contains(stop.layer.name); };
  const auto maker = std::find_if(trail.begin(), trail.end() - 1, is_whole);
  NeededBlock read;
  read.block.maker = maker->layer.name;
  read.begin = maker->begin;
  const int64_t count = counts.at(maker->layer.name);
  if (!is_whole(*maker) && count > kBlock) {
    read.block.count = kBlock;
    // The last block ends where the channels do, so that all are of one size.
    read.block.first = std::min((unit - maker->begin) / kBlock * kBlock, count - kBlock);
    read.begin += read.block.first;
  }
  for (auto stop = maker; stop != trail.begin();)
    if (!only_renumbers((--stop)->layer)) read.block.through.push_back({stop->layer.name, read.begin - stop->begin});
  return read;
}

// The canonical name of the layer that a term reads.
std::string layer_of(const Model& model, const LayerRead& read, const std::string& place) {
  return at_place(place, [&] { return read.layer.empty() ? model.logits() : model.resolve(read.layer); });
}

}  // namespace

NeededChannels needed_channels(const Model& model, const Objective& objective) {
  const ChannelCounts counts = model.channel_counts();
  std::map<std::pair<size_t, size_t>, std::pair<Trail, int64_t>> units;
  std::set<std::string> whole;
  for (size_t i = 0; i < objective.terms.size(); ++i) {
    const Term& term = *objective.terms[i];
    const std::vector<LayerRead> reads = term.reads();
    for (size_t factor = 0; factor < reads.size(); ++factor) {
      const std::string layer = layer_of(model, reads[factor], term.place);
      const std::optional<int64_t> channel = reads[factor].channel;
      if (!channel || *channel >= counts.at(layer)) {
        add_whole(model, layer, whole);
        continue;
      }
      Trail trail = trail_of(model, counts, layer, *channel);
      const Layer& maker = trail.back().layer;
      add_whole(model, can_be_cut(maker) ? maker.inputs.front() : maker.name, whole);
      units[{i, factor}] = {std::move(trail), *channel};
    }
  }
  NeededChannels needed;
  for (const auto& [place, unit] : units) needed[place] = read_along(unit.first, unit.second, whole, counts);
  return needed;
}

std::string reads_of(const Objective& objective) {
  std::string text;
  for (const TermPtr& term : objective.terms) {
    for (const LayerRead& read : term->reads()) text += fmt::format("{}:{},", read.layer, read.channel.value_or(-1));
    text += ";";
  }
  return text;
}

std::string to_string(const NeededChannels& reads) {
  std::string text;
  for (const auto& [place, read] : reads) {
    const auto& [maker, first, count, through] = read.block;
    // Where slices overlap or stand in another order, `begin` does not follow from the block.
    text += fmt::format("{}.{}: {}[{}+{}] from {}", place.first, place.second, maker, first, count, read.begin);
    for (const auto& [layer, first_of_layer] : through) text += fmt::format(" {}[{}]", layer, first_of_layer);
    text += "\n";
  }
  return text;
}

}  // namespace phosphene
