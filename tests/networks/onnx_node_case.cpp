#include "tests/networks/onnx_node_case.h"

#include <loaders/onnx/onnx.pb.h>

#include <cmath>
#include <fstream>
#include <numeric>
#include <span>

#include "loaders/import/import.h"
#include "loaders/import/importer.h"
#include "loaders/import/rewrite.h"
#include "loaders/import/rules.h"
#include "loaders/onnx/onnx_file.h"
#include "loaders/onnx/onnx_tensor.h"
#include "runtime/error.h"
#include "tests/networks/network_run.h"
#include "tests/support/compare.h"

namespace phosphene::testing {
namespace {

using source::Constant;
using Dims = std::vector<int64_t>;

// Sums of at most 2000 products: 4 eps sqrt(2000) of the largest number.
constexpr double kTolerance = 1e-5;
// Inputs and outputs are written with four digits behind the point, and the largest is 0.36: (5e-5 + 5e-5) / 0.36.
constexpr const char* kRounded = "test_averagepool_2d_ceil_last_window_starts_on_pad";
constexpr double kRoundedTolerance = 3e-4;

struct Skip {
  std::string why;
};

template <class Message>
Message parsed(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  Message message;
  if (!file || !message.ParseFromIstream(&file)) throw Skip{"no " + path.filename().string() + " that can be read"};
  return message;
}

// The inputs that no initializer fills, with the numbers of the test.
struct Given {
  std::string name;
  onnx::TensorProto tensor;
};

struct NodeCase {
  onnx::ModelProto model;
  std::vector<Given> inputs;
  std::vector<Constant> outputs;
};

bool is_initializer(const onnx::GraphProto& graph, const std::string& name) {
  return std::any_of(graph.initializer().begin(), graph.initializer().end(),
                     [&](const onnx::TensorProto& tensor) { return tensor.name() == name; });
}

Constant numbers_of(const onnx::TensorProto& given, const std::string& what) {
  onnx::TensorProto tensor = given;
  onnx::Tensors tensors("the test");
  try {
    return tensors.read(tensor, what);
  } catch (const Error& error) {
    throw Skip{error.what()};
  }
}

NodeCase read_case(const std::filesystem::path& folder) {
  NodeCase node{parsed<onnx::ModelProto>(folder / "model.onnx"), {}, {}};
  const std::filesystem::path data = folder / "test_data_set_0";
  for (const onnx::ValueInfoProto& input : node.model.graph().input()) {
    if (is_initializer(node.model.graph(), input.name())) continue;
    if (!input.type().has_tensor_type()) throw Skip{"an input that is no tensor"};
    const std::string file = "input_" + std::to_string(node.inputs.size()) + ".pb";
    node.inputs.push_back({input.name(), parsed<onnx::TensorProto>(data / file)});
  }
  for (int i = 0; i < node.model.graph().output_size(); ++i) {
    if (!node.model.graph().output(i).type().has_tensor_type()) throw Skip{"an output that is no tensor"};
    const std::string file = "output_" + std::to_string(i) + ".pb";
    const auto output = parsed<onnx::TensorProto>(data / file);
    if (output.data_type() == 10 || output.data_type() == 16) throw Skip{"halves, which are computed as float32 here"};
    node.outputs.push_back(numbers_of(output, file));
  }
  return node;
}

// ---- the image

bool can_be_image(const Given& given) {
  const int rank = given.tensor.dims_size();
  if (given.tensor.data_type() != 1 || rank < 1 || rank > 4) return false;
  return std::all_of(given.tensor.dims().begin(), given.tensor.dims().end(), [](int64_t size) { return size > 0; });
}

// A shape of up to four dimensions as N C H W: two are N C, three C H W.
Dims as_image(const Dims& dims) {
  switch (dims.size()) {
    case 1:
      return {1, dims[0], 1, 1};
    case 2:
      return {dims[0], dims[1], 1, 1};
    case 3:
      return {1, dims[0], dims[1], dims[2]};
    default:
      return dims;
  }
}

// Which of the inputs are the image's parts, joined along its channels.
using Parts = std::vector<size_t>;

std::vector<Parts> possible_parts(const NodeCase& node) {
  std::vector<Parts> possible;
  Parts all;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (!can_be_image(node.inputs[i])) continue;
    possible.push_back({i});
    all.push_back(i);
  }
  const auto dims = [&](size_t i) {
    return Dims(node.inputs[i].tensor.dims().begin(), node.inputs[i].tensor.dims().end());
  };
  if (all.size() > 1 && std::all_of(all.begin(), all.end(), [&](size_t i) { return dims(i) == dims(all[0]); }))
    possible.push_back(all);
  return possible;
}

// An image of few columns and many channels would be taken for one whose channels come last: it gets more columns, which the network cuts
// off again.
constexpr int64_t kMoreColumns = 4;

struct Image {
  Array array;
  int64_t columns = 0;  // without those
};

Image joined_image(const NodeCase& node, const Parts& parts) {
  std::vector<Constant> numbers;
  for (const size_t part : parts) numbers.push_back(numbers_of(node.inputs[part].tensor, "an input"));
  Image image{{as_image(numbers[0].dims), {}}, 0};
  Dims& dims = image.array.dims;
  image.columns = dims[3];
  const int64_t rows = dims[1] * dims[2], columns = dims[3] + kMoreColumns;
  for (int64_t n = 0; n < dims[0]; ++n) {
    for (const Constant& part : numbers) {
      for (int64_t row = 0; row < rows; ++row) {
        const float* from = part.numbers.data + (n * rows + row) * dims[3];
        image.array.data.insert(image.array.data.end(), from, from + dims[3]);
        image.array.data.resize(image.array.data.size() + kMoreColumns, 1e6);
      }
    }
  }
  dims[1] *= static_cast<int64_t>(parts.size());
  dims[3] = columns;
  return image;
}

// ---- the network around the node

void add_integers(onnx::GraphProto& graph, const std::string& name, const Dims& integers) {
  onnx::TensorProto& tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(7);
  tensor.add_dims(static_cast<int64_t>(integers.size()));
  tensor.mutable_int64_data()->Add(integers.begin(), integers.end());
}

onnx::NodeProto& add_node(onnx::GraphProto& graph, const char* op, const std::vector<std::string>& inputs,
                          const std::vector<std::string>& outputs) {
  onnx::NodeProto& node = *graph.add_node();
  node.set_op_type(op);
  for (const std::string& input : inputs) node.add_input(input);
  for (const std::string& output : outputs) node.add_output(output);
  return node;
}

void describe_image(onnx::GraphProto& graph, const std::string& name, const Dims& dims) {
  graph.clear_input();
  onnx::ValueInfoProto& input = *graph.add_input();
  input.set_name(name);
  auto& tensor = *input.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(1);
  for (const int64_t dim : dims) tensor.mutable_shape()->add_dim()->set_dim_value(dim);
}

int64_t opset_of(const onnx::ModelProto& model) {
  for (const onnx::OperatorSetIdProto& opset : model.opset_import()) {
    if (opset.domain().empty()) return opset.version();
  }
  return 0;
}

void add_list(onnx::NodeProto& node, const char* name, const Dims& integers) {
  onnx::AttributeProto& list = *node.add_attribute();
  list.set_name(name);
  list.set_type(7);
  list.mutable_ints()->Add(integers.begin(), integers.end());
}

void add_crop(onnx::ModelProto& model, int64_t columns) {
  onnx::GraphProto& graph = *model.mutable_graph();
  onnx::NodeProto& slice = add_node(graph, "Slice", {"image"}, {"cropped"});
  const std::vector<std::pair<const char*, int64_t>> lists = {{"starts", 0}, {"ends", columns}, {"axes", 3}};
  for (const auto& [name, number] : lists) {
    if (opset_of(model) < 10) {
      add_list(slice, name, {number});
    } else {
      slice.add_input(std::string("crop:") + name);
      add_integers(graph, std::string("crop:") + name, {number});
    }
  }
}

// Cuts the image into its parts and gives them the shapes of the test, under their names.
void add_parts(onnx::ModelProto& model, const NodeCase& node, const Parts& parts, const Image& image) {
  onnx::GraphProto& graph = *model.mutable_graph();
  add_crop(model, image.columns);
  std::vector<std::string> planar;
  for (const size_t part : parts) planar.push_back(node.inputs[part].name + ":planar");
  if (parts.size() == 1) {
    planar = {"cropped"};
  } else {
    onnx::NodeProto& split = add_node(graph, "Split", {"cropped"}, planar);
    onnx::AttributeProto& axis = *split.add_attribute();
    axis.set_name("axis");
    axis.set_type(2);
    axis.set_i(1);
    const auto count = static_cast<int64_t>(parts.size());
    const Dims sizes(parts.size(), image.array.dims[1] / count);
    if (opset_of(model) >= 13) {
      split.add_input("split:sizes");
      add_integers(graph, "split:sizes", sizes);
    } else {
      add_list(split, "split", sizes);
    }
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    const Given& given = node.inputs[parts[i]];
    add_integers(graph, given.name + ":shape", {given.tensor.dims().begin(), given.tensor.dims().end()});
    add_node(graph, "Reshape", {planar[i], given.name + ":shape"}, {given.name});
  }
}

source::Network network_of(const NodeCase& node, const Parts& parts, const Image& image) {
  onnx::ModelProto model = node.model;
  onnx::GraphProto& graph = *model.mutable_graph();
  describe_image(graph, "image", image.array.dims);
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (std::find(parts.begin(), parts.end(), i) != parts.end()) continue;
    *graph.add_initializer() = node.inputs[i].tensor;
    graph.mutable_initializer(graph.initializer_size() - 1)->set_name(node.inputs[i].name);
  }
  add_parts(model, node, parts, image);
  const std::string bytes = model.SerializeAsString();
  return read_onnx(std::as_bytes(std::span(bytes)), "model.onnx");
}

