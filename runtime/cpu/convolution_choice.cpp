#include "runtime/cpu/convolution_choice.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace phosphene {
namespace {

// Makes what has been accepted: weights are packed only then.
using Accepted = std::function<PlannedTask()>;

// Null, with the reason, where oneDNN has nothing for it, or nothing of the kinds asked for. Its large matrix products are divided by how
// many images there are, and with them the order of sums: they get one image at a time.
std::optional<Accepted> attempt(const Algorithm& algorithm, const Request& request, std::string& refusal) {
  refusal = algorithm.refusal;
  if (!refusal.empty()) return std::nullopt;
  if (algorithm.ours) return algorithm.ours;
  try {
    ConvolutionGeometry geometry = request.geometry;
    Candidate candidate = algorithm.make(geometry);
    const int64_t images = onednn_kind(candidate.implementation) == OnednnKind::gemm ? geometry.src.n : 1;
    if (images > 1) {
      geometry.src.n = geometry.dst.n = 1;
      candidate = algorithm.make(geometry);
    }
    const OnednnKind kind = onednn_kind(candidate.implementation);
    const auto& only = algorithm.only;
    if (kind != OnednnKind::reference && (only.empty() || std::find(only.begin(), only.end(), kind) != only.end()))
      return [&algorithm, &request, candidate, images] { return request.finish(algorithm, candidate, images); };
    refusal = "oneDNN has only " + candidate.implementation;
  } catch (const dnnl::error& error) {
    refusal = fmt::format("oneDNN: {}", error.what());
  }
  return std::nullopt;
}

PlannedTask first_of(const std::vector<Algorithm>& algorithms, Request& request) {
  for (const Algorithm& algorithm : algorithms) {
    std::string refusal;
    const std::optional<Accepted> accepted = attempt(algorithm, request, refusal);
    request.attempts.push_back({algorithm.name, refusal});
    if (accepted) return (*accepted)();
  }
  fail_internal(request.where, "no fast convolution; the last refusal: {}", request.attempts.back().refusal);
}

// The fastest algorithm, or the one remembered.
PlannedTask fastest_of(const std::vector<Algorithm>& algorithms, Request& request, Autotune& autotune) {
  std::vector<Accepted> accepted;
  std::vector<std::string> names;
  for (const Algorithm& algorithm : algorithms) {
    std::string refusal;
    if (std::optional<Accepted> one = attempt(algorithm, request, refusal)) {
      accepted.push_back(std::move(*one));
      names.push_back(algorithm.name);
    } else {
      request.attempts.push_back({algorithm.name, refusal});
    }
  }
  if (accepted.empty())
    fail_internal(request.where, "no fast convolution; the last refusal: {}", request.attempts.back().refusal);
  std::string known = autotune.known(request.problem, names);
  std::unique_lock<std::mutex> measuring;
  if (known.empty()) {
    measuring = autotune.measure();
    known = autotune.known(request.problem, names);
  }
  std::vector<PlannedTask> possible;
  for (size_t i = 0; i < accepted.size(); ++i) {
    if (known.empty() || names[i] == known)
      possible.push_back(accepted[i]());
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

}  // namespace

PlannedTask choose(const std::vector<Algorithm>& algorithms, Request request, Autotune* autotune) {
  return onednn_checked(request.where, [&] {
    PlannedTask planned =
        autotune == nullptr ? first_of(algorithms, request) : fastest_of(algorithms, request, *autotune);
    planned.attempts = std::move(request.attempts);
    return planned;
  });
}

}  // namespace phosphene
