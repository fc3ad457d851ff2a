// The ONNX files of the assets, and those that are filled by formula.
#include <bit>
#include <chrono>
#include <cmath>
#include <fstream>

#include "loaders/onnx/onnx_file.h"
#include "loaders/safetensors.h"
#include "tests/networks/architecture_formula.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::onnx_fixtures_test {
namespace {

namespace fs = std::filesystem;

// Three numbers and a whole tensor that models/architectures/README.md gives to test an implementation with.
TEST(ArchitectureFormula, GivesTheNumbersOfItsDescription) {
  EXPECT_EQ(formula_tensor("conv1.weight", {64, 3, 7, 7}, "weight")[0], 0.0182130262F);
  EXPECT_EQ(formula_tensor("bn1.running_var", {64}, "norm_var")[5], 1.17443311F);
  EXPECT_EQ(formula_tensor("input", {1, 3, 96, 112}, "input")[1234], 0.435786009F);
  uint32_t sum = 0;
  for (const float number : formula_tensor("layer4.1.conv2.weight", {512, 512, 3, 3}, "weight"))
    sum = 31 * sum + std::bit_cast<uint32_t>(number);
  EXPECT_EQ(sum, 0xC30C392BU);
  EXPECT_THROW(formula_tensor("x", {1}, "unheard-of"), std::runtime_error);
}

TEST(ArchitectureFormula, WritesStateDicts) {
  PHOSPHENE_ASSET(list, "models/architectures/architectures.json");
  const TemporaryFolder folder;
  const Architecture resnet(list, "resnet18");
  resnet.write_state_dict(folder.file("resnet18.safetensors"), "module.");
  const Safetensors file = Safetensors::open(folder.file("resnet18.safetensors"));
  EXPECT_EQ(file.entries().size(), resnet.tensors().size());
  EXPECT_EQ(file.entry("module.bn1.num_batches_tracked").dtype, "I64");
  EXPECT_EQ(file.tensor("module.bn1.running_var").data.at(5), 1.17443311F);
  EXPECT_EQ(file.tensor("module.layer4.1.conv2.weight").data, resnet.tensor("layer4.1.conv2.weight").numbers());
  EXPECT_EQ(resnet.input().dims, (std::vector<int64_t>{1, 3, 96, 112}));
  EXPECT_EQ(resnet.input().data.at(1234), static_cast<double>(0.435786009F));
}

struct Expected {
  const char* file;
  size_t nodes, constants;
  const char* format;
  std::vector<int64_t> input;
};

TEST(OnnxFixtures, NetworksWithWeights) {
  PHOSPHENE_ASSET(models, "models");
  // Nodes but for Constants, and constants that something reads, as the Python package onnx counts them.
  const std::vector<Expected> table = {
      {"ch_ppocr_mobile_v2.0_cls_infer.onnx", 258, 308, "ONNX, opset 11, by PaddlePaddle", {0, 3, 0, 0}},
      {"googlenet.onnx", 141, 116, "ONNX, opset 13, by pytorch 2.15.0", {0, 3, 224, 224}},
      {"onnx_light/light_bvlc_alexnet.onnx", 40, 17, "ONNX, opset 9, by onnx-caffe2", {1, 3, 224, 224}},
      {"onnx_light/light_densenet121.onnx", 1746, 848, "ONNX, opset 9, by onnx-caffe2", {1, 3, 224, 224}},
      {"onnx_light/light_inception_v1.onnx", 237, 118, "ONNX, opset 9, by onnx-caffe2", {1, 3, 224, 224}},
      {"onnx_light/light_inception_v2.onnx", 916, 486, "ONNX, opset 9, by onnx-caffe2", {1, 3, 224, 224}},
      {"onnx_light/light_resnet50.onnx", 415, 268, "ONNX, opset 9, by onnx-caffe2", {1, 3, 224, 224}},
      {"onnx_light/light_shufflenet.onnx", 446, 281, "ONNX, opset 9, by onnx-caffe2", {1, 3, 224, 224}},
      {"onnx_light/light_squeezenet.onnx", 105, 52, "ONNX, opset 9, by onnx-caffe2", {1, 3, 224, 224}},
      {"onnx_light/light_vgg19.onnx", 82, 39, "ONNX, opset 9, by onnx-caffe2", {1, 3, 224, 224}},
      {"onnx_light/light_zfnet512.onnx", 38, 17, "ONNX, opset 9, by onnx-caffe2", {1, 3, 224, 224}},
      {"squeezenet1_1.onnx", 65, 52, "ONNX, opset 13, by pytorch 2.15.0", {0, 3, 224, 224}},
  };
  for (const Expected& expected : table) {
    SCOPED_TRACE(expected.file);
    const std::string path = (models / expected.file).string();
    EXPECT_TRUE(is_onnx(path));
    const source::Network network = read_onnx(path);
    EXPECT_EQ(network.nodes.size(), expected.nodes);
    EXPECT_EQ(network.constants.size(), expected.constants);
    EXPECT_EQ(network.format, expected.format);
    ASSERT_EQ(network.inputs.size(), 1U);
    EXPECT_EQ(network.inputs[0].dims, expected.input);
    EXPECT_EQ(network.outputs.size(), 1U);
  }
}

TEST(OnnxFixtures, GraphsInAttributesAreRefused) {
  PHOSPHENE_ASSET(file, "models/googlenet_stem_exported_lrn.onnx");
  EXPECT_TRUE(refuses([&] { read_onnx(file.string()); }, {"'/3/If' (If)", "graph"}));
}

TEST(OnnxFixtures, BadFiles) {
  PHOSPHENE_ASSET(bad, "models/bad");
  EXPECT_TRUE(refuses([&] { read_onnx((bad / "empty.onnx").string()); }, {"empty"}));
  // What Spline is, its import has to know.
  EXPECT_EQ(read_onnx((bad / "unknown_op.onnx").string()).nodes.at(0).op, "Spline");
  for (const fs::directory_entry& entry : fs::directory_iterator(bad)) {
    if (entry.file_size() == 0) continue;
    EXPECT_EQ(is_onnx(entry.path().string()), entry.path().extension() == ".onnx") << entry.path();
  }
}

TEST(OnnxFixtures, OtherFormatsAreNoOnnx) {
  PHOSPHENE_ASSET(models, "models");
  int others = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(models)) {
    if (!entry.is_regular_file() || entry.path().extension() == ".onnx") continue;
    EXPECT_FALSE(is_onnx(entry.path().string())) << entry.path();
    ++others;
  }
  EXPECT_GT(others, 10);
}

