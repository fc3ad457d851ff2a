#include "layers/optimiser/update.h"

#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class StoppedAtOfGroups final : public Op {
 public:
  explicit StoppedAtOfGroups(int64_t groups) : groups_(groups) {}

  [[nodiscard]] std::string_view kind() const override { return "group stopped at"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override {
    if (src[0].shape.n % groups_ != 0) fail_internal("", "{} images in {} groups", src[0].shape.n, groups_);
    return {stopped_at_rows(groups_)};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return GroupStoppedAtProblem{groups_, src[0].shape.n / groups_};
  }

 private:
  int64_t groups_;
};

}  // namespace

TensorInfo stopped_at_rows(int64_t n) { return {{n, 1, 1, 1}, Layout::channels_last, DType::i64}; }

std::string first_moment_of(const std::string& parameter) { return parameter + "/m"; }
std::string second_moment_of(const std::string& parameter) { return parameter + "/v"; }

ParameterRows parameter_rows(const TensorInfo& parameter, const TensorInfo& stopped_at) {
  const Shape& shape = parameter.shape;
  const int64_t owners = stopped_at.shape.n;
  if (shape.n % owners != 0) fail_internal("", "a parameter of shape {} of {} owners", to_string(shape), owners);
  const int64_t tensors = shape.n / owners;
  if (parameter.layout == Layout::channels_last) return {owners, tensors * shape.h * shape.w, shape.c};
  return {owners, tensors * shape.c * shape.h, shape.w};
}

ValueId append_group_stopped_at(Graph& graph, ValueId stopped_at, int64_t groups) {
  return graph.append(std::make_shared<StoppedAtOfGroups>(groups), {stopped_at}, "group stopped at");
}

}  // namespace phosphene
