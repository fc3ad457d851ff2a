#include "layers/optimiser/momentum.h"

#include <string>

#include "layers/optimiser/update.h"

namespace phosphene {
namespace {

class MomentumSchedule final : public Op {
 public:
  explicit MomentumSchedule(const MomentumAttributes& attributes) : attributes_(attributes) {}

  [[nodiscard]] std::string_view kind() const override { return "momentum schedule"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {{{1, 1, 1, 1}, Layout::channels_last, DType::f32}};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return MomentumScheduleProblem{attributes_.learning_rate, attributes_.schedule};
  }

 private:
  MomentumAttributes attributes_;
};

class Momentum final : public Op {
 public:
  explicit Momentum(const MomentumAttributes& attributes) : attributes_(attributes) {}

  [[nodiscard]] std::string_view kind() const override { return attributes_.sign ? "sign ascent" : "momentum"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override { return {}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override {
    return MomentumProblem{parameter_rows(dst[0], src[2]), attributes_.momentum, attributes_.sign};
  }
  [[nodiscard]] bool updates_state() const override { return true; }

 private:
  MomentumAttributes attributes_;
};

}  // namespace

ValueId append_momentum_schedule(Graph& graph, const MomentumAttributes& attributes, ValueId step) {
  return graph.append(std::make_shared<MomentumSchedule>(attributes), {step}, "momentum schedule");
}

void append_momentum_update(Graph& graph, const MomentumAttributes& attributes, ValueId parameter, ValueId gradient,
                            ValueId factors, ValueId stopped_at) {
  const ValueId m = graph.state(first_moment_of(graph.value(parameter).name), graph.info(parameter));
  graph.append_update(std::make_shared<Momentum>(attributes), {gradient, factors, stopped_at}, {parameter, m},
                      "momentum");
}

}  // namespace phosphene
