// Small members of families that models/architectures of the assets has others of, and of timm's: their tensors are listed in
// tests/golden/architectures.json, their numbers follow from the tensors' names, and what they compute is torchvision's and timm's.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "loaders/architectures/architecture.h"
#include "loaders/load_model.h"
#include "tests/networks/architecture_formula.h"
#include "tests/networks/network_run.h"
#include "tests/support/compare.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::more_architectures_test {
namespace {

// models/architectures/README.md of the assets measured 2e-6 between two orders of float32 sums and allows 1e-5; some of these networks have
// weights that let values grow more. What their traps change is asserted below to be 100 times as much.
constexpr double kForward = 2e-5;

// kind() of make_architectures_golden.py.
std::string kind_of(const std::string& name, const std::vector<int64_t>& dims) {
  if (name.ends_with("running_mean")) return "norm_mean";
  if (name.ends_with("running_var")) return "norm_var";
  if (dims.size() >= 2) return "weight";
  if (name.ends_with("gamma") || name.ends_with("layer_scale")) return "layer_scale";
  return name.ends_with("weight") ? "norm_weight" : "bias";
}

std::vector<int64_t> dims_of(const std::string& text) {
  std::vector<int64_t> dims;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, 'x');) dims.push_back(std::stoll(part));
  return dims;
}

std::vector<FormulaTensor> tensors_of(const std::string& list) {
  std::vector<FormulaTensor> tensors;
  const auto add = [&](const std::string& name, const std::vector<int64_t>& dims) {
    tensors.push_back({name, dims, kind_of(name, dims)});
  };
  std::istringstream items(list);
  for (std::string item; std::getline(items, item, ';');) {
    if (const size_t at = item.find('@'); at != std::string::npos) {
      const std::string module = item.substr(0, at);
      const std::vector<int64_t> dims = dims_of(item.substr(at + 1));
      for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"}) add(module + part, dims);
      continue;
    }
    const size_t space = item.find(' ');
    add(item.substr(0, space), dims_of(item.substr(space + 1)));
  }
  return tensors;
}

const std::vector<nlohmann::json>& cases() {
  static const auto all = [] {
    std::ifstream file(PHOSPHENE_GOLDEN "/architectures.json");
    return nlohmann::json::parse(file).at("cases").get<std::vector<nlohmann::json>>();
  }();
  return all;
}

std::vector<double> outputs_of(const Model& model, const nlohmann::json& described) {
  Array input;
  input.dims = described.at("input").get<std::vector<int64_t>>();
  for (const float number : formula_tensor("input", input.dims, "input")) input.data.push_back(number);
  const std::string last = model.layers.back().name;
  return to_doubles(activations(model, input, {last}).at(last).data);
}

class MoreArchitectures : public ::testing::TestWithParam<size_t> {};

TEST_P(MoreArchitectures, ComputeWhatTheirAuthorsCodeDoes) {
  const nlohmann::json& described = cases().at(GetParam());
  const TemporaryFolder folder;
  const std::string path = folder.file("weights.safetensors");
  write_tensors(tensors_of(described.at("tensors")), path);
  const auto& outputs = described.at("outputs");
  std::vector<std::string> names;
  std::vector<std::vector<double>> expected;
  for (const auto& [name, output] : outputs.items()) {
    names.push_back(name);
    expected.push_back(output.get<std::vector<double>>());
  }
  for (size_t i = 0; i < names.size(); ++i) {
    SCOPED_TRACE(names[i]);
    const Model model = load_model(path, "", names[i]);
    EXPECT_TRUE(near_l2(outputs_of(model, described), expected[i], kForward));
  }
  if (names.size() == 1) {
    EXPECT_NE(load_model(path).notes.at(0).find("recognised as " + architecture_called(names[0])), std::string::npos);
  } else {  // the same tensors, and another epsilon and padding: the user is asked, and what each would get differs visibly
    EXPECT_TRUE(refuses([&] { load_model(path); }, {names[0], names[1], "--architecture"}));
    EXPECT_FALSE(near_l2(expected[0], expected[1], 100 * kForward));
    static_cast<void>(
        folder.write("config.json", R"({"architecture": ")" + names[1] + R"(", "num_classes": 10, "pretrained_cfg": {
      "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "input_size": [3, 65, 80], "tag": "in1k"}})"));
    const Model told = load_model(path);
    EXPECT_TRUE(near_l2(outputs_of(told, described), expected[1], kForward));
    EXPECT_EQ(told.height, 65);
    EXPECT_EQ(told.preprocessing.scale, (std::vector<float>{2, 2, 2}));
    EXPECT_TRUE(near_l2(outputs_of(load_model(path, "", names[0]), described), expected[0], kForward));
  }
  EXPECT_TRUE(refuses([&] { load_model(path, "", names[0] + "x"); }, {names[0] + "x", "did you mean", names[0]}));
  EXPECT_TRUE(
      refuses([&] { load_model(path, "", "densenet121"); }, {"expected densenet121", architecture_called(names[0])}));
}

