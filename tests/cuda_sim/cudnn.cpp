// libcudnn.so.9 without a GPU: the backend API for one convolution and the pointwise operations after it. Descriptors keep what
// they are given; finalizing one checks it.
//
//   SIMCUDNN_REFUSE   fused: no engine takes a graph of more than one operation.  A: heuristic mode A offers nothing
#include <cudnn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <string_view>

#include "tests/cuda_sim/cudnn_graph.h"
#include "tests/cuda_sim/sim.h"

struct cudnnContext {
  cudaStream_t stream = nullptr;
};

namespace phosphene::sim {
namespace {

constexpr size_t kWorkspaceBytes = 4096;

struct Field {
  cudnnBackendAttributeName_t name;
  cudnnBackendAttributeType_t type;
  bool required;
};
using Fields = std::vector<Field>;

// What may be set, and what must be before a descriptor is finalized; null for a type that is not simulated.
const Fields* fields_of(cudnnBackendDescriptorType_t type) {
  constexpr auto kNumber = CUDNN_TYPE_INT64;
  constexpr auto kDescriptor = CUDNN_TYPE_BACKEND_DESCRIPTOR;
  static const std::map<cudnnBackendDescriptorType_t, Fields> all = {
      {CUDNN_BACKEND_TENSOR_DESCRIPTOR,
       {{CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, true},
        {CUDNN_ATTR_TENSOR_DIMENSIONS, kNumber, true},
        {CUDNN_ATTR_TENSOR_STRIDES, kNumber, true},
        {CUDNN_ATTR_TENSOR_UNIQUE_ID, kNumber, true},
        {CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, kNumber, true},
        {CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, false}}},
      {CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR,
       {{CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, true},
        {CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, true},
        {CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, kNumber, true},
        {CUDNN_ATTR_CONVOLUTION_DILATIONS, kNumber, true},
        {CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, kNumber, true},
        {CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, kNumber, true},
        {CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, kNumber, true}}},
      {CUDNN_BACKEND_POINTWISE_DESCRIPTOR,
       {{CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, true},
        {CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, true},
        {CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP, CUDNN_TYPE_DOUBLE, false}}},
      {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
       {{CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, true},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, true},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, kDescriptor, true},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, kDescriptor, true},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, kDescriptor, true},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, kDescriptor, true}}},
      {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
       {{CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA, CUDNN_TYPE_FLOAT, true},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA, CUDNN_TYPE_FLOAT, true},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC, kDescriptor, true},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY, kDescriptor, true},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, kDescriptor, true},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, kDescriptor, true}}},
      {CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR,
       {{CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, kDescriptor, true},
        {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, kDescriptor, true},
        {CUDNN_ATTR_OPERATION_POINTWISE_BDESC, kDescriptor, false},
        {CUDNN_ATTR_OPERATION_POINTWISE_YDESC, kDescriptor, false},
        {CUDNN_ATTR_OPERATION_POINTWISE_DYDESC, kDescriptor, false},
        {CUDNN_ATTR_OPERATION_POINTWISE_DXDESC, kDescriptor, false}}},
      {CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR,
       {{CUDNN_ATTR_OPERATIONGRAPH_OPS, kDescriptor, true},
        {CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, false}}},
      {CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR,
       {{CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, kDescriptor, true},
        {CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, true},
        {CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, kDescriptor, false}}},
      {CUDNN_BACKEND_ENGINE_DESCRIPTOR, {}},     // only as a result
      {CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, {}},  // only as a result
      {CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR,
       {{CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, kDescriptor, false},
        {CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, false},
        {CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, kDescriptor, false},
        {CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, false}}},
      {CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR,
       {{CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, kNumber, true},
        {CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, true},
        {CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, false}}},
      {CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR,
       {{CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, false},
        {CUDNN_ATTR_DEVICEPROP_DEVICE_ID, CUDNN_TYPE_INT32, false},
        {CUDNN_ATTR_DEVICEPROP_HANDLE, CUDNN_TYPE_HANDLE, false}}}};
  const auto found = all.find(type);
  return found == all.end() ? nullptr : &found->second;
}

