// The backend of a GPU.
#pragma once

#include <memory>
#include <string>

#include "runtime/backend.h"

namespace phosphene {

struct DeviceOptions;

// Of GPU number `gpu`. Throws if it cannot be used; cuda_device() reports the same without throwing.
std::unique_ptr<Backend> make_cuda_backend(const DeviceOptions& options, int gpu);

// Whether there is such a GPU; if not, `reason` says why.
bool cuda_device(int gpu, std::string& reason);

}  // namespace phosphene
