#include "loaders/file_digest.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

struct Descriptor {
  explicit Descriptor(const std::string& path) : number(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (number < 0) fail(path, "cannot be read: {}", std::strerror(errno));
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(number); }

  int number;
};

// At most a piece of the file; 0 at its end.
size_t read_piece(const Descriptor& file, const std::string& path, std::vector<std::byte>& piece) {
  for (;;) {
    const ssize_t got = read(file.number, piece.data(), piece.size());
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR) fail(path, "cannot be read: {}", std::strerror(errno));
  }
}

}  // namespace

FileDigest digest_of(const std::string& path) {
  constexpr size_t kPiece = size_t{1} << 20;
  const Descriptor file(path);
  struct stat status = {};
  if (fstat(file.number, &status) != 0) fail(path, "cannot be read: {}", std::strerror(errno));
  if (!S_ISREG(status.st_mode)) fail(path, "expected a file");
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
  if (state == nullptr || XXH3_128bits_reset(state.get()) != XXH_OK) throw std::bad_alloc();
  FileDigest digest;
  std::vector<std::byte> piece(kPiece);
  while (const size_t got = read_piece(file, path, piece)) {
    stop_if_requested();
    XXH3_128bits_update(state.get(), piece.data(), got);
    digest.bytes += static_cast<int64_t>(got);
  }
  const XXH128_hash_t hash = XXH3_128bits_digest(state.get());
  digest.hash = fmt::format("xxh128:{:016x}{:016x}", hash.high64, hash.low64);
  return digest;
}

}  // namespace phosphene
