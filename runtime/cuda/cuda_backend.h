// The backend of a GPU.
#pragma once

#include <memory>
#include <string>

#include "runtime/backend.h"

namespace phosphene {

struct DeviceOptions;

// Throws if no GPU can be used; cuda_devices() reports the same without throwing.
std::unique_ptr<Backend> make_cuda_backend(const DeviceOptions& options);

// How many GPUs there are; with none, `reason` says why.
int cuda_devices(std::string& reason);

}  // namespace phosphene