// ---- what it computes

// What the outputs are to the importer: layers, and how the file sees them.
std::vector<source::Value> translated(const source::Network& given) {
  const source::Network network = source::rewritten(given);
  Model model;
  source::Importer importer(network, model);
  const Dims& dims = network.inputs.at(0).dims;
  const Shape shape{dims[0], dims[1], dims[2], dims[3]};
  importer.set("image", {.constant = {}, .layer = Model::kInput, .shape = shape, .view = source::View::of(shape)});
  for (const auto& [name, constant] : network.constants)
    importer.set(name, {.constant = constant, .layer = "", .shape = {}, .view = {}});
  for (const source::Node& node : network.nodes) source::translate(importer, node);
  std::vector<source::Value> outputs;
  for (const std::string& output : network.outputs) outputs.push_back(importer.value(output));
  return outputs;
}

// The numbers of a layer, N C H W, in the order of the file's dimensions.
std::vector<double> as_seen(const source::View& view, const HostTensor& value) {
  const Dims sizes = view.sizes();
  const auto count = std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<>());
  std::vector<double> numbers;
  for (int64_t i = 0; i < count; ++i) {
    Dims at(4);
    int64_t rest = i;
    for (size_t d = view.rank(); d > 0; --d) {
      const source::Dimension& factors = view.dimension(d - 1);
      for (auto factor = factors.rbegin(); factor != factors.rend(); ++factor) {
        at[static_cast<size_t>(factor->axis)] += rest % factor->size * factor->step;
        rest /= factor->size;
      }
    }
    const int64_t offset = ((at[0] * value.dims[1] + at[1]) * value.dims[2] + at[2]) * value.dims[3] + at[3];
    numbers.push_back(static_cast<double>(value.data.at(static_cast<size_t>(offset))));
  }
  return numbers;
}

