#include "layers/optimiser/objective_history.h"

#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class ObjectiveHistory final : public Op {
 public:
  [[nodiscard]] std::string_view kind() const override { return "objective history"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override { return {}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override {
    return ObjectiveHistoryProblem{src[0].shape.n, dst[0].shape.n};
  }
  [[nodiscard]] bool updates_state() const override { return true; }
};

class Advance final : public Op {
 public:
  [[nodiscard]] std::string_view kind() const override { return "advance"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override { return {}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return AdvanceProblem{};
  }
  [[nodiscard]] bool updates_state() const override { return true; }
};

}  // namespace

TensorInfo value_history(int64_t steps, int64_t n) { return {{steps, n, 1, 1}, Layout::channels_last, DType::f32}; }

void append_record(Graph& graph, ValueId value, ValueId step, ValueId history, ValueId stopped_at) {
  if (graph.shape(value).n != graph.shape(history).c)
    fail_internal("objective history", "{} values for a history of {}", graph.shape(value).n, graph.shape(history).c);
  graph.append_update(std::make_shared<ObjectiveHistory>(), {value, step}, {history, stopped_at}, "objective history");
}

void append_advance(Graph& graph, ValueId step) {
  graph.append_update(std::make_shared<Advance>(), {}, {step}, "advance");
}

}  // namespace phosphene
