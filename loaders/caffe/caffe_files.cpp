#include "loaders/caffe/caffe_files.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/text_format.h>

#include <climits>
#include <map>
#include <regex>

#include "loaders/caffe/harmless_fields.h"
#include "loaders/caffe/net_state.h"
#include "loaders/mapped_file.h"
#include "loaders/text_file.h"
#include "runtime/error.h"

namespace phosphene::caffe {
namespace {

constexpr size_t kMaxTopologyBytes = size_t{8} << 20;
constexpr int kMaxNesting = 32;

class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (text.empty()) text = fmt::format("line {}, column {}: {}", line + 1, column + 1, message);
  }
  std::string text;
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

const std::string& type_of(const V1LayerParameter& layer) {
  using V1 = V1LayerParameter;
  static const std::map<int, std::string> names = {{V1::CONCAT, "Concat"},
                                                   {V1::CONVOLUTION, "Convolution"},
                                                   {V1::DROPOUT, "Dropout"},
                                                   {V1::ELTWISE, "Eltwise"},
                                                   {V1::INNER_PRODUCT, "InnerProduct"},
                                                   {V1::LRN, "LRN"},
                                                   {V1::POOLING, "Pooling"},
                                                   {V1::RELU, "ReLU"},
                                                   {V1::SOFTMAX, "Softmax"},
                                                   {V1::SPLIT, "Split"}};
  const auto found = names.find(layer.type());
  return found != names.end() ? found->second : V1LayerParameter_LayerType_Name(layer.type());
}

LayerParameter upgraded(const V1LayerParameter& old) {
  LayerParameter layer;
  layer.set_name(old.name());
  layer.set_type(type_of(old));
  *layer.mutable_bottom() = old.bottom();
  *layer.mutable_top() = old.top();
  *layer.mutable_include() = old.include();
  *layer.mutable_exclude() = old.exclude();
  if (old.has_concat_param()) *layer.mutable_concat_param() = old.concat_param();
  if (old.has_convolution_param()) *layer.mutable_convolution_param() = old.convolution_param();
  if (old.has_inner_product_param()) *layer.mutable_inner_product_param() = old.inner_product_param();
  if (old.has_lrn_param()) *layer.mutable_lrn_param() = old.lrn_param();
  if (old.has_pooling_param()) *layer.mutable_pooling_param() = old.pooling_param();
  if (old.has_eltwise_param()) *layer.mutable_eltwise_param() = old.eltwise_param();
  if (old.has_relu_param()) *layer.mutable_relu_param() = old.relu_param();
  if (old.has_softmax_param()) *layer.mutable_softmax_param() = old.softmax_param();
  return layer;
}

// What is wrong, from what protobuf says of it: 'Message type "phosphene.caffe.PoolingParameter" has no field named "paad".' A name is proposed
// among those of the same message.
std::string fault_of(const std::string& error) {
  static const std::regex unknown(
      "^(line \\d+, column \\d+: )Message type \"phosphene\\.caffe\\.(\\w+)\" has no field named \"(\\w+)\"\\.");
  std::smatch found;
  if (!std::regex_search(error, found, unknown)) return "is not a Caffe topology: " + error;
  std::vector<std::string> known;
  const auto* message = NetParameter::descriptor()->file()->FindMessageTypeByName(found[2].str());
  const bool of_layer =
      found[2].str().ends_with("LayerParameter");  // the parameters of another type are not a misspelling
  for (int i = 0; message != nullptr && !of_layer && i < message->field_count(); ++i)
    known.push_back(message->field(i)->name());
  return fmt::format("{}{} has no field '{}' that is supported{}", found[1].str(), found[2].str(), found[3].str(),
                     suggestion(found[3].str(), known));
}

int length_of(const std::string& path, std::span<const std::byte> bytes, size_t limit) {
  if (bytes.size() > limit) fail(path, "takes {} bytes; at most {} are read", bytes.size(), limit);
  return static_cast<int>(bytes.size());
}

}  // namespace

NetParameter read_topology(const std::string& path) {
  const google::protobuf::LogSilencer silence;
  const std::string topology = read_text(path, kMaxTopologyBytes, OtherEncodings::allowed);
  refuse_deep_nesting(path, topology);
  const std::string deciding = without_harmless_fields(topology);
  google::protobuf::io::ArrayInputStream text(deciding.data(), static_cast<int>(deciding.size()));
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  NetParameter network;
  if (!parser.Parse(&text, &network)) fail(path, "{}", fault_of(error.text));
  if (network.layer_size() > 0 && network.layers_size() > 0) fail(path, "mixes old 'layers' with new 'layer'");
  for (const V1LayerParameter& layer : network.layers()) *network.add_layer() = upgraded(layer);
  network.clear_layers();
  if (network.layer_size() == 0) fail(path, "is not a Caffe topology: it has no layers");
  network = for_inference(network, path);
  if (network.layer_size() == 0) fail(path, "has no layers for inference: all are for training, or for a stage");
  return network;
}

std::shared_ptr<const NetParameter> read_weights(const std::string& path) {
  const google::protobuf::LogSilencer silence;
  const auto file = MappedFile::open(path);
  const int length = length_of(path, file->bytes(), INT_MAX);
  auto network = std::make_shared<NetParameter>();
  if (!network->ParseFromArray(file->bytes().data(), length)) {
    fail(path, "is not a valid Caffe network: truncated, malformed or another format");
  }
  if (network->layer_size() + network->layers_size() == 0) fail(path, "is not a valid Caffe network: it has no layers");
  network->DiscardUnknownFields();
  return network;
}

}  // namespace phosphene::caffe
