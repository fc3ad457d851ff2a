// The photographs in a folder and below, in the order of their names, in memory that does not grow with their number: a scan of the
// folder finds the next few thousand names, and nothing of the others is kept. What is kept are the folders' names, and of files that
// have several names (links, hard links) the one that counts.
//
// A photograph is a file that ends like a picture's, whatever the case, or without an ending begins as a PNG or JPEG does
// (photo_names.h). What such a file holds shows when it is read.
//   - Links to files and folders are followed. Each real file and each real folder counts once, so loops end: a folder by the place
//     where it is, else by the first link to it; a file of several names by the first that is no link, else by the first.
//   - What systems keep for themselves (is_dust) is left out, except the folder itself. A folder that cannot be opened is left out and
//     named. Pipes and devices are no photographs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace phosphene {

// A number per photograph that looks random and depends on its name alone.
uint64_t name_key(const std::string& name);

class PhotoFolder {
 public:
  // Lists the folders below. Throws if it is not a folder, or cannot be read.
  explicit PhotoFolder(std::string path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const;

  // The first `most` names after `last` in byte order, relative to the folder. They are bytes, and may be no UTF-8.
  [[nodiscard]] std::vector<std::string> after(const std::string& last, size_t most) const;

  struct Count {
    int64_t all = 0;
    int64_t up_to_last = 0;
    uint64_t keys = 0;  // the sum of the keys of the names up to `last`: another sum, other photographs
  };
  [[nodiscard]] Count count(const std::string& last) const;

  // Whether `path`, which need not exist, lies in one of the folders, links included.
  [[nodiscard]] bool covers(const std::string& path) const;

  // What the listing passed over.
  struct LeftOut {
    int64_t hidden = 0;                  // files that end like a picture's, but are dust
    std::set<std::string> dust_folders;  // relative names, the first kNamed
    int64_t all_dust_folders = 0;
    int64_t same_files = 0;                                       // further names of photographs
    int64_t same_folders = 0;                                     // links to folders that count elsewhere
    int64_t other_files = 0;                                      // that are no pictures
    std::vector<std::pair<std::string, std::string>> unreadable;  // folders and reasons, at most kNamed
    int64_t all_unreadable = 0;

    static constexpr size_t kNamed = 20;
    // "2 hidden files; the folders .thumbnails and @eaDir; ..."; "" for nothing.
    [[nodiscard]] std::string in_words() const;
  };
  [[nodiscard]] const LeftOut& left_out() const { return left_out_; }

 private:
  using FileId = std::pair<uint64_t, uint64_t>;  // device, inode
  struct Name {
    bool link = false;
    std::string name;
    bool operator<(const Name& other) const { return std::tie(link, name) < std::tie(other.link, other.name); }
  };
  using Entry = std::filesystem::directory_entry;
  struct Listing;

  void list_folders();
  void list(const std::string& folder, Listing& listing);
  void list_entry(const Entry& entry, const std::string& name, Listing& listing);
  void list_file(const Entry& entry, const std::string& name, bool link, Listing& listing);
  void find_real_names();
  [[nodiscard]] bool counts(const Entry& entry, const std::string& name) const;
  // The photographs among the names that `wanted` accepts.
  void for_each_name(const std::function<bool(const std::string&)>& wanted,
                     const std::function<void(std::string)>& visit) const;

  std::string path_;
  std::vector<std::string> folders_;  // relative, "" for the folder itself
  std::set<FileId> folder_ids_;
  std::map<FileId, Name> names_;  // of the files that have several
  LeftOut left_out_;
};

}  // namespace phosphene
