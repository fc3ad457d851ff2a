#include "loaders/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/error.h"

namespace phosphene {
namespace {

struct Descriptor {
  int number = -1;
  ~Descriptor() {
    if (number >= 0) close(number);
  }
};

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};  // a named pipe must not make us wait
  if (file.number < 0) fail(path, "cannot be opened: {}", std::strerror(errno));
  struct stat status {};
  if (fstat(file.number, &status) != 0) fail(path, "cannot be read: {}", std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    fail(path, "is {}", S_ISDIR(status.st_mode) ? "a folder, not a file" : "not a regular file");
  if (status.st_size == 0) fail(path, "the file is empty");
  const auto size = static_cast<size_t>(status.st_size);
  void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (data == MAP_FAILED) fail(path, "cannot be mapped: {}", std::strerror(errno));
  return std::shared_ptr<const MappedFile>(new MappedFile({static_cast<const std::byte*>(data), size}));
}

void MappedFile::let_go() const { madvise(const_cast<std::byte*>(bytes_.data()), bytes_.size(), MADV_DONTNEED); }

MappedFile::~MappedFile() { munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size()); }

}  // namespace phosphene
