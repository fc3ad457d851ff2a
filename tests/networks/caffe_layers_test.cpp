// What each layer of Caffe computes, against values derived by hand from src/caffe/layers.
#include <gtest/gtest.h>

#include <cmath>

#include "layers/network/pooling.h"
#include "layers/network/transposed_convolution.h"
#include "tests/loaders/small_caffe.h"
#include "tests/networks/network_run.h"
#include "tests/support/compare.h"

namespace phosphene::testing {
namespace caffe_layers_test {
namespace {

// Small whole numbers and halves: every sum and product below is exact in float32, but for exponentials and quotients.
const Array kImage{{1, 2, 1, 2}, {1, -2, 3, -4}};
// Of functions computed by a few operations of float32 on numbers of at most 8: ten roundings of 2^-24 each.
constexpr double kRounded = 6e-7;
// Of what is computed back from numbers of at most 22, each off by ten roundings of 2^-24, by dividing them by at least 3: 5e-6 of values
// of at most 2.
constexpr double kComputedBack = 3e-6;

class CaffeLayers : public ::testing::Test {
 protected:
  std::vector<float> values(const std::string& layers, const std::string& weights, const std::string& value,
                            const Array& image = kImage) {
    const std::string input = caffe_input(image.dims[1], image.dims[2], image.dims[3]);
    const Model model = files_.read(input + layers, weights + "layer { name: 'unused' }");
    return activations(model, image, {model.resolve(value)}).at(model.resolve(value)).data;
  }
  ::testing::AssertionResult refused(const std::string& layers, const std::string& weights,
                                     const std::vector<std::string>& words) {
    return refuses([&] { files_.read(caffe_input(2, 1, 2) + layers, weights + "layer { name: 'unused' }"); }, words);
  }
  CaffeFiles files_;
};

std::string one(const std::string& type, const std::string& more = "") {
  return caffe_layer(type, "l", "data", "l", more);
}

std::vector<double> of_image(double (*function)(double)) {
  std::vector<double> result;
  for (const double number : kImage.data) result.push_back(function(number));
  return result;
}

TEST_F(CaffeLayers, Activations) {
  EXPECT_TRUE(near_largest(values(one("Sigmoid"), "", "l"), of_image([](double x) { return 1 / (1 + std::exp(-x)); }),
                           kRounded));
  EXPECT_TRUE(near_largest(values(one("TanH"), "", "l"), of_image([](double x) { return std::tanh(x); }), kRounded));
  EXPECT_TRUE(near_largest(values(one("BNLL"), "", "l"), of_image([](double x) { return std::log(1 + std::exp(x)); }),
                           kRounded));
  EXPECT_TRUE(near_largest(values(one("ELU", "elu_param { alpha: 2 }"), "", "l"),
                           of_image([](double x) { return x > 0 ? x : 2 * (std::exp(x) - 1); }), kRounded));
  EXPECT_TRUE(near_largest(values(one("Swish", "swish_param { beta: 0.5 }"), "", "l"),
                           of_image([](double x) { return x / (1 + std::exp(-0.5 * x)); }), kRounded));
  EXPECT_TRUE(same_numbers(values(one("ReLU"), "", "l"), std::vector{1., 0., 3., 0.}));
  EXPECT_TRUE(same_numbers(values(one("ReLU", "relu_param { negative_slope: 0.25 }"), "", "l"),
                           std::vector{1., -0.5, 3., -1.}));
  EXPECT_TRUE(
      same_numbers(values(one("Clip", "clip_param { min: -1 max: 2 }"), "", "l"), std::vector{1., -1., 2., -1.}));
  EXPECT_TRUE(refused(one("Clip", "clip_param { min: -1 }"), "", {"'l'", "max is missing"}));
  EXPECT_TRUE(refused(one("ReLU"), "layer { name: 'l' blobs { data: 1 } }", {"'l'", "holds 1 blobs", "uses 0"}));
}

TEST_F(CaffeLayers, PRelu) {
  EXPECT_TRUE(same_numbers(values(one("PReLU"), "layer { name: 'l' blobs { data: [0.5, 0.25] } }", "l"),
                           std::vector{1., -1., 3., -1.}));
  EXPECT_TRUE(same_numbers(values(one("PReLU", "prelu_param { channel_shared: true }"),
                                  "layer { name: 'l' blobs { shape { } data: 0.5 } }", "l"),
                           std::vector{1., -1., 3., -2.}));
  EXPECT_TRUE(refused(one("PReLU"), "layer { name: 'l' blobs { data: 0.5 } }", {"'l'", "blob 0", "[2]"}));
}

TEST_F(CaffeLayers, Power) {
  const auto power = [&](const std::string& settings) { return one("Power", "power_param { " + settings + " }"); };
  EXPECT_TRUE(same_numbers(values(power("scale: 2 shift: 1"), "", "l"), std::vector{3., -3., 7., -7.}));
  EXPECT_TRUE(same_numbers(values(power("scale: 2 shift: 1 power: 2"), "", "l"), std::vector{9., 9., 49., 49.}));
  EXPECT_TRUE(same_numbers(values(power("power: 2"), "", "l"), std::vector{1., 4., 9., 16.}));
  EXPECT_TRUE(
      same_numbers(values(power("") + caffe_layer("ReLU", "r", "l", "r"), "", "r"), std::vector{1., 0., 3., 0.}));
  EXPECT_TRUE(refused(power("power: 0.5"), "", {"'l'", "power of 0.5"}));
  EXPECT_TRUE(refused(power("power: 0"), "", {"'l'", "power of 0"}));
  EXPECT_TRUE(refused(power("scale: 0 shift: 2"), "", {"'l'", "scale of 0"}));
}

TEST_F(CaffeLayers, Bias) {
  EXPECT_TRUE(same_numbers(values(one("Bias"), "layer { name: 'l' blobs { data: [10, 20] } }", "l"),
                           std::vector{11., 8., 23., 16.}));
  EXPECT_TRUE(same_numbers(
      values(one("Bias", "bias_param { num_axes: 0 }"), "layer { name: 'l' blobs { shape { } data: 10 } }", "l"),
      std::vector{11., 8., 13., 6.}));
  EXPECT_TRUE(refused(one("Bias", "bias_param { axis: 3 }"), "layer { name: 'l' blobs { data: [10, 20] } }",
                      {"'l'", "axis 3"}));
}

TEST_F(CaffeLayers, ScaleAlone) {
  EXPECT_TRUE(same_numbers(values(one("Scale"), "layer { name: 'l' blobs { data: [2, -1] } }", "l"),
                           std::vector{2., -4., -3., 4.}));
  EXPECT_TRUE(same_numbers(values(one("Scale", "scale_param { bias_term: true axis: -3 }"),
                                  "layer { name: 'l' blobs { data: [2, -1] } blobs { data: [1, 0.5] } }", "l"),
                           std::vector{3., -3., -2.5, 4.5}));
  EXPECT_TRUE(refused(one("Scale"), "layer { name: 'l' blobs { data: [2, -1] } blobs { data: [1, 0] } }",
                      {"'l'", "holds 2 blobs", "uses 1"}));
  EXPECT_TRUE(refused(one("Scale", "scale_param { num_axes: -1 }"), "layer { name: 'l' blobs { data: [2, -1] } }",
                      {"'l'", "num_axes -1"}));
}

// As squeeze-and-excitation has it: a factor for each map, computed from the image.
TEST_F(CaffeLayers, ScaleByASecondBottom) {
  const std::string gate =
      caffe_layer("InnerProduct", "gate", "data", "gate", "inner_product_param { num_output: 2 bias_term: false }");
  const std::string weights = "layer { name: 'gate' blobs { data: [1, 1, 0, 0, 0, 0, 2, 1] } }";  // -1 and 2
  EXPECT_TRUE(same_numbers(values(gate + one("Scale", "bottom: 'gate' scale_param { axis: 0 }"), weights, "l"),
                           std::vector{-1., 2., 6., -8.}));
  EXPECT_TRUE(refused(gate + one("Scale", "bottom: 'gate'"), weights, {"'l'", "two bottoms", "axis 1"}));
}

TEST_F(CaffeLayers, BatchNormAlone) {
  // Sums over two batches: means 1 and 2, variances 4 and 9.
  const std::string statistics =
      "layer { name: 'l' blobs { data: [2, 4] } blobs { data: [8, 18] } blobs { data: [2] } }";
  const std::string plain = one("BatchNorm", "batch_norm_param { eps: 0 }");
  EXPECT_TRUE(near_largest(values(plain, statistics, "l"), std::vector{0., -1.5, 1. / 3, -2.}, kRounded));
  EXPECT_TRUE(
      near_largest(values(one("BatchNorm", "batch_norm_param { eps: 5 use_global_stats: true }"), statistics, "l"),
                   std::vector{0., -1., 1 / std::sqrt(14.), -6 / std::sqrt(14.)}, kRounded));
  const std::string both = plain + caffe_layer("Scale", "s", "l", "s", "scale_param { bias_term: true }");
  const std::string scales = "layer { name: 's' blobs { data: [3, 5] } blobs { data: [10, 20] } }";
  EXPECT_TRUE(near_largest(values(both, statistics + scales, "s"), std::vector{10., 5.5, 20 + 5. / 3, 10.}, kRounded));
  EXPECT_TRUE(near_largest(values(both, statistics + scales, "l"), std::vector{0., -1.5, 1. / 3, -2.}, kComputedBack))
      << "the value that the scale has taken up";
  EXPECT_TRUE(refused(one("BatchNorm", "batch_norm_param { use_global_stats: false }"), statistics,
                      {"'l'", "use_global_stats"}));
  EXPECT_TRUE(refused(plain, "layer { name: 'l' blobs { data: [2, 4] } blobs { data: [8, 18] } }",
                      {"'l'", "no weights", "blob 2"}));
}

TEST_F(CaffeLayers, Eltwise) {
  const std::string relu = caffe_layer("ReLU", "r", "data", "r");  // 1 0 3 0
  const auto with = [&](const std::string& settings, const std::string& bottoms = "bottom: 'r'") {
    return relu + one("Eltwise", bottoms + " eltwise_param { " + settings + " }");
  };
  EXPECT_TRUE(same_numbers(values(with(""), "", "l"), std::vector{2., -2., 6., -4.}));
  EXPECT_TRUE(
      same_numbers(values(with("operation: SUM coeff: 2 coeff: -0.5"), "", "l"), std::vector{1.5, -4., 4.5, -8.}));
  EXPECT_TRUE(same_numbers(values(with("coeff: 1 coeff: -1"), "", "l"), std::vector{0., -2., 0., -4.}));
  EXPECT_TRUE(same_numbers(values(with("operation: PROD"), "", "l"), std::vector{1., 0., 9., 0.}));
  EXPECT_TRUE(same_numbers(values(with("operation: MAX"), "", "l"), std::vector{1., 0., 3., 0.}));
  const std::string more = caffe_layer("Power", "p", "data", "p", "power_param { scale: -1 }");  // -1 2 -3 4
  EXPECT_TRUE(same_numbers(values(more + with("operation: MAX", "bottom: 'r' bottom: 'p'"), "", "l"),
                           std::vector{1., 2., 3., 4.}));
  EXPECT_TRUE(same_numbers(values(more + with("operation: PROD", "bottom: 'p' bottom: 'data'"), "", "l"),
                           std::vector{-1., 8., -27., 64.}));
  EXPECT_TRUE(same_numbers(values(more + with("coeff: 1 coeff: 10 coeff: 100", "bottom: 'r' bottom: 'p'"), "", "l"),
                           std::vector{-89., 198., -267., 396.}));
  EXPECT_TRUE(refused(with("coeff: 1"), "", {"'l'", "1 coefficients", "2 bottoms"}));
  EXPECT_TRUE(refused(with("operation: MAX coeff: 1 coeff: 1"), "", {"'l'", "coefficients", "MAX"}));
  EXPECT_TRUE(refused(one("Eltwise"), "", {"'l'", "2 to", "bottoms, got 1"}));
  EXPECT_TRUE(refused(caffe_layer("Pooling", "r", "data", "r", "pooling_param { kernel_w: 2 kernel_h: 1 }") +
                          one("Eltwise", "bottom: 'r'"),
                      "", {"'l'", "combines values"}));
}

TEST_F(CaffeLayers, SliceAndConcat) {
  const std::string parts = one("Slice", "top: 'b' slice_param { slice_point: 1 }");
  EXPECT_TRUE(same_numbers(values(parts, "", "l"), std::vector{1., -2.}));
  EXPECT_TRUE(same_numbers(values(parts, "", "b"), std::vector{3., -4.}));
  EXPECT_TRUE(
      same_numbers(values(one("Slice", "top: 'b' slice_param { slice_dim: 1 }") +
                              caffe_layer("Concat", "k", "b", "k", "bottom: 'l' concat_param { concat_dim: 1 }"),
                          "", "k"),
                   std::vector{3., -4., 1., -2.}));
  EXPECT_TRUE(refused(one("Slice", "top: 'b' slice_param { axis: 2 }"), "", {"'l'", "axis 2"}));
  EXPECT_TRUE(
      refused(one("Slice", "top: 'b' slice_param { axis: 1 slice_dim: 1 }"), "", {"'l'", "both axis and slice_dim"}));
  EXPECT_TRUE(refused(one("Slice", "top: 'b' slice_param { slice_point: 2 }"), "", {"'l'", "slice_point"}));
  EXPECT_TRUE(refused(one("Slice", "top: 'b' top: 'c'"), "", {"'l'", "3 equal parts"}));
}

TEST_F(CaffeLayers, FlattenAndReshapeComputeNothing) {
  const std::string weights = "layer { name: 'fc' blobs { data: [1, 10, 100, 1000] } }";
  const auto behind = [&](const std::string& shaped) {
    return shaped +
           caffe_layer("InnerProduct", "fc", "l", "fc", "inner_product_param { num_output: 1 bias_term: false }");
  };
  const auto reshape = [&](const std::string& settings) {
    return behind(one("Reshape", "reshape_param { " + settings + " }"));
  };
  const std::vector<double> expected{1 - 20 + 300 - 4000};
  EXPECT_TRUE(same_numbers(values(behind(one("Flatten")), weights, "fc"), expected));
  EXPECT_TRUE(
      same_numbers(values(behind(one("Flatten", "flatten_param { axis: 1 end_axis: 3 }")), weights, "fc"), expected));
  EXPECT_TRUE(same_numbers(values(reshape("shape { dim: 0 dim: -1 }"), weights, "fc"), expected));
  EXPECT_TRUE(same_numbers(values(reshape("shape { dim: 0 dim: 4 }"), weights, "fc"), expected));
  EXPECT_TRUE(same_numbers(values(reshape("axis: 1 shape { dim: -1 dim: 1 dim: 1 }"), weights, "fc"), expected));
  EXPECT_TRUE(same_numbers(values(reshape("axis: 1 num_axes: 2 shape { dim: 2 }"), weights, "fc"), expected));
  EXPECT_TRUE(refused(reshape("shape { dim: 0 dim: 3 }"), weights, {"'l'", "reshapes", "[1, 3]"}));
  EXPECT_TRUE(refused(reshape("shape { dim: -1 dim: -1 }"), weights, {"'l'", "reshapes"}));
  EXPECT_TRUE(refused(reshape("axis: 4 num_axes: 1 shape { dim: 1 }"), weights, {"'l'", "axis 4"}));
}

TEST_F(CaffeLayers, Deconvolution) {
  const Array image{{1, 1, 2, 2}, {1, 2, 3, 4}};
  const std::string layers = one("Deconvolution", "convolution_param { num_output: 1 kernel_size: 2 stride: 2 }");
  EXPECT_TRUE(same_numbers(
      values(layers, "layer { name: 'l' blobs { data: [1, 10, 100, 1000] } blobs { data: 0.5 } }", "l", image),
      std::vector{1.5, 10.5, 2.5, 20.5, 100.5, 1000.5, 200.5, 2000.5,  //
                  3.5, 30.5, 4.5, 40.5, 300.5, 3000.5, 400.5, 4000.5}));
}

// Upsampling by two as fully convolutional networks do it: each channel by itself, with a tent of 4x4 taps.
TEST_F(CaffeLayers, BilinearDeconvolutionInGroups) {
  const std::vector<double> tent{0.25, 0.75, 0.75, 0.25};
  std::string kernel;
  for (const double row : tent) {
    for (const double column : tent) kernel += fmt::format("{}{}", kernel.empty() ? "" : ", ", row * column);
  }
  const std::string layers = one("Deconvolution",
                                 "convolution_param { num_output: 2 group: 2 kernel_h: 4 kernel_w: 4 stride_h: 2 "
                                 "stride_w: 2 pad: 1 bias_term: false }");
  const Array image{{1, 2, 1, 2}, {4, 8, 16, -16}};
  // Row 0 of the source gives both rows a weight of 0.75; columns 0.75, 0.75 x + 0.25 y, 0.25 x + 0.75 y, 0.75 y.
  std::vector<double> expected;
  for (const auto& [x, y] : {std::pair(4., 8.), std::pair(16., -16.)}) {
    for (int row = 0; row < 2; ++row) {
      for (const double number : {0.75 * x, 0.75 * x + 0.25 * y, 0.25 * x + 0.75 * y, 0.75 * y})
        expected.push_back(0.75 * number);
    }
  }
  EXPECT_TRUE(same_numbers(
      values(layers, fmt::format("layer {{ name: 'l' blobs {{ data: [{}, {}] }} }}", kernel, kernel), "l", image),
      expected));
}

TEST_F(CaffeLayers, PoolingRoundsAsItSays) {
  // 6 columns, 3 taps, a stride of 2: two windows, or three with one that hangs over.
  const Array image{{1, 1, 1, 6}, {1, 2, 3, 4, 5, 6}};
  const auto pooled = [&](const std::string& settings) {
    return values(one("Pooling", "pooling_param { kernel_h: 1 kernel_w: 3 stride_h: 1 stride_w: 2 " + settings + " }"),
                  "", "l", image);
  };
  EXPECT_TRUE(same_numbers(pooled(""), std::vector{3., 5., 6.}));
  EXPECT_TRUE(same_numbers(pooled("round_mode: CEIL"), std::vector{3., 5., 6.}));
  EXPECT_TRUE(same_numbers(pooled("ceil_mode: true"), std::vector{3., 5., 6.}));
  EXPECT_TRUE(same_numbers(pooled("round_mode: FLOOR"), std::vector{3., 5.}));
  EXPECT_TRUE(same_numbers(pooled("ceil_mode: false"), std::vector{3., 5.}));
  // The divisor is the window clipped to the padded map: 2 for 5 6, 3 for 0 1 2.
  EXPECT_TRUE(same_numbers(pooled("pool: AVE"), std::vector{2., 4., 5.5}));
  EXPECT_TRUE(same_numbers(pooled("pool: AVE pad_h: 0 pad_w: 1"), std::vector{1., 3., 5., 6. / 2}))
      << "begins within the padding";
  const auto refuses_pooling = [&](const std::string& settings, const std::vector<std::string>& words) {
    return refused(one("Pooling", "pooling_param { " + settings + " }"), "", words);
  };
  EXPECT_TRUE(refuses_pooling("kernel_h: 1", {"'l'", "one of kernel_h and kernel_w alone"}));
  EXPECT_TRUE(refuses_pooling("kernel_size: 1 kernel_h: 1", {"'l'", "both kernel_size and kernel_h"}));
  EXPECT_TRUE(refuses_pooling("kernel_size: 1 pad_w: 1", {"'l'", "one of pad_h and pad_w alone"}));
  EXPECT_TRUE(refuses_pooling("kernel_size: 1 pad: 1", {"'l'", "pads 1x1"}));
  EXPECT_TRUE(refuses_pooling("kernel_size: 1 stride: 3", {"'l'", "outside of a map"}));
  EXPECT_TRUE(
      refuses_pooling("kernel_size: 1 round_mode: CEIL ceil_mode: true", {"'l'", "both round_mode and ceil_mode"}));
  EXPECT_TRUE(refuses_pooling("global_pooling: true kernel_size: 2", {"'l'", "both global_pooling and kernel_size"}));
  EXPECT_TRUE(refuses_pooling("global_pooling: true stride: 2", {"'l'", "stride"}));
  EXPECT_TRUE(refuses_pooling("pool: AVE", {"'l'", "kernel_size is missing"}));
}

TEST_F(CaffeLayers, PoolingOfAllOfAMap) {
  EXPECT_TRUE(same_numbers(values(one("Pooling", "pooling_param { pool: AVE global_pooling: true }"), "", "l"),
                           std::vector{-0.5, -0.5}));
  EXPECT_TRUE(
      same_numbers(values(one("Pooling", "pooling_param { global_pooling: true }"), "", "l"), std::vector{1., 3.}));
}

TEST_F(CaffeLayers, DilationInItsSpellings) {
  const Array image{{1, 1, 1, 5}, {1, 10, 100, 1000, 10000}};
  const std::string weights = "layer { name: 'l' blobs { data: [1, 2] } }";
  const auto convolved = [&](const std::string& dilation) {
    return values(one("Convolution",
                      "convolution_param { num_output: 1 bias_term: false kernel_h: 1 kernel_w: 2 " + dilation + " }"),
                  weights, "l", image);
  };
  EXPECT_TRUE(same_numbers(convolved("dilation: 2"), std::vector{201., 2010., 20100.}));
  EXPECT_TRUE(same_numbers(convolved("dilation: 1 dilation: 3"), std::vector{2001., 20010.}));
}

}  // namespace
}  // namespace caffe_layers_test
}  // namespace phosphene::testing
