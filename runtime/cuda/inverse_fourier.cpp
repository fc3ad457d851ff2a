#include "runtime/cuda/inverse_fourier.h"

#include <cufft.h>

#include <utility>
#include <vector>

#include "runtime/cuda/check.h"
#include "runtime/cuda/launches.h"

namespace phosphene {
namespace {

constexpr int64_t kAlignment = 256;

int64_t aligned(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// All planes of a batch in one plan. Real rows have W' = 2 (K - 1) numbers; where the image is one narrower, its rows pass
// through memory of their own. A complex-to-real transform destroys its input, which here is always the workspace's.
class FourierPlan {
 public:
  FourierPlan(Device& device, const Shape& spectrum, const Shape& image, cufftType type)
      : device_(device), spectrum_(spectrum), image_(image), h_(image.h), period_(2 * (spectrum.w - 1)) {
    check_cufft(cufftCreate(&plan_), "a plan");
    check_cufft(cufftSetAutoAllocation(plan_, 0), "a plan's memory");
    int size[] = {static_cast<int>(h_), static_cast<int>(period_)};
    size_t work = 0;
    check_cufft(
        cufftMakePlanMany(plan_, 2, size, nullptr, 1, 0, nullptr, 1, 0, type, static_cast<int>(planes()), &work),
        "a plan");
    work_bytes_ = static_cast<int64_t>(work);
    check_cufft(cufftSetStream(plan_, device.stream()), "a plan's stream");
  }
  FourierPlan(const FourierPlan&) = delete;
  FourierPlan& operator=(const FourierPlan&) = delete;
  ~FourierPlan() { cufftDestroy(plan_); }

  [[nodiscard]] int64_t workspace_bytes() const {
    return aligned(work_bytes_) + aligned(complex_bytes()) + (narrow() ? aligned(real_bytes()) : 0);
  }

  // Divides the workspace; to be called once.
  void bind(std::byte* workspace) {
    const auto take = [&workspace](int64_t bytes) { return std::exchange(workspace, workspace + aligned(bytes)); };
    check_cufft(cufftSetWorkArea(plan_, take(work_bytes_)), "a plan's memory");
    complex_ = take(complex_bytes());
    real_ = narrow() ? workspace : nullptr;
  }

 protected:
  [[nodiscard]] int64_t planes() const { return image_.n * image_.c; }
  [[nodiscard]] bool narrow() const { return image_.w != period_; }
  [[nodiscard]] int64_t complex_bytes() const { return planes() * h_ * spectrum_.w * 2 * int64_t{sizeof(float)}; }
  [[nodiscard]] int64_t real_bytes() const { return planes() * h_ * period_ * int64_t{sizeof(float)}; }

  void enqueue(const LibraryStep& step, std::byte* src, std::byte* dst) const {
    std::byte* pointers[] = {src, dst};
    check_cuda(launch_cuda(step, {pointers, nullptr}, device_.stream()), "a spectrum's copy");
  }
  // What of a row is in the image, from rows of one length to rows of another.
  [[nodiscard]] LibraryStep copy_rows(int64_t src_pitch, int64_t dst_pitch) const {
    return CopyRowsStep{planes() * h_, image_.w, src_pitch, dst_pitch};
  }

  Device& device_;
  Shape spectrum_, image_;
  int64_t h_, period_;
  cufftHandle plan_ = 0;
  int64_t work_bytes_ = 0;
  std::byte* complex_ = nullptr;
  std::byte* real_ = nullptr;
};

class InverseFourierTask final : public Task, private FourierPlan {
 public:
  InverseFourierTask(Device& device, const Shape& spectrum, const Shape& image)
      : FourierPlan(device, spectrum, image, CUFFT_C2R) {}
  using FourierPlan::workspace_bytes;

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    FourierPlan::bind(workspace);
    src_ = operands[0];
    dst_ = operands[1];
  }

  void run() override {
    enqueue(PackHalfSpectrumStep{spectrum_}, src_, complex_);
    std::byte* out = narrow() ? real_ : dst_;
    check_cufft(cufftExecC2R(plan_, reinterpret_cast<cufftComplex*>(complex_), reinterpret_cast<cufftReal*>(out)),
                "an inverse transform");
    if (narrow()) enqueue(copy_rows(period_, image_.w), real_, dst_);
  }

 private:
  std::byte* src_ = nullptr;
  std::byte* dst_ = nullptr;
};

class InverseFourierBackwardTask final : public Task, private FourierPlan {
 public:
  InverseFourierBackwardTask(Device& device, const Shape& spectrum, const Shape& image)
      : FourierPlan(device, spectrum, image, CUFFT_R2C) {}
  using FourierPlan::workspace_bytes;

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    FourierPlan::bind(workspace);
    grad_dst_ = operands[0];
    grad_src_ = operands[1];
  }

  void run() override {
    std::byte* in = grad_dst_;
    if (narrow()) {
      check_cuda(cudaMemsetAsync(real_, 0, static_cast<size_t>(real_bytes()), device_.stream()), "clearing rows");
      enqueue(copy_rows(image_.w, period_), grad_dst_, real_);
      in = real_;
    }
    check_cufft(cufftExecR2C(plan_, reinterpret_cast<cufftReal*>(in), reinterpret_cast<cufftComplex*>(complex_)),
                "a transform");
    enqueue(UnpackHalfSpectrumStep{spectrum_}, complex_, grad_src_);
  }

 private:
  std::byte* grad_dst_ = nullptr;
  std::byte* grad_src_ = nullptr;
};

template <class FourierTask>
PlannedTask plan(Device& device, const Shape& spectrum, const Shape& image, const char* implementation) {
  PlannedTask planned;
  planned.implementation = implementation;
  planned.attempts = {{implementation, ""}};
  auto task = std::make_unique<FourierTask>(device, spectrum, image);
  planned.workspace_bytes = task->workspace_bytes();
  planned.task = std::move(task);
  return planned;
}

}  // namespace

PlannedTask plan_inverse_fourier(Device& device, const InverseFourierProblem& problem) {
  return plan<InverseFourierTask>(device, problem.spectrum, problem.image, "cufft C2R");
}

PlannedTask plan_inverse_fourier(Device& device, const InverseFourierBackwardProblem& problem) {
  return plan<InverseFourierBackwardTask>(device, problem.spectrum, problem.image, "cufft R2C");
}

}  // namespace phosphene
