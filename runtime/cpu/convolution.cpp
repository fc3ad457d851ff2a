#include "runtime/cpu/convolution.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/cpu/convolution_choice.h"
#include "runtime/cpu/convolution_weights.h"
#include "runtime/cpu/depthwise.h"
#include "runtime/cpu/image_gradient.h"
#include "runtime/cpu/kernel_task.h"
#include "runtime/cpu/onednn_convolution.h"
#include "runtime/launches/around_library.h"
#include "runtime/launches/depthwise.h"

namespace phosphene {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;
using Geometry = ConvolutionGeometry;

constexpr auto kDirect = dnnl::algorithm::convolution_direct, kWinograd = dnnl::algorithm::convolution_winograd;

constexpr const char* kWinogradRounds = "rounds differently: only with --autotune";

// "4x64x56x56 -> 4x192x56x56, 3x3 stride 1x1 padding 1,1,1,1, 1 group, f32, 2 threads".
std::string describe(const Geometry& g, int threads) {
  const Window& w = g.window;
  const std::string dilation = w.dilated() ? fmt::format(" dilation {}x{}", w.dilation_h, w.dilation_w) : "";
  return fmt::format("{} -> {}, {}x{} stride {}x{} padding {},{},{},{}{}, {} group{}, {}, {} thread{}",
                     to_string(g.src), to_string(g.dst), w.r, w.s, w.stride_h, w.stride_w, w.pad_top, w.pad_left,
                     w.pad_bottom, w.pad_right, dilation, g.groups, g.groups == 1 ? "" : "s",
                     g.storage == DType::bf16 ? "bf16" : "f32", threads, threads == 1 ? "" : "s");
}

// The geometry of what is computed at once where the images are computed in so many parts.
Geometry part_of(Geometry g, int64_t parts) {
  g.src.n /= parts;
  g.dst.n /= parts;
  return g;
}

std::string refuse_merging(const Geometry& g) {
  return groups_to_merge(g) == 1 ? "no groups together fill vectors better" : "";
}

// Of convolutions in groups, before those of all. Depthwise: oneDNN's own kernel, then ours, which goes 32 channels at a time, or
// else one. Others: groups too narrow for a vector merged where oneDNN would make a matrix product of each.
std::vector<Algorithm> preferred(const Geometry& g, const Algorithm& nhwc, const Algorithm& ours,
                                 const Algorithm& merged) {
  if (g.groups == 1) return {};
  Algorithm depthwise = nhwc, blocked = nhwc, blocked_merged = merged;
  depthwise.only = {OnednnKind::depthwise};
  blocked.only = blocked_merged.only = {OnednnKind::small_products, OnednnKind::depthwise, OnednnKind::other};
  if (!ours.refusal.empty()) return {blocked, blocked_merged};
  if (g.src.c < DepthwiseForward<float>::cpu_lanes) return {blocked, ours};
  return {depthwise, ours};
}

// Runs a task, then adds a number to each channel of what it wrote.
class BiasedTask final : public Task {
 public:
  BiasedTask(std::unique_ptr<Task> task, Packed bias, const Shape& dst, DType storage, const Parallel& parallel)
      : task_(std::move(task)), launcher_{parallel}, step_{.dst = dst, .storage = storage}, bias_(std::move(bias)) {}

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    task_->bind(operands, workspace);
    pointers_ = {operands.back(), bias_.data(), operands.back()};
  }
  void run() override {
    task_->run();
    launch(launcher_, step_, Operands{pointers_, nullptr});
  }

 private:
  std::unique_ptr<Task> task_;
  CpuLauncher launcher_;
  AddBiasStep step_;
  Packed bias_;
  std::vector<std::byte*> pointers_;
};

std::string relu_in_words(const ConvolutionProblem& problem) {
  if (!problem.relu) return "";
  return std::isfinite(problem.ceiling) ? fmt::format(", relu up to {}", problem.ceiling) : ", relu";
}

PlannedTask plan_biased(const ConvolutionBackwardProblem& problem, const CpuTeam& team, const std::string& where) {
  if (problem.addend) fail_internal(where, "a gradient that adds both a value and a bias");
  ConvolutionBackwardProblem alone = problem;
  alone.bias = {};
  PlannedTask planned = plan_convolution(alone, team, where);
  const Packed bias = *pack_bias(*team.packed, problem.bias, problem.storage);
  account(planned, bias);
  planned.task =
      std::make_unique<BiasedTask>(std::move(planned.task), bias, problem.src, problem.storage, team.parallel);
  return planned;
}

}  // namespace

