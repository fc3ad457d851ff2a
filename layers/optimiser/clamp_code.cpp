#include "layers/optimiser/clamp_code.h"

#include "layers/optimiser/update.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class ClampCode final : public Op {
 public:
  explicit ClampCode(double norm) : norm_(norm) {}

  [[nodiscard]] std::string_view kind() const override { return "clamp code"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override { return {}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override {
    return ClampCodeProblem{parameter_rows(dst[0], src[2]), norm_};
  }
  [[nodiscard]] bool updates_state() const override { return true; }

 private:
  double norm_;
};

ValueId append_channels(Graph& graph, const std::string& name, const std::vector<float>& numbers) {
  const int64_t c = std::ssize(numbers);
  return graph.constant(name, {{1, c, 1, 1}, Layout::channels_last, DType::f32}, Weights::from(numbers, {c}));
}

}  // namespace

void append_clamp_code(Graph& graph, const CodeBounds& bounds, ValueId code, ValueId stopped_at) {
  const TensorInfo& info = graph.info(code);
  const int64_t c = info.shape.c;
  if (info.layout != Layout::channels_last || std::ssize(bounds.least) != c || std::ssize(bounds.most) != c)
    fail_internal("", "{} and {} bounds for a code of shape {}", bounds.least.size(), bounds.most.size(),
                  to_string(info.shape));
  graph.append_update(std::make_shared<ClampCode>(bounds.norm),
                      {append_channels(graph, "least code", bounds.least),
                       append_channels(graph, "most code", bounds.most), stopped_at},
                      {code}, "clamp code");
}

}  // namespace phosphene
