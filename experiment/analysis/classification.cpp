#include "experiment/analysis/classification.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace phosphene {

std::vector<size_t> ranking(const std::vector<float>& probabilities, size_t top) {
  std::vector<size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), size_t{0});
  top = std::min(top, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top), order.end(),
                    [&](size_t a, size_t b) {
                      return probabilities[a] != probabilities[b] ? probabilities[a] > probabilities[b] : a < b;
                    });
  order.resize(top);
  return order;
}

std::string label_of(const Model& model, size_t index) {
  return index < model.labels.size() ? model.labels[index] : fmt::format("class {}", index);
}

}  // namespace phosphene
