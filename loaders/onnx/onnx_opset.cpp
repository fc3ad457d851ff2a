#include "loaders/onnx/onnx_opset.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "runtime/error.h"

namespace phosphene::onnx {
namespace {

using source::Constant;

class Upgrade {
 public:
  Upgrade(source::Network& network, source::Node& node, int64_t opset, std::set<std::string>& names)
      : network_(network), node_(node), opset_(opset), names_(names) {}

  void clip() {
    if (opset_ >= 11) return;
    const auto least = take<double>("min", "a number"), most = take<double>("max", "a number");
    const auto bound = [&](const std::optional<double>& value, size_t index, const char* name) {
      if (!value || std::isinf(*value)) return;  // which bounds nothing
      if (std::isnan(*value)) refuse("{} is not a number", name);
      add_input(index, name, Constant::of(std::vector<float>{static_cast<float>(*value)}, {}));
    };
    only_inputs(1);
    bound(least, 1, "min");
    bound(most, 2, "max");
  }

  void axes(int64_t since) {
    if (opset_ < since) return;
    if (node_.attributes.contains("axes")) refuse("has the attribute axes; from opset {} on it is an input", since);
    const Constant* list = constant_input(1);
    if (list == nullptr) return;
    if (!list->integral || list->dims.size() > 1) refuse("expected its axes to be a list of integers");
    node_.attributes["axes"] = list->integers;
    node_.inputs.resize(1);
  }

  void slice() {
    if (opset_ >= 10) return;
    only_inputs(1);
    for (const char* name : {"starts", "ends"}) {
      if (!node_.attributes.contains(name)) refuse("has no attribute {}", name);
    }
    add_list(1, "starts");
    add_list(2, "ends");
    add_list(3, "axes");
  }

  void pad() {
    if (opset_ >= 11) return;
    only_inputs(1);
    if (!node_.attributes.contains("pads")) refuse("has no attribute pads");
    add_list(1, "pads");
    const auto value = take<double>("value", "a number");
    if (value && !std::isfinite(*value)) refuse("value is not finite");
    if (value) add_input(2, "value", Constant::of(std::vector<float>{static_cast<float>(*value)}, {}));
  }

  void split() {
    if (opset_ >= 13) return;
    only_inputs(1);
    add_list(1, "split");
  }

  void upsample() {
    if (opset_ >= 10) return;  // no op of these opsets: refused where it is imported
    if (opset_ < 9) {
      only_inputs(1);
      const auto scales = take<std::vector<double>>("scales", "a list of numbers");
      if (!scales) refuse("has no attribute scales; expected Upsample of opset 7 or later");
      for (const double scale : *scales) {
        if (!std::isfinite(scale)) refuse("scales hold a number that is not finite");
      }
      add_input(
          1, "scales",
          Constant::of(std::vector<float>(scales->begin(), scales->end()), {static_cast<int64_t>(scales->size())}));
    }
    to_resize();
  }

  void resize() {
    if (opset_ == 10) {
      refuse_shrinking_to_the_nearest();
      to_resize();
      return;
    }
    for (size_t i = 1; i < node_.inputs.size(); ++i) {
      const Constant* given = constant_input(i);
      if (given != nullptr && given->elements() == 0) node_.inputs[i].clear();
    }
    drop_missing_at_end();
  }

  void softmax() {
    const bool old = opset_ < 13;
    const int64_t axis = take<int64_t>("axis", "an integer").value_or(old ? 1 : -1);
    node_.attributes["axis"] = axis;
    if (old && axis != -1) node_.attributes["coerce_to_2d"] = int64_t{1};
  }

  void dropout() {
    if (opset_ < 7) refuse_training("is_test");
    if (opset_ < 12) only_inputs(1);
    if (const Constant* training = constant_input(2); training != nullptr) {
      if (!training->integral || training->integers != std::vector<int64_t>{0}) refuse("is in training mode");
    } else if (node_.inputs.size() > 2) {
      refuse("its training_mode is computed; expected a constant");
    }
    node_.attributes.erase("ratio");
    node_.attributes.erase("seed");
    node_.inputs.resize(std::min<size_t>(node_.inputs.size(), 1));
  }

  void batch_normalization() {
    if (opset_ < 9 && take<int64_t>("spatial", "an integer").value_or(1) != 1)
      refuse("spatial is not 1: statistics for each place are not supported");
    if (opset_ >= 7) return;
    refuse_training("is_test");
    node_.attributes.erase("consumed_inputs");
  }

  void arithmetic() {
    if (opset_ >= 7) return;
    const bool along = node_.op == "Add" || node_.op == "Sub" || node_.op == "Mul" || node_.op == "Div";
    const auto broadcast = take<int64_t>("broadcast", "an integer");
    if (broadcast.value_or(0) == 0) {
      node_.attributes.erase("axis");
    } else if (node_.attributes.contains("axis")) {
      if (!along)
        refuse("broadcasts along an axis as before opset 7, which is not supported: convert the file to a later opset");
      node_.attributes["old_axis"] = node_.attributes.extract("axis").mapped();
    }
  }

  void prelu() {
    if (opset_ >= 7) return;
    const Constant* slope = constant_input(1);
    if (slope == nullptr || slope->dims.size() != 1) refuse("expected a list of slopes, as before opset 7");
    if (slope->elements() != 1) node_.attributes["slope_axis"] = int64_t{1};
  }