size_t size_of(cudnnBackendAttributeType_t type) {
  switch (type) {
    case CUDNN_TYPE_CHAR:
    case CUDNN_TYPE_BOOLEAN:
      return 1;
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_DOUBLE:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR:
      return 8;
    default:
      return 4;  // enumerations, int32 and float
  }
}

struct Descriptor {
  cudnnBackendDescriptorType_t type;
  bool finalized = false;
  std::map<cudnnBackendAttributeName_t, std::vector<char>> attributes{};
  std::shared_ptr<const GraphPlan> graph{};  // of a graph and all that comes of it
  std::vector<OperationPlan> operation{};    // of an operation: one

  [[nodiscard]] bool has(cudnnBackendAttributeName_t name) const { return attributes.contains(name); }
  template <class T>
  [[nodiscard]] std::vector<T> all(cudnnBackendAttributeName_t name) const {
    const auto at = attributes.find(name);
    if (at == attributes.end()) return {};
    std::vector<T> values(at->second.size() / sizeof(T));
    std::memcpy(values.data(), at->second.data(), values.size() * sizeof(T));
    return values;
  }
  template <class T>
  [[nodiscard]] T one(cudnnBackendAttributeName_t name, T otherwise = {}) const {
    const std::vector<T> values = all<T>(name);
    return values.empty() ? otherwise : values.front();
  }
};

struct Library {
  std::map<const void*, std::unique_ptr<Descriptor>> descriptors;
  std::set<cudnnHandle_t> handles;
  std::map<std::string, std::shared_ptr<const GraphPlan>> exported;  // by JSON: for this process alone
};
Library& library() {
  static auto* library = new Library;
  return *library;
}
thread_local std::string last_message;

struct Refusal {
  cudnnStatus_t status;
};
void require(bool condition, cudnnStatus_t status, const std::string& why) {
  if (condition) return;
  last_message = why;
  throw Refusal{status};
}
template <class Call>
cudnnStatus_t api(const Call& call) {
  try {
    call();
    return CUDNN_STATUS_SUCCESS;
  } catch (const Refusal& refusal) {
    return refusal.status;
  }
}

Descriptor& at(const void* handle) {
  const auto found = library().descriptors.find(handle);
  require(found != library().descriptors.end(), CUDNN_STATUS_BAD_PARAM_NULL_POINTER,
          "no descriptor, or a destroyed one");
  return *found->second;
}
// A finalized descriptor that another one names.
const Descriptor& linked(const Descriptor& from, cudnnBackendAttributeName_t name, cudnnBackendDescriptorType_t type) {
  const Descriptor& d = at(from.one<void*>(name));
  require(d.type == type, CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE, "a descriptor of another type was expected");
  require(d.finalized, CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "a descriptor is used before it is finalized");
  return d;
}

bool refuses(std::string_view what) {
  const char* refused = std::getenv("SIMCUDNN_REFUSE");
  return refused != nullptr && what == refused;
}

// ---- finalizing ------------------------------------------------------------------------------------------------------

TensorPlan tensor(const Descriptor& from, cudnnBackendAttributeName_t name) {
  const Descriptor& d = linked(from, name, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  TensorPlan plan;
  const auto dims = d.all<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS), strides = d.all<int64_t>(CUDNN_ATTR_TENSOR_STRIDES);
  std::copy_n(dims.begin(), 4, plan.dims.begin());
  std::copy_n(strides.begin(), 4, plan.strides.begin());
  plan.uid = d.one<int64_t>(CUDNN_ATTR_TENSOR_UNIQUE_ID);
  plan.alignment = d.one<int64_t>(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT);
  plan.bfloat16 = d.one<cudnnDataType_t>(CUDNN_ATTR_TENSOR_DATA_TYPE) == CUDNN_DATA_BFLOAT16;
  plan.inner = d.one<char>(CUDNN_ATTR_TENSOR_IS_VIRTUAL) != 0;
  return plan;
}

