#include "loaders/model_file.h"

#include <limits>

#include "layers/network/activation.h"
#include "layers/network/adaptive_average_pooling.h"
#include "layers/network/binary.h"
#include "layers/network/channel_affine.h"
#include "layers/network/channel_permutation.h"
#include "layers/network/channel_range.h"
#include "layers/network/convolution.h"
#include "layers/network/group_norm.h"
#include "layers/network/layer_norm.h"
#include "layers/network/lrn.h"
#include "layers/network/pad.h"
#include "layers/network/pixel_shuffle.h"
#include "layers/network/pooling.h"
#include "layers/network/prelu.h"
#include "layers/network/resize.h"
#include "layers/network/transposed_convolution.h"
#include "loaders/load_model.h"
#include "loaders/model/model_graph.h"
#include "runtime/problems/network.h"
#include "tests/loaders/small_model.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing {
namespace {

class ModelFile : public ::testing::Test {
 protected:
  ModelFile() : path_(folder_.file("small.safetensors")) { save_model(small_model(), path_); }

  // The file with `from` replaced by `to` (of the same length, or the header's length would change) in its header.
  ::testing::AssertionResult refused_with(const std::string& from, const std::string& to,
                                          const std::vector<std::string>& words) {
    std::string contents = contents_of(path_);
    const size_t at = contents.find(from);
    if (at == std::string::npos || from.size() != to.size())
      return ::testing::AssertionFailure() << "the test itself is wrong: " << from;
    contents.replace(at, from.size(), to);
    return refuses([&] { read_model(folder_.write("damaged.safetensors", contents)); }, words);
  }

