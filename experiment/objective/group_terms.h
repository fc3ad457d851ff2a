// Terms about the images of a group together: how alike they are (diversity, kernels/diversity.h) and how near neighbours are
// (alignment, kernels/alignment.h).
#pragma once

#include "experiment/objective/term.h"

namespace phosphene {

TermKind diversity_kind();
TermKind alignment_kind();

}  // namespace phosphene
