// libcudart.so.13 without a GPU: the entry points, and the private ABI between it and what nvcc 13 compiles.
//
//   SIMCUDA_KERNELS   the library that kernels_<subject>.cpp are built into
//   SIMCUDA_SEED      the order in which streams, nodes of graphs and threads run
//   SIMCUDA_DEVICES   how many GPUs there are, 1 or 2 with one memory; 0: none
//   SIMCUDA_MEMORY    bytes of device memory
//   SIMCUDA_MEMORY_SEEN   bytes that are said to be free, which another process then takes
//   SIMCUDA_BROKEN_CUDNN  cuDNN does not start
//   SIMCUDA_QUEUE     the most that may wait in a stream where a graph is launched
//   SIMCUDA_CAPABILITY    90 for compute capability 9.0
#include <cuda_runtime_api.h>
#include <cxxabi.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>

#include "tests/cuda_sim/memory.h"
#include "tests/cuda_sim/sim.h"
#include "tests/cuda_sim/streams.h"

namespace phosphene::sim {
namespace {

constexpr int kVersion = 13000;

struct Configuration {
  dim3 grid, block;
  size_t shared;
  void* stream;
};

// Never destroyed, like the memory.
struct Registry {
  std::map<const void*, std::string> stubs;  // a kernel's host function -> its mangled name
  std::map<std::string, BindKernel> kernels;
  std::map<const void*, std::shared_ptr<const Graph>> graphs, executables;
  std::recursive_mutex mutex;
};
Registry& registry() {
  static auto* registry = new Registry;
  return *registry;
}

Streams& streams() { return Streams::instance(); }

thread_local cudaError_t last_error = cudaSuccess;
thread_local std::vector<Configuration> configurations;

// 90 for 9.0.
int capability() {
  constexpr int kUsual = 90;
  const char* capability = std::getenv("SIMCUDA_CAPABILITY");
  return capability == nullptr ? kUsual : static_cast<int>(std::strtol(capability, nullptr, 10));
}

int device_count() {
  const char* devices = std::getenv("SIMCUDA_DEVICES");
  return devices == nullptr ? 1 : static_cast<int>(std::strtol(devices, nullptr, 10));
}
thread_local int current_device = 0;

// What every entry point does around its work.
template <class Call>
cudaError_t api(const Call& call) {
  const std::lock_guard lock(registry().mutex);
  try {
    if (device_count() == 0) refuse(cudaErrorNoDevice);
    call();
    return cudaSuccess;
  } catch (const Refusal& refusal) {
    if (refusal.status != cudaErrorNotReady) last_error = refusal.status;
    return refusal.status;
  }
}

void require(bool condition, cudaError_t status = cudaErrorInvalidValue) {
  if (!condition) refuse(status);
}

BindKernel kernel_of(const void* stub, std::string& name) {
  static void* library = [] {
    const char* path = std::getenv("SIMCUDA_KERNELS");
    void* opened = path == nullptr ? nullptr : dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (path != nullptr && opened == nullptr) die(dlerror());
    return opened;
  }();
  static_cast<void>(library);
  const auto mangled = registry().stubs.find(stub);
  require(mangled != registry().stubs.end(), cudaErrorInvalidDeviceFunction);
  char* readable = abi::__cxa_demangle(mangled->second.c_str(), nullptr, nullptr, nullptr);
  name = readable == nullptr ? mangled->second : readable;
  std::free(readable);
  const auto kernel = registry().kernels.find(mangled->second);
  if (kernel == registry().kernels.end()) die("no CPU kernel is registered for " + name);
  return kernel->second;
}

void launch(const void* stub, dim3 grid, dim3 block, void** arguments, size_t shared, cudaStream_t stream) {
  const auto within = [](dim3 size, unsigned x, unsigned y, unsigned z) {
    return size.x >= 1 && size.y >= 1 && size.z >= 1 && size.x <= x && size.y <= y && size.z <= z;
  };
  require(within(grid, 0x7fffffff, 65535, 65535) && within(block, 1024, 1024, 64) &&
              size_t{block.x} * block.y * block.z <= 1024,
          cudaErrorInvalidConfiguration);
  require(shared <= 48 << 10);
  if (shared != 0) die("dynamic shared memory is not simulated");
  std::string name;
  const BindKernel bind = kernel_of(stub, name);
  streams().enqueue(streams().at(stream), {name, [=, kernel = bind(arguments)] { kernel(grid, block); }, nullptr});
}

// Host memory that a copy reads or writes: none of the device's, and inside its allocation where it is pinned.
void require_host(const void* data, size_t bytes) {
  require(bytes == 0 ||
          (data != nullptr && !touches_device(data) && (!touches_pinned(data) || is_pinned(data, bytes))));
}

struct Range {
  const char* begin;
  size_t bytes;
  bool operator==(const Range&) const = default;
  [[nodiscard]] bool overlaps(const Range& other) const {
    return begin < other.begin + other.bytes && other.begin < begin + bytes;
  }
};
// Host memory that copies have yet to read.
std::vector<Range>& unread() {
  static auto* ranges = new std::vector<Range>;
  return *ranges;
}

void copy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, Stream& stream) {
  const bool automatic = kind == cudaMemcpyDefault;
  const bool to_device =
      automatic ? touches_device(to) : kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device =
      automatic ? touches_device(from) : kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  to_device ? require(on_device(to, bytes)) : require_host(to, bytes);
  from_device ? require(on_device(from, bytes)) : require_host(from, bytes);
  Operation operation{"a copy of " + std::to_string(bytes) + " bytes", nullptr, nullptr};
  if (from_device || stream.capture != nullptr || is_pinned(from, bytes)) {
    const Range source{static_cast<const char*>(from), bytes}, target{static_cast<const char*>(to), bytes};
    operation.run = [=] {
      std::memmove(to, from, bytes);
      if (!from_device) unread().erase(std::find(unread().begin(), unread().end(), source));
    };
    operation.at_call = [=] {
      if (!from_device) unread().push_back(source);
      const auto overlaps = [&](const Range& range) { return range.overlaps(target); };
      // Who reads the result too early shall notice.
      if (!to_device && std::none_of(unread().begin(), unread().end(), overlaps)) std::memset(to, 0xFF, bytes);
    };
  } else {  // pageable memory is read before the call returns
    const auto* begin = static_cast<const char*>(from);
    operation.run = [to, early = std::vector<char>(begin, begin + bytes)] {
      std::memcpy(to, early.data(), early.size());
    };
  }
  streams().enqueue(stream, std::move(operation));
}

const std::shared_ptr<const Graph>& graph_at(const std::map<const void*, std::shared_ptr<const Graph>>& graphs,
                                             const void* handle) {
  const auto at = graphs.find(handle);
  require(at != graphs.end());
  return at->second;
}

}  // namespace

