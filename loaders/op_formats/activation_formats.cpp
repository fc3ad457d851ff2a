#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "layers/network/activation.h"
#include "layers/network/prelu.h"
#include "layers/network/relu.h"
#include "layers/network/softmax.h"
#include "loaders/op_formats/op_format.h"

namespace phosphene::formats_of_activations {
namespace {

// JSON has no infinity, which is what a clip's missing end is.
void write_activation(LayerWriter& writer, const Activation& op) {
  const ActivationFunction& function = op.function();
  const ActivationForm& form = form_of(function.kind);
  writer.json["kind"] = form.name;
  for (const auto& [name, number] : {std::pair{form.numbers[0], function.a}, {form.numbers[1], function.b}})
    if (!name.empty() && std::isfinite(number)) writer.json[std::string(name)] = number;
}

const ActivationForm& read_form(const JsonReader& layer) {
  std::vector<std::string> names;
  for (const ActivationForm& form : activation_forms()) names.emplace_back(form.name);
  const std::string kind = layer.at("kind").word(names);
  return *std::find_if(activation_forms().begin(), activation_forms().end(),
                       [&](const ActivationForm& form) { return form.name == kind; });
}

// Which numbers a layer has depends on its kind.
void refuse_numbers_of_others(const JsonReader& layer, const ActivationForm& form) {
  std::vector<std::string> keys = {"name", "op", "inputs", "kind"};
  for (const std::string_view number : form.numbers)
    if (!number.empty()) keys.emplace_back(number);
  layer.only(keys);
}

std::shared_ptr<const Op> read_activation(const LayerReader& reader) {
  constexpr float kNone = std::numeric_limits<float>::infinity();
  const ActivationForm& form = read_form(reader.json);
  refuse_numbers_of_others(reader.json, form);
  const bool clips = form.kind == ActivationKind::clip;
  const auto number = [&](size_t which, float missing) {
    const std::string name(form.numbers[which]);
    const bool left_out = clips && !reader.json.has(name);
    return name.empty() || left_out ? missing : reader.json.at(name).number();
  };
  return std::make_shared<Activation>(
      ActivationFunction{form.kind, number(0, clips ? -kNone : 0), number(1, clips ? kNone : 0)});
}

std::vector<std::string> numbers_of_all_kinds() {
  std::vector<std::string> keys = {"kind"};
  for (const ActivationForm& form : activation_forms()) {
    for (const std::string_view number : form.numbers)
      if (!number.empty()) keys.emplace_back(number);
  }
  return keys;
}

void write_prelu(LayerWriter& writer, const PRelu& op) { writer.tensor("slopes", op.slopes()); }

std::shared_ptr<const Op> read_prelu(const LayerReader& reader) {
  return std::make_shared<PRelu>(reader.required_tensor("slopes"));
}

}  // namespace

std::span<const OpFormat> formats() {
  static const std::array<OpFormat, 4> table{{
      {.name = "relu",
       .keys = {},
       .is = is_op<Relu>,
       .write = write_as<Relu, write_nothing<Relu>>,
       .read = read_plain<Relu>},
      {.name = "activation",
       .keys = numbers_of_all_kinds(),
       .is = is_op<Activation>,
       .write = write_as<Activation, write_activation>,
       .read = read_activation},
      {.name = "prelu",
       .keys = {"slopes"},
       .is = is_op<PRelu>,
       .write = write_as<PRelu, write_prelu>,
       .read = read_prelu},
      {.name = "softmax",
       .keys = {},
       .is = is_op<Softmax>,
       .write = write_as<Softmax, write_nothing<Softmax>>,
       .read = read_plain<Softmax>},
  }};
  return table;
}

}  // namespace phosphene::formats_of_activations
