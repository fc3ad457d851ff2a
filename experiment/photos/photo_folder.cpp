#include "experiment/photos/photo_folder.h"

#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <set>
#include <span>

#include "experiment/photos/photo_names.h"
#include "experiment/photos/picture_format.h"
#include "kernels/philox.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

struct Status {
  std::pair<uint64_t, uint64_t> id;
  bool folder, regular;
  uint64_t names;
};

// Of what a path leads to, links followed; nothing where they lead nowhere.
std::optional<Status> status_of(const fs::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return Status{{static_cast<uint64_t>(status.st_dev), static_cast<uint64_t>(status.st_ino)},
                S_ISDIR(status.st_mode),
                S_ISREG(status.st_mode),
                static_cast<uint64_t>(status.st_nlink)};
}

bool is_link(const fs::directory_entry& entry) {
  std::error_code none;
  return entry.is_symlink(none);
}

std::string joined(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

// Whether a file of this name is taken for a photograph. One without an ending is opened: it must be an ordinary file.
bool is_photograph(const fs::path& path) {
  const NameKind kind = name_kind(path.filename().native());
  if (kind != NameKind::bare) return kind == NameKind::photograph;
  std::array<char, 16> begin{};
  std::ifstream file(path, std::ios::binary);
  file.read(begin.data(), begin.size());
  const auto bytes = std::as_bytes(std::span<const char>(begin.data(), static_cast<size_t>(file.gcount())));
  return picture_format(bytes) != PictureFormat::other;
}

}  // namespace

// FNV-1a of the name, whose upper bits alone would be alike for names that are; Philox mixes them.
uint64_t name_key(const std::string& name) {
  uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  const Philox4x32 mixed = philox4x32(static_cast<uint32_t>(hash), static_cast<uint32_t>(hash >> 32), 0, 0, 0);
  return uint64_t{mixed.word[0]} << 32 | mixed.word[1];
}

// What listing the folders collects.
struct PhotoFolder::Listing {
  std::vector<std::string> below;  // folders of the one being listed
  std::vector<std::string> links;  // to folders, in the order of their finding
  bool linked_files = false;
};

PhotoFolder::PhotoFolder(std::string path) : path_(std::move(path)) {
  while (path_.size() > 1 && path_.ends_with('/')) path_.pop_back();
  std::error_code error;
  if (!fs::exists(path_, error)) fail(path_, "no such folder");
  if (!fs::is_directory(path_, error)) fail(path_, "is not a folder; expected the one that holds the photographs");
  const fs::directory_iterator can_be_read(path_, error);
  if (error) fail(path_, "cannot be read ({})", error.message());
  list_folders();
}

std::string PhotoFolder::file(const std::string& name) const {
  return path_ == "/" ? path_ + name : path_ + "/" + name;
}

// First every folder that lies below, then those that only links lead to, so that a folder counts where it is.
void PhotoFolder::list_folders() {
  Listing listing;
  list("", listing);
  for (size_t i = 0; i < listing.links.size(); ++i) {
    const std::optional<Status> status = status_of(file(listing.links[i]));
    if (!status) continue;
    if (folder_ids_.contains(status->id))
      ++left_out_.same_folders;
    else
      list(std::string(listing.links[i]), listing);
  }
  std::sort(folders_.begin(), folders_.end());
  if (listing.linked_files) find_real_names();
}

// Without recursion, in the order of names.
void PhotoFolder::list(const std::string& folder, Listing& listing) {
  std::vector<std::string> stack = {folder};
  while (!stack.empty()) {
    const std::string name = std::move(stack.back());
    stack.pop_back();
    const fs::path path = name.empty() ? path_ : file(name);
    const std::optional<Status> status = status_of(path);
    if (!status || !folder_ids_.insert(status->id).second) continue;
    std::error_code error;
    fs::directory_iterator entries(path, error);
    listing.below.clear();
    const auto first_link = std::ssize(listing.links);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
      stop_if_requested();
      list_entry(*entries, joined(name, entries->path().filename().native()), listing);
    }
    if (error) {
      ++left_out_.all_unreadable;
      if (left_out_.unreadable.size() < LeftOut::kNamed) left_out_.unreadable.emplace_back(name, error.message());
    }
    folders_.push_back(name);
    std::sort(listing.links.begin() + first_link, listing.links.end());
    std::sort(listing.below.begin(), listing.below.end(), std::greater<>());
    stack.insert(stack.end(), listing.below.begin(), listing.below.end());
  }
}

void PhotoFolder::list_entry(const Entry& entry, const std::string& name, Listing& listing) {
  const bool link = is_link(entry);
  std::error_code none;
  const bool folder = entry.is_directory(none);  // links followed
  if (is_dust(entry.path().filename().native())) {
    if (!folder) {
      left_out_.hidden += name_kind(entry.path().filename().native()) == NameKind::photograph ? 1 : 0;
      return;
    }
    ++left_out_.all_dust_folders;
    left_out_.dust_folders.insert(name);
    if (left_out_.dust_folders.size() > LeftOut::kNamed)
      left_out_.dust_folders.erase(std::prev(left_out_.dust_folders.end()));
    return;
  }
  if (folder)
    (link ? listing.links : listing.below).push_back(name);
  else
    list_file(entry, name, link, listing);
}

