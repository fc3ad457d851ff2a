#include "loaders/caffe/caffe.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <numeric>
#include <optional>

#include "layers/network/add.h"
#include "layers/network/concat.h"
#include "layers/network/linear.h"
#include "layers/network/lrn.h"
#include "layers/network/pooling.h"
#include "layers/network/softmax.h"
#include "loaders/caffe/caffe_files.h"
#include "loaders/caffe/caffe_network.h"
#include "loaders/caffe/raw_blob.h"
#include "runtime/error.h"
#include "runtime/problems/network.h"

namespace phosphene {
namespace caffe {
namespace {

constexpr int64_t kMaxSide = 1 << 16;     // of the input
constexpr int64_t kMaxWindow = 1 << 10;   // taps, strides, paddings
constexpr int64_t kMaxOutputs = 1 << 20;  // of a layer
constexpr int kMaxLayers = 10000;
using Repeated = google::protobuf::RepeatedField<uint32_t>;

class Importer {
 public:
  Importer(Model& model, const NetParameter& topology, const std::string& topology_path,
           std::shared_ptr<const NetParameter> weights, const std::string& weights_path);

  void import(const LayerParameter& layer);
  void check_all_blobs_used() const;
  static void check_type(const LayerParameter& layer, const std::string& path);

 private:
  using Translate = void (Importer::*)(const LayerParameter&);
  static const std::map<std::string, Translate>& translations();

  void input(const LayerParameter& layer);
  void convolution(const LayerParameter& layer);
  void inner_product(const LayerParameter& layer);
  void relu(const LayerParameter& layer);
  void pooling(const LayerParameter& layer);
  void lrn(const LayerParameter& layer);
  void concat(const LayerParameter& layer);
  void eltwise(const LayerParameter& layer);
  void softmax(const LayerParameter& layer);
  void batch_norm(const LayerParameter& layer);
  void scale(const LayerParameter& layer);
  void pass(const LayerParameter& layer) { network_.pass(layer); }

  // Appends the op that `build` returns. An error of its constructor gets the layer's name.
  void add(const LayerParameter& layer, const std::function<std::shared_ptr<const Op>()>& build);
  void set_input(const std::string& blob, const std::vector<int64_t>& dims);
  // The layer's trained numbers; throws unless there are as many as `shape` says.
  [[nodiscard]] Weights blob(const LayerParameter& layer, int index, std::vector<int64_t> shape);
  // dst[k] of a convolution becomes factor[k] * dst[k] + shift[k].
  void fold(const LayerParameter& layer, const std::vector<float>& factor, const std::vector<float>& shift);

