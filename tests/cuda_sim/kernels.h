// Every kernel that a backend launches, compiled by g++ and registered under the name that nvcc gives it too; by subject, as
// runtime/cuda compiles them (kernels_<subject>.cpp).
#pragma once

#include <dlfcn.h>

#include "tests/cuda_sim/device.h"

#include "kernels/launch_cuda.cuh"
#include "runtime/launches/operands.h"
#include "runtime/problems/problem_list.h"

namespace phosphene {

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

// Takes the place of the launcher that runtime/launches/ is written against, to name what launch_cuda.cuh would launch.
struct Enumerator {
  static constexpr bool on_a_gpu = true;
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

// Never called: that it is compiled has the kernels registered.
template <class... P>
void enumerate_launches(ProblemList<P...> /*launched*/, const Operands& operands) {
  (launch(Enumerator{}, P{}, operands), ...);
}

}  // namespace phosphene