void register_kernel(const std::string& mangled, BindKernel bind) { registry().kernels[mangled] = bind; }

cudaError_t enqueue(cudaStream_t stream, std::string what, std::function<void()> run) {
  return api([&] { streams().enqueue(streams().at(stream), {std::move(what), std::move(run), nullptr}); });
}

}  // namespace phosphene::sim

using namespace phosphene::sim;  // NOLINT: the rest is C

extern "C" {

// ---- what nvcc's objects call ----------------------------------------------------------------------------------------

void** __cudaRegisterFatBinary(void* /*binary*/) {
  static void* handle = nullptr;
  return &handle;
}
void __cudaRegisterFatBinaryEnd(void** /*handle*/) {}
void __cudaUnregisterFatBinary(void** /*handle*/) {}
char __cudaInitModule(void** /*handle*/) { return 1; }
void __cudaRegisterFunction(void** /*handle*/, const char* stub, char* /*device*/, const char* name, int /*threads*/,
                            uint3*, uint3*, dim3*, dim3*, int*) {
  registry().stubs[stub] = name;
}
void __cudaRegisterVar(void**, char*, char*, const char* name, int, size_t, int, int) {
  die(std::string("a variable of the device is not simulated: ") + name);
}
unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, CUstream_st* stream) {
  configurations.push_back({grid, block, shared, stream});
  return 0;
}
cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, size_t* shared, void* stream) {
  const Configuration last = configurations.back();
  configurations.pop_back();
  *grid = last.grid;
  *block = last.block;
  *shared = last.shared;
  *static_cast<void**>(stream) = last.stream;
  return cudaSuccess;
}
cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* stub) {
  *kernel = static_cast<cudaKernel_t>(const_cast<void*>(stub));
  return cudaSuccess;
}
cudaError_t cudaLaunchKernel(const void* stub, dim3 grid, dim3 block, void** arguments, size_t shared,
                             cudaStream_t stream) {
  return api([&] { launch(stub, grid, block, arguments, shared, stream); });
}
cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void** arguments, size_t shared,
                               cudaStream_t stream) {
  return cudaLaunchKernel(kernel, grid, block, arguments, shared, stream);
}

