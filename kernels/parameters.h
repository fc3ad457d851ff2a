// What problems and layers share with kernels: rows of tables, enums, schedules and keys of draws, as plain data. Bodies and all that
// a body calls stand in the kernels' own headers, so that who only describes work does not compile it. No function is defined here.
#pragma once

#include <cstdint>

namespace phosphene {

// ---- image -----------------------------------------------------------------------------------------------------------

// What a number is drawn for: the fourth word of the counter, so that no two purposes ever share a draw (kernels/philox.h).
enum class DrawPurpose : uint32_t {
  initial_spectrum = 1,
  initial_pixels = 2,
  transform = 3,
  initial_levels = 4,
  initial_shared_levels = 5,
  initial_weights = 6,
  direction = 7,
  initial_code = 8,
  background = 9,
  initial_phase = 10,
  noise = 11
};

// Who draws: one row per image of a batch.
struct DrawKey {
  uint64_t seed;
  uint64_t image;  // within its job
};

// M = [[.26 .09 .02] [.27 0 -.05] [.27 -.09 .03]] / .46195237849804394, row-major, and the mean colour of natural images
// (kernels/colour.h). A member of its users, because device code cannot read an array constant of the host.
struct ColourMatrix {
  float m[9] = {0.56282857736406470F,  0.19482527677986852F, 0.04329450595108190F,  0.58447583033960560F, 0.F,
                -0.10823626487770474F, 0.58447583033960560F, -0.19482527677986852F, 0.06494175892662284F};
  float mean[3] = {0.48F, 0.46F, 0.41F};
};

// How `in` elements are enlarged to `out`, behind `offset` mirrored ones (kernels/upsample.h). Products of positions and sizes fit in
// 32 bits: an axis is at most 2^14 long.
struct UpsampledAxis {
  int in = 1, out = 1, offset = 0;
};

// The second of the two numbers, (a^2 - shift) / divisor, that a CPPN's layer makes of each of the one before (kernels/cppn.h).
struct CppnInputs {
  float shift = 0.F, divisor = 0.6F;
};

// ---- network ---------------------------------------------------------------------------------------------------------

// What stands outside a map that is padded: a number, the map mirrored at its outermost elements (which are not repeated), or the
// outermost elements repeated (kernels/pad.h).
enum class PadRule : uint8_t { constant, reflect, edge };

// Where element p of a resized axis reads (kernels/resize.h): at x = (p + shift) multiplier / divisor - back, kept within the axis.
// The nearest element is the one below if the part of x behind the point is smaller than `rounds_up_from`, else the one above.
struct ResizedAxis {
  int in = 1, out = 1;
  float shift = 0, multiplier = 1, divisor = 1, back = 0;
  float rounds_up_from = 0.5F;
};

// ---- transform -------------------------------------------------------------------------------------------------------

enum class TransformKind : int32_t { pad, jitter, scale, rotate, crop };

// One step of a list of random transforms (kernels/transform_draw.h).
struct TransformStep {
  TransformKind kind = TransformKind::pad;
  int32_t amount = 0;        // pad, jitter: pixels
  int32_t height = 0;        // crop: target rows
  int32_t width = 0;         // crop: target columns
  int32_t first_choice = 0;  // scale (factors), rotate (degrees): one of choices[first_choice .. + choice_count),
  int32_t choice_count = 0;  // or, when there are none, uniform on [low, high)
  float low = 0, high = 0;
};
inline constexpr int kTransformSteps = 24;

// What a tap of the warp reads outside the image: .5, or its mirror image (kernels/warp.h).
enum class Outside : uint8_t { constant, reflect };
inline constexpr int kWarpChannels = 8;

// ---- network ---------------------------------------------------------------------------------------------------------

// kernels/binary.h
enum class BinaryOperation : uint8_t { add, subtract, multiply, divide, maximum, minimum };
// What the gradient of one of two operands is multiplied by, given that operand and the other one.
enum class BinaryDerivative : uint8_t { one, minus_one, other, reciprocal, quotient, larger, smaller };

// ---- objective -------------------------------------------------------------------------------------------------------
// Objectives are data: each has a table with a row per image, and a weight of 0 where the image has no such term.

inline constexpr int32_t kWholeMap = -1;

// kernels/unit_objective.h
struct UnitRow {
  int32_t unit = 0;
  int32_t row = kWholeMap;
  int32_t column = kWholeMap;
  float weight = 0;
};

// kernels/direction_objective.h
struct DirectionRow {
  int32_t vector = 0;       // row of the table of vectors; of a patch, that of its first position
  int32_t row = kWholeMap;  // where the patch begins
  int32_t column = kWholeMap;
  int32_t height = 1;  // of the patch
  int32_t width = 1;
  int32_t power = 0;  // 0, 1 or 2
  float weight = 0;
};

// kernels/layer_objective.h
struct LayerRow {
  float weight = 0;
};

// kernels/product.h
struct ProductRow {
  float weight = 0;
};

// kernels/alignment.h
struct AlignmentRow {
  float weight = 0;
  float decay = 2;
};

// kernels/diversity.h
struct DiversityRow {
  float weight = 0;
};

// kernels/reference_objective.h
enum class ReferenceKind : uint8_t { caricature, inversion };
struct ReferenceRow {
  float weight = 0;
  int32_t power = 0;  // of a caricature
};

// kernels/style.h
enum class StyleForm : uint8_t { l1, l2 };
struct StyleRow {
  float weight = 0;
};

// kernels/penalty.h
enum class PenaltyKind : uint8_t {
  total_variation,
  l1,
  l2,
  blur,
  blur_through,
  boundary_complexity,
  input_difference,
  input_mean_square
};
struct PenaltyRow {
  float weight = 0;    // negative: the penalty is minimised
  float constant = 0;  // L1, L2, boundary complexity: the distance is taken from this value
};

// ---- optimiser -------------------------------------------------------------------------------------------------------

// Where Adam's epsilon stands: kernels/adam.h.
enum class AdamEpsilon : uint8_t { torch, tf1 };

// kernels/schedule.h has the formulas.
enum class ScheduleShape : uint8_t { constant, exponential, cosine };
struct LearningRateSchedule {
  ScheduleShape shape = ScheduleShape::constant;
  double decay = 1;    // exponential: factor ...
  int64_t every = 1;   // ... each so many steps
  double to = 0;       // cosine: fraction of the base that is left ...
  int64_t steps = 1;   // ... at this step
  int64_t warmup = 0;  // steps over which the rate rises in equal parts
};

}  // namespace phosphene
