// A libFuzzer target: any bytes as a file of weights by name. They are read to the last number, or refused with the user's blame.
// clang++ -std=c++20 -O1 -g -I. -fsanitize=fuzzer,address,undefined tests/fuzz/state_dict_fuzz.cpp loaders/zip.cpp
//   loaders/safetensors.cpp loaders/mapped_file.cpp loaders/pickle/*.cpp loaders/state_dict/*.cpp runtime/error.cpp runtime/files.cpp
//   runtime/tensor.cpp -lfmt -lz
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "loaders/state_dict/state_dict.h"
#include "runtime/error.h"

namespace {

void read_all(const std::shared_ptr<const std::vector<std::byte>>& bytes, bool averaged) {
  try {
    const phosphene::StateDict dict = phosphene::parse_state_dict("fuzz", *bytes, bytes, {.averaged = averaged});
    for (const phosphene::StateTensor& tensor : dict.tensors) {
      try {
        if (phosphene::is_floating(tensor.type))
          (void)tensor.weights();
        else
          (void)tensor.integers();
      } catch (const phosphene::Error& error) {
        if (error.blame() != phosphene::Blame::user) std::abort();
      }
    }
  } catch (const phosphene::Error& error) {
    if (error.blame() != phosphene::Blame::user || std::strchr(error.what(), '\n') != nullptr) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto* const begin = reinterpret_cast<const std::byte*>(data);
  const auto bytes = std::make_shared<const std::vector<std::byte>>(begin, begin + size);
  read_all(bytes, false);
  read_all(bytes, true);
  return 0;
}