// ---- device ----------------------------------------------------------------------------------------------------------

cudaError_t cudaGetDeviceCount(int* count) {
  return api([&] { *count = device_count(); });
}
cudaError_t cudaGetDevice(int* device) {
  return api([&] { *device = current_device; });
}
cudaError_t cudaSetDevice(int device) {
  return api([&] {
    require(device >= 0 && device < device_count(), cudaErrorInvalidDevice);
    current_device = device;
  });
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return api([&] {
    require(device >= 0 && device < device_count(), cudaErrorInvalidDevice);
    *properties = {};
    std::strcpy(properties->name, device == 0 ? "simulated GPU" : "second simulated GPU");
    properties->major = capability() / 10;
    properties->minor = capability() % 10;
    properties->multiProcessorCount = 132;
    properties->warpSize = 32;
    properties->maxThreadsPerBlock = 1024;
    properties->sharedMemPerBlock = 48 << 10;
    properties->totalGlobalMem = device_bytes_total();
  });
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  const std::map<cudaDeviceAttr, int> values = {{cudaDevAttrMaxThreadsPerBlock, 1024},
                                                {cudaDevAttrWarpSize, 32},
                                                {cudaDevAttrMultiProcessorCount, 132},
                                                {cudaDevAttrMaxSharedMemoryPerBlock, 48 << 10},
                                                {cudaDevAttrComputeCapabilityMajor, capability() / 10},
                                                {cudaDevAttrComputeCapabilityMinor, capability() % 10}};
  return api([&] {
    require(device == 0, cudaErrorInvalidDevice);
    require(values.contains(attribute));
    *value = values.at(attribute);
  });
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = kVersion;
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) { return cudaRuntimeGetVersion(version); }
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* stub) {
  return api([&] {
    std::string name;
    kernel_of(stub, name);
    *attributes = {};
    attributes->maxThreadsPerBlock = 1024;
    attributes->numRegs = 32;
  });
}
cudaError_t cudaDeviceSynchronize() {
  return api([] {
    streams().forbid_in_capture(true);
    streams().synchronise_all();
  });
}

// ---- memory ----------------------------------------------------------------------------------------------------------

cudaError_t cudaMemGetInfo(size_t* available, size_t* total) {
  return api([&] {
    const char* seen = std::getenv("SIMCUDA_MEMORY_SEEN");
    *available = seen == nullptr ? device_bytes_free() : std::strtoull(seen, nullptr, 10);
    *total = device_bytes_total();
  });
}
cudaError_t cudaMalloc(void** data, size_t bytes) {
  return api([&] {
    streams().forbid_in_capture();
    *data = bytes == 0 ? nullptr : allocate_device(bytes);
    require(bytes == 0 || *data != nullptr, cudaErrorMemoryAllocation);
  });
}
cudaError_t cudaFree(void* data) {
  return api([&] {
    if (data == nullptr) return;
    streams().forbid_in_capture();
    streams().synchronise_all();
    require(free_device(data));
  });
}
cudaError_t cudaHostAlloc(void** data, size_t bytes, unsigned /*flags*/) {
  return api([&] {
    streams().forbid_in_capture();
    *data = bytes == 0 ? nullptr : allocate_pinned(bytes);
  });
}
cudaError_t cudaMallocHost(void** data, size_t bytes) { return cudaHostAlloc(data, bytes, cudaHostAllocDefault); }
cudaError_t cudaFreeHost(void* data) {  // what still copies from or to it will fault
  return api([&] {
    if (data == nullptr) return;
    streams().forbid_in_capture();
    require(free_pinned(data));
  });
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  return api([&] { copy(to, from, bytes, kind, streams().at(stream)); });
}
cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return api([&] {
    streams().forbid_in_capture();
    copy(to, from, bytes, kind, streams().at(nullptr));
    streams().synchronise(streams().at(nullptr));
  });
}
cudaError_t cudaMemsetAsync(void* data, int value, size_t bytes, cudaStream_t stream) {
  return api([&] {
    require(on_device(data, bytes));
    streams().enqueue(streams().at(stream), {"a fill of " + std::to_string(bytes) + " bytes",
                                             [=] { std::memset(data, value, bytes); }, nullptr});
  });
}