void finalize_tensor(const Descriptor& d) {
  const auto dims = d.all<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS), strides = d.all<int64_t>(CUDNN_ATTR_TENSOR_STRIDES);
  require(dims.size() == 4 && strides.size() == 4, CUDNN_STATUS_NOT_SUPPORTED_SHAPE,
          "only four dimensions are simulated");
  const auto positive = [](int64_t value) { return value > 0; };
  require(std::all_of(dims.begin(), dims.end(), positive) && std::all_of(strides.begin(), strides.end(), positive),
          CUDNN_STATUS_BAD_PARAM, "a dimension or stride is not positive");
  const auto type = d.one<cudnnDataType_t>(CUDNN_ATTR_TENSOR_DATA_TYPE);
  require(type == CUDNN_DATA_FLOAT || type == CUDNN_DATA_BFLOAT16, CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE,
          "only float and bfloat16 are simulated");
  const auto alignment = d.one<int64_t>(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT);
  require(alignment > 0 && (alignment & (alignment - 1)) == 0, CUDNN_STATUS_BAD_PARAM,
          "an alignment is not a power of two");
}

void finalize_convolution(const Descriptor& d) {
  require(d.one<cudnnConvolutionMode_t>(CUDNN_ATTR_CONVOLUTION_CONV_MODE) == CUDNN_CROSS_CORRELATION &&
              d.one<cudnnDataType_t>(CUDNN_ATTR_CONVOLUTION_COMP_TYPE) == CUDNN_DATA_FLOAT,
          CUDNN_STATUS_NOT_SUPPORTED, "only correlations in float are simulated");
  for (const auto name : {CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES,
                          CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS}) {
    const auto values = d.all<int64_t>(name);
    require(values.size() == 2 && values[0] >= 0 && values[1] >= 0, CUDNN_STATUS_BAD_PARAM,
            "a dilation, stride or padding is wrong");
  }
}