INSTANTIATE_TEST_SUITE_P(Cases, MoreArchitectures, ::testing::Range(size_t{0}, size_t{18}),
                         [](const ::testing::TestParamInfo<size_t>& one) {
                           std::string name = std::to_string(one.param);
                           for (const auto& [member, output] : cases().at(one.param).at("outputs").items())
                             name += "_" + member;
                           return name;
                         });

TEST(MoreArchitectures, AreAllTried) { EXPECT_EQ(cases().size(), 18U); }

// The first case, whose tensors tests change.
std::vector<FormulaTensor> small_resnet() { return tensors_of(cases().at(0).at("tensors")); }

Model loaded(const std::vector<FormulaTensor>& tensors, const std::string& architecture = "") {
  const TemporaryFolder folder;
  write_tensors(tensors, folder.file("weights.safetensors"));
  return load_model(folder.file("weights.safetensors"), "", architecture);
}

TEST(ChangedNetworks, WithoutTheirHeadOrWithAnother) {
  std::vector<FormulaTensor> tensors = small_resnet();
  std::erase_if(tensors, [](const FormulaTensor& tensor) { return tensor.name.starts_with("fc."); });
  const Model trunk = loaded(tensors);
  EXPECT_EQ(trunk.layers.back().name, "layer4.0.relu_2");
  tensors.push_back({"fc.0.weight", {32, 2048}, "weight"});
  tensors.push_back({"fc.2.weight", {3, 32}, "weight"});
  const Model other = loaded(tensors);
  EXPECT_EQ(other.layers.back().name, "layer4.0.relu_2");
  EXPECT_NE(other.notes.at(1).find("'fc.0.weight' and 1 others belong to a head"), std::string::npos) << other.notes[1];
  tensors.push_back(
      {"fc.4.weight", {3, 32, 1, 1}, "weight"});  // perhaps a segmentation's, whose trunk has other strides
  EXPECT_TRUE(refuses([&] { loaded(tensors); }, {"has no tensor 'fc.0.weight'"}));
}

TEST(ChangedNetworks, UnderAPrefixOfTheirOwn) {
  std::vector<FormulaTensor> tensors = small_resnet();
  for (FormulaTensor& tensor : tensors) tensor.name = "encoder_q." + tensor.name;
  EXPECT_EQ(loaded(tensors).resolve("layer2.1.conv2"), "layer2.1.conv2");
  tensors.push_back({"queue", {8, 16}, "weight"});
  EXPECT_TRUE(refuses([&] { loaded(tensors); }, {"of no network that is known"}));
}

TEST(ChangedNetworks, WithAFirstConvolutionThatTellsTooLittle) {
  std::vector<FormulaTensor> tensors = small_resnet();
  tensors[0].shape = {64, 3, 3, 3};
  ASSERT_EQ(tensors[0].name, "conv1.weight");
  EXPECT_TRUE(refuses([&] { loaded(tensors); }, {"3x3", "stride", "expected 7x7"}));
  tensors[0].shape = {64, 1, 7, 7};
  EXPECT_EQ(loaded(tensors).channels, 1);
  tensors[0].shape = {64, 2, 7, 7};
  EXPECT_EQ(loaded(tensors).channels, 2);
}

// As timm's modules are called, whose norms hold their activations.
TEST(ArchitectureNames, OfLayersAreThoseOfModules) {
  const Model timm = loaded(tensors_of(cases().at(9).at("tensors")));
  for (const char* name :
       {"conv_stem", "bn1", "blocks.1.0.conv_dw", "blocks.1.0.bn2", "blocks.1.1", "conv_head", "classifier"})
    EXPECT_NO_THROW(static_cast<void>(timm.resolve(name))) << name;
  EXPECT_EQ(timm.resolve("blocks.1.0.bn2"), "blocks.1.0.bn2");
  EXPECT_EQ(timm.resolve("blocks.1.0.bn2:pre"), "blocks.1.0.bn2_norm");
  EXPECT_TRUE(refuses([&] { static_cast<void>(timm.resolve("blocks.1.0.bn4")); }, {"did you mean 'blocks.1.0.bn"}));
}

TEST(ArchitectureNames, OfTimmAndOthers) {
  EXPECT_EQ(architecture_called("resnet50.a1_in1k"), "resnet50");
  EXPECT_EQ(architecture_called("tv_resnet50"), "resnet50");
  EXPECT_EQ(architecture_called("gluon_resnet50_v1b"), "resnet50");
  EXPECT_EQ(architecture_called("gluon_resnet50_v1d"), "resnet50d");
  EXPECT_EQ(architecture_called("ResNet50"), "resnet50");
  EXPECT_EQ(architecture_called("regnetx_004"), "regnet_x_400mf");
  EXPECT_EQ(architecture_called("regnety_032.ra_in1k"), "regnet_y_3_2gf");
  EXPECT_EQ(architecture_called("regnety_1280"), "regnet_y_128gf");
  EXPECT_EQ(architecture_called("tf_efficientnet_b0.ns_jft_in1k"), "tf_efficientnet_b0");
  EXPECT_EQ(architecture_called("efficientnet_b1_pruned"), "tf_efficientnet_b1");
  EXPECT_EQ(architecture_called("efficientnet_es_pruned"), "efficientnet_es");
}

}  // namespace
}  // namespace phosphene::testing::more_architectures_test
