// The CPU backend: oneDNN for convolutions and matrix products, our kernels for everything else.
#pragma once

#include <memory>

#include "runtime/backend.h"

namespace phosphene {

// threads = 0 means one per core.
std::unique_ptr<Backend> make_cpu_backend(int threads = 0);

}  // namespace phosphene
