// A libFuzzer target for each format: PHOSPHENE_FUZZ_ENDING is the ending of the format's files. tests/fuzz/README.md says how to run it.
#include "tests/fuzz/load_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static_cast<void>(
      phosphene::testing::load_bytes({reinterpret_cast<const std::byte*>(data), size}, PHOSPHENE_FUZZ_ENDING));
  return 0;
}
