#include "tests/loaders/small_onnx.h"

#include <span>

#include "loaders/onnx/onnx_file.h"

namespace phosphene::testing {
namespace {

void describe(onnx::ValueInfoProto& value, const std::string& name, const std::vector<int64_t>& dims) {
  value.set_name(name);
  auto& tensor = *value.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(1);
  for (const int64_t dim : dims) tensor.mutable_shape()->add_dim()->set_dim_value(dim);
}

onnx::AttributeProto& named(onnx::NodeProto& node, const std::string& name, int type) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

void add_entry(onnx::StringStringEntryProto& entry, const std::string& key, const std::string& value) {
  entry.set_key(key);
  entry.set_value(value);
}

}  // namespace

SmallOnnx::SmallOnnx(int opset) {
  model_.set_ir_version(8);
  model_.add_opset_import()->set_version(opset);
  describe(*graph().add_input(), "x", {1, 3, 8, 8});
  describe(*graph().add_output(), "y", {});
}

onnx::TensorProto& SmallOnnx::initializer(const std::string& name, const std::vector<int64_t>& dims,
                                          const std::vector<float>& numbers) {
  onnx::TensorProto& tensor = *graph().add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(1);
  tensor.mutable_dims()->Add(dims.begin(), dims.end());
  tensor.set_raw_data(numbers.data(), numbers.size() * sizeof(float));
  return tensor;
}

onnx::TensorProto& SmallOnnx::initializer(const std::string& name, const std::vector<int64_t>& dims,
                                          const std::vector<int64_t>& integers) {
  onnx::TensorProto& tensor = *graph().add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(7);
  tensor.mutable_dims()->Add(dims.begin(), dims.end());
  tensor.mutable_int64_data()->Add(integers.begin(), integers.end());
  return tensor;
}

onnx::NodeProto& SmallOnnx::node(const std::string& op, const std::vector<std::string>& inputs,
                                 const std::vector<std::string>& outputs) {
  onnx::NodeProto& node = *graph().add_node();
  node.set_op_type(op);
  for (const std::string& input : inputs) node.add_input(input);
  for (const std::string& output : outputs) node.add_output(output);
  return node;
}

source::Network SmallOnnx::read() const { return read_onnx_text(bytes()); }

onnx::AttributeProto& add(onnx::NodeProto& node, const std::string& name, int64_t value) {
  onnx::AttributeProto& attribute = named(node, name, 2);
  attribute.set_i(value);
  return attribute;
}

onnx::AttributeProto& add(onnx::NodeProto& node, const std::string& name, float value) {
  onnx::AttributeProto& attribute = named(node, name, 1);
  attribute.set_f(value);
  return attribute;
}

onnx::AttributeProto& add(onnx::NodeProto& node, const std::string& name, const char* value) {
  onnx::AttributeProto& attribute = named(node, name, 3);
  attribute.set_s(value);
  return attribute;
}

onnx::AttributeProto& add(onnx::NodeProto& node, const std::string& name, const std::vector<int64_t>& values) {
  onnx::AttributeProto& attribute = named(node, name, 7);
  attribute.mutable_ints()->Add(values.begin(), values.end());
  return attribute;
}

onnx::AttributeProto& add(onnx::NodeProto& node, const std::string& name, const std::vector<float>& values) {
  onnx::AttributeProto& attribute = named(node, name, 6);
  attribute.mutable_floats()->Add(values.begin(), values.end());
  return attribute;
}

onnx::TensorProto& add_tensor(onnx::NodeProto& node, const std::string& name) {
  return *named(node, name, 4).mutable_t();
}

SmallOnnx full_onnx() {
  SmallOnnx file;
  onnx::ModelProto& model = file.model();
  model.set_producer_name("a test");
  model.set_producer_version("1.2");
  model.set_domain("org.example");
  model.set_model_version(3);
  model.set_doc_string("two\nlines");
  model.mutable_opset_import(0)->set_domain("");
  add_entry(*model.add_metadata_props(), "Image.BitmapPixelFormat", "Bgr8");
  onnx::GraphProto& graph = file.graph();
  graph.set_name("main_graph");
  graph.set_doc_string("a graph");
  graph.add_value_info("skipped");
  graph.add_metadata_props("skipped");
  graph.mutable_input(0)->set_doc_string("an image");
  graph.mutable_input(0)->mutable_type()->set_denotation("IMAGE");
  graph.mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(1)->set_denotation("C");
  file.initializer("w", {2, 3, 1, 1}, std::vector<float>{1, 2, 3, 4, 5, 6}).set_doc_string("weights");
  onnx::NodeProto& convolution = file.node("Conv", {"x", "w"}, {"c"});
  convolution.set_name("/layer/Conv");
  convolution.set_domain("");
  convolution.set_overload("");
  convolution.set_doc_string("from\nhere");
  add_entry(*convolution.add_metadata_props(), "pkg.torch.onnx.name_scopes", "['', 'layer', 'layer.0', 'conv2d']");
  add(convolution, "kernel_shape", std::vector<int64_t>{1, 1}).set_doc_string("a window");
  add(convolution, "group", int64_t{1});
  add(convolution, "auto_pad", "NOTSET");
  add(file.node("LeakyRelu", {"c"}, {"l"}), "alpha", 0.25F);
  onnx::TensorProto& half = add_tensor(file.node("Constant", {}, {"k"}), "value");
  half.set_data_type(1);
  half.add_dims(2);
  half.add_float_data(0.5F);
  half.add_float_data(0.75F);
  file.node("Mul", {"l", "k"}, {"y"});
  return file;
}

source::Network read_onnx_text(const std::string& bytes) {
  return read_onnx(std::as_bytes(std::span(bytes)), "net.onnx");
}

std::vector<float> numbers_of(const source::Constant& constant) {
  return {constant.numbers.data, constant.numbers.data + constant.elements()};
}

}  // namespace phosphene::testing
