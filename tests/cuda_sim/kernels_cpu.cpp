// Every kernel that a backend launches, compiled by g++ and registered under the name that nvcc gives it too.
#include <dlfcn.h>

#include <variant>

#include "tests/cuda_sim/device.h"

#include "kernels/launch_cuda.cuh"
#include "runtime/launches.h"
#include "runtime/launches/around_library.h"

namespace phosphene {
namespace {

template <auto kKernel>
bool register_as_mangled() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(kKernel), &info) == 0 || info.dli_sname == nullptr)
    sim::die("a kernel has no name");
  sim::register_kernel(info.dli_sname, &sim::Bind<kKernel>::from);
  return true;
}

// Whoever takes its address has the kernel registered when the library is opened.
template <auto kKernel>
const bool kSimulated = register_as_mangled<kKernel>();

// Takes the place of the launcher that runtime/launches.h is written against, to name what launch_cuda.cuh would launch.
struct Enumerator {
  template <class Body>
  void rows(int64_t /*count*/, int /*first*/, int /*last*/, const Body& /*body*/) const {
    name(kSimulated<&rows_kernel<1, Body>>);
    if constexpr (WideOnGpu<Body>) name(kSimulated<&rows_kernel<Body::gpu_lanes, Body>>);
  }
  template <class Body>
  void rows(int64_t count, int elements, const Body& body) const {
    rows(count, 0, elements, body);
  }
  template <class Body>
  void tiles(int64_t /*count*/, int64_t /*elements*/, const Body& /*body*/) const {
    name(kSimulated<&tiles_kernel<Body>>);
  }
  static void name(const bool& /*registered*/) {}
};

template <class P>
concept Launchable = requires(const P& problem, const Operands& operands) {
  launch(Enumerator{}, problem, operands);
};

}  // namespace

// Never called.
template <class Alternatives>
void enumerate_launches(const Alternatives& alternatives, const Operands& operands) {
  std::visit(
      [&](const auto& problem) {
        if constexpr (Launchable<std::decay_t<decltype(problem)>>) launch(Enumerator{}, problem, operands);
      },
      alternatives);
}
template void enumerate_launches(const Problem&, const Operands&);
template void enumerate_launches(const LibraryStep&, const Operands&);

}  // namespace phosphene