OperationPlan convolution(const Descriptor& d, bool forward) {
  const int shift =
      forward ? 0 : CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA - CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA;
  const auto name = [&](int of_forward) { return static_cast<cudnnBackendAttributeName_t>(of_forward + shift); };
  require(d.one<float>(name(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA)) == 1 &&
              d.one<float>(name(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA)) == 0,
          CUDNN_STATUS_NOT_SUPPORTED, "only alpha 1 and beta 0 are simulated");
  OperationPlan plan;
  plan.kind = forward ? OperationPlan::forward : OperationPlan::backward_data;
  plan.in = {
      tensor(d, forward ? CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X : CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY),
      tensor(d, name(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W))};
  plan.out =
      tensor(d, forward ? CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y : CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX);
  const Descriptor& geometry =
      linked(d, name(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC), CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  for (size_t i = 0; i < 2; ++i) {
    plan.stride[i] = geometry.all<int64_t>(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES)[i];
    plan.before[i] = geometry.all<int64_t>(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS)[i];
    plan.after[i] = geometry.all<int64_t>(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS)[i];
    plan.dilation[i] = geometry.all<int64_t>(CUDNN_ATTR_CONVOLUTION_DILATIONS)[i];
  }
  return plan;
}

OperationPlan pointwise(const Descriptor& d) {
  const Descriptor& of = linked(d, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  const TensorPlan x = tensor(d, CUDNN_ATTR_OPERATION_POINTWISE_XDESC);
  const auto other = [&](cudnnBackendAttributeName_t name) {
    require(d.has(name), CUDNN_STATUS_BAD_PARAM, "a pointwise operation lacks an operand");
    return tensor(d, name);
  };
  switch (of.one<cudnnPointwiseMode_t>(CUDNN_ATTR_POINTWISE_MODE)) {
    case CUDNN_POINTWISE_ADD:
      return {OperationPlan::add,
              {x, other(CUDNN_ATTR_OPERATION_POINTWISE_BDESC)},
              other(CUDNN_ATTR_OPERATION_POINTWISE_YDESC)};
    case CUDNN_POINTWISE_RELU_FWD: {
      OperationPlan relu{OperationPlan::relu, {x}, other(CUDNN_ATTR_OPERATION_POINTWISE_YDESC)};
      if (of.has(CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP))
        relu.ceiling = of.one<double>(CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP);
      return relu;
    }
    case CUDNN_POINTWISE_RELU_BWD:
      return {OperationPlan::relu_backward,
              {x, other(CUDNN_ATTR_OPERATION_POINTWISE_DYDESC)},
              other(CUDNN_ATTR_OPERATION_POINTWISE_DXDESC)};
    default:
      require(false, CUDNN_STATUS_NOT_SUPPORTED, "a pointwise mode that is not simulated");
      std::abort();
  }
}

void finalize_operation(Descriptor& d) {
  d.operation = {d.type == CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR
                     ? pointwise(d)
                     : convolution(d, d.type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR)};
  std::string why;
  const cudnnStatus_t status = check(d.operation.front(), why);
  require(status == CUDNN_STATUS_SUCCESS, status, why);
}

void finalize_graph(Descriptor& d) {
  auto graph = std::make_shared<GraphPlan>();
  for (const void* handle : d.all<void*>(CUDNN_ATTR_OPERATIONGRAPH_OPS)) {
    const Descriptor& operation = at(handle);
    require(operation.finalized && !operation.operation.empty(), CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED,
            "a graph needs finalized operations");
    graph->operations.push_back(operation.operation.front());
  }
  d.graph = std::move(graph);
}

void finalize_heuristic(Descriptor& d) {
  d.graph = linked(d, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR).graph;
  if (d.has(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP))
    linked(d, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
}

void finalize_plan(Descriptor& d) {
  require(d.has(CUDNN_ATTR_EXECUTION_PLAN_HANDLE) || d.has(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP),
          CUDNN_STATUS_BAD_PARAM, "a plan needs a handle or a device's properties");
  if (d.has(CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION)) {
    auto text = d.all<char>(CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION);
    text.push_back('\0');
    const auto found = library().exported.find(text.data());
    require(found != library().exported.end(), CUDNN_STATUS_NOT_SUPPORTED, "a plan of another process");
    d.graph = found->second;
    return;
  }
  d.graph = linked(d, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR).graph;
  std::string why;
  const cudnnStatus_t status = check(*d.graph, why);
  require(status == CUDNN_STATUS_SUCCESS, status, why);
  require(!refuses("fused") || d.graph->operations.size() == 1, CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN,
          "fused graphs are refused, as was asked for");
  // The way back from JSON, for this process.
  const std::string json =
      "{\"simulated plan\": \"" + std::to_string(getpid()) + "." + std::to_string(library().exported.size()) + "\"}";
  library().exported[json] = d.graph;
  d.attributes[CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION].assign(json.c_str(), json.c_str() + json.size() + 1);
}

void finalize_pack(const Descriptor& d) {
  require(d.all<int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS).size() ==
              d.all<void*>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS).size(),
          CUDNN_STATUS_BAD_PARAM, "as many pointers as unique ids are wanted");
}

void finalize(Descriptor& d) {
  require(!d.finalized, CUDNN_STATUS_BAD_PARAM, "a descriptor is finalized twice");
  for (const auto& [name, type, required] : *fields_of(d.type)) {
    require(!required || d.has(name), CUDNN_STATUS_BAD_PARAM,
            "attribute " + std::to_string(name) + " of a descriptor of type " + std::to_string(d.type) + " is not set");
  }
  switch (d.type) {
    case CUDNN_BACKEND_TENSOR_DESCRIPTOR:
      finalize_tensor(d);
      break;
    case CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR:
      finalize_convolution(d);
      break;
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
    case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR:
      finalize_operation(d);
      break;
    case CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR:
      finalize_graph(d);
      break;
    case CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR:
      finalize_heuristic(d);
      break;
    case CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR:
      finalize_plan(d);
      break;
    case CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR:
      finalize_pack(d);
      break;
    default:
      break;
  }
  d.finalized = true;
}

// ---- reading ---------------------------------------------------------------------------------------------------------

// More is promised than comes: what cuDNN does.
constexpr int64_t kPromised = 3;

int64_t offered(const Descriptor& heuristic) {
  const auto mode = heuristic.one<cudnnBackendHeurMode_t>(CUDNN_ATTR_ENGINEHEUR_MODE);
  return mode == CUDNN_HEUR_MODE_A && refuses("A") ? 0 : 1;
}

// Fills descriptors that the caller has made, with what comes of `from`.
void fill(const Descriptor& from, cudnnBackendDescriptorType_t type, int64_t count, void* out) {
  for (int64_t i = 0; i < count; ++i) {
    Descriptor& result = at(static_cast<void**>(out)[i]);
    require(result.type == type, CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE, "a descriptor of another type was expected");
    result.graph = from.graph;
    result.finalized = true;
  }
}

int64_t put_one(int64_t value, int64_t requested, void* out) {
  if (requested > 0) std::memcpy(out, &value, sizeof(value));
  return 1;
}

cudnnBackendAttributeType_t read_type(cudnnBackendAttributeName_t name) {
  static const std::map<cudnnBackendAttributeName_t, cudnnBackendAttributeType_t> types = {
      {CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR},
      {CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR},
      {CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64},
      {CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE},
      {CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, CUDNN_TYPE_BEHAVIOR_NOTE},
      {CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64},
      {CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR}};
  const auto found = types.find(name);
  require(found != types.end(), CUDNN_STATUS_NOT_SUPPORTED, "attribute " + std::to_string(name) + " is not to be read");
  return found->second;
}

int64_t get(const Descriptor& d, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t requested,
            void* out) {
  require(type == read_type(name), CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE, "an attribute has another type");
  switch (name) {
    case CUDNN_ATTR_ENGINEHEUR_RESULTS: {
      if (requested == 0) return kPromised;
      const int64_t count = std::min(requested, offered(d));
      fill(d, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, count, out);
      return count;
    }
    case CUDNN_ATTR_ENGINECFG_ENGINE:
      fill(d, CUDNN_BACKEND_ENGINE_DESCRIPTOR, std::min<int64_t>(requested, 1), out);
      return 1;
    case CUDNN_ATTR_ENGINE_GLOBAL_INDEX:
      return put_one(0, requested, out);
    case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE:
      return put_one(kWorkspaceBytes, requested, out);
    case CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION: {
      const auto text = d.all<char>(name);
      const auto count = static_cast<int64_t>(text.size());
      if (requested > 0) std::memcpy(out, text.data(), static_cast<size_t>(std::min(requested, count)));
      return count;
    }
    default:  // no notes
      return 0;
  }
}

void execute(cudnnHandle_t handle, const Descriptor& plan, const Descriptor& pack) {
  require(library().handles.contains(handle), CUDNN_STATUS_NOT_INITIALIZED, "no handle");
  require(plan.type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR && pack.type == CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR,
          CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE, "a plan and a variant pack are wanted");
  require(plan.finalized && pack.finalized, CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "a plan or pack is not finalized");
  const auto ids = pack.all<int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
  const auto data = pack.all<void*>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
  Pointers pointers;
  for (size_t i = 0; i < ids.size(); ++i) pointers[ids[i]] = data[i];
  std::string why;
  const cudnnStatus_t status = check(*plan.graph, pointers, why);
  require(status == CUDNN_STATUS_SUCCESS, status, why);
  auto* workspace = pack.one<void*>(CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
  require(workspace != nullptr, CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "the plan needs a workspace");
  const cudaError_t queued = enqueue(handle->stream, "a convolution", [graph = plan.graph, pointers, workspace] {
    spoil_workspace(workspace, kWorkspaceBytes);
    run(*graph, pointers);
  });
  require(queued == cudaSuccess, CUDNN_STATUS_EXECUTION_FAILED_CUDART, cudaGetErrorString(queued));
}

}  // namespace
}  // namespace phosphene::sim

