#include "tests/fuzz/load_bytes.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "loaders/load_model.h"
#include "runtime/error.h"

namespace phosphene::testing {

std::string load_bytes(std::span<const std::byte> bytes, const std::string& ending) {
  const std::string path = fmt::format("/dev/shm/phosphene-fuzz-{}{}", ::getpid(), ending);
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
  std::string refusal;
  try {
    static_cast<void>(load_model(path));
  } catch (const Error& error) {
    refusal = error.what();
    if (error.blame() == Blame::user && !refusal.empty() && refusal.find('\n') == std::string::npos) {
      ::unlink(path.c_str());
      return refusal;
    }
    std::fputs(fmt::format("not a user's fault in one line: {}\n", refusal).c_str(), stderr);
    std::abort();
  }
  ::unlink(path.c_str());
  return refusal;
}

}  // namespace phosphene::testing
