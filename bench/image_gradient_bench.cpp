// The gradient of a network's first convolution towards the picture, ours and oneDNN's own, alternating: by the share of the gradient
// that is not zero, which behind a max pooling is an eighth and behind a ReLU a half.
//   build/release/bench/phosphene_image_gradient_bench
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>
#include <vector>

#include "runtime/cpu/bf16_support.h"
#include "runtime/cpu/image_gradient.h"
#include "runtime/cpu/onednn_convolution.h"
#include "runtime/problems/network.h"
#include "tests/cases/case_list.h"

namespace phosphene {
namespace {

constexpr int kRounds = 25;

struct Layer {
  const char* name;
  int64_t side, kernel, stride;
};

ConvolutionBackwardProblem problem_of(const Layer& layer, int64_t images, DType storage) {
  const int64_t pad = layer.kernel / 2, out = (layer.side + 2 * pad - layer.kernel) / layer.stride + 1;
  const Window window{layer.kernel, layer.kernel, layer.stride, layer.stride, pad, pad, pad, pad};
  const Weights weights = cases::random_weights({64, 3, layer.kernel, layer.kernel});
  return {{images, 3, layer.side, layer.side}, {images, 64, out, out}, window, 1, weights, false, false, storage};
}

PlannedTask plan_onednn(const ConvolutionBackwardProblem& problem, const Parallel& parallel) {
  const ConvolutionGeometry geometry{problem.src, problem.dst, problem.window, problem.groups, problem.storage};
  const Candidate candidate = backward_candidate("oneDNN", geometry, dnnl::memory::format_tag::nhwc);
  const size_t bytes = candidate.weights.get_size();
  const Packed weights = PackedWeights::alone(static_cast<int64_t>(bytes), [bytes](std::byte* to) {
    std::memset(to, 0x3C, bytes);  // numbers near 0.01, in any layout
  });
  return plan_candidate(candidate, candidate.in, candidate.out, weights, std::nullopt, false, parallel);
}

// A task bound to a random gradient.
struct Contestant {
  Contestant(PlannedTask task, const ConvolutionBackwardProblem& problem, double nonzero)
      : planned(std::move(task)),
        workspace(static_cast<size_t>(planned.workspace_bytes) + 64),
        grad_src(static_cast<size_t>(problem.src.elements() * size_of(problem.storage))) {
    std::minstd_rand generator(1);
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::bernoulli_distribution present(nonzero);
    std::vector<float> numbers(static_cast<size_t>(problem.dst.elements()));
    for (float& number : numbers) number = present(generator) ? uniform(generator) : 0.F;
    const std::vector<uint16_t> halves = to_bf16(numbers);
    const auto bytes =
        problem.storage == DType::bf16 ? std::as_bytes(std::span(halves)) : std::as_bytes(std::span(numbers));
    grad_dst.assign(bytes.begin(), bytes.end());
    std::byte* const operands[] = {grad_dst.data(), grad_src.data()};
    auto* aligned = workspace.data() + (64 - reinterpret_cast<uintptr_t>(workspace.data()) % 64) % 64;
    planned.task->bind(operands, aligned);
  }

  double milliseconds() {
    const auto start = std::chrono::steady_clock::now();
    planned.task->run();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  }

  PlannedTask planned;
  std::vector<std::byte> workspace, grad_dst, grad_src;
};

double median(std::vector<double> numbers) {
  std::nth_element(numbers.begin(), numbers.begin() + kRounds / 2, numbers.end());
  return numbers[kRounds / 2];
}

void compare(const Layer& layer, int64_t images, DType storage, double nonzero, const CpuTeam& team) {
  const ConvolutionBackwardProblem problem = problem_of(layer, images, storage);
  Contestant ours(plan_image_gradient(problem, team), problem, nonzero);
  Contestant theirs(plan_onednn(problem, team.parallel), problem, nonzero);
  std::vector<double> own, onednn, ratio;
  for (int round = -1; round < kRounds; ++round) {
    const double a = ours.milliseconds(), b = theirs.milliseconds();
    if (round < 0) continue;
    own.push_back(a);
    onednn.push_back(b);
    ratio.push_back(b / a);
  }
  fmt::print("| {} | {} | {} | {:.3f} | {:.2f} | {:.2f} | {:.1f} |\n", layer.name, images,
             storage == DType::bf16 ? "bf16" : "f32", nonzero, median(own), median(onednn), median(ratio));
}

void compare_all() {
  const CpuTeam team{Parallel(2), PackedWeights::make(), nullptr, 2};
  team.parallel.claim();
  fmt::print("| layer | images | | not zero | ms | oneDNN, ms | times as fast |\n|---|---|---|---|---|---|---|\n");
  for (const Layer& layer :
       {Layer{"GoogLeNet conv1, 7 x 7, stride 2", 224, 7, 2}, Layer{"VGG16 conv1_1, 3 x 3", 224, 3, 1}})
    for (const DType storage : {DType::f32, DType::bf16})
      for (const int64_t images : {1, 4})
        for (const double nonzero : {0.125, 0.5, 1.0})
          if (storage == DType::f32 || refuse_bf16_on_cpu().empty()) compare(layer, images, storage, nonzero, team);
}

}  // namespace
}  // namespace phosphene

int main(int argc, char** argv) {
  if (argc > 1) {
    fmt::print(stderr, "phosphene_image_gradient_bench takes no arguments, so not '{}'\n", argv[1]);
    return 2;
  }
  phosphene::compare_all();
}
