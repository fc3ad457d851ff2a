// ONNX files as networks: what is read, and what is refused.
#include "loaders/onnx/onnx_file.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "loaders/onnx/onnx_node.h"
#include "tests/loaders/small_onnx.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::onnx_test {
namespace {

using Names = std::vector<std::string>;
using source::Node;

// A file that adds the constant k to its input; `change` then alters it.
template <class Change>
SmallOnnx sum_with(Change change) {
  SmallOnnx file;
  file.node("Add", {"x", "k"}, {"y"});
  change(file);
  return file;
}

template <class Change>
::testing::AssertionResult refused(Change change, const Names& words) {
  return refuses([&] { sum_with(change).read(); }, words);
}

template <class Change>
source::Constant constant_with(Change change) {
  return sum_with([&](SmallOnnx& file) {
           change(file.initializer("k", {2, 1}, std::vector<float>{1, 2}));
         })
      .read()
      .constants.at("k");
}

std::string raw(const auto& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(numbers[0])};
}

TEST(Onnx, ReadsAWholeFile) {
  const source::Network network = full_onnx().read();
  EXPECT_EQ(network.path, "net.onnx");
  EXPECT_EQ(network.name, "net");
  EXPECT_EQ(network.format, "ONNX, opset 17, by a test 1.2");
  ASSERT_EQ(network.inputs.size(), 1U);
  EXPECT_EQ(network.inputs[0].name, "x");
  EXPECT_EQ(network.inputs[0].dims, (std::vector<int64_t>{1, 3, 8, 8}));
  EXPECT_EQ(network.outputs, Names{"y"});
  ASSERT_EQ(network.nodes.size(), 3U);
  const Node& convolution = network.nodes[0];
  EXPECT_EQ(convolution.name, "/layer/Conv");
  EXPECT_EQ(convolution.op, "Conv");
  EXPECT_EQ(convolution.scope, "layer.0");
  EXPECT_EQ(convolution.inputs, (Names{"x", "w"}));
  EXPECT_EQ(convolution.outputs, Names{"c"});
  EXPECT_EQ(std::get<std::vector<int64_t>>(convolution.attributes.at("kernel_shape")), (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(std::get<int64_t>(convolution.attributes.at("group")), 1);
  EXPECT_EQ(std::get<std::string>(convolution.attributes.at("auto_pad")), "NOTSET");
  EXPECT_EQ(convolution.attributes.size(), 3U);
  EXPECT_EQ(std::get<double>(network.nodes[1].attributes.at("alpha")), 0.25);
  ASSERT_EQ(network.constants.size(), 2U);
  EXPECT_EQ(network.constants.at("w").dims, (std::vector<int64_t>{2, 3, 1, 1}));
  EXPECT_EQ(numbers_of(network.constants.at("w")), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(numbers_of(network.constants.at("k")), (std::vector<float>{0.5F, 0.75F}));
  ASSERT_EQ(network.notes.size(), 1U);
  EXPECT_NE(network.notes[0].find("Image.BitmapPixelFormat = Bgr8"), std::string::npos);
}

TEST(Onnx, IsToldByItsContents) {
  const auto told = [](const std::string& bytes) { return is_onnx(std::as_bytes(std::span(bytes))); };
  const std::string good = full_onnx().bytes();
  EXPECT_TRUE(told(good));
  EXPECT_TRUE(told(good.substr(0, good.size() / 2))) << "a truncated one is one";
  for (const std::string other :
       {"", "something else\n", "{\"a\": 1}", "PK\3\4", "\x89HDF\r\n\x1a\n", "\x80\2}q\1.", "\n\4name\x1a\0"})
    EXPECT_FALSE(told(other)) << other;
  EXPECT_FALSE(told(std::string("\x08\x05\0\0\0\0\0\0{\"a\":", 13))) << "safetensors";
  EXPECT_FALSE(told(std::string("\x12\x04test", 6))) << "a producer alone, which any message may look like";
}

TEST(Onnx, EveryTypeOfNumbers) {
  const auto of_type = [](int type, const std::string& bytes) {
    return constant_with([&](onnx::TensorProto& tensor) {
      tensor.set_data_type(type);
      tensor.set_raw_data(bytes);
    });
  };
  const std::vector<float> expected = {-1.5F, 0.25F};
  EXPECT_EQ(numbers_of(of_type(1, raw(expected))), expected);
  EXPECT_EQ(numbers_of(of_type(11, raw(std::vector<double>{-1.5, 0.25}))), expected);
  EXPECT_EQ(numbers_of(of_type(10, raw(std::vector<uint16_t>{0xBE00, 0x3400}))), expected);
  EXPECT_EQ(numbers_of(of_type(16, raw(std::vector<uint16_t>{0xBFC0, 0x3E80}))), expected);
  // 2^-24, the smallest half, and 65504, the largest.
  EXPECT_EQ(numbers_of(of_type(10, raw(std::vector<uint16_t>{0x0001, 0x7BFF}))), (std::vector<float>{0x1p-24F, 65504}));

  const std::vector<int64_t> integers = {-3, 100};
  EXPECT_EQ(of_type(3, raw(std::vector<int8_t>{-3, 100})).integers, integers);
  EXPECT_EQ(of_type(5, raw(std::vector<int16_t>{-3, 100})).integers, integers);
  EXPECT_EQ(of_type(6, raw(std::vector<int32_t>{-3, 100})).integers, integers);
  EXPECT_EQ(of_type(7, raw(integers)).integers, integers);
  const std::vector<int64_t> large = {200, 100};
  EXPECT_EQ(of_type(2, raw(std::vector<uint8_t>{200, 100})).integers, large);
  EXPECT_EQ(of_type(4, raw(std::vector<uint16_t>{65535, 100})).integers, (std::vector<int64_t>{65535, 100}));
  EXPECT_EQ(of_type(12, raw(std::vector<uint32_t>{4294967295U, 1})).integers, (std::vector<int64_t>{4294967295, 1}));
  EXPECT_EQ(of_type(13, raw(std::vector<uint64_t>{200, 100})).integers, large);
  EXPECT_EQ(of_type(9, std::string("\1\0", 2)).integers, (std::vector<int64_t>{1, 0}));
  EXPECT_TRUE(of_type(9, std::string("\1\0", 2)).integral);
  EXPECT_TRUE(refuses([&] { of_type(9, std::string("\1\2", 2)); }, {"'k'", "BOOL", "2"}));
  EXPECT_TRUE(refuses([&] { of_type(13, raw(std::vector<uint64_t>{UINT64_MAX, 1})); }, {"'k'", "UINT64"}));
}

TEST(Onnx, NumbersInTheListsOfTheirTypes) {
  const auto listed = [](int type, auto fill) {
    return constant_with([&](onnx::TensorProto& tensor) {
      tensor.clear_raw_data();
      tensor.set_data_type(type);
      fill(tensor);
    });
  };
  const std::vector<float> expected = {-1.5F, 0.25F};
  EXPECT_EQ(
      numbers_of(listed(
          1, [&](onnx::TensorProto& tensor) { tensor.mutable_float_data()->Add(expected.begin(), expected.end()); })),
      expected);
  EXPECT_EQ(
      numbers_of(listed(
          11, [&](onnx::TensorProto& tensor) { tensor.mutable_double_data()->Add(expected.begin(), expected.end()); })),
      expected);
  const auto halves = [](int first, int second) {
    return [=](onnx::TensorProto& tensor) {
      tensor.add_int32_data(first);
      tensor.add_int32_data(second);
    };
  };
  EXPECT_EQ(numbers_of(listed(10, halves(0xBE00, 0x3400))), expected);
  EXPECT_EQ(numbers_of(listed(16, halves(0xBFC0, 0x3E80))), expected);
  EXPECT_EQ(listed(3, halves(-3, 100)).integers, (std::vector<int64_t>{-3, 100}));
  EXPECT_EQ(listed(9, halves(1, 0)).integers, (std::vector<int64_t>{1, 0}));
  EXPECT_TRUE(refuses([&] { listed(10, halves(-1, 0)); }, {"'k'", "FLOAT16", "-1"}));
  EXPECT_TRUE(refuses([&] { listed(3, halves(128, 0)); }, {"'k'", "INT8", "128"}));
  EXPECT_TRUE(refuses([&] { listed(1, halves(1, 0)); }, {"'k'", "FLOAT", "int32_data"}));
  EXPECT_EQ(listed(12,
                   [](onnx::TensorProto& tensor) {
                     tensor.add_uint64_data(4);
                     tensor.add_uint64_data(5);
                   })
                .integers,
            (std::vector<int64_t>{4, 5}));
}

TEST(Onnx, TensorsThatLieAreRefused) {
  const auto tensor_refused = [](auto change, const Names& words) {
    return refuses([&] { constant_with(change); }, words);
  };
  EXPECT_TRUE(
      tensor_refused([](onnx::TensorProto& tensor) { tensor.clear_raw_data(); }, {"initializer 'k' holds no numbers"}));
  EXPECT_TRUE(
      tensor_refused([](onnx::TensorProto& tensor) { tensor.set_raw_data(""); }, {"initializer 'k' holds no numbers"}));
  EXPECT_TRUE(
      tensor_refused([](onnx::TensorProto& tensor) { tensor.set_dims(0, 3); }, {"'k'", "8 bytes", "12", "[3, 1]"}));
  EXPECT_TRUE(tensor_refused([](onnx::TensorProto& tensor) { tensor.set_dims(0, -2); }, {"'k'", "-2"}));
  EXPECT_TRUE(tensor_refused(
      [](onnx::TensorProto& tensor) {
        tensor.set_dims(0, int64_t{1} << 40);
        tensor.set_dims(1, int64_t{1} << 40);
      },
      {"'k'", "shape"}));
  EXPECT_TRUE(
      tensor_refused([](onnx::TensorProto& tensor) { tensor.set_dims(0, int64_t{1} << 62); }, {"'k'", "shape"}));
  EXPECT_TRUE(
      tensor_refused([](onnx::TensorProto& tensor) { tensor.set_dims(0, int64_t{1} << 40); }, {"'k'", "bytes"}));
  EXPECT_TRUE(tensor_refused([](onnx::TensorProto& tensor) { tensor.add_float_data(1); }, {"'k'", "twice"}));
  EXPECT_TRUE(tensor_refused([](onnx::TensorProto& tensor) { tensor.set_segment("x"); }, {"'k'", "segment"}));
  EXPECT_TRUE(tensor_refused([](onnx::TensorProto& tensor) { tensor.add_string_data("x"); }, {"'k'", "texts"}));
  EXPECT_TRUE(tensor_refused([](onnx::TensorProto& tensor) { tensor.clear_data_type(); }, {"'k'", "no type"}));
  for (const auto& [type, name] : std::map<int, std::string>{{8, "STRING"},
                                                             {14, "COMPLEX64"},
                                                             {17, "FLOAT8E4M3FN"},
                                                             {20, "FLOAT8E5M2FNUZ"},
                                                             {21, "UINT4"},
                                                             {22, "INT4"},
                                                             {99, "type 99"},
                                                             {-1, "type -1"}})
    EXPECT_TRUE(
        tensor_refused([type = type](onnx::TensorProto& tensor) { tensor.set_data_type(type); }, {"'k'", name}));
}

TEST(Onnx, NumbersThatAreNotFiniteAreRefused) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float odd : {NAN, -NAN, kInfinity, -kInfinity}) {
    const auto change = [&](onnx::TensorProto& tensor) { tensor.set_raw_data(raw(std::vector<float>{1, odd})); };
    EXPECT_TRUE(refuses([&] { constant_with(change); }, {"initializer 'k'", "not finite"}));
    const auto listed = [&](onnx::TensorProto& tensor) {
      tensor.clear_raw_data();
      tensor.add_float_data(odd);
      tensor.add_float_data(1);
    };
    EXPECT_TRUE(refuses([&] { constant_with(listed); }, {"initializer 'k'", "not finite"}));
  }
  const auto too_large = [](onnx::TensorProto& tensor) {
    tensor.set_data_type(11);
    tensor.set_raw_data(raw(std::vector<double>{1, 1e300}));
  };
  EXPECT_TRUE(refuses([&] { constant_with(too_large); }, {"initializer 'k'", "not finite"}));
  const auto half = [](onnx::TensorProto& tensor) {
    tensor.set_data_type(10);
    tensor.set_raw_data(raw(std::vector<uint16_t>{0x7C00, 0}));
  };
  EXPECT_TRUE(refuses([&] { constant_with(half); }, {"initializer 'k'", "not finite"}));
  // The last of many, in the second piece that is looked at.
  std::vector<float> many((size_t{4} << 20) + 3, 1);
  many.back() = NAN;
  EXPECT_TRUE(refused([&](SmallOnnx& file) { file.initializer("k", {static_cast<int64_t>(many.size())}, many); },
                      {"not finite"}));
}

TEST(Onnx, ConstantsOfNodes) {
  const auto constant = [](auto fill) {
    return sum_with([&](SmallOnnx& file) { fill(file.node("Constant", {}, {"k"})); }).read().constants.at("k");
  };
  EXPECT_EQ(constant([](onnx::NodeProto& node) { add(node, "value_int", int64_t{7}); }).integers,
            std::vector<int64_t>{7});
  EXPECT_TRUE(constant([](onnx::NodeProto& node) { add(node, "value_int", int64_t{7}); }).dims.empty());
  EXPECT_EQ(numbers_of(constant([](onnx::NodeProto& node) { add(node, "value_float", 0.5F); })),
            std::vector<float>{0.5F});
  const source::Constant list = constant([](onnx::NodeProto& node) {
    add(node, "value_ints", std::vector<int64_t>{7, 8});
  });
  EXPECT_EQ(list.integers, (std::vector<int64_t>{7, 8}));
  EXPECT_EQ(list.dims, std::vector<int64_t>{2});
  EXPECT_EQ(numbers_of(constant([](onnx::NodeProto& node) {
              add(node, "value_floats", std::vector<float>{7, 8});
            })),
            (std::vector<float>{7, 8}));
  const auto constant_refused = [&](auto fill, const Names& words) { return refuses([&] { constant(fill); }, words); };
  EXPECT_TRUE(constant_refused([](onnx::NodeProto& node) { add(node, "value_string", "a"); },
                               {"'k' (Constant)", "value_string"}));
  EXPECT_TRUE(constant_refused([](onnx::NodeProto& node) { add(node, "value", "a"); }, {"(Constant)", "wrong type"}));
  EXPECT_TRUE(
      constant_refused([](onnx::NodeProto& node) { add(node, "value_float", NAN); }, {"(Constant)", "not finite"}));
  EXPECT_TRUE(constant_refused([](onnx::NodeProto&) {}, {"(Constant)", "attributes"}));
  EXPECT_TRUE(constant_refused(
      [](onnx::NodeProto& node) {
        add(node, "value_int", int64_t{1});
        node.add_input("x");
      },
      {"(Constant)", "inputs"}));
}

TEST(Onnx, ConstantsAreInputsThatHaveNumbers) {
  const source::Network network = sum_with([](SmallOnnx& file) {
                                    file.initializer("k", {1}, std::vector<float>{1});
                                    file.initializer("idle", {1}, std::vector<float>{NAN});
                                    *file.graph().add_input() = file.graph().input(0);
                                    file.graph().mutable_input(1)->set_name("k");
                                  }).read();
  EXPECT_EQ(network.inputs.size(), 1U);
  EXPECT_EQ(network.constants.size(), 1U);
  ASSERT_EQ(network.notes.size(), 1U);
  EXPECT_NE(network.notes[0].find("'idle'"), std::string::npos);
}

TEST(Onnx, InputsSayTheirShape) {
  const auto input = [](auto change) {
    SmallOnnx file;
    file.node("Relu", {"x"}, {"y"});
    change(*file.graph().mutable_input(0)->mutable_type());
    return file.read().inputs.at(0).dims;
  };
  EXPECT_EQ(input([](onnx::TypeProto& type) {
              auto& shape = *type.mutable_tensor_type()->mutable_shape();
              shape.mutable_dim(0)->clear_dim_value();
              shape.mutable_dim(0)->set_dim_param("batch");
              shape.mutable_dim(2)->set_dim_value(-1);
              shape.mutable_dim(3)->clear_dim_value();
            }),
            (std::vector<int64_t>{0, 3, 0, 0}));
  const auto input_refused = [&](auto change, const Names& words) { return refuses([&] { input(change); }, words); };
  EXPECT_TRUE(input_refused([](onnx::TypeProto& type) { type.mutable_tensor_type()->set_elem_type(7); },
                            {"input 'x'", "INT64", "FLOAT"}));
  EXPECT_TRUE(
      input_refused([](onnx::TypeProto& type) { type.mutable_tensor_type()->clear_shape(); }, {"input 'x'", "shape"}));
  EXPECT_TRUE(input_refused([](onnx::TypeProto& type) { type.clear_tensor_type(); }, {"input 'x'", "tensor"}));
  EXPECT_TRUE(input_refused([](onnx::TypeProto& type) { type.set_sequence_type(""); }, {"input 'x'", "tensor"}));
  EXPECT_TRUE(input_refused(
      [](onnx::TypeProto& type) { type.mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_param("n"); },
      {"input 'x'", "both"}));
}

TEST(Onnx, NodesOutOfOrderAreSorted) {
  SmallOnnx file;
  file.node("Add", {"b", "a"}, {"y"});
  file.node("Relu", {"a"}, {"b"});
  file.node("Relu", {"x"}, {"a"});
  file.node("Relu", {"x"}, {"c"});
  Names order;
  for (const Node& node : file.read().nodes) order.push_back(node.outputs[0]);
  EXPECT_EQ(order, (Names{"a", "b", "y", "c"}));
  file.graph().mutable_node(2)->set_input(0, "y");
  EXPECT_TRUE(refuses([&] { file.read(); }, {"'y' (Add)", "cycle"}));
  SmallOnnx itself;
  itself.node("Add", {"x", "y"}, {"y"});
  EXPECT_TRUE(refuses([&] { itself.read(); }, {"'y' (Add)", "cycle"}));
}

TEST(Onnx, NamesAreUsedOnce) {
  const auto with_k = [](auto change) {
    return [change](SmallOnnx& file) {
      file.initializer("k", {1}, std::vector<float>{1});
      change(file);
    };
  };
  EXPECT_TRUE(refused(with_k([](SmallOnnx& file) { file.initializer("k", {1}, std::vector<float>{1}); }),
                      {"two initializers", "'k'"}));
  EXPECT_TRUE(refused(with_k([](SmallOnnx& file) { file.node("Relu", {"x"}, {"y"}); }), {"(Relu)", "'y'"}));
  EXPECT_TRUE(refused(with_k([](SmallOnnx& file) { file.node("Relu", {"x"}, {"k"}); }), {"(Relu)", "'k'"}));
  EXPECT_TRUE(refused(with_k([](SmallOnnx& file) { file.node("Relu", {"y"}, {"x"}); }), {"(Relu)", "'x'"}));
  EXPECT_TRUE(refused(with_k([](SmallOnnx& file) { *file.graph().add_input() = file.graph().input(0); }),
                      {"two inputs", "'x'"}));
  EXPECT_TRUE(refused(with_k([](SmallOnnx& file) { *file.graph().add_output() = file.graph().output(0); }),
                      {"two outputs", "'y'"}));
  EXPECT_TRUE(refused(with_k([](SmallOnnx& file) { file.graph().mutable_output(0)->set_name("z"); }), {"output 'z'"}));
  EXPECT_TRUE(refused([](SmallOnnx&) {}, {"(Add)", "'k'"}));
}

TEST(Onnx, MissingInputsStayWhereOthersFollow) {
  SmallOnnx file;
  file.node("Clip", {"x", "", "k"}, {"y", ""});
  file.node("Clip", {"x", "k", ""}, {"z"});
  file.initializer("k", {}, std::vector<float>{6});
  const source::Network network = file.read();
  EXPECT_EQ(network.nodes[0].inputs, (Names{"x", "", "k"}));
  EXPECT_EQ(network.nodes[0].outputs, Names{"y"});
  EXPECT_EQ(network.nodes[1].inputs, (Names{"x", "k"}));
}

// A file of one Relu, altered.
template <class Change>
::testing::AssertionResult node_refused(Change change, const Names& words) {
  SmallOnnx file;
  change(file.node("Relu", {"x"}, {"y"}));
  return refuses([&] { file.read(); }, words);
}

TEST(Onnx, OpsThatAreNotOnnxsAreRefusedByName) {
  EXPECT_TRUE(node_refused([](onnx::NodeProto& node) { node.set_domain("com.microsoft"); },
                           {"'Relu' of domain 'com.microsoft'"}));
  EXPECT_TRUE(node_refused([](onnx::NodeProto& node) { node.set_overload("fast"); }, {"(Relu)", "'fast'"}));
  EXPECT_TRUE(node_refused([](onnx::NodeProto& node) { node.clear_op_type(); }, {"'y'", "no op"}));
  EXPECT_TRUE(node_refused([](onnx::NodeProto& node) { node.clear_output(); }, {"(Relu)", "output"}));
  SmallOnnx file;
  file.node("Relu", {"x"}, {"y"}).set_domain("ai.onnx");
  file.model().add_opset_import()->set_domain("com.microsoft");
  onnx::FunctionProto& function = *file.model().add_functions();
  function.set_name("Swish");
  function.set_domain("local");
  EXPECT_EQ(file.read().nodes.size(), 1U) << "a function that nothing calls";
  file.graph().mutable_node(0)->set_domain("local");
  file.graph().mutable_node(0)->set_op_type("Swish");
  EXPECT_TRUE(refuses([&] { file.read(); }, {"'Swish' of domain 'local'", "function"}));
  function.set_domain("");
  EXPECT_TRUE(refuses([&] { file.read(); }, {"function 'Swish'"}));
  file.model().add_opset_import()->set_domain("ai.onnx");
  EXPECT_TRUE(refuses([&] { file.read(); }, {"opset", "twice"}));
}

TEST(Onnx, AttributesThatSayMoreAreRefused) {
  EXPECT_TRUE(node_refused([](onnx::NodeProto& node) { add(node, "a", int64_t{1}).set_ref_attr_name("b"); },
                           {"(Relu)", "attribute a", "'b'"}));
  EXPECT_TRUE(node_refused([](onnx::NodeProto& node) { add(node, "a", int64_t{1}).set_f(1); },
                           {"(Relu)", "attribute a", "FLOAT", "INT"}));
  EXPECT_TRUE(node_refused([](onnx::NodeProto& node) { add(node, "a", int64_t{1}).set_type(1); },
                           {"(Relu)", "attribute a", "FLOAT", "INT"}));
  EXPECT_TRUE(node_refused([](onnx::NodeProto& node) { add(node, "a", int64_t{1}).set_type(99); },
                           {"(Relu)", "attribute a", "99"}));
  EXPECT_TRUE(node_refused([](onnx::NodeProto& node) { add(node, "a", int64_t{1}).clear_name(); }, {"(Relu)", "name"}));
  EXPECT_TRUE(
      node_refused([](onnx::NodeProto& node) { add(node, "a", "line\nline"); }, {"(Relu)", "attribute a", "text"}));
  EXPECT_TRUE(node_refused(
      [](onnx::NodeProto& node) {
        add(node, "a", int64_t{1});
        add(node, "a", int64_t{2});
      },
      {"(Relu)", "attribute a", "twice"}));
  const auto of_type = [](int type, auto fill) {
    return [=](onnx::NodeProto& node) {
      onnx::AttributeProto& attribute = add(node, "a", int64_t{1});
      attribute.clear_i();
      attribute.set_type(type);
      fill(attribute);
    };
  };
  EXPECT_TRUE(node_refused(of_type(5, [](onnx::AttributeProto& attribute) { attribute.set_g(""); }),
                           {"(Relu)", "graph", "attribute a"}));
  EXPECT_TRUE(node_refused(of_type(10, [](onnx::AttributeProto& attribute) { attribute.add_graphs(""); }),
                           {"(Relu)", "graph"}));
  EXPECT_TRUE(node_refused(of_type(11, [](onnx::AttributeProto& attribute) { attribute.set_sparse_tensor(""); }),
                           {"SPARSE_TENSOR"}));
  EXPECT_TRUE(
      node_refused(of_type(9, [](onnx::AttributeProto& attribute) { attribute.add_tensors(""); }), {"TENSORS"}));
  EXPECT_TRUE(node_refused(of_type(4, [](onnx::AttributeProto&) {}), {"TENSOR", "holds none"}));
  EXPECT_TRUE(node_refused(of_type(4, [](onnx::AttributeProto& attribute) { attribute.mutable_t()->set_data_type(1); }),
                           {"attribute a", "no numbers"}));
}

TEST(Onnx, AttributesOfWritersThatLeaveOutZeros) {
  SmallOnnx file;
  onnx::NodeProto& node = file.node("Op", {"x"}, {"y"});
  add(node, "i", int64_t{1}).clear_i();
  add(node, "f", 1.F).clear_f();
  add(node, "s", "s").clear_s();
  add(node, "l", std::vector<int64_t>{});
  add(node, "u", int64_t{3}).clear_type();
  onnx::AttributeProto& words = add(node, "w", "s");
  words.clear_s();
  words.set_type(8);
  words.add_strings("one");
  const Node read = file.read().nodes[0];
  EXPECT_EQ(std::get<int64_t>(read.attributes.at("i")), 0);
  EXPECT_EQ(std::get<double>(read.attributes.at("f")), 0);
  EXPECT_EQ(std::get<std::string>(read.attributes.at("s")), "");
  EXPECT_TRUE(std::get<std::vector<int64_t>>(read.attributes.at("l")).empty());
  EXPECT_EQ(std::get<int64_t>(read.attributes.at("u")), 3);
  EXPECT_EQ(std::get<Names>(read.attributes.at("w")), Names{"one"});
}

TEST(Onnx, WhatIsNotDenseIsRefused) {
  const auto change = [](auto fill) {
    return [fill](SmallOnnx& file) {
      file.initializer("k", {1}, std::vector<float>{1});
      fill(file);
    };
  };
  EXPECT_TRUE(
      refused(change([](SmallOnnx& file) { file.graph().add_sparse_initializer("x"); }), {"sparse_initializer"}));
  EXPECT_TRUE(refused(change([](SmallOnnx& file) { file.graph().add_quantization_annotation("x"); }),
                      {"quantization_annotation"}));
  EXPECT_TRUE(refused(change([](SmallOnnx& file) { file.model().clear_opset_import(); }), {"opset"}));
  const source::Network trained = sum_with(change([](SmallOnnx& file) { file.model().add_training_info("x"); })).read();
  EXPECT_EQ(trained.notes.size(), 1U);
}

TEST(Onnx, ScopesOfPyTorch) {
  EXPECT_EQ(onnx::scope_of("['', 'layer3', 'layer3.2', 'layer3.2.conv2', 'conv2d_2']"), "layer3.2.conv2");
  EXPECT_EQ(onnx::scope_of("['', 'relu']"), "");
  EXPECT_EQ(onnx::scope_of("[\"\", \"a.b\", \"relu\"]"), "a.b");
  for (const char* odd :
       {"", "[", "]", "[]", "['a']", "['a', 'b", "['a' b]", "a, b", "['a', ]", "[,,]", "['\\x00', 'b']"})
    EXPECT_EQ(onnx::scope_of(odd).find('\\'), std::string::npos) << odd;
  EXPECT_EQ(onnx::scope_of("['a', 'b"), "");
}

TEST(Onnx, EmptyAndOtherFilesAreRefused) {
  const TemporaryFolder folder;
  EXPECT_TRUE(refuses([&] { read_onnx(folder.write("net.onnx", "")); }, {"net.onnx", "empty"}));
  EXPECT_TRUE(refuses([&] { read_onnx(folder.write("net.onnx", "some text")); }, {"net.onnx", "ONNX"}));
  EXPECT_TRUE(refuses([&] { read_onnx(folder.write("net.onnx", std::string("\x08\x07", 2))); }, {"net.onnx", "graph"}));
  const std::string good = full_onnx().bytes();
  EXPECT_TRUE(refuses([&] { read_onnx(folder.write("net.onnx", good.substr(0, good.size() - 3))); },
                      {"net.onnx", "truncated"}));
  EXPECT_EQ(read_onnx(folder.write("net.onnx", good)).constants.size(), 2U);
}

// What nothing reads would take fifty times its bytes in protobuf's memory.
TEST(Onnx, ManySmallPartsAreRefusedBeforeTheyTakeMemory) {
  const std::string good = full_onnx().bytes();
  std::string many;
  for (int i = 0; i < 1'000'000; ++i) many += std::string("\x42\0", 2);  // an empty opset_import
  EXPECT_TRUE(refuses([&] { read_onnx_text(good + many); }, {"parts"}));
  const std::string integers(7'000'000, '\1');
  EXPECT_TRUE(refused([&](SmallOnnx& file) { file.initializer("k", {7'000'000}, std::vector<int64_t>(7'000'000, 1)); },
                      {"parts"}));
  EXPECT_TRUE(refused(
      [&](SmallOnnx& file) {
        onnx::TensorProto& tensor = file.initializer("k", {7'000'000}, std::vector<float>{});
        tensor.set_data_type(3);
        tensor.set_raw_data(integers);
      },
      {"'k'", "integer", "7000000"}));
}

TEST(Onnx, NamesAreReadable) {
  for (const std::string& name : {std::string("a\nb"), std::string("a\0b", 3), std::string("\xFF"),
                                  std::string("\xC0\x80"), std::string("\xED\xA0\x80"), std::string("\x1B[31m"),
                                  std::string("\xC2\x85"), std::string("\xE2\x82"), std::string(5000, 'a')})
    EXPECT_TRUE(
        node_refused([&](onnx::NodeProto& node) { node.set_output(0, name); }, {"output of NodeProto", "text"}));
  SmallOnnx file;
  file.node("Relu", {"x"}, {"y"}).set_name("Größe/层/🙂");
  EXPECT_EQ(file.read().nodes[0].name, "Größe/层/🙂");
}

}  // namespace
}  // namespace phosphene::testing::onnx_test
