#include "tests/cuda_sim/cudnn_graph.h"

#include <algorithm>
#include <limits>
#include <set>

#include "tests/cuda_sim/sim.h"

namespace phosphene::sim {
namespace {

using Values = std::vector<float>;  // dense, N C H W

template <class Visit>
void for_each_offset(const TensorPlan& tensor, const Visit& visit) {
  const auto& [n, c, h, w] = tensor.dims;
  const auto& s = tensor.strides;
  size_t dense = 0;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < c; ++j)
      for (int64_t y = 0; y < h; ++y)
        for (int64_t x = 0; x < w; ++x) visit(dense++, static_cast<size_t>(i * s[0] + j * s[1] + y * s[2] + x * s[3]));
}

Values load(const TensorPlan& tensor, const void* data) {
  Values values(static_cast<size_t>(tensor.elements()));
  for_each_offset(tensor, [&](size_t dense, size_t offset) {
    values[dense] = tensor.bfloat16 ? from_bfloat16(static_cast<const uint16_t*>(data)[offset])
                                    : static_cast<const float*>(data)[offset];
  });
  return values;
}

void store(const TensorPlan& tensor, const Values& values, void* data) {
  for_each_offset(tensor, [&](size_t dense, size_t offset) {
    if (tensor.bfloat16) {
      static_cast<uint16_t*>(data)[offset] = to_bfloat16(values[dense]);
    } else {
      static_cast<float*>(data)[offset] = values[dense];
    }
  });
}

// row(x, w, y, count, step): the `count` outputs from dense index y on meet, through the tap w, the inputs x, x + step, ...
template <class Row>
void for_each_row(const OperationPlan& o, const Dims& x, const Dims& w, const Dims& y, const Row& row) {
  const int64_t groups = x[1] / w[1], k_per_group = y[1] / groups, step = o.stride[1];
  const auto one_tap = [&](int64_t n, int64_t k, int64_t c, int64_t r, int64_t s) {
    const int64_t channel = k / k_per_group * w[1] + c, beside = s * o.dilation[1];
    const int64_t first = std::max<int64_t>(0, (o.before[1] - beside + step - 1) / step);
    const int64_t last = std::min(y[3], (x[3] - 1 + o.before[1] - beside + step) / step);
    for (int64_t p = 0; p < y[2]; ++p) {
      const int64_t h = p * o.stride[0] - o.before[0] + r * o.dilation[0];
      if (h < 0 || h >= x[2] || last <= first) continue;
      row(static_cast<size_t>(((n * x[1] + channel) * x[2] + h) * x[3] + first * step - o.before[1] + beside),
          static_cast<size_t>(((k * w[1] + c) * w[2] + r) * w[3] + s),
          static_cast<size_t>(((n * y[1] + k) * y[2] + p) * y[3] + first), static_cast<size_t>(last - first),
          static_cast<size_t>(step));
    }
  };
  for (int64_t n = 0; n < y[0]; ++n)
    for (int64_t k = 0; k < y[1]; ++k)
      for (int64_t c = 0; c < w[1]; ++c)
        for (int64_t r = 0; r < w[2]; ++r)
          for (int64_t s = 0; s < w[3]; ++s) one_tap(n, k, c, r, s);
}

Values convolve(const OperationPlan& o, const Values& source, const Values& weights) {
  std::vector<double> sums(static_cast<size_t>(o.out.elements()));
  if (o.kind == OperationPlan::forward) {
    for_each_row(o, o.in[0].dims, o.in[1].dims, o.out.dims,
                 [&](size_t x, size_t w, size_t y, size_t count, size_t step) {
                   for (size_t i = 0; i < count; ++i) sums[y + i] += double{weights[w]} * double{source[x + i * step]};
                 });
  } else {
    for_each_row(o, o.out.dims, o.in[1].dims, o.in[0].dims,
                 [&](size_t x, size_t w, size_t y, size_t count, size_t step) {
                   for (size_t i = 0; i < count; ++i) sums[x + i * step] += double{weights[w]} * double{source[y + i]};
                 });
  }
  return {sums.begin(), sums.end()};
}

// What the second operand of a sum has for element i of the first: dimensions of 1 are repeated.
Values repeated(const Values& values, const Dims& from, const Dims& to) {
  TensorPlan shape;
  shape.dims = to;
  int64_t stride = 1;
  for (size_t d = 4; d-- > 0; stride *= from[d]) shape.strides[d] = from[d] == 1 ? 0 : stride;
  Values out(static_cast<size_t>(shape.elements()));
  for_each_offset(shape, [&](size_t dense, size_t offset) { out[dense] = values[offset]; });
  return out;
}

Values evaluate(const OperationPlan& o, std::vector<Values> in) {
  if (o.is_convolution()) return convolve(o, in[0], in[1]);
  if (o.kind == OperationPlan::add) in[1] = repeated(in[1], o.in[1].dims, o.in[0].dims);
  Values out = in[0];
  for (size_t i = 0; i < out.size(); ++i) {
    if (o.kind == OperationPlan::add) out[i] += in[1][i];
    if (o.kind == OperationPlan::relu && out[i] < 0) out[i] = 0;  // a NaN stays
    if (o.kind == OperationPlan::relu && out[i] > o.ceiling) out[i] = static_cast<float>(o.ceiling);
    if (o.kind == OperationPlan::relu_backward) out[i] = in[0][i] > 0 ? in[1][i] : 0;
  }
  return out;
}

// Calls visit for every tensor that is in memory; the second argument says whether it is written.
template <class Visit>
void for_each_in_memory(const GraphPlan& graph, const Visit& visit) {
  for (const OperationPlan& operation : graph.operations) {
    for (const TensorPlan& tensor : operation.in)
      if (!tensor.inner) visit(tensor, false);
    if (!operation.out.inner) visit(operation.out, true);
  }
}

bool convolution_agrees(const OperationPlan& o) {
  const bool forward = o.kind == OperationPlan::forward;
  const Dims &x = forward ? o.in[0].dims : o.out.dims, &w = o.in[1].dims, &y = forward ? o.out.dims : o.in[0].dims;
  if (x[0] != y[0] || w[0] != y[1] || x[1] % w[1] != 0 || y[1] % (x[1] / w[1]) != 0) return false;
  for (size_t d = 0; d < 2; ++d) {
    const int64_t reach = (w[d + 2] - 1) * o.dilation[d] + 1, room = x[d + 2] + o.before[d] + o.after[d] - reach;
    if (o.stride[d] < 1 || o.dilation[d] < 1 || room < 0 || y[d + 2] != room / o.stride[d] + 1) return false;
  }
  return true;
}

}  // namespace

