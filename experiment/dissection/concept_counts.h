// What scores are made of: pixels that units and concepts have, and those that they share. Dense counts of 64 bits, which are exact,
// add up over parts of a set, and can be kept and taken up again.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace phosphene {

// The masks of one photograph. A pixel may have several concepts, one in each plane; no concept twice.
struct LabelPlanes {
  int64_t height = 0, width = 0;
  std::vector<std::vector<uint16_t>> planes;  // row-major: index of a concept + 1, or 0 for none
  std::vector<bool> annotated;                // by category: whether its concepts were looked for in this photograph
};

class ConceptCounts {
 public:
  // `category`: of each concept, below `categories`.
  ConceptCounts(size_t units, std::vector<size_t> category, size_t categories);

  // The pixels of a photograph's masks. A concept whose category was not looked for does not count there, and nor do units for it.
  void add_masks(const LabelPlanes& labels);
  // `pixels`: those of the same photograph at which the unit exceeds its threshold.
  void add_unit(size_t unit, std::span<const uint32_t> pixels, const LabelPlanes& labels);
  void add(const ConceptCounts& other);

  [[nodiscard]] size_t units() const { return units_; }
  [[nodiscard]] size_t concepts() const { return category_.size(); }
  [[nodiscard]] int64_t intersection(size_t unit, size_t concept_index) const {
    return intersection_[unit * concepts() + concept_index];
  }
  // Of the photographs in which the concept's category was looked for.
  [[nodiscard]] int64_t unit_pixels(size_t unit, size_t concept_index) const {
    return unit_pixels_[unit * categories_ + category_[concept_index]];
  }
  [[nodiscard]] int64_t concept_pixels(size_t concept_index) const { return concept_pixels_[concept_index]; }
  // All pixels of those photographs.
  [[nodiscard]] int64_t looked_at(size_t concept_index) const { return category_pixels_[category_[concept_index]]; }

  // Intersection over union, over the whole set: the sums are divided, not the photographs' ratios averaged. 0 where the union is empty.
  [[nodiscard]] double iou(size_t unit, size_t concept_index) const;
  [[nodiscard]] double share(size_t concept_index) const;  // of all pixels looked at

  [[nodiscard]] std::vector<int64_t> words() const;
  void set_words(std::span<const int64_t> words, const std::string& place);

 private:
  size_t units_, categories_;
  std::vector<size_t> category_;
  std::vector<int64_t> intersection_;     // units x concepts
  std::vector<int64_t> unit_pixels_;      // units x categories
  std::vector<int64_t> concept_pixels_;   // concepts
  std::vector<int64_t> category_pixels_;  // categories
};

// Which photograph of a group lends its masks to each, for scores by chance: photograph i gets those of (i + shift) mod count, with a
// shift in [1, count). The shifts of `rounds` differ as long as there are enough. None for a group of one.
std::vector<size_t> mask_shifts(size_t count, size_t rounds, uint64_t seed);

}  // namespace phosphene
