#include "runtime/cpu/bf16_support.h"

#include <dnnl.hpp>

namespace phosphene {

std::string refuse_bf16_on_cpu() {
  const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();  // what ONEDNN_MAX_CPU_ISA leaves of the CPU's
  if (isa == dnnl::cpu_isa::avx512_core_bf16 || isa == dnnl::cpu_isa::avx512_core_amx) return "";
  return "this CPU has neither AVX512-BF16 nor AMX-BF16; compute in f32, or on a GPU with --device cuda";
}

}  // namespace phosphene
