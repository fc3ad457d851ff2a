// A generator file with one layer of every kind, small enough to see through.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace phosphene::testing {

// What the file holds: code 4 x h x w -> "in" (1 x 1, leaky ReLU) -> "up" (transposed, doubles, ReLU) -> "mix" (3 x 3, no activation) ->
// "out" (3 x 3, sigmoid), 3 x 2h x 2w; an encoder of "conv2" with 8 features. Tests change it before it is written.
struct SmallGenerator {
  struct Tensor {
    std::vector<int64_t> shape;
    std::vector<float> numbers;
  };
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;

  SmallGenerator();

  // Replaces the first `from` in a metadata by `to`.
  SmallGenerator& edit(const std::string& key, const std::string& from, const std::string& to);

  void write(const std::string& path) const;
};

}  // namespace phosphene::testing
