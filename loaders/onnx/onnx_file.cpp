#include "loaders/onnx/onnx_file.h"

#include <google/protobuf/stubs/logging.h>
#include <loaders/onnx/onnx.pb.h>

#include <climits>
#include <filesystem>
#include <set>

#include "loaders/onnx/onnx_node.h"
#include "loaders/onnx/onnx_opset.h"
#include "loaders/onnx/onnx_order.h"
#include "loaders/onnx/onnx_tensor.h"
#include "loaders/onnx/onnx_wire.h"
#include "runtime/error.h"

namespace phosphene {
namespace onnx {
namespace {

// Of GraphProto and TensorProto.
constexpr uint32_t kGraphField = ModelProto::kGraphFieldNumber, kInitializerField = GraphProto::kInitializerFieldNumber,
                   kRawDataField = TensorProto::kRawDataFieldNumber;

// Pages of the file are given back after this many bytes.
constexpr size_t kMostTouched = size_t{16} << 20;

struct Initializer {
  TensorProto tensor;  // without raw_data
  std::optional<Bytes> raw;
};

class Reader {
 public:
  Reader(const std::string& path, std::span<const std::byte> bytes, std::shared_ptr<const MappedFile> file)
      : bytes_(bytes), file_(std::move(file)), tensors_(path) {
    network_.path = path;
  }

  source::Network read() {
    if (bytes_.size() > INT_MAX) fail(path(), "takes {} bytes; at most {} are read", bytes_.size(), INT_MAX);
    check_wire(path(), bytes_, *ModelProto::descriptor());
    parse();
    read_heading();
    read_inputs();
    read_nodes();
    read_initializers();
    sort_nodes(network_);
    for (source::Node& node : network_.nodes) upgrade(network_, node, opset_, names_);
    drop_unread();
    source::check(network_);
    if (file_ != nullptr) file_->let_go();
    if (network_.file != nullptr) network_.file->let_go();
    return std::move(network_);
  }

 private:
  [[nodiscard]] const std::string& path() const { return network_.path; }

  // All but the numbers of initializers, which may be most of the file, goes into `model_`.
  void parse() {
    bool has_graph = false;
    Fields fields(bytes_);
    while (const auto field = fields.next()) {
      if (field->number != kGraphField) {
        merge(model_, field->whole);
        continue;
      }
      has_graph = true;
      Fields parts(field->payload);
      while (const auto part = parts.next()) {
        if (part->number == kInitializerField)
          parse_initializer(part->payload);
        else
          merge(*model_.mutable_graph(), part->whole);
      }
    }
    if (!has_graph) fail(path(), "holds no graph: no ONNX network, or only a part of one");
  }

  void parse_initializer(std::span<const std::byte> bytes) {
    Initializer initializer;
    Fields fields(bytes);
    while (const auto field = fields.next()) {
      if (field->number == kRawDataField)
        initializer.raw = Bytes{field->payload, file_};
      else
        merge(initializer.tensor, field->whole);
    }
    const std::string name = initializer.tensor.name();
    if (name.empty()) fail(path(), "an initializer has no name");
    if (!initializers_.emplace(name, std::move(initializer)).second)
      fail(path(), "two initializers are called '{}'", name);
  }

  void merge(google::protobuf::Message& message, std::span<const std::byte> field) {
    google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(field.data()),
                                                  static_cast<int>(field.size()));
    if (!message.MergeFromCodedStream(&stream) || !stream.ConsumedEntireMessage())
      fail(path(), "a {} is damaged: no ONNX file, or a broken one", message.GetDescriptor()->name());
    touched_ += field.size();
    if (file_ == nullptr || touched_ < kMostTouched) return;
    file_->let_go();
    touched_ = 0;
  }

