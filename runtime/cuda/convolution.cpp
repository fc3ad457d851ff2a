#include "runtime/cuda/convolution.h"

#include <utility>

#include "runtime/cuda/check.h"
#include "runtime/cuda/launches.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr int64_t kAlignment = 256;

int64_t aligned(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// cuDNN would say of each layer that it has no engine.
void check_precision(const Device& device, NetworkPrecision precision) {
  if (precision == NetworkPrecision::f32 || device.has_bf16_and_tf32()) return;
  fail(precision == NetworkPrecision::tf32 ? "--tf32" : "precision bf16",
       "expected a GPU of compute capability 8.0 or later, got {}", device.name());
}

class ConvolutionTask : public Task {
 public:
  ConvolutionTask(Device& device, PlanChoice choice, std::shared_ptr<DeviceMemory> filter, int64_t out_bytes)
      : device_(device),
        plan_(std::move(choice.plan)),
        fused_(choice.fused),
        filter_(std::move(filter)),
        out_bytes_(out_bytes) {}

  [[nodiscard]] int64_t workspace_bytes() const {
    return aligned(plan_->workspace_bytes()) + (fused_ ? 0 : aligned(out_bytes_));
  }

  void run() override {
    plan_->execute(device_.cudnn());
    if (!fused_) run_epilogue();
  }

 protected:
  virtual void run_epilogue() = 0;

  // Binds the plan, whose result goes to `out` or, unfused, to the workspace; returns where.
  std::byte* bind_plan(std::vector<CudnnPlan::Binding> bindings, std::byte* out, std::byte* workspace) {
    if (!fused_) out = std::exchange(workspace, workspace + aligned(out_bytes_));
    bindings.push_back({PlanTensor::weights, filter_->data()});
    bindings.push_back({PlanTensor::out, out});
    plan_->bind(bindings, plan_->workspace_bytes() > 0 ? workspace : nullptr);
    return out;
  }

  [[nodiscard]] bool fused() const { return fused_; }

  template <class Step>
  void enqueue(const Step& step, const Operands& operands) const {
    check_cuda(launch_cuda(step, operands, device_.stream()), "a convolution's epilogue");
  }

 private:
  Device& device_;
  std::unique_ptr<CudnnPlan> plan_;
  bool fused_;
  std::shared_ptr<DeviceMemory> filter_;
  int64_t out_bytes_;
};

class ForwardTask final : public ConvolutionTask {
 public:
  ForwardTask(Device& device, PlanChoice choice, std::shared_ptr<DeviceMemory> filter,
              std::shared_ptr<DeviceMemory> bias, const ConvolutionGraph& graph)
      : ConvolutionTask(device, std::move(choice), std::move(filter), graph.dst.elements() * size_of(graph.storage())),
        bias_(std::move(bias)),
        step_(AddBiasStep{graph.dst, graph.bias, graph.relu, graph.ceiling, graph.storage()}) {}

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    std::vector<CudnnPlan::Binding> bindings = {{PlanTensor::in, operands[0]}};
    if (fused() && bias_ != nullptr) bindings.push_back({PlanTensor::bias, bias_->data()});
    std::byte* convolved = bind_plan(std::move(bindings), operands[1], workspace);
    pointers_ = {convolved, bias_ == nullptr ? nullptr : bias_->data(), operands[1]};
  }

 private:
  void run_epilogue() override { enqueue(step_, {pointers_, nullptr}); }

  std::shared_ptr<DeviceMemory> bias_;
  LibraryStep step_;
  std::vector<std::byte*> pointers_;
};

class BackwardTask final : public ConvolutionTask {
 public:
  BackwardTask(Device& device, PlanChoice choice, std::shared_ptr<DeviceMemory> filter,
               std::shared_ptr<DeviceMemory> bias, const ConvolutionGraph& graph)
      : ConvolutionTask(device, std::move(choice), std::move(filter), graph.src.elements() * size_of(graph.storage())),
        addend_(graph.addend),
        mask_(graph.mask),
        bias_(std::move(bias)),
        sum_{graph.src, graph.addend ? 2 : 1, graph.src.c, 0, graph.mask, graph.storage()},
        step_(AddBiasStep{.dst = graph.src, .storage = graph.storage()}) {}

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    std::vector<CudnnPlan::Binding> bindings = {{PlanTensor::in, operands[0]}};
    size_t next = 1;
    std::vector<std::byte*> others;
    for (const auto& [wanted, tensor] : {std::pair{addend_, PlanTensor::addend}, {mask_, PlanTensor::mask}}) {
      if (!wanted) continue;
      others.push_back(operands[next++]);
      if (fused()) bindings.push_back({tensor, others.back()});
    }
    if (bias_ != nullptr) {
      others.push_back(bias_->data());
      if (fused()) bindings.push_back({PlanTensor::bias, bias_->data()});
    }
    std::byte* convolved = bind_plan(std::move(bindings), operands[next], workspace);
    pointers_ = {convolved};
    pointers_.insert(pointers_.end(), others.begin(), others.end());
    pointers_.push_back(operands[next]);
  }

 private:
  void run_epilogue() override {
    if (bias_ != nullptr)
      enqueue(step_, {pointers_, nullptr});
    else
      enqueue(sum_, {pointers_, nullptr});
  }

  bool addend_, mask_;
  std::shared_ptr<DeviceMemory> bias_;  // or null
  AccumulateProblem sum_;
  LibraryStep step_;
  std::vector<std::byte*> pointers_;
};

