// What exporters spell out in several nodes, as the one op that it is.
#pragma once

#include "loaders/source/network.h"

namespace phosphene::source {

//   x sigmoid(x)                                        -> Swish
//   x hardsigmoid(x), x clip(x + 3, 0, 6) / 6           -> HardSwish
//   x (1 + erf(x / sqrt 2)) / 2                         -> Gelu
//   (x - mean) / sqrt(mean((x - mean)^2) + e) g + b     -> LayerNormalization, over the last dimension
// The node that gives the result becomes that op, under its name; those before it stay for whoever else reads them.
Network rewritten(const Network& network);

}  // namespace phosphene::source