  void read_heading() {
    network_.name = std::filesystem::path(path()).stem().string();
    read_opset();
    network_.format = fmt::format("ONNX, opset {}", opset_);
    if (!model_.producer_name().empty()) network_.format += ", by " + model_.producer_name();
    if (!model_.producer_name().empty() && !model_.producer_version().empty())
      network_.format += " " + model_.producer_version();
    for (const StringStringEntryProto& entry : model_.metadata_props()) {
      if (!entry.key().starts_with("Image.")) continue;
      network_.notes.push_back(fmt::format("the file says {} = {}, which is not used", entry.key(),
                                           is_readable(entry.value()) ? entry.value().substr(0, 80) : "bytes"));
    }
    if (model_.training_info_size() > 0) network_.notes.emplace_back("what the file says for training is skipped");
    if (model_.graph().quantization_annotation_size() > 0)
      fail(path(), "is quantised: it has a quantization_annotation, which is not supported");
    if (model_.graph().sparse_initializer_size() > 0)
      fail(path(), "has a sparse_initializer, which is not supported: store it as a dense one");
  }

  void read_opset() {
    std::set<std::string> domains;
    for (const OperatorSetIdProto& opset : model_.opset_import()) {
      const std::string domain = is_onnx_domain(opset.domain()) ? "" : opset.domain();
      if (!domains.insert(domain).second) fail(path(), "says the opset of the domain '{}' twice", opset.domain());
      if (domain.empty()) opset_ = opset.version();
    }
    if (!domains.contains("")) fail(path(), "does not say its opset");
    if (opset_ < kFirstOpset || opset_ > kLastOpset)
      fail(path(), "is of opset {}; expected {} to {}", opset_, kFirstOpset, kLastOpset);
    for (const FunctionProto& function : model_.functions()) {
      if (is_onnx_domain(function.domain()))
        fail(path(), "defines the function '{}' in ONNX's own domain, which is not supported", function.name());
    }
  }

  void read_inputs() {
    for (const ValueInfoProto& value : model_.graph().input()) {
      if (value.name().empty()) fail(path(), "an input has no name");
      if (!inputs_.insert(value.name()).second) fail(path(), "has two inputs called '{}'", value.name());
      if (!initializers_.contains(value.name())) network_.inputs.push_back(input_of(value));
    }
    std::set<std::string> outputs;
    for (const ValueInfoProto& value : model_.graph().output()) {
      if (value.name().empty()) fail(path(), "an output has no name");
      if (!outputs.insert(value.name()).second) fail(path(), "has two outputs called '{}'", value.name());
      network_.outputs.push_back(value.name());
    }
    if (network_.outputs.empty()) fail(path(), "has no outputs");
  }

  [[nodiscard]] source::Input input_of(const ValueInfoProto& value) const {
    const std::string place = fmt::format("{}: input '{}'", path(), value.name());
    const TypeProto& type = value.type();
    if (type.has_sequence_type() || type.has_map_type() || type.has_optional_type() || type.has_sparse_tensor_type() ||
        type.has_opaque_type() || !type.has_tensor_type())
      fail(place, "expected a dense tensor");
    if (!is_floating(type.tensor_type().elem_type()))
      fail(place, "is of {}; expected FLOAT", type_name(type.tensor_type().elem_type()));
    if (!type.tensor_type().has_shape()) fail(place, "has no shape");
    source::Input input{value.name(), {}};
    for (const TensorShapeProto::Dimension& dim : type.tensor_type().shape().dim()) {
      if (dim.has_dim_value() && dim.has_dim_param()) fail(place, "has a dimension with both a value and a name");
      input.dims.push_back(std::max<int64_t>(dim.dim_value(), 0));
    }
    return input;
  }

