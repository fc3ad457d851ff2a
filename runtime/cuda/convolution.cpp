#include "runtime/cuda/convolution.h"

#include <utility>

#include "runtime/cuda/check.h"
#include "runtime/cuda/launches.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr int64_t kAlignment = 256;

int64_t aligned(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

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
        step_(AddBiasStep{graph.dst, graph.bias, graph.relu, graph.storage()}) {}

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
  BackwardTask(Device& device, PlanChoice choice, std::shared_ptr<DeviceMemory> filter, const ConvolutionGraph& graph)
      : ConvolutionTask(device, std::move(choice), std::move(filter), graph.src.elements() * size_of(graph.storage())),
        addend_(graph.addend),
        mask_(graph.mask),
        sum_{graph.src, graph.addend ? 2 : 1, graph.src.c, 0, graph.mask, graph.storage()} {}

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    std::vector<CudnnPlan::Binding> bindings = {{PlanTensor::in, operands[0]}};
    size_t next = 1;
    std::vector<std::byte*> others;
    for (const auto& [wanted, tensor] : {std::pair{addend_, PlanTensor::addend}, {mask_, PlanTensor::mask}}) {
      if (!wanted) continue;
      others.push_back(operands[next++]);
      if (fused()) bindings.push_back({tensor, others.back()});
    }
    std::byte* convolved = bind_plan(std::move(bindings), operands[next], workspace);
    pointers_ = {convolved};
    pointers_.insert(pointers_.end(), others.begin(), others.end());
    pointers_.push_back(operands[next]);
  }

 private:
  void run_epilogue() override { enqueue(sum_, {pointers_, nullptr}); }

  bool addend_, mask_;
  AccumulateProblem sum_;
  std::vector<std::byte*> pointers_;
};

PlannedTask planned(const PlanChoice& choice) {
  PlannedTask planned;
  planned.implementation = choice.implementation;
  planned.attempts = choice.attempts;
  return planned;
}

}  // namespace

PlannedTask plan_convolution(const ConvolutionPlanner& planner, const ConvolutionProblem& problem,
                             const std::string& where) {
  const ConvolutionGraph graph = graph_of(problem, planner.precision);
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
  const ConvolutionGraph graph = graph_of(problem, planner.precision);
  PlanChoice choice = choose_plan(planner.cache, graph, where);
  PlannedTask result = planned(choice);
  // Shared with the forward convolution, so it takes no extra memory.
  auto task = std::make_unique<BackwardTask>(planner.device, std::move(choice),
                                             planner.weights.filter(problem.weights, problem.storage), graph);
  result.workspace_bytes = task->workspace_bytes();
  result.task = std::move(task);
  return result;
}

}  // namespace phosphene