// A depthwise convolution of either direction by our own kernels.
class DepthwiseTask final : public Task {
 public:
  DepthwiseTask(Device& device, LibraryStep step, std::vector<std::shared_ptr<DeviceMemory>> constants)
      : device_(device), step_(step), constants_(std::move(constants)) {}

  // The constants, weights and bias, stand behind the first operand.
  void bind(std::span<std::byte* const> operands, std::byte* /*workspace*/) override {
    pointers_ = {operands[0]};
    for (const auto& constant : constants_) pointers_.push_back(constant->data());
    pointers_.insert(pointers_.end(), operands.begin() + 1, operands.end());
  }
  void run() override {
    check_cuda(launch_cuda(step_, Operands{pointers_, nullptr}, device_.stream()), "a depthwise convolution");
  }

 private:
  Device& device_;
  LibraryStep step_;
  std::vector<std::shared_ptr<DeviceMemory>> constants_;
  std::vector<std::byte*> pointers_;
};

PlannedTask plan_depthwise(const ConvolutionPlanner& planner, const ConvolutionProblem& p) {
  std::vector<std::shared_ptr<DeviceMemory>> constants = {planner.weights.taps(p.weights, p.storage)};
  const bool biased = p.bias.data != nullptr;
  if (biased) constants.push_back(planner.weights.plain(p.bias, DType::f32));
  PlannedTask planned;
  planned.implementation = "depthwise";
  planned.attempts = {{planned.implementation, ""}};
  for (const auto& constant : constants) planned.constant_bytes += constant->bytes();
  planned.task = std::make_unique<DepthwiseTask>(
      planner.device, DepthwiseStep{p.src, p.dst, p.window, biased, p.relu, p.ceiling, p.storage},
      std::move(constants));
  return planned;
}

// Its weights are shared with the forward convolution, so they take no extra memory.
PlannedTask plan_depthwise(const ConvolutionPlanner& planner, const ConvolutionBackwardProblem& p) {
  PlannedTask planned;
  planned.implementation = "depthwise";
  planned.attempts = {{planned.implementation, ""}};
  planned.task = std::make_unique<DepthwiseTask>(
      planner.device, DepthwiseBackwardStep{p.src, p.dst, p.window, p.addend, p.masked, p.storage},
      std::vector<std::shared_ptr<DeviceMemory>>{planner.weights.taps(p.weights, p.storage)});
  return planned;
}

PlannedTask planned(const PlanChoice& choice) {
  PlannedTask planned;
  planned.implementation = choice.implementation;
  planned.attempts = choice.attempts;
  return planned;
}

}  // namespace

PlannedTask plan_convolution(const ConvolutionPlanner& planner, const ConvolutionProblem& problem,
                             const std::string& where) {
  if (refuse_depthwise(problem).empty()) return plan_depthwise(planner, problem);
  const ConvolutionGraph graph = graph_of(problem, planner.precision);
  check_precision(planner.device, graph.precision);
  PlanChoice choice = choose_plan(planner.cache, graph, where);
  PlannedTask result = planned(choice);
  auto filter = planner.weights.filter(problem.weights, problem.storage);
  auto bias = graph.bias ? planner.weights.plain(problem.bias, problem.storage) : nullptr;
  result.constant_bytes = filter->bytes() + (bias == nullptr ? 0 : bias->bytes());
  auto task =
      std::make_unique<ForwardTask>(planner.device, std::move(choice), std::move(filter), std::move(bias), graph);
  result.workspace_bytes = task->workspace_bytes();
  result.task = std::move(task);
  return result;
}

PlannedTask plan_convolution(const ConvolutionPlanner& planner, const ConvolutionBackwardProblem& problem,
                             const std::string& where) {
  const bool biased = problem.bias.data != nullptr;
  if (biased && (problem.addend || problem.masked))
    fail_internal(where, "a gradient that takes up a bias and a sum or a mask");
  if (!biased && refuse_depthwise(problem).empty()) return plan_depthwise(planner, problem);
  const ConvolutionGraph graph = graph_of(problem, planner.precision);
  check_precision(planner.device, graph.precision);
  PlanChoice choice = choose_plan(planner.cache, graph, where);
  PlannedTask result = planned(choice);
  auto bias = biased ? planner.weights.plain(problem.bias, problem.storage) : nullptr;
  if (biased) result.constant_bytes = bias->bytes();
  // The filter is shared with the forward convolution, so it takes no extra memory.
  auto task =
      std::make_unique<BackwardTask>(planner.device, std::move(choice),
                                     planner.weights.filter(problem.weights, problem.storage), std::move(bias), graph);
  result.workspace_bytes = task->workspace_bytes();
  result.task = std::move(task);
  return result;
}

}  // namespace phosphene
