// What the tests of arithmetic and normalisations share: their golden table, and numbers that suit them.
#pragma once

#include "tests/layers/network/oracles.h"

namespace phosphene::testing {

inline constexpr double kEps = 0x1p-24;

// Every case of arithmetic.json with this op.
inline std::vector<nlohmann::json> golden_arithmetic(const std::string& op) {
  std::vector<nlohmann::json> cases;
  const nlohmann::json table = golden_table("arithmetic");
  for (const nlohmann::json& one : table.at("cases"))
    if (one.at("op") == op) cases.push_back(one);
  return cases;
}

// Absent where the case has none.
inline Weights golden_weights(const nlohmann::json& golden, const char* name) {
  return golden.contains(name) ? to_array(golden.at(name)).weights() : Weights{};
}

inline Tensor tensor_between(const Shape& shape, unsigned seed, double low, double high) {
  return {shape, random_numbers(shape.elements(), seed, low, high)};
}

}  // namespace phosphene::testing
