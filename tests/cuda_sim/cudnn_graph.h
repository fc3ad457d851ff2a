// Operation graphs as the simulated cuDNN runs them: copied out of descriptors, and interpreted with plain loops.
#pragma once

#include <cudnn.h>

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace phosphene::sim {

using Dims = std::array<int64_t, 4>;  // N C H W, whatever the strides

struct TensorPlan {
  int64_t uid = 0, alignment = 1;
  Dims dims{}, strides{};
  bool bfloat16 = false, inner = false;  // inner: virtual, never in memory

  bool operator==(const TensorPlan&) const = default;
  [[nodiscard]] int64_t elements() const { return dims[0] * dims[1] * dims[2] * dims[3]; }
};

struct OperationPlan {
  enum Kind { forward, backward_data, add, relu, relu_backward } kind = forward;
  // forward: x, w -> y. backward_data: dy, w -> dx. add: x, b -> y. relu: x -> y. relu_backward: x, dy -> dx.
  std::vector<TensorPlan> in;
  TensorPlan out;
  std::array<int64_t, 2> stride{}, before{}, after{}, dilation{};  // of a convolution, along H and W
  double ceiling = std::numeric_limits<double>::infinity();        // of relu

  [[nodiscard]] bool is_convolution() const { return kind == forward || kind == backward_data; }
};

struct GraphPlan {
  std::vector<OperationPlan> operations;
};

// SUCCESS, or why cuDNN would refuse: shapes that disagree, a pattern or layout without an engine.
cudnnStatus_t check(const OperationPlan& operation, std::string& why);
cudnnStatus_t check(const GraphPlan& graph, std::string& why);

// Addresses of the tensors that are in memory, by unique id.
using Pointers = std::map<int64_t, void*>;
cudnnStatus_t check(const GraphPlan& graph, const Pointers& pointers, std::string& why);
// To be called where device memory is open. What it writes to holds NaN before anything is read.
void run(const GraphPlan& graph, const Pointers& pointers);

}  // namespace phosphene::sim
