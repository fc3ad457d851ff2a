// Reference numbers: JSON tables of tests/golden, and larger files of $PHOSPHENE_ASSETS that not every machine has.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runtime/tensor.h"

namespace phosphene::testing {

// Numbers in row-major order, in float64 as the tables have them. Images and activations are N C H W.
struct Array {
  std::vector<int64_t> dims;
  std::vector<double> data;

  [[nodiscard]] Shape shape() const;  // up to four dimensions; N C becomes N C 1 1
  [[nodiscard]] std::vector<float> floats() const;
  [[nodiscard]] Weights weights() const;
};

// tests/golden/NAME.json.
nlohmann::json golden_table(const std::string& name);

// {"shape": [...], "data": [...]}; throws when the two do not fit.
Array to_array(const nlohmann::json& json);

// The case called `name` in a table's list "cases".
const nlohmann::json& golden_case(const nlohmann::json& table, const std::string& name);

// $PHOSPHENE_ASSETS/PATH, or nothing where the variable is not set. A file that should be there and is not throws.
std::optional<std::filesystem::path> find_asset(const std::string& path);

// The tensors of float32, float64 and bytes of a .safetensors file, by a reader of its own, so that a fault of the product's cannot hide itself.
std::map<std::string, Array> read_golden_tensors(const std::filesystem::path& path);

}  // namespace phosphene::testing

// Binds `name` to the path of an asset, or skips the test with a reason.
#define PHOSPHENE_ASSET(name, file)                                                \
  const auto name##_asset = ::phosphene::testing::find_asset(file);                \
  if (!name##_asset) GTEST_SKIP() << "PHOSPHENE_ASSETS is not set: no " << (file); \
  const std::filesystem::path& name(*name##_asset)
