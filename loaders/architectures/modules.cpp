#include "loaders/architectures/modules.h"

#include <algorithm>

#include "loaders/known_preprocessing.h"
#include "runtime/error.h"

namespace phosphene::architectures {

using source::Attribute;
using source::Constant;
using Integers = std::vector<int64_t>;

Modules::Modules(const StateDict& dict, std::string name, int64_t side) : dict_(dict) {
  network_.path = dict.path;
  network_.name = std::move(name);
  network_.format = network_.name + ", by the names of its tensors";
  network_.inputs = {{input(), {1, 3, side, side}}};
  network_.file = dict.file;
}

const std::vector<int64_t>& Modules::dims(const std::string& tensor) const { return dict_.at(tensor).dims; }

Constant Modules::constant(const std::string& tensor) {
  const StateTensor& found = dict_.at(tensor);
  used_.insert(tensor);
  Constant constant;
  constant.dims = found.dims;
  constant.numbers = found.weights();
  return constant;
}

std::string Modules::stored(const std::string& name, Constant constant) {
  network_.constants[name] = std::move(constant);
  return name;
}

std::string Modules::stored(const std::string& tensor) { return stored(tensor, constant(tensor)); }

Value Modules::node(const std::string& op, std::vector<std::string> inputs, const std::string& name,
                    std::map<std::string, Attribute> attributes) {
  if (!channels_.contains(name)) channels_[name] = channels_.at(inputs.front());
  network_.nodes.push_back({name, op, std::move(inputs), {name}, std::move(attributes), ""});
  return name;
}

Value Modules::append_convolution(const Value& src, const std::string& module, const Convolve& how,
                                  const Integers& dims) {
  if (dims.size() != 4)
    fail(network_.path, "tensor '{}.weight' has shape [{}]; expected four dimensions", module, fmt::join(dims, ", "));
  if (!channels_.contains(input()) && src == input()) channels_[input()] = network_.inputs[0].dims[1] = dims[1];
  if (dims[1] < 1 || channels(src) % dims[1] != 0 || dims[0] % (channels(src) / dims[1]) != 0)
    fail(network_.path, "tensor '{}.weight' has shape [{}], but {} channels come in", module, fmt::join(dims, ", "),
         channels(src));
  const int64_t rows = how.padding == kSame ? (dims[2] - 1) / 2 : how.padding,
                columns = how.padding == kSame ? (dims[3] - 1) / 2 : how.padding;
  Constant weights = constant(module + ".weight");
  weights.dims = weights.numbers.shape = dims;
  std::vector<std::string> inputs{src, stored(module + ".weight", std::move(weights))};
  if (how.bias) inputs.push_back(stored(module + ".bias"));
  const Value name = module + how.suffix;
  channels_[name] = dims[0];
  std::map<std::string, Attribute> attributes = {{"kernel_shape", Integers{dims[2], dims[3]}},
                                                 {"strides", Integers{how.stride, how.stride}},
                                                 {"group", channels(src) / dims[1]}};
  if (how.same)
    attributes["auto_pad"] = std::string("SAME_UPPER");
  else
    attributes["pads"] = Integers{rows, columns, rows, columns};
  return node("Conv", std::move(inputs), name, std::move(attributes));
}

Value Modules::conv(const Value& src, const std::string& module, const Convolve& how) {
  return append_convolution(src, module, how, dims(module + ".weight"));
}

Value Modules::pointwise(const Value& src, const std::string& module) {
  Integers shape = dims(module + ".weight");
  if (shape.size() != 2)
    fail(network_.path, "tensor '{}.weight' has shape [{}]; expected two dimensions", module, fmt::join(shape, ", "));
  shape.insert(shape.end(), {1, 1});
  return append_convolution(src, module, {.padding = 0, .bias = true}, shape);
}

Value Modules::norm(const Value& src, const std::string& module, double epsilon, const std::string& name) {
  if (has(module + ".num_batches_tracked")) used_.insert(module + ".num_batches_tracked");
  return node("BatchNormalization",
              {src, stored(module + ".weight"), stored(module + ".bias"), stored(module + ".running_mean"),
               stored(module + ".running_var")},
              name.empty() ? module : name, {{"epsilon", epsilon}});
}

Value Modules::layer_norm(const Value& src, const std::string& module, double epsilon) {
  const Value last = node("Transpose", {src}, module + ".in", {{"perm", Integers{0, 2, 3, 1}}});
  const Value normal = node("LayerNormalization", {last, stored(module + ".weight"), stored(module + ".bias")}, module,
                            {{"epsilon", epsilon}});
  return node("Transpose", {normal}, module + ".out", {{"perm", Integers{0, 3, 1, 2}}});
}

Value Modules::linear(const Value& src, const std::string& module) {
  const Value flat = node("Flatten", {src}, module + ".in");
  channels_[module] = dims(module + ".weight").at(0);
  std::vector<std::string> inputs{flat, stored(module + ".weight")};
  if (has(module + ".bias")) inputs.push_back(stored(module + ".bias"));
  return node("Gemm", std::move(inputs), module, {{"transB", int64_t{1}}});
}

Value Modules::scale(const Value& src, const std::string& name, const std::string& tensor) {
  Constant factors = constant(tensor);
  if (factors.elements() != channels(src))
    fail(network_.path, "tensor '{}' has shape [{}]; expected one number for each of {} channels", tensor,
         fmt::join(factors.dims, ", "), channels(src));
  factors.dims = factors.numbers.shape = {channels(src), 1, 1};
  return node("Mul", {src, stored(tensor, std::move(factors))}, name);
}

Value Modules::relu6(const Value& src, const std::string& name) {
  return node("Clip",
              {src, stored("clip.low", Constant::of(std::vector<float>{0}, {})),
               stored("clip.high", Constant::of(std::vector<float>{6}, {}))},
              name);
}

Value Modules::prelu(const Value& src, const std::string& module) {
  return node("PRelu", {src, stored(module + ".weight")}, module, {{"slope_axis", int64_t{1}}});
}

Value Modules::hard_sigmoid(const Value& src, const std::string& name) {
  return node("HardSigmoid", {src}, name, {{"alpha", 1. / 6}, {"beta", 0.5}});
}

Value Modules::max_pool(const Value& src, const std::string& name, const Pool& pool) {
  return node("MaxPool", {src}, name,
              {{"kernel_shape", Integers{pool.size, pool.size}},
               {"strides", Integers{pool.stride, pool.stride}},
               {"pads", Integers(4, pool.padding)},
               {"ceil_mode", int64_t{pool.ceil}}});
}

Value Modules::average_pool(const Value& src, const std::string& name, const Pool& pool) {
  return node("AveragePool", {src}, name,
              {{"kernel_shape", Integers{pool.size, pool.size}},
               {"strides", Integers{pool.stride, pool.stride}},
               {"pads", Integers(4, pool.padding)},
               {"ceil_mode", int64_t{pool.ceil}},
               {"count_include_pad", int64_t{pool.counts_padding}}});
}

Value Modules::adaptive_average(const Value& src, const std::string& name, int64_t side) {
  return node("torch.AdaptiveAvgPool2d", {src}, name, {{"output_size", Integers{side, side}}});
}

Value Modules::concat(const std::vector<Value>& values, const std::string& name) {
  int64_t sum = 0;
  for (const Value& value : values) sum += channels(value);
  channels_[name] = sum;
  return node("Concat", values, name, {{"axis", int64_t{1}}});
}

Value Modules::half(const Value& src, const std::string& name, bool first) {
  const int64_t all = channels(src), count = all / 2;
  if (all % 2 != 0) fail(network_.path, "'{}' takes half of {} channels", name, all);
  channels_[name] = count;
  const auto integers = [&](const char* what, int64_t number) {
    return stored(name + what, Constant::of(Integers{number}, {1}));
  };
  return node("Slice",
              {src, integers(".begin", first ? 0 : count), integers(".end", first ? count : all), integers(".axis", 1)},
              name);
}

Value Modules::shuffle(const Value& src, const std::string& name, int64_t groups) {
  return node("torch.ChannelShuffle", {src}, name, {{"groups", groups}});
}

Value Modules::squeeze_excite(const Value& src, const std::string& module, const std::string& inner,
                              const std::string& gate, const std::pair<const char*, const char*>& names) {
  Value x = global_average(src, module + ".avgpool");
  x = conv(x, fmt::format("{}.{}", module, names.first), {.bias = true});
  x = activation(inner, x, module + ".activation");
  x = conv(x, fmt::format("{}.{}", module, names.second), {.bias = true});
  x = gate == "HardSigmoid" ? hard_sigmoid(x, module + ".scale_activation")
                            : activation(gate, x, module + ".scale_activation");
  return multiply(src, x, module + ".mul");
}

void Modules::leave_out(const std::string& prefix) {
  size_t count = 0;
  for (const StateTensor& tensor : dict_.tensors) {
    if (!tensor.name.starts_with(prefix)) continue;
    used_.insert(tensor.name);
    ++count;
  }
  if (count > 0)
    network_.notes.push_back(
        fmt::format("{} tensors of '{}' are left out: a head that is used in training alone", count, prefix));
}

bool Modules::has_head(const std::vector<std::string>& modules, const std::string& root) {
  bool whole = std::all_of(modules.begin(), modules.end(), [&](const std::string& module) {
    return has(module + ".weight") && dims(module + ".weight").size() == 2;
  });
  std::vector<std::string> tensors;
  for (const StateTensor& tensor : dict_.tensors) {
    if (!tensor.name.starts_with(root + ".")) continue;
    const std::string module = tensor.name.substr(0, tensor.name.rfind('.'));
    whole = whole && std::find(modules.begin(), modules.end(), module) != modules.end();
    // Convolutions there show another network, whose trunk may differ too (a segmentation's has no strides): finish() refuses them.
    if (tensor.dims.size() > 2) return false;
    tensors.push_back(tensor.name);
  }
  if (whole || tensors.empty()) return whole;
  used_.insert(tensors.begin(), tensors.end());
  network_.notes.push_back(
      fmt::format("the trunk alone is read: '{}' and {} others belong to a head that is not {}'s own", tensors[0],
                  tensors.size() - 1, network_.name));
  return false;
}

void Modules::prepared_as(const std::string& preprocessing, const std::string& why) {
  std::optional<Preprocessing> known = known_preprocessing(preprocessing, network_.inputs[0].dims[1]);
  if (known)
    prepared_as(std::move(*known), why.empty() ? fmt::format("as torchvision trained {}", network_.name) : why);
}

void Modules::prepared_as(Preprocessing preprocessing, const std::string& why) {
  prepared_ = {std::move(preprocessing), why};
}

source::Network Modules::finish(const Value& trunk, const std::string& pool, const std::string& head,
                                const std::string& root) {
  const bool whole = has_head({head}, root.empty() ? head : root);
  return finish(whole ? linear(global_average(trunk, pool), head) : trunk);
}

source::Network Modules::finish(const Value& result) {
  std::vector<std::string> unused;
  for (const StateTensor& tensor : dict_.tensors) {
    if (!used_.contains(tensor.name)) unused.push_back(tensor.name);
  }
  if (!unused.empty())
    fail(network_.path, "{} has no tensor '{}'{}", network_.name, unused[0],
         unused.size() == 1 ? "" : fmt::format(", nor {} others of the file", unused.size() - 1));
  network_.outputs = {result};
  if (!prepared_) prepared_as("imagenet");
  network_.preprocessing = std::move(prepared_);
  return std::move(network_);
}

}  // namespace phosphene::architectures
