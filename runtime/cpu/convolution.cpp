#include "runtime/cpu/convolution.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/cpu/image_gradient.h"
#include "runtime/cpu/onednn_convolution.h"

namespace phosphene {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;
using Geometry = ConvolutionGeometry;

constexpr auto kDirect = dnnl::algorithm::convolution_direct, kWinograd = dnnl::algorithm::convolution_winograd;

// The forward convolution that is the gradient of a stride-1 one: channels exchanged, window rotated, paddings r - 1 - pad.
Geometry rotated(const Geometry& g) {
  const Window& w = g.window;
  Geometry r{g.dst, g.src, w, 1, g.storage};
  r.window.pad_top = w.r - 1 - w.pad_top;
  r.window.pad_left = w.s - 1 - w.pad_left;
  r.window.pad_bottom = w.r - 1 - w.pad_bottom;
  r.window.pad_right = w.s - 1 - w.pad_right;
  return r;
}

std::vector<float> rotate_weights(const Weights& weights, const Geometry& g) {
  const int64_t k_count = g.dst.c, c_count = g.src.c, taps = g.window.r * g.window.s;
  std::vector<float> rotated_weights(static_cast<size_t>(weights.elements()));
  for (int64_t k = 0; k < k_count; ++k) {
    for (int64_t c = 0; c < c_count; ++c) {
      for (int64_t tap = 0; tap < taps; ++tap) {
        rotated_weights[static_cast<size_t>((c * k_count + k) * taps + taps - 1 - tap)] =
            weights.data[(k * c_count + c) * taps + tap];
      }
    }
  }
  return rotated_weights;
}

// Weights as a file holds them, rounded to `wanted`'s type and laid out as it says.
memory pack(const float* plain, const Geometry& g, const memory::desc& wanted) {
  const memory::desc desc(g.weight_dims(), memory::data_type::f32, g.groups == 1 ? Tag::oihw : Tag::goihw);
  memory from(desc, onednn_engine(), const_cast<float*>(plain));
  memory packed(wanted, onednn_engine());
  dnnl::reorder(from, packed).execute(onednn_stream(), from, packed);
  onednn_stream().wait();
  return packed;
}

enum class WeightForm : uint8_t { plain, rotated };

// A way to compute a convolution.
struct Algorithm {
  std::string name;
  std::function<Candidate()> make;
  std::string refusal = {};                // known beforehand
  WeightForm weights = WeightForm::plain;  // as the candidate wants them
  std::optional<OnednnKind> only = {};     // the kind of implementation to accept, if not any
};

// Null, with the reason, where oneDNN has nothing for it, or its reference loops only.
std::optional<Candidate> attempt(const Algorithm& algorithm, std::string& refusal) {
  refusal = algorithm.refusal;
  if (!refusal.empty()) return std::nullopt;
  try {
    Candidate candidate = algorithm.make();
    const OnednnKind kind = onednn_kind(candidate.implementation);
    if (kind != OnednnKind::reference && (!algorithm.only || kind == *algorithm.only)) return candidate;
    refusal = "oneDNN has only " + candidate.implementation;
  } catch (const dnnl::error& error) {
    refusal = fmt::format("oneDNN: {}", error.what());
  }
  return std::nullopt;
}

// The convolution to compute, independent of the implementation.
struct Request {
  std::string where, problem;          // the layer; all that tells one problem from another
  std::vector<int64_t> operand_bytes;  // in the order of the operands
  bool in_place = false;
  std::function<PlannedTask(const Algorithm&, Candidate)> finish;
  std::vector<Attempt> attempts;
};

// The first algorithm that accepts.
PlannedTask first_of(const std::vector<Algorithm>& algorithms, Request& request) {
  for (const Algorithm& algorithm : algorithms) {
    std::string refusal;
    std::optional<Candidate> candidate = attempt(algorithm, refusal);
    request.attempts.push_back({algorithm.name, refusal});
    if (candidate) return request.finish(algorithm, std::move(*candidate));
  }
  fail_internal(request.where, "no fast convolution; the last refusal: {}", request.attempts.back().refusal);
}

// The fastest algorithm, or the one remembered.
PlannedTask fastest_of(const std::vector<Algorithm>& algorithms, Request& request, Autotune& autotune) {
  std::vector<std::pair<const Algorithm*, Candidate>> candidates;
  std::vector<std::string> names;
  for (const Algorithm& algorithm : algorithms) {
    std::string refusal;
    std::optional<Candidate> candidate = attempt(algorithm, refusal);
    if (candidate) {
      candidates.emplace_back(&algorithm, std::move(*candidate));
      names.push_back(algorithm.name);
    } else {
      request.attempts.push_back({algorithm.name, refusal});
    }
  }
  if (candidates.empty())
    fail_internal(request.where, "no fast convolution; the last refusal: {}", request.attempts.back().refusal);
  const std::string known = autotune.known(request.problem, names);
  std::vector<PlannedTask> possible;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (known.empty() || names[i] == known)
      possible.push_back(request.finish(*candidates[i].first, std::move(candidates[i].second)));
    else
      request.attempts.push_back({names[i], "remembered to be slower"});
  }
  if (!known.empty()) names = {known};
  size_t best = 0;
  if (possible.size() > 1) {
    const std::vector<double> seconds = seconds_of(possible, request.operand_bytes, request.in_place);
    best = static_cast<size_t>(std::min_element(seconds.begin(), seconds.end()) - seconds.begin());
    for (size_t i = 0; i < possible.size(); ++i)
      if (i != best)
        request.attempts.push_back(
            {names[i], fmt::format("slower: {:.3f} ms, not {:.3f}", seconds[i] * 1e3, seconds[best] * 1e3)});
  }
  if (known.empty()) autotune.choose(request.problem, names[best]);
  request.attempts.push_back({names[best], ""});
  return std::move(possible[best]);
}