PlannedTask plan_convolution(const ConvolutionProblem& problem, const CpuTeam& team, const std::string& where) {
  const Parallel& parallel = team.parallel;
  Autotune* const autotune = team.autotune.get();
  const Geometry g{problem.src, problem.dst, problem.window, problem.groups, problem.storage};
  const bool biased = problem.bias.data != nullptr;
  const memory::desc in = g.src_desc(Tag::nhwc), out = g.dst_desc(Tag::nhwc);
  Request request{where, "", g, {onednn_bytes(in), onednn_bytes(out)}, false, {}, {}};
  request.problem = fmt::format("convolution {}{}{}", describe(g, team.autotune_threads), biased ? ", bias" : "",
                                relu_in_words(problem));
  request.finish = [&](const Algorithm& algorithm, Candidate candidate, int64_t images) {
    const Packed weights = pack(*team.packed, problem.weights, g, algorithm.weights, candidate.weights);
    const Geometry of = part_of(g, images);
    return plan_candidate(candidate, of.src_desc(Tag::nhwc), of.dst_desc(Tag::nhwc), weights,
                          pack_bias(*team.packed, problem.bias), false, parallel, images);
  };
  const auto by = [&](const char* name, Tag tag, dnnl::algorithm algorithm, WeightForm form = WeightForm::plain) {
    return [=, &problem](const Geometry& of) {
      return forward_candidate(name, in_form(of, form), {tag, algorithm, biased, problem.relu, problem.ceiling, false});
    };
  };
  const Algorithm nhwc{"nhwc", by("nhwc", Tag::nhwc, kDirect)};
  const Algorithm ours{
      .name = "depthwise", .refusal = refuse_depthwise(problem), .ours = [&] { return plan_depthwise(problem, team); }};
  const Algorithm merged{"merged", by("merged", Tag::nhwc, kDirect, WeightForm::merged), refuse_merging(g),
                         WeightForm::merged};
  std::vector<Algorithm> algorithms = {
      nhwc,
      {"reordered", by("reordered", Tag::any, kDirect)},
      {"winograd", by("winograd", Tag::any, kWinograd), autotune == nullptr ? kWinogradRounds : ""}};
  if (autotune != nullptr && g.groups != 1) algorithms.insert(algorithms.begin(), {ours, merged});
  if (autotune == nullptr) {
    const std::vector<Algorithm> first = preferred(g, nhwc, ours, merged);
    algorithms.insert(algorithms.begin(), first.begin(), first.end());
  }
  return choose(algorithms, std::move(request), autotune);
}

PlannedTask plan_convolution(const ConvolutionBackwardProblem& problem, const CpuTeam& team, const std::string& where) {
  if (problem.bias.data != nullptr) return plan_biased(problem, team, where);
  const std::string not_an_image = refuse_image_gradient(problem);
  if (not_an_image.empty()) return plan_image_gradient(problem, team);
  const Parallel& parallel = team.parallel;
  Autotune* const autotune = team.autotune.get();
  const Geometry g{problem.src, problem.dst, problem.window, problem.groups, problem.storage};
  const memory::desc in = g.dst_desc(Tag::nhwc), out = g.src_desc(Tag::nhwc);
  Request request{where, "", g, {onednn_bytes(in), onednn_bytes(out)}, problem.addend, {}, {{"image", not_an_image}}};
  if (problem.addend) request.operand_bytes.push_back(onednn_bytes(out));
  request.problem =
      fmt::format("gradient of {}{}", describe(g, team.autotune_threads), problem.addend ? ", adding" : "");
  request.finish = [&](const Algorithm& algorithm, Candidate candidate, int64_t images) {
    const Packed weights = pack(*team.packed, problem.weights, g, algorithm.weights, candidate.weights);
    const Geometry of = part_of(g, images);
    return plan_candidate(candidate, of.dst_desc(Tag::nhwc), of.src_desc(Tag::nhwc), weights, std::nullopt,
                          problem.addend, parallel, images);
  };
  constexpr WeightForm kRotated = WeightForm::rotated;
  const auto rotate = [&](const char* name, Tag tag, dnnl::algorithm algorithm) {
    return [=, &problem](const Geometry& of) {
      return forward_candidate(name, in_form(of, kRotated),
                               {.tag = tag, .algorithm = algorithm, .adds = problem.addend});
    };
  };
  const auto transpose = [&](const char* name, Tag tag, WeightForm form = WeightForm::plain) {
    return [=](const Geometry& of) { return backward_candidate(name, in_form(of, form), tag); };
  };
  const std::string cannot_rotate = refuse_rotation(problem);
  const std::string cannot_add = problem.addend ? "only a convolution itself adds to what is there" : "";
  const auto either = [](const std::string& a, const std::string& b) { return a.empty() ? b : a; };
  const Algorithm nhwc{"nhwc", transpose("nhwc", Tag::nhwc), cannot_add};
  const Algorithm ours{.name = "depthwise", .refusal = either(refuse_depthwise(problem), cannot_add), .ours = [&] {
                         return plan_depthwise(problem, team);
                       }};
  const Algorithm merged{"merged", transpose("merged", Tag::nhwc, WeightForm::merged),
                         either(refuse_merging(g), cannot_add), WeightForm::merged};
  std::vector<Algorithm> algorithms = {{"rotated", rotate("rotated", Tag::nhwc, kDirect), cannot_rotate, kRotated},
                                       nhwc,
                                       {"reordered", transpose("reordered", Tag::any), cannot_add},
                                       {"rotated winograd", rotate("rotated winograd", Tag::any, kWinograd),
                                        autotune == nullptr ? kWinogradRounds : cannot_rotate, kRotated}};
  // On AVX-512 oneDNN computes convolutions by small matrix products, up to a tenth faster than their gradients; elsewhere not.
  if (autotune == nullptr && !problem.addend) {
    Algorithm first = algorithms.front();
    first.only = {OnednnKind::small_products};
    std::swap(algorithms[0], algorithms[1]);
    algorithms.insert(algorithms.begin(), std::move(first));
  }
  if (autotune != nullptr && g.groups != 1) algorithms.insert(algorithms.begin(), {ours, merged});
  if (autotune == nullptr) {
    const std::vector<Algorithm> first = preferred(g, nhwc, ours, merged);
    algorithms.insert(algorithms.begin(), first.begin(), first.end());
  }
  return choose(algorithms, std::move(request), autotune);
}

}  // namespace phosphene
