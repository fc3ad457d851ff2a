// The CPU backend: oneDNN for convolutions and matrix products, our kernels for everything else.
#pragma once

#include <memory>

#include "runtime/backend.h"

namespace phosphene {

class Autotune;

// How many threads are meant: 0 means one per core. Throws beyond 1024.
int cpu_threads(int threads);

// With `autotune`, convolutions use the implementation measured, or remembered, to be the fastest.
std::unique_ptr<Backend> make_cpu_backend(int threads = 0, std::shared_ptr<Autotune> autotune = nullptr);

}  // namespace phosphene
