#include "runtime/problems/problem.h"

#include <algorithm>
#include <cmath>

namespace phosphene {
namespace {

double convolution_flops(const Shape& src, const Shape& dst, const Window& window, int64_t groups) {
  const int64_t products = src.c / groups * window.r * window.s;
  return 2.0 * static_cast<double>(dst.elements()) * static_cast<double>(products);
}

// 5/2 N log2 N for N real numbers, what a fast transform is counted as however it is computed (www.fftw.org/speed/method.html).
double fourier_flops(const Shape& image) {
  const double plane = static_cast<double>(image.h) * static_cast<double>(image.w);
  return static_cast<double>(image.n * image.c) * 2.5 * plane * std::log2(plane);
}

// A product of (inputs + 1) x K per pixel, from two inputs or twice as many as the source has channels.
double cppn_flops(const Shape& src, const Shape& dst, bool first) {
  return 2.0 * static_cast<double>(dst.elements()) * static_cast<double>((first ? 1 : 2) * src.c + 1);
}

// Only the ops that matter for a throughput are counted; the others are bound by memory, and their bytes are reported.
struct CountFlops {
  double operator()(const ConvolutionProblem& p) const { return convolution_flops(p.src, p.dst, p.window, p.groups); }
  double operator()(const ConvolutionBackwardProblem& p) const {
    return convolution_flops(p.src, p.dst, p.window, p.groups);
  }
  double operator()(const LinearProblem& p) const { return 2.0 * static_cast<double>(p.src.elements() * p.k); }
  double operator()(const LinearBackwardProblem& p) const { return 2.0 * static_cast<double>(p.src.elements() * p.k); }
  double operator()(const MatrixProductsProblem& p) const {
    double sum = 0;
    for (const MatrixProduct& product : p.products) sum += 2.0 * static_cast<double>(product.m * product.n * product.k);
    return sum;
  }
  double operator()(const InverseFourierProblem& p) const { return fourier_flops(p.image); }
  double operator()(const InverseFourierBackwardProblem& p) const { return fourier_flops(p.image); }
  double operator()(const CppnLayerProblem& p) const { return cppn_flops(p.src, p.dst, p.first); }
  double operator()(const CppnLayerBackwardProblem& p) const {
    return (p.first ? 1 : 2) * cppn_flops(p.src, p.dst, p.first);
  }
  template <class Other>
  double operator()(const Other&) const {
    return 0;
  }
};

}  // namespace

std::string refuse_rotation(const ConvolutionBackwardProblem& problem) {
  const Window& w = problem.window;
  if (w.stride_h != 1 || w.stride_w != 1) return "the stride is not 1";
  if (problem.groups != 1) return "there are groups";
  if (std::max(w.pad_top, w.pad_bottom) >= w.reach_h() || std::max(w.pad_left, w.pad_right) >= w.reach_w())
    return "the padding is as wide as the window";
  return "";
}

Problem::Problem(const Problem&) = default;
Problem::Problem(Problem&&) noexcept = default;
Problem& Problem::operator=(const Problem&) = default;
Problem& Problem::operator=(Problem&&) noexcept = default;
Problem::~Problem() = default;

std::vector<Weights> weights_of(const Problem& problem) {
  if (const auto* convolution = std::get_if<ConvolutionProblem>(&problem))
    return {convolution->weights, convolution->bias};
  if (const auto* transposed = std::get_if<ConvolutionBackwardProblem>(&problem))
    return {transposed->weights, transposed->bias};
  if (const auto* linear = std::get_if<LinearProblem>(&problem)) return {linear->weights, linear->bias};
  return {};
}

double flops(const Problem& problem) { return std::visit(CountFlops{}, problem); }

int64_t workspace_bytes(const Problem& problem) {
  return std::visit(
      [](const auto& p) -> int64_t {
        if constexpr (requires { p.workspace_bytes(); }) return p.workspace_bytes();
        return 0;
      },
      problem);
}

}  // namespace phosphene
