#pragma once

#include <string>

namespace phosphene {

// Why this CPU cannot do bfloat16 products, or "". Without the instructions oneDNN would emulate them, slower than float32.
std::string refuse_bf16_on_cpu();

}  // namespace phosphene
