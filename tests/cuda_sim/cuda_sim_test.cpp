// The simulated libraries against what CUDA's documentation says: a simulator that forgives what a GPU does not proves nothing.
#include <cublas_v2.h>
#include <cudnn.h>
#include <cufft.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "tests/cuda_sim/device.h"

extern "C" void __cudaRegisterFunction(void**, const char*, char*, const char*, int, uint3*, uint3*, dim3*, dim3*,
                                       int*);

namespace phosphene::sim {
namespace {

constexpr size_t kCount = 1000;
constexpr size_t kBytes = kCount * sizeof(int);

// As nvcc's objects do it.
template <auto kKernel>
const void* stub(const char* name) {
  register_kernel(name, &Bind<kKernel>::from);
  __cudaRegisterFunction(nullptr, reinterpret_cast<const char*>(kKernel), nullptr, name, -1, nullptr, nullptr, nullptr,
                         nullptr, nullptr);
  return reinterpret_cast<const void*>(kKernel);
}

void add_kernel(int* data, int count, int value) {
  const auto i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count) data[i] += value;
}

cudaError_t add(int* data, int value, cudaStream_t stream) {
  static const void* kernel = stub<&add_kernel>("add");
  int count = kCount;
  void* arguments[] = {&data, &count, &value};
  const cudaError_t status = cudaLaunchKernel(kernel, dim3(8), dim3(128), arguments, 0, stream);
  value = -1;  // a launch has its own copy
  return status;
}

class CudaSim : public ::testing::Test {
 protected:
  CudaSim() {
    for (cudaStream_t& stream : streams_) ok(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    ok(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming));
    void* memory = nullptr;
    ok(cudaMalloc(&memory, kBytes));
    data_ = static_cast<int*>(memory);
    ok(cudaMallocHost(&memory, kBytes));
    pinned_ = static_cast<int*>(memory);
  }
  ~CudaSim() override {
    ok(cudaDeviceSynchronize());
    ok(cudaFree(data_));
    ok(cudaFreeHost(pinned_));
    ok(cudaEventDestroy(event_));
    for (cudaStream_t stream : streams_) ok(cudaStreamDestroy(stream));
  }

  static void ok(cudaError_t status) { EXPECT_EQ(status, cudaSuccess); }
  // Whether the second stream, if it waits for the first, reads what the first writes.
  bool reads_what_was_written(int what, bool waits) {
    ok(cudaMemsetAsync(data_, 0, kBytes, streams_[0]));
    ok(add(data_, what, streams_[0]));
    ok(cudaEventRecord(event_, streams_[0]));
    if (waits) ok(cudaStreamWaitEvent(streams_[1], event_, 0));
    ok(cudaMemcpyAsync(pinned_, data_, kBytes, cudaMemcpyDeviceToHost, streams_[1]));
    ok(cudaStreamSynchronize(streams_[1]));
    const bool right = pinned_[0] == what && pinned_[kCount - 1] == what;
    ok(cudaStreamSynchronize(streams_[0]));
    return right;
  }
  // Two streams that add to two halves of a graph: 1 + 2 + 10.
  void fork_and_join() {
    ok(cudaMemsetAsync(data_, 0, kBytes, streams_[0]));
    ok(add(data_, 1, streams_[0]));
    ok(cudaEventRecord(event_, streams_[0]));
    ok(cudaStreamWaitEvent(streams_[1], event_, 0));
    ok(add(data_, 2, streams_[1]));
    ok(add(data_, 10, streams_[0]));
    ok(cudaEventRecord(event_, streams_[1]));
  }

