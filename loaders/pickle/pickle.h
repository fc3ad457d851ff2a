// Python's pickles (protocols 0 to 5), read as data. Nothing is executed: what a pickle would call stays a node that names the
// function and its arguments, and any function or class that the caller has not listed makes the pickle refused.
// The opcodes are those that Python's pickletools documents.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phosphene {

using PickleId = uint32_t;  // of a node within its Pickle

struct PickleNode {
  enum class Kind : uint8_t {
    none,
    boolean,      // integer: 0 or 1
    integer,      // of at most 64 bits
    big_integer,  // of more bits; text: as the file writes it
    real,
    text,  // in UTF-8 as far as the file is right; Python 2's strings too, which may hold any bytes
    bytes,
    list,
    tuple,
    set,
    dict,    // items: key, value, key, value ...
    global,  // text: "module.name"
    call,    // items: function, tuple of arguments; of a class: an instance of it. Then its states, if BUILD gave any
    persistent,  // items: what the file calls the object, which lies outside the pickle
  };
  Kind kind = Kind::none;
  int64_t integer = 0;
  double real = 0;
  std::string_view text = {};
  std::vector<PickleId> items = {};
};

// One pickle. Nodes may refer to each other in circles: who walks them bounds the depth. Memory is bounded (by 200 MB, and twice the file's
// size where texts are escaped), and so are the numbers of nodes, opcodes and memo entries.
class Pickle {
 public:
  using Kind = PickleNode::Kind;

  // Reads the pickle at the begin of `bytes`, which must live as long as the result. `allowed`: the globals, sorted, that it may
  // name; `place` names the file in errors.
  static Pickle read(const std::string& place, std::span<const std::byte> bytes,
                     std::span<const std::string_view> allowed);

  [[nodiscard]] const PickleNode& node(PickleId id) const { return nodes_[id]; }
  [[nodiscard]] size_t size() const { return nodes_.size(); }  // every id is below
  [[nodiscard]] PickleId root() const { return root_; }
  [[nodiscard]] size_t bytes() const { return bytes_; }  // that it takes of the file

  // The name of the function that a call names, or of a global; "" for another node.
  [[nodiscard]] std::string_view called(PickleId id) const;
  // An argument of a call; null when there are fewer.
  [[nodiscard]] const PickleNode* argument(const PickleNode& call, size_t index) const;
  // The value of a text key; null when there is none. The last where there are several, as Python has it.
  [[nodiscard]] const PickleNode* value(const PickleNode& dict, std::string_view key) const;

 private:
  friend class PickleMachine;
  std::deque<PickleNode> nodes_;
  std::deque<std::string> owned_;  // texts that are not in the file as they are
  PickleId root_ = 0;
  size_t bytes_ = 0;
};

}  // namespace phosphene
