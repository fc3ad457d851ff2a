// Launches of depthwise convolutions, which a backend runs in a library's place. Their weights, R x S x C, are an operand.
#pragma once

#include "kernels/depthwise.h"
#include "runtime/launches/operands.h"
#include "runtime/problems/network.h"

namespace phosphene {

struct DepthwiseStep {  // src, weights, [bias in float32] -> dst
  Shape src, dst;
  Window window;
  bool biased = false, relu = false;
  float ceiling = std::numeric_limits<float>::infinity();
  DType storage = DType::f32;
};
struct DepthwiseBackwardStep {  // grad_dst, weights, [addend], [mask] -> grad_src
  Shape src, dst;               // of the forward convolution
  Window window;
  bool addend = false, masked = false;
  DType storage = DType::f32;
};

// Why these kernels do not compute a convolution of either direction, or "".
template <class ConvolutionOfEitherDirection>
std::string refuse_depthwise(const ConvolutionOfEitherDirection& problem) {
  if (problem.groups != problem.src.c || problem.dst.c != problem.src.c) return "it is not depthwise";
  if (problem.groups == 1) return "there is one channel";  // any convolution's
  return "";
}

// Weights K x 1 x R x S as the kernels want them.
inline std::vector<float> taps_of_channels(const Weights& weights) {
  const int64_t channels = weights.shape[0], taps = weights.shape[2] * weights.shape[3];
  std::vector<float> numbers(static_cast<size_t>(weights.elements()));
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t tap = 0; tap < taps; ++tap)
      numbers[static_cast<size_t>(tap * channels + c)] = weights.data[c * taps + tap];
  return numbers;
}

template <class StepOfEitherDirection>
DepthwiseGeometry depthwise_geometry(const StepOfEitherDirection& step) {
  const Window& w = step.window;
  const auto i = [](int64_t value) { return static_cast<int>(value); };
  return {i(step.src.h), i(step.src.w), i(step.dst.h), i(step.dst.w),   i(w.r),          i(w.s),    i(w.stride_h),
          i(w.stride_w), i(w.pad_top),  i(w.pad_left), i(w.dilation_h), i(w.dilation_w), step.src.c};
}

template <class Launcher>
void launch(const Launcher& launcher, const DepthwiseStep& step, const Operands& at) {
  const Shape& dst = step.dst;
  with_storage(launcher, step.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.rows(
        dst.n * dst.h * dst.w, static_cast<int>(dst.c),
        DepthwiseForward<T>{at.template at<T>(0), at.template at<T>(1), step.biased ? at.at(2) : nullptr,
                            at.template at<T>(step.biased ? 3 : 2), depthwise_geometry(step), step.relu, step.ceiling});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const DepthwiseBackwardStep& step, const Operands& at) {
  const Shape& src = step.src;
  with_storage(launcher, step.storage, [&](auto storage) {
    using T = decltype(storage);
    size_t next = 2;
    const T* addend = step.addend ? at.template at<T>(next++) : nullptr;
    const T* mask = step.masked ? at.template at<T>(next++) : nullptr;
    launcher.rows(src.n * src.h * src.w, static_cast<int>(src.c),
                  DepthwiseBackward<T>{at.template at<T>(0), at.template at<T>(1), addend, mask,
                                       at.template at<T>(next), depthwise_geometry(step)});
  });
}

}  // namespace phosphene
