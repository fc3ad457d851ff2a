#include "layers/image/upsample.h"

#include <algorithm>

#include "layers/image/normal_draws.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

UpsampledAxis axis(int64_t in, int64_t out, int64_t offset) {
  if (in > out || offset > out) fail_internal("", "{} elements enlarged to {}, shifted by {}", in, out, offset);
  return {static_cast<int>(in), static_cast<int>(out), static_cast<int>(offset)};
}

class UpsampleLevelBackward final : public Op {
 public:
  explicit UpsampleLevelBackward(UpsampleBackwardProblem problem) : problem_(problem) {}

  [[nodiscard]] std::string_view kind() const override { return "upsample backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {{problem_.level, Layout::planar, DType::f32}};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return problem_;
  }

 private:
  UpsampleBackwardProblem problem_;
};

class UpsampleLevel final : public Op {
 public:
  explicit UpsampleLevel(UpsampleProblem problem) : problem_(problem) {}

  [[nodiscard]] std::string_view kind() const override { return "upsample"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override {
    if (src[0] != TensorInfo{problem_.level, Layout::planar, DType::f32})
      fail_internal("", "a level of shape {}, expected {}", to_string(src[0].shape), to_string(problem_.level));
    return {{problem_.dst, Layout::planar, DType::f32}};
  }
  void differentiate(Differentiator& differentiator, const Node& node) const override {
    const UpsampleBackwardProblem problem{problem_.level, problem_.dst, problem_.images, problem_.rows,
                                          problem_.columns};
    differentiator.contribute(
        node.src[0], differentiator.graph().append(std::make_shared<UpsampleLevelBackward>(problem),
                                                   {differentiator.gradient(node.dst[0])}, "grad " + node.layer));
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return problem_;
  }

 private:
  UpsampleProblem problem_;
};

}  // namespace

TensorInfo level_info(const Shape& image, int64_t group, const UpsampleLevelShape& level) {
  if (image.n % group != 0) fail_internal("", "{} images in groups of {}", image.n, group);
  return {{image.n / group * level.tensors, image.c, std::max<int64_t>(1, image.h / level.divisor),
           std::max<int64_t>(1, image.w / level.divisor)},
          Layout::planar,
          DType::f32};
}

UpsampleLevelShape with_half_offsets(const Shape& image, int64_t group, UpsampleLevelShape level) {
  const Shape shape = level_info(image, group, level).shape;
  level.offset_images = group / level.tensors / 2;
  level.offset_rows = image.h / shape.h / 2;
  level.offset_columns = image.w / shape.w / 2;
  return level;
}

std::shared_ptr<const Op> make_upsample(const UpsampleProblem& problem) {
  return std::make_shared<UpsampleLevel>(problem);
}

std::shared_ptr<const Op> make_upsample(const Shape& image, int64_t group, const UpsampleLevelShape& level) {
  UpsampleProblem problem;
  problem.level = level_info(image, group, level).shape;
  problem.dst = image;
  problem.images = axis(level.tensors, group, level.offset_images);
  problem.rows = axis(problem.level.h, image.h, level.offset_rows);
  problem.columns = axis(problem.level.w, image.w, level.offset_columns);
  return make_upsample(problem);
}

ValueId append_upsampled(Graph& graph, const Shape& image, int64_t group, const UpsampleLevelShape& level,
                         ValueId parameter) {
  const bool whole = level.offset_images + level.offset_rows + level.offset_columns == 0;
  if (whole && graph.shape(parameter) == image) return parameter;
  return graph.append(make_upsample(image, group, level), {parameter}, "upsample");
}

std::vector<float> initial_level(const TensorInfo& info, std::span<const DrawKey> keys, DrawPurpose purpose,
                                 uint32_t index, double sd) {
  const size_t per_group = static_cast<size_t>(info.shape.elements()) / keys.size();
  std::vector<float> numbers(per_group * keys.size());
  for (size_t group = 0; group < keys.size(); ++group)
    draw_normal(keys[group], purpose, sd, std::span<float>(numbers).subspan(group * per_group, per_group), index);
  return numbers;
}

}  // namespace phosphene