using namespace phosphene::sim;  // NOLINT: the rest is C

extern "C" {

size_t cudnnGetVersion() { return CUDNN_VERSION; }
const char* cudnnGetErrorString(cudnnStatus_t status) {
  return status == CUDNN_STATUS_SUCCESS                                   ? "CUDNN_STATUS_SUCCESS"
         : CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_BAD_PARAM        ? "CUDNN_STATUS_BAD_PARAM"
         : CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_NOT_SUPPORTED    ? "CUDNN_STATUS_NOT_SUPPORTED"
         : CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_EXECUTION_FAILED ? "CUDNN_STATUS_EXECUTION_FAILED"
                                                                          : "CUDNN_STATUS_NOT_INITIALIZED";
}
void cudnnGetLastErrorString(char* message, size_t size) {
  if (size == 0) return;
  message[last_message.copy(message, size - 1)] = '\0';
  last_message.clear();
}
cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess) return CUDNN_STATUS_NOT_INITIALIZED;
  if (std::getenv("SIMCUDA_BROKEN_CUDNN") != nullptr) return CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED;
  library().handles.insert(*handle = new cudnnContext);
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  if (library().handles.erase(handle) == 0) return CUDNN_STATUS_NOT_INITIALIZED;
  delete handle;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  if (!library().handles.contains(handle)) return CUDNN_STATUS_NOT_INITIALIZED;
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t* descriptor) {
  return api([&] {
    require(fields_of(type) != nullptr, CUDNN_STATUS_NOT_SUPPORTED, "a type of descriptor that is not simulated");
    auto created = std::make_unique<Descriptor>(Descriptor{type});
    *descriptor = created.get();
    library().descriptors[*descriptor] = std::move(created);
  });
}
cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
  return api([&] {
    at(descriptor);
    library().descriptors.erase(descriptor);
  });
}
cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t count, const void* elements) {
  return api([&] {
    Descriptor& d = at(descriptor);
    const Fields& fields = *fields_of(d.type);
    const auto field = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
    require(field != fields.end(), CUDNN_STATUS_NOT_SUPPORTED,
            "attribute " + std::to_string(name) + " is not simulated");
    require(field->type == type, CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE, "an attribute has another type");
    require(!d.finalized && count > 0 && elements != nullptr, CUDNN_STATUS_BAD_PARAM, "an attribute cannot be set");
    const auto* bytes = static_cast<const char*>(elements);
    d.attributes[name].assign(bytes, bytes + static_cast<size_t>(count) * size_of(type));
  });
}
cudnnStatus_t cudnnBackendInitialize(cudnnBackendDescriptor_t /*descriptor*/) { return CUDNN_STATUS_SUCCESS; }
cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t descriptor) {
  return api([&] { finalize(at(descriptor)); });
}
cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t requested, int64_t* count,
                                       void* elements) {
  return api([&] {
    const Descriptor& d = at(descriptor);
    require(d.finalized, CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "a descriptor is read before it is finalized");
    const int64_t available = get(d, name, type, requested, elements);
    if (count != nullptr) *count = available;
  });
}
cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan, cudnnBackendDescriptor_t pack) {
  return api([&] { execute(handle, at(plan), at(pack)); });
}
}
