#include "loaders/model/model.h"

#include <algorithm>

#include "layers/network/activation.h"
#include "layers/network/binary.h"
#include "layers/network/concat.h"
#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "layers/network/prelu.h"
#include "layers/network/relu.h"
#include "loaders/labels.h"
#include "loaders/model/model_graph.h"
#include "tests/loaders/small_model.h"
#include "tests/support/given_gradient.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing {
namespace {

ValueId prepared_input(const Model& model, Graph& graph, int64_t side) {
  return graph.state("input", {{1, model.channels, side, side}, Layout::channels_last, DType::f32});
}

TEST(Model, ResolvesNamesAliasesAndPre) {
  const Model model = small_model();
  EXPECT_EQ(model.resolve("conv1"), "conv1");
  EXPECT_EQ(model.resolve("first"), "conv1");
  EXPECT_EQ(model.resolve("conv1:pre"), "conv1:pre");
  EXPECT_EQ(model.resolve("first:pre"), "conv1:pre");
  EXPECT_EQ(model.resolve("block:pre"), "block:pre");
  EXPECT_EQ(model.resolve("mixed:pre"), "block:pre");
}

TEST(Model, NamesTheNearestLayer) {
  const Model model = small_model();
  EXPECT_TRUE(refuses([&] { return model.resolve("blok"); }, {"blok", "small", "did you mean 'block'"}));
  EXPECT_TRUE(refuses([&] { return model.resolve("mixd:pre"); }, {"did you mean 'mixed:pre'"}));
  EXPECT_TRUE(refuses([&] { return model.resolve("pool1:pre"); }, {"pool1", "neither an activation"}));
  EXPECT_TRUE(refuses([&] { return model.resolve("sum:pre"); }, {"sum", "neither an activation"}));
}

TEST(Model, KnownNamesCanAllBeGiven) {
  const Model model = small_model();
  const std::vector<std::string> names = model.known_names();
  for (const char* expected : {"conv1", "conv1:pre", "block:pre", "mixed", "mixed:pre", "first:pre"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), expected), names.end()) << expected;
  }
  for (const std::string& name : names) {
    Graph graph;
    EXPECT_NO_THROW(ModelGraph(model, graph, prepared_input(model, graph, 8)).value(name)) << name;
  }
}

TEST(Model, AProductHasTheChannelsOfItsLargerOperand) {
  Model model = small_model();
  const auto product = std::make_shared<Binary>(BinaryOperation::multiply);
  model.layers.push_back(
      {"mask", std::make_shared<Convolution>(WindowAttributes{}, 1, ramp({1, 5, 1, 1}), Weights{}), {"block"}});
  model.layers.push_back({"masked", product, {"mask", "block"}});
  model.layers.push_back({"gated", product, {"block", "pool2"}});
  const auto counts = model.channel_counts();
  EXPECT_EQ(counts.at("mask"), 1);
  EXPECT_EQ(counts.at("masked"), 5);
  EXPECT_EQ(counts.at("gated"), 5);
  Graph graph;
  ModelGraph network(model, graph, prepared_input(model, graph, 8));
  for (const char* layer : {"masked", "gated"})
    EXPECT_EQ(graph.shape(network.value(layer)), graph.shape(network.value("block"))) << layer;
}

TEST(Model, AReluOfItsOwnNameHasItsInputBeforeIt) {
  Model model = small_model();
  model.layers.push_back({"relu9", std::make_shared<Relu>(), {"sum"}});
  EXPECT_EQ(model.resolve("relu9:pre"), "sum");
}

// A concat of several kinds too.
TEST(Model, PreIsWhatStandsBeforeAnyActivation) {
  Model model = small_model();
  model.layers.push_back({"six", Activation::relu6(), {"a:pre"}});
  model.layers.push_back({"bent", std::make_shared<PRelu>(ramp({2})), {"b:pre"}});
  model.layers.push_back({"smooth", Activation::silu(), {"sum"}});
  model.layers.push_back({"mixture", std::make_shared<Concat>(), {"six", "bent", "a"}});
  EXPECT_EQ(model.resolve("six:pre"), "a:pre");
  EXPECT_EQ(model.resolve("bent:pre"), "b:pre");
  EXPECT_EQ(model.resolve("smooth:pre"), "sum");
  EXPECT_EQ(model.layer(model.resolve("mixture:pre")).inputs, (std::vector<std::string>{"a:pre", "b:pre", "a:pre"}));
  EXPECT_EQ(model.channel_counts().at("mixture:pre"), 8);
  Graph graph;
  EXPECT_EQ(graph.shape(ModelGraph(model, graph, prepared_input(model, graph, 8)).value("mixture")),
            (Shape{1, 8, 4, 4}));
}

TEST(Model, AClipIsAReluForGradientRules) {
  Model model;
  model.layers = {{"smooth", Activation::silu(), {Model::kInput}}};
  EXPECT_FALSE(model.has_relu());
  model.layers.push_back({"six", Activation::relu6(), {"smooth"}});
  EXPECT_TRUE(model.has_relu());
  Graph graph;
  ModelGraph network(model, graph, prepared_input(model, graph, 8), {.relu = ReluGradient::linear});
  const ValueId value = network.value("six"), input = 0;
  EXPECT_EQ(graph.nodes().back().op->kind(), "clip");
  graph.append(std::make_shared<GivenGradient>(graph.state("c", graph.info(value))), {value}, "o");
  const ValueId wrt[] = {input};
  differentiate(graph, wrt);
  // What the clip passes on is what it is given: of the two activations only silu has a gradient op.
  EXPECT_EQ(std::count_if(graph.nodes().begin(), graph.nodes().end(),
                          [](const Node& node) { return node.op->kind() == "activation backward"; }),
            1);
}

