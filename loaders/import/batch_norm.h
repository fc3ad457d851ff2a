// Batch normalisation with trained statistics, in any format's spelling: (x - mean) / sqrt(variance + epsilon) gamma + beta.
#pragma once

#include "loaders/import/importer.h"

namespace phosphene::source {

// Appends a factor and a shift for each channel of `src`, whose channels must be in order; fold.h moves them into what stands before.
// One number for each channel; gamma and beta may be empty. Computed in double, rounded once. Throws for a variance below 0.
Value append_batch_norm(Translation& node, const Value& src, const Weights& gamma, const Weights& beta,
                        const Weights& mean, const Weights& variance, double epsilon);

}  // namespace phosphene::source
