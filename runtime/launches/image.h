// Launches of the image parameterization's kernels.
#pragma once

#include "kernels/channel_slice.h"
#include "kernels/colour.h"
#include "kernels/composite.h"
#include "kernels/cppn.h"
#include "kernels/normal.h"
#include "kernels/polar_spectrum.h"
#include "kernels/sigmoid_image.h"
#include "kernels/standardise.h"
#include "kernels/upsample.h"
#include "kernels/whiten.h"
#include "runtime/launches/operands.h"
#include "runtime/problems/image.h"

namespace phosphene {

template <class Launcher>
void launch(const Launcher& launcher, const WhitenProblem& problem, const Operands& at) {
  const Shape& s = problem.spectrum;
  launcher.rows(s.n * s.c * s.h, static_cast<int>(s.w), ScaleSpectrum{at.at(0), at.at(1), at.at(2), s.h / 2, s.w});
}

template <class Launcher>
void launch(const Launcher& launcher, const PolarSpectrumProblem& problem, const Operands& at) {
  const Shape& s = problem.phase;
  launcher.rows(s.n * s.c * s.h, static_cast<int>(s.w),
                PolarToSpectrum{at.at(0), at.at(1), at.at(2), s.c * s.h, s.h, s.w});
}

template <class Launcher>
void launch(const Launcher& launcher, const PolarSpectrumBackwardProblem& problem, const Operands& at) {
  const Shape& s = problem.phase;
  launcher.rows(s.n * s.c * s.h, static_cast<int>(s.w),
                PolarToSpectrumBackward{at.at(0), at.at(1), at.at(2), s.h, s.w});
}

template <class Launcher>
void launch(const Launcher& launcher, const StandardiseProblem& problem, const Operands& at) {
  const Shape& s = problem.src;
  const int64_t rows = s.c * s.h;
  float *moments = at.workspace(), *statistics = at.at(2);
  launcher.tiles(s.n * rows, s.w, MomentsOfLine{at.at(0), moments, s.w});
  launcher.tiles(s.n, rows, StatisticsOfImage{moments, statistics, rows, s.w, problem.epsilon});
  launcher.rows(s.n * rows, static_cast<int>(s.w), StandardiseRow{at.at(0), statistics, at.at(1), rows, s.w});
}

template <class Launcher>
void launch(const Launcher& launcher, const StandardiseBackwardProblem& problem, const Operands& at) {
  const Shape& s = problem.src;
  const int64_t rows = s.c * s.h;
  float *sums = at.workspace(), *means = sums + 2 * s.n * rows;
  launcher.tiles(s.n * rows, s.w, GradientSumsOfLine{at.at(0), at.at(1), sums, s.w});
  launcher.tiles(s.n, rows, GradientMeansOfImage{sums, at.at(2), means, rows, s.w});
  launcher.rows(s.n * rows, static_cast<int>(s.w),
                StandardiseBackwardRow{at.at(0), at.at(1), at.at(2), means, at.at(3), rows, s.w});
}

template <class Launcher>
void launch(const Launcher& launcher, const ColourProblem& problem, const Operands& at) {
  const Shape& s = problem.image;
  const int h = static_cast<int>(s.h), w = static_cast<int>(s.w);
  if (problem.clipped) {
    launcher.rows(s.n * s.h, w, ColourToRgb<true>{at.at(0), at.at(1), h, w});
  } else if (problem.decorrelated) {
    launcher.rows(s.n * s.h, w, ColourToRgb<false>{at.at(0), at.at(1), h, w});
  } else {
    launcher.rows(s.n * s.c * s.h, w, SquashPlane{at.at(0), at.at(1), w});
  }
}

template <class Launcher>
void launch(const Launcher& launcher, const ColourBackwardProblem& problem, const Operands& at) {
  const Shape& s = problem.image;
  const int h = static_cast<int>(s.h), w = static_cast<int>(s.w);
  if (problem.clipped) {
    launcher.rows(s.n * s.h, w, ColourToRgbBackward<true>{at.at(0), at.at(1), at.at(2), h, w});
  } else if (problem.decorrelated) {
    launcher.rows(s.n * s.h, w, ColourToRgbBackward<false>{at.at(0), at.at(1), at.at(2), h, w});
  } else {
    launcher.rows(s.n * s.c * s.h, w, SquashPlaneBackward{at.at(0), at.at(1), at.at(2), w});
  }
}

template <class Launcher>
void launch(const Launcher& launcher, const ChannelSliceProblem& problem, const Operands& at) {
  const Shape& s = problem.dst;
  const int h = static_cast<int>(s.h), w = static_cast<int>(s.w);
  launcher.rows(s.n * s.c * s.h, w,
                CopyChannelSlice{at.at(0), at.at(1), static_cast<int>(problem.src.c), static_cast<int>(s.c),
                                 static_cast<int>(problem.offset), h, w});
}

template <class Launcher>
void launch(const Launcher& launcher, const SpectrumDrawProblem& problem, const Operands& at) {
  const Shape& s = problem.spectrum;
  const int k = static_cast<int>(s.w);
  launcher.rows(s.n * s.c * s.h, (k + 3) / 4,
                DrawSpectrum{at.template at<const DrawKey>(0), at.template at<const int64_t>(1), at.at(2), s.c * s.h, k,
                             problem.sd});
}

template <bool kGamma, class Launcher>
void launch_composite(const Launcher& launcher, const Shape& s, const Operands& at) {
  const int c = static_cast<int>(s.c), h = static_cast<int>(s.h), w = static_cast<int>(s.w);
  launcher.rows(s.n * s.h, w, CompositeOver<kGamma>{at.at(0), at.at(1), at.at(2), at.at(3), c, h, w});
}

template <class Launcher>
void launch(const Launcher& launcher, const CompositeProblem& problem, const Operands& at) {
  if (problem.gamma) {
    launch_composite<true>(launcher, problem.image, at);
  } else {
    launch_composite<false>(launcher, problem.image, at);
  }
}

template <bool kGamma, class Launcher>
void launch_composite_backward(const Launcher& launcher, const Shape& s, const Operands& at) {
  const int c = static_cast<int>(s.c), h = static_cast<int>(s.h), w = static_cast<int>(s.w);
  launcher.rows(
      s.n * s.h, w,
      CompositeOverBackward<kGamma>{at.at(0), at.at(1), at.at(2), at.at(3), at.at(4), at.at(5), at.at(6), c, h, w});
}

template <class Launcher>
void launch(const Launcher& launcher, const CompositeBackwardProblem& problem, const Operands& at) {
  if (problem.gamma) {
    launch_composite_backward<true>(launcher, problem.image, at);
  } else {
    launch_composite_backward<false>(launcher, problem.image, at);
  }
}

template <class Launcher>
void launch(const Launcher& launcher, const SigmoidImageProblem& problem, const Operands& at) {
  const int c = static_cast<int>(problem.image.c), h = static_cast<int>(problem.image.h),
            w = static_cast<int>(problem.image.w);
  launcher.rows(problem.image.n * c * h, w, SquashToPlanar{at.at(0), at.at(1), c, h, w});
}

template <class Launcher>
void launch(const Launcher& launcher, const SigmoidImageBackwardProblem& problem, const Operands& at) {
  const int c = static_cast<int>(problem.image.c), h = static_cast<int>(problem.image.h),
            w = static_cast<int>(problem.image.w);
  launcher.rows(problem.image.n * c * h, w, SquashToPlanarBackward{at.at(0), at.at(1), at.at(2), c, h, w});
}

template <class Launcher>
void launch(const Launcher& launcher, const UpsampleProblem& problem, const Operands& at) {
  const Shape& s = problem.dst;
  launcher.rows(
      s.n * s.c * s.h, static_cast<int>(s.w),
      Upsample{at.at(0), at.at(1), {problem.images}, {problem.rows}, {problem.columns}, static_cast<int>(s.c)});
}

template <class Launcher>
void launch(const Launcher& launcher, const UpsampleBackwardProblem& problem, const Operands& at) {
  const Shape& dst = problem.dst;
  const Shape& level = problem.level;
  const int w = static_cast<int>(level.w);
  float* sums = at.workspace();
  launcher.rows(dst.n * dst.c * dst.h, w, UpsampleBackwardColumns{at.at(0), sums, {problem.columns}});
  launcher.rows(level.n * level.c * level.h, w,
                UpsampleBackwardRows{sums, at.at(1), {problem.images}, {problem.rows}, static_cast<int>(level.c), w});
}

template <bool kFirst, bool kLast, class Launcher>
void launch_cppn(const Launcher& launcher, const CppnLayerProblem& problem, const Operands& at) {
  const Shape& s = problem.dst;
  const int64_t pixels = s.h * s.w;
  launcher.rows(s.n * s.c, static_cast<int>(pixels),
                CppnLayer<kFirst, kLast>{at.at(0), at.at(1), at.at(2), pixels, static_cast<int>(problem.src.c),
                                         static_cast<int>(s.c), problem.inputs});
}

template <class Launcher>
void launch(const Launcher& launcher, const CppnLayerProblem& problem, const Operands& at) {
  if (problem.first) {
    launch_cppn<true, false>(launcher, problem, at);
  } else if (problem.last) {
    launch_cppn<false, true>(launcher, problem, at);
  } else {
    launch_cppn<false, false>(launcher, problem, at);
  }
}

template <class Launcher>
void launch(const Launcher& launcher, const CppnLayerBackwardProblem& problem, const Operands& at) {
  const Shape& s = problem.dst;
  const int64_t pixels = s.h * s.w;
  const int c = static_cast<int>(problem.src.c), k = static_cast<int>(s.c), row = static_cast<int>(pixels);
  const float* grad_z = at.at(0);
  if (!problem.last) {
    launcher.rows(s.n * s.c, row, CppnArcTangentBackward{at.at(0), at.at(3), at.workspace(), pixels});
    grad_z = at.workspace();
  }
  const int64_t tiles = s.n * k * (c + 1);
  if (problem.first) {
    launcher.tiles(tiles, pixels, CppnWeightsBackward<true>{grad_z, at.at(1), at.at(4), pixels, c, k, problem.inputs});
    return;
  }
  launcher.tiles(tiles, pixels, CppnWeightsBackward<false>{grad_z, at.at(1), at.at(4), pixels, c, k, problem.inputs});
  launcher.rows(s.n * c, row, CppnLayerBackward{grad_z, at.at(1), at.at(2), at.at(5), pixels, c, k, problem.inputs});
}

}  // namespace phosphene