PlannedTask choose(const std::vector<Algorithm>& algorithms, Request request, Autotune* autotune) {
  return onednn_checked(request.where, [&] {
    PlannedTask planned =
        autotune == nullptr ? first_of(algorithms, request) : fastest_of(algorithms, request, *autotune);
    planned.attempts = std::move(request.attempts);
    return planned;
  });
}

constexpr const char* kWinogradRounds = "rounds differently: only with --autotune";

// "4x64x56x56 -> 4x192x56x56, 3x3 stride 1x1 padding 1,1,1,1, 1 group, f32, 2 threads".
std::string describe(const Geometry& g, int threads) {
  const Window& w = g.window;
  return fmt::format("{} -> {}, {}x{} stride {}x{} padding {},{},{},{}, {} group{}, {}, {} thread{}", to_string(g.src),
                     to_string(g.dst), w.r, w.s, w.stride_h, w.stride_w, w.pad_top, w.pad_left, w.pad_bottom,
                     w.pad_right, g.groups, g.groups == 1 ? "" : "s", g.storage == DType::bf16 ? "bf16" : "f32",
                     threads, threads == 1 ? "" : "s");
}

std::optional<memory> copy_of(const Weights& bias) {
  if (bias.data == nullptr) return std::nullopt;
  memory copy(memory::desc({bias.elements()}, memory::data_type::f32, Tag::a), onednn_engine());
  std::memcpy(copy.get_data_handle(), bias.data, static_cast<size_t>(bias.elements()) * sizeof(float));
  return copy;
}

}  // namespace