  void group_normalization() {
    if (opset_ < 21) node_.attributes["scale_of_groups"] = int64_t{1};
  }

 private:
  template <class... Arguments>
  [[noreturn]] void refuse(fmt::format_string<Arguments...> what, Arguments&&... arguments) const {
    fail(source::place_of(network_, node_), what, std::forward<Arguments>(arguments)...);
  }

  template <class Value>
  std::optional<Value> take(const std::string& name, const char* wanted) {
    const auto found = node_.attributes.find(name);
    if (found == node_.attributes.end()) return std::nullopt;
    auto* value = std::get_if<Value>(&found->second);
    if (value == nullptr) refuse("{}: expected {}", name, wanted);
    Value taken = std::move(*value);
    node_.attributes.erase(found);
    return taken;
  }

  // The constant that is input `index`; null when it is not given or computed.
  [[nodiscard]] const Constant* constant_input(size_t index) const {
    if (index >= node_.inputs.size()) return nullptr;
    const auto found = network_.constants.find(node_.inputs[index]);
    return found == network_.constants.end() ? nullptr : &found->second;
  }

  void only_inputs(size_t most) const {
    if (node_.inputs.size() > most)
      refuse("has {} inputs; expected at most {} in opset {}", node_.inputs.size(), most, opset_);
  }

  void add_input(size_t index, const std::string& role, Constant constant) {
    std::string name = node_.outputs.front() + ":" + role;
    while (!names_.insert(name).second) name += "'";
    if (node_.inputs.size() <= index) node_.inputs.resize(index + 1);
    node_.inputs[index] = name;
    network_.constants.emplace(name, std::move(constant));
  }

  void add_list(size_t index, const std::string& name) {
    const auto list = take<std::vector<int64_t>>(name, "a list of integers");
    if (list) add_input(index, name, Constant::of(*list, {static_cast<int64_t>(list->size())}));
  }

  void drop_missing_at_end() {
    while (!node_.inputs.empty() && node_.inputs.back().empty()) node_.inputs.pop_back();
  }

  void to_resize() {
    if (node_.inputs.size() != 2) refuse("has {} inputs; expected 2", node_.inputs.size());
    node_.op = "Resize";
    node_.inputs = {node_.inputs[0], "", node_.inputs[1]};
    for (const auto& [name, value] :
         {std::pair{"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"}}) {
      if (!node_.attributes.emplace(name, std::string(value)).second)
        refuse("has the attribute {}, which opset {} lacks", name, opset_);
    }
  }

  // Which of two pixels that is, opset 10 leaves open.
  void refuse_shrinking_to_the_nearest() const {
    const auto mode = node_.attributes.find("mode");
    if (mode != node_.attributes.end()) {
      const auto* word = std::get_if<std::string>(&mode->second);
      if (word != nullptr && *word != "nearest") return;
    }
    const Constant* scales = constant_input(1);
    if (scales == nullptr || scales->integral) refuse("its scales are computed; expected constants in opset 10");
    if (std::any_of(scales->numbers.data, scales->numbers.data + scales->elements(),
                    [](float scale) { return scale < 1; }))
      refuse("shrinks to the nearest pixel; which one, opset 10 does not say");
  }

  void refuse_training(const std::string& name) {
    if (take<int64_t>(name, "an integer").value_or(1) == 0) refuse("is in training mode: {} is 0", name);
  }

  source::Network& network_;
  source::Node& node_;
  int64_t opset_;
  std::set<std::string>& names_;
};

using Step = void (*)(Upgrade&);

const std::map<std::string, Step>& steps() {
  static const std::map<std::string, Step> table = [] {
    std::map<std::string, Step> all = {{"BatchNormalization", [](Upgrade& node) { node.batch_normalization(); }},
                                       {"Clip", [](Upgrade& node) { node.clip(); }},
                                       {"Dropout", [](Upgrade& node) { node.dropout(); }},
                                       {"GroupNormalization", [](Upgrade& node) { node.group_normalization(); }},
                                       {"PRelu", [](Upgrade& node) { node.prelu(); }},
                                       {"Pad", [](Upgrade& node) { node.pad(); }},
                                       {"ReduceSum", [](Upgrade& node) { node.axes(13); }},
                                       {"Resize", [](Upgrade& node) { node.resize(); }},
                                       {"Slice", [](Upgrade& node) { node.slice(); }},
                                       {"Split", [](Upgrade& node) { node.split(); }},
                                       {"Squeeze", [](Upgrade& node) { node.axes(13); }},
                                       {"Unsqueeze", [](Upgrade& node) { node.axes(13); }},
                                       {"Upsample", [](Upgrade& node) { node.upsample(); }}};
    for (const char* op : {"Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Equal", "Greater", "Less", "Gemm"})
      all[op] = [](Upgrade& node) { node.arithmetic(); };
    for (const char* op : {"Softmax", "LogSoftmax", "Hardmax"}) all[op] = [](Upgrade& node) { node.softmax(); };
    for (const char* op : {"ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum",
                           "ReduceLogSumExp", "ReduceSumSquare"})
      all[op] = [](Upgrade& node) { node.axes(18); };
    return all;
  }();
  return table;
}

}  // namespace

void upgrade(source::Network& network, source::Node& node, int64_t opset, std::set<std::string>& names) {
  const auto step = steps().find(node.op);
  if (step == steps().end()) return;
  Upgrade rule(network, node, opset, names);
  step->second(rule);
}

}  // namespace phosphene::onnx
