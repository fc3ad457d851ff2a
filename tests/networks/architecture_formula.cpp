#include "tests/networks/architecture_formula.h"

#include <loaders/onnx/onnx.pb.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <span>
#include <stdexcept>

namespace phosphene::testing {
namespace {

uint64_t fnv1a(const std::string& text) {
  uint64_t value = 0xCBF29CE484222325U;
  for (const char byte : text) value = (value ^ static_cast<unsigned char>(byte)) * 0x100000001B3U;
  return value;
}

uint64_t splitmix64(uint64_t state) {
  uint64_t z = state + 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

int64_t product(std::span<const int64_t> sizes) {
  int64_t result = 1;
  for (const int64_t size : sizes) result *= size;
  return result;
}

struct Kind {
  double offset, scale;
};

Kind kind_of(const std::string& kind, const std::vector<int64_t>& shape) {
  static const std::map<std::string, Kind> kinds = {
      {"bias", {0, 1. / 16}},
      {"norm_weight", {1, 3. / 16}},
      {"norm_weight_smooth", {19. / 16, 3. / 16}},
      {"norm_weight_linear", {11. / 16, 1. / 8}},
      {"norm_weight_branch", {3. / 16, 1. / 16}},
      {"norm_bias", {0, 3. / 32}},
      {"norm_mean", {0, 3. / 32}},
      {"norm_var", {1, 3. / 16}},
      {"gate_bias", {1, 1. / 4}},
      {"layer_scale", {1. / 4, 1. / 16}},
      {"embedding", {0, 1. / 2}},
      {"input", {0, 2}},
      {"counter", {0, 0}},
  };
  if (kind == "weight") return {0, std::sqrt(6. / static_cast<double>(product(std::span(shape).subspan(1))))};
  const auto found = kinds.find(kind);
  if (found == kinds.end()) throw std::runtime_error("the formula has no kind '" + kind + "'");
  return found->second;
}

nlohmann::json read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot open " + path.string());
  return nlohmann::json::parse(file);
}

void write_bytes(std::ofstream& file, std::span<const std::byte> bytes) {
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

// norm.weight / sqrt(norm.running_var + eps), for each channel.
std::vector<double> norm_scale(const Architecture& architecture, const std::string& norm, double eps) {
  const std::vector<float> weight = architecture.tensor(norm + ".weight").numbers(),
                           variance = architecture.tensor(norm + ".running_var").numbers();
  std::vector<double> scale(weight.size());
  for (size_t c = 0; c < scale.size(); ++c) scale[c] = weight[c] / std::sqrt(variance[c] + eps);
  return scale;
}

std::vector<float> transposed(const FormulaTensor& matrix) {
  const std::vector<float> numbers = matrix.numbers();
  const auto rows = static_cast<size_t>(matrix.shape.at(0)), columns = static_cast<size_t>(matrix.shape.at(1));
  std::vector<float> result(numbers.size());
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < columns; ++c) result[c * rows + r] = numbers[r * columns + c];
  }
  return result;
}

std::vector<float> folded_weight(const Architecture& architecture, const nlohmann::json& recipe) {
  std::vector<float> numbers = architecture.tensor(recipe.at("tensor")).numbers();
  const std::vector<double> scale = norm_scale(architecture, recipe.at("norm"), recipe.at("eps"));
  const size_t row = numbers.size() / scale.size();
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(numbers[i] * scale[i / row]);
  return numbers;
}

std::vector<float> folded_bias(const Architecture& architecture, const nlohmann::json& recipe) {
  const std::string norm = recipe.at("norm");
  const std::vector<double> scale = norm_scale(architecture, norm, recipe.at("eps"));
  const std::vector<float> bias = architecture.tensor(norm + ".bias").numbers(),
                           mean = architecture.tensor(norm + ".running_mean").numbers();
  std::vector<float> of_convolution(scale.size());
  if (!recipe.at("tensor").is_null()) of_convolution = architecture.tensor(recipe.at("tensor")).numbers();
  std::vector<float> folded(scale.size());
  for (size_t c = 0; c < folded.size(); ++c)
    folded[c] = static_cast<float>(bias[c] - mean[c] * scale[c] + of_convolution[c] * scale[c]);
  return folded;
}

std::vector<float> made_by(const Architecture& architecture, const nlohmann::json& recipe) {
  const std::string word = recipe.at("recipe");
  if (word == "same" || word == "reshape") return architecture.tensor(recipe.at("tensor")).numbers();
  if (word == "transpose") return transposed(architecture.tensor(recipe.at("tensor")));
  if (word == "folded_weight") return folded_weight(architecture, recipe);
  if (word == "folded_bias") return folded_bias(architecture, recipe);
  throw std::runtime_error("unknown recipe " + word);
}

void fill(onnx::TensorProto& initializer, const std::vector<float>& numbers) {
  const int64_t elements = product({initializer.dims().data(), static_cast<size_t>(initializer.dims_size())});
  if (static_cast<int64_t>(numbers.size()) != elements)
    throw std::runtime_error("initializer " + initializer.name() + " has another size than its recipe");
  initializer.set_raw_data(numbers.data(), numbers.size() * sizeof(float));
}

}  // namespace