TEST(OnnxFixtures, ArchitecturesWithoutNumbersAreRefused) {
  PHOSPHENE_ASSET(folder, "models/architectures/onnx");
  int refused = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".onnx") continue;
    EXPECT_TRUE(is_onnx(entry.path().string()));
    EXPECT_TRUE(refuses([&] { read_onnx(entry.path().string()); },
                        {entry.path().filename().string(), "initializer '", "holds no numbers"}));
    ++refused;
  }
  EXPECT_EQ(refused, 45);
}

source::Network read_filled(const fs::path& empty) {
  const TemporaryFolder folder;
  write_filled_onnx(empty, folder.file("filled.onnx"));
  return read_onnx(folder.file("filled.onnx"));
}

TEST(OnnxFixtures, FilledArchitecturesOfEachExporter) {
  PHOSPHENE_ASSET(folder, "models/architectures/onnx");
  for (const char* form : {"legacy11", "legacy17", "dynamo"}) {
    SCOPED_TRACE(form);
    for (const char* name : {"resnet18", "squeezenet1_1", "shufflenet_v2_x1_0", "mobilenet_v3_small"}) {
      SCOPED_TRACE(name);
      const source::Network network = read_filled(folder / fmt::format("{}_{}.onnx", name, form));
      EXPECT_GE(network.constants.size(), 40U);
      int64_t elements = 0;
      for (const auto& [constant, value] : network.constants) elements += value.elements();
      EXPECT_GT(elements, 1'000'000);
    }
  }
}

// relu(bn(conv(x))) of the folded file must be that of the parts: the folding of resnet18's first convolution, from the formula.
TEST(OnnxFixtures, FoldedNumbersFollowFromTheFormula) {
  PHOSPHENE_ASSET(folder, "models/architectures/onnx");
  const Architecture resnet(folder.parent_path() / "architectures.json", "resnet18");
  const source::Network network = read_filled(folder / "resnet18_legacy17.onnx");
  const std::vector<float> weight = resnet.tensor("conv1.weight").numbers(),
                           gamma = resnet.tensor("bn1.weight").numbers(), beta = resnet.tensor("bn1.bias").numbers(),
                           mean = resnet.tensor("bn1.running_mean").numbers(),
                           variance = resnet.tensor("bn1.running_var").numbers();
  const Weights& folded = network.constants.at("onnx::Conv_193").numbers;
  const Weights& bias = network.constants.at("onnx::Conv_194").numbers;
  ASSERT_EQ(folded.elements(), static_cast<int64_t>(weight.size()));
  for (size_t k = 0; k < 64; ++k) {
    const double scale = gamma[k] / std::sqrt(variance[k] + 1e-5);
    // One rounding to float32 of a number below 2 in magnitude: 2^-24.
    EXPECT_NEAR(bias.data[k], beta[k] - mean[k] * scale, 0x1p-24);
    for (size_t i = 0; i < 147; ++i) EXPECT_NEAR(folded.data[k * 147 + i], weight[k * 147 + i] * scale, 0x1p-24);
  }
  EXPECT_EQ(network.nodes[0].inputs, (std::vector<std::string>{"input", "onnx::Conv_193", "onnx::Conv_194"}));
}

}  // namespace
}  // namespace phosphene::testing::onnx_fixtures_test
