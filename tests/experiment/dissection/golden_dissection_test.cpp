// Network dissection and rotations against numbers of another program, in float64 (golden/evidence.json of the assets): 24 pictures of
// 64 x 64 pixels, 32 units of SqueezeNet 1.1, six concepts, three alignments.
#include <gtest/gtest.h>

#include <fstream>

#include "experiment/dissection/activation_histogram.h"
#include "experiment/dissection/alignment.h"
#include "experiment/dissection/scores.h"
#include "tests/support/golden.h"

namespace phosphene::golden_dissection_test {
namespace {

using testing::Array;

constexpr int64_t kImages = 24, kUnits = 32, kSide = 15, kPixels = 64;
constexpr size_t kConcepts = 6;
constexpr double kQuantile = 0.005;

class GoldenDissection : public ::testing::Test {
 protected:
  void SetUp() override {
    PHOSPHENE_ASSET(index, "reference/golden/evidence.json");
    std::ifstream(index) >> json_;
    tensors_ = testing::read_golden_tensors(std::filesystem::path(index).replace_extension("safetensors"));
  }

  [[nodiscard]] const Array& tensor(const std::string& name) const { return tensors_.at(name); }

  // positions x units of one picture.
  [[nodiscard]] std::vector<float> activations(int64_t image) const {
    const Array& all = tensor("dissect/activations");
    std::vector<float> of_image;
    for (int64_t position = 0; position < kSide * kSide; ++position)
      for (int64_t unit = 0; unit < kUnits; ++unit)
        of_image.push_back(
            static_cast<float>(all.data[static_cast<size_t>((image * kUnits + unit) * kSide * kSide + position)]));
    return of_image;
  }

  // A plane for each concept, which overlap. The categories are shape, texture and colour.
  [[nodiscard]] LabelPlanes labels(int64_t image, bool all_annotated) const {
    const double* pixels = tensor("dissect/labels").data.data() + image * kPixels * kPixels;
    LabelPlanes labels{kPixels, kPixels, {}, {true, all_annotated || image % 2 == 0, true}};
    for (size_t concept_index = 0; concept_index < kConcepts; ++concept_index) {
      labels.planes.emplace_back();
      for (int64_t i = 0; i < kPixels * kPixels; ++i) {
        const bool there = (static_cast<unsigned>(pixels[i]) >> concept_index & 1U) != 0;
        labels.planes.back().push_back(there ? static_cast<uint16_t>(concept_index + 1) : uint16_t{0});
      }
    }
    return labels;
  }

  using Activations = std::vector<std::vector<float>>;  // by picture
  [[nodiscard]] Activations all_activations() const {
    Activations all;
    for (int64_t image = 0; image < kImages; ++image) all.push_back(activations(image));
    return all;
  }

  static std::vector<float> thresholds_of(const Activations& all) {
    ActivationHistogram histogram(kUnits);
    for (const auto& of_image : all) histogram.add(of_image);
    std::vector<QuantileBin> bins;
    for (size_t unit = 0; unit < kUnits; ++unit) bins.push_back(histogram.bin(unit, kQuantile));
    QuantileRefinement refinement(bins);
    for (const auto& of_image : all) refinement.add(of_image);
    std::vector<float> thresholds;
    for (size_t unit = 0; unit < kUnits; ++unit) thresholds.push_back(refinement.threshold(unit));
    return thresholds;
  }

  [[nodiscard]] ConceptCounts counts(const Activations& all, Alignment alignment, bool all_annotated = true) const {
    const AlignedAxis axis(alignment, kSide, kPixels, {-4, 15, 4});  // centres at 3, 7, 11 ...
    PixelsAbove above(axis, axis);
    const std::vector<float> thresholds = thresholds_of(all);
    ConceptCounts counts(kUnits, {0, 0, 0, 1, 2, 2}, 3);
    for (int64_t image = 0; image < kImages; ++image) {
      const LabelPlanes masks = labels(image, all_annotated);
      counts.add_masks(masks);
      for (size_t unit = 0; unit < kUnits; ++unit) {
        std::vector<float> map;
        for (size_t i = unit; i < all[static_cast<size_t>(image)].size(); i += kUnits)
          map.push_back(all[static_cast<size_t>(image)][i]);
        counts.add_unit(unit, above.find(map, thresholds[unit]), masks);
      }
    }
    return counts;
  }

