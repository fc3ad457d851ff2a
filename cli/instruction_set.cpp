// Compiled for the oldest CPU of the family, and run before any other code of ours: so it may call nothing that other files
// instantiate too (a template shared with them may be linked from theirs).
#include "cli/instruction_set.h"

#include <unistd.h>

#include <cstring>

namespace phosphene {
namespace {

#ifdef __x86_64__

constexpr int kSets = 12;

struct InstructionSet {
  const char* name;
  bool needed;
  bool present;
};

// `sets` has room for kSets.
void compare(InstructionSet* sets) {
  __builtin_cpu_init();
  const InstructionSet known[kSets] = {
      {"sse4.2", kCompiledFor.sse4_2, __builtin_cpu_supports("sse4.2") != 0},
      {"popcnt", kCompiledFor.popcnt, __builtin_cpu_supports("popcnt") != 0},
      {"avx", kCompiledFor.avx, __builtin_cpu_supports("avx") != 0},
      {"avx2", kCompiledFor.avx2, __builtin_cpu_supports("avx2") != 0},
      {"fma", kCompiledFor.fma, __builtin_cpu_supports("fma") != 0},
      {"bmi2", kCompiledFor.bmi2, __builtin_cpu_supports("bmi2") != 0},
      {"avx512f", kCompiledFor.avx512f, __builtin_cpu_supports("avx512f") != 0},
      {"avx512bw", kCompiledFor.avx512bw, __builtin_cpu_supports("avx512bw") != 0},
      {"avx512dq", kCompiledFor.avx512dq, __builtin_cpu_supports("avx512dq") != 0},
      {"avx512vl", kCompiledFor.avx512vl, __builtin_cpu_supports("avx512vl") != 0},
      {"avx512vnni", kCompiledFor.avx512vnni, __builtin_cpu_supports("avx512vnni") != 0},
      {"avx512vbmi", kCompiledFor.avx512vbmi, __builtin_cpu_supports("avx512vbmi") != 0},
  };
  std::memcpy(sets, known, sizeof known);
}

void say(const char* text) {
  if (write(STDERR_FILENO, text, std::strlen(text)) < 0) _exit(2);
}

// Before the constructors of other files, which already use what they were compiled for.
__attribute__((constructor(101))) void stop_on_an_older_cpu() {
  InstructionSet sets[kSets];
  compare(sets);
  for (const InstructionSet& set : sets) {
    if (!set.needed || set.present) continue;
    say("phosphene: error: this program was built for a CPU with ");
    say(set.name);
    say(", which this CPU lacks; build it on this machine, or with -DPHOSPHENE_ARCH=x86-64-v3 or x86-64\n");
    _exit(2);
  }
}

#endif

}  // namespace

std::string cpu_features() {
  std::string features;
#ifdef __x86_64__
  InstructionSet sets[kSets];
  compare(sets);
  for (const InstructionSet& set : sets) {
    if (!set.present) continue;
    if (!features.empty()) features += ' ';
    features += set.name;
  }
#endif
  return features;
}

}  // namespace phosphene
