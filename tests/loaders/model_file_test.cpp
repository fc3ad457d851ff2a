#include "loaders/model_file.h"

#include "layers/network/convolution.h"
#include "layers/network/lrn.h"
#include "layers/network/pooling.h"
#include "loaders/load_model.h"
#include "loaders/model/model_graph.h"
#include "runtime/problems/network.h"
#include "tests/loaders/small_model.h"
#include "tests/loaders/temporary_folder.h"

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

TEST_F(ModelFile, RoundTrip) {
  const Model written = small_model(), read = read_model(path_);
  EXPECT_EQ(read.name, written.name);
  EXPECT_EQ(read.height, 8);
  EXPECT_EQ(read.labels, written.labels);
  EXPECT_EQ(read.aliases, written.aliases);
  EXPECT_EQ(read.preprocessing.mean, written.preprocessing.mean);
  EXPECT_EQ(read.preprocessing.order, written.preprocessing.order);
  EXPECT_EQ(read.preprocessing.scale, written.preprocessing.scale);
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

TEST_F(ModelFile, WritesTheSameBytesAgain) {
  const std::string again = folder_.file("again.safetensors");
  save_model(read_model(path_), again);
  EXPECT_EQ(contents_of(again), contents_of(path_));
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
