#include "loaders/model/model_graph.h"

#include "layers/network/activation.h"
#include "layers/network/channel_affine.h"
#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "layers/network/pooling.h"
#include "layers/network/prelu.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

// Stops a file whose layers multiply each other's sizes before the product no longer fits 64 bits.
constexpr int64_t kMaxElements = int64_t{1} << 36;

std::shared_ptr<const Op> with_rules(const Layer& layer, const GradientRules& rules) {
  if (std::shared_ptr<const Op> relu = with_relu_gradient(*layer.op, rules.relu)) return relu;
  const auto* pooling = layer.as<Pooling>();
  if (!rules.smooth_max_pooling || pooling == nullptr || pooling->pooling_kind() != PoolingKind::max) return layer.op;
  return std::make_shared<Pooling>(PoolingKind::max, pooling->window(), pooling->divisor(), pooling->global(), true);
}

// The maker of a block, with the weights of the block's channels alone.
Layer some_outputs(Layer maker, const ChannelBlock& block) {
  if (const auto* convolution = maker.as<Convolution>())
    maker.op = convolution->outputs(block.first, block.count);
  else
    maker.op = dynamic_cast<const Linear&>(*maker.op).outputs(block.first, block.count);
  return maker;
}

// A layer that works channel by channel, for some of its channels.
Layer some_channels(Layer layer, int64_t first, int64_t count) {
  if (const auto* affine = layer.as<ChannelAffine>()) layer.op = affine->channels(first, count);
  return layer;
}

}  // namespace

ValueId ModelGraph::value(const std::string& name) { return append(model_.resolve(name)); }

ValueId ModelGraph::value(const ChannelBlock& block) {
  const std::string which = block.count == 0 ? "" : fmt::format("[{}:{}]", block.first, block.first + block.count);
  std::string way = block.maker + which;
  if (which.empty()) {
    append(block.maker);
  } else if (!values_.contains(way)) {
    append(some_outputs(*model_.find(block.maker), block), {append(model_.find(block.maker)->inputs.at(0))}, way, way);
  }
  for (const auto& [passed, first] : block.through) {
    const ValueId src = values_.at(way);
    const int64_t count = graph_.shape(src).c;
    const Layer& layer = *model_.find(passed);
    const auto input = values_.find(layer.inputs.at(0));
    const bool whole = input != values_.end() && input->second == src;
    const std::string name = whole ? passed : fmt::format("{}[{}:{}]", passed, first, first + count);
    way = whole ? passed : way + " " + name;  // what a pooling makes of two branches is not one value
    if (!values_.contains(way)) append(whole ? layer : some_channels(layer, first, count), {src}, name, way);
  }
  return values_.at(way);
}

// Depth first, with a stack of our own: a file decides how deep the network is.
ValueId ModelGraph::append(const std::string& canonical) {
  values_.emplace(Model::kInput, input_);
  std::vector<std::string> pending{canonical};
  while (!pending.empty()) {
    const std::string name = pending.back();
    if (values_.contains(name)) {
      pending.pop_back();
      continue;
    }
    const Layer layer = model_.layer(name);
    std::vector<ValueId> src;
    const size_t unready = pending.size();
    for (const std::string& input : layer.inputs) {
      const auto found = values_.find(input);
      if (found == values_.end())
        pending.push_back(input);
      else
        src.push_back(found->second);
    }
    if (pending.size() > unready) continue;
    pending.pop_back();
    append(layer, std::move(src), name, name);
  }
  return values_.at(canonical);
}

void ModelGraph::append(const Layer& layer, std::vector<ValueId> src, const std::string& name, const std::string& way) {
  if (const auto* prelu = layer.as<PRelu>())
    src.push_back(prelu->append_slopes(graph_, graph_.shape(src.at(0)).c, prefix_ + name));
  const ValueId value = values_[way] = graph_.append(with_rules(layer, rules_), std::move(src), prefix_ + name);
  if (graph_.shape(value).elements() > kMaxElements)
    fail(name, "a value of shape {} is beyond any memory", to_string(graph_.shape(value)));
}

}  // namespace phosphene