  TemporaryFolder folder_;
  std::string path_;
};

TEST_F(ModelFile, KeepsANameThatIsNoUtf8) {
  Model model = small_model();
  model.name = "caf\xe9";
  save_model(model, path_);
  EXPECT_EQ(read_model(path_).name, "caf\xe9");
}

TEST_F(ModelFile, RoundTrip) {
  const Model written = small_model(), read = read_model(path_);
  EXPECT_EQ(read.name, written.name);
  EXPECT_EQ(read.height, 8);
  EXPECT_EQ(read.labels, written.labels);
  EXPECT_EQ(read.aliases, written.aliases);
  EXPECT_EQ(read.preprocessing.mean, written.preprocessing.mean);
  EXPECT_EQ(read.preprocessing.order, written.preprocessing.order);
  EXPECT_EQ(read.preprocessing.scale, written.preprocessing.scale);
  EXPECT_EQ(read.preprocessing_source, written.preprocessing_source);
  ASSERT_EQ(read.layers.size(), written.layers.size());
  for (size_t i = 0; i < read.layers.size(); ++i) {
    EXPECT_EQ(read.layers[i].name, written.layers[i].name);
    EXPECT_EQ(read.layers[i].inputs, written.layers[i].inputs);
    EXPECT_EQ(read.layers[i].op->kind(), written.layers[i].op->kind());
  }
}

TEST_F(ModelFile, KeepsEveryAttribute) {
  const Model written = small_model(), read = read_model(path_);
  for (const char* layer : {"conv1:pre", "a:pre", "b:pre"}) {
    SCOPED_TRACE(layer);
    const auto &before = op_of<Convolution>(written, layer), &after = op_of<Convolution>(read, layer);
    EXPECT_EQ(after.window(), before.window());
    EXPECT_EQ(after.groups(), before.groups());
    ASSERT_EQ(after.weights().shape, before.weights().shape);
    const auto count = before.weights().elements();
    EXPECT_TRUE(std::equal(after.weights().data, after.weights().data + count, before.weights().data));
    EXPECT_EQ(after.bias().data == nullptr, before.bias().data == nullptr);
  }
  EXPECT_EQ(op_of<Lrn>(read, "norm1").radius(), 2);
  EXPECT_EQ(op_of<Lrn>(read, "norm1").alpha(), 0.00002F);
  EXPECT_EQ(op_of<Pooling>(read, "pool1").window(), op_of<Pooling>(written, "pool1").window());
  EXPECT_TRUE(op_of<Pooling>(read, "pool2").global());
  EXPECT_EQ(op_of<Pooling>(read, "pool2").divisor(), PoolingDivisor::inside);
}

TEST_F(ModelFile, KeepsDilationsAndTransposedConvolutions) {
  const WindowAttributes dilated{.r = 3, .s = 3, .pad_top = 2, .pad_bottom = 2, .dilation_h = 2, .dilation_w = 1};
  const WindowAttributes up{.r = 3, .s = 4, .stride_h = 2, .stride_w = 2, .pad_left = 1, .pad_right = 1};
  Model written = small_model();
  written.layers = {
      {"dilated", std::make_shared<Convolution>(dilated, 1, ramp({4, 3, 3, 3}), ramp({4})), {"data"}},
      {"up",
       std::make_shared<TransposedConvolution>(up, ramp({4, 5, 3, 4}), 2, ramp({10}), OutputPadding{1, 0}),
       {"dilated"}}};
  written.aliases.clear();
  const std::string path = folder_.file("up.safetensors");
  save_model(written, path);
  const Model read = read_model(path);
  EXPECT_EQ(op_of<Convolution>(read, "dilated").window(), dilated);
  const auto& transposed = op_of<TransposedConvolution>(read, "up");
  EXPECT_EQ(transposed.window(), up);
  EXPECT_EQ(transposed.groups(), 2);
  EXPECT_EQ(transposed.output_padding(), (OutputPadding{1, 0}));
  EXPECT_EQ(transposed.weights().shape, (std::vector<int64_t>{4, 5, 3, 4}));
  EXPECT_TRUE(std::equal(transposed.bias().data, transposed.bias().data + 10, ramp({10}).data));
  EXPECT_EQ(read.channel_counts().at("up"), 10);
  Graph graph;
  ModelGraph network(read, graph, graph.state("input", {{1, 3, 8, 8}, Layout::channels_last, DType::f32}));
  EXPECT_EQ(to_string(graph.shape(network.value("up"))), "1x10x18x12") << "8 x 6 between";
  EXPECT_EQ(contents_of(path_).find("dilation"), std::string::npos) << "none is not written";
}

// Every op that moves or resamples values, with each of its words.
Model rearranging_model() {
  const auto resized = [](ResizeMode mode, ResizeCoordinates coordinates, ResizeRounding rounding, ResizeStep step) {
    return ResizeAttributes{mode, coordinates, rounding, step};
  };
  ResizeAttributes sized = resized(ResizeMode::linear, ResizeCoordinates::align_corners,
                                   ResizeRounding::round_prefer_floor, ResizeStep::quotient);
  sized.rows = 5;
  sized.columns = 6;
  ResizeAttributes scaled =
      resized(ResizeMode::nearest, ResizeCoordinates::asymmetric, ResizeRounding::ceil, ResizeStep::product);
  scaled.factor_h = 1.7;  // no float32
  scaled.factor_w = 0.5;
  Model model = small_model();
  model.aliases.clear();
  model.layers.clear();
  const auto then = [&](const std::string& name, std::shared_ptr<const Op> op) {
    const std::string before = model.layers.empty() ? Model::kInput : model.layers.back().name;
    model.layers.push_back({name, std::move(op), {before}});
  };
  then("deep", std::make_shared<PixelShuffle>(2, BlockOrder::element_first, true));
  then("slice", std::make_shared<ChannelRange>(4, 8));
  then("order", std::make_shared<ChannelPermutation>(std::vector<int64_t>{7, 0, 3, 2, 1, 6, 5, 4}));
  then("shallow", std::make_shared<PixelShuffle>(2, BlockOrder::channel_first, false));
  then("pad", std::make_shared<Pad>(Paddings{1, -1, 2, 0}, PadRule::constant, 0.1F));
  then("reflect", std::make_shared<Pad>(Paddings{1, 1, 0, 2}, PadRule::reflect));
  then("edge", std::make_shared<Pad>(Paddings{0, 3, -1, 2}, PadRule::edge));
  then("sized", std::make_shared<Resize>(sized));
  then("scaled", std::make_shared<Resize>(scaled));
  then("bins", std::make_shared<AdaptiveAveragePooling>(3, 2));
  return model;
}

TEST_F(ModelFile, KeepsEveryAttributeOfWhatMovesValues) {
  const Model written = rearranging_model();
  save_model(written, path_);
  const Model read = read_model(path_);
  ASSERT_EQ(read.layers.size(), written.layers.size());
  for (size_t i = 0; i < read.layers.size(); ++i) {
    EXPECT_EQ(read.layers[i].op->kind(), written.layers[i].op->kind());
    EXPECT_EQ(read.layers[i].inputs, written.layers[i].inputs);
  }
  EXPECT_EQ(op_of<ChannelRange>(read, "slice").first(), 4);
  EXPECT_EQ(op_of<ChannelRange>(read, "slice").count(), 8);
  EXPECT_EQ(op_of<ChannelPermutation>(read, "order").order(), op_of<ChannelPermutation>(written, "order").order());
  for (const char* layer : {"deep", "shallow"}) {
    const auto &before = op_of<PixelShuffle>(written, layer), &after = op_of<PixelShuffle>(read, layer);
    EXPECT_EQ(after.block(), before.block());
    EXPECT_EQ(after.order(), before.order());
    EXPECT_EQ(after.to_depth(), before.to_depth());
  }
  for (const char* layer : {"pad", "reflect", "edge"}) {
    const auto &before = op_of<Pad>(written, layer), &after = op_of<Pad>(read, layer);
    EXPECT_EQ(after.paddings(), before.paddings());
    EXPECT_EQ(after.rule(), before.rule());
    EXPECT_EQ(after.value(), before.value());
  }
  for (const char* layer : {"sized", "scaled"})
    EXPECT_EQ(op_of<Resize>(read, layer).attributes(), op_of<Resize>(written, layer).attributes());
  EXPECT_EQ(op_of<AdaptiveAveragePooling>(read, "bins").rows(), 3);
  EXPECT_EQ(op_of<AdaptiveAveragePooling>(read, "bins").columns(), 2);
  const std::map<std::string, int64_t> counts = read.channel_counts();
  EXPECT_EQ(counts.at("deep"), 12);
  EXPECT_EQ(counts.at("slice"), 8);
  EXPECT_EQ(counts.at("order"), 8);
  EXPECT_EQ(counts.at("bins"), 2);
}

TEST_F(ModelFile, CountsNoChannelsThatAreNotThere) {
  const auto counts_of = [](std::shared_ptr<const Op> op) {
    Model model = small_model();
    model.layers.push_back({"moved", std::move(op), {"block"}});  // of five channels
    return model.channel_counts().at("moved");
  };
  EXPECT_EQ(counts_of(std::make_shared<ChannelRange>(3, 2)), 2);
  EXPECT_TRUE(refuses([&] { counts_of(std::make_shared<ChannelRange>(3, 3)); }, {"moved", "3 to 5", "5"}));
  EXPECT_TRUE(refuses([&] { counts_of(std::make_shared<PixelShuffle>(2, BlockOrder::channel_first, false)); },
                      {"moved", "multiple of 4", "got 5"}));
}

TEST_F(ModelFile, NamesWhatIsWrongWithWhatMovesValues) {
  save_model(rearranging_model(), path_);
  EXPECT_TRUE(refused_with(R"(\"op\":\"resize\")", R"(\"op\":\"resise\")", {"resise", "did you mean 'resize'"}));
  EXPECT_TRUE(refused_with(R"(\"order\":[7,0,3,)", R"(\"order\":[7,0,0,)", {"layer 'order'", "channel 0 twice"}));
  EXPECT_TRUE(refused_with(R"(\"order\":[7,0,3,)", R"(\"order\":[9,0,3,)", {"layer 'order'", "order"}));
  EXPECT_TRUE(refused_with(R"(\"first\":4)", R"(\"firth\":4)", {"layer 'slice'", "first"}));
  EXPECT_TRUE(refused_with(R"(\"block\":2)", R"(\"block\":0)", {"layer 'deep'", "block"}));
  EXPECT_TRUE(refused_with(R"(\"rule\":\"reflect\")", R"(\"rule\":\"reflekt\")", {"layer 'reflect'", "rule"}));
  EXPECT_TRUE(refused_with(R"(\"coordinates\":\"asymmetric\")", R"(\"coordinates\":\"asymmetrik\")", {"scaled"}));
  EXPECT_TRUE(refused_with(R"(\"factors\":[1.7,0.5])", R"(\"factors\":[1.7,0.0])", {"scaled", "factors"}));
  EXPECT_TRUE(refused_with(R"(\"size\":[5,6])", R"(\"size\":[0,6])", {"sized", "size"}));
  EXPECT_TRUE(refused_with(R"(\"size\":[3,2])", R"(\"sizo\":[3,2])", {"bins", "size"}));
}

TEST_F(ModelFile, OfWhatMovesValuesSurvivesAnyDamage) {
  const std::string path = folder_.file("damaged.safetensors");
  save_model(rearranging_model(), path_);
  read_damaged(contents_of(path_), path, 700, [&] {
    const Model model = read_model(path);
    Graph graph;
    ModelGraph network(
        model, graph,
        graph.state("input", {{1, model.channels, model.height, model.width}, Layout::channels_last, DType::f32}));
    for (const std::string& name : model.known_names()) network.value(name);
  });
}

TEST_F(ModelFile, WritesTheSameBytesAgain) {
  const std::string again = folder_.file("again.safetensors");
  save_model(read_model(path_), again);
  EXPECT_EQ(contents_of(again), contents_of(path_));
}

TEST_F(ModelFile, OneScaleIsThatOfEveryChannel) {
  std::string contents = contents_of(path_);
  const std::string list = "[255.0,254.0,253.5]", number = "77.5";
  ASSERT_NE(contents.find(list), std::string::npos);
  contents.replace(contents.find(list), list.size(), number + std::string(list.size() - number.size(), ' '));
  EXPECT_EQ(read_model(folder_.write("old.safetensors", contents)).preprocessing.scale,
            (std::vector<float>{77.5F, 77.5F, 77.5F}));
  EXPECT_TRUE(refused_with(list, "[255.0,254.0]      ", {"scale", "a number or a list of 3 numbers"}));
  EXPECT_TRUE(refused_with(list, R"(\"255\"            )", {"scale", "a number or a list of 3 numbers"}));
}

TEST_F(ModelFile, IsToldByItsContents) {
  EXPECT_EQ(load_model(folder_.write("WhateverItsName", contents_of(path_))).layers.size(),
            small_model().layers.size());
}

TEST_F(ModelFile, NamesWhatIsWrong) {
  EXPECT_TRUE(refused_with(R"(\"op\":\"lrn\")", R"(\"op\":\"lrm\")", {"norm1", "lrm", "did you mean 'lrn'"}));
  EXPECT_TRUE(refused_with(R"(\"radius\":2)", R"(\"radius\":x)", {"JSON"}));
  EXPECT_TRUE(refused_with(R"(\"radius\":2)", R"(\"radium\":2)", {"norm1", "radius"}));
  EXPECT_TRUE(refused_with(R"(\"groups\":2)", R"(\"groups\":3)", {"b:pre", "groups"}));
  EXPECT_TRUE(refused_with(R"(\"beta\":)", R"(\"name\":)", {"'name'", "twice"}));
  EXPECT_TRUE(refused_with(R"(\"version\":1)", R"(\"version\":2)", {"version 2"}));
  EXPECT_TRUE(refused_with(R"(\"inputs\":[\"norm1\"])", R"(\"inputs\":[\"norm2\"])", {"pool1", "norm2"}));
  EXPECT_TRUE(refused_with(R"(\"first\":\"conv1\")", R"(\"first\":\"conv9\")", {"alias", "first"}));
  EXPECT_TRUE(refused_with(R"(\"size\":[3,3])", R"(\"size\":[3,0])", {"conv1:pre", "window", "size"}));
  EXPECT_TRUE(refused_with(R"(\"size\":[3,3])", R"(\"size\":[3,5])", {"conv1:pre", "3x5"}));
  EXPECT_TRUE(refused_with(R"(\"order\":[2,1,0])", R"(\"order\":[2,1,3])", {"order"}));
  EXPECT_TRUE(refused_with(R"(\"name\":\"norm1\")", R"(\"name\":\"conv1\")", {"conv1", "twice"}));
  EXPECT_TRUE(refused_with(R"(\"fc/weights\")", R"(\"fc/weighty\")", {"fc/weighty", "did you mean 'fc/weights'"}));
}

TEST_F(ModelFile, RefusesKeysThatALayerDoesNotHave) {
  EXPECT_TRUE(refused_with(R"(\"beta\":)", R"(\"bets\":)", {"norm1", "unknown key 'bets'", "did you mean 'beta'"}));
  EXPECT_TRUE(refused_with(R"(\"global\":)", R"(\"slopes\":)", {"pool2", "unknown key 'slopes'"}));
}

// Of every kind, with numbers that float32 rounds, missing ends, and slopes for each channel and for all.
Model model_of_activations() {
  constexpr float kNone = std::numeric_limits<float>::infinity();
  Model model;
  model.name = "activations";
  model.height = model.width = 8;
  model.preprocessing = {{1, 1, 1}, {0, 0, 0}, {0, 1, 2}};
  for (const auto& op : {Activation::relu6(), Activation::clip(-0.1F, kNone), Activation::clip(-kNone, 0.1F),
                         Activation::leaky_relu(-0.3F), Activation::selu(), Activation::sigmoid(), Activation::tanh(),
                         Activation::hard_sigmoid(), Activation::hard_swish(), Activation::swish(1.702F),
                         Activation::gelu(), Activation::gelu_tanh(), Activation::softplus(), Activation::mish()})
    model.layers.push_back({fmt::format("layer{}", model.layers.size()), op, {Model::kInput}});
  model.layers.push_back({"each", std::make_shared<PRelu>(Weights::from({0.1F, -2, 3}, {3})), {Model::kInput}});
  model.layers.push_back({"one", std::make_shared<PRelu>(Weights::from({0.25F}, {1})), {Model::kInput}});
  return model;
}

TEST_F(ModelFile, KeepsActivationsAndTheirNumbers) {
  const Model written = model_of_activations();
  save_model(written, path_);
  const Model read = read_model(path_);
  ASSERT_EQ(read.layers.size(), written.layers.size());
  size_t kinds = 0;
  for (size_t i = 0; i < read.layers.size(); ++i) {
    const auto *before = written.layers[i].as<Activation>(), *after = read.layers[i].as<Activation>();
    if (before == nullptr) continue;
    ASSERT_NE(after, nullptr) << i;
    EXPECT_EQ(after->function(), before->function()) << before->kind();
    ++kinds;
  }
  EXPECT_EQ(kinds, activation_forms().size() + 2);
  const Weights &each = op_of<PRelu>(read, "each").slopes(), &one = op_of<PRelu>(read, "one").slopes();
  EXPECT_EQ(std::vector<float>(each.data, each.data + 3), (std::vector<float>{0.1F, -2, 3}));
  EXPECT_EQ(std::vector<float>(one.data, one.data + one.elements()), std::vector<float>{0.25F});
  const std::string again = folder_.file("again.safetensors");
  save_model(read, again);
  EXPECT_EQ(contents_of(again), contents_of(path_));
}

// Every kind of arithmetic and normalisation, with and without constants.
Model arithmetic_model() {
  Model model = small_model();
  model.layers.resize(2);  // conv1, of four channels
  model.aliases = {};
  const auto append = [&](const std::string& name, std::shared_ptr<const Op> op, std::vector<std::string> inputs) {
    model.layers.push_back({name, std::move(op), std::move(inputs)});
  };
  append("scale", std::make_shared<ChannelAffine>(ramp({4}), ramp({1, 4, 1, 1})), {"conv1"});
  append("half", std::make_shared<ChannelAffine>(Weights::from({0.5F}, {1}), Weights{}), {"scale"});
  append("more", std::make_shared<ChannelAffine>(Weights{}, ramp({4})), {"half"});
  append("layer", std::make_shared<LayerNorm>(0.001F, ramp({4}), ramp({4})), {"more"});
  append("plain", std::make_shared<LayerNorm>(0.25F, Weights{}, Weights{}), {"layer"});
  append("group", std::make_shared<GroupNorm>(2, 0.002F, ramp({4}), Weights{}), {"plain"});
  for (const std::string& operation : names_of_binary_operations())
    append("by " + operation, std::make_shared<Binary>(binary_operation(operation)), {"group", "conv1"});
  return model;
}

template <class OpOfChannels>
void expect_equal_constants(const OpOfChannels& after, const OpOfChannels& before) {
  const auto numbers = [](const Weights& weights) {
    return weights.data == nullptr ? std::vector<float>{}
                                   : std::vector(weights.data, weights.data + weights.elements());
  };
  EXPECT_EQ(numbers(after.factor()), numbers(before.factor()));
  EXPECT_EQ(numbers(after.shift()), numbers(before.shift()));
}

class ArithmeticFile : public ModelFile {
 protected:
  ArithmeticFile() { save_model(arithmetic_model(), path_); }
};

TEST_F(ArithmeticFile, KeepsEveryAttribute) {
  const Model written = arithmetic_model(), read = read_model(path_);
  ASSERT_EQ(read.layers.size(), written.layers.size());
  for (size_t i = 0; i < read.layers.size(); ++i) {
    EXPECT_EQ(read.layers[i].inputs, written.layers[i].inputs);
    EXPECT_EQ(read.layers[i].op->kind(), written.layers[i].op->kind());
  }
  for (const char* layer : {"scale", "half", "more"})
    expect_equal_constants(op_of<ChannelAffine>(read, layer), op_of<ChannelAffine>(written, layer));
  for (const char* layer : {"layer", "plain"}) {
    expect_equal_constants(op_of<LayerNorm>(read, layer), op_of<LayerNorm>(written, layer));
    EXPECT_EQ(op_of<LayerNorm>(read, layer).epsilon(), op_of<LayerNorm>(written, layer).epsilon());
  }
  expect_equal_constants(op_of<GroupNorm>(read, "group"), op_of<GroupNorm>(written, "group"));
  EXPECT_EQ(op_of<GroupNorm>(read, "group").groups(), 2);
  EXPECT_EQ(op_of<GroupNorm>(read, "group").epsilon(), 0.002F);
  for (const std::string& operation : names_of_binary_operations())
    EXPECT_EQ(op_of<Binary>(read, "by " + operation).operation_name(), operation);

  const std::string again = folder_.file("again.safetensors");
  save_model(read, again);
  EXPECT_EQ(contents_of(again), contents_of(path_));
}

TEST_F(ModelFile, NamesWhatIsWrongWithAnActivation) {
  save_model(model_of_activations(), path_);
  EXPECT_TRUE(refused_with(R"(\"kind\":\"mish\")", R"(\"kind\":\"mesh\")", {"layer13", "did you mean 'mish'"}));
  EXPECT_TRUE(refused_with(R"(\"slope\":)", R"(\"slops\":)", {"layer3", "'slops'", "did you mean 'slope'"}));
  EXPECT_TRUE(refused_with(R"(\"high\":6.0)", R"(\"high\":0.0)", {"layer0", "low is less than its high"}));
  EXPECT_TRUE(refused_with(R"(\"high\":6.0)", R"(\"gain\":6.0)", {"layer0", "unknown key 'gain'"}));
  EXPECT_TRUE(refused_with(R"(\"kind\":\"tanh\")", R"(\"kind\":12345678)", {"layer6", "kind"}));
}

TEST_F(ArithmeticFile, NamesWhatIsWrong) {
  EXPECT_TRUE(
      refused_with(R"(\"op\":\"group norm\")", R"(\"op\":\"group form\")", {"group", "did you mean 'group norm'"}));
  EXPECT_TRUE(refused_with(R"(\"operation\":\"divide\")", R"(\"operation\":\"divine\")",
                           {"by divide", "did you mean 'divide'"}));
  EXPECT_TRUE(refused_with(R"(\"operation\":\"divide\")", R"(\"aperation\":\"divide\")", {"by divide", "operation"}));
  EXPECT_TRUE(refused_with(R"(\"groups\":2)", R"(\"groups\":0)", {"layer 'group'", "groups"}));
  EXPECT_TRUE(refused_with(R"(\"groups\":2)", R"(\"gruops\":2)", {"layer 'group'", "groups"}));
  EXPECT_TRUE(refused_with(R"(\"epsilon\":0.25)", R"(\"epsilon\":0.00)", {"layer 'plain'", "epsilon", "0"}));
  EXPECT_TRUE(refused_with(R"(\"epsilon\":0.25)", R"(\"epsilom\":0.25)", {"layer 'plain'", "epsilon"}));
  EXPECT_TRUE(refused_with(R"(\"half/factor\")", R"(\"half/fuctor\")", {"half/fuctor", "did you mean 'half/factor'"}));
  EXPECT_TRUE(refused_with(R"(\"factor\":\"half/factor\")", R"(\"fuctor\":\"half/factor\")",
                           {"layer 'half'", "unknown key 'fuctor'", "did you mean 'factor'"}));
  EXPECT_TRUE(refused_with(R"(\"inputs\":[\"group\",\"conv1\"])", R"(\"inputs\":[\"group,\\\"conv1\"])",
                           {"by add", "1 inputs"}));
  EXPECT_TRUE(refused_with(R"(\"inputs\":[\"half\"])", R"(\"inputs\":[\"ab\",1])", {"more"}));
}

TEST_F(ArithmeticFile, SurvivesAnyDamage) {
  const std::string path = folder_.file("damaged.safetensors");
  read_damaged(contents_of(path_), path, 300, [&] {
    const Model model = read_model(path);
    Graph graph;
    ModelGraph network(
        model, graph,
        graph.state("input", {{1, model.channels, model.height, model.width}, Layout::channels_last, DType::f32}));
    for (const std::string& name : model.known_names()) network.value(name);
  });
}

TEST_F(ModelFile, TensorsAloneAreNoModel) {
  const std::vector<float> numbers(4);
  const std::string path = folder_.file("tensors.safetensors");
  write_safetensors(path, {{"w", {4}, numbers}});
  EXPECT_TRUE(refuses([&] { read_model(path); }, {"1 tensors", "no network"}));
}

TEST_F(ModelFile, SurvivesAnyDamage) {
  const std::string path = folder_.file("damaged.safetensors");
  read_damaged(contents_of(path_), path, 700, [&] {
    const Model model = read_model(path);
    Graph graph;
    ModelGraph network(
        model, graph,
        graph.state("input", {{1, model.channels, model.height, model.width}, Layout::channels_last, DType::f32}));
    for (const std::string& name : model.known_names()) network.value(name);
  });
}

}  // namespace
}  // namespace phosphene::testing
