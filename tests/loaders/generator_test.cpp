#include "loaders/generator_file.h"

#include <cmath>
#include <limits>

#include "loaders/load_model.h"
#include "tests/loaders/small_generator.h"
#include "tests/reference/network_ops.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing {
namespace {

using reference::Tensor;

class GeneratorTest : public ::testing::Test {
 protected:
  Generator read(const SmallGenerator& file) {
    file.write(folder_.file("g.safetensors"));
    return read_generator(folder_.file("g.safetensors"));
  }
  ::testing::AssertionResult refused(const SmallGenerator& file, const std::vector<std::string>& words) {
    return refuses([&] { (void)read(file); }, words);
  }
  TemporaryFolder folder_;
};

OpHarness harness_of(const Generator& generator, const Shape& code, const std::vector<double>& nchw, int threads = 2) {
  return {[&](Graph& graph, const std::vector<ValueId>& operands) {
            return std::vector<ValueId>{append_generator(graph, generator, operands[0])};
          },
          false,
          {channels_last(code, nchw)},
          threads};
}

// The small generator by the reference's loops.
Tensor naive(const Generator& g, Tensor value) {
  for (const GeneratorLayer& layer : g.layers) {
    if (layer.transposed) {
      value = reference::transposed_convolution(value, layer.window, layer.weights);
      const int64_t positions = value.shape.h * value.shape.w;
      for (int64_t i = 0; i < value.shape.elements(); ++i)
        value.data[static_cast<size_t>(i)] += layer.bias.data[i / positions % value.shape.c];
    } else {
      value = reference::convolution(value, layer.window, 1, layer.weights, layer.bias);
    }
    if (layer.rectified) value = reference::leaky_relu(value, layer.slope);
  }
  for (double& number : value.data) number = 1 / (1 + std::exp(-number));
  return value;
}

TEST_F(GeneratorTest, HoldsWhatTheFileSays) {
  const Generator g = read({});
  EXPECT_EQ(g.layers.size(), 4U);
  EXPECT_EQ(g.scale, 2);
  EXPECT_EQ(g.code_channels, 4);
  EXPECT_EQ(g.image_channels, 3);
  EXPECT_TRUE(g.layers[1].transposed);
  EXPECT_EQ(g.layers[0].slope, 0.25F);
  EXPECT_TRUE(g.layers[1].rectified);
  EXPECT_EQ(g.layers[1].slope, 0);
  EXPECT_FALSE(g.layers[2].rectified);
  EXPECT_EQ(g.code_min, (std::vector<float>{-3, -1, -6, -2}));
  EXPECT_EQ(g.encoder.layer, "conv2");
  EXPECT_EQ(g.encoder.projection.dims, (std::vector<int64_t>{8, 4}));
  SmallGenerator without;
  without.metadata.erase("training");
  EXPECT_EQ(read(without).encoder.layer, "");
}

// Sums of up to 96 products in three layers, 4 eps sqrt(96) of the largest each.
TEST_F(GeneratorTest, EqualsNaiveLoops) {
  const Generator g = read({});
  for (const Shape& code : {Shape{2, 4, 3, 5}, Shape{1, 4, 1, 1}}) {
    const Tensor src(code, random_numbers(code.elements(), 1));
    OpHarness harness = harness_of(g, code, src.data);
    const Tensor expected = naive(g, src);
    ASSERT_EQ(to_string(harness.dst()), to_string(expected.shape));
    EXPECT_TRUE(near_largest(harness.forward(), expected.data, 3 * 4 * 10 * 0x1p-24));
  }
}

// Leaky ReLUs bend where a step crosses their kink: of a few hundred, a step of 2^-10 crosses hardly any. Cancellation leaves 1e-7 over
// it, 1e-4.
TEST_F(GeneratorTest, GradientIsTheAdjointAndTheDifference) {
  const Shape code{1, 4, 3, 2};
  OpHarness harness = harness_of(read({}), code, random_numbers(code.elements(), 3));
  EXPECT_TRUE(harness.adjoint_identity(1e-3, 0x1p-10));
  EXPECT_TRUE(harness.central_differences(1e-3, 0x1p-10));
}

TEST_F(GeneratorTest, AnImageHasTheSameBitsAloneAndInABatch) {
  const Generator g = read({});
  const Shape three{3, 4, 5, 3}, one{1, 4, 5, 3};
  const std::vector<double> codes = random_numbers(three.elements(), 2);
  OpHarness batch = harness_of(g, three, codes, 3);
  const std::vector<double> images = batch.forward();
  const std::vector<double> gradients = batch.backward(images)[0];
  const auto part = [](const std::vector<double>& all, int64_t n) {
    const auto size = std::ssize(all) / 3;
    return std::vector<double>(all.begin() + n * size, all.begin() + (n + 1) * size);
  };
  for (int64_t n = 0; n < 3; ++n) {
    OpHarness alone = harness_of(g, one, part(codes, n), 1);
    EXPECT_EQ(alone.forward(), part(images, n));
    EXPECT_EQ(alone.backward(part(images, n))[0], part(gradients, n));
  }
}

// The generator that comes with phosphene against PyTorch's float64. A layer whose sums have K terms adds about eps sqrt(K) of its
// values, and layers add like a random walk: eps sqrt(5616), 5616 the terms of all ten layers. Logits reach 1.55, and the sigmoid takes
// three quarters of their error. The gradient's sums have 7803 terms.
TEST_F(GeneratorTest, TheOneThatComesWithPhospheneEqualsTheGoldenPair) {
  PHOSPHENE_ASSET(path, "models/prior_generator_golden.safetensors");
  const Generator g = read_generator(find_model("prior_generator"));
  EXPECT_EQ(g.scale, 16);
  EXPECT_EQ(g.code_channels, 64);
  const std::map<std::string, Array> golden = read_golden_tensors(path);
  for (const std::string name : {"square", "oblong"}) {
    SCOPED_TRACE(name);
    const Array& code = golden.at(name + ".code");
    OpHarness harness = harness_of(g, code.shape(), code.data);
    const std::vector<double>& expected = golden.at(name + ".image").data;
    EXPECT_TRUE(near_largest(harness.forward(), expected, 0.25 * 1.55 * std::sqrt(5616) * 0x1p-24));
    const std::vector<double> gradient = harness.backward(golden.at(name + ".cotangent").data)[0];
    EXPECT_TRUE(near_l2(gradient, golden.at(name + ".code_grad").data, std::sqrt(7803) * 0x1p-24));
  }
}

TEST_F(GeneratorTest, RefusesAnotherFile) {
  SmallGenerator file;
  file.metadata.erase("format");
  EXPECT_TRUE(refused(file, {"g.safetensors", "not a generator", "format"}));
  file.metadata["format"] = "phosphene-generator-2";
  EXPECT_TRUE(refused(file, {"phosphene-generator-2", "'phosphene-generator-1' is read"}));
}

TEST_F(GeneratorTest, RefusesLayersThatMakeNoGenerator) {
  const auto edited = [](const std::string& from, const std::string& to) {
    return SmallGenerator().edit("layers", from, to);
  };
  EXPECT_TRUE(refused(SmallGenerator().edit("layers", "[{", "{"), {"list of layers", "JSON"}));
  SmallGenerator none;
  none.metadata["layers"] = "[]";
  EXPECT_TRUE(refused(none, {"no list of 1 to"}));
  none.metadata["layers"] = "[[[[]]]]";
  EXPECT_TRUE(refused(none, {"nested too deep"}));
  none.metadata.erase("layers");
  EXPECT_TRUE(refused(none, {"lacks 'layers'"}));
  EXPECT_TRUE(refused(edited("\"conv\"", "\"conw\""), {"layer 0", "'conw'", "did you mean 'conv'"}));
  EXPECT_TRUE(refused(edited("\"leaky_relu\"", "\"leaky_rely\""), {"layer 0", "did you mean 'leaky_relu'"}));
  EXPECT_TRUE(refused(edited("\"sigmoid\"", "\"none\""), {"layer 3", "behind the last layer", "sigmoid"}));
  SmallGenerator apart = edited("\"in_channels\": 6", "\"in_channels\": 3");
  apart.tensors["up.weight"] = {{3, 5, 4, 4}, std::vector<float>(240)};
  EXPECT_TRUE(refused(apart, {"layer 1", "reads 3", "writes 6"}));
  EXPECT_TRUE(refused(edited("\"in_channels\": 4", "\"in_channels\": 400"), {"in.weight", "[6, 4, 1, 1]", "[6, 400"}));
  EXPECT_TRUE(refused(edited("\"stride\": 2", "\"stride\": 3"), {"layer 1", "enlarge by its stride"}));
  EXPECT_TRUE(refused(edited("\"padding\": 1,\n         \"activation\": \"none\"",
                             "\"padding\": 0,\n         \"activation\": \"none\""),
                      {"layer 2", "keep the size"}));
  EXPECT_TRUE(
      refused(edited("\"kernel\": 1", "\"kernel\": 0"), {"layer 0", "/kernel", "a whole number from 1 to 64, got 0"}));
  EXPECT_TRUE(refused(edited("\"name\": \"up\"", "\"name\": \"uq\""), {"'uq.weight'", "did you mean 'up.weight'"}));
  EXPECT_TRUE(refused(SmallGenerator().edit("leaky_slope", "0.25", "-0.25"), {"'leaky_slope' is '-0.25'"}));
}

TEST_F(GeneratorTest, RefusesTensorsThatDoNotFit) {
  SmallGenerator file;
  file.tensors["code_min"].shape = {2, 2};
  EXPECT_TRUE(refused(file, {"code_min", "[2, 2]", "[4]"}));
  file = {};
  file.tensors["code_min"].numbers[2] = 7;
  EXPECT_TRUE(refused(file, {"channel 2", "minimum above its maximum"}));
  file = {};
  file.tensors["up.bias"].numbers[0] = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(refused(file, {"up.bias", "not finite"}));
  file = {};
  file.tensors.erase("encoder_proj");
  EXPECT_TRUE(refused(file, {"encoder_proj"}));
  file = {};
  file.tensors["encoder_proj"].shape = {4, 8};
  EXPECT_TRUE(refused(file, {"encoder_proj", "[4, 8]", "[8, 4]"}));
}

TEST_F(GeneratorTest, SurvivesAnyDamage) {
  const std::string path = folder_.file("g.safetensors");
  SmallGenerator().write(path);
  read_damaged(contents_of(path), path, 500, [&] { (void)read_generator(path); });
}

}  // namespace
}  // namespace phosphene::testing
