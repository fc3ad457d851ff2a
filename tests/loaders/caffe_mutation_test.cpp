// A topology with one field changed: refused, or read as what it now says.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <random>
#include <sstream>

#include "loaders/caffe/layer_types.h"
#include "loaders/model_file.h"
#include "tests/loaders/small_caffe.h"

namespace phosphene::testing {
namespace caffe_mutation_test {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::TextFormat;

// One field on each line: those lines are changed.
const std::string kTopology = R"(
layer {
  name: "data"
  type: "Input"
  top: "data"
  transform_param {
    scale: 0.5
    mean_value: 1
    mean_value: 2
    mean_value: 3
    force_color: true
  }
  input_param { shape {
    dim: 1
    dim: 3
    dim: 12
    dim: 10
  } }
}
layer {
  name: "c"
  type: "Convolution"
  bottom: "data"
  top: "c"
  convolution_param {
    num_output: 4
    bias_term: true
    pad: 1
    kernel_size: 3
    stride: 1
    dilation: 1
    group: 1
    axis: 1
    engine: CAFFE
  }
}
layer {
  name: "bn"
  type: "BatchNorm"
  bottom: "c"
  top: "bn"
  batch_norm_param {
    use_global_stats: true
    eps: 0.001
  }
}
layer {
  name: "sc"
  type: "Scale"
  bottom: "bn"
  top: "bn"
  scale_param {
    axis: 1
    num_axes: 1
    bias_term: true
  }
}
layer {
  name: "r"
  type: "ReLU"
  bottom: "bn"
  top: "bn"
  relu_param {
    negative_slope: 0.25
  }
}
layer {
  name: "n"
  type: "LRN"
  bottom: "bn"
  top: "n"
  lrn_param {
    local_size: 3
    alpha: 0.5
    beta: 0.5
    k: 2
    norm_region: ACROSS_CHANNELS
  }
}
layer {
  name: "d"
  type: "Deconvolution"
  bottom: "n"
  top: "d"
  convolution_param {
    num_output: 4
    bias_term: false
    kernel_h: 2
    kernel_w: 2
    stride_h: 2
    stride_w: 2
    group: 4
  }
}
layer {
  name: "p"
  type: "Pooling"
  bottom: "d"
  top: "p"
  pooling_param {
    pool: AVE
    kernel_size: 3
    stride: 2
    pad: 1
    round_mode: FLOOR
    global_pooling: false
  }
}
layer {
  name: "sl"
  type: "Slice"
  bottom: "p"
  top: "s1"
  top: "s2"
  slice_param {
    axis: 1
    slice_point: 2
  }
}
layer {
  name: "el"
  type: "Eltwise"
  bottom: "s1"
  bottom: "s2"
  top: "el"
  eltwise_param {
    operation: SUM
    coeff: 0.5
    coeff: 2
  }
}
layer {
  name: "po"
  type: "Power"
  bottom: "el"
  top: "po"
  power_param {
    power: 2
    scale: 0.5
    shift: 1
  }
}
layer {
  name: "elu"
  type: "ELU"
  bottom: "po"
  top: "elu"
  elu_param {
    alpha: 0.5
  }
}
layer {
  name: "cl"
  type: "Clip"
  bottom: "elu"
  top: "cl"
  clip_param {
    min: -1
    max: 3
  }
}
layer {
  name: "fl"
  type: "Flatten"
  bottom: "cl"
  top: "fl"
  flatten_param {
    axis: 1
    end_axis: -1
  }
}
layer {
  name: "re"
  type: "Reshape"
  bottom: "fl"
  top: "re"
  reshape_param {
    axis: 1
    num_axes: 1
    shape {
      dim: 2
      dim: 12
      dim: 10
    }
  }
}
layer {
  name: "fc"
  type: "InnerProduct"
  bottom: "re"
  top: "fc"
  inner_product_param {
    num_output: 3
    bias_term: false
    axis: 1
    transpose: false
  }
}
layer {
  name: "sm"
  type: "Softmax"
  bottom: "fc"
  top: "sm"
  softmax_param {
    axis: 1
  }
}
)";

std::string blob(int64_t count) {
  std::string numbers;
  for (int64_t i = 0; i < count; ++i) numbers += fmt::format("{}{}", i == 0 ? "" : ", ", i % 7 + 1);
  return "blobs { data: [" + numbers + "] } ";
}

const std::string kWeights = "layer { name: 'c' " + blob(108) + blob(4) + "} layer { name: 'bn' " + blob(4) + blob(4) +
                             blob(1) + "} layer { name: 'sc' " + blob(4) + blob(4) + "} layer { name: 'd' " + blob(16) +
                             "} layer { name: 'fc' " + blob(3 * 240) + "}";

// ---- mutants

struct Mutant {
  std::string what, text;
  bool renamed = false;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class Mutants {
 public:
  explicit Mutants(uint32_t seed) : random_(seed), lines_(lines_of(kTopology)) {
    for (size_t i = 0; i < lines_.size(); ++i) {
      if (lines_[i].find(": ") != std::string::npos) fields_.push_back(i);
    }
  }

  Mutant next() {
    std::vector<std::string> lines = lines_;
    std::string& line = lines[fields_[below(fields_.size())]];
    const size_t colon = line.find(": "), name = line.find_first_not_of(' ');
    const std::string before = line;
    const size_t kind = below(4);
    if (kind == 0) {
      line = "";
    } else if (kind == 1) {
      line = below(2) == 0 ? line.substr(0, colon) + "x" + line.substr(colon) : line.erase(name, 1);
    } else if (kind == 2) {
      line += "\n" + (below(2) == 0 ? line : line.substr(0, colon) + ": " + value());
    } else {
      line = line.substr(0, colon) + ": " + value();
    }
    std::string text;
    for (const std::string& one : lines) text += one + "\n";
    return {before + " -> " + line, text, kind == 1};
  }

 private:
  size_t below(size_t limit) { return static_cast<size_t>(random_()) % limit; }
  std::string value() {
    const std::vector<std::string> values = {"'text'",     "WORD", "-1", "1.5", "true",
                                             "4294967296", "0",    "7",  "2",   "1e30"};
    return values[below(values.size())];
  }

  std::mt19937 random_;
  std::vector<std::string> lines_;
  std::vector<size_t> fields_;
};

// ---- the right twin: the same topology with every default written out, as caffe.proto has them, and windows by their axes

void write_defaults(Message& message, const std::vector<std::string>& but) {
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    const auto* reflection = message.GetReflection();
    const bool left = field->is_repeated() || !field->has_default_value() || reflection->HasField(message, field) ||
                      std::find(but.begin(), but.end(), field->name()) != but.end();
    if (left) continue;
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        reflection->SetBool(&message, field, field->default_value_bool());
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        reflection->SetInt32(&message, field, field->default_value_int32());
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        reflection->SetUInt32(&message, field, field->default_value_uint32());
        break;
      case FieldDescriptor::CPPTYPE_FLOAT:
        reflection->SetFloat(&message, field, field->default_value_float());
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        reflection->SetEnum(&message, field, field->default_value_enum());
        break;
      default:
        break;
    }
  }
}