  std::array<cudaStream_t, 2> streams_{};
  cudaEvent_t event_ = nullptr;
  int* data_ = nullptr;
  int* pinned_ = nullptr;
};
using CudaSimDeathTest = CudaSim;

TEST_F(CudaSim, AForgottenWaitIsSeenForSomeSeeds) {
  int forgotten = 0, waited = 0;
  for (int s = 0; s < 20; ++s) {
    seed(static_cast<uint32_t>(s));
    forgotten += reads_what_was_written(2 * s + 1, false) ? 0 : 1;
    waited += reads_what_was_written(2 * s + 2, true) ? 0 : 1;
  }
  EXPECT_GT(forgotten, 5);
  EXPECT_EQ(waited, 0);
}

TEST_F(CudaSim, CopiesOutsideTheirAllocationAreRefused) {
  std::vector<int> host(kCount + 1);
  const auto copy = [&](void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
    return cudaMemcpyAsync(to, from, bytes, kind, streams_[0]);
  };
  EXPECT_EQ(copy(data_, host.data(), kBytes + 1, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(copy(host.data(), data_ + 1, kBytes, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  EXPECT_EQ(copy(data_, host.data(), 4, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  EXPECT_EQ(copy(pinned_, data_, kBytes + 1, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemsetAsync(data_ + 1, 0, kBytes, streams_[0]), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(CudaSim, PinnedMemoryIsReadWhenTheCopyRunsAndPageableAtTheCall) {
  std::vector<int> pageable(kCount, 1), result(kCount);
  pinned_[0] = 1;
  for (const int* source : {pageable.data(), pinned_}) {
    ok(cudaMemcpyAsync(data_, source, sizeof(int), cudaMemcpyHostToDevice, streams_[0]));
    pageable[0] = pinned_[0] = 2;
    ok(cudaMemcpyAsync(result.data(), data_, sizeof(int), cudaMemcpyDeviceToHost, streams_[0]));
    EXPECT_EQ(result[0], -1) << "what is read before the copy ran is garbage";
    ok(cudaStreamSynchronize(streams_[0]));
    EXPECT_EQ(result[0], source == pinned_ ? 2 : 1);
  }
}

TEST_F(CudaSim, PinnedMemoryMayBeReadAndThenWrittenByOneStream) {
  pinned_[0] = 5;
  ok(cudaMemcpyAsync(data_, pinned_, sizeof(int), cudaMemcpyHostToDevice, streams_[0]));
  ok(add(data_, 2, streams_[0]));
  ok(cudaMemcpyAsync(pinned_, data_, sizeof(int), cudaMemcpyDeviceToHost, streams_[0]));
  ok(cudaStreamSynchronize(streams_[0]));
  EXPECT_EQ(pinned_[0], 7);
}

TEST_F(CudaSim, FreshMemoryIsNotANumber) {
  ok(cudaMemcpy(pinned_, data_, kBytes, cudaMemcpyDeviceToHost));
  EXPECT_TRUE(std::isnan(reinterpret_cast<const float*>(pinned_)[kCount - 1]));
}

TEST_F(CudaSimDeathTest, TheHostMayNotTouchDeviceMemory) { EXPECT_DEATH(data_[0] = 1, "bad address in host code"); }

TEST_F(CudaSimDeathTest, OperationsMayNotLeaveTheirAllocation) {
  for (const size_t beyond : {kCount, kCount + 100, size_t{0} - 1}) {
    EXPECT_DEATH(
        {
          enqueue(streams_[0], "an overrun", [&] { data_[beyond] = 0; });
          cudaDeviceSynchronize();
        },
        "in an overrun|an overrun: wrote beside an allocation of 4000 bytes");
  }
}

TEST_F(CudaSim, IllegalLaunchesAreRefused) {
  const void* kernel = stub<&add_kernel>("add");
  const auto launch = [&](const void* function, dim3 grid, dim3 block) {
    int count = 0, value = 0;
    void* arguments[] = {&data_, &count, &value};
    return cudaLaunchKernel(function, grid, block, arguments, 0, streams_[0]);
  };
  EXPECT_EQ(launch(kernel, dim3(1), dim3(1024, 2)), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch(kernel, dim3(1), dim3(0)), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch(kernel, dim3(1), dim3(1, 1, 65)), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch(kernel, dim3(1, 65536), dim3(1)), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch(pinned_, dim3(1), dim3(1)), cudaErrorInvalidDeviceFunction);
  EXPECT_EQ(launch(kernel, dim3(65536, 1, 1), dim3(1)), cudaSuccess);
}

TEST_F(CudaSim, StreamsThatBlockTakeTurnsWithTheDefaultStream) {
  cudaStream_t blocking = nullptr;
  ok(cudaStreamCreateWithFlags(&blocking, cudaStreamDefault));
  for (uint32_t s = 0; s < 20; ++s) {
    seed(s);
    ok(cudaMemsetAsync(data_, 0, kBytes, blocking));
    ok(add(data_, 3, nullptr));
    ok(cudaMemcpyAsync(pinned_, data_, kBytes, cudaMemcpyDeviceToHost, blocking));
    ok(cudaStreamSynchronize(blocking));
    EXPECT_EQ(pinned_[5], 3);
  }
  ok(cudaStreamDestroy(blocking));
}

TEST_F(CudaSim, EventsTellWhetherTheyHappened) {
  cudaEvent_t timed = nullptr;
  float milliseconds = 0;
  ok(cudaEventCreate(&timed));
  ok(cudaEventQuery(timed));  // never recorded
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, timed, timed), cudaErrorInvalidResourceHandle);
  ok(add(data_, 1, streams_[0]));
  ok(add(data_, 1, streams_[0]));
  ok(cudaEventRecord(timed, streams_[0]));
  EXPECT_EQ(cudaEventQuery(timed), cudaErrorNotReady);
  ok(cudaEventSynchronize(timed));
  ok(cudaEventElapsedTime(&milliseconds, timed, timed));
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, timed, event_), cudaErrorInvalidResourceHandle);
  ok(cudaEventDestroy(timed));
  EXPECT_EQ(cudaEventQuery(timed), cudaErrorInvalidResourceHandle);
}

TEST_F(CudaSim, CallsThatSynchroniseBreakACapture) {
  void* memory = nullptr;
  int host = 0;
  const std::vector<std::function<cudaError_t()>> calls = {
      [&] { return cudaStreamSynchronize(streams_[0]); },
      [&] { return cudaDeviceSynchronize(); },
      [&] { return cudaMalloc(&memory, 4); },
      [&] { return cudaStreamQuery(streams_[0]); },
      [&] { return cudaFree(data_); },
      [&] { return cudaMemcpy(&host, data_, 4, cudaMemcpyDeviceToHost); }};
  for (const auto& call : calls) {
    cudaGraph_t graph = nullptr;
    ok(cudaStreamBeginCapture(streams_[0], cudaStreamCaptureModeThreadLocal));
    ok(add(data_, 1, streams_[0]));
    EXPECT_EQ(call(), cudaErrorStreamCaptureUnsupported);
    EXPECT_EQ(add(data_, 1, streams_[0]), cudaErrorStreamCaptureInvalidated);
    EXPECT_EQ(cudaStreamEndCapture(streams_[0], &graph), cudaErrorStreamCaptureInvalidated);
    EXPECT_EQ(graph, nullptr);
    ok(cudaStreamSynchronize(streams_[0]));
  }
}

TEST_F(CudaSim, AGraphDoesWhatItsCallsDo) {
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
  size_t nodes = 0;
  ok(cudaMemsetAsync(data_, 0, kBytes, streams_[0]));
  ok(cudaStreamBeginCapture(streams_[0], cudaStreamCaptureModeThreadLocal));
  fork_and_join();
  ok(cudaStreamWaitEvent(streams_[0], event_, 0));
  ok(cudaMemcpyAsync(pinned_, data_, kBytes, cudaMemcpyDeviceToHost, streams_[0]));
  ok(cudaStreamEndCapture(streams_[0], &graph));
  EXPECT_EQ(cudaStreamWaitEvent(streams_[0], event_, 0), cudaErrorCapturedEvent);
  ok(cudaGraphGetNodes(graph, nullptr, &nodes));
  EXPECT_EQ(nodes, 5U);
  ok(cudaGraphInstantiate(&executable, graph, 0));
  ok(cudaGraphDestroy(graph));
  for (uint32_t s = 0; s < 20; ++s) {
    seed(s);
    pinned_[3] = 0;
    ok(cudaGraphLaunch(executable, streams_[1]));
    ok(cudaStreamSynchronize(streams_[1]));
    EXPECT_EQ(pinned_[3], 13);
  }
  ok(cudaGraphExecDestroy(executable));
}

TEST_F(CudaSim, ACapturedForkMustBeJoined) {
  cudaGraph_t graph = nullptr;
  ok(cudaStreamBeginCapture(streams_[0], cudaStreamCaptureModeThreadLocal));
  fork_and_join();
  EXPECT_EQ(cudaStreamEndCapture(streams_[1], &graph), cudaErrorStreamCaptureUnmatched);
  EXPECT_EQ(cudaStreamEndCapture(streams_[0], &graph), cudaErrorStreamCaptureInvalidated);
  ok(cudaStreamBeginCapture(streams_[0], cudaStreamCaptureModeThreadLocal));
  fork_and_join();
  EXPECT_EQ(cudaStreamEndCapture(streams_[0], &graph), cudaErrorStreamCaptureUnjoined);
  cudaEvent_t outside = nullptr;
  ok(cudaEventCreate(&outside));
  ok(cudaEventRecord(outside, streams_[1]));
  ok(cudaStreamBeginCapture(streams_[0], cudaStreamCaptureModeThreadLocal));
  EXPECT_EQ(cudaStreamWaitEvent(streams_[0], outside, 0), cudaErrorStreamCaptureIsolation);
  EXPECT_EQ(cudaStreamEndCapture(streams_[0], &graph), cudaErrorStreamCaptureInvalidated);
  ok(cudaEventDestroy(outside));
}

TEST(CudaSimDevice, ThereMayBeNone) {
  setenv("SIMCUDA_DEVICES", "0", 1);
  int count = 5;
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorNoDevice);
  EXPECT_EQ(count, 5);
  cudnnHandle_t handle = nullptr;
  EXPECT_EQ(cudnnCreate(&handle), CUDNN_STATUS_NOT_INITIALIZED);
  unsetenv("SIMCUDA_DEVICES");
}

// ---- threads of a block ----------------------------------------------------------------------------------------------

// The sum of 0 .. 127 by shuffles and shared memory; `barriers` 0 forgets that the warps wait for each other.
void sum_kernel(int* result, int barriers) {
  __shared__ int parts[4];
  int sum = static_cast<int>(threadIdx.x);
  for (unsigned by = 16; by > 0; by /= 2) sum += __shfl_down_sync(0xffffffffU, sum, by);
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = sum;
  if (barriers > 0) __syncthreads();
  if (threadIdx.x == 0) result[blockIdx.x] = parts[0] + parts[1] + parts[2] + parts[3];
  if (barriers > 0) __syncthreads();
  if (threadIdx.x < 4) parts[threadIdx.x] = -1000;
}

void diverge_kernel(int which) {
  if (which == 0 && threadIdx.x == 3) __syncthreads();
  if (which == 0) __syncthreads();
  if (which == 1 && threadIdx.x != 3) __shfl_sync(0xffffffffU, 1, 0);
  if (which == 1 && threadIdx.x == 3) __syncthreads();
  if (which == 2) __shfl_sync(0xfffffffeU, 1, 1);
}

TEST_F(CudaSim, WarpsAndBarriersWork) {
  const void* kernel = stub<&sum_kernel>("sum");
  std::array<int, 2> wrong{};
  for (uint32_t s = 0; s < 40; ++s) {
    seed(s);
    int barriers = static_cast<int>(s % 2);
    void* arguments[] = {&data_, &barriers};
    ok(cudaLaunchKernel(kernel, dim3(8), dim3(128), arguments, 0, streams_[0]));
    ok(cudaMemcpyAsync(pinned_, data_, kBytes, cudaMemcpyDeviceToHost, streams_[0]));
    ok(cudaStreamSynchronize(streams_[0]));
    for (int block = 0; block < 8; ++block) wrong[s % 2] += pinned_[block] == 127 * 128 / 2 ? 0 : 1;
  }
  EXPECT_EQ(wrong[1], 0);
  EXPECT_GT(wrong[0], 40);
}

TEST_F(CudaSimDeathTest, DivergenceIsReported) {
  const void* kernel = stub<&diverge_kernel>("diverge");
  const std::array<const char*, 3> words = {"different barriers", "lanes that do not come", "not in the mask"};
  for (int which = 0; which < 3; ++which) {
    void* arguments[] = {&which};
    EXPECT_DEATH(
        {
          cudaLaunchKernel(kernel, dim3(1), dim3(32), arguments, 0, streams_[0]);
          cudaDeviceSynchronize();
        },
        words[static_cast<size_t>(which)]);
  }
}

// ---- libraries -------------------------------------------------------------------------------------------------------

class CudaSimLibraries : public CudaSim {
 protected:
  static constexpr int kRows = 4, kColumns = 6, kKept = kColumns / 2 + 1;

  // An inverse transform of a spectrum; `left` is what the call leaves of it.
  std::vector<float> inverse(const std::vector<cufftComplex>& spectrum, std::vector<cufftComplex>& left) {
    cufftHandle plan = 0;
    size_t work = 0;
    int size[] = {kRows, kColumns};
    EXPECT_EQ(cufftCreate(&plan), CUFFT_SUCCESS);
    EXPECT_EQ(cufftMakePlanMany(plan, 2, size, nullptr, 1, 0, nullptr, 1, 0, CUFFT_C2R, 1, &work), CUFFT_SUCCESS);
    EXPECT_EQ(cufftSetStream(plan, streams_[0]), CUFFT_SUCCESS);
    auto* half = reinterpret_cast<cufftComplex*>(data_);
    auto* real = reinterpret_cast<float*>(data_) + 100;
    const size_t bytes = spectrum.size() * sizeof(cufftComplex);
    std::vector<float> result(kRows * kColumns);
    left = spectrum;
    ok(cudaMemcpyAsync(half, spectrum.data(), bytes, cudaMemcpyHostToDevice, streams_[0]));
    EXPECT_EQ(cufftExecC2R(plan, half, real), CUFFT_SUCCESS);
    ok(cudaMemcpyAsync(left.data(), half, bytes, cudaMemcpyDeviceToHost, streams_[0]));
    ok(cudaMemcpyAsync(result.data(), real, result.size() * sizeof(float), cudaMemcpyDeviceToHost, streams_[0]));
    ok(cudaStreamSynchronize(streams_[0]));
    EXPECT_EQ(cufftDestroy(plan), CUFFT_SUCCESS);
    return result;
  }
};

TEST_F(CudaSimLibraries, AnInverseTransformDestroysItsInputAndReadsHalfOfIt) {
  std::vector<cufftComplex> spectrum(kRows * kKept), left;
  spectrum[0] = {24, 0};
  spectrum[1 * kKept] = {0, 5};  // its conjugate stands in row 3
  spectrum[3 * kKept] = {0, -5};
  spectrum[2 * kKept + 2] = {1, 2};
  const std::vector<float> result = inverse(spectrum, left);
  EXPECT_TRUE(std::isnan(left[0].x) && std::isnan(left.back().y));
  for (int y = 0; y < kRows; ++y) {
    for (int x = 0; x < kColumns; ++x) {
      const double a = 2 * M_PI * y / 4, b = 2 * M_PI * (2 * y / 4.0 + 2 * x / 6.0);
      EXPECT_NEAR(result[static_cast<size_t>(y * kColumns + x)],
                  24 - 10 * std::sin(a) + 2 * std::cos(b) - 4 * std::sin(b), 1e-4);
    }
  }
  spectrum[3 * kKept] = {7, 7};  // not Hermitian: what row 1 says counts
  EXPECT_EQ(inverse(spectrum, left), result);
}

TEST_F(CudaSimLibraries, AProductReadsColumnsAndNoResultWhereBetaIsZero) {
  const std::vector<float> numbers = {1, 2, 3, 4, 5, 6};  // A = 2 x 3; A^T A would be 3 x 3
  auto* a = reinterpret_cast<float*>(data_);
  auto* c = a + 100;  // NaN
  const float one = 1, zero = 0;
  cublasHandle_t handle = nullptr;
  ASSERT_EQ(cublasCreate(&handle), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(cublasSetStream(handle, streams_[0]), CUBLAS_STATUS_SUCCESS);
  ok(cudaMemcpyAsync(a, numbers.data(), 24, cudaMemcpyHostToDevice, streams_[0]));
  EXPECT_EQ(cublasSgemm(handle, CUBLAS_OP_T, CUBLAS_OP_N, 3, 3, 2, &one, a, 1, a, 2, &zero, c, 3),
            CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(cublasSgemm(handle, CUBLAS_OP_T, CUBLAS_OP_N, 3, 3, 2, &one, a, 2, a, 2, &zero, c, 3),
            CUBLAS_STATUS_SUCCESS);
  std::vector<float> result(9);
  ok(cudaMemcpyAsync(result.data(), c, 36, cudaMemcpyDeviceToHost, streams_[0]));
  ok(cudaStreamSynchronize(streams_[0]));
  EXPECT_EQ(result, (std::vector<float>{5, 11, 17, 11, 25, 39, 17, 39, 61}));
  EXPECT_EQ(cublasDestroy(handle), CUBLAS_STATUS_SUCCESS);
}

TEST_F(CudaSimLibraries, ADescriptorIsCheckedWhenItIsFinalized) {
  cudnnBackendDescriptor_t tensor = nullptr;
  int64_t numbers[] = {1, 2, 3, 4};
  ASSERT_EQ(cudnnBackendCreateDescriptor(CUDNN_BACKEND_TENSOR_DESCRIPTOR, &tensor), CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(cudnnBackendSetAttribute(tensor, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, numbers),
            CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(cudnnBackendSetAttribute(tensor, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_DATA_TYPE, 4, numbers),
            CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE);
  EXPECT_EQ(cudnnBackendFinalize(tensor), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(cudnnBackendDestroyDescriptor(tensor), CUDNN_STATUS_SUCCESS);
  EXPECT_NE(cudnnBackendFinalize(tensor), CUDNN_STATUS_SUCCESS) << "it is gone";
}

}  // namespace
}  // namespace phosphene::sim
