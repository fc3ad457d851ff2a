// Kernels that a backend runs before, after or in place of a library's call. They are not problems: no layer asks for them.
#pragma once

#include <limits>
#include <variant>

#include "kernels/bias.h"
#include "kernels/concat.h"
#include "kernels/half_spectrum.h"
#include "runtime/launches/depthwise.h"
#include "runtime/launches/operands.h"
#include "runtime/tensor.h"

namespace phosphene {

struct AddBiasStep {  // src, bias -> dst; channels_last
  Shape dst;
  bool biased = true, relu = false;
  float ceiling = std::numeric_limits<float>::infinity();
  DType storage = DType::f32;
};
struct PackHalfSpectrumStep {  // half spectrum (planar, N x C x 2H x K) -> N x C x H x K interleaved
  Shape spectrum;
};
struct UnpackHalfSpectrumStep {  // N x C x H x K interleaved -> half spectrum
  Shape spectrum;
};
struct CopyRowsStep {  // src -> dst: the first `elements` of each row
  int64_t rows = 0, elements = 0, src_pitch = 0, dst_pitch = 0;
};

using LibraryStep = std::variant<AddBiasStep, PackHalfSpectrumStep, UnpackHalfSpectrumStep, CopyRowsStep, DepthwiseStep,
                                 DepthwiseBackwardStep>;

template <class Launcher>
void launch(const Launcher& launcher, const AddBiasStep& step, const Operands& at) {
  const int64_t rows = step.dst.n * step.dst.h * step.dst.w;
  const int c = static_cast<int>(step.dst.c);
  with_storage(launcher, step.storage, [&](auto storage) {
    using T = decltype(storage);
    const T *src = at.template at<T>(0), *bias = step.biased ? at.template at<T>(1) : nullptr;
    if (step.relu) {
      launcher.rows(rows, c, AddBias<true, T>{src, bias, at.template at<T>(2), step.dst.c, step.ceiling});
    } else {
      launcher.rows(rows, c, AddBias<false, T>{src, bias, at.template at<T>(2), step.dst.c, step.ceiling});
    }
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const PackHalfSpectrumStep& step, const Operands& at) {
  const Shape& s = step.spectrum;
  launcher.rows(s.n * s.c * s.h / 2, static_cast<int>(s.w), PackHalfSpectrum{at.at(0), at.at(1), s.h / 2, s.w});
}

template <class Launcher>
void launch(const Launcher& launcher, const UnpackHalfSpectrumStep& step, const Operands& at) {
  const Shape& s = step.spectrum;
  launcher.rows(s.n * s.c * s.h / 2, static_cast<int>(s.w), UnpackHalfSpectrum{at.at(0), at.at(1), s.h / 2, s.w});
}

template <class Launcher>
void launch(const Launcher& launcher, const CopyRowsStep& step, const Operands& at) {
  launcher.rows(step.rows, static_cast<int>(step.elements),
                CopyChannels<float>{at.at(0), at.at(1), step.src_pitch, step.dst_pitch, 0});
}

}  // namespace phosphene
