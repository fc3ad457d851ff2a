#include "loaders/file_digest.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <span>

#include "loaders/mapped_file.h"
#include "runtime/stop.h"

namespace phosphene {

FileDigest digest_of(const std::string& path) {
  constexpr size_t kPiece = size_t{1} << 24;
  const std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
  if (state == nullptr || XXH3_128bits_reset(state.get()) != XXH_OK) throw std::bad_alloc();
  const std::span<const std::byte> bytes = file->bytes();
  for (size_t at = 0; at < bytes.size(); at += kPiece) {
    stop_if_requested();
    const std::span<const std::byte> piece = bytes.subspan(at, std::min(kPiece, bytes.size() - at));
    XXH3_128bits_update(state.get(), piece.data(), piece.size());
    file->let_go();
  }
  const XXH128_hash_t hash = XXH3_128bits_digest(state.get());
  return {static_cast<int64_t>(bytes.size()), fmt::format("xxh128:{:016x}{:016x}", hash.high64, hash.low64)};
}

}  // namespace phosphene
