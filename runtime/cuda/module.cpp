// The door of libphosphene_cuda.so: what runtime/device_choice.cpp looks up by name.
#include "runtime/cuda/cuda_backend.h"
#include "runtime/device_choice.h"

namespace {

constexpr const char* kBuild = PHOSPHENE_VERSION;

}  // namespace

extern "C" {

// Both sides pass C++ objects: they must come from one build.
__attribute__((visibility("default"))) const char* phosphene_cuda_build() { return kBuild; }

__attribute__((visibility("default"))) int phosphene_cuda_devices(std::string* reason) {
  return phosphene::cuda_devices(*reason);
}

__attribute__((visibility("default"))) phosphene::Backend* phosphene_cuda_backend(
    const phosphene::DeviceOptions* options) {
  return phosphene::make_cuda_backend(*options).release();
}
}
