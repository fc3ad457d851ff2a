// Files that must survive a crash, a full disk and a wrong path. A file has its new contents as a whole or its old ones; what
// is not an ordinary file is never replaced by one. All functions throw the user's Error, with the path and the system's reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace phosphene {

// A file that is being written. What is at `path` decides how:
//   nothing, or an ordinary file   written to a temporary file in the same folder, which is named with the process id, flushed
//                                  to the disk and renamed by commit(). Mode and, where permitted, owner of the old file stay.
//   a link                         its target is written as above, and may not exist yet; the link stays
//   a pipe, a character device,    the bytes are streamed into it as they come. /dev/stdout and /dev/fd/N are streams too,
//   a descriptor of ours           whatever they lead to.
//   anything else                  refused: a folder, a block device, a socket
class NewFile {
 public:
  explicit NewFile(const std::string& path);
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile();  // without commit(): the temporary file is removed, `path` is as it was

  void write(std::span<const std::byte> bytes);
  void commit();  // once, at the end
  // The same unless something is at `path` by now; false then. Not for streams.
  bool commit_new();
  // Gives the contents the name `path` as well, without waiting for the disk; false where something is there, none where the file system
  // has no links.
  std::optional<bool> link_unflushed();

 private:
  void open_stream(const std::string& path);
  void open_temporary();
  void flush_contents() const;
  void finish_rename();
  [[noreturn]] void fail_with(int fault) const;

  std::string path_;       // as it was given: for errors
  std::string target_;     // with links followed; "" for a stream
  std::string temporary_;  // "" for a stream, and once renamed
  size_t slot_ = 0;        // in the table of temporary files
  int descriptor_ = -1;
};

// Removes the temporary files of all that is being written, for a program that ends without its destructors: a signal handler may call it.
void remove_temporaries() noexcept;

// A NewFile with these contents.
void write_file(const std::string& path, std::string_view contents);

// The same unless something is at `path` already: false, and that stays. Of several processes that do so at once, one makes the file;
// where a file system has neither links nor a rename that refuses, the last one does.
bool write_new_file(const std::string& path, std::string_view contents);

// Creates a file in one piece with its name and, where there are links, its contents: of several processes on whatever machines exactly
// one gets `yes`. Not flushed to the disk. Throws for any other reason than a name that is taken or a folder that is not there.
enum class Created : uint8_t { yes, exists, no_folder };
Created create_file(const std::string& path, std::string_view contents);

// Whether a file is there and its last bytes are these: what once was written whole may since have been cut short.
bool file_ends_with(const std::string& path, std::string_view ending);

// Adds to the end of a file, which is made if it is not there. Neither atomic nor flushed to the disk: for logs.
void append_to_file(const std::string& path, std::string_view text);

// Removes the temporary files of NewFiles in this folder whose process was killed. Those of processes that run, here or on another machine,
// stay. "" is the folder that one stands in. Does
// nothing for a folder that is not there or may not be changed.
void remove_leftovers(const std::string& folder);

// Whether a file of this name, without its folder, is a NewFile's temporary one.
bool is_temporary_name(const std::string& name);

// Makes a folder, and those above it, unless it is there.
void make_folder(const std::string& path);

// Whether `path` names the file or pipe that is our standard output, where nothing else should then be printed.
bool is_standard_output(const std::string& path);

}  // namespace phosphene
