// What of a photograph, or of a layer, an objective f comes from: f is a logit, a unit, or whatever a list of terms says. Formulas with
// respect to the photograph's colours in [0, 1]; sums in double precision.
//
//   gradient               df/dx (K. Simonyan et al. 2013)
//   gradient x input       x df/dx. It depends on the space: in [0, 1] black gets nothing
//   integrated gradients   (x - b) times the mean of df/dx over n points of the line from the baseline b to x; its sum tends to
//                          f(x) - f(b) (M. Sundararajan, A. Taly, Q. Yan, "Axiomatic Attribution for Deep Networks", ICML 2017)
//   SmoothGrad             mean over n of df/dx at x + noise, never clipped (D. Smilkov et al. 2017)
//   Grad-CAM               sum over channels of mean_yx(df/dA_c) A_c, of which the positive part is shown (R. Selvaraju et al., ICCV 2017)
//   channels, positions    A df/dA of a layer, summed over positions or channels: linear, or with df/dA the mean over n points of the line
//                          from 0 to A, through the network behind the layer alone (C. Olah et al., "The Building Blocks of
//                          Interpretability", Distill 2018)
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "experiment/attribution/gradient_program.h"

namespace phosphene {

// Where the n points of a path lie, from 0 to 1: left i / n, right (i + 1) / n, midpoint (i + 1/2) / n, each of weight 1 / n; trapezoid
// i / (n - 1) of weight 1 / (n - 1), half of it at the ends.
enum class PathRule : uint8_t { left, right, midpoint, trapezoid };
inline const std::vector<std::string> kPathRules = {"left", "right", "midpoint", "trapezoid"};

struct PathPoint {
  double at = 0, weight = 0;
};
// n at least 1, of a trapezoid 2.
std::vector<PathPoint> path_points(PathRule rule, int64_t n);

HostTensor times(const HostTensor& a, const HostTensor& b);
double sum_of(const HostTensor& tensor);

struct PathAttribution {
  HostTensor map;                // as its input
  int64_t steps = 0;             // points
  double end = 0, baseline = 0;  // f there
  double sum = 0;                // of the map
  [[nodiscard]] double difference() const { return end - baseline; }
  // |sum - difference| / |difference|; infinite where f is the same at both ends.
  [[nodiscard]] double error() const;
};

// Along the line from `baseline` to `input`. `progress`: called behind each point.
PathAttribution path_attribution(GradientProgram& program, const HostTensor& input, const HostTensor& baseline,
                                 PathRule rule, int64_t steps, const std::function<void()>& progress = {});

// The same with twice as many points, `first`, 2 `first` ..., until the error is at most `tolerance` or the points would be more than
// `most`.
PathAttribution complete_path(GradientProgram& program, const HostTensor& input, const HostTensor& baseline,
                              PathRule rule, int64_t first, int64_t most, double tolerance,
                              const std::function<void()>& progress = {});

// `noise(sample)`: what is added to each number of the input, in the order C H W.
using NoiseOfSample = std::function<std::vector<float>(int64_t sample)>;
HostTensor smooth_gradient(GradientProgram& program, const HostTensor& input, int64_t samples,
                           const NoiseOfSample& noise, const std::function<void()>& progress = {});
// Normal, of deviation `share` times the input's largest number minus its smallest, by Philox from the seed (kernels/philox.h).
NoiseOfSample normal_noise(const HostTensor& input, double share, uint64_t seed);

// H x W, before its negative part is cut off.
std::vector<double> grad_cam(const HostTensor& activations, const HostTensor& gradient);

// Of C x H x W numbers the sums over positions, and over channels.
std::vector<double> over_positions(const HostTensor& tensor);
std::vector<double> over_channels(const HostTensor& tensor);

// Bilinear with half-pixel centres, the border's value outside.
std::vector<double> upsampled(const std::vector<double>& map, int64_t h, int64_t w, int64_t to_h, int64_t to_w);

}  // namespace phosphene
