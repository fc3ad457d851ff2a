// One of the forms in which oneDNN computes a convolution, and the task that runs it.
#pragma once

#include <limits>
#include <optional>
#include <string>

#include "runtime/backend.h"
#include "runtime/cpu/onednn.h"
#include "runtime/cpu/packed_weights.h"
#include "runtime/cpu/parallel.h"
#include "runtime/problems/network.h"

namespace phosphene {

// A convolution in any of its forms, as oneDNN sees it: what goes in, what comes out, and the weights it wants.
struct Candidate {
  std::string name;
  dnnl::primitive primitive;
  std::string implementation;
  dnnl::memory::desc in, out, weights, scratchpad;
  int in_argument = DNNL_ARG_SRC, out_argument = DNNL_ARG_DST;
};

// The geometry of one convolution and how its tensors are to lie. The bias is float32 whatever the others are.
struct ConvolutionGeometry {
  Shape src, dst;
  Window window;
  int64_t groups = 1;
  DType storage = DType::f32;

  [[nodiscard]] dnnl::memory::desc src_desc(dnnl::memory::format_tag tag) const {
    return onednn_desc(src, storage, tag);
  }
  [[nodiscard]] dnnl::memory::desc dst_desc(dnnl::memory::format_tag tag) const {
    return onednn_desc(dst, storage, tag);
  }
  [[nodiscard]] dnnl::memory::dims strides() const { return {window.stride_h, window.stride_w}; }
  // Between taps, so that 0 is none.
  [[nodiscard]] dnnl::memory::dims dilations() const { return {window.dilation_h - 1, window.dilation_w - 1}; }
  [[nodiscard]] dnnl::memory::dims pads_before() const { return {window.pad_top, window.pad_left}; }
  [[nodiscard]] dnnl::memory::dims pads_after() const { return {window.pad_bottom, window.pad_right}; }
  [[nodiscard]] dnnl::memory::dims weight_dims() const {
    const int64_t k = dst.c / groups, c = src.c / groups;
    if (groups == 1) return {k, c, window.r, window.s};
    return {groups, k, c, window.r, window.s};
  }
};

// How a forward convolution is asked for. With `adds` its sums are added to what stands in the destination.
struct ForwardForm {
  dnnl::memory::format_tag tag = dnnl::memory::format_tag::nhwc;
  dnnl::algorithm algorithm = dnnl::algorithm::convolution_direct;
  bool biased = false, relu = false;
  float ceiling = std::numeric_limits<float>::infinity();  // of the ReLU
  bool adds = false;
};

// Both throw dnnl::error where oneDNN has nothing for it.
Candidate forward_candidate(const std::string& name, const ConvolutionGeometry& g, const ForwardForm& form);
Candidate backward_candidate(const std::string& name, const ConvolutionGeometry& g, dnnl::memory::format_tag tag);

// A task that runs it between values laid out as `in` and `out`, on whichever thread calls it. `weights` lie as the candidate wants
// them, `bias` in float32. With `adds` the second of its three operands is added to the sums: in
// place where it is the third. With several `images` it is a candidate for one of them, `in` and `out` are its own, and it runs for one
// after the other.
PlannedTask plan_candidate(const Candidate& candidate, const dnnl::memory::desc& in, const dnnl::memory::desc& out,
                           const Packed& weights, const std::optional<Packed>& bias, bool adds,
                           const Parallel& parallel, int64_t images = 1);

}  // namespace phosphene