  // Whole numbers whose quotient is taken once: the same to the bit.
  static void expect_ious(const ConceptCounts& counts, const Array& expected) {
    for (size_t unit = 0; unit < kUnits; ++unit)
      for (size_t i = 0; i < kConcepts; ++i)
        EXPECT_EQ(counts.iou(unit, i), expected.data[unit * kConcepts + i]) << "unit " << unit << ", concept " << i;
  }

  nlohmann::json json_;
  std::map<std::string, Array> tensors_;
};

TEST_F(GoldenDissection, ThresholdsAreTheirs) {
  const std::vector<float> thresholds = thresholds_of(all_activations());
  for (size_t unit = 0; unit < kUnits; ++unit)  // a number of the same float32 numbers
    EXPECT_EQ(static_cast<double>(thresholds[unit]), json_["dissection"]["thresholds"][unit].get<double>()) << unit;
}

TEST_F(GoldenDissection, CountsAndScoresAreTheirsForEveryAlignment) {
  const Activations all = all_activations();
  for (size_t i = 0; i < kAlignmentNames.size(); ++i) {
    const std::string& name = kAlignmentNames[i];
    SCOPED_TRACE(name);
    const ConceptCounts ours = counts(all, static_cast<Alignment>(i));
    expect_ious(ours, tensor("dissect/" + name + "/iou"));
    for (size_t unit = 0; unit < kUnits; ++unit) {
      EXPECT_EQ(static_cast<double>(ours.unit_pixels(unit, 0)), tensor("dissect/" + name + "/unit_pixels").data[unit]);
      for (size_t c = 0; c < kConcepts; ++c)
        EXPECT_EQ(static_cast<double>(ours.intersection(unit, c)),
                  tensor("dissect/" + name + "/intersection").data[unit * kConcepts + c]);
    }
    const nlohmann::json& theirs = json_["dissection"]["conventions"][name];
    const BasisScores scores = score_basis(ours, 0, kUnits);
    for (size_t unit = 0; unit < kUnits; ++unit) {
      EXPECT_EQ(scores.best[unit] ? scores.best[unit]->index : 0, theirs["best_concept"][unit].get<size_t>()) << unit;
      EXPECT_EQ(scores.best[unit] ? scores.best[unit]->iou : 0, theirs["best_iou"][unit].get<double>()) << unit;
    }
    EXPECT_EQ(scores.detectors, theirs["detectors"].get<int64_t>());
    EXPECT_EQ(scores.unique_detectors, theirs["unique_detectors"].get<int64_t>());
    EXPECT_EQ(scores.concepts_covered, theirs["concepts_covered"].get<int64_t>());
    for (size_t c = 0; c < kConcepts; ++c) {
      EXPECT_EQ(scores.per_concept[c]->iou, theirs["best_iou_per_concept"][c].get<double>()) << c;
      EXPECT_EQ(ours.share(c), json_["dissection"]["concepts"][c]["share_of_all_pixels"].get<double>()) << c;
    }
    // A mean of 32 numbers below 1: each sum rounds by 2^-53 of at most 32.
    EXPECT_NEAR(scores.mean_best_iou, theirs["mean_best_iou"].get<double>(), 32 * 32 * 1.2e-16);
    expect_ious(counts(all, static_cast<Alignment>(i), false), tensor("dissect/" + name + "/iou_annotated"));
  }
}

// Activations of rotated units: their thresholds may be negative. Products are summed in float64 and rounded to float32 once, which no
// pixel here is near enough to its threshold to see: the nearest is 2e-5 away, and activations of at most 100 round by 4e-6.
TEST_F(GoldenDissection, RotationsScoreAsTheirs) {
  const Activations all = all_activations();
  for (const auto& [alpha, matrix] : std::map<std::string, std::string>{
           {"0.25", "rotation/Q^0.25"}, {"0.5", "rotation/Q^0.5"}, {"1.0", "rotation/Q"}}) {
    SCOPED_TRACE(alpha);
    const std::vector<double>& q = tensor(matrix).data;
    Activations rotated = all;
    for (std::vector<float>& of_image : rotated) {
      const std::vector<float> before = of_image;
      for (size_t i = 0; i < of_image.size(); ++i) {
        double sum = 0;
        for (size_t j = 0; j < kUnits; ++j)
          sum += q[i % kUnits * kUnits + j] * static_cast<double>(before[i / kUnits * kUnits + j]);
        of_image[i] = static_cast<float>(sum);
      }
    }
    expect_ious(counts(rotated, Alignment::half_pixel), tensor("rotation/iou/" + alpha));
  }
}

}  // namespace
}  // namespace phosphene::golden_dissection_test
