#include "layers/optimiser/adam.h"

namespace phosphene {
namespace {

class AdamSchedule final : public Op {
 public:
  explicit AdamSchedule(const AdamAttributes& attributes) : attributes_(attributes) {}

  [[nodiscard]] std::string_view kind() const override { return "adam schedule"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {{{1, attributes_.nesterov ? 3 : 2, 1, 1}, Layout::channels_last, DType::f32}};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return AdamScheduleProblem{attributes_.learning_rate, attributes_.beta1,    attributes_.beta2,
                               attributes_.epsilon_form,  attributes_.schedule, attributes_.nesterov};
  }

 private:
  AdamAttributes attributes_;
};

class Adam final : public Op {
 public:
  explicit Adam(const AdamAttributes& attributes) : attributes_(attributes) {}

  [[nodiscard]] std::string_view kind() const override { return attributes_.nesterov ? "nadam" : "adam"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override { return {}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override {
    const ParameterRows rows = parameter_rows(dst[0], src[2]);
    AdamProblem problem;
    problem.n = rows.owners;
    problem.rows_per_image = rows.rows_per_owner;
    problem.row_elements = rows.row_elements;
    problem.nesterov = attributes_.nesterov;
    problem.beta1 = attributes_.beta1;
    problem.beta2 = attributes_.beta2;
    problem.epsilon = attributes_.epsilon;
    return problem;
  }
  [[nodiscard]] bool updates_state() const override { return true; }

 private:
  AdamAttributes attributes_;
};

}  // namespace

ValueId append_adam_schedule(Graph& graph, const AdamAttributes& attributes, ValueId step) {
  return graph.append(std::make_shared<AdamSchedule>(attributes), {step}, "adam schedule");
}

void append_adam_update(Graph& graph, const AdamAttributes& attributes, ValueId parameter, ValueId gradient,
                        ValueId factors, ValueId stopped_at) {
  const std::string name = graph.value(parameter).name;
  const TensorInfo info = graph.info(parameter);
  const ValueId m = graph.state(first_moment_of(name), info);
  const ValueId v = graph.state(second_moment_of(name), info);
  graph.append_update(std::make_shared<Adam>(attributes), {gradient, factors, stopped_at}, {parameter, m, v}, "adam");
}

}  // namespace phosphene
