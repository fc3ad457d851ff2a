// Problems: what an op asks of a backend, as plain data. A backend accepts or refuses a problem with a reason; it never
// sees a layer. Each struct lists its operands in order, sources first. Shapes are N C H W whatever the layout; network
// values are channels_last, image values planar. `storage` is how the network's values among the operands lie in memory: f32 or
// bf16; sums are float32 either way.
#pragma once

#include <array>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "kernels/adam.h"
#include "kernels/cppn.h"
#include "kernels/direction_objective.h"
#include "kernels/penalty.h"
#include "kernels/philox.h"
#include "kernels/reference_objective.h"
#include "kernels/style.h"
#include "kernels/transform_draw.h"
#include "kernels/unit_objective.h"
#include "kernels/upsample.h"
#include "kernels/warp.h"
#include "runtime/tensor.h"

namespace phosphene {

// A sliding window of r x s taps. Paddings are asymmetric because TensorFlow's SAME and Caffe's ceil mode are.
struct Window {
  int64_t r = 1, s = 1;
  int64_t stride_h = 1, stride_w = 1;
  int64_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;

  bool operator==(const Window&) const = default;
};

// ---- network ---------------------------------------------------------------------------------------------------------

// dst = correlate(src, weights) + bias, then max(., 0) if relu. Weights K x C/groups x R x S; bias K numbers or none.
struct ConvolutionProblem {  // src -> dst
  Shape src, dst;
  Window window;
  int64_t groups = 1;
  bool relu = false;
  Weights weights, bias;
  DType storage = DType::f32;
};
// grad_src = [mask > 0] * (the convolution's transpose of grad_dst + addend); the last two only where a backend asks for them.
struct ConvolutionBackwardProblem {  // grad_dst, [addend], [mask] -> grad_src
  Shape src, dst;                    // of the forward problem
  Window window;
  int64_t groups = 1;
  Weights weights;
  bool addend = false, masked = false;
  DType storage = DType::f32;
};

// Why this gradient is no convolution itself, of grad_dst with rotated weights; "" if it is one.
std::string refuse_rotation(const ConvolutionBackwardProblem& problem);

// dst[n, k] = sum over c, h, w of weights[k, c, h, w] src[n, c, h, w] + bias[k].
struct LinearProblem {  // src -> dst
  Shape src;
  int64_t k = 0;
  Weights weights, bias;
  DType storage = DType::f32;
};
struct LinearBackwardProblem {  // grad_dst -> grad_src
  Shape src;
  int64_t k = 0;
  Weights weights;
  DType storage = DType::f32;
};

struct ReluProblem {  // src -> dst
  int64_t elements = 0;
  DType storage = DType::f32;
};

// kernels/redirected_relu.h
struct RedirectedReluBackwardProblem {  // grad_dst, src -> grad_src; workspace
  Shape src;
  DType storage = DType::f32;
  float ceiling = std::numeric_limits<float>::infinity();
};

// kernels/leaky_relu.h
struct LeakyReluProblem {  // src -> dst
  int64_t elements = 0;
  float slope = 0.2F;
  DType storage = DType::f32;
};
struct LeakyReluBackwardProblem {  // grad_dst, dst -> grad_src
  int64_t elements = 0;
  float slope = 0.2F;
  DType storage = DType::f32;
};

// dst = src + bias[channel], where no convolution adds it: behind a transposed one.
struct BiasProblem {  // src, bias (C) -> dst
  Shape dst;
};

// dst = [mask > 0] * sum of src[i][..., offset : offset + dst.c]. One op serves sums, slices (the gradient of a concat)
// and ReLU's gradient, so that a chain of them is read once and written once.
inline constexpr int kAccumulateSources = 8;
struct AccumulateProblem {  // src..., [mask] -> dst
  Shape dst;
  int sources = 1;
  int64_t src_c = 0;   // channels of every source
  int64_t offset = 0;  // first channel read
  bool masked = false;
  DType storage = DType::f32;
};

struct ConcatProblem {  // src... -> dst
  Shape dst;
  std::vector<int64_t> channels;  // of each source
  DType storage = DType::f32;
};

enum class PoolingKind : uint8_t { max, average };
enum class PoolingDivisor : uint8_t {
  padded,  // Caffe: the window clipped to the padded image
  inside   // TensorFlow: the taps inside the image
};
struct PoolingProblem {  // src -> dst, and for max: chosen (u8, tap r * S + s of the first maximum in row-major order)
  Shape src, dst;
  Window window;
  PoolingKind kind = PoolingKind::max;
  PoolingDivisor divisor = PoolingDivisor::padded;
  DType storage = DType::f32;
};
struct PoolingBackwardProblem {  // grad_dst, and for max: chosen, [mask] -> grad_src
  Shape src, dst;
  Window window;
  PoolingKind kind = PoolingKind::max;
  PoolingDivisor divisor = PoolingDivisor::padded;
  DType storage = DType::f32;
  bool masked = false;  // grad_src = [mask > 0] * the gradient: that of a ReLU in front, fused
};

// s_i = k + alpha * sum of src_j^2 over |j - i| <= radius; dst = src * s^-beta.
struct LrnProblem {  // src -> dst
  Shape src;
  int radius = 2;
  float alpha = 0, beta = 0.75F, k = 1;  // alpha as multiplied: Caffe's is divided by the size before
  DType storage = DType::f32;
};
struct LrnBackwardProblem {  // grad_dst, src, [mask] -> grad_src
  Shape src;
  int radius = 2;
  float alpha = 0, beta = 0.75F, k = 1;
  DType storage = DType::f32;
  bool masked = false;
};

struct SoftmaxProblem {  // src -> dst, over channels
  Shape src;
  DType storage = DType::f32;
};
struct SoftmaxBackwardProblem {  // grad_dst, dst -> grad_src
  Shape src;
  DType storage = DType::f32;
};

// ---- image -----------------------------------------------------------------------------------------------------------

// A half spectrum is planar with shape N x C x 2H x K: H rows of real parts above H rows of imaginary parts, K columns.
// dst[n, c, part, ky, kx] = src * scale[ky, kx]. Its own adjoint.
struct WhitenProblem {  // src, scale (1 x 1 x H x K) -> dst
  Shape spectrum;
};

// dst[h, w] = sum over kx of m(kx) Re(sum over ky of z[ky, kx] exp(2 pi i (h ky / H + w kx / W'))), W' = 2 (K - 1), the first
// `image.w` columns. m = 1 in columns 0 and K - 1, else 2. Columns 0 and K - 1 so count only through their Hermitian part.
struct InverseFourierProblem {  // spectrum -> image
  Shape spectrum, image;
};
struct InverseFourierBackwardProblem {  // grad_image -> grad_spectrum: the transpose of the above
  Shape spectrum, image;
};

// dst = sigmoid(matrix * src) per pixel, over three channels; without `decorrelated` the matrix is the identity and any
// number of channels is allowed. `clipped` (only decorrelated): dst = matrix * src + mean, clipped to [0, 1].
struct ColourProblem {  // src -> dst
  Shape image;
  bool decorrelated = true, clipped = false;
};
struct ColourBackwardProblem {  // grad_dst, dst -> grad_src
  Shape image;
  bool decorrelated = true, clipped = false;
};

// kernels/sigmoid_image.h
struct SigmoidImageProblem {  // src (channels_last) -> dst (planar)
  Shape image;
};
struct SigmoidImageBackwardProblem {  // grad_dst, dst (planar) -> grad_src (channels_last)
  Shape image;
};

// kernels/channel_slice.h
struct ChannelSliceProblem {  // src -> dst
  Shape src, dst;
  int64_t offset = 0;  // the channel of src that dst's first one is
};

// kernels/normal.h
struct SpectrumDrawProblem {  // keys (DrawKey per image), step (i64) -> spectrum
  Shape spectrum;
  double sd = 1;
};

// kernels/composite.h
struct CompositeProblem {  // src, alpha (one channel), background -> dst
  Shape image;
  bool gamma = true;
};
struct CompositeBackwardProblem {  // grad_dst, src, alpha, background, dst -> grad_src, grad_alpha
  Shape image;
  bool gamma = true;
};

// A level of low resolution (planar, images.in tensors for every images.out images) enlarged to images of dst's shape.
struct UpsampleProblem {  // level -> dst
  Shape level, dst;
  UpsampledAxis images, rows, columns;
};
struct UpsampleBackwardProblem {  // grad_dst -> grad_level; workspace
  Shape level, dst;
  UpsampledAxis images, rows, columns;
};

// One layer of a CPPN, planar: src is 1 x 2 x H x W coordinates for the first layer; weights N x 1 x K x (inputs + 1), bias last.
struct CppnLayerProblem {  // src, weights -> dst
  Shape src, dst;
  CppnInputs inputs;
  bool first = false, last = false;
};
struct
    CppnLayerBackwardProblem {  // grad_dst, src, weights, dst -> grad_weights, and but for the first: grad_src; workspace
  Shape src, dst;
  CppnInputs inputs;
  bool first = false, last = false;
};

// ---- transform -------------------------------------------------------------------------------------------------------

// Output pixel (i, j) reads (row, column) = A (i, j, 1), A the image's row of `matrices` (2 x 3, row-major), by four bilinear
// taps; then dst[..., c] = scale * sample[order[c]] - mean[c]: the network's preprocessing.
struct WarpProblem {  // src (planar), matrices (N x 6, f64) -> dst (channels_last)
  Shape src, dst;
  Outside outside = Outside::constant;
  float scale = 1;
  std::array<float, kWarpChannels> mean{};
  std::array<int, kWarpChannels> order{0, 1, 2, 3, 4, 5, 6, 7};
  DType storage = DType::f32;
};
struct WarpBackwardProblem {  // grad_dst, matrices -> grad_src: the transpose, as a gather
  Shape src, dst;
  Outside outside = Outside::constant;
  float scale = 1;
  std::array<int, kWarpChannels> order{0, 1, 2, 3, 4, 5, 6, 7};
  DType storage = DType::f32;
};

struct TransformDrawProblem {  // keys (DrawKey per image), step (i64), choices (f32) -> matrices (N x 6, f64)
  int64_t n = 0;
  int64_t height = 0, width = 0;  // of the image before the first step
  int64_t network_height = 0,
          network_width = 0;  // the warp's output; a list that ends larger or smaller is centred on it
  int32_t step_count = 0;
  std::array<TransformStep, kTransformSteps> steps{};
  bool shared = false;  // all images of a job use image 0's draw
};
struct
    TransformReplayProblem {  // recorded (T x R x 6, f64, R = 1 or n), step (i64) -> matrices (N x 6, f64); step T - 1 repeats
  int64_t n = 0, recorded_steps = 0, recorded_images = 1;
};

// ---- objective -------------------------------------------------------------------------------------------------------

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
};
struct PenaltyBackwardProblem {  // image, rows, kept, [picture] -> grad_image
  Shape image;
  PenaltyKind kind = PenaltyKind::total_variation;
  int64_t border = 0;
};

