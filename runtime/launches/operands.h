// Where the operands of a step lie, in the order its problem lists them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "kernels/host_device.h"
#include "runtime/tensor.h"

namespace phosphene {

struct Operands {
  std::span<std::byte* const> pointers;
  std::byte* workspace_bytes = nullptr;

  template <class T = float>
  [[nodiscard]] T* at(size_t index) const {
    return reinterpret_cast<T*>(pointers[index]);
  }
  template <class T = float>
  [[nodiscard]] T* workspace() const {
    return reinterpret_cast<T*>(workspace_bytes);
  }
};

// A launcher that launches on a GPU has `static constexpr bool on_a_gpu = true`: some bodies have another shape there, which computes the
// same bits.
template <class Launcher>
concept OnAGpu = requires {
  requires Launcher::on_a_gpu;
};

template <int kValue>
using Constant = std::integral_constant<int, kValue>;

// Calls `with(T())` for the type that network values have in memory.
template <class With>
void with_storage(DType storage, const With& with) {
  if (storage == DType::bf16) {
    with(Bfloat16{});
  } else {
    with(float{});
  }
}

// For what is launched by a launcher: one that names its `OnlyStorage` compiles the kernels of no other.
template <class Launcher, class With>
void with_storage(const Launcher& /*launcher*/, DType storage, const With& with) {
  if constexpr (requires { typename Launcher::OnlyStorage; }) {
    with(typename Launcher::OnlyStorage{});
  } else {
    with_storage(storage, with);
  }
}

}  // namespace phosphene