  void read_nodes() {
    names_ = inputs_;
    for (const auto& [name, initializer] : initializers_) names_.insert(name);
    for (NodeProto& proto : *model_.mutable_graph()->mutable_node()) {
      if (!is_onnx_domain(proto.domain())) refuse_function(proto);
      source::Node node = read_node(network_, proto, tensors_);
      for (const std::string& output : node.outputs) {
        if (!output.empty() && !names_.insert(output).second)
          fail(source::place_of(network_, node), "writes '{}', a name that another value has", output);
      }
      if (node.op == "Constant")
        network_.constants.emplace(node.outputs.front(), constant_of(network_, node));
      else
        network_.nodes.push_back(std::move(node));
    }
    if (network_.nodes.empty()) fail(path(), "has no nodes");
  }

  void refuse_function(const NodeProto& node) const {
    for (const FunctionProto& function : model_.functions()) {
      if (function.domain() == node.domain() && function.name() == node.op_type())
        fail(fmt::format("{}: node '{}'", path(), node.name()),
             "the op '{}' of domain '{}' is a function of the file, which is not supported: export the network without "
             "functions",
             node.op_type(), node.domain());
    }
  }

  [[nodiscard]] std::set<std::string> values_read() const {
    std::set<std::string> read(network_.outputs.begin(), network_.outputs.end());
    for (const source::Node& node : network_.nodes) read.insert(node.inputs.begin(), node.inputs.end());
    return read;
  }

  void read_initializers() {
    const std::set<std::string> read = values_read();
    std::vector<std::string> unread;
    for (auto& [name, initializer] : initializers_) {
      if (!read.contains(name)) {
        unread.push_back(name);
        continue;
      }
      network_.constants.emplace(name, tensors_.read(initializer.tensor, fmt::format("initializer '{}'", name),
                                                     initializer.raw ? &*initializer.raw : nullptr));
    }
    initializers_.clear();
    network_.files = tensors_.external_paths();
    network_.file = tensors_.external_file() != nullptr ? tensors_.external_file() : file_;
    if (!unread.empty())
      network_.notes.push_back(fmt::format("{} initializer{} that no node reads {} skipped: '{}'{}", unread.size(),
                                           unread.size() == 1 ? "" : "s", unread.size() == 1 ? "is" : "are",
                                           unread.front(), unread.size() == 1 ? "" : " and others"));
  }

  // Constants that are attributes now.
  void drop_unread() {
    const std::set<std::string> read = values_read();
    std::erase_if(network_.constants, [&](const auto& constant) { return !read.contains(constant.first); });
  }

  source::Network network_;
  std::span<const std::byte> bytes_;
  std::shared_ptr<const MappedFile> file_;
  Tensors tensors_;
  ModelProto model_;
  std::map<std::string, Initializer> initializers_;
  std::set<std::string> inputs_;  // names, those of initializers too
  std::set<std::string> names_;   // of all values
  int64_t opset_ = 0;
  size_t touched_ = 0;
};

}  // namespace
}  // namespace onnx

bool is_onnx(std::span<const std::byte> bytes) {
  onnx::Fields fields(bytes);
  bool told = false;  // a field that other formats have no such field for
  while (const auto field = fields.next()) {
    const auto* known = onnx::ModelProto::descriptor()->FindFieldByNumber(static_cast<int>(field->number));
    if (known == nullptr) return false;
    const bool is_number = known->type() == google::protobuf::FieldDescriptor::TYPE_INT64;
    if (field->wire_type != (is_number ? 0U : 2U)) return false;
    told = told || field->number == onnx::ModelProto::kIrVersionFieldNumber || field->number == onnx::kGraphField;
  }
  return told && (!fields.broken() || fields.cut());
}

bool is_onnx(const std::string& path) { return is_onnx(MappedFile::open(path)->bytes()); }

source::Network read_onnx(std::span<const std::byte> bytes, const std::string& path) {
  const google::protobuf::LogSilencer silence;
  return onnx::Reader(path, bytes, nullptr).read();
}

source::Network read_onnx(const std::string& path) {
  const google::protobuf::LogSilencer silence;
  const auto file = MappedFile::open(path);
  return onnx::Reader(path, file->bytes(), file).read();
}

}  // namespace phosphene
