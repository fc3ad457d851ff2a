#include "layers/transform/transform_list.h"

#include <algorithm>
#include <cmath>

#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

// Recorded matrices beyond these are not views of an image; within them, 1000 pixels stay well within kFarOutside.
constexpr double kLargestScale = 100, kLargestShift = 100000;

TensorInfo matrices(int64_t n) { return {{n, 6, 1, 1}, Layout::channels_last, DType::f64}; }

class TransformDraw final : public Op {
 public:
  explicit TransformDraw(TransformDrawProblem problem) : problem_(problem) {}

  [[nodiscard]] std::string_view kind() const override { return "transform draw"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {matrices(problem_.n)};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return problem_;
  }

 private:
  TransformDrawProblem problem_;
};

class TransformReplay final : public Op {
 public:
  explicit TransformReplay(TransformReplayProblem problem) : problem_(problem) {}

  [[nodiscard]] std::string_view kind() const override { return "transform replay"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {matrices(problem_.n)};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return problem_;
  }

 private:
  TransformReplayProblem problem_;
};

TransformStep pixels(TransformKind kind, int32_t amount) {
  TransformStep step;
  step.kind = kind;
  step.amount = amount;
  return step;
}

TransformStep crop(int64_t h, int64_t w) {
  TransformStep step;
  step.kind = TransformKind::crop;
  step.height = static_cast<int32_t>(h);
  step.width = static_cast<int32_t>(w);
  return step;
}

TransformList distill(int64_t h, int64_t w) {
  TransformList list;
  list.steps = {pixels(TransformKind::pad, 16), pixels(TransformKind::jitter, 16)};
  list.add_choice(TransformKind::scale, {1.F, 0.975F, 1.025F, 0.95F, 1.05F});
  list.add_choice(TransformKind::rotate, {-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5});
  list.steps.push_back(pixels(TransformKind::jitter, 8));
  list.steps.push_back(crop(h, w));
  return list;
}

TransformList lucid() {
  TransformList list;
  list.steps = {pixels(TransformKind::pad, 12), pixels(TransformKind::jitter, 8)};
  std::vector<float> scales, degrees;
  for (int i = -5; i <= 5; ++i) scales.push_back(1.F + static_cast<float>(i) / 50.F);
  for (int i = -10; i <= 10; ++i) degrees.push_back(static_cast<float>(i));
  degrees.insert(degrees.end(), 5, 0.F);
  list.add_choice(TransformKind::scale, scales);
  list.add_choice(TransformKind::rotate, degrees);
  list.steps.push_back(pixels(TransformKind::jitter, 4));
  return list;
}

}  // namespace

void TransformList::add_choice(TransformKind kind, const std::vector<float>& numbers) {
  TransformStep step;
  step.kind = kind;
  step.first_choice = static_cast<int32_t>(choices.size());
  step.choice_count = static_cast<int32_t>(numbers.size());
  steps.push_back(step);
  choices.insert(choices.end(), numbers.begin(), numbers.end());
}

std::vector<std::string> transform_presets() { return {"distill", "lucid", "none"}; }

TransformList transform_preset(const std::string& name, int64_t h, int64_t w) {
  if (name == "distill") return distill(h, w);
  if (name == "lucid") return lucid();
  if (name == "none") return {};
  fail("", "'{}' is not a list of transforms; expected distill, lucid or none{}", name,
       suggestion(name, transform_presets()));
}

TensorInfo draw_keys(int64_t n) {
  return {{n, static_cast<int64_t>(sizeof(DrawKey)), 1, 1}, Layout::channels_last, DType::u8};
}

TensorInfo step_number() { return {{1, 1, 1, 1}, Layout::channels_last, DType::i64}; }

ValueId append_transform_draw(Graph& graph, const TransformList& list, ValueId keys, ValueId step, int64_t image_h,
                              int64_t image_w, int64_t network_h, int64_t network_w) {
  if (list.steps.size() > kTransformSteps) {
    fail("transforms", "{} steps; at most {} are possible", list.steps.size(), kTransformSteps);
  }
  TransformDrawProblem problem;
  problem.n = graph.shape(keys).n;
  problem.height = image_h;
  problem.width = image_w;
  problem.network_height = network_h;
  problem.network_width = network_w;
  problem.step_count = static_cast<int32_t>(list.steps.size());
  std::copy(list.steps.begin(), list.steps.end(), problem.steps.begin());
  problem.shared = list.shared;
  std::vector<float> choices = list.choices;
  if (choices.empty()) choices.push_back(0);  // a constant has at least one number
  const auto count = static_cast<int64_t>(choices.size());
  const ValueId table = graph.constant("transform choices", {{1, count, 1, 1}, Layout::channels_last, DType::f32},
                                       Weights::from(std::move(choices), {count}));
  return graph.append(std::make_shared<TransformDraw>(problem), {keys, step, table}, "transform");
}

ValueId append_transform_replay(Graph& graph, std::vector<double> recorded, int64_t images, int64_t n, ValueId step) {
  const auto count = std::ssize(recorded);
  if (count == 0 || images < 1 || count % (6 * images) != 0 || (images != 1 && images != n)) {
    fail("transforms", "got {} numbers of recorded matrices; expected T x 2 x 3, or T x {} x 2 x 3", count, n);
  }
  for (int64_t i = 0; i < count; ++i) {
    const double number = recorded[static_cast<size_t>(i)];
    const double largest = i % 3 == 2 ? kLargestShift : kLargestScale;
    if (!(std::abs(number) <= largest)) {
      fail("transforms", "number {} of the recorded matrices is {}; at most {} is possible", i, number, largest);
    }
  }
  const int64_t steps = count / (6 * images);
  const ValueId table = graph.constant(
      "recorded transforms", {{steps, 6 * images, 1, 1}, Layout::channels_last, DType::f64}, std::move(recorded));
  return graph.append(std::make_shared<TransformReplay>(TransformReplayProblem{n, steps, images}), {table, step},
                      "transform");
}

}  // namespace phosphene
