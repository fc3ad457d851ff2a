#include "loaders/caffe/caffe_network.h"

#include <algorithm>

#include "layers/network/relu.h"
#include "runtime/error.h"

namespace phosphene::caffe {
namespace {

constexpr int64_t kMaxSide = 1 << 20;  // of any dimension of any value

void check_size(const Shape& shape) {
  if (std::max({shape.c, shape.h, shape.w}) > kMaxSide)
    fail("", "writes a value of shape {}, which is beyond any memory", to_string(shape));
}

}  // namespace

CaffeNetwork::CaffeNetwork(Model& model, std::string where) : model_(model), where_(std::move(where)) {}

void CaffeNetwork::set_input(const std::string& blob) {
  if (!values_.empty()) fail(where_, "has several inputs; networks of one input are read");
  values_[blob] = Model::kInput;
  infos_[Model::kInput] = {{1, model_.channels, model_.height, model_.width}, Layout::channels_last, DType::f32};
}

std::string CaffeNetwork::where(const LayerParameter& layer) const {
  return fmt::format("{}: layer '{}'", where_, layer.name());
}

const std::string& CaffeNetwork::value_of(const LayerParameter& layer, const std::string& blob) const {
  const auto found = values_.find(blob);
  if (const auto gone = model_.folded.find(blob); found == values_.end() && gone != model_.folded.end())
    fail(where(layer), "reads '{}', which is folded into '{}' and so has no value of its own: not supported", blob,
         gone->second);
  if (found == values_.end()) fail(where(layer), "reads '{}', which no layer before it writes", blob);
  return found->second;
}

const std::string& CaffeNetwork::only_source(const LayerParameter& layer) const {
  if (layer.bottom_size() != 1)
    fail(where(layer), "expected one bottom of the {} layer, got {}", layer.type(), layer.bottom_size());
  return value_of(layer, layer.bottom(0));
}

const std::string& CaffeNetwork::only_top(const LayerParameter& layer) const {
  if (layer.top_size() != 1)
    fail(where(layer), "expected one top of the {} layer, got {}", layer.type(), layer.top_size());
  return layer.top(0);
}

const Shape& CaffeNetwork::source_shape(const LayerParameter& layer) const {
  return infos_.at(only_source(layer)).shape;
}

Layer& CaffeNetwork::layer_called(const std::string& name) {
  return *std::find_if(model_.layers.begin(), model_.layers.end(),
                       [&](const Layer& layer) { return layer.name == name; });
}

void CaffeNetwork::append(const LayerParameter& layer, const std::string& name, std::shared_ptr<const Op> op,
                          std::vector<std::string> inputs) {
  if (name.empty() || taken(name)) fail(where(layer), "the name '{}' is taken", name);
  std::vector<TensorInfo> src;
  for (const std::string& input : inputs) src.push_back(infos_.at(input));
  at_place(where(layer), [&] {
    infos_[name] = op->infer(src).front();
    check_size(infos_[name].shape);
  });
  model_.layers.push_back({name, std::move(op), std::move(inputs)});
}

void CaffeNetwork::alias(const std::string& alias, const std::string& name) {
  if (!alias.empty() && !taken(alias)) model_.aliases.emplace(alias, name);
}

void CaffeNetwork::add(const LayerParameter& layer, std::shared_ptr<const Op> op) {
  const std::string& top = only_top(layer);
  std::vector<std::string> inputs;
  for (const std::string& bottom : layer.bottom()) inputs.push_back(value_of(layer, bottom));
  if (inputs.empty()) fail(where(layer), "a {} layer without a bottom", layer.type());
  const std::string& name = taken(top) ? layer.name() : top;
  append(layer, name, std::move(op), std::move(inputs));
  model_.aliases.erase(name);  // a layer's own name takes precedence over an alias
  values_[top] = name;
  alias(layer.name(), name);
}

void CaffeNetwork::add_relu(const LayerParameter& layer) {
  const std::string name = only_source(layer);
  const bool in_place = only_top(layer) == layer.bottom(0);
  if (!in_place || name == Model::kInput) return add(layer, std::make_shared<Relu>());
  if (dynamic_cast<const Relu*>(layer_called(name).op.get()) != nullptr) return pass(layer);
  const std::string pre = name + ":pre";
  if (taken(pre)) fail(where(layer), "the name '{}' is taken", pre);
  rename(name, pre);
  append(layer, name, std::make_shared<Relu>(), {pre});
  values_[only_top(layer)] = name;
  alias(layer.name(), name);
}

void CaffeNetwork::pass(const LayerParameter& layer) {
  const std::string name = only_source(layer);
  for (const std::string& top : layer.top()) {
    values_[top] = name;
    alias(top, name);
  }
  alias(layer.name(), name);
}

const Convolution& CaffeNetwork::folds_into(const LayerParameter& layer) const {
  const std::string& source = only_source(layer);
  const Layer* written = model_.find(source);
  const auto* convolution = written == nullptr ? nullptr : dynamic_cast<const Convolution*>(written->op.get());
  if (convolution == nullptr)
    fail(where(layer), "a {} layer must follow a convolution, to be folded into it", layer.type());
  for (const Layer& reader : model_.layers) {
    if (std::find(reader.inputs.begin(), reader.inputs.end(), source) != reader.inputs.end()) {
      fail(where(layer), "cannot be folded into '{}', which '{}' reads too", source, reader.name);
    }
  }
  return *convolution;
}

void CaffeNetwork::fold(const LayerParameter& layer, std::shared_ptr<const Convolution> convolution) {
  const std::string name = only_source(layer), &top = only_top(layer);
  layer_called(name).op = std::move(convolution);
  if (top == layer.bottom(0)) return alias(layer.name(), name);
  if (taken(top)) fail(where(layer), "the name '{}' is taken", top);
  rename(name, top);
  values_.erase(layer.bottom(0));  // the raw convolution is gone
  values_[top] = top;
  if (!taken(name)) model_.folded[name] = top;
  alias(layer.name(), top);
}

void CaffeNetwork::rename(const std::string& from, const std::string& to) {
  layer_called(from).name = to;
  for (Layer& layer : model_.layers) std::replace(layer.inputs.begin(), layer.inputs.end(), from, to);
  for (auto& [blob, name] : values_) {
    if (name == from) name = to;
  }
  for (auto* names : {&model_.aliases, &model_.folded}) {
    for (auto& [known, name] : *names) {
      if (name == from) name = to;
    }
  }
  model_.aliases.erase(to);
  infos_[to] = infos_.at(from);
  infos_.erase(from);
}

}  // namespace phosphene::caffe