void PhotoFolder::list_file(const Entry& entry, const std::string& name, bool link, Listing& listing) {
  const std::optional<Status> status = status_of(entry.path());
  const bool nowhere = !status && link && name_kind(name) == NameKind::photograph;  // told when it is to be read
  if (nowhere) return;
  if (!status || !status->regular || !is_photograph(entry.path())) {
    ++left_out_.other_files;
    return;
  }
  listing.linked_files = listing.linked_files || link;
  if (!link && status->names < 2) return;
  const auto [at, fresh] = names_.try_emplace(status->id, Name{link, name});
  if (fresh) return;
  ++left_out_.same_files;
  at->second = std::min(at->second, Name{link, name});
}

// Files that links lead to and that lie in the folder themselves count by their own names.
void PhotoFolder::find_real_names() {
  for (const std::string& folder : folders_) {
    std::error_code error;
    fs::directory_iterator entries(folder.empty() ? path_ : file(folder), error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
      stop_if_requested();
      const std::string base = entries->path().filename().native();
      if (is_dust(base) || name_kind(base) == NameKind::other || is_link(*entries)) continue;
      const std::optional<Status> status = status_of(entries->path());
      const auto known = status ? names_.find(status->id) : names_.end();
      if (known == names_.end() || !status->regular) continue;
      const Name name{false, joined(folder, base)};
      if (status->names < 2) ++left_out_.same_files;  // the link was not counted as a further name yet
      known->second = std::min(known->second, name);
    }
  }
}

bool PhotoFolder::counts(const Entry& entry, const std::string& name) const {
  const bool link = is_link(entry);
  if (names_.empty() && !link && name_kind(name) == NameKind::photograph) {
    std::error_code none;
    return entry.is_regular_file(none);
  }
  const std::optional<Status> status = status_of(entry.path());
  if (!status) return link && name_kind(name) == NameKind::photograph;
  if (!status->regular || !is_photograph(entry.path())) return false;
  const auto known = names_.find(status->id);
  return known == names_.end() || known->second.name == name;
}

void PhotoFolder::for_each_name(const std::function<bool(const std::string&)>& wanted,
                                const std::function<void(std::string)>& visit) const {
  for (const std::string& folder : folders_) {
    std::error_code error;  // told when the folders were listed
    fs::directory_iterator entries(folder.empty() ? path_ : file(folder), error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
      const std::string base = entries->path().filename().native();
      if (is_dust(base) || name_kind(base) == NameKind::other) continue;
      std::string name = joined(folder, base);
      if (wanted(name) && counts(*entries, name)) visit(std::move(name));
    }
  }
}

bool PhotoFolder::covers(const std::string& path) const {
  std::error_code none;
  for (fs::path place = fs::weakly_canonical(path, none); !place.empty(); place = place.parent_path()) {
    const std::optional<Status> status = status_of(place);
    if (status && folder_ids_.contains(status->id)) return true;
    if (place == place.parent_path()) break;
  }
  return false;
}

std::vector<std::string> PhotoFolder::after(const std::string& last, size_t most) const {
  std::vector<std::string> heap;  // the greatest name first
  const auto wanted = [&](const std::string& name) {
    return name > last && most > 0 && (heap.size() < most || name < heap.front());
  };
  for_each_name(wanted, [&](std::string name) {
    if (heap.size() == most) {
      std::pop_heap(heap.begin(), heap.end());
      heap.pop_back();
    }
    heap.push_back(std::move(name));
    std::push_heap(heap.begin(), heap.end());
  });
  std::sort_heap(heap.begin(), heap.end());
  return heap;
}

PhotoFolder::Count PhotoFolder::count(const std::string& last) const {
  Count count;
  for_each_name([](const std::string&) { return true; },
                [&](const std::string& name) {
                  ++count.all;
                  if (name > last) return;
                  ++count.up_to_last;
                  count.keys += name_key(name);
                });
  return count;
}

std::string PhotoFolder::LeftOut::in_words() const {
  std::vector<std::string> parts;
  const auto counted = [&](int64_t count, const char* one, const char* several) {
    if (count > 0) parts.push_back(fmt::format("{} {}", count, count == 1 ? one : several));
  };
  counted(hidden, "hidden picture", "hidden pictures");
  if (all_dust_folders > 0) {
    constexpr size_t kShown = 3;
    std::vector<std::string> shown;
    for (const std::string& folder : dust_folders)
      if (shown.size() < kShown) shown.push_back(folder);
    const int64_t more = all_dust_folders - std::ssize(shown);
    parts.push_back(fmt::format("the folder{} {}{}", all_dust_folders == 1 ? "" : "s", fmt::join(shown, ", "),
                                more > 0 ? fmt::format(" and {} more", more) : ""));
  }
  counted(same_files, "further name of the same file", "further names of the same files");
  counted(same_folders, "link to a folder that counts already", "links to folders that count already");
  counted(other_files, "file that is no picture", "files that are no pictures");
  if (all_unreadable > 0) {
    const auto& [name, reason] = unreadable.front();
    parts.push_back(fmt::format("{} folder{} that cannot be read ({}: {})", all_unreadable,
                                all_unreadable == 1 ? "" : "s", name.empty() ? "." : name, reason));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace phosphene