std::vector<float> formula_tensor(const std::string& name, const std::vector<int64_t>& shape, const std::string& kind) {
  const auto [offset, scale] = kind_of(kind, shape);
  const uint64_t seed = fnv1a(name);
  std::vector<float> numbers(static_cast<size_t>(product(shape)));
  for (size_t i = 0; i < numbers.size(); ++i) {
    const double u = static_cast<double>(static_cast<int64_t>(splitmix64(seed + i) >> 40)) * 0x1p-23 - 1.;
    numbers[i] = static_cast<float>(offset + scale * u);
  }
  return numbers;
}

int64_t FormulaTensor::elements() const { return product(shape); }

Architecture::Architecture(const std::filesystem::path& architectures_json, const std::string& name)
    : described_(read_json(architectures_json).at(name)) {
  for (const nlohmann::json& row : described_.at("tensors"))
    tensors_.push_back({row.at(0), row.at(1).get<std::vector<int64_t>>(), row.at(2)});
}

const FormulaTensor& Architecture::tensor(const std::string& name) const {
  for (const FormulaTensor& tensor : tensors_) {
    if (tensor.name == name) return tensor;
  }
  throw std::runtime_error("no tensor is called " + name);
}

Array Architecture::input() const {
  const nlohmann::json& input = described_.at("input");
  const auto shape = input.at("shape").get<std::vector<int64_t>>();
  const std::vector<float> numbers = formula_tensor(input.at("name"), shape, "input");
  return {shape, {numbers.begin(), numbers.end()}};
}

void write_tensors(const std::vector<FormulaTensor>& tensors, const std::filesystem::path& safetensors,
                   const std::string& prefix) {
  nlohmann::ordered_json header;
  int64_t offset = 0;
  for (const FormulaTensor& tensor : tensors) {
    const bool counter = tensor.kind == "counter";
    const int64_t end = offset + tensor.elements() * (counter ? 8 : 4);
    header[prefix + tensor.name] = {
        {"dtype", counter ? "I64" : "F32"}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.append(7 - (text.size() + 7) % 8, ' ');
  const uint64_t length = text.size();
  std::ofstream file(safetensors, std::ios::binary);
  write_bytes(file, std::as_bytes(std::span(&length, 1)));
  write_bytes(file, std::as_bytes(std::span(text)));
  for (const FormulaTensor& tensor : tensors) {
    const std::vector<float> numbers = tensor.numbers();
    const std::vector<int64_t> zeros(tensor.kind == "counter" ? numbers.size() : 0);
    write_bytes(file, zeros.empty() ? std::as_bytes(std::span(numbers)) : std::as_bytes(std::span(zeros)));
  }
  if (!file.flush()) throw std::runtime_error("cannot write " + safetensors.string());
}

void Architecture::write_state_dict(const std::filesystem::path& safetensors, const std::string& prefix) const {
  write_tensors(tensors_, safetensors, prefix);
}

void write_filled_onnx(const std::filesystem::path& empty_onnx, const std::filesystem::path& filled_onnx) {
  onnx::ModelProto model;
  std::ifstream file(empty_onnx, std::ios::binary);
  if (!model.ParseFromIstream(&file)) throw std::runtime_error("cannot read " + empty_onnx.string());
  const nlohmann::json recipes = read_json(std::filesystem::path(empty_onnx).replace_extension(".json"));
  const Architecture architecture(empty_onnx.parent_path().parent_path() / "architectures.json",
                                  recipes.at("architecture"));
  size_t filled = 0;
  for (onnx::TensorProto& initializer : *model.mutable_graph()->mutable_initializer()) {
    const auto recipe = recipes.at("initializers").find(initializer.name());
    if (recipe == recipes.at("initializers").end()) continue;
    fill(initializer, made_by(architecture, *recipe));
    ++filled;
  }
  if (filled != recipes.at("initializers").size()) throw std::runtime_error("a recipe names no initializer");
  std::ofstream result(filled_onnx, std::ios::binary);
  if (!model.SerializeToOstream(&result) || !result.flush())
    throw std::runtime_error("cannot write " + filled_onnx.string());
}

}  // namespace phosphene::testing
