// A network whose file holds its tensors alone, built as its author's code builds it: each call appends what one module computes, under the
// module's name, with the tensors that stand under that name. Every tensor must be used, or finish() refuses it.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "loaders/source/network.h"
#include "loaders/state_dict/state_dict.h"

namespace phosphene::architectures {

// A value is called as the module that makes it.
using Value = std::string;

constexpr int64_t kSame = -1;  // a padding of half the window, rounded down

struct Convolve {
  int64_t stride = 1;
  int64_t padding = kSame;
  bool bias = false;
  const char* suffix = "";  // behind the module's name, to make the value's
  bool same =
      false;  // TensorFlow's SAME instead: it depends on the size, and the odd pixel goes to the bottom and right
};

struct Pool {
  int64_t size = 3, stride = 2, padding = 0;
  bool ceil = false;
  bool counts_padding = true;  // in the divisor of averages
};

class Modules {
 public:
  // `side`: of the images that the network was trained with. How many channels they have, the first convolution tells.
  Modules(const StateDict& dict, std::string name, int64_t side = 224);

  // The value that all begins with: an image, prepared.
  [[nodiscard]] Value input() const { return "input"; }

  [[nodiscard]] bool has(const std::string& tensor) const { return dict_.find(tensor) != nullptr; }
  // Throws if the file has no tensor of this name.
  [[nodiscard]] const std::vector<int64_t>& dims(const std::string& tensor) const;
  [[nodiscard]] int64_t channels(const Value& value) const { return channels_.at(value); }

  // MODULE.weight (K x C/groups x R x S, which also says the groups) and, if it has one, MODULE.bias.
  Value conv(const Value& src, const std::string& module, const Convolve& how = {});
  // BatchNorm2d, in evaluation. `name`: of the value, where the module gives what an activation makes of it.
  Value norm(const Value& src, const std::string& module, double epsilon = 1e-5, const std::string& name = "");
  Value layer_norm(const Value& src, const std::string& module, double epsilon);  // over channels at each position
  Value linear(const Value& src, const std::string& module);     // of the flattened value; with a bias if it has one
  Value pointwise(const Value& src, const std::string& module);  // Linear at each position, with a bias
  Value scale(const Value& src, const std::string& name, const std::string& tensor);  // times a number for each channel

  Value relu(const Value& src, const std::string& name) { return node("Relu", {src}, name); }
  Value relu6(const Value& src, const std::string& name);
  Value prelu(const Value& src, const std::string& module);  // PReLU: one slope, or one for each channel
  Value softmax(const Value& src, const std::string& name) {
    return node("Softmax", {src}, name, {{"axis", int64_t{1}}});
  }
  // Any other activation: ONNX's name of it.
  Value activation(const std::string& op, const Value& src, const std::string& name) { return node(op, {src}, name); }
  Value hard_sigmoid(const Value& src, const std::string& name);  // PyTorch's: x / 6 + 1/2

  Value max_pool(const Value& src, const std::string& name, const Pool& pool);
  Value average_pool(const Value& src, const std::string& name, const Pool& pool);
  Value global_average(const Value& src, const std::string& name) { return node("GlobalAveragePool", {src}, name); }
  Value adaptive_average(const Value& src, const std::string& name, int64_t side);

  Value add(const Value& a, const Value& b, const std::string& name) { return node("Add", {a, b}, name); }
  Value multiply(const Value& a, const Value& b, const std::string& name) { return node("Mul", {a, b}, name); }
  Value concat(const std::vector<Value>& values, const std::string& name);
  Value first_half(const Value& src, const std::string& name) { return half(src, name, true); }
  Value second_half(const Value& src, const std::string& name) { return half(src, name, false); }
  Value shuffle(const Value& src, const std::string& name, int64_t groups);  // ShuffleNet's channel shuffle
  Value transpose(const Value& src, const std::string& name, std::vector<int64_t> order) {
    return node("Transpose", {src}, name, {{"perm", std::move(order)}});
  }

  // Squeeze and excitation: MODULE.fc1 and MODULE.fc2, or what else they are called, are 1x1 convolutions with biases.
  Value squeeze_excite(const Value& src, const std::string& module, const std::string& inner, const std::string& gate,
                       const std::pair<const char*, const char*>& names = {"fc1", "fc2"});

  // How its images are prepared, by a name of known_preprocessing.h, and who says so: "as torchvision trained resnet50", which with
  // imagenet is what holds without this call.
  void prepared_as(const std::string& preprocessing, const std::string& why = "");
  void prepared_as(Preprocessing preprocessing, const std::string& why);

  // Heads that are left out, such as "aux1.".
  void leave_out(const std::string& prefix);

  // Whether the linear layers of a network's own head are there, and nothing else under the name `root`. Where there is something else, of
  // which nobody knows how it follows, it is left out, and the answer is no: the trunk is a network too.
  [[nodiscard]] bool has_head(const std::vector<std::string>& modules, const std::string& root);

  // The network; throws when a tensor was not used, naming it.
  source::Network finish(const Value& result);
  // The usual end: the average over all positions as POOL and the linear layer HEAD, which is all there is under `root` (HEAD itself where
  // it is ""); or the trunk alone.
  source::Network finish(const Value& trunk, const std::string& pool, const std::string& head,
                         const std::string& root = "");

 private:
  source::Constant constant(const std::string& tensor);
  std::string stored(const std::string& tensor);
  std::string stored(const std::string& name, source::Constant constant);
  Value node(const std::string& op, std::vector<std::string> inputs, const std::string& name,
             std::map<std::string, source::Attribute> attributes = {});
  Value half(const Value& src, const std::string& name, bool first);
  Value append_convolution(const Value& src, const std::string& module, const Convolve& how,
                           const std::vector<int64_t>& dims);

  const StateDict& dict_;
  source::Network network_;
  std::set<std::string, std::less<>> used_;
  std::optional<source::StatedPreprocessing> prepared_;
  std::map<Value, int64_t> channels_;
};

}  // namespace phosphene::architectures
