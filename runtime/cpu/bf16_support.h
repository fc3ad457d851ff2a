#pragma once

#include <string>

namespace phosphene {

// Why this CPU is not asked for bfloat16 products, or "": without its instructions oneDNN would emulate them, slower than float32.
std::string refuse_bf16_on_cpu();

}  // namespace phosphene
