#include "runtime/cpu/inverse_fourier.h"

#include "runtime/cpu/fourier_passes.h"
#include "runtime/cpu/fourier_products.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

template <class Problem>
PlannedTask plan(const Problem& problem, const Parallel& parallel) {
  const std::string refusal = refuse_fourier_passes(problem.spectrum);
  if (refusal.empty()) return plan_fourier_passes(problem, parallel);
  PlannedTask planned = plan_fourier_products(problem, parallel);
  planned.attempts.insert(planned.attempts.begin(), {"passes", refusal});
  return planned;
}

}  // namespace

PlannedTask plan_inverse_fourier(const InverseFourierProblem& problem, const Parallel& parallel) {
  return plan(problem, parallel);
}

PlannedTask plan_inverse_fourier(const InverseFourierBackwardProblem& problem, const Parallel& parallel) {
  return plan(problem, parallel);
}

}  // namespace phosphene
