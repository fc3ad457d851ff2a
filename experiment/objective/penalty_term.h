// Penalties on the image itself: kernels/penalty.h names them, each has its formula in a header of its own there.
#pragma once

#include "experiment/objective/term.h"

namespace phosphene {

TermKind total_variation_kind();
TermKind l1_kind();
TermKind l2_kind();
TermKind blur_kind();
TermKind boundary_complexity_kind();
TermKind input_difference_kind();
TermKind mean_alpha_kind();

}  // namespace phosphene
