// Problems of objectives and penalties. Conventions of all problems: runtime/problems/problem.h.
#pragma once

#include <vector>

#include "kernels/parameters.h"
#include "runtime/problems/problem_list.h"
#include "runtime/tensor.h"

namespace phosphene {

// kernels/unit_objective.h has the formula, kernels/direction_objective.h the other's.
struct UnitObjectiveProblem {  // src, rows (UnitRow per image) -> value (N)
  Shape src;
  DType storage = DType::f32;
};
struct UnitObjectiveBackwardProblem {  // rows, [grad_value] -> grad_src
  Shape src;
  DType storage = DType::f32;
  bool scaled = false;  // by grad_value
};

// kernels/product.h
struct ProductProblem {  // a (N), b (N), rows (ProductRow per image) -> value (N), grad_a (N), grad_b (N)
  int64_t images = 0, group = 1;
};

struct DirectionObjectiveProblem {  // src, rows (DirectionRow per image), vectors (V x C) -> value (N); workspace
  Shape src;
  DType storage = DType::f32;

  [[nodiscard]] int64_t workspace_bytes() const { return src.n * src.h * src.w * static_cast<int64_t>(sizeof(float)); }
};
struct DirectionObjectiveBackwardProblem {  // src, rows, vectors -> grad_src
  Shape src;
  DType storage = DType::f32;
};

// kernels/layer_objective.h
struct LayerObjectiveProblem {  // src, rows (LayerRow per image) -> value (N)
  Shape src;
  DType storage = DType::f32;
};
struct LayerObjectiveBackwardProblem {  // src, rows -> grad_src
  Shape src;
  DType storage = DType::f32;
};

// kernels/reference_objective.h
struct
    ReferenceObjectiveProblem {  // src, reference, rows (ReferenceRow per image) -> value (N), factors (2 N); workspace
  Shape src;
  ReferenceKind kind = ReferenceKind::caricature;
  DType storage = DType::f32;

  [[nodiscard]] int64_t workspace_bytes() const { return 2 * src.n * src.h * static_cast<int64_t>(sizeof(float)); }
};
struct ReferenceObjectiveBackwardProblem {  // src, reference, factors -> grad_src
  Shape src;
  DType storage = DType::f32;
};

// kernels/alignment.h
struct AlignmentProblem {  // src, rows (AlignmentRow per image) -> value (N)
  Shape src;
  int64_t group = 1;
  DType storage = DType::f32;
};
struct AlignmentBackwardProblem {  // src, rows -> grad_src
  Shape src;
  int64_t group = 1;
  DType storage = DType::f32;
};

// Products of matrices that lie within the operands, row-major: dst = op(a) op(b), m x n, sums over k; op transposes or not.
struct MatrixProduct {
  int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  int64_t a = 0, b = 0, dst = 0;                    // the first element of each
  int64_t a_pitch = 0, b_pitch = 0, dst_pitch = 0;  // from row to row, as they lie
  bool symmetric = false;  // op(a) is op(b) transposed: half of dst tells the other, and a backend may compute no more
};
struct MatrixProductsProblem {  // a, b -> dst
  std::vector<MatrixProduct> products;
  DType storage = DType::f32;      // of a and b
  DType dst_storage = DType::f32;  // the same, or f32
};

// kernels/diversity.h. Both forms have the same value and gradient; `positions` counts them per image.
enum class DiversityForm : uint8_t { gram, cross };
struct DiversityDotsProblem {  // matrices (Gram matrices, or cross products) -> dots (images x group)
  DiversityForm form = DiversityForm::gram;
  int64_t images = 0, group = 1, positions = 0, c = 0;
};
struct
    DiversityValueProblem {  // src, matrices, dots, rows (DiversityRow per image) -> value (N), coefficients (images x group); src is not read
  int64_t images = 0, group = 1;
};
struct DiversityFactorsProblem {  // matrices, coefficients -> factors, with which src is to be multiplied
  DiversityForm form = DiversityForm::gram;
  int64_t images = 0, group = 1, positions = 0, c = 0;
  DType storage = DType::f32;
};

// kernels/style.h. Sets of images that count as one; `positions` are those of a set.
struct
    StyleProblem {  // src, grams, reference grams, rows (StyleRow per image) -> value (N), factors (per set); workspace; src is not read
  StyleForm form = StyleForm::l1;
  int64_t sets = 0, images_per_set = 1, positions = 0, c = 0;

  [[nodiscard]] int64_t workspace_bytes() const { return sets * c * static_cast<int64_t>(sizeof(float)); }
};
struct StyleFactorsProblem {  // grams, reference grams, factors -> M
  StyleForm form = StyleForm::l1;
  int64_t sets = 0, c = 0;
  DType storage = DType::f32;
};

// A penalty on the planar image, before the warp: kernels/penalty.h and the headers it names have the formulas.
// kept: the penalties that are not weighted (N), or the differences of a distance from the blur (as the image).
struct PenaltyProblem {  // image, rows (PenaltyRow per image), [picture] -> value (N), kept; workspace
  Shape image;
  PenaltyKind kind = PenaltyKind::total_variation;
  int64_t border = 0;  // of boundary complexity

  // Sums of rows, and the values without their weights where something else is kept.
  [[nodiscard]] int64_t workspace_bytes() const {
    return image.n * (image.c * image.h + 1) * static_cast<int64_t>(sizeof(float));
  }
};
struct PenaltyBackwardProblem {  // image, rows, kept, [picture] -> grad_image
  Shape image;
  PenaltyKind kind = PenaltyKind::total_variation;
  int64_t border = 0;
};

// Those that a backend's library solves, and those of our kernels (runtime/launches/objective.h, diversity.h, style.h; penalty.h).
using ObjectiveLibraryProblems = ProblemList<MatrixProductsProblem>;
using ObjectiveKernelProblems =
    ProblemList<UnitObjectiveProblem, UnitObjectiveBackwardProblem, ProductProblem, DirectionObjectiveProblem,
                DirectionObjectiveBackwardProblem, LayerObjectiveProblem, LayerObjectiveBackwardProblem,
                ReferenceObjectiveProblem, ReferenceObjectiveBackwardProblem, AlignmentProblem,
                AlignmentBackwardProblem, DiversityDotsProblem, DiversityValueProblem, DiversityFactorsProblem,
                StyleProblem, StyleFactorsProblem>;
using PenaltyKernelProblems = ProblemList<PenaltyProblem, PenaltyBackwardProblem>;

}  // namespace phosphene
