// Exact quantiles of any number of activations in bounded memory, by counting twice. A float32 read as an integer, with all bits of a
// negative one flipped and the top bit of another set, keeps its order. The first count goes by the upper 16 bits of that (sign,
// exponent, 7 bits of mantissa): a bin is at most 2^-7 of its value wide. The second counts the lower 16 bits inside the one bin that
// holds the quantile. Counts are integers: they depend neither on the order of the activations nor on threads, and add up.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace phosphene {

// a < b exactly where ordered_bits(a) < ordered_bits(b), for all but NaN; -0 is taken for 0.
uint32_t ordered_bits(float value);
float from_ordered_bits(uint32_t bits);

// Index floor(quantile N) of N activations sorted from the largest, from 0: at most so many exceed the value there, ties included.
uint64_t index_of_quantile(double quantile, uint64_t count);

// Where a value of a given index lies.
struct QuantileBin {
  uint16_t upper = 0;   // the upper half of its ordered bits
  uint64_t above = 0;   // activations in higher bins
  uint64_t inside = 0;  // in this one: what the rank of any value of the bin may be off by
  uint64_t index = 0;   // of the value, from the largest; above <= index < above + inside
};

// Of several rows (units), each with as many activations as the others.
class ActivationHistogram {
 public:
  explicit ActivationHistogram(size_t rows) : rows_(rows) {}

  // `activations`: positions x rows. Throws what the caller cannot have meant: one that is not finite, or more than 2^32 - 1 positions.
  void add(std::span<const float> activations);
  void add(const ActivationHistogram& other);  // of as many rows

  [[nodiscard]] size_t rows() const { return rows_.size(); }
  [[nodiscard]] uint64_t count() const { return count_; }  // positions
  [[nodiscard]] QuantileBin bin(size_t row, double quantile) const;

  // All of it as numbers, for files; `place` names them in errors.
  [[nodiscard]] std::vector<uint32_t> words() const;
  static ActivationHistogram from_words(size_t rows, std::span<const uint32_t> words, const std::string& place);

 private:
  static constexpr size_t kPage = 256;
  using Page = std::array<uint32_t, kPage>;
  // Most exponents never occur: their pages are not there.
  struct Row {
    std::array<std::unique_ptr<Page>, kPage> pages;
    uint32_t& at(uint16_t upper) {
      std::unique_ptr<Page>& page = pages[upper >> 8U];
      if (page == nullptr) page = std::make_unique<Page>(Page{});
      return (*page)[upper & 0xFFU];
    }
  };
  std::vector<Row> rows_;
  uint64_t count_ = 0;
};

// The second count.
class QuantileRefinement {
 public:
  explicit QuantileRefinement(std::vector<QuantileBin> bins) : bins_(std::move(bins)), counts_(bins_.size()) {}

  void add(std::span<const float> activations);  // the same ones as the histogram was given, in any order
  void add(const QuantileRefinement& other);     // of the same bins
  // The value itself. Throws fail_internal unless all activations have been added.
  [[nodiscard]] float threshold(size_t row) const;
  [[nodiscard]] const std::vector<QuantileBin>& bins() const { return bins_; }

  [[nodiscard]] std::vector<uint32_t> words() const;
  void add_words(std::span<const uint32_t> words, const std::string& place);

 private:
  std::vector<QuantileBin> bins_;
  std::vector<std::map<uint16_t, uint32_t>> counts_;  // by row: lower half -> how many
};

}  // namespace phosphene
