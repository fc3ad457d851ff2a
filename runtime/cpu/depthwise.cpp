#include "runtime/cpu/depthwise.h"

#include <utility>
#include <vector>

#include "runtime/cpu/kernel_task.h"
#include "runtime/launches/depthwise.h"

namespace phosphene {
namespace {

template <class Step>
class DepthwiseTask final : public Task {
 public:
  DepthwiseTask(Step step, const Weights& weights, const Weights& bias, const Parallel& parallel)
      : step_(step),
        launcher_{parallel},
        weights_(static_cast<size_t>(weights.elements() * size_of(step.storage))),
        bias_(bias.data, bias.data + bias.elements() * (bias.data != nullptr)) {
    const std::vector<float> taps = taps_of_channels(weights);
    with_storage(step.storage, [&](auto number) {
      auto* to = reinterpret_cast<decltype(number)*>(weights_.data());
      for (const float tap : taps) narrow(tap, *to++);
    });
  }

  [[nodiscard]] int64_t constant_bytes() const {
    return std::ssize(weights_) + std::ssize(bias_) * static_cast<int64_t>(sizeof(float));
  }

  // Operands of a problem: those of the step, without weights and bias.
  void bind(std::span<std::byte* const> operands, std::byte* /*workspace*/) override {
    pointers_ = {operands[0], weights_.data()};
    if (!bias_.empty()) pointers_.push_back(reinterpret_cast<std::byte*>(bias_.data()));
    pointers_.insert(pointers_.end(), operands.begin() + 1, operands.end());
  }
  void run() override { launch(launcher_, step_, Operands{pointers_, nullptr}); }

 private:
  Step step_;
  CpuLauncher launcher_;
  std::vector<std::byte> weights_;
  std::vector<float> bias_;
  std::vector<std::byte*> pointers_;
};

template <class Step>
PlannedTask planned(const Step& step, const Weights& weights, const Weights& bias, const Parallel& parallel) {
  PlannedTask planned;
  planned.implementation = "depthwise";
  planned.attempts = {{planned.implementation, ""}};
  auto task = std::make_unique<DepthwiseTask<Step>>(step, weights, bias, parallel);
  planned.constant_bytes = task->constant_bytes();
  planned.task = std::move(task);
  return planned;
}

}  // namespace

PlannedTask plan_depthwise(const ConvolutionProblem& p, const Parallel& parallel) {
  return planned(DepthwiseStep{p.src, p.dst, p.window, p.bias.data != nullptr, p.relu, p.ceiling, p.storage}, p.weights,
                 p.bias, parallel);
}

PlannedTask plan_depthwise(const ConvolutionBackwardProblem& p, const Parallel& parallel) {
  return planned(DepthwiseBackwardStep{p.src, p.dst, p.window, p.addend, p.masked, p.storage}, p.weights, {}, parallel);
}

}  // namespace phosphene