// Of a list of one or two: both axes. Others are left as they are, to be refused.
template <class List>
void write_axes(List& list, uint32_t otherwise, const std::function<void(uint32_t, uint32_t)>& write) {
  if (list.size() > 2) return;
  const uint32_t rows = list.empty() ? otherwise : list[0], columns = list.empty() ? otherwise : list[list.size() - 1];
  list.Clear();
  write(rows, columns);
}

void write_axes(caffe::ConvolutionParameter& p) {
  if (!p.has_kernel_h() && !p.has_kernel_w() && p.kernel_size_size() > 0)
    write_axes(*p.mutable_kernel_size(), 0, [&](uint32_t h, uint32_t w) {
      p.set_kernel_h(h);
      p.set_kernel_w(w);
    });
  if (!p.has_pad_h() && !p.has_pad_w())
    write_axes(*p.mutable_pad(), 0, [&](uint32_t h, uint32_t w) {
      p.set_pad_h(h);
      p.set_pad_w(w);
    });
  if (!p.has_stride_h() && !p.has_stride_w())
    write_axes(*p.mutable_stride(), 1, [&](uint32_t h, uint32_t w) {
      p.set_stride_h(h);
      p.set_stride_w(w);
    });
  if (p.dilation_size() < 2) {
    const uint32_t dilation = p.dilation_size() == 0 ? 1 : p.dilation(0);
    p.clear_dilation();
    p.add_dilation(dilation);
    p.add_dilation(dilation);
  }
}

