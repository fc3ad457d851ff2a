#include "runtime/cpu/depthwise.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/cpu/kernel_task.h"
#include "runtime/launches/depthwise.h"

namespace phosphene {
namespace {

Packed pack_taps(PackedWeights& packed, const Weights& weights, DType storage) {
  const std::string form = storage == DType::bf16 ? "depthwise bf16" : "depthwise f32";
  return packed.get(weights, form, weights.elements() * size_of(storage), [&](std::byte* memory) {
    const std::vector<float> taps = taps_of_channels(weights);
    with_storage(storage, [&](auto number) {
      auto* to = reinterpret_cast<decltype(number)*>(memory);
      for (const float tap : taps) narrow(tap, *to++);
    });
  });
}

template <class Step>
class DepthwiseTask final : public Task {
 public:
  DepthwiseTask(const Step& step, Packed weights, std::optional<Packed> bias, const Parallel& parallel)
      : step_(step), launcher_{parallel}, weights_(std::move(weights)), bias_(std::move(bias)) {}

  // Operands of a problem: those of the step, without weights and bias.
  void bind(std::span<std::byte* const> operands, std::byte* /*workspace*/) override {
    pointers_ = {operands[0], weights_.data()};
    if (bias_) pointers_.push_back(bias_->data());
    pointers_.insert(pointers_.end(), operands.begin() + 1, operands.end());
  }
  void run() override { launch(launcher_, step_, Operands{pointers_, nullptr}); }

 private:
  Step step_;
  CpuLauncher launcher_;
  Packed weights_;
  std::optional<Packed> bias_;
  std::vector<std::byte*> pointers_;
};

template <class Step>
PlannedTask planned(const Step& step, const Weights& weights, const Weights& bias, const CpuTeam& team) {
  PlannedTask planned;
  planned.implementation = "depthwise";
  planned.attempts = {{planned.implementation, ""}};
  const Packed taps = pack_taps(*team.packed, weights, step.storage);
  const std::optional<Packed> biases = pack_bias(*team.packed, bias);
  account(planned, taps);
  if (biases) account(planned, *biases);
  planned.task = std::make_unique<DepthwiseTask<Step>>(step, taps, biases, team.parallel);
  return planned;
}

}  // namespace

PlannedTask plan_depthwise(const ConvolutionProblem& p, const CpuTeam& team) {
  return planned(DepthwiseStep{p.src, p.dst, p.window, p.bias.data != nullptr, p.relu, p.ceiling, p.storage}, p.weights,
                 p.bias, team);
}

PlannedTask plan_depthwise(const ConvolutionBackwardProblem& p, const CpuTeam& team) {
  return planned(DepthwiseBackwardStep{p.src, p.dst, p.window, p.addend, p.masked, p.storage}, p.weights, {}, team);
}

}  // namespace phosphene
