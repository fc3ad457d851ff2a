#include "loaders/tensorflow/graph_def.h"

#include <google/protobuf/stubs/logging.h>
#include <loaders/tensorflow/graph_def.pb.h>

#include <algorithm>
#include <climits>
#include <filesystem>
#include <set>

#include "loaders/shown.h"
#include "loaders/tensorflow/node_order.h"
#include "loaders/tensorflow/tensor.h"
#include "runtime/error.h"

namespace phosphene {
namespace tensorflow {
namespace {

using source::Attribute;

constexpr int kMaxNodes = 200000;
constexpr size_t kMaxOutputs = size_t{1} << 20;  // of all nodes together

bool is_quantised(DataType type) {
  return type == DT_QINT8 || type == DT_QUINT8 || type == DT_QINT32 || type == DT_QINT16 || type == DT_QUINT16;
}

void refuse_quantised(DataType type, const std::string& name, const std::string& place) {
  if (is_quantised(type))
    fail(place, "{} is {}: quantised networks are not read; export it with float32 weights", name, name_of(type));
}

bool is_variable(const std::string& op) {
  static const std::set<std::string> ops = {"Variable",       "VariableV2",         "VarHandleOp",
                                            "ReadVariableOp", "AutoReloadVariable", "TemporaryVariable"};
  return ops.contains(op);
}

bool is_control_flow(const std::string& op) {
  static const std::set<std::string> ops = {"Switch",        "RefSwitch",        "Merge",    "RefMerge",
                                            "Enter",         "RefEnter",         "Exit",     "RefExit",
                                            "NextIteration", "RefNextIteration", "LoopCond", "ControlTrigger",
                                            "While",         "StatelessWhile",   "If",       "StatelessIf",
                                            "Case",          "StatelessCase",    "For"};
  return ops.contains(op);
}

bool is_call(const std::string& op) {
  static const std::set<std::string> ops = {"PartitionedCall", "StatefulPartitionedCall", "RemoteCall",
                                            "SymbolicGradient"};
  return ops.contains(op);
}

bool changes_nothing(const std::string& op) { return op == "NoOp" || op == "Assert"; }

std::vector<int64_t> dims_of(const TensorShapeProto& shape) {
  std::vector<int64_t> dims;
  for (const auto& dim : shape.dim()) dims.push_back(dim.size());
  return dims;
}

class Reader {
 public:
  Reader(std::shared_ptr<const GraphDef> graph, std::string path, size_t file_bytes)
      : graph_(std::move(graph)), path_(std::move(path)), tensors_(graph_, file_bytes) {}

  source::Network read();

 private:
  void check_op(const NodeDef& node, const std::set<std::string>& functions) const;
  void find_readers(const std::vector<std::vector<Source>>& sources);
  void add(int number, const std::vector<Source>& sources);
  void add_node(int number, const std::vector<Source>& sources);
  [[nodiscard]] bool becomes_input(const NodeDef& node) const;
  [[nodiscard]] std::map<std::string, Attribute> attributes_of(const NodeDef& node, const std::string& place);
  [[nodiscard]] std::optional<Attribute> attribute_of(const std::string& name, const AttrValue& value, bool keep_type,
                                                      const std::string& place);
  [[nodiscard]] Attribute list_of(const std::string& name, const AttrValue::ListValue& list,
                                  const std::string& place) const;
  [[nodiscard]] std::string value_of(const Source& source) const;
  void note_what_is_left_out();

