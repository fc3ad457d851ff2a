// Launches of the image parameterization's kernels.
#pragma once

#include "kernels/colour.h"
#include "kernels/whiten.h"
#include "runtime/launches/operands.h"
#include "runtime/problems.h"

namespace phosphene {

template <class Launcher>
void launch(const Launcher& launcher, const WhitenProblem& problem, const Operands& at) {
  const Shape& s = problem.spectrum;
  launcher.rows(s.n * s.c * s.h, static_cast<int>(s.w), ScaleSpectrum{at.at(0), at.at(1), at.at(2), s.h / 2, s.w});
}

template <class Launcher>
void launch(const Launcher& launcher, const ColourProblem& problem, const Operands& at) {
  const Shape& s = problem.image;
  const int h = static_cast<int>(s.h), w = static_cast<int>(s.w);
  if (problem.decorrelated) {
    launcher.rows(s.n * s.h, w, ColourToRgb{at.at(0), at.at(1), h, w});
  } else {
    launcher.rows(s.n * s.c * s.h, w, SquashPlane{at.at(0), at.at(1), w});
  }
}

template <class Launcher>
void launch(const Launcher& launcher, const ColourBackwardProblem& problem, const Operands& at) {
  const Shape& s = problem.image;
  const int h = static_cast<int>(s.h), w = static_cast<int>(s.w);
  if (problem.decorrelated) {
    launcher.rows(s.n * s.h, w, ColourToRgbBackward{at.at(0), at.at(1), at.at(2), h, w});
  } else {
    launcher.rows(s.n * s.c * s.h, w, SquashPlaneBackward{at.at(0), at.at(1), at.at(2), w});
  }
}

}  // namespace phosphene
