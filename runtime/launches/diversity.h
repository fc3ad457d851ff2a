// Launches of the diversity objective's kernels.
#pragma once

#include "kernels/diversity.h"
#include "runtime/launches/operands.h"
#include "runtime/problems/objective.h"

namespace phosphene {

template <class Launcher>
void launch(const Launcher& launcher, const DiversityDotsProblem& problem, const Operands& at) {
  const int group = static_cast<int>(problem.group);
  if (problem.form == DiversityForm::gram) {
    const int64_t elements = problem.c * problem.c;
    launcher.tiles(problem.images * group, elements, GramDots{at.at(0), at.at(1), elements, group});
  } else {
    launcher.tiles(problem.images * group, problem.positions * problem.positions,
                   CrossDots{at.at(0), at.at(1), problem.positions, group});
  }
}

template <class Launcher>
void launch(const Launcher& launcher, const DiversityValueProblem& problem, const Operands& at) {
  const DiversityDots dots{at.at(2), static_cast<int>(problem.group)};
  launcher.rows(problem.images, 1, DiversityValue{dots, at.template at<const DiversityRow>(3), at.at(4), at.at(5)});
}

template <class Launcher>
void launch(const Launcher& launcher, const DiversityFactorsProblem& problem, const Operands& at) {
  const int group = static_cast<int>(problem.group);
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    if (problem.form == DiversityForm::gram) {
      launcher.rows(problem.images * problem.c, static_cast<int>(problem.c),
                    GramFactors<T>{at.at(1), at.at(0), at.template at<T>(2), problem.c, group});
    } else {
      launcher.rows(problem.images * problem.group * problem.positions, static_cast<int>(problem.positions),
                    CrossFactors<T>{at.at(1), at.at(0), at.template at<T>(2), problem.positions, group});
    }
  });
}

}  // namespace phosphene
