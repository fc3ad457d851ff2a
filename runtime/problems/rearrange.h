// Problems of layers that move or resample a network's values and have no weights. Conventions of all problems: runtime/problems/problem.h.
#pragma once

#include <vector>

#include "kernels/parameters.h"
#include "runtime/problems/problem_list.h"
#include "runtime/tensor.h"

namespace phosphene {

// grad_src[c] = grad_dst[c - first] where the slice has channel c, else 0. The slice itself is an AccumulateProblem.
struct ChannelSliceBackwardProblem {  // grad_dst -> grad_src
  Shape src;                          // of the forward problem
  int64_t first = 0, count = 0;
  DType storage = DType::f32;
};

// dst[k] = src[order[k]]. Its gradient is that of the inverse order.
struct ChannelPermutationProblem {  // src -> dst
  Shape src;
  std::vector<uint16_t> order;  // kernels/channel_permutation.h; so there are at most 65536 channels
  DType storage = DType::f32;
};

// Which channel of the small map holds channel c of the block's element (i, j), of C channels and B x B elements.
enum class BlockOrder : uint8_t {
  element_first,  // (i B + j) C + c: TensorFlow's depth_to_space, ONNX's DCR
  channel_first   // (c B + i) B + j: PyTorch's pixel_shuffle, ONNX's CRD
};
// dst[n, c, h B + i, w B + j] = src[n, channel(c, i, j), h, w], or with `to_depth` from the large map to the small one. The gradient
// of one is the other.
struct PixelShuffleProblem {  // src -> dst
  Shape src, dst;
  int64_t block = 1;
  BlockOrder order = BlockOrder::element_first;
  bool to_depth = false;
  DType storage = DType::f32;
};

// dst[p, q] = src[p - top, q - left], and what lies outside by the rule. Negative paddings cut rows or columns off: those behind the
// last are what `dst` says.
struct PadProblem {  // src -> dst
  Shape src, dst;
  int64_t top = 0, left = 0;
  PadRule rule = PadRule::constant;
  float value = 0;  // of PadRule::constant
  DType storage = DType::f32;
};
struct PadBackwardProblem {  // grad_dst -> grad_src
  Shape src, dst;
  int64_t top = 0, left = 0;
  PadRule rule = PadRule::constant;
  DType storage = DType::f32;
};

// dst[p, q] = sum over y, x of weight(p, y) weight(q, x) src[y, x]: kernels/resize.h.
struct ResizeProblem {  // src -> dst
  Shape src, dst;
  ResizedAxis rows, columns;
  bool linear = false;  // between two elements of each axis, or the nearest one
  DType storage = DType::f32;
};
struct ResizeBackwardProblem {  // grad_dst -> grad_src
  Shape src, dst;
  ResizedAxis rows, columns;
  bool linear = false;
  DType storage = DType::f32;
};

// dst[p, q] = the mean of src over rows floor(p H / P) to ceil((p + 1) H / P) - 1, and columns likewise.
struct AdaptivePoolingProblem {  // src -> dst
  Shape src, dst;
  DType storage = DType::f32;
};
struct AdaptivePoolingBackwardProblem {  // grad_dst -> grad_src
  Shape src, dst;
  DType storage = DType::f32;
};

using RearrangeKernelProblems = ProblemList<ChannelSliceBackwardProblem, ChannelPermutationProblem, PixelShuffleProblem,
                                            PadProblem, PadBackwardProblem, ResizeProblem, ResizeBackwardProblem,
                                            AdaptivePoolingProblem, AdaptivePoolingBackwardProblem>;

}  // namespace phosphene
