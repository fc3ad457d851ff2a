#include "loaders/tensorflow/graph_def.h"

#include <loaders/tensorflow/graph_def.pb.h>
#include <sys/resource.h>

#include <bit>

#include "loaders/other_formats.h"
#include "tests/loaders/mutants.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing {
namespace graph_def_test {
namespace {

using source::Constant;
using source::Network;
using source::Node;
using tensorflow::GraphDef;
using tensorflow::NodeDef;
using tensorflow::TensorProto;

// A graph that is made node by node.
class Graph {
 public:
  Graph() { placeholder("in", {-1, 8, 8, 3}); }

  NodeDef& node(const std::string& name, const std::string& op, const std::vector<std::string>& inputs = {}) {
    NodeDef& node = *graph_.add_node();
    node.set_name(name);
    node.set_op(op);
    for (const std::string& input : inputs) node.add_input(input);
    return node;
  }
  void placeholder(const std::string& name, const std::vector<int64_t>& dims,
                   tensorflow::DataType type = tensorflow::DT_FLOAT) {
    auto& attributes = *node(name, "Placeholder").mutable_attr();
    attributes["dtype"].set_type(type);
    for (const int64_t dim : dims) attributes["shape"].mutable_shape()->add_dim()->set_size(dim);
  }
  TensorProto& constant(const std::string& name, tensorflow::DataType type, const std::vector<int64_t>& dims) {
    auto& attributes = *node(name, "Const").mutable_attr();
    attributes["dtype"].set_type(type);
    TensorProto& tensor = *attributes["value"].mutable_tensor();
    tensor.set_dtype(type);
    for (const int64_t dim : dims) tensor.mutable_tensor_shape()->add_dim()->set_size(dim);
    return tensor;
  }
  GraphDef& message() { return graph_; }

  [[nodiscard]] std::string bytes() const { return graph_.SerializeAsString(); }
  [[nodiscard]] Network read() const { return read_bytes(bytes()); }
  static Network read_bytes(const std::string& bytes) {
    return read_graph_def({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()}, "net.pb");
  }

