#include "experiment/pages/spectrum_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace phosphene {
namespace {

constexpr double kLeft = 44, kTop = 10, kWidth = 430, kHeight = 300, kLegend = 190, kBottom = 40, kLine = 17;
constexpr size_t kMaxNamed = 24;  // of more curves only the tooltips have names

// Logarithms of base 10 onto the drawing.
struct Axes {
  double least_f = 1e9, most_f = -1e9, least_power = 1e9, most_power = -1e9;

  void include(double f, double power) {
    least_f = std::min(least_f, f);
    most_f = std::max(most_f, f);
    least_power = std::min(least_power, power);
    most_power = std::max(most_power, power);
  }
  [[nodiscard]] double x(double f) const { return kLeft + kWidth * (f - least_f) / (most_f - least_f); }
  [[nodiscard]] double y(double power) const {
    return kTop + kHeight * (most_power - power) / (most_power - least_power);
  }
};

struct Point {
  double f, power;
};

std::vector<Point> points_of(const PowerSpectrum& spectrum) {
  std::vector<Point> points;
  for (size_t i = 0; i < spectrum.power.size(); ++i)
    if (spectrum.power[i] > 0) points.push_back({std::log10(spectrum.frequency[i]), std::log10(spectrum.power[i])});
  return points;
}

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) safe += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  return safe;
}

std::string path_of(const std::vector<Point>& points, const Axes& axes) {
  std::string path;
  for (const Point& point : points)
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? 'M' : 'L', axes.x(point.f), axes.y(point.power));
  return path;
}

// Hues a golden angle apart, so that any number of them differ, and lightness in turn.
std::string colour_of(size_t index) {
  return fmt::format("hsl({:.0f} 62% {}%)", std::fmod(265 + 137.508 * static_cast<double>(index), 360.0),
                     40 + 12 * (index % 3));
}

std::string grid(const Axes& axes) {
  std::string drawn;
  for (const double f : {0.01, 0.02, 0.05, 0.1, 0.2, 0.5}) {
    const double at = std::log10(f);
    if (at < axes.least_f || at > axes.most_f + 1e-9) continue;
    drawn += fmt::format(
        R"(<path class="g" d="M{0:.1f} {1}V{2}"/><text x="{0:.1f}" y="{3}" text-anchor="middle">{4}</text>)",
        axes.x(at), kTop, kTop + kHeight, kTop + kHeight + 15, f);
  }
  for (double at = std::ceil(axes.least_power); at <= axes.most_power; ++at) {
    drawn += fmt::format(
        R"(<path class="g" d="M{0} {1:.1f}H{2}"/><text x="{3}" y="{4:.1f}" text-anchor="end">1e{5:.0f}</text>)", kLeft,
        axes.y(at), kLeft + kWidth, kLeft - 5, axes.y(at) + 4, at);
  }
  drawn += fmt::format(R"(<text x="{}" y="{}" text-anchor="middle">cycles per pixel</text>)", kLeft + kWidth / 2,
                       kTop + kHeight + 33);
  return drawn;
}

std::string legend_line(size_t row, const std::string& colour, const std::string& dashes, const std::string& text) {
  const double x = kLeft + kWidth + 14, y = kTop + 8 + kLine * static_cast<double>(row);
  return fmt::format(R"(<path d="M{0} {1}h18" stroke="{2}"{3}/><text x="{4}" y="{5}">{6}</text>)", x, y, colour, dashes,
                     x + 24, y + 4, text);
}

// 1 / f^2 through the middle of the curves: the mean of the logarithms of all their points. Cut off at the drawing's edges.
std::vector<Point> reference(const std::vector<std::vector<Point>>& curves, const Axes& axes) {
  Point middle{0, 0};
  double count = 0;
  for (const std::vector<Point>& points : curves) {
    for (const Point& point : points) {
      middle.f += point.f;
      middle.power += point.power;
      count += 1;
    }
  }
  middle.f /= count;
  middle.power /= count;
  const double first = std::max(axes.least_f, middle.f - (axes.most_power - middle.power) / 2);
  const double last = std::min(axes.most_f, middle.f + (middle.power - axes.least_power) / 2);
  return {{first, middle.power - 2 * (first - middle.f)}, {last, middle.power - 2 * (last - middle.f)}};
}

}  // namespace

std::string spectrum_chart(const std::vector<SpectrumCurve>& curves) {
  Axes axes;
  std::vector<std::vector<Point>> lines;
  for (const SpectrumCurve& curve : curves) {
    lines.push_back(points_of(curve.spectrum));
    for (const Point& point : lines.back()) axes.include(point.f, point.power);
  }
  if (!(axes.least_f < axes.most_f) || !(axes.least_power < axes.most_power)) return "";

  std::string drawn = grid(axes), legend;
  const std::string dashes = R"( stroke-dasharray="5 4")";
  for (size_t i = 0; i < curves.size(); ++i) {
    drawn += fmt::format(R"(<path d="{}" stroke="{}"><title>{}</title></path>)", path_of(lines[i], axes), colour_of(i),
                         escaped(curves[i].name));
    if (curves.size() > kMaxNamed) continue;
    legend +=
        legend_line(i, colour_of(i), "", fmt::format("{} ({:.2f})", escaped(curves[i].name), curves[i].spectrum.slope));
  }
  drawn += fmt::format(R"(<path d="{}" stroke="currentColor"{}/>)", path_of(reference(lines, axes), axes), dashes);
  const size_t named = curves.size() > kMaxNamed ? 0 : curves.size();
  legend += legend_line(named, "currentColor", dashes, "photographs: 1 / f² (-2)");
  const double height = std::max(kTop + kHeight + kBottom, kTop + kLine * static_cast<double>(named + 2));
  return fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" class="spectra" role="img" aria-label="Power spectra" )"
      R"(style="color:#888;font:11px sans-serif"><style>.spectra path{{fill:none;stroke-width:1.5}})"
      R"(.spectra path.g{{stroke:#8884;stroke-width:1}}.spectra text{{fill:currentColor}}</style>{}{}</svg>)",
      kLeft + kWidth + kLegend, height, drawn, legend);
}

}  // namespace phosphene
