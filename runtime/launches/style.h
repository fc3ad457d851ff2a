// Launches of the style objective's kernels.
#pragma once

#include "kernels/style.h"
#include "runtime/launches/operands.h"
#include "runtime/problems/objective.h"

namespace phosphene {

template <StyleForm kForm, class Launcher>
void launch_style(const Launcher& launcher, const StyleProblem& problem, const Operands& at) {
  const int64_t c = problem.c;
  launcher.tiles(problem.sets * c, c, StyleSums<kForm>{at.at(1), at.at(2), at.workspace(), problem.positions, c});
  launcher.tiles(problem.sets, c,
                 StyleValue<kForm>{at.workspace(), at.template at<const StyleRow>(3), at.at(4), at.at(5),
                                   problem.images_per_set, problem.positions, c});
}

template <class Launcher>
void launch(const Launcher& launcher, const StyleProblem& problem, const Operands& at) {
  if (problem.form == StyleForm::l1) {
    launch_style<StyleForm::l1>(launcher, problem, at);
  } else {
    launch_style<StyleForm::l2>(launcher, problem, at);
  }
}

template <StyleForm kForm, class Launcher>
void launch_style_factors(const Launcher& launcher, const StyleFactorsProblem& problem, const Operands& at) {
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.rows(problem.sets * problem.c, static_cast<int>(problem.c),
                  StyleFactors<kForm, T>{at.at(0), at.at(1), at.at(2), at.template at<T>(3), problem.c});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const StyleFactorsProblem& problem, const Operands& at) {
  if (problem.form == StyleForm::l1) {
    launch_style_factors<StyleForm::l1>(launcher, problem, at);
  } else {
    launch_style_factors<StyleForm::l2>(launcher, problem, at);
  }
}

}  // namespace phosphene