 private:
  GraphDef graph_;
};

const Node& node_called(const Network& network, const std::string& name) {
  for (const Node& node : network.nodes) {
    if (node.name == name) return node;
  }
  throw std::runtime_error("no node " + name);
}

std::vector<float> floats_of(const Constant& constant) {
  return {constant.numbers.data, constant.numbers.data + constant.elements()};
}

::testing::AssertionResult refuses_graph(const Graph& graph, const std::vector<std::string>& words) {
  return refuses([&] { static_cast<void>(graph.read()); }, words);
}

TEST(GraphDef, ReadsAFrozenInception) {
  PHOSPHENE_ASSET(path, "models/inception5h_style.pb");
  EXPECT_TRUE(is_graph_def(path.string()));
  const Network network = read_graph_def(path.string());
  EXPECT_EQ(network.nodes.size(), 60U);  // 96 in the file, 35 of them Const and one Placeholder
  EXPECT_EQ(network.constants.size(), 35U);
  ASSERT_EQ(network.inputs.size(), 1U);
  EXPECT_EQ(network.inputs[0].name, "input");
  EXPECT_EQ(network.inputs[0].dims, (std::vector<int64_t>{0, 0, 0, 3}));
  EXPECT_EQ(network.outputs.back(), "output2");
  const Node& first = node_called(network, "conv2d0_pre_relu/conv");
  EXPECT_EQ(first.op, "tf.Conv2D");
  EXPECT_EQ(first.inputs, (std::vector<std::string>{"input", "conv2d0_w"}));
  EXPECT_EQ(std::get<std::vector<int64_t>>(first.attributes.at("strides")), (std::vector<int64_t>{1, 2, 2, 1}));
  EXPECT_EQ(std::get<std::string>(first.attributes.at("padding")), "SAME");
  EXPECT_EQ(std::get<std::vector<int64_t>>(first.attributes.at("explicit_paddings")), std::vector<int64_t>());
  EXPECT_FALSE(first.attributes.contains("T"));
  const Constant& weights = network.constants.at("conv2d0_w");
  EXPECT_EQ(weights.dims, (std::vector<int64_t>{7, 7, 3, 16}));
  EXPECT_EQ(std::bit_cast<uint32_t>(weights.numbers.data[0]), 0x3E50F540U);  // "@\365P>", as protoc shows it
  EXPECT_EQ(std::get<double>(node_called(network, "localresponsenorm0").attributes.at("bias")), 1.0);
}

TEST(GraphDef, NamesAnInputThatIsNotThere) {
  PHOSPHENE_ASSET(path, "models/bad/missing_input.pb");
  EXPECT_TRUE(is_graph_def(path.string()));
  EXPECT_TRUE(
      refuses([&] { read_graph_def(path.string()); }, {"missing_input.pb", "'r'", "'imput'", "did you mean 'input'"}));
}

TEST(GraphDef, PutsNodesBehindWhatTheyRead) {
  Graph graph;
  graph.node("c", "Add", {"b", "a:0", "^in"});
  graph.node("split", "Split", {"in"});
  graph.node("b", "Relu", {"split:2"});
  graph.node("a", "Relu6", {"in"});
  graph.node("done", "NoOp", {"^c"});
  const Network network = graph.read();
  std::vector<std::string> order;
  for (const Node& node : network.nodes) order.push_back(node.name);
  EXPECT_EQ(order, (std::vector<std::string>{"split", "b", "a", "c"}));
  EXPECT_EQ(node_called(network, "c").inputs, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(node_called(network, "split").outputs, (std::vector<std::string>{"split", "split:1", "split:2"}));
  EXPECT_EQ(network.outputs, std::vector<std::string>{"c"});
  EXPECT_EQ(network.inputs[0].dims, (std::vector<int64_t>{0, 8, 8, 3}));
  ASSERT_EQ(network.notes.size(), 2U);
  EXPECT_NE(network.notes[0].find("2 control inputs"), std::string::npos);
}

TEST(GraphDef, ReadsEveryWayToWriteNumbers) {
  Graph graph;
  TensorProto& first = graph.constant("short", tensorflow::DT_FLOAT, {2, 2});
  for (const float value : {1.5F, -2.0F}) first.add_float_val(value);
  graph.constant("none", tensorflow::DT_DOUBLE, {3});
  TensorProto& half = graph.constant("half", tensorflow::DT_HALF, {3});
  for (const int32_t bits : {0x3C00, 0xC000, 0x0001}) half.add_half_val(bits);
  graph.constant("upper", tensorflow::DT_BFLOAT16, {}).add_half_val(0x4040);
  graph.constant("int", tensorflow::DT_INT32, {2}).add_int_val(-7);
  graph.constant("long", tensorflow::DT_INT64, {}).add_int64_val(int64_t{1} << 40);
  graph.constant("truth", tensorflow::DT_BOOL, {1}).add_bool_val(true);
  graph.constant("packed", tensorflow::DT_INT16, {2}).set_tensor_content(std::string("\xFE\xFF\x03\x00", 4));
  graph.constant("floats", tensorflow::DT_FLOAT, {1}).set_tensor_content(std::string("\0\0\x80\x3F", 4));
  graph.constant("unread", tensorflow::DT_STRING, {});
  graph.constant("text", tensorflow::DT_STRING, {});
  graph.node("all", "Concat", {"short", "none", "half", "upper", "int", "long", "truth", "packed", "floats", "text"});
  const Network network = graph.read();
  EXPECT_EQ(floats_of(network.constants.at("short")), (std::vector<float>{1.5F, -2, -2, -2}));
  EXPECT_EQ(floats_of(network.constants.at("none")), (std::vector<float>{0, 0, 0}));
  EXPECT_EQ(floats_of(network.constants.at("half")), (std::vector<float>{1, -2, 0x1p-24F}));
  EXPECT_EQ(floats_of(network.constants.at("upper")), (std::vector<float>{3}));
  EXPECT_EQ(network.constants.at("int").integers, (std::vector<int64_t>{-7, -7}));
  EXPECT_EQ(network.constants.at("long").integers, (std::vector<int64_t>{int64_t{1} << 40}));
  EXPECT_EQ(network.constants.at("truth").integers, (std::vector<int64_t>{1}));
  EXPECT_EQ(network.constants.at("packed").integers, (std::vector<int64_t>{-2, 3}));
  EXPECT_EQ(floats_of(network.constants.at("floats")), (std::vector<float>{1}));
  EXPECT_FALSE(network.constants.contains("unread"));
  EXPECT_FALSE(network.constants.contains("text"));
  EXPECT_EQ(std::get<std::string>(node_called(network, "text").attributes.at("dtype")), "DT_STRING");
}

TEST(GraphDef, PassesAttributesOn) {
  Graph graph;
  auto& attributes = *graph.node("cast", "Cast", {"in"}).mutable_attr();
  attributes["SrcT"].set_type(tensorflow::DT_UINT8);
  attributes["_class"].mutable_list()->add_s("loc:@x");
  attributes["Truncate"].set_b(true);
  attributes["ksize"].mutable_list()->add_f(0.5F);
  attributes["shape"].mutable_shape()->add_dim()->set_size(-1);
  const Network network = graph.read();
  const auto& read = node_called(network, "cast").attributes;
  EXPECT_EQ(std::get<std::string>(read.at("SrcT")), "DT_UINT8");
  EXPECT_EQ(std::get<int64_t>(read.at("Truncate")), 1);
  EXPECT_EQ(std::get<std::vector<double>>(read.at("ksize")), std::vector<double>{0.5});
  EXPECT_EQ(std::get<std::vector<int64_t>>(read.at("shape")), std::vector<int64_t>{-1});
  EXPECT_FALSE(read.contains("_class"));
}

TEST(GraphDef, RefusesWhatItCannotRead) {
  {
    Graph graph;
    graph.node("weights", "VariableV2");
    EXPECT_TRUE(refuses_graph(graph, {"net.pb", "'weights'", "VariableV2", "not frozen", "freeze_graph"}));
  }
  {
    Graph graph;
    graph.node("bn/cond", "Switch", {"in", "in"});
    EXPECT_TRUE(refuses_graph(graph, {"'bn/cond'", "Switch", "control flow"}));
  }
  {
    Graph graph;
    graph.message().mutable_library()->add_function()->mutable_signature()->set_name("inner_7");
    EXPECT_EQ(graph.read().notes.size(), 1U);
    graph.node("call", "inner_7", {"in"});
    EXPECT_TRUE(refuses_graph(graph, {"'call'", "function"}));
  }
  {
    Graph graph;
    (*graph.node("q", "QuantizedConv2D", {"in"}).mutable_attr())["Tinput"].set_type(tensorflow::DT_QUINT8);
    EXPECT_TRUE(refuses_graph(graph, {"'q'", "Tinput", "DT_QUINT8", "quantised"}));
  }
  {
    Graph graph;
    graph.node("x", "Relu", {"z"});
    graph.node("y", "Relu", {"x"});
    graph.node("z", "Relu", {"y"});
    graph.node("behind", "Relu", {"z"});
    EXPECT_TRUE(refuses_graph(graph, {"circle", "'x'", "'y'", "'z'"}));
  }
  {
    Graph graph;
    graph.node("in", "Relu", {"in"});
    EXPECT_TRUE(refuses_graph(graph, {"two nodes", "'in'"}));
  }
  {
    Graph graph;
    graph.node("x", "Relu", {"in:x"});
    EXPECT_TRUE(refuses_graph(graph, {"'x'", "'in:x'", "NODE:OUTPUT"}));
  }
}

TEST(GraphDef, ChecksShapesBeforeItTakesMemory) {
  {
    Graph graph;
    graph.constant("w", tensorflow::DT_FLOAT, {int64_t{1} << 20, int64_t{1} << 20}).add_float_val(1);
    graph.node("x", "Relu", {"w"});
    EXPECT_TRUE(refuses_graph(graph, {"'w'", "repeats one number"}));
  }
  {
    Graph graph;
    graph.constant("w", tensorflow::DT_FLOAT, {int64_t{1} << 40, int64_t{1} << 40}).add_float_val(1);
    graph.node("x", "Relu", {"w"});
    EXPECT_TRUE(refuses_graph(graph, {"'w'", "memory"}));
  }
  {
    Graph graph;
    graph.constant("w", tensorflow::DT_FLOAT, {3}).set_tensor_content("12345678");
    graph.node("x", "Relu", {"w"});
    EXPECT_TRUE(refuses_graph(graph, {"'w'", "8 bytes", "3 elements"}));
  }
  {
    Graph graph;
    graph.constant("w", tensorflow::DT_INT32, {-1}).add_int_val(1);
    graph.node("x", "Relu", {"w"});
    EXPECT_TRUE(refuses_graph(graph, {"'w'", "without a shape"}));
  }
}

TEST(GraphDef, ReadsOrRefusesEveryMutant) {
  Graph graph;
  graph.constant("w", tensorflow::DT_FLOAT, {2, 2}).set_tensor_content(std::string(16, 'x'));
  graph.constant("k", tensorflow::DT_INT32, {4}).add_int_val(3);
  auto& attributes = *graph.node("conv", "Conv2D", {"in", "w:0", "^k"}).mutable_attr();
  attributes["strides"].mutable_list()->add_i(2);
  attributes["padding"].set_s("SAME");
  attributes["T"].set_type(tensorflow::DT_FLOAT);
  graph.node("relu", "Relu", {"conv"});
  graph.node("reshape", "Reshape", {"relu", "k"});
  int read = 0, refused = 0;
  const auto attempt = [&](const std::string& bytes) {
    try {
      static_cast<void>(Graph::read_bytes(bytes));
      ++read;
    } catch (const Error& error) {
      EXPECT_EQ(error.blame(), Blame::user) << error.what();
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
      ++refused;
    }
  };
  for_each_mutant(graph.bytes(), 500, 7, attempt);
  EXPECT_GT(read, 5);
  EXPECT_GT(refused, 100);
  for (size_t length = 0; length < graph.bytes().size(); ++length) attempt(graph.bytes().substr(0, length));
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  EXPECT_LT(usage.ru_maxrss, 1 << 20);  // kB; a mutant that took memory by its word would take far more
}

TEST(GraphDef, IsToldByItsContents) {
  const auto told = [](const std::string& bytes) {
    return is_graph_def({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
  };
  const std::string bytes = Graph().bytes();
  EXPECT_TRUE(told(bytes));
  EXPECT_TRUE(told(bytes.substr(0, bytes.size() / 2)));
  EXPECT_FALSE(told(""));
  EXPECT_FALSE(told("\x0A\x09GoogLeNet\x12\x05\x0A\x03zzz"));  // Caffe's: a name, and layers
  EXPECT_FALSE(
      told("\x08\x07\x12\x07pytorch\x1A\x03"
           "1.0"));  // ONNX
}

TEST(OtherFormats, GetAdvice) {
  const TemporaryFolder folder;
  const auto advice = [&](const std::string& name, const std::string& contents) {
    return advice_for(folder.write(name, contents)).value_or("");
  };
  EXPECT_NE(advice("m.tflite", std::string("\x1C\0\0\0TFL3", 8)).find("TensorFlow Lite"), std::string::npos);
  EXPECT_NE(advice("saved_model.pb", "\x08\x01\x12\x0A\x0A\x08zzzzzzzz").find("SavedModel"), std::string::npos);
  EXPECT_NE(advice_for(folder.path().string()).value_or("").find("SavedModel"), std::string::npos);
  EXPECT_NE(advice("m.ckpt.index", "zzzz\x57\xFB\x80\x8B\x24\x75\x47\xDB").find("checkpoint"), std::string::npos);
  EXPECT_NE(advice("m.ckpt.data-00000-of-00001", "zzzz").find("checkpoint"), std::string::npos);
  EXPECT_NE(advice("m.mlmodel", "\x08\x01\x12\x02zz").find("Core ML"), std::string::npos);
  EXPECT_NE(advice("m.onnx", "version https://git-lfs.github.com/spec/v1\noid").find("git lfs pull"),
            std::string::npos);
  EXPECT_NE(advice("m.h5", "\n<!DOCTYPE html><html>").find("web page"), std::string::npos);
  EXPECT_NE(advice("m.pb.gz", "\x1F\x8B\x08").find("gunzip"), std::string::npos);
  EXPECT_NE(advice("m.engine", "zzzz").find("TensorRT"), std::string::npos);
  EXPECT_NE(advice("m.pt2", "PK\3\4").find("state_dict"), std::string::npos);
  EXPECT_EQ(advice("m.pb", Graph().bytes()), "");
  EXPECT_EQ(advice("m.onnx", "\x08\x01\x12\x07pytorch"), "");
}

}  // namespace
}  // namespace graph_def_test
}  // namespace phosphene::testing
