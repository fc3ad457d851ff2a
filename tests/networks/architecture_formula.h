// Weights by formula, and the files that hold them: what models/architectures of the assets has without its weights is made here, when a
// test needs it. The formula, its kinds and the recipes are described in models/architectures/README.md.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/golden.h"

namespace phosphene::testing {

// The numbers of a tensor: element i follows from its name, its shape and its kind ("weight", "norm_var", ...) alone. Throws for a kind
// that the formula does not have.
std::vector<float> formula_tensor(const std::string& name, const std::vector<int64_t>& shape, const std::string& kind);

// A tensor of an architecture's state dict.
struct FormulaTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::string kind;

  [[nodiscard]] int64_t elements() const;
  [[nodiscard]] std::vector<float> numbers() const { return formula_tensor(name, shape, kind); }
};

// Tensors as people publish them: float32, and int64 for counters; `prefix` before each name.
void write_tensors(const std::vector<FormulaTensor>& tensors, const std::filesystem::path& safetensors,
                   const std::string& prefix = "");

// One entry of architectures.json.
class Architecture {
 public:
  Architecture(const std::filesystem::path& architectures_json, const std::string& name);

  [[nodiscard]] const nlohmann::json& described() const { return described_; }  // layers, objectives, tolerances, ...
  [[nodiscard]] const std::vector<FormulaTensor>& tensors() const { return tensors_; }
  [[nodiscard]] const FormulaTensor& tensor(const std::string& name) const;
  // What enters the network, [1, 3, H, W].
  [[nodiscard]] Array input() const;

  // write_tensors of its tensors.
  void write_state_dict(const std::filesystem::path& safetensors, const std::string& prefix = "") const;

 private:
  nlohmann::json described_;
  std::vector<FormulaTensor> tensors_;
};

// Reads NAME_FORM.onnx, a network without weights, and NAME_FORM.json beside it, and writes the network with weights; architectures.json
// lies in the folder above.
void write_filled_onnx(const std::filesystem::path& empty_onnx, const std::filesystem::path& filled_onnx);

}  // namespace phosphene::testing