  std::shared_ptr<const GraphDef> graph_;
  std::string path_;
  TensorReader tensors_;
  source::Network network_;
  std::vector<int> last_read_;  // the highest output of each node that somebody reads; -1 for none
  size_t outputs_ = 0;
};

void Reader::check_op(const NodeDef& node, const std::set<std::string>& functions) const {
  const std::string place = place_of(node, path_);
  if (node.op().empty()) fail(place, "has no op");
  if (is_variable(node.op()))
    fail(place,
         "is a variable: the graph is not frozen; write it again with convert_variables_to_constants_v2, or "
         "freeze_graph");
  if (is_control_flow(node.op()))
    fail(place,
         "is control flow, which is not read; export the network for inference, with the learning phase set to 0");
  if (is_call(node.op()) || functions.contains(node.op()))
    fail(place,
         "calls a function, which is not read; freeze the graph with convert_variables_to_constants_v2, which puts "
         "functions in line");
}

void Reader::find_readers(const std::vector<std::vector<Source>>& sources) {
  last_read_.assign(sources.size(), -1);
  for (size_t i = 0; i < sources.size(); ++i) {
    if (changes_nothing(graph_->node(static_cast<int>(i)).op())) continue;
    for (const Source& source : sources[i]) {
      int& last = last_read_[static_cast<size_t>(source.node)];
      last = std::max(last, source.output);
    }
  }
}

std::string Reader::value_of(const Source& source) const {
  const std::string& name = graph_->node(source.node).name();
  return source.output == 0 ? name : fmt::format("{}:{}", name, source.output);
}

bool Reader::becomes_input(const NodeDef& node) const {
  if (node.op() != "Placeholder") return false;
  const auto type = node.attr().find("dtype");
  return type != node.attr().end() && (is_floating(type->second.type()) || type->second.type() == DT_UINT8);
}

// A dimension that is not known is 0; without a shape there are none.
source::Input input_of(const NodeDef& node) {
  source::Input input{node.name(), {}};
  const auto shape = node.attr().find("shape"), known = node.attr().find("_output_shapes");
  if (shape != node.attr().end() && shape->second.shape().dim_size() > 0)
    input.dims = dims_of(shape->second.shape());
  else if (known != node.attr().end() && known->second.list().shape_size() == 1)
    input.dims = dims_of(known->second.list().shape(0));
  for (int64_t& dim : input.dims) dim = std::max<int64_t>(dim, 0);
  return input;
}

Attribute Reader::list_of(const std::string& name, const AttrValue::ListValue& list, const std::string& place) const {
  const int kinds = (list.s_size() > 0) + (list.i_size() > 0) + (list.f_size() > 0) + (list.b_size() > 0) +
                    (list.type_size() > 0) + (list.shape_size() > 0) + (list.tensor_size() > 0) +
                    (list.func_size() > 0);
  if (kinds > 1) fail(place, "the list {} mixes kinds of values", name);
  if (list.s_size() > 0) return std::vector<std::string>(list.s().begin(), list.s().end());
  if (list.f_size() > 0) return std::vector<double>(list.f().begin(), list.f().end());
  if (list.b_size() > 0) return std::vector<int64_t>(list.b().begin(), list.b().end());
  if (list.type_size() > 0) {
    std::vector<std::string> types;
    for (const int type : list.type()) {
      refuse_quantised(static_cast<DataType>(type), name, place);
      types.push_back(name_of(static_cast<DataType>(type)));
    }
    return types;
  }
  if (list.shape_size() + list.tensor_size() + list.func_size() > 0)
    fail(place, "the attribute {} is a list of shapes, tensors or functions, which is not read", name);
  return std::vector<int64_t>(list.i().begin(), list.i().end());
}

std::optional<Attribute> Reader::attribute_of(const std::string& name, const AttrValue& value, bool keep_type,
                                              const std::string& place) {
  switch (value.value_case()) {
    case AttrValue::kS:
      return value.s();
    case AttrValue::kI:
      return value.i();
    case AttrValue::kF:
      return static_cast<double>(value.f());
    case AttrValue::kB:
      return static_cast<int64_t>(value.b());
    case AttrValue::kType:
      refuse_quantised(value.type(), name, place);
      if (is_number(value.type()) && !keep_type) return std::nullopt;
      return name_of(value.type());
    case AttrValue::kShape:
      return dims_of(value.shape());
    case AttrValue::kTensor:
      return tensors_.read(value.tensor(), fmt::format("{}: {}", place, name));
    case AttrValue::kList:
      return list_of(name, value.list(), place);
    default:
      fail(place, "the attribute {} is a function, or has no value", name);
  }
}

std::map<std::string, Attribute> Reader::attributes_of(const NodeDef& node, const std::string& place) {
  // A Const or a Placeholder that is still a node is one because of its type; its value could not be read.
  const bool keep_type = node.op() == "Cast" || node.op() == "Const" || node.op() == "Placeholder";
  std::map<std::string, Attribute> attributes;
  for (const auto& [name, value] : node.attr()) {
    if (name.starts_with('_') || (node.op() == "Const" && name == "value")) continue;
    std::optional<Attribute> attribute = attribute_of(shown(name), value, keep_type, place);
    if (attribute) attributes.emplace(name, *std::move(attribute));
  }
  return attributes;
}

void Reader::add_node(int number, const std::vector<Source>& sources) {
  const NodeDef& def = graph_->node(number);
  const int last = std::max(last_read_[static_cast<size_t>(number)], 0);
  outputs_ += static_cast<size_t>(last) + 1;
  if (outputs_ > kMaxOutputs) fail(path_, "its nodes have more than {} outputs", kMaxOutputs);
  source::Node node{def.name(), "tf." + def.op(), {}, {}, attributes_of(def, place_of(def, path_)), {}};
  for (const Source& source : sources) node.inputs.push_back(value_of(source));
  for (int output = 0; output <= last; ++output) node.outputs.push_back(value_of({number, output}));
  if (last_read_[static_cast<size_t>(number)] < 0) network_.outputs.push_back(def.name());
  network_.nodes.push_back(std::move(node));
}

void Reader::add(int number, const std::vector<Source>& sources) {
  const NodeDef& node = graph_->node(number);
  const std::string place = place_of(node, path_);
  const int last = last_read_[static_cast<size_t>(number)];
  if (changes_nothing(node.op())) return;
  const bool constant = node.op() == "Const", input = becomes_input(node);
  if (constant && last < 0) return;
  if ((constant || input) && last > 0) fail(place, "has one output, but output {} is read", last);
  if ((constant || input) && !sources.empty()) fail(place, "expected no inputs, got {}", sources.size());
  if (input) {
    network_.inputs.push_back(input_of(node));
    return;
  }
  const auto value = node.attr().find("value");
  if (!constant) return add_node(number, sources);
  if (value == node.attr().end() || !value->second.has_tensor()) fail(place, "holds no tensor");
  const TensorProto& tensor = value->second.tensor();
  refuse_quantised(tensor.dtype(), "value", place);
  if (!is_number(tensor.dtype())) return add_node(number, sources);
  network_.constants.emplace(node.name(), tensors_.read(tensor, place));
}

void Reader::note_what_is_left_out() {
  size_t control = 0, checks = 0;
  for (const NodeDef& node : graph_->node()) {
    if (changes_nothing(node.op())) ++checks;
    control += static_cast<size_t>(std::count_if(node.input().begin(), node.input().end(),
                                                 [](const std::string& input) { return input.starts_with('^'); }));
  }
  if (control > 0) network_.notes.push_back(fmt::format("left out {} control inputs", control));
  if (checks > 0) network_.notes.push_back(fmt::format("left out {} NoOp and Assert nodes", checks));
  if (graph_->library().function_size() > 0)
    network_.notes.push_back(
        fmt::format("left out {} functions that no node calls", graph_->library().function_size()));
}

source::Network Reader::read() {
  std::set<std::string> functions;
  for (const FunctionDef& function : graph_->library().function()) functions.insert(function.signature().name());
  for (const NodeDef& node : graph_->node()) check_op(node, functions);
  const std::vector<std::vector<Source>> sources = sources_of(*graph_, path_);
  find_readers(sources);
  network_.path = path_;
  network_.name = std::filesystem::path(path_).stem().string();
  network_.format = "TensorFlow GraphDef";
  if (graph_->versions().producer() > 0) network_.format += fmt::format(", producer {}", graph_->versions().producer());
  for (const int number : order_of(*graph_, sources, path_)) add(number, sources[static_cast<size_t>(number)]);
  note_what_is_left_out();
  check(network_);
  return std::move(network_);
}

// Protocol buffers spend far more memory on a small message than it takes in the file.
void check_node_count(std::span<const std::byte> bytes, const std::string& path) {
  constexpr int64_t kFewest = 7;  // bytes that a node with a name and an op takes
  if (static_cast<int64_t>(bytes.size()) / kFewest <= kMaxNodes) return;
  int nodes = 0;
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()),
                                                static_cast<int>(bytes.size()));
  while (const uint32_t tag = stream.ReadTag()) {
    if (!google::protobuf::internal::WireFormatLite::SkipField(&stream, tag)) return;  // the parser says more
    if (google::protobuf::internal::WireFormatLite::GetTagFieldNumber(tag) == 1 && ++nodes > kMaxNodes)
      fail(path, "has more than {} nodes", kMaxNodes);
  }
}

}  // namespace
}  // namespace tensorflow