TEST(ModelGraph, SlopesMustFitTheChannels) {
  Model model = small_model();
  model.layers.push_back({"bent", std::make_shared<PRelu>(ramp({3})), {"b:pre"}});
  Graph graph;
  ModelGraph network(model, graph, prepared_input(model, graph, 8));
  EXPECT_TRUE(refuses([&] { network.value("bent"); }, {"bent", "3 slopes for 2 channels"}));
}

TEST(ModelGraph, AppendsWhatIsNeededOnce) {
  const Model model = small_model();
  Graph graph;
  ModelGraph network(model, graph, prepared_input(model, graph, 8));
  const ValueId pool = network.value("pool1");
  EXPECT_EQ(graph.nodes().size(), 4U);
  EXPECT_EQ(network.value("pool1"), pool);
  EXPECT_EQ(graph.nodes().size(), 4U);
  EXPECT_EQ(graph.shape(pool), (Shape{1, 4, 4, 4}));  // (8 - 3) / 2 rounded up, + 1
  const ValueId pre = network.value("mixed:pre");
  EXPECT_EQ(graph.nodes().size(), 7U);  // two convolutions and the concat, no ReLU
  EXPECT_EQ(graph.value(pre).name, "block:pre");
  EXPECT_EQ(graph.shape(pre), (Shape{1, 5, 4, 4}));
}

TEST(ModelGraph, ATailThatDoesNotFitIsNamedAndHurtsNothingElse) {
  Model model = small_model();
  // Without the global pooling the classifier needs the size it was trained at.
  model.layers.push_back({"fc2", std::make_shared<Linear>(ramp({2, 5, 4, 4}), Weights{}), {"sum"}});
  Graph graph;
  ModelGraph network(model, graph, prepared_input(model, graph, 16));
  EXPECT_TRUE(refuses([&] { network.value("fc2"); }, {"fc2", "1x5x8x8", "[2, 5, 4, 4]"}));
  EXPECT_EQ(graph.shape(network.value("block")), (Shape{1, 5, 8, 8}));
}

TEST(ModelGraph, RefusesSizesThatMultiplyBeyondReason) {
  Model model = small_model();
  std::string before = "block";
  for (int i = 0; i < 40; ++i) {
    model.layers.push_back({fmt::format("double{}", i), std::make_shared<Concat>(), {before, before}});
    before = model.layers.back().name;
  }
  Graph graph;
  ModelGraph network(model, graph, prepared_input(model, graph, 8));
  EXPECT_TRUE(refuses([&] { network.value("double39"); }, {"memory"}));
}

TEST(ModelGraph, DeepChainsNeedNoDeepStack) {
  Model model = small_model();
  std::string before = "block";
  for (int i = 0; i < 5000; ++i) {
    model.layers.push_back({fmt::format("link{}", i), std::make_shared<Concat>(), {before}});
    before = model.layers.back().name;
  }
  Graph graph;
  ModelGraph network(model, graph, prepared_input(model, graph, 8));
  EXPECT_EQ(graph.value(network.value("link4999:pre")).name, "link4999:pre");
}

TEST(Model, LogitsStandBeforeTheSoftmax) {
  Model model = small_model();
  EXPECT_EQ(model.logits(), "fc");
  model.layers.pop_back();
  EXPECT_EQ(model.logits(), "fc");
  model.layers.pop_back();
  EXPECT_TRUE(refuses([&] { return model.logits(); }, {"classifier", "pool2"}));
  model.labels.clear();
  EXPECT_EQ(model.logits(), "pool2") << "a vector";
  model.layers.pop_back();
  EXPECT_TRUE(refuses([&] { return model.logits(); }, {"classifier", model.layers.back().name}));
}

TEST(Model, FindsAClassByLabelNameOrPart) {
  const Model model = small_model();
  EXPECT_EQ(model.class_index("tench, tinca tinca"), 0);
  EXPECT_EQ(model.class_index("Tench"), 0);
  EXPECT_EQ(model.class_index("TINCA TINCA"), 0);
  EXPECT_EQ(model.class_index("unif"), 3);
  EXPECT_TRUE(refuses([&] { return model.class_index("crane"); }, {"several", "1 'crane'", "2 'crane'"}));
  EXPECT_TRUE(refuses([&] { return model.class_index("n"); }, {"several"}));
  EXPECT_TRUE(refuses([&] { return model.class_index("fatigue dress"); }, {"no such class"}));
  EXPECT_TRUE(refuses([&] { return model.class_index("tensh"); }, {"did you mean 'tench'"}));
  EXPECT_TRUE(refuses([&] { return Model().class_index("tench"); }, {"no labels"}));
}

TEST(Labels, OfImageNet) {
  PHOSPHENE_ASSET(path, "models/imagenet_synset_words.txt");
  Model model;
  model.labels = read_labels(path.string()).names;
  ASSERT_EQ(model.labels.size(), 1000U);
  EXPECT_EQ(model.labels[0], "tench, Tinca tinca");
  EXPECT_EQ(model.class_index("military uniform"), 652);
  EXPECT_EQ(model.class_index("tabby"), 281);
  EXPECT_EQ(model.class_index("espresso"), 967);  // a whole label, and a part of "espresso maker"
  EXPECT_EQ(model.class_index("teapo"), 849);
  EXPECT_TRUE(refuses([&] { return model.class_index("crane"); }, {"134 'crane'", "517 'crane'"}));
}

}  // namespace
}  // namespace phosphene::testing
