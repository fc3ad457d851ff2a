#include "experiment/dissection/activation_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr uint32_t kSignBit = 0x80000000U;

constexpr uint16_t upper_half(uint32_t bits) { return static_cast<uint16_t>(bits >> 16U); }
constexpr uint16_t lower_half(uint32_t bits) { return static_cast<uint16_t>(bits & 0xFFFFU); }

// Infinities and NaN have all bits of the exponent.
bool is_finite(float value) { return (std::bit_cast<uint32_t>(value) & 0x7F800000U) != 0x7F800000U; }

[[noreturn]] void refuse_words(const std::string& place) { fail(place, "is damaged: its counts do not add up"); }

}  // namespace

uint32_t ordered_bits(float value) {
  const auto bits = std::bit_cast<uint32_t>(value + 0.0F);
  return (bits & kSignBit) != 0 ? ~bits : bits | kSignBit;
}

float from_ordered_bits(uint32_t bits) {
  return std::bit_cast<float>((bits & kSignBit) != 0 ? bits & ~kSignBit : ~bits);
}

uint64_t index_of_quantile(double quantile, uint64_t count) {
  const auto index = static_cast<uint64_t>(std::floor(quantile * static_cast<double>(count)));
  return count == 0 ? 0 : std::min(index, count - 1);
}

void ActivationHistogram::add(std::span<const float> activations) {
  const size_t positions = activations.size() / rows_.size();
  if (count_ + positions > std::numeric_limits<uint32_t>::max())
    fail("dissection", "more than 2^32 positions are too many to count; use fewer photographs or a deeper layer");
  // A cache line of activations at a time, so that the counters of few rows are in use.
  constexpr size_t kBlock = 16;
  for (size_t first = 0; first < rows(); first += kBlock) {
    const size_t end = std::min(first + kBlock, rows());
    for (size_t position = 0; position < positions; ++position) {
      for (size_t row = first; row < end; ++row) {
        const float value = activations[position * rows() + row];
        if (!is_finite(value)) fail("dissection", "the layer has an activation that is not finite");
        ++rows_[row].at(upper_half(ordered_bits(value)));
      }
    }
  }
  count_ += positions;
}

void ActivationHistogram::add(const ActivationHistogram& other) {
  if (other.rows() != rows()) fail_internal("ActivationHistogram", "{} rows and {}", rows(), other.rows());
  if (count_ + other.count_ > std::numeric_limits<uint32_t>::max())
    fail("dissection", "more than 2^32 positions are too many to count");
  for (size_t row = 0; row < rows(); ++row) {
    for (size_t page = 0; page < kPage; ++page) {
      if (other.rows_[row].pages[page] == nullptr) continue;
      for (size_t i = 0; i < kPage; ++i)
        rows_[row].at(static_cast<uint16_t>(page << 8U | i)) += (*other.rows_[row].pages[page])[i];
    }
  }
  count_ += other.count_;
}

QuantileBin ActivationHistogram::bin(size_t row, double quantile) const {
  QuantileBin bin;
  bin.index = index_of_quantile(quantile, count_);
  for (size_t page = kPage; page-- > 0;) {
    if (rows_[row].pages[page] == nullptr) continue;
    for (size_t i = kPage; i-- > 0;) {
      bin.inside = (*rows_[row].pages[page])[i];
      bin.upper = static_cast<uint16_t>(page << 8U | i);
      if (bin.above + bin.inside > bin.index) return bin;
      bin.above += bin.inside;
    }
  }
  fail_internal("ActivationHistogram", "no activation has index {} of {}", bin.index, count_);
}

std::vector<uint32_t> ActivationHistogram::words() const {
  std::vector<uint32_t> words;
  size_t pages = 0;
  for (const Row& row : rows_)
    pages += static_cast<size_t>(
        std::count_if(row.pages.begin(), row.pages.end(), [](const auto& page) { return page != nullptr; }));
  words.reserve(pages * (2 + kPage));
  for (size_t row = 0; row < rows(); ++row) {
    for (size_t page = 0; page < kPage; ++page) {
      const Page* counts = rows_[row].pages[page].get();
      if (counts == nullptr) continue;
      words.push_back(static_cast<uint32_t>(row));
      words.push_back(static_cast<uint32_t>(page));
      words.insert(words.end(), counts->begin(), counts->end());
    }
  }
  return words;
}

ActivationHistogram ActivationHistogram::from_words(size_t rows, std::span<const uint32_t> words,
                                                    const std::string& place) {
  ActivationHistogram histogram(rows);
  std::vector<uint64_t> sums(rows, 0);
  if (words.size() % (2 + kPage) != 0) refuse_words(place);
  for (; !words.empty(); words = words.subspan(2 + kPage)) {
    const uint32_t row = words[0], page = words[1];
    if (row >= rows || page >= kPage) refuse_words(place);
    for (size_t i = 0; i < kPage; ++i) {
      sums[row] += words[2 + i];
      histogram.rows_[row].at(static_cast<uint16_t>(page << 8U | i)) += words[2 + i];
    }
  }
  for (const uint64_t sum : sums)
    if (sum != sums.front()) refuse_words(place);
  histogram.count_ = rows == 0 ? 0 : sums.front();
  return histogram;
}

void QuantileRefinement::add(std::span<const float> activations) {
  const size_t rows = bins_.size();
  for (size_t i = 0; i < activations.size();) {
    for (size_t row = 0; row < rows; ++row, ++i) {
      const uint32_t bits = ordered_bits(activations[i]);
      if (upper_half(bits) == bins_[row].upper) ++counts_[row][lower_half(bits)];
    }
  }
}

void QuantileRefinement::add(const QuantileRefinement& other) {
  for (size_t row = 0; row < bins_.size(); ++row)
    for (const auto& [lower, count] : other.counts_[row]) counts_[row][lower] += count;
}

float QuantileRefinement::threshold(size_t row) const {
  const QuantileBin& bin = bins_[row];
  uint64_t inside = 0, above = bin.above;
  for (const auto& [lower, count] : counts_[row]) inside += count;
  if (inside != bin.inside)
    fail_internal("QuantileRefinement", "row {}: {} activations in a bin of {}", row, inside, bin.inside);
  for (auto lower = counts_[row].rbegin(); lower != counts_[row].rend(); ++lower) {
    above += lower->second;
    if (above > bin.index) return from_ordered_bits(static_cast<uint32_t>(bin.upper) << 16U | lower->first);
  }
  fail_internal("QuantileRefinement", "row {}: no activation has index {}", row, bin.index);
}

std::vector<uint32_t> QuantileRefinement::words() const {
  std::vector<uint32_t> words;
  for (size_t row = 0; row < counts_.size(); ++row)
    for (const auto& [lower, count] : counts_[row])
      words.insert(words.end(), {static_cast<uint32_t>(row), static_cast<uint32_t>(lower), count});
  return words;
}

void QuantileRefinement::add_words(std::span<const uint32_t> words, const std::string& place) {
  if (words.size() % 3 != 0) refuse_words(place);
  for (; !words.empty(); words = words.subspan(3)) {
    if (words[0] >= counts_.size() || words[1] > 0xFFFFU) refuse_words(place);
    counts_[words[0]][static_cast<uint16_t>(words[1])] += words[2];
  }
}

}  // namespace phosphene
