// How each problem that is not a library's becomes kernel launches: once, for every backend. A launcher offers
//   launcher.rows(count, elements, body)   launcher.rows(count, first, last, body)   launcher.tiles(count, elements, body)
// and a problem's launch(launcher, problem, operands) calls them. The folder's backends instantiate these templates:
// runtime/cpu/cpu_backend.cpp with threads, and runtime/cuda/launches.cu for a GPU.
#pragma once

#include <cstddef>

#include "runtime/launches/diversity.h"
#include "runtime/launches/image.h"
#include "runtime/launches/network.h"
#include "runtime/launches/objective.h"
#include "runtime/launches/optimiser.h"
#include "runtime/launches/penalty.h"
#include "runtime/launches/style.h"
#include "runtime/launches/transform.h"