void write_axes(caffe::PoolingParameter& p) {
  if (p.global_pooling()) return;
  if (p.has_kernel_size() && !p.has_kernel_h()) {
    p.set_kernel_h(p.kernel_size());
    p.set_kernel_w(p.kernel_size());
    p.clear_kernel_size();
  }
  p.set_pad_h(p.pad());
  p.set_pad_w(p.pad());
  p.clear_pad();
  p.set_stride_h(p.stride());
  p.set_stride_w(p.stride());
  p.clear_stride();
}

// Nothing where the text does not fit caffe.proto.
std::optional<std::string> right_twin(const std::string& text) {
  const google::protobuf::LogSilencer silence;
  caffe::NetParameter network;
  if (!TextFormat::ParseFromString(text, &network)) return std::nullopt;
  for (caffe::LayerParameter& layer : *network.mutable_layer()) {
    const FieldDescriptor* own =
        layer.GetDescriptor()->FindFieldByName(std::string(caffe::parameters_of(layer.type())));
    if (layer.has_transform_param()) write_defaults(*layer.mutable_transform_param(), {"mean_file"});
    if (own == nullptr) continue;
    write_defaults(*layer.GetReflection()->MutableMessage(&layer, own),
                   {"concat_dim", "slice_dim", "pad", "pad_h", "pad_w", "stride"});
    if (layer.has_convolution_param()) write_axes(*layer.mutable_convolution_param());
    if (layer.has_pooling_param()) write_axes(*layer.mutable_pooling_param());
  }
  std::string twin;
  TextFormat::PrintToString(network, &twin);
  return twin;
}

// ---- the test

class CaffeMutation : public ::testing::Test {
 protected:
  // What is read of a topology, or the fault that it is refused for.
  struct Result {
    std::string model, fault;
  };
  Result read(const std::string& topology) {
    try {
      save_model(files_.read(topology, kWeights), files_.folder().file("model.safetensors"));
      return {contents_of(files_.folder().file("model.safetensors")), ""};
    } catch (const Error& error) {
      EXPECT_EQ(error.blame(), Blame::user) << error.what();
      return {"", error.what()};
    }
  }
  CaffeFiles files_;
};

TEST_F(CaffeMutation, NeverReadsWhatIsNotSaid) {
  constexpr int kMutants = 500;
  const Result whole = read(kTopology);
  ASSERT_EQ(whole.fault, "");
  EXPECT_EQ(read(*right_twin(kTopology)).model, whole.model);
  Mutants mutants(2026);
  int accepted = 0, others = 0;
  for (int i = 0; i < kMutants; ++i) {
    const Mutant mutant = mutants.next();
    SCOPED_TRACE(mutant.what);
    const Result result = read(mutant.text);
    const std::optional<std::string> twin = right_twin(mutant.text);
    if (!twin) {
      EXPECT_NE(result.fault, "") << "does not fit caffe.proto";
      continue;
    }
    const Result right = read(*twin);
    EXPECT_EQ(result.model.empty(), right.model.empty()) << result.fault << "\n" << right.fault;
    EXPECT_TRUE(result.model == right.model) << "another result";
    EXPECT_TRUE(!mutant.renamed || !result.fault.empty()) << "a field of another name was read over";
    accepted += result.model.empty() ? 0 : 1;
    others += result.model.empty() || result.model == whole.model ? 0 : 1;
  }
  // Far from all and far from none, so that both ways are tried.
  EXPECT_GT(accepted, kMutants / 10);
  EXPECT_LT(accepted, kMutants / 2);
  EXPECT_GT(others, kMutants / 25) << "defaults and other values that change the network";
}

// What has no default may not be missing.
TEST_F(CaffeMutation, NoneOfTheseMayBeMissing) {
  const std::vector<std::string> lines = lines_of(kTopology);
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string field = lines[i].substr(0, lines[i].find(':'));
    const size_t name = field.find_first_not_of(' ');
    const bool needed =
        name != std::string::npos &&
        (field.substr(name) == "type" || field.substr(name) == "bottom" || field.substr(name) == "top" ||
         field.substr(name) == "num_output" || field.substr(name).starts_with("kernel") ||
         field.substr(name) == "dim" || field.substr(name) == "min" || field.substr(name) == "max");
    if (!needed) continue;
    std::string text;
    for (size_t j = 0; j < lines.size(); ++j) text += j == i ? "\n" : lines[j] + "\n";
    EXPECT_NE(read(text).fault, "") << "line " << i + 1 << ": " << lines[i];
  }
}

}  // namespace
}  // namespace caffe_mutation_test
}  // namespace phosphene::testing
