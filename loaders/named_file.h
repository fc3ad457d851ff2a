// Files that configs and command lines name.
#pragma once

#include <string>

namespace phosphene {

// Where `name` leads from `folder`, in normal form (no "./", "a/../" or "//"). "~" and "~/..." begin at $HOME (not "~user", which is a
// name like others; "./~" is a file of that name). An absolute name stays what it is.
std::string path_from(const std::string& folder, const std::string& name);

// Whether `name` says itself where it begins: absolute, or at home.
bool is_rooted(const std::string& name);

// A file as JSON names it: a path, relative to the folder of the file that names it.
struct NamedFile {
  std::string name, folder;

  [[nodiscard]] bool empty() const { return name.empty(); }
  [[nodiscard]] std::string path() const { return path_from(folder, name); }
  bool operator==(const NamedFile&) const = default;
};

}  // namespace phosphene
