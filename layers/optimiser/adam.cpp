#include "layers/optimiser/adam.h"

namespace phosphene {
namespace {

class AdamSchedule final : public Op {
 public:
  explicit AdamSchedule(const AdamAttributes& attributes) : attributes_(attributes) {}

  [[nodiscard]] std::string_view kind() const override { return "adam schedule"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {{{1, 2, 1, 1}, Layout::channels_last, DType::f32}};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return AdamScheduleProblem{attributes_.learning_rate, attributes_.beta1, attributes_.beta2,
                               attributes_.epsilon_form};
  }

 private:
  AdamAttributes attributes_;
};

class Adam final : public Op {
 public:
  explicit Adam(const AdamAttributes& attributes) : attributes_(attributes) {}

  [[nodiscard]] std::string_view kind() const override { return "adam"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override { return {}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> dst) const override {
    const Shape& parameter = dst[0].shape;
    AdamProblem problem;
    problem.n = parameter.n;
    problem.rows_per_image = parameter.c * parameter.h;
    problem.row_elements = parameter.w;
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

TensorInfo latches(int64_t n) { return {{n, 1, 1, 1}, Layout::channels_last, DType::i64}; }

void append_adam(Graph& graph, const AdamAttributes& attributes, ValueId parameter, ValueId gradient, ValueId step,
                 ValueId latch) {
  const std::string name = graph.value(parameter).name;
  const TensorInfo info = graph.info(parameter);
  const ValueId m = graph.state(name + "/m", info);
  const ValueId v = graph.state(name + "/v", info);
  const ValueId factors = graph.append(std::make_shared<AdamSchedule>(attributes), {step}, "adam schedule");
  graph.append_update(std::make_shared<Adam>(attributes), {gradient, factors, latch}, {parameter, m, v}, "adam");
}

}  // namespace phosphene
