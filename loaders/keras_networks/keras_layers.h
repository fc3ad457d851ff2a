// A network whose Keras file holds its weights alone, built as keras.applications builds it: each call appends what one layer computes, under
// the layer's name, with the weights that stand under that name. All weights must be used, or finish() refuses them.
#pragma once

#include <array>
#include <set>
#include <string>
#include <vector>

#include "loaders/keras/keras_file.h"
#include "loaders/source/network.h"

namespace phosphene::keras_networks {

// A value is called as the layer that makes it.
using Value = std::string;

struct Window {
  int64_t stride = 1;
  bool same = true;  // TensorFlow's SAME; else no padding
};

// Rows and columns of zeros: at the top, bottom, left and right.
using Zeros = std::array<int64_t, 4>;
constexpr Zeros zeros(int64_t each) { return {each, each, each, each}; }

class Layers {
 public:
  // `side`: of the images that it was trained with.
  Layers(KerasWeights& weights, const std::string& path, const std::string& name, int64_t side);

  [[nodiscard]] Value input() const { return "input"; }
  [[nodiscard]] bool has(const std::string& layer) const { return weights_.find(layer) != nullptr; }

  Value conv(const Value& src, const std::string& layer, const Window& window = {});  // with a bias if it has one
  Value depthwise(const Value& src, const std::string& layer, const Window& window = {});
  Value separable(const Value& src, const std::string& layer);
  // BatchNormalization; without a scale it has no gamma.
  Value norm(const Value& src, const std::string& layer, double epsilon, bool scale = true);
  Value dense(const Value& src, const std::string& layer);  // and softmax

  Value relu(const Value& src, const std::string& layer);
  Value relu6(const Value& src, const std::string& layer);
  Value softmax(const Value& src, const std::string& layer);
  Value pad(const Value& src, const std::string& layer, const Zeros& zeros);
  Value max_pool(const Value& src, const std::string& layer, int64_t size, const Window& window);
  Value average_pool(const Value& src, const std::string& layer, int64_t size, const Window& window);
  Value global_average(const Value& src, const std::string& layer, bool keeps_dimensions = false);
  Value add(const Value& a, const Value& b, const std::string& layer);
  Value concat(const std::vector<Value>& values, const std::string& layer);

  // The preprocessing by its name in known_preprocessing.h; "caffe" with keras.applications' own means.
  void prepared_as(const std::string& preprocessing) { preprocessing_ = preprocessing; }

  // The network; throws when weights were not used, naming the layer.
  source::Network finish(const Value& result);
  // The usual end: the average over all positions and the layer `head`, if it is there.
  source::Network finish(const Value& trunk, const std::string& pool, const std::string& head);

 private:
  Value node(const std::string& op, std::vector<std::string> inputs, const std::string& layer,
             std::map<std::string, source::Attribute> attributes = {});
  // Its weights as constants behind `src`; there must be `least` to `most` of them.
  std::vector<std::string> with_weights(const Value& src, const std::string& layer, size_t least, size_t most);
  Value windowed(const std::string& op, const Value& src, const std::string& layer, const Window& window,
                 size_t kernels);

  KerasWeights& weights_;
  source::Network network_;
  std::set<std::string> used_;
  std::string preprocessing_ = "caffe";
};

}  // namespace phosphene::keras_networks
