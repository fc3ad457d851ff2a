// Any bytes are a network or are refused: no crash, no hang, no memory beyond their own size. Built by hand with clang:
//
//   clang++ -std=c++20 -g -O1 -march=native -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -I . -I build/release/protobuf \
//     tests/fuzz/onnx_fuzz.cpp loaders/onnx/*.cpp loaders/source/network.cpp loaders/mapped_file.cpp runtime/error.cpp runtime/tensor.cpp \
//     build/release/protobuf/loaders/onnx/onnx.pb.cc -lprotobuf -lfmt -o onnx_fuzz
//   ./onnx_fuzz -max_len=65536 -rss_limit_mb=1024 -timeout=5 CORPUS
#include <cmath>
#include <cstdlib>

#include "loaders/onnx/onnx_file.h"
#include "runtime/error.h"

namespace {

void check(bool right) {
  if (!right) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  const bool told = phosphene::is_onnx(bytes);
  try {
    const phosphene::source::Network network = phosphene::read_onnx(bytes, "/nowhere/fuzz.onnx");
    check(told || size == 0);
    for (const auto& [name, constant] : network.constants) {
      check(static_cast<int64_t>(constant.integers.size()) == (constant.integral ? constant.elements() : 0));
      for (int64_t i = 0; !constant.integral && i < constant.elements(); ++i)
        check(std::isfinite(constant.numbers.data[i]));
    }
  } catch (const phosphene::Error& error) {
    check(error.blame() == phosphene::Blame::user);
    check(std::string_view(error.what()).find('\n') == std::string_view::npos);
  }
  return 0;
}
