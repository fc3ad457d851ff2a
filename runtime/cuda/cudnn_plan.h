// The thin wrapper over cuDNN's backend (graph) API: one convolution, forward or backward, with what follows it, as one
// execution plan. Tensors are channels_last, filters K R S C, accumulation float32.
//
// cuDNN builds plans for a device that it is told of, or that a handle stands for: the first lets plans be checked on a
// machine without a GPU, by the code that runs on one.
#pragma once

#include <cudnn.h>

#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/backend.h"
#include "runtime/problems/network.h"

namespace phosphene {

enum class NetworkPrecision : uint8_t {
  f32,   // every product in float32
  tf32,  // float32 in memory, products rounded to 11 bits by the tensor cores
  bf16   // activations, gradients and weights bfloat16
};

// Forward: dst = correlate(src, weights), + bias, min(max(., 0), ceiling). Backward: grad_src = its transpose of grad_dst, + addend,
// * [mask > 0]; or + bias. An epilogue stands after the convolution, never before: cuDNN 9 has no engine for a mask as a prologue.
struct ConvolutionGraph {
  bool backward = false;
  Shape src, dst;  // of the forward convolution
  Window window;
  int64_t groups = 1;
  bool bias = false;                                       // either; backward without the others
  bool relu = false;                                       // forward
  float ceiling = std::numeric_limits<float>::infinity();  // of the ReLU
  bool addend = false, mask = false;                       // backward
  NetworkPrecision precision = NetworkPrecision::f32;

  [[nodiscard]] bool fused() const { return bias || relu || addend || mask; }
  [[nodiscard]] DType storage() const { return precision == NetworkPrecision::bf16 ? DType::bf16 : DType::f32; }
  [[nodiscard]] ConvolutionGraph alone() const;  // without what follows it
  [[nodiscard]] std::string key() const;         // all of it in one line of text
};

// `precision`: of products of float32; a problem in bfloat16 says so itself.
ConvolutionGraph graph_of(const ConvolutionProblem& problem, NetworkPrecision precision);
ConvolutionGraph graph_of(const ConvolutionBackwardProblem& problem, NetworkPrecision precision);

// The tensors of a plan, as execution names them. `in` and `out` are src and dst, or grad_dst and grad_src.
enum class PlanTensor : int64_t { in = 1, weights, out, bias, addend, mask };

// The device that plans are made for: a handle, or a description in cuDNN's JSON.
struct PlanTarget {
  cudnnHandle_t handle = nullptr;
  std::string device_json;
};

class CudnnPlan {
 public:
  // The first engine that takes the whole graph, in the order of cuDNN's own ranking; null, with the last refusal, when none
  // does. Engines that are not deterministic are passed over, and so, in f32, are those of the tensor cores.
  static std::unique_ptr<CudnnPlan> find(const ConvolutionGraph& graph, const PlanTarget& target,
                                         cudnnBackendHeurMode_t mode, std::string& refusal);
  // From json() and description() of an earlier plan for the same library and device; null when cuDNN does not take it.
  static std::unique_ptr<CudnnPlan> restore(const std::string& json, std::string description, const PlanTarget& target);

  CudnnPlan(const CudnnPlan&) = delete;
  CudnnPlan& operator=(const CudnnPlan&) = delete;
  ~CudnnPlan();

  [[nodiscard]] int64_t workspace_bytes() const { return workspace_bytes_; }
  [[nodiscard]] const std::string& description() const { return description_; }  // "engine 39, tensor cores"
  [[nodiscard]] std::string json() const;

  struct Binding {
    PlanTensor tensor;
    void* data;
  };
  // Fixes the addresses; execute() then enqueues on the handle's stream and allocates nothing.
  void bind(std::span<const Binding> bindings, void* workspace);
  void execute(cudnnHandle_t handle) const;

 private:
  CudnnPlan() = default;
  cudnnBackendDescriptor_t create(cudnnBackendDescriptorType_t type);
  friend class PlanBuilder;

  std::vector<cudnnBackendDescriptor_t> descriptors_;  // a plan points to its graph, which points to its tensors
  cudnnBackendDescriptor_t plan_ = nullptr, pack_ = nullptr;
  int64_t workspace_bytes_ = 0;
  std::string description_;
};

}  // namespace phosphene
