// A whole trained network by the naive loops, in double precision: its values, and the gradient of any of them to the input.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "loaders/model/model.h"
#include "tests/reference/network_ops.h"

namespace phosphene::reference {

class NaiveNetwork {
 public:
  // `model` must outlive this.
  NaiveNetwork(const Model& model, Tensor input);

  // The value of a layer by any name that Model::resolve accepts, and of what it reads.
  const Tensor& value(const std::string& name);

  // d sum(value(name) * cotangent) / d input.
  Tensor input_gradient(const std::string& name, const Tensor& cotangent);

 private:
  const Tensor& evaluate(const std::string& canonical);
  [[nodiscard]] Layer layer(const std::string& canonical) const;
  [[nodiscard]] std::vector<Tensor> sources(const Layer& layer) const;

  const Model& model_;
  std::map<std::string, Tensor> values_;
  std::vector<Layer> evaluated_;  // in order
};

}  // namespace phosphene::reference
