#include "runtime/cuda/cuda_backend.h"

#include "runtime/cuda/check.h"
#include "runtime/cuda/convolution.h"
#include "runtime/cuda/inverse_fourier.h"
#include "runtime/cuda/launches.h"
#include "runtime/cuda/linear.h"
#include "runtime/cuda/matrix_products.h"
#include "runtime/cuda/peaks.h"
#include "runtime/cuda/recorded_sequence.h"
#include "runtime/cuda/transfer.h"
#include "runtime/device_choice.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

LaunchProblem choose_launch(const Problem& problem, const std::string& where) {
  for (const auto choose : {choose_network_launch, choose_arithmetic_launch, choose_activation_launch,
                            choose_image_launch, choose_transform_launch, choose_objective_launch,
                            choose_penalty_launch, choose_rearrange_launch, choose_optimiser_launch}) {
    if (const LaunchProblem launch = choose(problem)) return launch;
  }
  fail_internal(where, "no kernel of the GPU solves this problem");
}

// A problem that our kernels solve.
class KernelTask final : public Task {
 public:
  KernelTask(Problem problem, LaunchProblem launch, Device& device)
      : problem_(std::move(problem)), launch_(launch), device_(device) {}

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    pointers_.assign(operands.begin(), operands.end());
    operands_ = {pointers_, workspace};
  }
  void run() override { check_cuda(launch_(problem_, operands_, device_.stream()), "a kernel"); }

 private:
  Problem problem_;
  LaunchProblem launch_;
  Device& device_;
  std::vector<std::byte*> pointers_;
  Operands operands_;
};

class CudaBackend final : public Backend {
 public:
  CudaBackend(const DeviceOptions& options, int gpu)
      : device_(gpu),
        weights_(device_),
        cache_({device_.cudnn(), ""}, device_.name(), options.plan_cache ? PlanCache::default_folder() : ""),
        planner_{device_, weights_, cache_, options.tf32 ? NetworkPrecision::tf32 : NetworkPrecision::f32},
        record_(options.record) {}

  [[nodiscard]] std::string description() const override {
    return fmt::format("cuda: {}, cuDNN {}{}", device_.name(), cudnnGetVersion(),
                       planner_.precision == NetworkPrecision::tf32 ? ", TF32" : "");
  }

  [[nodiscard]] std::string warning() const override { return device_.warning(); }
  [[nodiscard]] std::unique_ptr<Memory> allocate(int64_t bytes) override {
    return std::make_unique<DeviceMemory>(bytes, device_.stream());
  }
  [[nodiscard]] MemoryUse memory() const override { return device_.memory(); }
  void write(std::byte* dst, std::span<const std::byte> src) override { device_.write(dst, src); }
  void read(std::span<std::byte> dst, const std::byte* src) override { device_.read(dst, src); }
  [[nodiscard]] std::unique_ptr<Transfer> start_read(const std::byte* src, int64_t bytes) override {
    return std::make_unique<CudaTransfer>(device_, src, bytes);
  }
  [[nodiscard]] Peaks measure_peaks(DType storage) override {
    return measure_cuda_peaks(device_, storage, planner_.precision == NetworkPrecision::tf32);
  }
  void wait() override { device_.wait(); }
  double time(Task& task) override { return seconds_of(device_, task); }
  [[nodiscard]] int64_t alignment() const override { return 256; }  // what cudaMalloc gives, and the libraries like
  [[nodiscard]] GradientEpilogues gradient_epilogues(DType storage) const override {
    return cudnn_epilogues(storage, planner_.precision == NetworkPrecision::tf32);
  }

  [[nodiscard]] std::unique_ptr<Sequence> sequence(std::vector<Task*> tasks) override {
    return std::make_unique<RecordedSequence>(device_, std::move(tasks), record_);
  }

  [[nodiscard]] PlannedTask plan(const Problem& problem, const std::string& where) override {
    return std::visit(
        [&]<class P>(const P& p) {
          if constexpr (kListed<P, LibraryProblems>) {
            return plan_one(p, where);
          } else {
            return plan_kernel(problem, where);
          }
        },
        problem);
  }