PlannedTask plan_convolution(const ConvolutionProblem& problem, const Parallel& parallel, Autotune* autotune,
                             const std::string& where) {
  const Geometry g{problem.src, problem.dst, problem.window, problem.groups, problem.storage};
  const bool biased = problem.bias.data != nullptr;
  const memory::desc in = g.src_desc(Tag::nhwc), out = g.dst_desc(Tag::nhwc);
  Request request{where, "", {onednn_bytes(in), onednn_bytes(out)}, false, {}, {}};
  request.problem = fmt::format("convolution {}{}{}", describe(g, parallel.threads()), biased ? ", bias" : "",
                                problem.relu ? ", relu" : "");
  request.finish = [&](const Algorithm&, Candidate candidate) {
    memory weights = pack(problem.weights.data, g, candidate.weights);
    return plan_candidate(std::move(candidate), in, out, std::move(weights), copy_of(problem.bias), false);
  };
  const auto by = [&](const char* name, Tag tag, dnnl::algorithm algorithm) {
    return [=, &g, &problem] { return forward_candidate(name, g, {tag, algorithm, biased, problem.relu, false}); };
  };
  return choose({{"nhwc", by("nhwc", Tag::nhwc, kDirect)},
                 {"reordered", by("reordered", Tag::any, kDirect)},
                 {"winograd", by("winograd", Tag::any, kWinograd), autotune == nullptr ? kWinogradRounds : ""}},
                std::move(request), autotune);
}

PlannedTask plan_convolution(const ConvolutionBackwardProblem& problem, const Parallel& parallel, Autotune* autotune,
                             const std::string& where) {
  const std::string not_an_image = refuse_image_gradient(problem);
  if (not_an_image.empty()) return plan_image_gradient(problem, parallel);
  const Geometry g{problem.src, problem.dst, problem.window, problem.groups, problem.storage};
  const memory::desc in = g.dst_desc(Tag::nhwc), out = g.src_desc(Tag::nhwc);
  Request request{where, "", {onednn_bytes(in), onednn_bytes(out)}, problem.addend, {}, {{"image", not_an_image}}};
  if (problem.addend) request.operand_bytes.push_back(onednn_bytes(out));
  request.problem = fmt::format("gradient of {}{}", describe(g, parallel.threads()), problem.addend ? ", adding" : "");
  request.finish = [&](const Algorithm& algorithm, Candidate candidate) {
    memory weights = algorithm.weights == WeightForm::rotated
                         ? pack(rotate_weights(problem.weights, g).data(), rotated(g), candidate.weights)
                         : pack(problem.weights.data, g, candidate.weights);
    return plan_candidate(std::move(candidate), in, out, std::move(weights), std::nullopt, problem.addend);
  };
  const auto rotate = [&](const char* name, Tag tag, dnnl::algorithm algorithm) {
    return [=, &g, &problem] {
      return forward_candidate(name, rotated(g), {tag, algorithm, false, false, problem.addend});
    };
  };
  const auto transpose = [&](const char* name, Tag tag) {
    return [=, &g] { return backward_candidate(name, g, tag); };
  };
  const std::string cannot_rotate = refuse_rotation(problem);
  const std::string cannot_add = problem.addend ? "only a convolution itself adds to what is there" : "";
  constexpr WeightForm kRotated = WeightForm::rotated;
  std::vector<Algorithm> algorithms = {{"rotated", rotate("rotated", Tag::nhwc, kDirect), cannot_rotate, kRotated},
                                       {"nhwc", transpose("nhwc", Tag::nhwc), cannot_add},
                                       {"reordered", transpose("reordered", Tag::any), cannot_add},
                                       {"rotated winograd", rotate("rotated winograd", Tag::any, kWinograd),
                                        autotune == nullptr ? kWinogradRounds : cannot_rotate, kRotated}};
  // On AVX-512 oneDNN computes convolutions by small matrix products, up to a tenth faster than their gradients; elsewhere not.
  if (autotune == nullptr && !problem.addend) {
    Algorithm first = algorithms.front();
    first.only = OnednnKind::small_products;
    std::swap(algorithms[0], algorithms[1]);
    algorithms.insert(algorithms.begin(), std::move(first));
  }
  return choose(algorithms, std::move(request), autotune);
}

}  // namespace phosphene
