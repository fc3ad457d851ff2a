// Compiled with the flags of every other file, whose instruction set it records.
#include "cli/instruction_set.h"

namespace phosphene {

constinit const InstructionSets kCompiledFor = {
#ifdef __SSE4_2__
    .sse4_2 = true,
#endif
#ifdef __POPCNT__
    .popcnt = true,
#endif
#ifdef __AVX__
    .avx = true,
#endif
#ifdef __AVX2__
    .avx2 = true,
#endif
#ifdef __FMA__
    .fma = true,
#endif
#ifdef __BMI2__
    .bmi2 = true,
#endif
#ifdef __AVX512F__
    .avx512f = true,
#endif
#ifdef __AVX512BW__
    .avx512bw = true,
#endif
#ifdef __AVX512DQ__
    .avx512dq = true,
#endif
#ifdef __AVX512VL__
    .avx512vl = true,
#endif
#ifdef __AVX512VNNI__
    .avx512vnni = true,
#endif
#ifdef __AVX512VBMI__
    .avx512vbmi = true,
#endif
};

}  // namespace phosphene