 private:
  PlannedTask plan_one(const ConvolutionProblem& problem, const std::string& where) {
    return plan_convolution(planner_, problem, where);
  }
  PlannedTask plan_one(const ConvolutionBackwardProblem& problem, const std::string& where) {
    return plan_convolution(planner_, problem, where);
  }
  PlannedTask plan_one(const InverseFourierProblem& problem, const std::string& /*where*/) {
    return plan_inverse_fourier(device_, problem);
  }
  PlannedTask plan_one(const InverseFourierBackwardProblem& problem, const std::string& /*where*/) {
    return plan_inverse_fourier(device_, problem);
  }
  PlannedTask plan_one(const LinearProblem& problem, const std::string& /*where*/) {
    return plan_linear(device_, weights_, problem, planner_.precision == NetworkPrecision::tf32);
  }
  PlannedTask plan_one(const LinearBackwardProblem& problem, const std::string& /*where*/) {
    return plan_linear(device_, weights_, problem, planner_.precision == NetworkPrecision::tf32);
  }
  PlannedTask plan_one(const MatrixProductsProblem& problem, const std::string& /*where*/) {
    return plan_matrix_products(device_, problem, planner_.precision == NetworkPrecision::tf32);
  }

  PlannedTask plan_kernel(const Problem& problem, const std::string& where) {
    PlannedTask planned;
    planned.implementation = "kernel";
    planned.attempts = {{"kernel", ""}};
    planned.workspace_bytes = workspace_bytes(problem);
    planned.task = std::make_unique<KernelTask>(problem, choose_launch(problem, where), device_);
    return planned;
  }

  Device device_;
  DeviceWeights weights_;
  PlanCache cache_;
  ConvolutionPlanner planner_;
  bool record_;
};

// 13020 is 13.2.
std::string as_version(int version) { return fmt::format("{}.{}", version / 1000, version % 1000 / 10); }

// Kernels are compiled for 7.5 and later.
bool is_recent(int gpu, std::string& reason) {
  constexpr int kLeast = 75;
  cudaDeviceProp properties{};
  if (cudaGetDeviceProperties(&properties, gpu) != cudaSuccess) {
    reason = fmt::format("CUDA does not start: {}", cudaGetErrorString(cudaGetLastError()));
    return false;
  }
  if (properties.major * 10 + properties.minor >= kLeast) return true;
  reason = fmt::format("{} has compute capability {}.{}; expected 7.5 or later", properties.name, properties.major,
                       properties.minor);
  return false;
}

}  // namespace

bool cuda_device(int gpu, std::string& reason) {
  int count = 0;  // not written on failure
  const cudaError_t status = cudaGetDeviceCount(&count);
  switch (status) {
    case cudaSuccess:
      if (gpu < count) return is_recent(gpu, reason);
      reason = count == 0 ? "no GPU was found" : fmt::format("there is no GPU {}; expected at most {}", gpu, count - 1);
      return false;
    case cudaErrorStubLibrary:
      reason = "the NVIDIA driver is only a stub";
      return false;
    case cudaErrorInsufficientDriver: {
      int driver = 0;
      cudaDriverGetVersion(&driver);
      int needed = 0;
      cudaRuntimeGetVersion(&needed);
      reason = driver == 0 ? "there is no NVIDIA driver"
                           : fmt::format("the NVIDIA driver is for CUDA {}; expected one for {} or later",
                                         as_version(driver), as_version(needed));
      return false;
    }
    case cudaErrorNoDevice:
      reason = "the NVIDIA driver finds no GPU";
      return false;
    default:
      reason = fmt::format("CUDA does not start: {}", cudaGetErrorString(status));
      return false;
  }
}

std::unique_ptr<Backend> make_cuda_backend(const DeviceOptions& options, int gpu) {
  std::string reason;
  if (!cuda_device(gpu, reason)) fail("--device", "{}", reason);
  return std::make_unique<CudaBackend>(options, gpu);
}

}  // namespace phosphene
