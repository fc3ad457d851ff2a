#include "experiment/dissection/alignment.h"

#include <algorithm>
#include <utility>

#include "runtime/error.h"

namespace phosphene {
namespace {

// x as a fraction of whole numbers; the denominator is positive.
struct Fraction {
  int64_t numerator = 0, denominator = 1;
};

Fraction place_of(Alignment alignment, int64_t pixel, int64_t samples, int64_t pixels, const FieldAxis& field) {
  switch (alignment) {
    case Alignment::receptive_field:  // o = first + (size - 1) / 2
      return {2 * (pixel - field.first) - field.size + 1, 2 * field.stride};
    case Alignment::half_pixel:
      return {(2 * pixel + 1) * samples - pixels, 2 * pixels};
    case Alignment::align_corners:
      return pixels == 1 ? Fraction{} : Fraction{pixel * (samples - 1), pixels - 1};
  }
  fail_internal("AlignedAxis", "alignment {}", static_cast<int>(alignment));
}

AxisSample clamped(const Fraction& place, int64_t samples) {
  if (place.numerator <= 0) return {0, 0};
  const int64_t low = place.numerator / place.denominator, rest = place.numerator % place.denominator;
  if (low >= samples - 1) return {samples - 1, 0};
  return {low, static_cast<double>(rest) / static_cast<double>(place.denominator)};
}

// Not a (1 - w) + b w alone: that rounds where a and b are equal.
double between(double a, double b, double weight) { return weight == 0 || a == b ? a : (1 - weight) * a + weight * b; }

}  // namespace

Alignment alignment_named(const std::string& name) {
  const auto found = std::find(kAlignmentNames.begin(), kAlignmentNames.end(), name);
  if (found == kAlignmentNames.end())
    fail("--align", "expected receptive_field, half_pixel or align_corners, got '{}'{}", name,
         suggestion(name, kAlignmentNames));
  return static_cast<Alignment>(found - kAlignmentNames.begin());
}

std::string name_of(Alignment alignment) { return kAlignmentNames[static_cast<size_t>(alignment)]; }

AlignedAxis::AlignedAxis(Alignment alignment, int64_t samples, int64_t pixels, const FieldAxis& field)
    : first_(static_cast<size_t>(samples) + 1, pixels) {
  if (alignment == Alignment::receptive_field && field.stride < 1)
    fail("--align", "all positions of the layer see the same pixels; expected half_pixel or align_corners");
  for (int64_t pixel = 0; pixel < pixels; ++pixel)
    at_.push_back(clamped(place_of(alignment, pixel, samples, pixels, field), samples));
  for (int64_t pixel = 0, next = 0; pixel < pixels; ++pixel)
    while (next <= at(pixel).low) first_[static_cast<size_t>(next++)] = pixel;
}

PixelsAbove::PixelsAbove(AlignedAxis rows, AlignedAxis columns)
    : rows_(std::move(rows)),
      columns_(std::move(columns)),
      cells_(static_cast<size_t>(rows_.samples() * columns_.samples())) {}

void PixelsAbove::mark(std::span<const float> map, float threshold) {
  std::fill(cells_.begin(), cells_.end(), 0);
  const auto width = static_cast<size_t>(columns_.samples());
  for (size_t i = 0; i < map.size(); ++i) {
    if (!(map[i] > threshold)) continue;
    const size_t row = i / width, column = i % width;
    for (size_t y = row - std::min<size_t>(row, 1); y <= row; ++y)
      for (size_t x = column - std::min<size_t>(column, 1); x <= column; ++x) cells_[y * width + x] = 1;
  }
}

double PixelsAbove::value(std::span<const float> map, int64_t row, int64_t column) const {
  const AxisSample &y = rows_.at(row), &x = columns_.at(column);
  const int64_t width = columns_.samples();
  const float* samples = map.data() + y.low * width + x.low;
  const int64_t right = x.weight > 0 ? 1 : 0, down = y.weight > 0 ? width : 0;
  const auto on_row = [&](const float* at) {
    return between(static_cast<double>(at[0]), static_cast<double>(at[right]), x.weight);
  };
  return between(on_row(samples), on_row(samples + down), y.weight);
}

std::span<const uint32_t> PixelsAbove::find(std::span<const float> map, float threshold) {
  mark(map, threshold);
  found_.clear();
  for (int64_t y = 0; y < rows_.samples(); ++y) {
    for (int64_t x = 0; x < columns_.samples(); ++x) {
      if (cells_[static_cast<size_t>(y * columns_.samples() + x)] == 0) continue;
      for (int64_t row = rows_.first(y); row < rows_.first(y + 1); ++row)
        for (int64_t column = columns_.first(x); column < columns_.first(x + 1); ++column)
          if (value(map, row, column) > static_cast<double>(threshold))
            found_.push_back(static_cast<uint32_t>(row * width() + column));
    }
  }
  return found_;
}

}  // namespace phosphene
