#include "tests/cases/case_list.h"

namespace phosphene::cases {
namespace {

constexpr BinaryOperation kOperations[] = {BinaryOperation::add,      BinaryOperation::subtract,
                                           BinaryOperation::multiply, BinaryOperation::divide,
                                           BinaryOperation::maximum,  BinaryOperation::minimum};
constexpr BinaryDerivative kDerivatives[] = {
    BinaryDerivative::one,      BinaryDerivative::minus_one, BinaryDerivative::other,  BinaryDerivative::reciprocal,
    BinaryDerivative::quotient, BinaryDerivative::larger,    BinaryDerivative::smaller};

// Away from 0, for what divides by it.
Operand positive_network(const Shape& shape) {
  return {.count = shape.elements(), .low = 0.5F, .high = 2, .network = true};
}

struct Broadcast {
  const char* name;
  Shape operand;
};
// Every way in which an operand of a map may be broadcast, none first.
std::vector<Broadcast> broadcasts(const Shape& map) {
  return {{"same", map},
          {"channels", {map.n, map.c, 1, 1}},
          {"positions", {map.n, 1, map.h, map.w}},
          {"image", {map.n, 1, 1, 1}}};
}

void add_binary(CaseList& list, const Shape& map, const Broadcast& broadcast, BinaryOperation operation) {
  const Shape& small = broadcast.operand;
  const std::string name = "/" + std::to_string(static_cast<int>(operation)) + "_" + broadcast.name;
  list.add("binary" + name, BinaryProblem{map, small, operation},
           {positive_network(map), positive_network(small), written(network(map))});
  if (small != map) {
    list.add("binary" + name + "_first", BinaryProblem{small, map, operation},
             {positive_network(small), positive_network(map), written(network(map))});
  }
}

void add_binary_backward(CaseList& list, const std::string& name, const Shape& operand, const Shape& other,
                         BinaryDerivative derivative) {
  const BinaryBackwardProblem problem{operand, other, derivative};
  std::vector<Operand> operands = {network(problem.dst())};
  if (problem.reads_other()) operands.push_back(positive_network(other));
  if (problem.reads_operand()) operands.push_back(positive_network(operand));
  operands.push_back(written(network(operand)));
  list.add("binary_backward/" + std::to_string(static_cast<int>(derivative)) + "_" + name, problem,
           std::move(operands));
}

void add_binaries(CaseList& list) {
  const Shape map = list.map(256, 56);
  for (const Broadcast& broadcast : broadcasts(map)) {
    // Times are those of a product's: a gate, its gradient, and that of what it gates.
    for (const BinaryOperation operation : kOperations)
      if (!list.real() || operation == BinaryOperation::multiply) add_binary(list, map, broadcast, operation);
    for (const BinaryDerivative derivative : kDerivatives) {
      if (list.real() && derivative != BinaryDerivative::other) continue;
      add_binary_backward(list, broadcast.name, broadcast.operand, map, derivative);
      if (broadcast.operand != map)
        add_binary_backward(list, std::string("beside_") + broadcast.name, map, broadcast.operand, derivative);
    }
  }
}

void add_channel_affine(CaseList& list) {
  const Shape map = list.map(256, 56);
  for (const int64_t factors : {map.c, int64_t{1}, int64_t{0}}) {
    for (const int64_t shifts : {map.c, int64_t{1}, int64_t{0}}) {
      if ((factors == 0 && shifts == 0) || (list.real() && (factors != map.c || shifts != map.c))) continue;
      std::vector<Operand> operands = {network(map)};
      if (factors > 0) operands.push_back(numbers(factors));
      if (shifts > 0) operands.push_back(numbers(shifts));
      operands.push_back(written(network(map)));
      list.add("channel_affine/" + std::to_string(factors) + "_" + std::to_string(shifts),
               ChannelAffineProblem{map, factors, shifts}, std::move(operands));
    }
  }
}

void add_layer_norm(CaseList& list) {
  const Shape map = list.map(384, 14);
  constexpr float kEpsilon = 1e-5F;
  for (const bool affine : {true, false}) {
    std::vector<Operand> forward = {network(map)}, backward = {network(map), network(map)};
    for (int i = 0; affine && i < 2; ++i) forward.push_back(numbers(map.c));
    if (affine) backward.push_back(numbers(map.c));
    forward.push_back(written(network(map)));
    backward.push_back(written(network(map)));
    const std::string name = affine ? "/affine" : "/plain";
    list.add("layer_norm" + name, LayerNormProblem{map, kEpsilon, affine, affine}, std::move(forward));
    list.add("layer_norm_backward" + name, LayerNormBackwardProblem{map, kEpsilon, affine}, std::move(backward));
  }
}

void add_group_norm(CaseList& list, const Shape& map, int64_t groups, bool affine) {
  constexpr float kEpsilon = 1e-5F;
  const Operand statistics = positive(map.n * 2 * map.c);
  std::vector<Operand> forward = {partly(2, network(map))};
  std::vector<Operand> backward = {partly(2, network(map)), partly(2, network(map)), statistics};
  for (int i = 0; affine && i < 2; ++i) forward.push_back(numbers(map.c));
  if (affine) backward.push_back(numbers(map.c));
  forward.push_back(written(network(map)));
  forward.push_back(written(statistics));
  backward.push_back(written(network(map)));
  const std::string name = "/" + std::to_string(groups) + "_groups" + (affine ? "" : "_plain");
  list.add("group_norm" + name, GroupNormProblem{map, groups, kEpsilon, affine, affine}, std::move(forward));
  list.add("group_norm_backward" + name, GroupNormBackwardProblem{map, groups, affine}, std::move(backward));
}

void add_group_norms(CaseList& list) {
  if (list.real()) return add_group_norm(list, list.map(256, 56), 32, true);
  const Shape map = {list.images, 150, 5, 6};
  for (const int64_t groups : {int64_t{1}, int64_t{3}, map.c})
    for (const bool affine : {true, false}) add_group_norm(list, map, groups, affine);
}

}  // namespace

void add_arithmetic_cases(CaseList& list) {
  add_binaries(list);
  add_channel_affine(list);
  add_layer_norm(list);
  add_group_norms(list);
}

}  // namespace phosphene::cases