std::vector<double> doubles_of(const Constant& constant) {
  if (constant.integral) return to_doubles(constant.integers);
  return {constant.numbers.data, constant.numbers.data + constant.elements()};
}

std::vector<double> computed(const source::Value& output, const std::optional<Model>& model, const Array& image) {
  if (output.constant) return doubles_of(*output.constant);
  const std::string& layer = output.layer;
  if (layer == Model::kInput) return as_seen(output.view, {image.dims, image.floats()});
  return as_seen(output.view, activations(*model, image, {layer}).at(layer));
}

// The fault; "" where all is right.
std::string fault_of(const NodeCase& node, const Parts& parts, double tolerance) {
  const Image image = joined_image(node, parts);
  const source::Network network = network_of(node, parts, image);
  std::optional<Model> model;
  const std::vector<source::Value> outputs = translated(network);
  if (std::any_of(outputs.begin(), outputs.end(),
                  [](const source::Value& output) { return !output.constant && output.layer != Model::kInput; }))
    model = source::import_network(network);
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Dims sizes = outputs[i].sizes();
    if (sizes != node.outputs[i].dims)
      return fmt::format("output {} has shape [{}], expected [{}]", i, fmt::join(sizes, ", "),
                         fmt::join(node.outputs[i].dims, ", "));
    const AssertionResult near =
        near_largest(computed(outputs[i], model, image.array), doubles_of(node.outputs[i]), tolerance);
    if (!near) return fmt::format("output {}: {}", i, near.message());
  }
  return "";
}

}  // namespace

NodeResult run_node_case(const std::filesystem::path& folder) {
  NodeResult result;
  try {
    const NodeCase node = read_case(folder);
    if (node.model.graph().node_size() > 0) result.op = node.model.graph().node(0).op_type();
    result.why = "no input of one to four dimensions and of type FLOAT";
    for (const Parts& parts : possible_parts(node)) {
      try {
        const std::string fault = fault_of(node, parts, folder.filename() == kRounded ? kRoundedTolerance : kTolerance);
        if (!fault.empty()) return {NodeOutcome::fails, result.op, fault};
        result = {NodeOutcome::passes, result.op, ""};
      } catch (const Error& error) {
        if (error.blame() != Blame::user) return {NodeOutcome::fails, result.op, error.what()};
        if (result.outcome == NodeOutcome::skipped) result = {NodeOutcome::refused, result.op, error.what()};
      }
    }
  } catch (const Skip& skip) {
    result.why = skip.why;
  } catch (const std::exception& error) {
    return {NodeOutcome::fails, result.op, error.what()};
  }
  return result;
}

}  // namespace phosphene::testing
