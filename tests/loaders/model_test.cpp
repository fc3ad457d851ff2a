#include "loaders/model/model.h"

#include <algorithm>

#include "layers/network/concat.h"
#include "layers/network/linear.h"
#include "layers/network/relu.h"
#include "loaders/labels.h"
#include "loaders/model/model_graph.h"
#include "tests/loaders/small_model.h"
#include "tests/loaders/temporary_folder.h"
#include "tests/support/golden.h"

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
  EXPECT_TRUE(refuses([&] { return model.resolve("pool1:pre"); }, {"pool1", "ReLU"}));
  EXPECT_TRUE(refuses([&] { return model.resolve("sum:pre"); }, {"sum", "ReLU"}));
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

TEST(Model, AReluOfItsOwnNameHasItsInputBeforeIt) {
  Model model = small_model();
  model.layers.push_back({"relu9", std::make_shared<Relu>(), {"sum"}});
  EXPECT_EQ(model.resolve("relu9:pre"), "sum");
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
  EXPECT_TRUE(refuses([&] { return model.logits(); }, {"classifier"}));
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
  model.labels = read_labels(path.string());
  ASSERT_EQ(model.labels.size(), 1000U);
  EXPECT_EQ(model.labels[0], "tench, Tinca tinca");
  EXPECT_EQ(model.class_index("military uniform"), 652);
  EXPECT_EQ(model.class_index("tabby"), 281);
  EXPECT_EQ(model.class_index("espresso"), 967);  // a whole label, and a part of "espresso maker"
  EXPECT_EQ(model.class_index("teapo"), 849);
  EXPECT_TRUE(refuses([&] { return model.class_index("crane"); }, {"134 'crane'", "517 'crane'"}));
}

TEST(Labels, DropSynsetsAndLineEnds) {
  const TemporaryFolder folder;
  const std::string path =
      folder.write("labels.txt", "n01440764 tench, Tinca tinca\r\nn0144 not an id\nnoodle soup  \n\n\n");
  EXPECT_EQ(read_labels(path), (std::vector<std::string>{"tench, Tinca tinca", "n0144 not an id", "noodle soup"}));
  EXPECT_TRUE(refuses([&] { read_labels(folder.write("gap.txt", "one\n\nthree\n")); }, {"gap.txt", "line 2"}));
  EXPECT_TRUE(refuses([&] { read_labels(folder.write("blank.txt", "\n")); }, {"no labels"}));
  EXPECT_TRUE(refuses([&] { read_labels(folder.write("binary.txt", std::string("a\0b", 3))); }, {"not a text"}));
  EXPECT_TRUE(refuses([&] { read_labels(folder.file("missing.txt")); }, {"missing.txt", "No such file"}));
}

}  // namespace
}  // namespace phosphene::testing
