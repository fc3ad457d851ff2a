// A program built for one CPU dies of SIGILL on an older one. This check prints the reason instead.
#pragma once

#include <string>

namespace phosphene {

// The instruction sets that matter to us, as bits.
struct InstructionSets {
  bool sse4_2 = false, popcnt = false, avx = false, avx2 = false, fma = false, bmi2 = false;
  bool avx512f = false, avx512bw = false, avx512dq = false, avx512vl = false, avx512vnni = false, avx512vbmi = false;
};

// What the compiler was allowed to use: constant data, so that reading it executes no instruction of that set.
extern const InstructionSets kCompiledFor;

// The sets this machine has, "avx2 fma bmi2 ...".
std::string cpu_features();

}  // namespace phosphene
