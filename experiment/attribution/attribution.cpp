#include "experiment/attribution/attribution.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "experiment/dissection/alignment.h"
#include "kernels/normal.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

size_t positions_of(const HostTensor& tensor) { return static_cast<size_t>(tensor.dims.at(2) * tensor.dims.at(3)); }

void require_alike(const HostTensor& a, const HostTensor& b) {
  if (a.dims != b.dims) fail_internal("attribution", "two tensors of different shapes");
}

HostTensor between(const HostTensor& from, const HostTensor& to, double at) {
  HostTensor point{to.dims, std::vector<float>(to.data.size())};
  for (size_t i = 0; i < point.data.size(); ++i) {
    const double begin = from.data[i], end = to.data[i];
    point.data[i] = static_cast<float>(begin + at * (end - begin));
  }
  return point;
}

}  // namespace

std::vector<PathPoint> path_points(PathRule rule, int64_t n) {
  if (n < (rule == PathRule::trapezoid ? 2 : 1))
    fail("steps", "expected at least 2 for a trapezoid, else 1; got {}", n);
  std::vector<PathPoint> points;
  for (int64_t i = 0; i < n; ++i) {
    const auto index = static_cast<double>(i), count = static_cast<double>(n);
    switch (rule) {
      case PathRule::left:
        points.push_back({index / count, 1 / count});
        break;
      case PathRule::right:
        points.push_back({(index + 1) / count, 1 / count});
        break;
      case PathRule::midpoint:
        points.push_back({(index + 0.5) / count, 1 / count});
        break;
      case PathRule::trapezoid:
        points.push_back({index / (count - 1), (i == 0 || i == n - 1 ? 0.5 : 1) / (count - 1)});
        break;
    }
  }
  return points;
}

HostTensor times(const HostTensor& a, const HostTensor& b) {
  require_alike(a, b);
  HostTensor product = a;
  for (size_t i = 0; i < product.data.size(); ++i) product.data[i] *= b.data[i];
  return product;
}

double sum_of(const HostTensor& tensor) { return std::accumulate(tensor.data.begin(), tensor.data.end(), 0.0); }

double PathAttribution::error() const {
  const double whole = std::abs(difference());
  return whole > 0 ? std::abs(sum - difference()) / whole : std::numeric_limits<double>::infinity();
}

PathAttribution path_attribution(GradientProgram& program, const HostTensor& input, const HostTensor& baseline,
                                 PathRule rule, int64_t steps, const std::function<void()>& progress) {
  require_alike(input, baseline);
  PathAttribution path{{input.dims, std::vector<float>(input.data.size())}, steps};
  path.end = program.run(input);
  path.baseline = program.run(baseline);
  std::vector<double> mean(input.data.size(), 0);
  for (const PathPoint& point : path_points(rule, steps)) {
    stop_if_requested();
    program.run(between(baseline, input, point.at));
    const HostTensor gradient = program.gradient();
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += point.weight * static_cast<double>(gradient.data[i]);
    if (progress) progress();
  }
  for (size_t i = 0; i < mean.size(); ++i) {
    const double share = (static_cast<double>(input.data[i]) - static_cast<double>(baseline.data[i])) * mean[i];
    path.sum += share;
    path.map.data[i] = static_cast<float>(share);
  }
  return path;
}

PathAttribution complete_path(GradientProgram& program, const HostTensor& input, const HostTensor& baseline,
                              PathRule rule, int64_t first, int64_t most, double tolerance,
                              const std::function<void()>& progress) {
  for (int64_t steps = first;; steps *= 2) {
    PathAttribution path = path_attribution(program, input, baseline, rule, steps, progress);
    if (path.error() <= tolerance || 2 * steps > most) return path;
  }
}

HostTensor smooth_gradient(GradientProgram& program, const HostTensor& input, int64_t samples,
                           const NoiseOfSample& noise, const std::function<void()>& progress) {
  std::vector<double> sum(input.data.size(), 0);
  for (int64_t sample = 0; sample < samples; ++sample) {
    stop_if_requested();
    const std::vector<float> added = noise(sample);
    HostTensor noisy = input;
    for (size_t i = 0; i < noisy.data.size(); ++i) noisy.data[i] += added.at(i);
    program.run(noisy);
    const HostTensor gradient = program.gradient();
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(gradient.data[i]);
    if (progress) progress();
  }
  HostTensor mean{input.dims, std::vector<float>(input.data.size())};
  for (size_t i = 0; i < sum.size(); ++i) mean.data[i] = static_cast<float>(sum[i] / static_cast<double>(samples));
  return mean;
}

NoiseOfSample normal_noise(const HostTensor& input, double share, uint64_t seed) {
  const auto [least, most] = std::minmax_element(input.data.begin(), input.data.end());
  const double deviation = share * static_cast<double>(*most - *least);
  return [deviation, seed, count = input.data.size()](int64_t sample) {
    const DrawKey key{seed, 0};
    std::vector<float> numbers(count);
    for (size_t i = 0; i < count; ++i) {
      const auto block = static_cast<uint32_t>(i / 4);
      const Philox4x32 words = draw(key, static_cast<uint32_t>(sample), DrawPurpose::noise, block);
      numbers[i] = static_cast<float>(deviation * four_normals(words).number[i % 4]);
    }
    return numbers;
  };
}

std::vector<double> grad_cam(const HostTensor& activations, const HostTensor& gradient) {
  require_alike(activations, gradient);
  const size_t positions = positions_of(activations);
  std::vector<double> map(positions, 0);
  const std::vector<double> sums = over_positions(gradient);
  for (size_t c = 0; c < sums.size(); ++c) {
    const double weight = sums[c] / static_cast<double>(positions);
    for (size_t i = 0; i < positions; ++i) map[i] += weight * static_cast<double>(activations.data[c * positions + i]);
  }
  return map;
}

std::vector<double> over_positions(const HostTensor& tensor) {
  const size_t positions = positions_of(tensor);
  std::vector<double> sums(tensor.data.size() / positions, 0);
  for (size_t i = 0; i < tensor.data.size(); ++i) sums[i / positions] += static_cast<double>(tensor.data[i]);
  return sums;
}

std::vector<double> over_channels(const HostTensor& tensor) {
  const size_t positions = positions_of(tensor);
  std::vector<double> sums(positions, 0);
  for (size_t i = 0; i < tensor.data.size(); ++i) sums[i % positions] += static_cast<double>(tensor.data[i]);
  return sums;
}

std::vector<double> upsampled(const std::vector<double>& map, int64_t h, int64_t w, int64_t to_h, int64_t to_w) {
  const AlignedAxis rows(Alignment::half_pixel, h, to_h, {}), columns(Alignment::half_pixel, w, to_w, {});
  const auto at = [&](int64_t y, int64_t x) { return map[static_cast<size_t>(y * w + x)]; };
  std::vector<double> large;
  for (int64_t y = 0; y < to_h; ++y) {
    for (int64_t x = 0; x < to_w; ++x) {
      const AxisSample row = rows.at(y), column = columns.at(x);
      const int64_t below = std::min(row.low + 1, h - 1), right = std::min(column.low + 1, w - 1);
      const double upper = (1 - column.weight) * at(row.low, column.low) + column.weight * at(row.low, right);
      const double lower = (1 - column.weight) * at(below, column.low) + column.weight * at(below, right);
      large.push_back((1 - row.weight) * upper + row.weight * lower);
    }
  }
  return large;
}

}  // namespace phosphene
