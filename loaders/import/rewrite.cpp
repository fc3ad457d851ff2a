#include "loaders/import/rewrite.h"

#include <cmath>
#include <optional>

namespace phosphene::source {
namespace {

// The network's nodes by the values that they write.
class Writers {
 public:
  explicit Writers(const Network& network) : network_(network) {
    for (const Node& node : network.nodes) {
      for (const std::string& output : node.outputs) writers_[output] = &node;
    }
  }

  // The node that writes a value as its first output, if it is of this op.
  [[nodiscard]] const Node* writer(const std::string& value, const char* op) const {
    const auto found = writers_.find(value);
    if (found == writers_.end() || found->second->op != op || found->second->outputs[0] != value) return nullptr;
    return found->second;
  }
  // The number that a value is, if it is one that the file holds.
  [[nodiscard]] std::optional<double> number(const std::string& value) const {
    const auto found = network_.constants.find(value);
    if (found == network_.constants.end() || found->second.elements() != 1) return std::nullopt;
    const Constant& constant = found->second;
    return constant.integral ? static_cast<double>(constant.integers[0])
                             : static_cast<double>(constant.numbers.data[0]);
  }
  // To float32's precision: files write 1.4142135 for the root of 2.
  [[nodiscard]] bool is(const std::string& value, double wanted) const {
    const std::optional<double> found = number(value);
    return found && std::fabs(*found - wanted) <= 1e-6 * std::fabs(wanted);
  }
  [[nodiscard]] bool is_constant(const std::string& value) const { return network_.constants.contains(value); }

