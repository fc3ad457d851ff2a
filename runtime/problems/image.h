// Problems of the image's parameterizations and of the transforms between image and network. Conventions of all problems:
// runtime/problems/problem.h.
#pragma once

#include <array>

#include "kernels/parameters.h"
#include "runtime/problems/problem_list.h"
#include "runtime/tensor.h"

namespace phosphene {

// A half spectrum is planar with shape N x C x 2H x K: H rows of real parts above H rows of imaginary parts, K columns.
// dst[n, c, part, ky, kx] = src * scale[ky, kx]. Its own adjoint.
struct WhitenProblem {  // src, scale (1 x 1 x H x K) -> dst
  Shape spectrum;
};

// kernels/polar_spectrum.h: a spectrum from its magnitude, the same for all images, and its phase.
struct PolarSpectrumProblem {  // magnitude (1 x C x H x K), phase (planar, N x C x H x K) -> spectrum
  Shape phase;
};
struct PolarSpectrumBackwardProblem {  // grad_spectrum, spectrum -> grad_phase
  Shape phase;
};

// kernels/standardise.h: over all numbers of an image. `statistics` are N x 3.
struct StandardiseProblem {  // src (planar) -> dst, statistics; workspace
  Shape src;
  float epsilon = 0;

  [[nodiscard]] int64_t workspace_bytes() const {
    return 2 * src.n * src.c * src.h * static_cast<int64_t>(sizeof(float));
  }
};
struct StandardiseBackwardProblem {  // grad_dst, dst, statistics -> grad_src; workspace
  Shape src;

  [[nodiscard]] int64_t workspace_bytes() const {
    return 2 * src.n * (src.c * src.h + 1) * static_cast<int64_t>(sizeof(float));
  }
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

  [[nodiscard]] int64_t workspace_bytes() const {
    return dst.n * dst.c * dst.h * level.w * static_cast<int64_t>(sizeof(float));
  }
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

  [[nodiscard]] int64_t workspace_bytes() const {
    return last ? 0 : dst.elements() * static_cast<int64_t>(sizeof(float));
  }
};

// ---- transform -------------------------------------------------------------------------------------------------------

// Output pixel (i, j) reads (row, column) = A (i, j, 1), A the image's row of `matrices` (2 x 3, row-major), by four bilinear
// taps; then dst[..., c] = scale[c] * sample[order[c]] - mean[c]: the network's preprocessing.
struct WarpProblem {  // src (planar), matrices (N x 6, f64) -> dst (channels_last)
  Shape src, dst;
  Outside outside = Outside::constant;
  std::array<float, kWarpChannels> scale{1, 1, 1, 1, 1, 1, 1, 1};
  std::array<float, kWarpChannels> mean{};
  std::array<int, kWarpChannels> order{0, 1, 2, 3, 4, 5, 6, 7};
  DType storage = DType::f32;
};
struct WarpBackwardProblem {  // grad_dst, matrices -> grad_src: the transpose, as a gather
  Shape src, dst;
  Outside outside = Outside::constant;
  std::array<float, kWarpChannels> scale{1, 1, 1, 1, 1, 1, 1, 1};
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

// kernels/normal.h
struct NoiseProblem {  // src (channels_last), keys (DrawKey per image), step (i64) -> dst
  Shape src;
  std::array<float, kWarpChannels> deviation{};
  DType storage = DType::f32;
};

// Those that a backend's library solves, and those of our kernels (runtime/launches/image.h, transform.h).
using ImageLibraryProblems = ProblemList<InverseFourierProblem, InverseFourierBackwardProblem>;
using ImageKernelProblems =
    ProblemList<WhitenProblem, PolarSpectrumProblem, PolarSpectrumBackwardProblem, StandardiseProblem,
                StandardiseBackwardProblem, ColourProblem, ColourBackwardProblem, SigmoidImageProblem,
                SigmoidImageBackwardProblem, ChannelSliceProblem, SpectrumDrawProblem, CompositeProblem,
                CompositeBackwardProblem, UpsampleProblem, UpsampleBackwardProblem, CppnLayerProblem,
                CppnLayerBackwardProblem>;
using TransformKernelProblems =
    ProblemList<WarpProblem, WarpBackwardProblem, TransformDrawProblem, TransformReplayProblem, NoiseProblem>;

}  // namespace phosphene