  Model& model_;
  std::string topology_path_, weights_path_;
  std::shared_ptr<const NetParameter> weights_;
  std::map<std::string, const google::protobuf::RepeatedPtrField<BlobProto>*> blobs_;  // by layer
  std::map<std::string, int> used_;                                                    // how many blobs of a layer
  CaffeNetwork network_;
};

Importer::Importer(Model& model, const NetParameter& topology, const std::string& topology_path,
                   std::shared_ptr<const NetParameter> weights, const std::string& weights_path)
    : model_(model),
      topology_path_(topology_path),
      weights_path_(weights_path),
      weights_(std::move(weights)),
      network_(model, topology_path) {
  const auto keep = [&](const auto& layer) {
    if (layer.blobs_size() > 0 && !blobs_.emplace(layer.name(), &layer.blobs()).second)
      fail(fmt::format("{}: layer '{}'", weights_path_, layer.name()), "has weights twice");
  };
  for (const LayerParameter& layer : weights_->layer()) keep(layer);
  for (const V1LayerParameter& layer : weights_->layers()) keep(layer);
  if (topology.input_size() > 1)
    fail(topology_path_, "has {} inputs; expected a network with one input", topology.input_size());
  if (topology.input_size() == 0) return;  // an Input layer follows
  for (const LayerParameter& layer : topology.layer()) {
    if (layer.type() == "Input")
      fail(topology_path_, "has an input twice: 'input: \"{}\"' and the Input layer '{}'", topology.input(0),
           layer.name());
  }
  if (topology.input_shape_size() > 0)
    set_input(topology.input(0), {topology.input_shape(0).dim().begin(), topology.input_shape(0).dim().end()});
  else
    set_input(topology.input(0), {topology.input_dim().begin(), topology.input_dim().end()});
}

const std::map<std::string, Importer::Translate>& Importer::translations() {
  static const std::map<std::string, Translate> table = {{"BatchNorm", &Importer::batch_norm},
                                                         {"Concat", &Importer::concat},
                                                         {"Convolution", &Importer::convolution},
                                                         {"Dropout", &Importer::pass},
                                                         {"Eltwise", &Importer::eltwise},
                                                         {"InnerProduct", &Importer::inner_product},
                                                         {"Input", &Importer::input},
                                                         {"LRN", &Importer::lrn},
                                                         {"Pooling", &Importer::pooling},
                                                         {"ReLU", &Importer::relu},
                                                         {"Scale", &Importer::scale},
                                                         {"Softmax", &Importer::softmax},
                                                         {"Split", &Importer::pass}};
  return table;
}

// "ReLU" reads relu_param, "InnerProduct" inner_product_param: a layer with the parameters of another type means something else.
void check_parameters(const LayerParameter& layer, const std::string& where) {
  static const std::map<std::string, std::string> own = {{"BatchNorm", "batch_norm_param"},
                                                         {"Concat", "concat_param"},
                                                         {"Convolution", "convolution_param"},
                                                         {"Eltwise", "eltwise_param"},
                                                         {"InnerProduct", "inner_product_param"},
                                                         {"Input", "input_param"},
                                                         {"LRN", "lrn_param"},
                                                         {"Pooling", "pooling_param"},
                                                         {"ReLU", "relu_param"},
                                                         {"Scale", "scale_param"},
                                                         {"Softmax", "softmax_param"}};
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  LayerParameter::GetReflection()->ListFields(layer, &fields);
  const auto found = own.find(layer.type());
  for (const auto* field : fields) {
    const std::string& name = field->name();
    const bool fits =
        !name.ends_with("_param") || name == "transform_param" || (found != own.end() && found->second == name);
    if (!fits) fail(where, "is of type {} and has {}, the parameters of another type", layer.type(), name);
  }
}

void Importer::check_type(const LayerParameter& layer, const std::string& path) {
  if (translations().contains(layer.type()))
    return check_parameters(layer, fmt::format("{}: layer '{}'", path, layer.name()));
  std::vector<std::string> known;
  for (const auto& [type, translate] : translations()) known.push_back(type);
  fail(fmt::format("{}: layer '{}'", path, layer.name()),
       "has the type '{}', which is not supported; expected a deploy.prototxt for inference, with layers of {}",
       layer.type(), fmt::join(known, ", "));
}

void Importer::import(const LayerParameter& layer) { (this->*translations().at(layer.type()))(layer); }

void Importer::add(const LayerParameter& layer, const std::function<std::shared_ptr<const Op>()>& build) {
  network_.add(layer, at_place_if_none(network_.where(layer), build));
}

void Importer::set_input(const std::string& blob, const std::vector<int64_t>& dims) {
  if (dims.size() != 4) fail(topology_path_, "the input has {} dimensions; expected N C H W", dims.size());
  for (const int64_t dim : dims) {
    if (dim < 1 || dim > kMaxSide) fail(topology_path_, "the input has a side of {}", dim);
  }
  model_.channels = dims[1];
  model_.height = dims[2];
  model_.width = dims[3];
  network_.set_input(blob);
}

void Importer::input(const LayerParameter& layer) {
  if (layer.top_size() != 1 || layer.input_param().shape_size() != 1)
    fail(network_.where(layer), "expected an Input layer with one top and one shape");
  const BlobShape& shape = layer.input_param().shape(0);
  set_input(layer.top(0), {shape.dim().begin(), shape.dim().end()});
}

// The numbers as float32: kept by the message where they are that already.
Weights numbers_of(const BlobProto& stored, int64_t expected, const std::shared_ptr<const NetParameter>& owner,
                   const std::string& where) {
  if (stored.data_size() > 0) return {owner, stored.data().data(), {stored.data_size()}};
  std::vector<float> numbers;
  for (const double number : stored.double_data()) numbers.push_back(static_cast<float>(number));
  if (numbers.empty() && stored.has_raw_data())
    numbers = raw_numbers(stored.raw_data_type(), stored.raw_data(), expected, where);
  const auto count = std::ssize(numbers);
  return Weights::from(std::move(numbers), {count});
}

// The shape that a blob states, without leading ones; empty where it states none.
std::vector<int64_t> shape_of(const BlobProto& stored) {
  std::vector<int64_t> shape(stored.shape().dim().begin(), stored.shape().dim().end());
  if (!stored.has_shape() && stored.has_num())
    shape = {stored.num(), stored.channels(), stored.height(), stored.width()};
  const auto first = std::find_if(shape.begin(), shape.end(), [](int64_t dim) { return dim != 1; });
  return {first, shape.end()};
}

// An inner product's weights are stored flat: K x (C H W).
bool fits(const std::vector<int64_t>& stated, const std::vector<int64_t>& wanted) {
  std::vector<int64_t> plain(std::find_if(wanted.begin(), wanted.end(), [](int64_t dim) { return dim != 1; }),
                             wanted.end());
  if (stated.empty() || stated == plain) return true;
  const int64_t rest = std::accumulate(wanted.begin() + 1, wanted.end(), int64_t{1}, std::multiplies<>());
  return wanted.size() == 4 &&
         stated == (wanted[0] == 1 ? std::vector<int64_t>{rest} : std::vector<int64_t>{wanted[0], rest});
}

Weights Importer::blob(const LayerParameter& layer, int index, std::vector<int64_t> shape) {
  const std::string where = fmt::format("{}: layer '{}'", weights_path_, layer.name());
  const auto found = blobs_.find(layer.name());
  if (found == blobs_.end() || found->second->size() <= index)
    fail(where, "has no weights for this layer (blob {})", index);
  const BlobProto& stored = found->second->Get(index);
  const int64_t expected = Weights{{}, nullptr, shape}.elements();
  Weights weights = numbers_of(stored, expected, weights_, where);
  const int64_t count = weights.elements();
  weights.shape = std::move(shape);
  if (count != weights.elements() || !fits(shape_of(stored), weights.shape)) {
    fail(where,
         "blob {} holds {} numbers of shape [{}], but the topology asks for [{}]: the two files do not belong together",
         index, count, fmt::join(shape_of(stored), ", "), fmt::join(weights.shape, ", "));
  }
  const float* bad =
      std::find_if(weights.data, weights.data + count, [](float number) { return !std::isfinite(number); });
  if (bad != weights.data + count) fail(where, "blob {} holds {} at {}", index, *bad, bad - weights.data);
  used_[layer.name()] = std::max(used_[layer.name()], index + 1);
  return weights;
}

void Importer::check_all_blobs_used() const {
  for (const auto& [layer, used] : used_) {
    const int held = blobs_.at(layer)->size();
    if (held != used)
      fail(fmt::format("{}: layer '{}'", weights_path_, layer), "holds {} blobs, but the topology uses {}", held, used);
  }
}

// One of a window's settings, given once, once per axis, or as _h and _w.
struct Pair {
  int64_t h = 0, w = 0;
};
Pair per_axis(const std::string& where, const char* what, const Repeated& given, bool has_axes, uint32_t h, uint32_t w,
              int64_t otherwise, int64_t least) {
  Pair pair{otherwise, otherwise};
  if (has_axes)
    pair = {h, w};
  else if (given.size() == 1 || given.size() == 2)
    pair = {given[0], given[given.size() - 1]};
  else if (!given.empty())
    fail(where, "{} is given for {} axes; images have two", what, given.size());
  for (const int64_t size : {pair.h, pair.w}) {
    if (size < least || size > kMaxWindow) fail(where, "{} is {}; expected {} to {}", what, size, least, kMaxWindow);
  }
  return pair;
}

WindowAttributes window_of(const std::string& where, const ConvolutionParameter& p) {
  const Pair size = per_axis(where, "kernel_size", p.kernel_size(), p.has_kernel_h() || p.has_kernel_w(), p.kernel_h(),
                             p.kernel_w(), 0, 1);
  const Pair pad = per_axis(where, "pad", p.pad(), p.has_pad_h() || p.has_pad_w(), p.pad_h(), p.pad_w(), 0, 0);
  const Pair stride =
      per_axis(where, "stride", p.stride(), p.has_stride_h() || p.has_stride_w(), p.stride_h(), p.stride_w(), 1, 1);
  const Pair dilation = per_axis(where, "dilation", p.dilation(), false, 0, 0, 1, 1);
  return {.r = size.h,
          .s = size.w,
          .stride_h = stride.h,
          .stride_w = stride.w,
          .pad_top = pad.h,
          .pad_left = pad.w,
          .pad_bottom = pad.h,
          .pad_right = pad.w,
          .dilation_h = dilation.h,
          .dilation_w = dilation.w};
}

int64_t outputs_of(const std::string& where, uint32_t outputs) {
  if (outputs < 1 || outputs > kMaxOutputs) fail(where, "num_output is {}; expected 1 to {}", outputs, kMaxOutputs);
  return outputs;
}

void Importer::convolution(const LayerParameter& layer) {
  const std::string where = network_.where(layer);
  const ConvolutionParameter& p = layer.convolution_param();
  if (p.axis() != 1) fail(where, "a convolution along axis {} is not supported", p.axis());
  const WindowAttributes window = window_of(where, p);
  const int64_t k = outputs_of(where, p.num_output()), c = network_.source_shape(layer).c, groups = p.group();
  if (groups < 1 || c % groups != 0 || k % groups != 0)
    fail(where, "{} channels cannot become {} in {} groups", c, k, groups);
  add(layer, [&] {
    Weights weights = blob(layer, 0, {k, c / groups, window.r, window.s});
    return std::make_shared<Convolution>(window, groups, std::move(weights),
                                         p.bias_term() ? blob(layer, 1, {k}) : Weights{});
  });
}

void Importer::inner_product(const LayerParameter& layer) {
  const std::string where = network_.where(layer);
  const InnerProductParameter& p = layer.inner_product_param();
  if (p.axis() != 1 || p.transpose())
    fail(where, "an InnerProduct with axis {} or transposed weights is not supported", p.axis());
  const Shape src = network_.source_shape(layer);
  const int64_t k = outputs_of(where, p.num_output());
  add(layer, [&] {
    return std::make_shared<Linear>(blob(layer, 0, {k, src.c, src.h, src.w}),
                                    p.bias_term() ? blob(layer, 1, {k}) : Weights{});
  });
}

void Importer::relu(const LayerParameter& layer) {
  if (layer.relu_param().negative_slope() != 0)
    fail(network_.where(layer), "a leaky ReLU (slope {}) is not supported", layer.relu_param().negative_slope());
  network_.add_relu(layer);
}

void Importer::pooling(const LayerParameter& layer) {
  const std::string where = network_.where(layer);
  const PoolingParameter& p = layer.pooling_param();
  if (p.pool() == PoolingParameter::STOCHASTIC) fail(where, "stochastic pooling is not supported");
  const PoolingKind kind = p.pool() == PoolingParameter::MAX ? PoolingKind::max : PoolingKind::average;
  Repeated size, pad, stride;
  if (p.has_kernel_size()) size.Add(p.kernel_size());
  if (p.has_pad()) pad.Add(p.pad());
  if (p.has_stride()) stride.Add(p.stride());
  WindowAttributes window;
  bool global = p.global_pooling();
  if (!global) {
    const Pair taps =
        per_axis(where, "kernel_size", size, p.has_kernel_h() || p.has_kernel_w(), p.kernel_h(), p.kernel_w(), 0, 1);
    const Pair edge = per_axis(where, "pad", pad, p.has_pad_h() || p.has_pad_w(), p.pad_h(), p.pad_w(), 0, 0);
    const Pair step =
        per_axis(where, "stride", stride, p.has_stride_h() || p.has_stride_w(), p.stride_h(), p.stride_w(), 1, 1);
    window = {.r = taps.h,
              .s = taps.w,
              .stride_h = step.h,
              .stride_w = step.w,
              .pad_top = edge.h,
              .pad_left = edge.w,
              .pad_bottom = edge.h,
              .pad_right = edge.w,
              .ceil = p.round_mode() == PoolingParameter::CEIL};
    const Shape& src = network_.source_shape(layer);
    global = kind == PoolingKind::average && taps.h == src.h && taps.w == src.w && edge.h == 0 && edge.w == 0;
  }
  add(layer, [&] {
    return std::make_shared<Pooling>(kind, global ? WindowAttributes{} : window, PoolingDivisor::padded, global);
  });
}

void Importer::lrn(const LayerParameter& layer) {
  const std::string where = network_.where(layer);
  const LRNParameter& p = layer.lrn_param();
  if (p.norm_region() != LRNParameter::ACROSS_CHANNELS)
    fail(where, "LRN within a channel (WITHIN_CHANNEL) is not supported");
  if (p.local_size() % 2 != 1 || p.local_size() > kMaxWindow)
    fail(where, "local_size is {}; expected an odd number", p.local_size());
  const auto size = static_cast<int>(p.local_size());
  add(layer, [&] { return std::make_shared<Lrn>(size / 2, p.alpha() / static_cast<float>(size), p.beta(), p.k()); });
}

void Importer::concat(const LayerParameter& layer) {
  const ConcatParameter& p = layer.concat_param();
  const bool channels = p.has_concat_dim() ? p.concat_dim() == 1 : p.axis() == 1 || p.axis() == -3;
  if (!channels)
    fail(network_.where(layer), "a concat along axis {} is not supported, only along channels",
         p.has_concat_dim() ? static_cast<int>(p.concat_dim()) : p.axis());
  add(layer, [] { return std::make_shared<Concat>(); });
}

void Importer::eltwise(const LayerParameter& layer) {
  const EltwiseParameter& p = layer.eltwise_param();
  if (p.operation() != EltwiseParameter::SUM)
    fail(network_.where(layer), "Eltwise {} is not supported, only SUM",
         EltwiseParameter_EltwiseOp_Name(p.operation()));
  for (const float factor : p.coeff()) {
    if (factor != 1) fail(network_.where(layer), "Eltwise with the coefficient {} is not supported", factor);
  }
  add(layer, [] { return std::make_shared<Add>(); });
}

void Importer::softmax(const LayerParameter& layer) {
  const int axis = layer.softmax_param().axis();
  if (axis != 1 && axis != -3)
    fail(network_.where(layer), "a softmax along axis {} is not supported, only along channels", axis);
  add(layer, [] { return std::make_shared<Softmax>(); });
}

void Importer::batch_norm(const LayerParameter& layer) {
  const int64_t k = network_.source_shape(layer).c;
  const BatchNormParameter& p = layer.batch_norm_param();
  if (p.has_use_global_stats() && !p.use_global_stats())
    fail(network_.where(layer), "use_global_stats is false: it would normalise by the statistics of the batch");
  const Weights mean = blob(layer, 0, {k}), variance = blob(layer, 1, {k}), count = blob(layer, 2, {1});
  // The stored statistics are sums; as in Caffe, a count of 0 makes them 0.
  const float normalizer = count.data[0] == 0 ? 0 : 1 / count.data[0];
  std::vector<float> factor(static_cast<size_t>(k)), shift(factor.size());
  for (size_t i = 0; i < factor.size(); ++i) {
    const float spread = variance.data[i] * normalizer + p.eps();
    if (variance.data[i] * normalizer < 0 || spread <= 0)
      fail(network_.where(layer), "channel {} has a variance of {}", i, variance.data[i] * normalizer);
    factor[i] = 1 / std::sqrt(spread);
    shift[i] = -mean.data[i] * normalizer * factor[i];
  }
  fold(layer, factor, shift);
}

void Importer::scale(const LayerParameter& layer) {
  const ScaleParameter& p = layer.scale_param();
  if (p.axis() != 1 || p.num_axes() != 1)
    fail(network_.where(layer), "a Scale with axis {} and num_axes {} is not supported", p.axis(), p.num_axes());
  const int64_t k = network_.source_shape(layer).c;
  const Weights factor = blob(layer, 0, {k}), shift = p.bias_term() ? blob(layer, 1, {k}) : Weights{};
  std::vector<float> shifts(static_cast<size_t>(k));
  if (shift.data != nullptr) shifts.assign(shift.data, shift.data + k);
  fold(layer, {factor.data, factor.data + k}, shifts);
}

void Importer::fold(const LayerParameter& layer, const std::vector<float>& factor, const std::vector<float>& shift) {
  const Convolution& convolution = network_.folds_into(layer);
  const Weights& old = convolution.weights();
  const auto per_output = static_cast<size_t>(old.elements()) / factor.size();
  std::vector<float> weights(static_cast<size_t>(old.elements())), bias(factor.size());
  for (size_t k = 0; k < factor.size(); ++k) {
    for (size_t i = k * per_output; i < (k + 1) * per_output; ++i) weights[i] = factor[k] * old.data[i];
    bias[k] = (convolution.bias().data == nullptr ? 0 : factor[k] * convolution.bias().data[k]) + shift[k];
  }
  network_.fold(layer, std::make_shared<Convolution>(convolution.window(), convolution.groups(),
                                                     Weights::from(std::move(weights), old.shape),
                                                     Weights::from(std::move(bias), {old.shape[0]})));
}

NetParameter read_checked_topology(const std::string& path) {
  NetParameter topology = read_topology(path);
  if (topology.layer_size() > kMaxLayers)
    fail(path, "has {} layers; at most {} are read", topology.layer_size(), kMaxLayers);
  for (const LayerParameter& layer : topology.layer()) Importer::check_type(layer, path);
  return topology;
}

Preprocessing preprocessing_for(int64_t channels) {
  if (channels == 3) return {{255, 255, 255}, {104, 117, 123}, {2, 1, 0}};
  const auto count = static_cast<size_t>(channels);
  Preprocessing preprocessing{std::vector<float>(count, 255), std::vector<float>(count, 0), {}};
  for (int channel = 0; channel < channels; ++channel) preprocessing.order.push_back(channel);
  return preprocessing;
}

// Of a layer's transform_param: scale (v - mean), v in BGR and 0 to 255. Throws for what is none of that.
std::optional<Preprocessing> stated_preprocessing(const NetParameter& topology, int64_t channels,
                                                  const std::string& path) {
  for (const LayerParameter& layer : topology.layer()) {
    if (!layer.has_transform_param()) continue;
    const TransformationParameter& p = layer.transform_param();
    const std::string where = fmt::format("{}: layer '{}'", path, layer.name());
    if (p.has_mean_file())
      fail(where, "a mean_file is not read: give its means with --preprocessing, and leave it out here");
    if ((p.force_gray() && channels != 1) || (p.force_color() && channels != 3))
      fail(where, "transform_param does not fit {} channels", channels);
    if (p.mean_value_size() > 1 && p.mean_value_size() != channels)
      fail(where, "has {} mean values for {} channels", p.mean_value_size(), channels);
    Preprocessing preprocessing = preprocessing_for(channels);
    for (size_t c = 0; c < preprocessing.mean.size(); ++c) {
      const int at = p.mean_value_size() == 1 ? 0 : static_cast<int>(c);
      preprocessing.scale[c] = 255 * p.scale();
      preprocessing.mean[c] = p.mean_value_size() == 0 ? 0 : p.scale() * p.mean_value(at);
    }
    return preprocessing;
  }
  return std::nullopt;
}

// "mixed4a", as TensorFlow's copy of GoogLeNet calls it, and "4a" for "inception_4a/output".
void add_inception_aliases(Model& model) {
  constexpr std::string_view kFirst = "inception_", kLast = "/output";
  for (const Layer& layer : model.layers) {
    if (!layer.name.starts_with(kFirst) || !layer.name.ends_with(kLast)) continue;
    const std::string block = layer.name.substr(kFirst.size(), layer.name.size() - kFirst.size() - kLast.size());
    for (const std::string& alias : {"mixed" + block, block}) {
      if (!alias.empty() && model.find(alias) == nullptr) model.aliases.emplace(alias, layer.name);
    }
  }
}

}  // namespace
}  // namespace caffe

Model read_caffe(const std::string& weights_path, const std::string& topology_path) {
  const caffe::NetParameter topology = caffe::read_checked_topology(topology_path);
  Model model;
  model.name = std::filesystem::path(weights_path).stem().string();
  caffe::Importer importer(model, topology, topology_path, caffe::read_weights(weights_path), weights_path);
  for (const caffe::LayerParameter& layer : topology.layer()) importer.import(layer);
  if (model.layers.empty()) fail(topology_path, "has no layers except its input");
  importer.check_all_blobs_used();
  const std::optional<Preprocessing> stated = caffe::stated_preprocessing(topology, model.channels, topology_path);
  model.preprocessing = stated ? *stated : caffe::preprocessing_for(model.channels);
  model.preprocessing_source = stated ? "transform_param of the topology" : "assumed for a Caffe network";
  caffe::add_inception_aliases(model);
  return model;
}

void check_caffe_weights(const std::string& path) { caffe::read_weights(path); }

void check_caffe_topology(const std::string& path) { caffe::read_checked_topology(path); }

}  // namespace phosphene
