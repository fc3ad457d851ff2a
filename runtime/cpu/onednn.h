// Shared by the oneDNN tasks: the engine, streams, memory descriptors, errors.
#pragma once

#include <cstdint>
#include <dnnl.hpp>
#include <string>
#include <string_view>

#include "runtime/error.h"
#include "runtime/tensor.h"

namespace phosphene {

inline dnnl::engine& onednn_engine() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

// The calling thread's own: oneDNN does not promise that threads may share one.
inline dnnl::stream& onednn_stream() {
  static thread_local dnnl::stream stream(onednn_engine());
  return stream;
}

inline dnnl::memory::dims onednn_dims(const Shape& shape) { return {shape.n, shape.c, shape.h, shape.w}; }

inline dnnl::memory::data_type onednn_type(DType storage) {
  return storage == DType::bf16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
}

inline dnnl::memory::desc onednn_desc(const Shape& shape, DType storage, dnnl::memory::format_tag tag) {
  return {onednn_dims(shape), onednn_type(storage), tag};
}

// Bytes to reserve for it in a workspace, whose parts are aligned.
inline int64_t onednn_bytes(const dnnl::memory::desc& desc) {
  return (static_cast<int64_t>(desc.get_size()) + 63) / 64 * 64;
}

// Kinds of oneDNN's implementations that matter to a choice between them.
enum class OnednnKind : uint8_t {
  reference,       // plain loops, for completeness: hundreds of times slower
  gemm,            // calls a large matrix product
  small_products,  // convolutions by small matrix products, batched
  depthwise,       // vectors of channels that each have a window of their own
  other
};

// The one place that reads the names oneDNN gives to its implementations ("brgconv:avx512_core", "gemm:jit", "jit_dw:avx2", "ref:any").
inline OnednnKind onednn_kind(std::string_view implementation) {
  if (implementation.find("ref") != std::string_view::npos) return OnednnKind::reference;
  if (implementation.find("_dw") != std::string_view::npos) return OnednnKind::depthwise;
  if (implementation.starts_with("brgconv")) return OnednnKind::small_products;
  if (implementation.find("gemm") != std::string_view::npos) return OnednnKind::gemm;
  return OnednnKind::other;
}

// Runs `make` and turns oneDNN's exception into ours.
template <class Make>
auto onednn_checked(const std::string& where, const Make& make) {
  try {
    return make();
  } catch (const dnnl::error& error) {
    fail_internal(where, "oneDNN: {} (status {})", error.what(), static_cast<int>(error.status));
  }
}

}  // namespace phosphene
