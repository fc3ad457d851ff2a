#include "experiment/objective/needed_channels.h"

#include <algorithm>
#include <set>

#include "layers/network/channel_trail.h"
#include "layers/network/concat.h"
#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr int64_t kBlock = 16;  // channels: the width of a vector, and a multiple of the 8 that cuDNN wants

struct Stop {
  Layer layer;
  int64_t begin = 0;  // which channel of the term's layer is this one's channel 0
};

// From a term's layer back for as long as each op makes the channel from one channel alone. The last stop is what makes it of others.
using Trail = std::vector<Stop>;
using ChannelCounts = std::map<std::string, int64_t>;

Trail trail_of(const Model& model, const ChannelCounts& counts, const std::string& canonical, int64_t unit) {
  Trail trail = {{model.layer(canonical)}};
  while (true) {
    const auto& [layer, begin] = trail.back();
    std::vector<int64_t> channels;
    for (const std::string& input : layer.inputs) channels.push_back(counts.at(input));
    const auto origin = channel_origin(*layer.op, unit - begin, channels);
    if (!origin || layer.inputs[origin->source] == Model::kInput) return trail;
    trail.push_back({model.layer(layer.inputs[origin->source]), begin + origin->begin});
  }
}

bool can_be_cut(const Layer& maker) {
  const auto* convolution = maker.as<Convolution>();
  return (convolution != nullptr && convolution->groups() == 1) || maker.as<Linear>() != nullptr;
}

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
  for (auto stop = maker; stop != trail.begin();)
    if ((--stop)->layer.as<Concat>() == nullptr) read.block.through.push_back(stop->layer.name);
  const int64_t count = counts.at(maker->layer.name);
  if (is_whole(*maker) || count <= kBlock) return read;
  read.block.count = kBlock;
  // The last block ends where the channels do, so that all are of one size.
  read.block.first = std::min((unit - maker->begin) / kBlock * kBlock, count - kBlock);
  read.begin += read.block.first;
  return read;
}

std::string layer_of(const Model& model, const Term& term) {
  return at_place(term.place, [&] { return term.of_a_class() ? model.logits() : model.resolve(term.layer); });
}

bool reads_one_channel(const Term& term) { return term.kind == TermKind::channel || term.kind == TermKind::neuron; }

}  // namespace

NeededChannels needed_channels(const Model& model, const std::vector<Term>& objective) {
  const ChannelCounts counts = model.channel_counts();
  std::map<std::pair<size_t, size_t>, std::pair<Trail, int64_t>> units;
  std::set<std::string> whole;
  for (size_t i = 0; i < objective.size(); ++i) {
    const Term& term = objective[i];
    const std::vector<Term> parts = term.factors.empty() ? std::vector<Term>{term} : term.factors;
    for (size_t factor = 0; factor < parts.size(); ++factor) {
      const Term& part = parts[factor];
      if (part.kind == TermKind::penalty) continue;
      const std::string layer = layer_of(model, part);
      if (!reads_one_channel(part) || *part.unit >= counts.at(layer)) {
        add_whole(model, layer, whole);
        continue;
      }
      Trail trail = trail_of(model, counts, layer, *part.unit);
      const Layer& maker = trail.back().layer;
      add_whole(model, can_be_cut(maker) ? maker.inputs.front() : maker.name, whole);
      units[{i, factor}] = {std::move(trail), *part.unit};
    }
  }
  NeededChannels reads;
  for (const auto& [place, unit] : units) reads[place] = read_along(unit.first, unit.second, whole, counts);
  return reads;
}

std::string to_string(const NeededChannels& reads) {
  std::string text;
  for (const auto& [place, read] : reads) {
    const auto& [maker, first, count, through] = read.block;
    text +=
        fmt::format("{}.{}: {}[{}+{}] {}\n", place.first, place.second, maker, first, count, fmt::join(through, " "));
  }
  return text;
}

}  // namespace phosphene
