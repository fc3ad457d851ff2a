#include "loaders/caffe/caffe.h"

#include "layers/network/channel_affine.h"
#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "layers/network/lrn.h"
#include "layers/network/pooling.h"
#include "loaders/load_model.h"
#include "tests/loaders/small_caffe.h"
#include "tests/loaders/small_model.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing {
namespace caffe_test {
namespace {

const std::string kInput = caffe_input(3, 8, 8);

std::string convolution(const std::string& name, const std::string& bottom,
                        const std::string& parameters = "num_output: 2 kernel_size: 1") {
  return fmt::format("layer {{ name: '{}' type: 'Convolution' bottom: '{}' top: '{}' convolution_param {{ {} }} }}\n",
                     name, bottom, name, parameters);
}

// Writes a topology, and weights that are given as text too.
class CaffeTest : public ::testing::Test {
 protected:
  Model read(const std::string& topology, const std::string& weights) { return files_.read(topology, weights); }
  ::testing::AssertionResult refused(const std::string& topology, const std::string& weights,
                                     const std::vector<std::string>& words) {
    return refuses([&] { read(topology, weights); }, words);
  }

  // Blobs of a convolution from 3 to 2 channels with one tap.
  static std::string weights_for(const std::string& layer, const std::string& more = "") {
    return fmt::format("layer {{ name: '{}' blobs {{ data: [1, 2, 3, 4, 5, 6] }} blobs {{ data: [0.5, -0.5] }} }} {}",
                       layer, more);
  }
  CaffeFiles files_;
  const TemporaryFolder& folder_ = files_.folder();
};

std::vector<float> numbers(const Weights& weights) { return {weights.data, weights.data + weights.elements()}; }

TEST_F(CaffeTest, NamesAReluInPlace) {
  const Model model = read(kInput + convolution("c", "data") + caffe_layer("ReLU", "relu_c", "c", "c") +
                               caffe_layer("Dropout", "drop", "c", "c") +
                               convolution("d", "c", "num_output: 2 kernel_size: 1 bias_term: false"),
                           weights_for("c", "layer { name: 'd' blobs { data: [1, 2, 3, 4] } }"));
  ASSERT_EQ(model.layers.size(), 3U);
  EXPECT_EQ(model.layers[0].name, "c:pre");
  EXPECT_EQ(model.layers[1].name, "c");
  EXPECT_EQ(model.layers[2].inputs, (std::vector<std::string>{"c"}));
  EXPECT_EQ(model.resolve("relu_c"), "c");
  EXPECT_EQ(model.resolve("drop"), "c");
  EXPECT_EQ(model.resolve("drop:pre"), "c:pre");
  EXPECT_EQ(numbers(op_of<Convolution>(model, "c:pre").bias()), (std::vector<float>{0.5F, -0.5F}));
  EXPECT_EQ(op_of<Convolution>(model, "d").bias().data, nullptr);
  EXPECT_EQ(model.name, "w");
  EXPECT_EQ(model.height, 8);
  EXPECT_EQ(model.preprocessing.order, (std::vector<int>{2, 1, 0}));
}

TEST_F(CaffeTest, AReaderBeforeTheReluKeepsReadingWhatItRead) {
  const Model model =
      read(kInput + convolution("c", "data") + caffe_layer("LRN", "n", "c", "n") + caffe_layer("ReLU", "r", "c", "c") +
               "layer { name: 'both' type: 'Concat' bottom: 'n' bottom: 'c' top: 'both' }",
           weights_for("c"));
  EXPECT_EQ(model.find("n")->inputs, (std::vector<std::string>{"c:pre"}));
  EXPECT_EQ(model.find("both")->inputs, (std::vector<std::string>{"n", "c"}));
}

TEST_F(CaffeTest, NamesAReluOfItsOwn) {
  const Model model = read(kInput + convolution("c", "data") + caffe_layer("ReLU", "r", "c", "r"), weights_for("c"));
  EXPECT_EQ(model.layers[0].name, "c");
  EXPECT_EQ(model.layers[1].name, "r");
  EXPECT_EQ(model.resolve("r:pre"), "c");
}

TEST_F(CaffeTest, FoldsBatchNormAndScale) {
  const std::string statistics =
      // Sums over two batches: means 1, 2; variances 4, 9.
      "layer { name: 'bn' blobs { data: [2, 4] } blobs { data: [8, 18] } blobs { data: [2] } }"
      "layer { name: 'sc' blobs { data: [3, 5] } blobs { data: [10, 20] } }";
  const std::string eps = "batch_norm_param { eps: 0 }", with_bias = "scale_param { bias_term: true }";
  const Model model = read(kInput + convolution("c", "data") + caffe_layer("BatchNorm", "bn", "c", "c", eps) +
                               caffe_layer("Scale", "sc", "c", "c", with_bias) + caffe_layer("ReLU", "r", "c", "c"),
                           weights_for("c", statistics));
  ASSERT_EQ(model.layers.size(), 4U);
  // y = 3 (x - 1) / 2 + 10 and y = 5 (x - 2) / 3 + 20, x = w . src + b; rounding apart.
  const std::vector<float> weights = numbers(op_of<Convolution>(model, "c:pre").weights()),
                           bias = numbers(op_of<Convolution>(model, "c:pre").bias());
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_FLOAT_EQ(weights[i], 1.5F * static_cast<float>(i + 1));
    EXPECT_FLOAT_EQ(weights[i + 3], 5.F / 3 * static_cast<float>(i + 4));
  }
  EXPECT_FLOAT_EQ(bias[0], 1.5F * (0.5F - 1) + 10);
  EXPECT_FLOAT_EQ(bias[1], 5.F / 3 * (-0.5F - 2) + 20);
  EXPECT_EQ(model.resolve("sc"), "c:pre");
  // What stood between them is computed back, and has the name of what made it.
  EXPECT_EQ(model.find("bn")->inputs, (std::vector<std::string>{"c:pre"}));
  EXPECT_EQ(model.find("c:raw")->inputs, (std::vector<std::string>{"bn"}));
  EXPECT_FLOAT_EQ(op_of<ChannelAffine>(model, "bn").factor().data[0], 1.F / 3);
  EXPECT_FLOAT_EQ(op_of<ChannelAffine>(model, "bn").shift().data[0], -10.F / 3);
  EXPECT_FLOAT_EQ(op_of<ChannelAffine>(model, "c:raw").factor().data[1], 3);
}

TEST_F(CaffeTest, WhatCannotBeComputedBackSaysSo) {
  const std::string statistics =
      "layer { name: 'bn' blobs { data: [2, 4] } blobs { data: [8, 18] } blobs { data: [2] } }"
      "layer { name: 'sc' blobs { data: [0, 5] } }";
  const Model model = read(kInput + convolution("c", "data") + caffe_layer("BatchNorm", "bn", "c", "c") +
                               caffe_layer("Scale", "sc", "c", "c") + caffe_layer("ReLU", "r", "c", "c"),
                           weights_for("c", statistics));
  ASSERT_EQ(model.layers.size(), 2U);
  for (const char* gone : {"bn", "c:raw"})
    EXPECT_TRUE(refuses([&] { (void)model.resolve(gone); }, {gone, "folded into 'c:pre'"})) << gone;
}

TEST_F(CaffeTest, ABatchNormThatIsReadBesideItsConvolutionStaysALayer) {
  const std::string statistics =
      "layer { name: 'bn' blobs { data: [2, 4] } blobs { data: [8, 18] } blobs { data: [2] } }";
  const Model model = read(kInput + convolution("c", "data") + caffe_layer("BatchNorm", "bn", "c", "b") +
                               caffe_layer("Eltwise", "sum", "c", "sum", "bottom: 'b'"),
                           weights_for("c", statistics));
  EXPECT_EQ(model.find("sum")->inputs, (std::vector<std::string>{"c", "b"}));
  EXPECT_EQ(op_of<ChannelAffine>(model, "b").factor().elements(), 2);
  EXPECT_EQ(numbers(op_of<Convolution>(model, "c").weights()), (std::vector<float>{1, 2, 3, 4, 5, 6}));
}

TEST_F(CaffeTest, FoldsUnderANewName) {
  const std::string statistics =
      "layer { name: 'bn' blobs { data: [0, 0] } blobs { data: [1, 1] } blobs { data: [1] } }";
  const Model model = read(kInput + convolution("c", "data") + caffe_layer("BatchNorm", "bn", "c", "bn") +
                               caffe_layer("ReLU", "r", "bn", "bn"),
                           weights_for("c", statistics));
  EXPECT_EQ(model.layers[0].name, "bn:pre");
  EXPECT_EQ(model.find("c")->inputs, (std::vector<std::string>{"bn:pre"})) << "the raw convolution keeps its name";
}

TEST_F(CaffeTest, ReadsEveryKindOfLayer) {
  const Model model =
      read(kInput +
               convolution("c", "data",
                           "num_output: 2 kernel_h: 1 kernel_w: 1 pad_h: 1 pad_w: 0 stride: 2 "
                           "dilation: 2 dilation: 3") +
               caffe_layer("Split", "s", "c", "c1", "top: 'c2'") +
               caffe_layer("LRN", "n", "c1", "n", "lrn_param { local_size: 3 alpha: 0.6 k: 2 }") +
               caffe_layer("Eltwise", "e", "n", "e", "bottom: 'c2'") +
               caffe_layer("Pooling", "p", "e", "p", "pooling_param { kernel_size: 2 stride: 2 pool: MAX }") +
               caffe_layer("Pooling", "g", "p", "g", "pooling_param { kernel_h: 3 kernel_w: 2 pool: AVE }") +
               caffe_layer("InnerProduct", "fc", "g", "fc", "inner_product_param { num_output: 2 }") +
               caffe_layer("Softmax", "prob", "fc", "prob"),
           weights_for("c", "layer { name: 'fc' blobs { data: [1, 2, 3, 4] } blobs { data: [5, 6] } }"));
  EXPECT_EQ(op_of<Convolution>(model, "c").window(),
            (WindowAttributes{
                .stride_h = 2, .stride_w = 2, .pad_top = 1, .pad_bottom = 1, .dilation_h = 2, .dilation_w = 3}));
  EXPECT_EQ(op_of<Lrn>(model, "n").radius(), 1);
  EXPECT_FLOAT_EQ(op_of<Lrn>(model, "n").alpha(), 0.2F);
  EXPECT_EQ(op_of<Lrn>(model, "n").k(), 2);
  EXPECT_EQ(model.find("e")->inputs, (std::vector<std::string>{"n", "c"}));
  EXPECT_TRUE(op_of<Pooling>(model, "p").window().ceil);
  EXPECT_TRUE(op_of<Pooling>(model, "g").global()) << "the map is 3x2";
  EXPECT_EQ(numbers(op_of<Linear>(model, "fc").weights()), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(model.logits(), "fc");
}

TEST_F(CaffeTest, ReadsTheOldForm) {
  const Model model = read(
      "input: 'image' input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 8\n"
      "layers { name: 'c' type: CONVOLUTION bottom: 'image' top: 'c' convolution_param { num_output: 2 kernel_size: 1 "
      "} }\n"
      "layers { name: 'r' type: RELU bottom: 'c' top: 'c' }",
      "layers { name: 'loss' type: SOFTMAX_LOSS bottom: 'c' top: 'l' }"
      "layers { name: 'c' type: CONVOLUTION blobs { num: 2 channels: 3 height: 1 width: 1 double_data: [1, 2, 3, 4, 5, "
      "6] } blobs { data: [0, 0] } }");
  EXPECT_EQ(numbers(op_of<Convolution>(model, "c:pre").weights()), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(model.layers[0].inputs, (std::vector<std::string>{Model::kInput}));
}

TEST_F(CaffeTest, RefusesByNameWhatItCannotCompute) {
  const std::string one = kInput + convolution("c", "data"), weights = weights_for("c");
  EXPECT_TRUE(
      refused(one + caffe_layer("Spline", "s", "c", "s"), weights, {"'s'", "Spline", "not supported", "--until 'c'"}));
  EXPECT_TRUE(refused(one + caffe_layer("LRN", "n", "c", "n", "lrn_param { norm_region: WITHIN_CHANNEL }"), weights,
                      {"'n'", "WITHIN_CHANNEL"}));
  EXPECT_TRUE(refused(one + caffe_layer("ReLU", "r", "c", "r", "top: 's'"), weights, {"'r'", "1 top"}));
  EXPECT_TRUE(refused(one + caffe_layer("ReLU", "r", "data", "c"), weights, {"'r'", "writes 'c'", "another layer"}));
  EXPECT_TRUE(refused(one + caffe_layer("Pooling", "p", "c", "c", "pooling_param { kernel_size: 2 }"), weights,
                      {"'p'", "over its own bottom 'c'"}));
  EXPECT_TRUE(refused(one + convolution("c", "c"), weights, {"'c'", "over its own bottom"}));
  EXPECT_TRUE(
      refused(one + caffe_layer("Concat", "k", "c", "k", "concat_param { axis: 2 }"), weights, {"'k'", "axis 2"}));
  EXPECT_TRUE(refused(one + caffe_layer("Pooling", "p", "c", "p", "pooling_param { pool: STOCHASTIC kernel_size: 2 }"),
                      weights, {"'p'", "stochastic"}));
  EXPECT_TRUE(refused(kInput + convolution("c", "data", "num_output: 2 kernel_size: 1 dilation: 0"), weights,
                      {"'c'", "dilation"}));
  EXPECT_TRUE(
      refused(kInput + convolution("c", "data", "num_output: 2 kernel_size: 0"), weights, {"'c'", "kernel_size"}));
  EXPECT_TRUE(
      refused(kInput + convolution("c", "data", "num_output: 2 kernel_size: 1 group: 2"), weights, {"'c'", "groups"}));
  EXPECT_TRUE(refused(kInput + convolution("c", "image"), weights, {"'c'", "'image'"}));
  EXPECT_TRUE(refused(kInput + convolution("c", "data", "num_output: 2 kernel_size: 9"), weights_for("c"), {"'c'"}));
}

TEST_F(CaffeTest, SaysWhichFileIsWrong) {
  const std::string one = kInput + convolution("c", "data");
  EXPECT_TRUE(refused(one, weights_for("d"), {"w.caffemodel", "'c'", "has no weights"}));
  EXPECT_TRUE(
      refused(one, "layer { name: 'c' blobs { data: [1, 2] } }", {"w.caffemodel", "'c'", "2 numbers", "[2, 3, 1, 1]"}));
  try {
    read(one + convolution("d", "c"), weights_for("c", "layer { name: 'd' blobs { data: [1] } }"));
    ADD_FAILURE() << "was read";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find("--until"), std::string::npos)
        << "cutting the network off does not make the files belong together: " << error.what();
  }
  EXPECT_TRUE(refused(one + "layer { name: }", weights_for("c"), {"deploy.prototxt", "line 3"}));
  EXPECT_TRUE(refused("name: 'nothing'", weights_for("c"), {"deploy.prototxt", "no layers"}));
  EXPECT_TRUE(refused("unknown { " + std::string(100000, '{'), weights_for("c"), {"deploy.prototxt", "nested"}));
  const std::string topology = folder_.write("deploy.prototxt", one);
  const std::string weights = folder_.write("w.caffemodel", "this is no network");
  EXPECT_TRUE(refuses([&] { load_model(weights, topology); }, {"w.caffemodel", "truncated"}));
  EXPECT_TRUE(refuses([&] { load_model(weights); }, {"w.caffemodel", "truncated"}));
  EXPECT_TRUE(refuses([&] { load_model(topology); }, {"deploy.prototxt", "--topology"}));
  EXPECT_TRUE(refuses([&] { load_model(weights, folder_.file("missing.prototxt")); }, {"missing.prototxt"}));
}

TEST_F(CaffeTest, SurvivesAnyDamage) {
  const std::string topology = kInput + convolution("c", "data") + caffe_layer("ReLU", "r", "c", "c") +
                               caffe_layer("Pooling", "p", "c", "p", "pooling_param { kernel_size: 2 }");
  read(topology, weights_for("c"));
  const std::string deploy = folder_.file("deploy.prototxt"), trained = folder_.file("w.caffemodel");
  const auto load = [&] { read_caffe(trained, deploy); };
  read_damaged(topology, deploy, 1000, load);
  read_caffe(trained, folder_.write("deploy.prototxt", topology));
  read_damaged(contents_of(trained), trained, 1000, load);
}

// The three published networks.

TEST(CaffeNetworks, GoogleNet) {
  PHOSPHENE_ASSET(weights, "models/bvlc_googlenet.caffemodel");
  PHOSPHENE_ASSET(topology, "models/googlenet_deploy.prototxt");
  PHOSPHENE_ASSET(labels, "models/imagenet_synset_words.txt");
  const Model model = load_model(weights.string(), topology.string(), "", labels.string());
  EXPECT_EQ(model.name, "bvlc_googlenet");
  for (const char* name :
       {"conv1/7x7_s2", "conv1/7x7_s2:pre", "inception_4a/output:pre", "mixed3a", "4e", "pool5/drop_7x7_s1", "prob"}) {
    EXPECT_NO_THROW((void)model.resolve(name)) << name;
  }
  EXPECT_EQ(model.resolve("mixed4a"), "inception_4a/output");
  EXPECT_EQ(model.resolve("3a:pre"), "inception_3a/output:pre");
  EXPECT_EQ(model.resolve("conv1/relu_7x7"), "conv1/7x7_s2");
  EXPECT_TRUE(op_of<Pooling>(model, "pool5/7x7_s1").global());
  EXPECT_EQ(model.logits(), "loss3/classifier");
  EXPECT_EQ(model.class_index("military uniform"), 652);
  EXPECT_TRUE(refuses([&] { return model.resolve("inception_4f/output"); }, {"did you mean 'inception_4"}));
}

TEST(CaffeNetworks, LabelsOfAnotherNetwork) {
  PHOSPHENE_ASSET(weights, "models/bvlc_googlenet.caffemodel");
  PHOSPHENE_ASSET(topology, "models/googlenet_deploy.prototxt");
  const TemporaryFolder folder;
  EXPECT_TRUE(
      refuses([&] { load_model(weights.string(), topology.string(), "", folder.write("two.txt", "cat\ndog\n")); },
              {"two.txt", "2 labels", "1000 classes"}));
}

TEST(CaffeNetworks, TheOtherTopologiesAreRead) {
  for (const char* name : {"models/squeezenet_v1.1_deploy.prototxt", "models/vgg16_deploy.prototxt"}) {
    PHOSPHENE_ASSET(topology, name);
    EXPECT_NO_THROW(check_caffe_topology(topology.string())) << name;
  }
}

// Files of cases/: each was accepted with other numbers, or refused for another reason, once.
class CaffeCases : public ::testing::Test {
 protected:
  static Model load(const std::string& topology, const std::string& weights) {
    return load_model(find_asset("cases/" + weights)->string(), find_asset("cases/" + topology)->string());
  }
};

TEST_F(CaffeCases, LayersOfTheTestPhaseAreRead) {
  if (!find_asset("cases/01/twice.prototxt")) GTEST_SKIP() << "PHOSPHENE_ASSETS is not set";
  const Model once = load("01/once.prototxt", "01/bn.caffemodel"),
              twice = load("01/twice.prototxt", "01/bn.caffemodel");
  const auto weights = [](const Model& model) { return model.find("conv1:pre")->as<Convolution>()->weights(); };
  const Weights expected = weights(once), found = weights(twice);
  EXPECT_TRUE(std::equal(expected.data, expected.data + expected.elements(), found.data))
      << "batch norm for TEST alone";
  for (const char* excluded : {"exclude_conv", "include_train_conv", "stage"}) {
    const Model model = load(std::string("01/") + excluded + ".prototxt", "01/bn.caffemodel");
    EXPECT_LT(model.layers.size(), once.layers.size()) << excluded;
  }
  EXPECT_NO_THROW(load("01/loss_train_only.prototxt", "01/extra.caffemodel"));
}

TEST_F(CaffeCases, FieldsAreUsedOrRefused) {
  if (!find_asset("cases/03/typo.prototxt")) GTEST_SKIP() << "PHOSPHENE_ASSETS is not set";
  const std::vector<std::pair<const char*, std::vector<std::string>>> cases = {
      {"03/conv_typo", {"pads", "did you mean 'pad'"}},
      {"03/eltwise_unknown", {"coefficients"}},
      {"03/lrn_unknown", {"bias"}},
      {"03/param_of_another_type", {"'c1b'", "pooling_param", "another type"}},
      {"03/relu_unknown", {"negative_slop", "did you mean 'negative_slope'"}},
      {"03/typo", {"paad", "did you mean 'pad'"}},
      {"03/typo_stride", {"strides", "did you mean 'stride'"}},
      {"03/unknown_layer_field", {"relu6_param"}}};
  for (const auto& [name, words] : cases) {
    const std::string file = std::string(name) + ".prototxt";
    EXPECT_TRUE(refuses([&] { load(file, "tiny.caffemodel"); }, words)) << name;
  }
  EXPECT_NO_THROW(load("03/harmless.prototxt", "tiny.caffemodel"));
  for (const auto& [name, ceil] : {std::pair("03/ceil_false", false), {"03/floor", false}, {"03/ceil_true", true}})
    EXPECT_EQ(op_of<Pooling>(load(std::string(name) + ".prototxt", "tiny.caffemodel"), "pool1").window().ceil, ceil);
}

TEST_F(CaffeCases, PreprocessingIsThatOfTheFile) {
  if (!find_asset("cases/07/transform.prototxt")) GTEST_SKIP() << "PHOSPHENE_ASSETS is not set";
  const Preprocessing p = load("07/transform.prototxt", "tiny.caffemodel").preprocessing;
  EXPECT_EQ(p.scale, std::vector<float>(3, 255 * 0.017F));
  EXPECT_EQ(p.mean, (std::vector<float>{0.017F * 103.94F, 0.017F * 116.78F, 0.017F * 123.68F}));
}

TEST_F(CaffeCases, NumbersAreReadAsTheyAreStored) {
  if (!find_asset("cases/11/raw32.caffemodel")) GTEST_SKIP() << "PHOSPHENE_ASSETS is not set";
  const Model plain = load("tiny.prototxt", "tiny.caffemodel");
  const auto first = [](const Model& model) {
    const Weights& weights = model.layers[0].as<Convolution>()->weights();
    return std::vector<float>(weights.data, weights.data + weights.elements());
  };
  for (const char* stored : {"11/double", "11/legacy", "11/raw32", "11/raw32b"})
    EXPECT_TRUE(same_bits(first(load("tiny.prototxt", std::string(stored) + ".caffemodel")), first(plain))) << stored;
  // A half has 11 bits.
  EXPECT_TRUE(near_largest(first(load("tiny.prototxt", "11/raw16.caffemodel")), first(plain), 0x1p-11));
  for (const char* bad : {"24/factor_nan", "24/inf_mean", "24/nan", "24/negative"})
    EXPECT_TRUE(refuses([&] { load("24/bn.prototxt", std::string(bad) + ".caffemodel"); }, {"bn1"})) << bad;
  EXPECT_TRUE(refuses([&] { load("tiny.prototxt", "extra/nan_weights.caffemodel"); }, {"conv2", "nan"}));
}

}  // namespace
}  // namespace caffe_test
}  // namespace phosphene::testing
