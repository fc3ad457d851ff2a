// The one form that ops of every opset are brought into (loaders/onnx/onnx_opset.h).
#include <cmath>
#include <limits>

#include "tests/loaders/small_onnx.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::onnx_opset_test {
namespace {

using Names = std::vector<std::string>;
using source::Node;

template <class Value>
Value attribute(const Node& node, const std::string& name) {
  return std::get<Value>(node.attributes.at(name));
}

std::vector<int64_t> integers(const source::Network& network, const Node& node, size_t input) {
  return network.constants.at(node.inputs.at(input)).integers;
}

std::vector<float> numbers(const source::Network& network, const Node& node, size_t input) {
  return numbers_of(network.constants.at(node.inputs.at(input)));
}

// The file of one op, made by `more`; its network has that node alone.
template <class More>
source::Network read_one(int opset, const std::string& op, const Names& inputs, More more) {
  SmallOnnx file(opset);
  more(file, file.node(op, inputs, {"y"}));
  return file.read();
}

template <class More>
::testing::AssertionResult refused(int opset, const std::string& op, const Names& inputs, More more,
                                   const Names& words) {
  return refuses([&] { read_one(opset, op, inputs, more); }, words);
}

TEST(OnnxOpset, BoundsOfClipAreInputs) {
  const source::Network old = read_one(6, "Clip", {"x"}, [](SmallOnnx&, onnx::NodeProto& node) {
    add(node, "min", 0.5F);
    add(node, "max", 6.F);
  });
  ASSERT_EQ(old.nodes[0].inputs.size(), 3U);
  EXPECT_EQ(numbers(old, old.nodes[0], 1), std::vector<float>{0.5F});
  EXPECT_EQ(numbers(old, old.nodes[0], 2), std::vector<float>{6});
  EXPECT_TRUE(old.constants.at(old.nodes[0].inputs[1]).dims.empty());
  EXPECT_TRUE(old.nodes[0].attributes.empty());

  const source::Network above =
      read_one(10, "Clip", {"x"}, [](SmallOnnx&, onnx::NodeProto& node) { add(node, "max", 6.F); });
  EXPECT_EQ(above.nodes[0].inputs[1], "");
  EXPECT_EQ(numbers(above, above.nodes[0], 2), std::vector<float>{6});
  const source::Network unbounded = read_one(6, "Clip", {"x"}, [](SmallOnnx&, onnx::NodeProto& node) {
    add(node, "min", -std::numeric_limits<float>::infinity());
  });
  EXPECT_EQ(unbounded.nodes[0].inputs, Names{"x"});
  // From opset 11 on it is no attribute: whoever imports Clip refuses it.
  const source::Network late =
      read_one(11, "Clip", {"x"}, [](SmallOnnx&, onnx::NodeProto& node) { add(node, "min", 0.F); });
  EXPECT_TRUE(late.nodes[0].attributes.contains("min"));
  EXPECT_EQ(late.nodes[0].inputs, Names{"x"});
  EXPECT_TRUE(
      refused(6, "Clip", {"x"}, [](SmallOnnx&, onnx::NodeProto& node) { add(node, "min", NAN); }, {"Clip", "min"}));
  EXPECT_TRUE(refused(6, "Clip", {"x"}, [](SmallOnnx&, onnx::NodeProto& node) { add(node, "min", int64_t{0}); },
                      {"Clip", "min", "number"}));
}

TEST(OnnxOpset, AxesAreAnAttribute) {
  const auto as_input = [](SmallOnnx& file, onnx::NodeProto& node) {
    file.initializer("axes", {2}, std::vector<int64_t>{2, -1});
    node.add_input("axes");
  };
  for (const auto& [op, opset] : std::map<std::string, int>{{"Squeeze", 13},
                                                            {"Unsqueeze", 13},
                                                            {"ReduceSum", 13},
                                                            {"ReduceMean", 18},
                                                            {"ReduceMax", 18},
                                                            {"ReduceL2", 18}}) {
    SCOPED_TRACE(op);
    const source::Network network = read_one(opset, op, {"x"}, as_input);
    EXPECT_EQ(network.nodes[0].inputs, Names{"x"});
    EXPECT_EQ(attribute<std::vector<int64_t>>(network.nodes[0], "axes"), (std::vector<int64_t>{2, -1}));
    EXPECT_TRUE(network.constants.empty());
    const source::Network before = read_one(opset - 1, op, {"x"}, [](SmallOnnx&, onnx::NodeProto& node) {
      add(node, "axes", std::vector<int64_t>{2, -1});
    });
    EXPECT_EQ(attribute<std::vector<int64_t>>(before.nodes[0], "axes"), (std::vector<int64_t>{2, -1})) << "one form";
    EXPECT_TRUE(refused(opset, op, {"x"},
                        [](SmallOnnx&, onnx::NodeProto& node) { add(node, "axes", std::vector<int64_t>{2}); },
                        {op, "axes"}));
  }
  // Computed ones stay an input.
  const source::Network computed = read_one(13, "Squeeze", {"x"}, [](SmallOnnx& file, onnx::NodeProto& node) {
    node.add_input("s");
    file.node("Shape", {"x"}, {"s"});
  });
  EXPECT_EQ(computed.nodes[1].inputs, (Names{"x", "s"}));
}

TEST(OnnxOpset, SliceHasInputs) {
  const source::Network network = read_one(9, "Slice", {"x"}, [](SmallOnnx&, onnx::NodeProto& node) {
    add(node, "starts", std::vector<int64_t>{0, 1});
    add(node, "ends", std::vector<int64_t>{2, INT64_MAX});
    add(node, "axes", std::vector<int64_t>{2, 3});
  });
  const Node& node = network.nodes[0];
  ASSERT_EQ(node.inputs.size(), 4U);
  EXPECT_EQ(integers(network, node, 1), (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(integers(network, node, 2), (std::vector<int64_t>{2, INT64_MAX}));
  EXPECT_EQ(integers(network, node, 3), (std::vector<int64_t>{2, 3}));
  EXPECT_TRUE(node.attributes.empty());
  EXPECT_TRUE(refused(9, "Slice", {"x"},
                      [](SmallOnnx&, onnx::NodeProto& slice) { add(slice, "starts", std::vector<int64_t>{0}); },
                      {"ends"}));
}

TEST(OnnxOpset, PadHasInputs) {
  const std::vector<int64_t> pads = {0, 0, 1, 2, 0, 0, 3, 4};
  const source::Network network = read_one(6, "Pad", {"x"}, [&](SmallOnnx&, onnx::NodeProto& node) {
    add(node, "pads", pads);
    add(node, "value", 0.5F);
    add(node, "mode", "reflect");
  });
  EXPECT_EQ(integers(network, network.nodes[0], 1), pads);
  EXPECT_EQ(numbers(network, network.nodes[0], 2), std::vector<float>{0.5F});
  EXPECT_EQ(attribute<std::string>(network.nodes[0], "mode"), "reflect");
  EXPECT_EQ(network.nodes[0].attributes.size(), 1U);
  EXPECT_TRUE(refused(10, "Pad", {"x"}, [](SmallOnnx&, onnx::NodeProto&) {}, {"pads"}));
}

TEST(OnnxOpset, SizesOfSplitAreAnInput) {
  const source::Network network = read_one(12, "Split", {"x"}, [](SmallOnnx&, onnx::NodeProto& node) {
    add(node, "axis", int64_t{1});
    add(node, "split", std::vector<int64_t>{1, 2});
    node.add_output("z");
  });
  EXPECT_EQ(integers(network, network.nodes[0], 1), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(attribute<int64_t>(network.nodes[0], "axis"), 1);
  EXPECT_FALSE(network.nodes[0].attributes.contains("split"));
}

TEST(OnnxOpset, UpsampleAndOldResizesAreResizes) {
  const auto expect = [](const source::Network& network) {
    const Node& node = network.nodes[0];
    EXPECT_EQ(node.op, "Resize");
    ASSERT_EQ(node.inputs.size(), 3U);
    EXPECT_EQ(node.inputs[1], "");
    EXPECT_EQ(numbers(network, node, 2), (std::vector<float>{1, 1, 2, 3}));
    EXPECT_EQ(attribute<std::string>(node, "coordinate_transformation_mode"), "asymmetric");
    EXPECT_EQ(attribute<std::string>(node, "nearest_mode"), "floor");
    EXPECT_EQ(attribute<std::string>(node, "mode"), "linear");
    EXPECT_EQ(node.attributes.size(), 3U);
  };
  const auto as_input = [](SmallOnnx& file, onnx::NodeProto& node) {
    file.initializer("scales", {4}, std::vector<float>{1, 1, 2, 3});
    node.add_input("scales");
    add(node, "mode", "linear");
  };
  expect(read_one(7, "Upsample", {"x"}, [](SmallOnnx&, onnx::NodeProto& node) {
    add(node, "scales", std::vector<float>{1, 1, 2, 3});
    add(node, "mode", "linear");
  }));
  expect(read_one(9, "Upsample", {"x"}, as_input));
  expect(read_one(10, "Resize", {"x"}, as_input));
  EXPECT_EQ(read_one(11, "Upsample", {"x"}, as_input).nodes[0].op, "Upsample") << "for the importer to refuse";
  EXPECT_TRUE(refused(10, "Resize", {"x"},
                      [](SmallOnnx& file, onnx::NodeProto& node) {
                        file.initializer("scales", {4}, std::vector<float>{1, 1, 0.5F, 2});
                        node.add_input("scales");
                      },
                      {"Resize", "nearest"}));
  EXPECT_TRUE(refused(6, "Upsample", {"x"}, [](SmallOnnx&, onnx::NodeProto&) {}, {"scales"}));
}

TEST(OnnxOpset, EmptyInputsOfResizeAreNotGiven) {
  for (const int opset : {11, 13, 19}) {
    const source::Network network =
        read_one(opset, "Resize", {"x", "roi", "scales", "sizes"}, [](SmallOnnx& file, onnx::NodeProto&) {
          file.initializer("roi", {0}, std::vector<float>{});
          file.initializer("scales", {0}, std::vector<float>{});
          file.initializer("sizes", {4}, std::vector<int64_t>{1, 3, 16, 16});
        });
    EXPECT_EQ(network.nodes[0].inputs, (Names{"x", "", "", "sizes"}));
    EXPECT_TRUE(network.nodes[0].attributes.empty());
    EXPECT_EQ(network.constants.size(), 1U);
  }
  const source::Network scaled =
      read_one(13, "Resize", {"x", "", "scales", "sizes"}, [](SmallOnnx& file, onnx::NodeProto&) {
        file.initializer("scales", {4}, std::vector<float>{1, 1, 2, 2});
        file.initializer("sizes", {0}, std::vector<int64_t>{});
      });
  EXPECT_EQ(scaled.nodes[0].inputs, (Names{"x", "", "scales"}));
}

TEST(OnnxOpset, OldSoftmaxSaysThatItWorksOnMatrices) {
  const auto softmax = [](int opset, const std::string& op, std::optional<int64_t> axis) {
    return read_one(opset, op, {"x"},
                    [&](SmallOnnx&, onnx::NodeProto& node) {
                      if (axis) add(node, "axis", *axis);
                    })
        .nodes[0];
  };
  for (const std::string op : {"Softmax", "LogSoftmax", "Hardmax"}) {
    EXPECT_EQ(attribute<int64_t>(softmax(12, op, {}), "axis"), 1);
    EXPECT_EQ(attribute<int64_t>(softmax(12, op, {}), "coerce_to_2d"), 1);
    EXPECT_EQ(attribute<int64_t>(softmax(9, op, 2), "axis"), 2);
    EXPECT_EQ(attribute<int64_t>(softmax(9, op, 2), "coerce_to_2d"), 1);
    EXPECT_FALSE(softmax(12, op, -1).attributes.contains("coerce_to_2d")) << "the last axis: the same either way";
    EXPECT_EQ(attribute<int64_t>(softmax(13, op, {}), "axis"), -1);
    EXPECT_EQ(attribute<int64_t>(softmax(13, op, 1), "axis"), 1);
    EXPECT_FALSE(softmax(13, op, 1).attributes.contains("coerce_to_2d"));
  }
}

TEST(OnnxOpset, DropoutPassesOnItsInput) {
  const source::Network old =
      read_one(9, "Dropout", {"x"}, [](SmallOnnx&, onnx::NodeProto& node) { add(node, "ratio", 0.5F); });
  EXPECT_TRUE(old.nodes[0].attributes.empty());
  const auto trained = [](int64_t training) {
    return [training](SmallOnnx& file, onnx::NodeProto& node) {
      file.initializer("ratio", {}, std::vector<float>{0.5F});
      file.initializer("training", {}, std::vector<int64_t>{training});
      node.add_input("ratio");
      node.add_input("training");
      add(node, "seed", int64_t{1});
    };
  };
  const source::Network late = read_one(13, "Dropout", {"x"}, trained(0));
  EXPECT_EQ(late.nodes[0].inputs, Names{"x"});
  EXPECT_TRUE(late.nodes[0].attributes.empty());
  EXPECT_TRUE(late.constants.empty());
  EXPECT_TRUE(refused(13, "Dropout", {"x"}, trained(1), {"Dropout", "training"}));
  EXPECT_TRUE(refused(6, "Dropout", {"x"}, [](SmallOnnx&, onnx::NodeProto& node) { add(node, "is_test", int64_t{0}); },
                      {"is_test"}));
}

TEST(OnnxOpset, BatchNormalizationLosesWhatSaysNothing) {
  const source::Network network =
      read_one(6, "BatchNormalization", {"x", "x", "x", "x", "x"}, [](SmallOnnx&, onnx::NodeProto& node) {
        add(node, "is_test", int64_t{1});
        add(node, "spatial", int64_t{1});
        add(node, "consumed_inputs", std::vector<int64_t>{0, 0, 0, 1, 1});
        add(node, "epsilon", 0.25F);
      });
  EXPECT_EQ(network.nodes[0].attributes.size(), 1U);
  EXPECT_EQ(attribute<double>(network.nodes[0], "epsilon"), 0.25);
  for (const char* name : {"is_test", "spatial"}) {
    EXPECT_TRUE(refused(6, "BatchNormalization", {"x"},
                        [&](SmallOnnx&, onnx::NodeProto& node) { add(node, name, int64_t{0}); }, {name}));
  }
  EXPECT_TRUE(read_one(9, "BatchNormalization", {"x"},
                       [](SmallOnnx&, onnx::NodeProto& node) { add(node, "spatial", int64_t{0}); })
                  .nodes[0]
                  .attributes.contains("spatial"))
      << "no attribute of opset 9: for the importer to refuse";
}

TEST(OnnxOpset, OldBroadcastsSayWhere) {
  const auto broadcast = [](bool along_axis) {
    return [along_axis](SmallOnnx& file, onnx::NodeProto& node) {
      file.initializer("b", {3}, std::vector<float>{1, 2, 3});
      add(node, "broadcast", int64_t{1});
      if (along_axis) add(node, "axis", int64_t{1});
    };
  };
  EXPECT_TRUE(read_one(6, "Add", {"x", "b"}, broadcast(false)).nodes[0].attributes.empty());
  const source::Network along = read_one(6, "Add", {"x", "b"}, broadcast(true));
  EXPECT_EQ(along.nodes[0].attributes.size(), 1U);
  EXPECT_EQ(attribute<int64_t>(along.nodes[0], "old_axis"), 1);
  EXPECT_TRUE(refused(6, "Pow", {"x", "b"}, broadcast(true), {"Pow", "axis", "opset"}));
  EXPECT_TRUE(read_one(7, "Add", {"x", "b"}, broadcast(true)).nodes[0].attributes.contains("axis")) << "to be refused";
  const auto slope = [](SmallOnnx& file, onnx::NodeProto&) { file.initializer("b", {3}, std::vector<float>{1, 2, 3}); };
  EXPECT_EQ(attribute<int64_t>(read_one(6, "PRelu", {"x", "b"}, slope).nodes[0], "slope_axis"), 1);
  EXPECT_TRUE(read_one(7, "PRelu", {"x", "b"}, slope).nodes[0].attributes.empty());
  const auto plain = [](SmallOnnx&, onnx::NodeProto&) {};
  EXPECT_EQ(attribute<int64_t>(read_one(18, "GroupNormalization", {"x"}, plain).nodes[0], "scale_of_groups"), 1);
  EXPECT_TRUE(read_one(21, "GroupNormalization", {"x"}, plain).nodes[0].attributes.empty());
}

TEST(OnnxOpset, NamesOfNewConstantsAreNew) {
  SmallOnnx file(6);
  file.initializer("y:min", {}, std::vector<float>{1});
  onnx::NodeProto& clip = file.node("Clip", {"a"}, {"y"});
  add(clip, "min", 0.F);
  file.node("Mul", {"x", "y:min"}, {"a"});
  const source::Network network = file.read();
  EXPECT_EQ(network.nodes[1].inputs[1], "y:min'");
  EXPECT_EQ(numbers(network, network.nodes[1], 1), std::vector<float>{0});
}

TEST(OnnxOpset, OthersAreRefused) {
  for (const int opset : {0, 1, 5, 24, 1000}) {
    EXPECT_TRUE(refused(opset, "Relu", {"x"}, [](SmallOnnx&, onnx::NodeProto&) {},
                        {fmt::format("opset {}", opset), "6 to 23"}));
  }
  for (const int opset : {6, 23})
    EXPECT_EQ(read_one(opset, "Relu", {"x"}, [](SmallOnnx&, onnx::NodeProto&) {}).nodes.size(), 1U);
}

}  // namespace
}  // namespace phosphene::testing::onnx_opset_test
