#include "tests/reference/network.h"

#include <stdexcept>

#include "layers/network/activation.h"
#include "layers/network/add.h"
#include "layers/network/binary.h"
#include "layers/network/channel_affine.h"
#include "layers/network/concat.h"
#include "layers/network/convolution.h"
#include "layers/network/group_norm.h"
#include "layers/network/layer_norm.h"
#include "layers/network/linear.h"
#include "layers/network/lrn.h"
#include "layers/network/pooling.h"
#include "layers/network/prelu.h"
#include "layers/network/relu.h"
#include "layers/network/softmax.h"
#include "layers/network/transposed_convolution.h"
#include "runtime/problems/network.h"
#include "tests/reference/activation_ops.h"
#include "tests/reference/arithmetic_ops.h"

namespace phosphene::reference {
namespace {

WindowAttributes window_of(const Pooling& op, const Shape& src) {
  if (op.global()) return {.r = src.h, .s = src.w};
  return op.window();
}

LrnAttributes attributes_of(const Lrn& op) { return {op.radius(), op.alpha(), op.beta(), op.k()}; }

Tensor forward(const Op& any, const std::vector<Tensor>& src) {
  const Tensor& x = src.front();
  if (const auto* op = dynamic_cast<const Convolution*>(&any)) {
    return convolution(x, op->window(), op->groups(), op->weights(), op->bias());
  }
  if (const auto* op = dynamic_cast<const TransposedConvolution*>(&any)) {
    return transposed_convolution(x, op->window(), op->weights(), op->groups(), op->bias(), op->output_padding());
  }
  if (const auto* op = dynamic_cast<const Linear*>(&any)) return linear(x, op->weights(), op->bias());
  if (const auto* op = dynamic_cast<const Pooling*>(&any)) {
    const WindowAttributes window = window_of(*op, x.shape);
    return op->pooling_kind() == PoolingKind::max ? max_pooling(x, window) : average_pooling(x, window, op->divisor());
  }
  if (const auto* op = dynamic_cast<const Lrn*>(&any)) return lrn(x, attributes_of(*op));
  if (dynamic_cast<const Relu*>(&any) != nullptr) return relu(x);
  if (const auto* op = dynamic_cast<const Activation*>(&any)) return activation(x, op->function());
  if (const auto* op = dynamic_cast<const PRelu*>(&any)) return prelu(x, op->slopes());
  if (dynamic_cast<const Concat*>(&any) != nullptr) return concat(src);
  if (dynamic_cast<const Add*>(&any) != nullptr) return add(src);
  if (dynamic_cast<const Softmax*>(&any) != nullptr) return softmax(x);
  if (const auto* op = dynamic_cast<const Binary*>(&any)) return binary(op->operation(), x, src.at(1));
  if (const auto* op = dynamic_cast<const ChannelAffine*>(&any)) return channel_affine(x, op->factor(), op->shift());
  if (const auto* op = dynamic_cast<const LayerNorm*>(&any))
    return layer_norm(x, op->epsilon(), op->factor(), op->shift());
  if (const auto* op = dynamic_cast<const GroupNorm*>(&any))
    return group_norm(x, op->groups(), op->epsilon(), op->factor(), op->shift());
  throw std::logic_error("no naive loops for " + std::string(any.kind()));
}

std::vector<Tensor> backward(const Op& any, const Tensor& grad_dst, const std::vector<Tensor>& src) {
  const Tensor& x = src.front();
  if (const auto* op = dynamic_cast<const Convolution*>(&any)) {
    return {convolution_backward(grad_dst, x.shape, op->window(), op->groups(), op->weights())};
  }
  if (const auto* op = dynamic_cast<const TransposedConvolution*>(&any)) {
    return {transposed_convolution_backward(grad_dst, x.shape, op->window(), op->weights(), op->groups())};
  }
  if (const auto* op = dynamic_cast<const Linear*>(&any)) return {linear_backward(grad_dst, x.shape, op->weights())};
  if (const auto* op = dynamic_cast<const Pooling*>(&any)) {
    const WindowAttributes window = window_of(*op, x.shape);
    if (op->pooling_kind() == PoolingKind::max) return {max_pooling_backward(grad_dst, x, window)};
    return {average_pooling_backward(grad_dst, x.shape, window, op->divisor())};
  }
  if (const auto* op = dynamic_cast<const Lrn*>(&any)) return {lrn_backward(grad_dst, x, attributes_of(*op))};
  if (dynamic_cast<const Relu*>(&any) != nullptr) return {relu_backward(grad_dst, x)};
  if (const auto* op = dynamic_cast<const Activation*>(&any)) return {activation_backward(grad_dst, x, op->function())};
  if (const auto* op = dynamic_cast<const PRelu*>(&any)) return {prelu_backward(grad_dst, x, op->slopes())};
  if (dynamic_cast<const Concat*>(&any) != nullptr) {
    std::vector<Shape> shapes;
    for (const Tensor& one : src) shapes.push_back(one.shape);
    return concat_backward(grad_dst, shapes);
  }
  if (dynamic_cast<const Add*>(&any) != nullptr) return std::vector<Tensor>(src.size(), grad_dst);
  if (dynamic_cast<const Softmax*>(&any) != nullptr) return {softmax_backward(grad_dst, x)};
  if (const auto* op = dynamic_cast<const Binary*>(&any))
    return binary_backward(op->operation(), grad_dst, x, src.at(1));
  if (const auto* op = dynamic_cast<const ChannelAffine*>(&any))
    return {channel_affine(grad_dst, op->factor(), Weights{})};
  if (const auto* op = dynamic_cast<const LayerNorm*>(&any))
    return {layer_norm_backward(grad_dst, x, op->epsilon(), op->factor())};
  if (const auto* op = dynamic_cast<const GroupNorm*>(&any))
    return {group_norm_backward(grad_dst, x, op->groups(), op->epsilon(), op->factor())};
  throw std::logic_error("no naive loops for " + std::string(any.kind()));
}

}  // namespace

NaiveNetwork::NaiveNetwork(const Model& model, Tensor input) : model_(model) {
  values_.emplace(Model::kInput, std::move(input));
}

const Tensor& NaiveNetwork::value(const std::string& name) { return evaluate(model_.resolve(name)); }

// A layer of the model, or the concat of what stood before the ReLUs that a concat joins.
Layer NaiveNetwork::layer(const std::string& canonical) const {
  if (const Layer* found = model_.find(canonical)) return *found;
  Layer before_relu = *model_.find(canonical.substr(0, canonical.find(":pre")));
  before_relu.name = canonical;
  for (std::string& input : before_relu.inputs) input = model_.resolve(input + ":pre");
  return before_relu;
}

std::vector<Tensor> NaiveNetwork::sources(const Layer& layer) const {
  std::vector<Tensor> src;
  for (const std::string& input : layer.inputs) src.push_back(values_.at(input));
  return src;
}

const Tensor& NaiveNetwork::evaluate(const std::string& canonical) {
  if (const auto found = values_.find(canonical); found != values_.end()) return found->second;
  const Layer wanted = layer(canonical);
  for (const std::string& input : wanted.inputs) evaluate(input);
  evaluated_.push_back(wanted);
  return values_.emplace(canonical, forward(*wanted.op, sources(wanted))).first->second;
}

Tensor NaiveNetwork::input_gradient(const std::string& name, const Tensor& cotangent) {
  value(name);
  std::map<std::string, Tensor> gradients;
  gradients.emplace(model_.resolve(name), cotangent);
  for (size_t i = evaluated_.size(); i-- > 0;) {
    const Layer& at = evaluated_[i];
    const auto found = gradients.find(at.name);
    if (found == gradients.end()) continue;
    const std::vector<Tensor> parts = backward(*at.op, found->second, sources(at));
    for (size_t s = 0; s < parts.size(); ++s) {
      const auto [sum, first] = gradients.emplace(at.inputs[s], parts[s]);
      if (!first) sum->second = add({sum->second, parts[s]});
    }
  }
  return gradients.at(Model::kInput);
}

}  // namespace phosphene::reference
