// The door of libphosphene_cuda.so: what runtime/device_choice.cpp looks up by name.
#include "runtime/cuda/cuda_backend.h"
#include "runtime/device_choice.h"

namespace {

constexpr const char* kBuild = PHOSPHENE_VERSION;

}  // namespace

extern "C" {

// Both sides pass C++ objects: they must come from one build.
__attribute__((visibility("default"))) const char* phosphene_cuda_build() { return kBuild; }

__attribute__((visibility("default"))) bool phosphene_cuda_device(int gpu, std::string* reason) {
  return phosphene::cuda_device(gpu, *reason);
}

__attribute__((visibility("default"))) phosphene::Backend* phosphene_cuda_backend(
    const phosphene::DeviceOptions* options, int gpu) {
  return phosphene::make_cuda_backend(*options, gpu).release();
}
}
