#include "experiment/dissection/rotation_curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

namespace phosphene {
namespace {

constexpr const char* kCounts[] = {"detectors", "unique_detectors", "concepts_covered", "mean_best_iou"};

Json mean_and_sd(const std::vector<double>& numbers) {
  const auto count = static_cast<double>(numbers.size());
  double sum = 0, squares = 0;
  for (const double number : numbers) sum += number / count;
  for (const double number : numbers) squares += (number - sum) * (number - sum);
  return {{"mean", sum}, {"sd", numbers.size() < 2 ? 0 : std::sqrt(squares / (count - 1))}};
}

std::vector<double> each(const std::vector<Json>& bases, const auto& number) {
  std::vector<double> numbers;
  for (const Json& basis : bases) numbers.push_back(number(basis).template get<double>());
  return numbers;
}

Json point_of(double alpha, const std::vector<Json>& bases, bool units) {
  Json point = {{"alpha", alpha},
                {"mean_diagonal", mean_and_sd(each(bases, [](const Json& basis) { return basis["mean_diagonal"]; }))}};
  for (const char* key : kCounts)
    point[key] = mean_and_sd(each(bases, [&](const Json& basis) { return basis["summary"][key]; }));
  if (units)
    for (const char* key : {"mean_diagonal", "detectors", "unique_detectors", "concepts_covered", "mean_best_iou"})
      point[key]["sd"] = nullptr;
  point["best_per_concept"] = Json::array();
  for (size_t i = 0; i < bases.front()["best_per_concept"].size(); ++i)
    point["best_per_concept"].push_back(
        mean_and_sd(each(bases, [&](const Json& basis) { return basis["best_per_concept"][i]; }))["mean"]);
  return point;
}

constexpr double kLeft = 40, kTop = 12, kWidth = 400, kHeight = 240, kBottom = 40, kLegend = 160;

struct Line {
  const char *key, *name, *colour;
};
constexpr Line kLines[] = {{"unique_detectors", "unique detectors", "hsl(265 62% 55%)"},
                           {"concepts_covered", "concepts covered", "hsl(28 80% 46%)"}};

double x_of(double alpha) { return kLeft + kWidth * alpha; }
double y_of(double count, double most) { return kTop + kHeight * (1 - count / most); }

// "M" and "L" through points in the order of their alphas.
std::string path_through(const std::map<double, double>& points, double most) {
  std::string path;
  for (const auto& [alpha, count] : points)
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? 'M' : 'L', x_of(alpha), y_of(count, most));
  return path;
}

std::string grid(double most) {
  std::string drawn;
  for (const double alpha : {0.0, 0.25, 0.5, 0.75, 1.0})
    drawn += fmt::format(
        R"(<path class="g" d="M{0:.1f} {1}V{2}"/><text x="{0:.1f}" y="{3}" text-anchor="middle">{4}</text>)",
        x_of(alpha), kTop, kTop + kHeight, kTop + kHeight + 15, alpha);
  const double step = std::max(1.0, std::ceil(most / 8));
  for (double count = 0; count <= most; count += step)
    drawn += fmt::format(
        R"(<path class="g" d="M{0} {1:.1f}H{2}"/><text x="{3}" y="{4:.1f}" text-anchor="end">{5:.0f}</text>)", kLeft,
        y_of(count, most), kLeft + kWidth, kLeft - 6, y_of(count, most) + 4, count);
  return drawn +
         fmt::format(R"(<text x="{}" y="{}" text-anchor="middle">alpha: 0 the units, 1 a random rotation</text>)",
                     kLeft + kWidth / 2, kTop + kHeight + 33);
}

std::string means(const Json& curve, const Line& line, double most) {
  std::map<double, double> points;
  std::string bars;
  for (const Json& point : curve) {
    const double mean = point[line.key]["mean"], alpha = point["alpha"];
    points[alpha] = mean;
    bars +=
        fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="3" fill="{}"/>)", x_of(alpha), y_of(mean, most), line.colour);
    if (point[line.key]["sd"].is_null()) continue;
    const double sd = point[line.key]["sd"];
    bars += fmt::format(R"(<path d="M{0:.1f} {1:.1f}V{2:.1f}" stroke="{3}"/>)", x_of(alpha),
                        y_of(std::max(0.0, mean - sd), most), y_of(std::min(most, mean + sd), most), line.colour);
  }
  return fmt::format(R"(<path d="{}" stroke="{}" stroke-width="2"/>{})", path_through(points, most), line.colour, bars);
}

std::string seeds(const Json& record, const Line& line, double most) {
  std::map<std::string, std::map<double, double>> curves;
  for (const Json& basis : record["bases"])
    if (basis["kind"] == "rotation") curves[basis["seed"].dump()][basis["alpha"]] = basis["summary"][line.key];
  std::string drawn;
  for (auto& [seed, points] : curves) {
    if (record["curve"].front()["alpha"] == 0) points[0] = record["summary"][line.key];
    drawn += fmt::format(R"(<path d="{}" stroke="{}" stroke-width="1" opacity=".35"/>)", path_through(points, most),
                         line.colour);
  }
  return drawn;
}

}  // namespace

Json rotation_curve(const Json& record, const Json& units, std::vector<double> alphas) {
  std::sort(alphas.begin(), alphas.end());
  Json curve = Json::array();
  for (const double alpha : alphas) {
    std::vector<Json> at;
    if (alpha == 0) at.push_back(units);
    for (const Json& basis : record.value("bases", Json::array()))
      if (basis["kind"] == "rotation" && basis["alpha"] == alpha) at.push_back(basis);
    curve.push_back(point_of(alpha, at, alpha == 0));
  }
  return curve;
}

std::string rotation_chart(const Json& record) {
  double most = 1;
  for (const Json& basis : record["bases"])
    if (basis["kind"] == "rotation")
      for (const Line& line : kLines) most = std::max(most, basis["summary"][line.key].get<double>());
  for (const Line& line : kLines) most = std::max(most, record["summary"][line.key].get<double>());
  std::string drawn = grid(most);
  double y = kTop + 8;
  for (const Line& line : kLines) {
    drawn += seeds(record, line, most) + means(record["curve"], line, most);
    drawn += fmt::format(R"(<path d="M{0} {1}h18" stroke="{2}" stroke-width="2"/><text x="{3}" y="{4}">{5}</text>)",
                         kLeft + kWidth + 14, y, line.colour, kLeft + kWidth + 38, y + 4, line.name);
    y += 18;
  }
  return fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" class="rotations" role="img" aria-label="Unique detectors and )"
      R"(concepts covered against alpha" style="color:#888;font:11px sans-serif"><style>.rotations path{{fill:none}})"
      R"(.rotations path.g{{stroke:#8884}}.rotations text{{fill:currentColor}}</style>{}</svg>)",
      kLeft + kWidth + kLegend, kTop + kHeight + kBottom, drawn);
}

}  // namespace phosphene
