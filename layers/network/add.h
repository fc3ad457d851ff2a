// Element-wise sum of two to eight values of one shape; its gradient goes to each of them unchanged.
#pragma once

#include "runtime/accumulate.h"

namespace phosphene {

using Add = Accumulate;

}  // namespace phosphene
