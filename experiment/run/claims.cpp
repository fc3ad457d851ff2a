#include "experiment/run/claims.h"

#include <filesystem>
#include <fstream>
#include <utility>

#include "runtime/error.h"
#include "runtime/files.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kClaimEnding = ".claim";

// The id in a claim; "" where it is gone, or has none yet.
std::string owner_of(const std::string& path) {
  std::ifstream file(path);
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace

Claims::Claims(std::string folder, const RunProcess& process)
    : folder_(std::move(folder) + "/claims"), process_(process) {
  make_folder(folder_);
}

std::string Claims::file(const std::string& name, int number) const {
  return fmt::format("{}/{}.{}{}", folder_, name, number, kClaimEnding);
}

// False where it is there already. The last of the others may have removed the empty folder.
bool Claims::create(const std::string& path) const {
  constexpr int kAttempts = 100;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const Created created = create_file(path, process_.id());
    if (created != Created::no_folder) return created == Created::yes;
    make_folder(folder_);
  }
  fail(path, "cannot be written (its folder is removed again and again)");
}

// On a file system without links a file without an id is just being written, or its process was killed at that moment.
bool Claims::is_held(const std::string& path) const {
  const std::string id = owner_of(path);
  return id.empty() ? !is_silent(path, process_.last_beat()) : process_.is_alive(id);
}

bool Claims::take(const std::string& name) const {
  int number = 1;
  for (std::error_code error;;) {
    if (!fs::exists(file(name, number), error)) {
      if (create(file(name, number))) break;
    } else if (is_held(file(name, number))) {
      return false;
    } else {
      ++number;
    }
  }
  // An earlier number may have been given back and taken anew while we looked at later ones, and the other way round.
  bool held = is_held(file(name, number + 1));
  for (int before = 1; before < number && !held; ++before) held = is_held(file(name, before));
  std::error_code error;
  if (held) fs::remove(file(name, number), error);
  return !held;
}

void Claims::give_back(const std::string& name, bool finished) const {
  std::error_code error;
  int number = 1;
  while (fs::exists(file(name, number + 1), error)) ++number;
  for (; number >= 1; --number) {
    const std::string path = file(name, number);
    if (owner_of(path) == process_.id() || (finished && !is_held(path))) fs::remove(path, error);
  }
}

std::vector<std::string> Claims::sweep() const {
  remove_leftovers(folder_);
  std::vector<std::string> owners;
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    const std::string path = entry->path().string();
    if (!path.ends_with(kClaimEnding)) continue;
    std::error_code ignored;
    if (is_held(path)) {
      owners.push_back(owner_of(path));
    } else {
      fs::remove(path, ignored);
    }
  }
  fs::remove(folder_, error);  // where it is empty
  return owners;
}

}  // namespace phosphene
