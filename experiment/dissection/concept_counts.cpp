#include "experiment/dissection/concept_counts.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <utility>

#include "runtime/error.h"

namespace phosphene {
namespace {

void add_to(std::vector<int64_t>& sums, const std::vector<int64_t>& others) {
  if (sums.size() != others.size()) fail_internal("ConceptCounts", "{} counts and {}", sums.size(), others.size());
  for (size_t i = 0; i < sums.size(); ++i) sums[i] += others[i];
}

}  // namespace

ConceptCounts::ConceptCounts(size_t units, std::vector<size_t> category, size_t categories)
    : units_(units),
      categories_(categories),
      category_(std::move(category)),
      intersection_(units * category_.size()),
      unit_pixels_(units * categories),
      concept_pixels_(category_.size()),
      category_pixels_(categories) {}

void ConceptCounts::add_masks(const LabelPlanes& labels) {
  for (const std::vector<uint16_t>& plane : labels.planes)
    for (const uint16_t label : plane)
      if (label != 0 && labels.annotated[category_[label - 1U]]) ++concept_pixels_[label - 1U];
  for (size_t category = 0; category < categories_; ++category)
    if (labels.annotated[category]) category_pixels_[category] += labels.height * labels.width;
}

void ConceptCounts::add_unit(size_t unit, std::span<const uint32_t> pixels, const LabelPlanes& labels) {
  int64_t* shared = intersection_.data() + unit * concepts();
  for (const std::vector<uint16_t>& plane : labels.planes) {
    for (const uint32_t pixel : pixels) {
      const uint16_t label = plane[pixel];
      if (label != 0 && labels.annotated[category_[label - 1U]]) ++shared[label - 1U];
    }
  }
  for (size_t category = 0; category < categories_; ++category)
    if (labels.annotated[category]) unit_pixels_[unit * categories_ + category] += std::ssize(pixels);
}

void ConceptCounts::add(const ConceptCounts& other) {
  add_to(intersection_, other.intersection_);
  add_to(unit_pixels_, other.unit_pixels_);
  add_to(concept_pixels_, other.concept_pixels_);
  add_to(category_pixels_, other.category_pixels_);
}

double ConceptCounts::iou(size_t unit, size_t concept_index) const {
  const int64_t both = intersection(unit, concept_index);
  const int64_t either = unit_pixels(unit, concept_index) + concept_pixels(concept_index) - both;
  return either == 0 ? 0 : static_cast<double>(both) / static_cast<double>(either);
}

double ConceptCounts::share(size_t concept_index) const {
  const int64_t all = looked_at(concept_index);
  return all == 0 ? 0 : static_cast<double>(concept_pixels(concept_index)) / static_cast<double>(all);
}

std::vector<int64_t> ConceptCounts::words() const {
  std::vector<int64_t> words;
  for (const auto* counts : {&intersection_, &unit_pixels_, &concept_pixels_, &category_pixels_})
    words.insert(words.end(), counts->begin(), counts->end());
  return words;
}

void ConceptCounts::set_words(std::span<const int64_t> words, const std::string& place) {
  const std::vector<std::vector<int64_t>*> all = {&intersection_, &unit_pixels_, &concept_pixels_, &category_pixels_};
  size_t size = 0;
  for (const auto* counts : all) size += counts->size();
  if (words.size() != size || std::any_of(words.begin(), words.end(), [](int64_t word) { return word < 0; }))
    fail(place, "is damaged: expected {} counts, got {}", size, words.size());
  for (auto* counts : all) {
    std::copy_n(words.begin(), counts->size(), counts->begin());
    words = words.subspan(counts->size());
  }
}

std::vector<size_t> mask_shifts(size_t count, size_t rounds, uint64_t seed) {
  std::vector<size_t> shifts(count < 2 ? 0 : count - 1);
  std::iota(shifts.begin(), shifts.end(), size_t{1});
  std::mt19937_64 random(seed);
  for (size_t i = shifts.size(); i > 1; --i) std::swap(shifts[i - 1], shifts[random() % i]);
  std::vector<size_t> taken;
  for (size_t round = 0; round < rounds && !shifts.empty(); ++round) taken.push_back(shifts[round % shifts.size()]);
  return taken;
}

}  // namespace phosphene