cudnnStatus_t check(const OperationPlan& operation, std::string& why) {
  why = "the shapes of an operation's tensors do not agree";
  if (operation.is_convolution())
    return convolution_agrees(operation) ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH;
  const Dims& dims = operation.out.dims;
  for (size_t i = 0; i < operation.in.size(); ++i) {
    const bool may_repeat = operation.kind == OperationPlan::add && i == 1;
    for (size_t d = 0; d < 4; ++d) {
      const int64_t size = operation.in[i].dims[d];
      if (size != dims[d] && !(may_repeat && size == 1)) return CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH;
    }
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t check(const GraphPlan& graph, std::string& why) {
  std::map<int64_t, TensorPlan> tensors;
  std::set<int64_t> made;
  for (size_t i = 0; i < graph.operations.size(); ++i) {
    const OperationPlan& o = graph.operations[i];
    std::vector<TensorPlan> all = o.in;
    all.push_back(o.out);
    for (const TensorPlan& tensor : all) {
      why = "two tensors of a graph have unique id " + std::to_string(tensor.uid);
      if (!(tensors.try_emplace(tensor.uid, tensor).first->second == tensor))
        return CUDNN_STATUS_BAD_PARAM_DUPLICATED_ENTRIES;
    }
    why = "no engine for the pattern: a convolution, then pointwise operations in a chain";
    if (o.is_convolution() != (i == 0)) return CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN;
    const auto is_last = [&](const TensorPlan& t) { return i > 0 && t.uid == graph.operations[i - 1].out.uid; };
    if (i > 0 && std::none_of(o.in.begin(), o.in.end(), is_last)) return CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN;
    for (const TensorPlan& tensor : o.in)
      if (tensor.inner && !made.contains(tensor.uid)) return CUDNN_STATUS_BAD_PARAM;
    if (!made.insert(o.out.uid).second) return CUDNN_STATUS_BAD_PARAM_DUPLICATED_ENTRIES;
    why = "no engine for the layout: fused graphs are channels-last";
    const auto planar = [](const TensorPlan& t) { return t.dims[1] > 1 && t.strides[1] != 1; };
    if (graph.operations.size() > 1 && std::any_of(all.begin(), all.end(), planar))
      return CUDNN_STATUS_NOT_SUPPORTED_LAYOUT;
  }
  why = "a graph's result is virtual";
  return graph.operations.empty() || graph.operations.back().out.inner ? CUDNN_STATUS_BAD_PARAM : CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t check(const GraphPlan& graph, const Pointers& pointers, std::string& why) {
  cudnnStatus_t status = CUDNN_STATUS_SUCCESS;
  for_each_in_memory(graph, [&](const TensorPlan& tensor, bool /*written*/) {
    const auto at = pointers.find(tensor.uid);
    const std::string name = "the tensor of unique id " + std::to_string(tensor.uid);
    if (at == pointers.end() || at->second == nullptr) {
      why = name + " has no pointer";
      status = CUDNN_STATUS_BAD_PARAM_NULL_POINTER;
    } else if (reinterpret_cast<uintptr_t>(at->second) % static_cast<uintptr_t>(tensor.alignment) != 0) {
      why = name + " is less aligned than promised";
      status = CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER;
    }
  });
  return status;
}

void run(const GraphPlan& graph, const Pointers& pointers) {
  for_each_in_memory(graph, [&](const TensorPlan& tensor, bool written) {
    size_t last = 0;
    for (size_t d = 0; d < 4; ++d) last += static_cast<size_t>((tensor.dims[d] - 1) * tensor.strides[d]);
    void* data = pointers.at(tensor.uid);
    require_device(data, (last + 1) * (tensor.bfloat16 ? sizeof(uint16_t) : sizeof(float)),
                   "the tensor of unique id " + std::to_string(tensor.uid));
    constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
    if (written) store(tensor, Values(static_cast<size_t>(tensor.elements()), kNaN), data);
  });
  std::map<int64_t, Values> inner;
  for (const OperationPlan& operation : graph.operations) {
    std::vector<Values> in;
    for (const TensorPlan& tensor : operation.in)
      in.push_back(tensor.inner ? inner.at(tensor.uid) : load(tensor, pointers.at(tensor.uid)));
    Values out = evaluate(operation, std::move(in));
    if (operation.out.inner) {
      inner[operation.out.uid] = std::move(out);
    } else {
      store(operation.out, out, pointers.at(operation.out.uid));
    }
  }
}

}  // namespace phosphene::sim