 private:
  const Network& network_;
  std::map<std::string, const Node*> writers_;
};

// Both orders of the two operands of a sum or a product.
using Pair = std::pair<std::string, std::string>;
std::vector<Pair> operands(const Node* node) {
  if (node == nullptr || node->inputs.size() != 2) return {};
  return {{node->inputs[0], node->inputs[1]}, {node->inputs[1], node->inputs[0]}};
}

// value = x / divisor, or x times its reciprocal: x.
std::optional<std::string> divided(const Writers& writers, const std::string& value, double divisor) {
  if (const Node* node = writers.writer(value, "Div"); node != nullptr && writers.is(node->inputs.at(1), divisor))
    return node->inputs[0];
  for (const auto& [x, factor] : operands(writers.writer(value, "Mul"))) {
    if (writers.is(factor, 1 / divisor)) return x;
  }
  return std::nullopt;
}

// value = x + number: x.
std::optional<std::string> increased(const Writers& writers, const std::string& value, double number) {
  for (const auto& [x, term] : operands(writers.writer(value, "Add"))) {
    if (writers.is(term, number)) return x;
  }
  return std::nullopt;
}

Node instead(const Node& node, const char* op, std::vector<std::string> inputs,
             std::map<std::string, Attribute> attributes = {}) {
  Node result = node;
  result.op = op;
  result.inputs = std::move(inputs);
  result.attributes = std::move(attributes);
  return result;
}

std::optional<Node> as_swish(const Writers& writers, const Node& node) {
  if (node.op != "Mul") return std::nullopt;
  for (const auto& [x, gate] : operands(&node)) {
    const Node* sigmoid = writers.writer(gate, "Sigmoid");
    if (sigmoid != nullptr && sigmoid->inputs == std::vector{x}) return instead(node, "Swish", {x});
  }
  return std::nullopt;
}

bool is_sixth(const Node& hard_sigmoid) {
  const auto alpha = hard_sigmoid.attributes.find("alpha"), beta = hard_sigmoid.attributes.find("beta");
  const auto near = [](const Attribute& attribute, double wanted) {
    const auto* number = std::get_if<double>(&attribute);
    return number != nullptr && std::fabs(*number - wanted) < 1e-6;
  };
  return alpha != hard_sigmoid.attributes.end() && near(alpha->second, 1. / 6) &&
         (beta == hard_sigmoid.attributes.end() || near(beta->second, 0.5));
}

// value = clip(x + 3, 0, 6).
bool is_ramp(const Writers& writers, const std::string& value, const std::string& x) {
  const Node* clip = writers.writer(value, "Clip");
  return clip != nullptr && clip->inputs.size() == 3 && writers.number(clip->inputs[1]) == 0. &&
         writers.is(clip->inputs[2], 6) && increased(writers, clip->inputs[0], 3) == x;
}

std::optional<Node> as_hard_swish(const Writers& writers, const Node& node) {
  if (node.op == "Mul") {
    for (const auto& [x, gate] : operands(&node)) {
      const Node* hard = writers.writer(gate, "HardSigmoid");
      if (hard != nullptr && hard->inputs == std::vector{x} && is_sixth(*hard)) return instead(node, "HardSwish", {x});
      const std::optional<std::string> ramp = divided(writers, gate, 6);
      if (ramp && is_ramp(writers, *ramp, x)) return instead(node, "HardSwish", {x});
    }
  }
  const std::optional<std::string> product = divided(writers, node.outputs.at(0), 6);
  if (!product) return std::nullopt;
  for (const auto& [x, ramp] : operands(writers.writer(*product, "Mul"))) {
    if (is_ramp(writers, ramp, x)) return instead(node, "HardSwish", {x});
  }
  return std::nullopt;
}

// value = 1 + erf(x / sqrt 2).
bool is_twice_normal(const Writers& writers, const std::string& value, const std::string& x) {
  const std::optional<std::string> of = increased(writers, value, 1);
  const Node* erf = of ? writers.writer(*of, "Erf") : nullptr;
  return erf != nullptr && divided(writers, erf->inputs.at(0), std::sqrt(2.)) == x;
}

std::optional<Node> as_gelu(const Writers& writers, const Node& node) {
  if (node.op != "Mul" && node.op != "Div") return std::nullopt;
  if (const std::optional<std::string> product = divided(writers, node.outputs.at(0), 2)) {
    for (const auto& [x, normal] : operands(writers.writer(*product, "Mul"))) {
      if (is_twice_normal(writers, normal, x)) return instead(node, "Gelu", {x});
    }
  }
  for (const auto& [half, normal] : operands(&node)) {
    const std::optional<std::string> x = divided(writers, half, 2);
    if (node.op == "Mul" && x && is_twice_normal(writers, normal, *x)) return instead(node, "Gelu", {*x});
    const std::optional<std::string> halved = divided(writers, normal, 2);
    if (node.op == "Mul" && halved && is_twice_normal(writers, *halved, half)) return instead(node, "Gelu", {half});
  }
  return std::nullopt;
}

// value = the mean over the last dimension of x, which is kept.
bool is_mean(const Writers& writers, const std::string& value, const std::string& x) {
  const Node* mean = writers.writer(value, "ReduceMean");
  if (mean == nullptr || mean->inputs.at(0) != x) return false;
  const auto axes = mean->attributes.find("axes"), keep = mean->attributes.find("keepdims");
  if (mean->inputs.size() != 1 || axes == mean->attributes.end()) return false;
  const auto* list = std::get_if<std::vector<int64_t>>(&axes->second);
  const auto* kept = keep == mean->attributes.end() ? nullptr : std::get_if<int64_t>(&keep->second);
  return list != nullptr && *list == std::vector<int64_t>{-1} && (kept == nullptr || *kept == 1);
}

// value = (x - mean) / sqrt(mean((x - mean)^2) + epsilon).
struct Normalised {
  std::string x;
  double epsilon = 0;
};
std::optional<Normalised> as_normalised(const Writers& writers, const std::string& value) {
  const Node* quotient = writers.writer(value, "Div");
  if (quotient == nullptr) return std::nullopt;
  const Node *centred = writers.writer(quotient->inputs.at(0), "Sub"),
             *root = writers.writer(quotient->inputs.at(1), "Sqrt");
  if (centred == nullptr || root == nullptr || !is_mean(writers, centred->inputs.at(1), centred->inputs[0]))
    return std::nullopt;
  for (const auto& [variance, epsilon] : operands(writers.writer(root->inputs.at(0), "Add"))) {
    const Node* mean = writers.writer(variance, "ReduceMean");
    if (mean == nullptr || !writers.number(epsilon) || !is_mean(writers, variance, mean->inputs.at(0))) continue;
    const std::string& squared = mean->inputs[0];
    const Node *power = writers.writer(squared, "Pow"), *product = writers.writer(squared, "Mul");
    const std::string& difference = quotient->inputs[0];
    const bool squares =
        (power != nullptr && power->inputs.at(0) == difference && writers.is(power->inputs.at(1), 2)) ||
        (product != nullptr && product->inputs == std::vector{difference, difference});
    if (squares) return Normalised{centred->inputs[0], *writers.number(epsilon)};
  }
  return std::nullopt;
}

std::optional<Node> as_layer_norm(const Writers& writers, const Node& node) {
  if (node.op != "Add") return std::nullopt;
  for (const auto& [scaled, shift] : operands(&node)) {
    if (!writers.is_constant(shift)) continue;
    for (const auto& [normal, scale] : operands(writers.writer(scaled, "Mul"))) {
      const std::optional<Normalised> found = as_normalised(writers, normal);
      if (!writers.is_constant(scale) || !found) continue;
      return instead(node, "LayerNormalization", {found->x, scale, shift},
                     {{"axis", int64_t{-1}}, {"epsilon", found->epsilon}});
    }
  }
  return std::nullopt;
}

}  // namespace

Network rewritten(const Network& network) {
  Network result = network;
  const Writers writers(network);
  for (Node& node : result.nodes) {
    if (node.outputs.empty() || node.inputs.size() != 2) continue;
    for (const auto match : {as_swish, as_hard_swish, as_gelu, as_layer_norm}) {
      std::optional<Node> found = match(writers, node);
      if (!found) continue;
      node = std::move(*found);
      break;
    }
  }
  return result;
}

}  // namespace phosphene::source
