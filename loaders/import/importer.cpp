#include "loaders/import/importer.h"

#include <algorithm>

#include "layers/network/channel_permutation.h"
#include "layers/network/prelu.h"
#include "runtime/error.h"

namespace phosphene::source {

const std::vector<Axis> Translation::kPlanar = {Axis::n, Axis::c, Axis::h, Axis::w};

Importer::Importer(const Network& network, Model& model) : network_(network), model_(model) {
  for (const auto& [name, constant] : network.constants) allowance_ += 4 * constant.elements();
}

bool Importer::may_make(int64_t elements) {
  if (elements > allowance_) return false;
  allowance_ -= elements;
  return true;
}

const Value& Importer::value(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) fail_internal(name, "no node before has written it");
  return found->second;
}

Value Importer::append(const std::string& name, std::shared_ptr<const Op> op, const std::vector<Value>& sources) {
  std::vector<TensorInfo> src;
  Layer layer{name, std::move(op), {}};
  for (const Value& source : sources) {
    src.push_back({source.shape, Layout::channels_last, DType::f32});
    layer.inputs.push_back(source.layer);
  }
  // A PReLU reads its slopes as a second value, which a graph of the model appends.
  if (layer.as<PRelu>() != nullptr) src.push_back({{1, src[0].shape.c, 1, 1}, Layout::channels_last, DType::f32});
  const TensorInfo info = layer.op->infer(src).front();
  model_.layers.push_back(std::move(layer));
  return {.constant = {}, .layer = name, .shape = info.shape, .view = View::of(info.shape)};
}

bool Translation::has(size_t input) const {
  asked_.insert(input);
  return input < inputs() && !node_.inputs[input].empty();
}

bool Translation::all_known() const {
  return std::all_of(node_.inputs.begin(), node_.inputs.end(), [&](const std::string& name) {
    return name.empty() || importer_.value(name).constant.has_value();
  });
}

const Value& Translation::input(size_t index) const {
  if (!has(index)) refuse("expected at least {} inputs, got {}", index + 1, inputs());
  return importer_.value(node_.inputs[index]);
}

bool Translation::is_constant(size_t index) const { return has(index) && input(index).constant.has_value(); }

const Constant& Translation::constant(size_t index) const {
  const Value& value = input(index);
  if (!value.constant)
    refuse("expected input {} ('{}') to be a constant of the file, got a computed value", index, node_.inputs[index]);
  return *value.constant;
}

std::vector<int64_t> Translation::integers(size_t index) const {
  const Constant& given = constant(index);
  if (!given.integral) refuse("expected input {} ('{}') to hold integers", index, node_.inputs[index]);
  return given.integers;
}

double Translation::scalar(size_t index) const {
  const Constant& given = constant(index);
  if (given.elements() != 1) refuse("expected input {} to be one number, got {}", index, given.elements());
  return given.integral ? static_cast<double>(given.integers[0]) : static_cast<double>(given.numbers.data[0]);
}

Weights Translation::weights(size_t index) const {
  const Constant& given = constant(index);
  if (given.integral) refuse("expected input {} ('{}') to hold floating-point numbers", index, node_.inputs[index]);
  return given.numbers;
}

Value Translation::with_channels(const Value& value, size_t index, const std::string& suffix) {
  if (value.view.is_axis(index, Axis::c, value.shape)) return value;
  const std::optional<std::vector<int64_t>> order = value.view.channel_order(index, value.shape);
  if (!order) refuse("expected dimension {} to be the channels, got a value of {}", index, to_string(value.view));
  Value ordered = append(std::make_shared<ChannelPermutation>(*order), {value}, suffix);
  ordered.view = value.view.with(index, View::of(ordered.shape).dimension(1));
  return ordered;
}

Value Translation::image(size_t index, const std::vector<Axis>& order) {
  const Value& given = input(index);
  if (given.constant) refuse("expected input {} to be computed from the image, got a constant", index);
  if (given.view.rank() != order.size())
    refuse("expected a value of {} dimensions, got {}", order.size(), to_string(given.view));
  const auto channels = static_cast<size_t>(std::find(order.begin(), order.end(), Axis::c) - order.begin());
  Value value = with_channels(given, channels);
  for (size_t i = 0; i < order.size(); ++i) {
    if (!value.view.is_axis(i, order[i], value.shape))
      refuse("expected a value of {}, got {}", to_string(View::of(value.shape, order)), to_string(value.view));
  }
  return value;
}

size_t Translation::dimension(int64_t axis, size_t rank) const {
  const auto count = static_cast<int64_t>(rank);
  if (axis < -count || axis >= count) refuse("axis {} of a value of {} dimensions", axis, rank);
  return static_cast<size_t>(axis < 0 ? axis + count : axis);
}

Value Translation::append(std::shared_ptr<const Op> op, const std::vector<Value>& sources, const std::string& suffix,
                          size_t output) {
  return at_place(attributes_.place(),
                  [&] { return importer_.append(node_.outputs.at(output) + suffix, std::move(op), sources); });
}

void Translation::finish() const {
  attributes_.finish();
  for (size_t i = 0; i < inputs(); ++i) {
    if (!node_.inputs[i].empty() && !asked_.contains(i))
      refuse("has an input {} ('{}'), which is not supported", i, node_.inputs[i]);
  }
  for (size_t i = 0; i < node_.outputs.size(); ++i) {
    if (!node_.outputs[i].empty() && !importer_.knows(node_.outputs[i]))
      refuse("its output {} ('{}') is not supported", i, node_.outputs[i]);
  }
}

void Translation::result(Value value, size_t output) {
  if (output < node_.outputs.size() && !node_.outputs[output].empty())
    importer_.set(node_.outputs[output], std::move(value));
}

}  // namespace phosphene::source
