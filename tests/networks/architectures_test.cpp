// The networks of models/architectures: weights by formula, as files of every kind, against float64 results of PyTorch.
#include <gtest/gtest.h>

#include <algorithm>

#include "loaders/architectures/architecture.h"
#include "loaders/import/import.h"
#include "loaders/onnx/onnx_file.h"
#include "tests/networks/architecture_formula.h"
#include "tests/networks/network_run.h"
#include "tests/support/compare.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing {
namespace {

struct Golden {
  std::map<std::string, Array> arrays;
  Architecture architecture;
  double forward = 0, gradient_median = 0, gradient_l2 = 0;  // tolerances: models/architectures/README.md derives them
};

Golden golden_of(const std::filesystem::path& index, const std::string& name) {
  Golden golden{read_golden_tensors(index.parent_path() / (name + ".safetensors")), Architecture(index, name)};
  const nlohmann::json& tolerances = golden.architecture.described().at("tolerances");
  golden.forward = tolerances.at("forward_relative_l2");
  golden.gradient_median = tolerances.at("gradient_median_over_rms");
  golden.gradient_l2 = tolerances.at("gradient_relative_l2");
  return golden;
}

Array with_batch(Array array) {
  array.dims.insert(array.dims.begin(), 1);
  return array;
}

// Of a computed value, the channels that the golden stores: the first ones.
std::vector<float> first_of(const HostTensor& computed, const Array& stored) {
  return {computed.data.begin(),
          computed.data.begin() + static_cast<std::ptrdiff_t>(std::min(computed.data.size(), stored.data.size()))};
}

void expect_near_gradient(const std::vector<float>& actual, const Array& expected, const Golden& golden) {
  const Errors errors = measure(to_doubles(actual), expected.data);
  double sum = 0, largest = 0;
  for (const double number : expected.data) {
    sum += number * number;
    largest = std::max(largest, std::fabs(number));
  }
  const double rms = std::sqrt(sum / static_cast<double>(expected.data.size()));
  EXPECT_LE(errors.median_over_largest * largest / rms, golden.gradient_median);
  EXPECT_LE(errors.relative_l2, golden.gradient_l2);
}

void expect_golden(const Model& model, const Golden& golden, bool inner_layers) {
  const nlohmann::json& described = golden.architecture.described();
  const Array input = with_batch(golden.arrays.at("input"));
  const std::string logits = model.layers.back().name;
  std::vector<std::string> layers{logits};
  if (inner_layers) {
    for (const auto& layer : described.at("layers")) layers.push_back(layer.at("module"));
  }
  const auto computed = activations(model, input, layers);
  EXPECT_TRUE(near_l2(computed.at(logits).data, golden.arrays.at("logits").data, golden.forward)) << "logits";
  for (size_t i = 1; i < layers.size(); ++i) {
    const Array& stored = golden.arrays.at("layer." + layers[i]);
    EXPECT_TRUE(near_l2(first_of(computed.at(layers[i]), stored), stored.data, golden.forward)) << layers[i];
  }
  const InputGradient of_class =
      input_gradient(model, input, {.layer = logits, .unit = described.at("objectives").at("logit").at("class")});
  EXPECT_NEAR(of_class.value, golden.arrays.at("value.logit").data[0],
              golden.forward * described.at("logits_std").get<double>() * 10);
  expect_near_gradient(of_class.gradient, golden.arrays.at("gradient.logit"), golden);
  if (!inner_layers) return;
  const nlohmann::json& channel = described.at("objectives").at("channel");
  const InputGradient of_channel =
      input_gradient(model, input, {.layer = channel.at("module"), .unit = channel.at("channel"), .narrowed = true});
  expect_near_gradient(of_channel.gradient, golden.arrays.at("gradient.channel"), golden);
}

source::ImportOptions size_of(const Golden& golden) {
  const Array& input = golden.arrays.at("input");
  return {.height = input.dims.at(1), .width = input.dims.at(2), .until = ""};
}

class StateDictOf : public ::testing::TestWithParam<const char*> {};

TEST_P(StateDictOf, IsRecognisedAndComputesWhatPyTorchDoes) {
  PHOSPHENE_ASSET(index, "models/architectures/architectures.json");
  const Golden golden = golden_of(index, GetParam());
  const TemporaryFolder folder;
  const std::string path = folder.file("weights.safetensors");
  golden.architecture.write_state_dict(path);
  const StateDict dict = read_state_dict(path);
  expect_golden(source::import_network(build_architecture(dict), size_of(golden)), golden, true);
}

constexpr const char* kNames[] = {"alexnet",
                                  "vgg11",
                                  "vgg11_bn",
                                  "vgg16",
                                  "vgg19_bn",
                                  "googlenet",
                                  "inception_v3",
                                  "resnet18",
                                  "resnet34",
                                  "resnet50",
                                  "resnet101",
                                  "resnext50_32x4d",
                                  "wide_resnet50_2",
                                  "densenet121",
                                  "densenet169",
                                  "squeezenet1_0",
                                  "squeezenet1_1",
                                  "mobilenet_v2",
                                  "mobilenet_v3_small",
                                  "mobilenet_v3_large",
                                  "shufflenet_v2_x1_0",
                                  "mnasnet1_0",
                                  "efficientnet_b0",
                                  "efficientnet_b4",
                                  "efficientnet_v2_s",
                                  "regnet_y_400mf",
                                  "regnet_x_400mf",
                                  "convnext_tiny"};

std::string name_of(const ::testing::TestParamInfo<const char*>& info) { return info.param; }

INSTANTIATE_TEST_SUITE_P(Architectures, StateDictOf, ::testing::ValuesIn(kNames), name_of);

// torchvision's published files of DenseNet have other names for some tensors.
TEST(StateDicts, OfDenseNetUnderItsOlderNames) {
  PHOSPHENE_ASSET(index, "models/architectures/architectures.json");
  const Golden golden = golden_of(index, "densenet121");
  const TemporaryFolder folder;
  const std::string path = folder.file("weights.safetensors");
  golden.architecture.write_state_dict(path);
  StateDict dict = read_state_dict(path);
  size_t renamed = 0;
  for (phosphene::StateTensor& tensor : dict.tensors) {
    const std::string today = tensor.name;
    for (const std::string part : {"norm1.", "norm2.", "conv1.", "conv2."}) {
      const size_t at = tensor.name.find(part);
      if (tensor.name.find("denselayer") != std::string::npos && at != std::string::npos)
        tensor.name.insert(at + 4, ".");
    }
    renamed += tensor.name != today ? 1 : 0;
  }
  EXPECT_GT(renamed, 500U);
  std::sort(dict.by_name.begin(), dict.by_name.end(),
            [&](uint32_t a, uint32_t b) { return dict.tensors[a].name < dict.tensors[b].name; });
  expect_golden(source::import_network(build_architecture(dict), size_of(golden)), golden, true);
}

// NAME_FORM, as files are called.
class OnnxOf : public ::testing::TestWithParam<std::tuple<const char*, const char*>> {};

TEST_P(OnnxOf, ComputesWhatPyTorchDoes) {
  PHOSPHENE_ASSET(index, "models/architectures/architectures.json");
  const auto [name, form] = GetParam();
  const Golden golden = golden_of(index, name);
  const TemporaryFolder folder;
  const std::string path = folder.file("network.onnx");
  write_filled_onnx(index.parent_path() / "onnx" / (std::string(name) + "_" + form + ".onnx"), path);
  expect_golden(source::import_network(read_onnx(path), size_of(golden)), golden, std::string(form) == "legacy11");
}

constexpr const char* kExported[] = {
    "alexnet",      "convnext_tiny", "densenet121",        "efficientnet_b0",    "googlenet",
    "inception_v3", "mnasnet1_0",    "mobilenet_v2",       "mobilenet_v3_small", "regnet_y_400mf",
    "resnet18",     "resnet50",      "shufflenet_v2_x1_0", "squeezenet1_1",      "vgg11"};

INSTANTIATE_TEST_SUITE_P(Exports, OnnxOf,
                         ::testing::Combine(::testing::ValuesIn(kExported),
                                            ::testing::Values("legacy11", "legacy17", "dynamo")),
                         [](const ::testing::TestParamInfo<std::tuple<const char*, const char*>>& one) {
                           return std::string(std::get<0>(one.param)) + "_" + std::get<1>(one.param);
                         });

}  // namespace
}  // namespace phosphene::testing
