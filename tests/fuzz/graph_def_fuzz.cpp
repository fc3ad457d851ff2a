// libFuzzer: any bytes as a TensorFlow graph. README.md beside it says how to build and run it.
#include "loaders/tensorflow/graph_def.h"
#include "runtime/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  static_cast<void>(phosphene::is_graph_def(bytes));
  try {
    static_cast<void>(phosphene::read_graph_def(bytes, "fuzz.pb"));
  } catch (const phosphene::Error& error) {
    if (error.blame() != phosphene::Blame::user) __builtin_trap();
  }
  return 0;
}
