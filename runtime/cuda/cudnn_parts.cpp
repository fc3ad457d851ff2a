#include "runtime/cuda/cudnn_parts.h"

#include <cuda_runtime.h>
#include <cudnn.h>
#include <fmt/format.h>

#include <vector>

#include "runtime/cuda/library_parts.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

// Of cuDNN 9, those that plans of convolutions need.
std::vector<std::string> parts_of_cudnn() {
  std::vector<std::string> names;
  for (const char* part : {"graph", "ops", "cnn", "heuristic", "engines_precompiled", "engines_runtime_compiled"})
    names.push_back(fmt::format("libcudnn_{}.so.{}", part, CUDNN_MAJOR));
  return names;
}

}  // namespace

std::string open_cudnn_parts() {
  // First: an engine's library may want it.
  const std::vector<std::string> nvrtc = {fmt::format("libnvrtc.so.{}", CUDART_VERSION / 1000)};
  const std::string no_nvrtc = open_parts(folder_of_library(reinterpret_cast<const void*>(&cudaGetDeviceCount)), nvrtc);
  const std::string missing =
      open_parts(folder_of_library(reinterpret_cast<const void*>(&cudnnGetVersion)), parts_of_cudnn());
  if (!missing.empty()) fail("cuDNN", "{}", missing);
  return no_nvrtc.empty() ? "" : no_nvrtc + "; fewer convolutions are fused, which costs time";
}

}  // namespace phosphene