// ---- streams and events ----------------------------------------------------------------------------------------------

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return api([&] {
    require((flags & ~unsigned{cudaStreamNonBlocking}) == 0);
    *stream = streams().create(flags == cudaStreamDefault);
  });
}
cudaError_t cudaStreamCreate(cudaStream_t* stream) { return cudaStreamCreateWithFlags(stream, cudaStreamDefault); }
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return api([&] { streams().destroy(stream); });
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return api([&] { streams().synchronise(streams().at(stream)); });
}
cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return api([&] { require(streams().finished(streams().at(stream)), cudaErrorNotReady); });
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags) {
  return api([&] {
    require(flags == 0);
    streams().wait(streams().at(stream), streams().event(event));
  });
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  return api([&] { *event = streams().create_event((flags & cudaEventDisableTiming) == 0); });
}
cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return api([&] { streams().destroy_event(event); });
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return api([&] { streams().record(streams().at(stream), streams().event(event)); });
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return api([&] { streams().synchronise(streams().event(event)); });
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  return api([&] { require(streams().finished(streams().event(event)), cudaErrorNotReady); });
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  return api([&] {
    const auto a = streams().event(begin), b = streams().event(end);
    require(a->timed && b->timed && a->recorded > 0 && b->recorded > 0, cudaErrorInvalidResourceHandle);
    require(a->done == a->recorded && b->done == b->recorded, cudaErrorNotReady);
    *milliseconds = static_cast<float>(b->time - a->time) * 1e-3F;  // each operation takes a microsecond
  });
}

// ---- graphs ----------------------------------------------------------------------------------------------------------

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  return api([&] { streams().begin_capture(streams().at(stream), mode); });
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  return api([&] {
    *graph = nullptr;
    const auto captured = streams().end_capture(streams().at(stream));
    registry().graphs[captured.get()] = captured;
    *graph = reinterpret_cast<cudaGraph_t>(const_cast<Graph*>(captured.get()));
  });
}
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  return api([&] {
    const auto& capture = streams().at(stream).capture;
    *status = capture == nullptr ? cudaStreamCaptureStatusNone
              : capture->broken  ? cudaStreamCaptureStatusInvalidated
                                 : cudaStreamCaptureStatusActive;
  });
}
cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, size_t* count) {
  return api([&] {
    require(nodes == nullptr, cudaErrorNotSupported);  // only their number
    *count = graph_at(registry().graphs, graph)->size();
  });
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long /*flags*/) {
  return api([&] {
    const auto copy = std::make_shared<const Graph>(*graph_at(registry().graphs, graph));
    registry().executables[copy.get()] = copy;
    *executable = reinterpret_cast<cudaGraphExec_t>(const_cast<Graph*>(copy.get()));
  });
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  return api([&] { streams().launch(streams().at(stream), graph_at(registry().executables, executable)); });
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  return api([&] { require(registry().executables.erase(executable) == 1); });
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return api([&] { require(registry().graphs.erase(graph) == 1); });
}

// ---- errors ----------------------------------------------------------------------------------------------------------

cudaError_t cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }
cudaError_t cudaPeekAtLastError() { return last_error; }
const char* cudaGetErrorName(cudaError_t error) {
#define NAME(code) \
  { code, #code }
  static const std::map<cudaError_t, const char*> names = {NAME(cudaSuccess),
                                                           NAME(cudaErrorInvalidValue),
                                                           NAME(cudaErrorMemoryAllocation),
                                                           NAME(cudaErrorInvalidConfiguration),
                                                           NAME(cudaErrorInvalidDeviceFunction),
                                                           NAME(cudaErrorNoDevice),
                                                           NAME(cudaErrorInvalidDevice),
                                                           NAME(cudaErrorInvalidResourceHandle),
                                                           NAME(cudaErrorIllegalState),
                                                           NAME(cudaErrorNotReady),
                                                           NAME(cudaErrorNotSupported),
                                                           NAME(cudaErrorStreamCaptureUnsupported),
                                                           NAME(cudaErrorStreamCaptureInvalidated),
                                                           NAME(cudaErrorStreamCaptureMerge),
                                                           NAME(cudaErrorStreamCaptureUnmatched),
                                                           NAME(cudaErrorStreamCaptureUnjoined),
                                                           NAME(cudaErrorStreamCaptureIsolation),
                                                           NAME(cudaErrorStreamCaptureImplicit),
                                                           NAME(cudaErrorCapturedEvent),
                                                           NAME(cudaErrorStreamCaptureWrongThread)};
#undef NAME
  const auto name = names.find(error);
  return name == names.end() ? "unrecognized error code" : name->second;
}
const char* cudaGetErrorString(cudaError_t error) { return cudaGetErrorName(error); }
}