// ---- optimiser -------------------------------------------------------------------------------------------------------

// history[step, n] = value[n]; a value that is not finite sets stopped_at[n] = step + 1 once, which freezes the image.
struct ObjectiveHistoryProblem {  // value (N), step (i64) -> history (steps x N), stopped_at (i64, N)
  int64_t n = 0, steps = 0;
};

struct AdamScheduleProblem {  // step (i64) -> factors (2)
  double learning_rate = 0.05, beta1 = 0.9, beta2 = 0.999;
  AdamEpsilon epsilon_form = AdamEpsilon::torch;
  LearningRateSchedule schedule{};
  bool nesterov = false;  // NAdam, with 3 factors: kernels/nadam.h
};
// ParameterUpdate on a parameter of n images; rows of `row_elements`. With `whitened`, the gradient is multiplied by scale first, which
// has scale_rows rows and repeats over the rows of the parameter. Frozen images (stopped_at) keep their bytes.
struct AdamProblem {  // grad, factors, stopped_at (i64, N), [scale] -> parameter, m, v
  int64_t n = 0, rows_per_image = 0, row_elements = 0;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  bool whitened = false;
  int64_t scale_rows = 0;
  bool nesterov = false;
};

// The rows of a parameter, or of its gradient, and how many of them each owner (an image, or a group that shares it) has.
struct ParameterRows {
  int64_t owners = 0, rows_per_owner = 0, row_elements = 0;
};

