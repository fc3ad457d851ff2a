// The photographs in a folder and below, in the order of their names, in memory that does not grow with their number: a scan of the
// folder finds the next few thousand names, and nothing of the others is kept.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace phosphene {

// A number per photograph that looks random and depends on its name alone.
uint64_t name_key(const std::string& name);

class PhotoFolder {
 public:
  // Throws if it is not a folder.
  explicit PhotoFolder(std::string path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

  // The first `most` names after `last` in byte order, relative to the folder: files that end in .jpg, .jpeg or .png, whatever the
  // case. Links to files are followed, links to folders are not. Names that are not UTF-8 are passed over: no JSON can hold them.
  [[nodiscard]] std::vector<std::string> after(const std::string& last, size_t most) const;

  struct Count {
    int64_t all = 0;
    int64_t up_to_last = 0;
    uint64_t keys = 0;        // the sum of the keys of the names up to `last`: another sum, other photographs
    int64_t passed_over = 0;  // names that are not UTF-8
  };
  [[nodiscard]] Count count(const std::string& last) const;

 private:
  std::string path_;
};

}  // namespace phosphene
