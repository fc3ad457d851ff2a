#include "loaders/caffe/caffe_files.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <climits>
#include <optional>
#include <regex>

#include "loaders/caffe/layer_types.h"
#include "loaders/caffe/net_state.h"
#include "loaders/caffe/old_layers.h"
#include "loaders/mapped_file.h"
#include "loaders/text_file.h"
#include "runtime/error.h"

namespace phosphene::caffe {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::TextFormat;

constexpr size_t kMaxTopologyBytes = size_t{8} << 20;
constexpr int kMaxNesting = 32;

// protobuf says errors, and warns of fields that it does not know.
struct Fault {
  int line = 0, column = 0;
  std::string message;
};
class Faults final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    errors.push_back({line, column, message});
  }
  void AddWarning(int line, int column, const std::string& message) override {
    unknown.push_back({line, column, message});
  }
  std::vector<Fault> errors, unknown;
};

// protobuf skips fields we do not know without counting how deep they nest, on the program's own stack.
void refuse_deep_nesting(const std::string& path, std::string_view text) {
  int depth = 0;
  for (const char c : text) {
    if (c == '{' || c == '<' || c == '[') ++depth;
    if (c == '}' || c == '>' || c == ']') --depth;
    if (depth > kMaxNesting) fail(path, "is not a Caffe topology: nested more than {} deep", kMaxNesting);
  }
}

// What is wrong, from what protobuf says of it: 'Message type "phosphene.caffe.PoolingParameter" has no field named "paad".' A name is proposed
// among those of the same message.
std::string in_words(const Fault& fault) {
  static const std::regex unknown("^Message type \"phosphene\\.caffe\\.(\\w+)\" has no field named \"(\\w+)\"\\.");
  const std::string place = fmt::format("line {}, column {}: ", fault.line + 1, fault.column + 1);
  std::smatch found;
  if (!std::regex_search(fault.message, found, unknown)) return "is not a Caffe topology: " + place + fault.message;
  std::vector<std::string> known;
  const auto* message = NetParameter::descriptor()->file()->FindMessageTypeByName(found[1].str());
  const bool of_layer =
      found[1].str().ends_with("LayerParameter");  // the parameters of another type are not a misspelling
  for (int i = 0; message != nullptr && !of_layer && i < message->field_count(); ++i)
    known.push_back(message->field(i)->name());
  return fmt::format("{}{} has no field '{}' that is supported{}", place, found[1].str(), found[2].str(),
                     suggestion(found[2].str(), known));
}

// The layer that a place in the text belongs to, by its index; nothing outside of layers.
std::optional<int> layer_at(const NetParameter& network, const TextFormat::ParseInfoTree& places, const Fault& fault) {
  std::optional<int> layer;
  std::pair<int, int> last{-1, -1};
  for (const auto& [name, count] : {std::pair("layer", network.layer_size()), {"layers", network.layers_size()}}) {
    for (int i = 0; i < count; ++i) {
      const TextFormat::ParseLocation place = places.GetLocation(NetParameter::descriptor()->FindFieldByName(name), i);
      const std::pair at(place.line, place.column);
      if (at > std::pair(fault.line, fault.column) || at < last) continue;
      last = at;
      layer = i;
    }
  }
  return layer;
}

// Whether nothing of what is computed depends on a field: its layer is not there at inference, or is of no type that is read. Where
// images come from is nobody's business, but what is done to them is.
bool is_harmless(const Fault& fault, const LayerParameter& layer, const NetParameter& network,
                 const std::string& path) {
  if (!is_there(layer, network.state(), path)) return true;
  return !is_computed(layer.type()) && layer.type() != "Input" &&
         fault.message.find("TransformationParameter") == std::string::npos;
}

// The first field of a message that is neither declared nor reserved, as "convolution_param: field 19".
std::string unknown_field(const Message& message) {
  const auto* reflection = message.GetReflection();
  const google::protobuf::UnknownFieldSet& unknown = reflection->GetUnknownFields(message);
  for (int i = 0; i < unknown.field_count(); ++i) {
    const int number = unknown.field(i).number();
    const FieldDescriptor* declared = message.GetDescriptor()->FindFieldByNumber(number);
    if (declared != nullptr) return fmt::format("{}: a value of another type, or an unknown word", declared->name());
    if (!message.GetDescriptor()->IsReservedNumber(number)) return fmt::format("field {}", number);
  }
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const bool of_network = message.GetDescriptor() == NetParameter::descriptor() && field->name().starts_with("layer");
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->name() == "blobs" || of_network) continue;
    const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      const std::string found = unknown_field(field->is_repeated() ? reflection->GetRepeatedMessage(message, field, i)
                                                                   : reflection->GetMessage(message, field));
      if (!found.empty()) return fmt::format("{}: {}", field->name(), found);
    }
  }
  return "";
}

}  // namespace

NetParameter read_topology(const std::string& path) {
  const google::protobuf::LogSilencer silence;
  const std::string topology = read_text(path, kMaxTopologyBytes, OtherEncodings::allowed);
  refuse_deep_nesting(path, topology);
  google::protobuf::io::ArrayInputStream text(topology.data(), static_cast<int>(topology.size()));
  Faults faults;
  TextFormat::ParseInfoTree places;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&faults);
  parser.WriteLocationsTo(&places);
  parser.AllowUnknownField(true);
  NetParameter written;
  if (!parser.Parse(&text, &written)) fail(path, "{}", in_words(faults.errors.empty() ? Fault{} : faults.errors[0]));
  NetParameter network = in_todays_form(written, path);
  const bool alike = network.layer_size() == std::max(written.layer_size(), written.layers_size());
  for (const Fault& fault : faults.unknown) {
    const std::optional<int> layer = layer_at(written, places, fault);
    if (!layer || !alike || !is_harmless(fault, network.layer(*layer), network, path))
      fail(path, "{}", in_words(fault));
  }
  if (network.layer_size() == 0) fail(path, "is not a Caffe topology: it has no layers");
  return network;
}

NetParameter topology_of(const NetParameter& weights, const std::string& path) {
  NetParameter network = in_todays_form(weights, path);
  const auto check = [&](const Message& layer, const std::string& name, const std::string& type) {
    const std::string unknown = is_computed(type) ? unknown_field(layer) : "";
    if (!unknown.empty()) fail(place_of(path, name), "has {}, which is not known", unknown);
  };
  for (const LayerParameter& layer : weights.layer()) check(layer, layer.name(), layer.type());
  for (const V1LayerParameter& layer : weights.layers()) check(layer, layer.name(), type_of(layer));
  if (const std::string unknown = unknown_field(weights); !unknown.empty())
    fail(path, "has {}, which is not known", unknown);
  for (const LayerParameter& layer : network.layer()) {
    if (layer.pooling_param().has_round_mode())
      fail(place_of(path, layer.name()),
           "has a rounding of one of two kinds: round_mode, or ceil_mode of other Caffes, which share a number");
  }
  return network;
}

std::shared_ptr<NetParameter> read_weights(const std::string& path) {
  const google::protobuf::LogSilencer silence;
  const auto file = MappedFile::open(path);
  if (file->bytes().size() > INT_MAX) fail(path, "takes {} bytes; at most {} are read", file->bytes().size(), INT_MAX);
  auto network = std::make_shared<NetParameter>();
  if (!network->ParseFromArray(file->bytes().data(), static_cast<int>(file->bytes().size())))
    fail(path, "is not a valid Caffe network: truncated, malformed or another format");
  if (network->layer_size() + network->layers_size() == 0) fail(path, "is not a valid Caffe network: it has no layers");
  return network;
}

}  // namespace phosphene::caffe