bool is_graph_def(std::span<const std::byte> bytes) {
  constexpr uint32_t kFirst = 0x0A, kSecond = 0x12;  // fields 1 and 2, each a length and so many bytes
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()),
                                                static_cast<int>(std::min<size_t>(bytes.size(), size_t{1} << 16)));
  uint32_t length = 0, name_length = 0, op_length = 0;
  std::string op;
  if (stream.ReadTag() != kFirst || !stream.ReadVarint32(&length)) return false;
  if (stream.ReadTag() != kFirst || !stream.ReadVarint32(&name_length) || name_length == 0 || name_length > length)
    return false;
  if (!stream.Skip(static_cast<int>(name_length))) return false;
  if (stream.ReadTag() != kSecond || !stream.ReadVarint32(&op_length) || op_length == 0 || op_length > length)
    return false;
  constexpr uint32_t kLongestOp = 200;
  if (op_length > kLongestOp || !stream.ReadString(&op, static_cast<int>(op_length))) return false;
  return std::all_of(op.begin(), op.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '>' ||
           c == '.';
  });
}

bool is_graph_def(const std::string& path) { return is_graph_def(MappedFile::open(path)->bytes()); }

source::Network read_graph_def(std::span<const std::byte> bytes, const std::string& path) {
  const google::protobuf::LogSilencer silence;
  if (bytes.size() > INT_MAX) fail(path, "takes {} bytes; at most {} are read", bytes.size(), INT_MAX);
  tensorflow::check_node_count(bytes, path);
  auto graph = std::make_shared<tensorflow::GraphDef>();
  if (!graph->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    fail(path, "is not a valid TensorFlow graph: truncated, malformed or another format");
  if (graph->node_size() == 0) fail(path, "is not a valid TensorFlow graph: it has no nodes");
  graph->DiscardUnknownFields();
  return tensorflow::Reader(std::move(graph), path, bytes.size()).read();
}

source::Network read_graph_def(const std::string& path) {
  const auto file = MappedFile::open(path);
  source::Network network = read_graph_def(file->bytes(), path);
  file->let_go();
  return network;
}

}  // namespace phosphene
