#include "runtime/cuda/cudnn_plan.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "runtime/cuda/check.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

using Descriptor = cudnnBackendDescriptor_t;
using Dims = std::vector<int64_t>;

constexpr int64_t kFirstInner = 100;  // unique ids of values that never reach memory

void finalize(Descriptor descriptor, const char* what) { check_cudnn(cudnnBackendFinalize(descriptor), what); }

template <class T>
void set(Descriptor descriptor, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
         const std::vector<T>& values) {
  check_cudnn(cudnnBackendSetAttribute(descriptor, name, type, static_cast<int64_t>(values.size()), values.data()),
              "an attribute");
}

template <class T>
void set_one(Descriptor descriptor, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, T value) {
  check_cudnn(cudnnBackendSetAttribute(descriptor, name, type, 1, &value), "an attribute");
}

void link(Descriptor descriptor, cudnnBackendAttributeName_t name, Descriptor other) {
  set_one(descriptor, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, other);
}

Dims dims_of(const Shape& shape) { return {shape.n, shape.c, shape.h, shape.w}; }

}  // namespace

std::string ConvolutionGraph::key() const {
  const std::string capped = std::isfinite(ceiling) ? fmt::format(" ceiling {}", ceiling) : "";
  const std::string dilation =
      window.dilated() ? fmt::format(" dilation {},{}", window.dilation_h, window.dilation_w) : "";
  return fmt::format("{} {} {} r{}s{} stride {},{} pad {},{},{},{}{} groups {}{}{}{}{}{} precision {}",
                     backward ? "backward" : "forward", to_string(src), to_string(dst), window.r, window.s,
                     window.stride_h, window.stride_w, window.pad_top, window.pad_left, window.pad_bottom,
                     window.pad_right, dilation, groups, bias ? " bias" : "", relu ? " relu" : "", capped,
                     addend ? " addend" : "", mask ? " mask" : "", static_cast<int>(precision));
}

ConvolutionGraph ConvolutionGraph::alone() const {
  ConvolutionGraph graph = *this;
  graph.bias = graph.relu = graph.addend = graph.mask = false;
  return graph;
}

ConvolutionGraph graph_of(const ConvolutionProblem& problem, NetworkPrecision precision) {
  ConvolutionGraph graph{false, problem.src, problem.dst, problem.window, problem.groups};
  graph.bias = problem.bias.data != nullptr;
  graph.relu = problem.relu;
  graph.ceiling = problem.ceiling;
  graph.precision = problem.storage == DType::bf16 ? NetworkPrecision::bf16 : precision;
  return graph;
}

ConvolutionGraph graph_of(const ConvolutionBackwardProblem& problem, NetworkPrecision precision) {
  ConvolutionGraph graph{true, problem.src, problem.dst, problem.window, problem.groups};
  graph.bias = problem.bias.data != nullptr;
  graph.addend = problem.addend;
  graph.mask = problem.masked;
  graph.precision = problem.storage == DType::bf16 ? NetworkPrecision::bf16 : precision;
  return graph;
}

Descriptor CudnnPlan::create(cudnnBackendDescriptorType_t type) {
  Descriptor descriptor = nullptr;
  check_cudnn(cudnnBackendCreateDescriptor(type, &descriptor), "a descriptor");
  descriptors_.push_back(descriptor);
  return descriptor;
}

CudnnPlan::~CudnnPlan() { std::for_each(descriptors_.rbegin(), descriptors_.rend(), cudnnBackendDestroyDescriptor); }

// Describes a graph to cuDNN inside a plan under construction.
class PlanBuilder {
 public:
  PlanBuilder(CudnnPlan& plan, const ConvolutionGraph& graph, const PlanTarget& target)
      : plan_(plan),
        graph_(graph),
        target_(target),
        memory_type_(graph.precision == NetworkPrecision::bf16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT) {}

  Descriptor operation_graph();
  Descriptor heuristic(Descriptor graph, cudnnBackendHeurMode_t mode);
  // Configurations in the order of preference.
  std::vector<Descriptor> configurations(Descriptor heuristic);
  // "" for an engine that may be used, else why not.
  std::string refuse(Descriptor configuration, std::string& description);
  Descriptor execution_plan(Descriptor configuration);
  // What the plan is made for, when it is not a handle.
  Descriptor device();

