#include "loaders/source/network.h"

#include <set>

#include "runtime/error.h"

namespace phosphene::source {

int64_t Constant::elements() const {
  int64_t count = 1;
  for (const int64_t dim : dims) {
    if (dim < 0 || __builtin_mul_overflow(count, dim, &count))
      fail("", "expected a shape that memory can hold, got [{}]", fmt::join(dims, ", "));
  }
  return count;
}

Constant Constant::of(std::vector<float> numbers, std::vector<int64_t> dims) {
  Constant constant;
  constant.dims = dims;
  constant.numbers = Weights::from(std::move(numbers), std::move(dims));
  return constant;
}

Constant Constant::of(std::vector<int64_t> integers, std::vector<int64_t> dims) {
  Constant constant;
  constant.dims = std::move(dims);
  constant.integral = true;
  constant.integers = std::move(integers);
  return constant;
}

std::string place_of(const Network& network, const Node& node) {
  const std::string& name = !node.name.empty() || node.outputs.empty() ? node.name : node.outputs.front();
  constexpr std::string_view kCaffe = "caffe.";  // whose people know layers
  if (node.op.starts_with(kCaffe))
    return fmt::format("{}: layer '{}' ({})", network.path, name, node.op.substr(kCaffe.size()));
  return fmt::format("{}: node '{}' ({})", network.path, name, node.op);
}

void check(const Network& network) {
  std::set<std::string> known;
  for (const Input& input : network.inputs) {
    if (!known.insert(input.name).second) fail(network.path, "has two inputs called '{}'", input.name);
  }
  for (const auto& [name, constant] : network.constants) {
    if (!known.insert(name).second) fail(network.path, "'{}' is both an input and a constant", name);
  }
  for (const Node& node : network.nodes) {
    for (const std::string& input : node.inputs) {
      if (!input.empty() && !known.contains(input))
        fail(place_of(network, node), "reads '{}', which no node before it writes", input);
    }
    for (const std::string& output : node.outputs) {
      if (!output.empty() && !known.insert(output).second)
        fail(place_of(network, node), "writes '{}', which stands there already", output);
    }
  }
  for (const std::string& output : network.outputs) {
    if (!known.contains(output)) fail(network.path, "the output '{}' is written by no node", output);
  }
}

}  // namespace phosphene::source