// kernels/momentum.h has the formulas.
struct MomentumScheduleProblem {  // step (i64) -> factors (1)
  double learning_rate = 1;
  LearningRateSchedule schedule{};
};
struct MomentumProblem {  // grad, factors, stopped_at (i64 per owner) -> parameter, m
  ParameterRows rows;
  double momentum = 0.9;
  bool sign = false;
};

// squares[owner] = the sum of the squares of its rows; dst = src / norm, or clipped to `limit` (kernels/gradient_scale.h).
struct SquaredNormProblem {  // src -> squares; workspace
  ParameterRows rows;
};
struct ScaleGradientProblem {  // src, squares -> dst
  ParameterRows rows;
  double limit = 0;
};

// A generator's code within its bounds: kernels/clamp_code.h. A row is a position, an element a channel.
struct ClampCodeProblem {  // least, most (C each), stopped_at (i64 per owner) -> code
  ParameterRows rows;
  double norm = 0;
};

// stopped_at[group] = the first stopped_at that is set of its images, or 0.
struct GroupStoppedAtProblem {  // stopped_at (i64, N) -> stopped_at (i64 per group)
  int64_t groups = 0, images = 0;
};

// step += 1.
struct AdvanceProblem {};  // -> step (i64)

using Problem = std::variant<
    ConvolutionProblem, ConvolutionBackwardProblem, LinearProblem, LinearBackwardProblem, ReluProblem,
    RedirectedReluBackwardProblem, AccumulateProblem, ConcatProblem, PoolingProblem, PoolingBackwardProblem, LrnProblem,
    LrnBackwardProblem, SoftmaxProblem, SoftmaxBackwardProblem, WhitenProblem, InverseFourierProblem,
    InverseFourierBackwardProblem, ColourProblem, ColourBackwardProblem, ChannelSliceProblem, SpectrumDrawProblem,
    CompositeProblem, CompositeBackwardProblem, WarpProblem, WarpBackwardProblem, TransformDrawProblem,
    TransformReplayProblem, UnitObjectiveProblem, UnitObjectiveBackwardProblem, DirectionObjectiveProblem,
    DirectionObjectiveBackwardProblem, LayerObjectiveProblem, LayerObjectiveBackwardProblem, ReferenceObjectiveProblem,
    ReferenceObjectiveBackwardProblem, AlignmentProblem, AlignmentBackwardProblem, ProductProblem, StyleProblem,
    StyleFactorsProblem, MatrixProductsProblem, DiversityDotsProblem, DiversityValueProblem, DiversityFactorsProblem,
    PenaltyProblem, PenaltyBackwardProblem, ObjectiveHistoryProblem, AdamScheduleProblem, AdamProblem,
    MomentumScheduleProblem, MomentumProblem, SquaredNormProblem, ScaleGradientProblem, GroupStoppedAtProblem,
    UpsampleProblem, UpsampleBackwardProblem, CppnLayerProblem, CppnLayerBackwardProblem, LeakyReluProblem,
    LeakyReluBackwardProblem, BiasProblem, SigmoidImageProblem, SigmoidImageBackwardProblem, ClampCodeProblem,
    AdvanceProblem>;

// Multiplications and additions of a problem, and bytes it must move at the least: for tables and benchmarks.
double flops(const Problem& problem);

}  // namespace phosphene