 private:
  Descriptor tensor(const Dims& dims, cudnnDataType_t type, int64_t uid);
  Descriptor in_memory(const Dims& dims, PlanTensor uid) {
    return tensor(dims, memory_type_, static_cast<int64_t>(uid));
  }
  Descriptor inner(const Dims& dims) { return tensor(dims, CUDNN_DATA_FLOAT, next_inner_++); }
  Descriptor convolution();
  Descriptor pointwise_mode(cudnnPointwiseMode_t mode);
  Descriptor forward(Descriptor x, Descriptor y);
  Descriptor backward(Descriptor dy, Descriptor dx);
  Descriptor filter() {
    return in_memory({graph_.dst.c, graph_.src.c / graph_.groups, graph_.window.r, graph_.window.s},
                     PlanTensor::weights);
  }
  std::vector<Descriptor> forward_operations();
  std::vector<Descriptor> backward_operations();

  CudnnPlan& plan_;
  const ConvolutionGraph& graph_;
  const PlanTarget& target_;
  cudnnDataType_t memory_type_;
  int64_t next_inner_ = kFirstInner;
  Descriptor device_ = nullptr;
};

Descriptor PlanBuilder::tensor(const Dims& n, cudnnDataType_t type, int64_t uid) {
  constexpr int64_t kAlignment = 16;
  Descriptor d = plan_.create(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  set_one(d, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, type);
  set(d, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, n);
  set(d, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, Dims{n[1] * n[2] * n[3], 1, n[1] * n[3], n[1]});
  set_one(d, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, uid);
  set_one(d, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, kAlignment);
  set_one<bool>(d, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, uid >= kFirstInner);
  finalize(d, "a tensor");
  return d;
}

Descriptor PlanBuilder::convolution() {
  const Window& w = graph_.window;
  Descriptor d = plan_.create(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  set_one(d, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
  set_one(d, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, CUDNN_CROSS_CORRELATION);
  set_one<int64_t>(d, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 2);
  set(d, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, Dims{w.dilation_h, w.dilation_w});
  set(d, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, Dims{w.stride_h, w.stride_w});
  set(d, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, Dims{w.pad_top, w.pad_left});
  set(d, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, Dims{w.pad_bottom, w.pad_right});
  finalize(d, "a convolution");
  return d;
}

Descriptor PlanBuilder::forward(Descriptor x, Descriptor y) {
  Descriptor d = plan_.create(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
  set_one(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, 1.F);
  set_one(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 0.F);
  link(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, convolution());
  link(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, x);
  link(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, filter());
  link(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, y);
  finalize(d, "a forward convolution");
  return d;
}

Descriptor PlanBuilder::backward(Descriptor dy, Descriptor dx) {
  Descriptor d = plan_.create(CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR);
  set_one(d, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA, CUDNN_TYPE_FLOAT, 1.F);
  set_one(d, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA, CUDNN_TYPE_FLOAT, 0.F);
  link(d, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC, convolution());
  link(d, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY, dy);
  link(d, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, filter());
  link(d, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, dx);
  finalize(d, "a convolution's gradient");
  return d;
}

Descriptor PlanBuilder::pointwise_mode(cudnnPointwiseMode_t mode) {
  Descriptor d = plan_.create(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  set_one(d, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, mode);
  set_one(d, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
  if (mode == CUDNN_POINTWISE_RELU_FWD && std::isfinite(graph_.ceiling))
    set_one(d, CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP, CUDNN_TYPE_DOUBLE, double{graph_.ceiling});
  finalize(d, "a pointwise operation");
  return d;
}

// Every value but the last of a chain stays inside the kernel.
std::vector<Descriptor> PlanBuilder::forward_operations() {
  const Dims dims = dims_of(graph_.dst);
  const auto value = [&](bool last) { return last ? in_memory(dims, PlanTensor::out) : inner(dims); };
  Descriptor y = value(!graph_.bias && !graph_.relu);
  std::vector<Descriptor> operations = {forward(in_memory(dims_of(graph_.src), PlanTensor::in), y)};
  const auto append = [&](cudnnPointwiseMode_t mode, Descriptor other, bool last) {
    Descriptor d = plan_.create(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    link(d, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, pointwise_mode(mode));
    link(d, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, y);
    if (other != nullptr) link(d, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, other);
    y = value(last);
    link(d, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
    finalize(d, "an epilogue");
    operations.push_back(d);
  };
  if (graph_.bias) append(CUDNN_POINTWISE_ADD, in_memory({1, graph_.dst.c, 1, 1}, PlanTensor::bias), !graph_.relu);
  if (graph_.relu) append(CUDNN_POINTWISE_RELU_FWD, nullptr, true);
  return operations;
}

std::vector<Descriptor> PlanBuilder::backward_operations() {
  const Dims dims = dims_of(graph_.src);
  const auto value = [&](bool last) { return last ? in_memory(dims, PlanTensor::out) : inner(dims); };
  Descriptor dx = value(!graph_.bias && !graph_.addend && !graph_.mask);
  std::vector<Descriptor> operations = {backward(in_memory(dims_of(graph_.dst), PlanTensor::in), dx)};
  const auto add = [&](Descriptor other, bool last) {
    Descriptor d = plan_.create(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    link(d, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, pointwise_mode(CUDNN_POINTWISE_ADD));
    link(d, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, dx);
    link(d, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, other);
    dx = value(last);
    link(d, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, dx);
    finalize(d, "a sum");
    operations.push_back(d);
  };
  if (graph_.bias) add(in_memory({1, graph_.src.c, 1, 1}, PlanTensor::bias), true);
  if (graph_.addend) add(in_memory(dims, PlanTensor::addend), !graph_.mask);
  if (graph_.mask) {
    Descriptor d = plan_.create(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    link(d, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, pointwise_mode(CUDNN_POINTWISE_RELU_BWD));
    link(d, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, in_memory(dims, PlanTensor::mask));
    link(d, CUDNN_ATTR_OPERATION_POINTWISE_DYDESC, dx);
    link(d, CUDNN_ATTR_OPERATION_POINTWISE_DXDESC, value(true));
    finalize(d, "a mask");
    operations.push_back(d);
  }
  return operations;
}

Descriptor PlanBuilder::operation_graph() {
  const std::vector<Descriptor> operations = graph_.backward ? backward_operations() : forward_operations();
  Descriptor d = plan_.create(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  set(d, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, operations);
  if (target_.handle != nullptr) set_one(d, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, target_.handle);
  finalize(d, "a graph");
  return d;
}

Descriptor PlanBuilder::device() {
  if (device_ != nullptr || target_.handle != nullptr) return device_;
  device_ = plan_.create(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  set(device_, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
      std::vector<char>(target_.device_json.begin(), target_.device_json.end()));
  finalize(device_, "a device's description");
  return device_;
}

Descriptor PlanBuilder::heuristic(Descriptor graph, cudnnBackendHeurMode_t mode) {
  Descriptor d = plan_.create(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  link(d, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
  set_one(d, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, mode);
  if (device() != nullptr) link(d, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, device());
  return d;
}

std::vector<Descriptor> PlanBuilder::configurations(Descriptor heuristic) {
  int64_t promised = 0, count = 0;
  cudnnBackendGetAttribute(heuristic, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, &promised,
                           nullptr);
  std::vector<Descriptor> configurations;
  for (int64_t i = 0; i < promised; ++i) configurations.push_back(plan_.create(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR));
  if (promised > 0) {
    cudnnBackendGetAttribute(heuristic, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, promised, &count,
                             configurations.data());
  }
  configurations.resize(static_cast<size_t>(count));  // fewer may come than were promised
  return configurations;
}

std::string PlanBuilder::refuse(Descriptor configuration, std::string& description) {
  int64_t count = 0, index = -1;
  Descriptor engine = plan_.create(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  check_cudnn(cudnnBackendGetAttribute(configuration, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,
                                       &count, &engine),
              "an engine");
  cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &count, &index);
  cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT] = {};
  count = 0;
  cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                           CUDNN_NUMERICAL_NOTE_TYPE_COUNT, &count, notes);
  count = std::min<int64_t>(count, CUDNN_NUMERICAL_NOTE_TYPE_COUNT);  // a newer cuDNN may have more to say
  const auto has = [&](cudnnBackendNumericalNote_t note) {
    return std::find(notes, notes + count, note) != notes + count;
  };
  const bool tensor_cores = has(CUDNN_NUMERICAL_NOTE_TENSOR_CORE);
  description = fmt::format("engine {}{}{}", index, tensor_cores ? ", tensor cores" : "",
                            has(CUDNN_NUMERICAL_NOTE_WINOGRAD) ? ", Winograd" : "");
  if (has(CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC)) return description + " is not deterministic";
  if (has(CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION)) return description + " adds in less than float32";
  if (graph_.precision == NetworkPrecision::f32 && (tensor_cores || has(CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS))) {
    return description + " multiplies in less than float32";
  }
  return "";
}

Descriptor PlanBuilder::execution_plan(Descriptor configuration) {
  Descriptor d = plan_.create(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  link(d, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration);
  if (device() != nullptr) {
    link(d, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, device());
  } else {
    set_one(d, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, target_.handle);
  }
  return d;
}

namespace {

int64_t workspace_of(Descriptor plan) {
  int64_t count = 0, bytes = 0;
  check_cudnn(
      cudnnBackendGetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &count, &bytes),
      "a plan's workspace");
  return bytes;
}

}  // namespace

std::unique_ptr<CudnnPlan> CudnnPlan::find(const ConvolutionGraph& graph, const PlanTarget& target,
                                           cudnnBackendHeurMode_t mode, std::string& refusal) {
  std::unique_ptr<CudnnPlan> plan(new CudnnPlan);
  PlanBuilder builder(*plan, graph, target);
  Descriptor heuristic = builder.heuristic(builder.operation_graph(), mode);
  if (const cudnnStatus_t status = cudnnBackendFinalize(heuristic); status != CUDNN_STATUS_SUCCESS) {
    refusal = cudnn_message(status);
    return nullptr;
  }
  refusal = "no engine is offered";
  for (Descriptor configuration : builder.configurations(heuristic)) {
    if (std::string reason = builder.refuse(configuration, plan->description_); !reason.empty()) {
      refusal = std::move(reason);
      continue;
    }
    Descriptor candidate = builder.execution_plan(configuration);
    if (const cudnnStatus_t status = cudnnBackendFinalize(candidate); status != CUDNN_STATUS_SUCCESS) {
      refusal = fmt::format("{}: {}", plan->description_, cudnn_message(status));
      continue;
    }
    plan->plan_ = candidate;
    plan->workspace_bytes_ = workspace_of(candidate);
    refusal.clear();
    return plan;
  }
  return nullptr;
}

std::unique_ptr<CudnnPlan> CudnnPlan::restore(const std::string& json, std::string description,
                                              const PlanTarget& target) {
  std::unique_ptr<CudnnPlan> plan(new CudnnPlan);
  const ConvolutionGraph none;
  PlanBuilder builder(*plan, none, target);
  Descriptor d = plan->create(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  if (builder.device() != nullptr) {
    link(d, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, builder.device());
  } else {
    set_one(d, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, target.handle);
  }
  const cudnnStatus_t status =
      cudnnBackendSetAttribute(d, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
                               static_cast<int64_t>(json.size()), json.data());
  if (status != CUDNN_STATUS_SUCCESS || cudnnBackendFinalize(d) != CUDNN_STATUS_SUCCESS) return nullptr;
  plan->plan_ = d;
  plan->workspace_bytes_ = workspace_of(d);
  plan->description_ = std::move(description);
  return plan;
}

std::string CudnnPlan::json() const {
  int64_t size = 0;
  if (cudnnBackendGetAttribute(plan_, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, 0, &size,
                               nullptr) != CUDNN_STATUS_SUCCESS ||
      size <= 0) {
    return "";
  }
  std::string json(static_cast<size_t>(size), '\0');
  check_cudnn(cudnnBackendGetAttribute(plan_, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, size,
                                       &size, json.data()),
              "a plan's text");
  while (!json.empty() && json.back() == '\0') json.pop_back();
  return json;
}

void CudnnPlan::bind(std::span<const Binding> bindings, void* workspace) {
  std::vector<int64_t> uids;
  std::vector<void*> pointers;
  for (const Binding& binding : bindings) {
    uids.push_back(static_cast<int64_t>(binding.tensor));
    pointers.push_back(binding.data);
  }
  pack_ = create(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  set(pack_, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, uids);
  set(pack_, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, pointers);
  set_one(pack_, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, workspace);
  finalize(pack_, "a plan's operands");
}

void CudnnPlan::execute(cudnnHandle_t handle) const {
  check_cudnn(cudnnBackendExecute(handle, plan_, pack_), "a convolution");
}

}  // namespace phosphene
