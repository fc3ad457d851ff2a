// How pickle.cpp reads a pickle: the machine that a pickle is a program for, with its stack, marks in the stack, and a memo.
#pragma once

#include <cstring>
#include <optional>

#include "loaders/pickle/pickle.h"
#include "runtime/error.h"

namespace phosphene {

class PickleMachine {
 public:
  PickleMachine(const std::string& place, std::span<const std::byte> bytes, std::span<const std::string_view> allowed)
      : place_(place), bytes_(bytes), allowed_(allowed) {
    for (const int64_t value : {0, 1}) constants_.push_back(add({.kind = Kind::boolean, .integer = value}));
    none_ = add({});
    empty_tuple_ = add({.kind = Kind::tuple});
  }

  Pickle run();

 private:
  using Kind = PickleNode::Kind;
  // A network of ten thousand tensors takes a fifth of each.
  static constexpr size_t kMaxNodes = size_t{1} << 20;    // of 64 bytes
  static constexpr size_t kMaxItems = size_t{1} << 22;    // of 4 bytes, in all nodes together
  static constexpr size_t kMaxOpcodes = size_t{1} << 24;  // some tenths of a second
  static constexpr size_t kMaxStack = size_t{1} << 20;
  static constexpr size_t kMaxMemo = size_t{1} << 20;
  static constexpr size_t kMaxName = 1000;  // letters of a global, or of its module
  static constexpr size_t kOwnedAtLeast = size_t{64} << 10;
  static constexpr int kMaxProtocol = 5;
  static constexpr PickleId kNothing = ~PickleId{0};

  template <class... Arguments>
  [[noreturn]] void refuse(fmt::format_string<Arguments...> what, Arguments&&... arguments) const {
    fail(place_, "the pickle {} (at byte {})", fmt::format(what, std::forward<Arguments>(arguments)...), opcode_at_);
  }

  // The file's bytes.
  std::string_view take(uint64_t count) {
    if (count > bytes_.size() - at_) refuse("ends within an opcode: it is truncated or damaged");
    const std::string_view taken{reinterpret_cast<const char*>(bytes_.data()) + at_, count};
    at_ += count;
    return taken;
  }
  template <class Number>
  Number number() {
    Number value;
    std::memcpy(&value, take(sizeof(value)).data(), sizeof(value));
    return value;
  }
  std::string_view line() {
    const std::string_view rest{reinterpret_cast<const char*>(bytes_.data()) + at_, bytes_.size() - at_};
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) refuse("ends within a line: it is truncated or damaged");
    at_ += end + 1;
    return rest.substr(0, end);
  }

  // Nodes.
  PickleId add(PickleNode node) {
    if (pickle_.nodes_.size() == kMaxNodes) refuse("holds more than {} values", kMaxNodes);
    count_items(node.items.size());
    pickle_.nodes_.push_back(std::move(node));
    return static_cast<PickleId>(pickle_.nodes_.size() - 1);
  }
  void count_items(size_t count) {
    items_ += count;
    if (items_ > kMaxItems) refuse("holds more than {} items", kMaxItems);
  }
  // Texts that had to be written anew take at most twice what they came from, which writers keep once.
  std::string_view own(std::string made) {
    owned_bytes_ += made.size();
    if (owned_bytes_ > 2 * bytes_.size() + kOwnedAtLeast) refuse("makes more text than it has bytes for");
    return pickle_.owned_.emplace_back(std::move(made));
  }
  PickleNode& node(PickleId id) { return pickle_.nodes_[id]; }

  // The stack. What stands below the last mark cannot be reached.
  void push(PickleId id) {
    if (stack_.size() == kMaxStack) refuse("needs a stack of more than {} values", kMaxStack);
    stack_.push_back(id);
  }
  void push(PickleNode value) { push(add(std::move(value))); }
  void need(size_t count) const {
    if (stack_.size() - (marks_.empty() ? 0 : marks_.back()) < count)
      refuse("takes more from its stack than it put there");
  }
  PickleId pop() {
    need(1);
    const PickleId top = stack_.back();
    stack_.pop_back();
    return top;
  }
  PickleNode& top() {
    need(1);
    return node(stack_.back());
  }
  std::vector<PickleId> pop_some(size_t count) {
    need(count);
    std::vector<PickleId> items(stack_.end() - static_cast<ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }
  std::vector<PickleId> pop_to_mark() {
    if (marks_.empty()) refuse("takes more from its stack than it put there");
    std::vector<PickleId> items = pop_some(stack_.size() - marks_.back());
    marks_.pop_back();
    return items;
  }

  bool constant(char opcode);
  bool ascii(char opcode);
  bool text(char opcode);
  bool structure(char opcode);
  bool memo(char opcode);
  bool object(char opcode);

  void push_long(std::string_view digits);
  void push_text(Kind kind, std::string_view value) { push({.kind = kind, .text = value}); }
  void push_owned(std::optional<std::string> value) {
    if (!value) refuse("holds a text that is not one");
    push_text(Kind::text, own(std::move(*value)));
  }
  void extend(const std::vector<PickleId>& items, bool pairs);
  void remember(uint64_t key);
  void recall(uint64_t key);
  void push_global(std::string_view module, std::string_view name);
  void reduce();
  void make_instance(PickleId function, PickleId arguments);
  void set_state();
  PickleNode made_dict(const PickleNode& arguments);
  PickleNode made_set(const PickleNode& arguments);
  PickleNode made_bytes(const PickleNode& arguments);
  [[nodiscard]] std::string_view class_name(PickleId function) const;
  Pickle finish();

  const std::string& place_;
  std::span<const std::byte> bytes_;
  std::span<const std::string_view> allowed_;
  size_t at_ = 0, opcode_at_ = 0;
  Pickle pickle_;
  std::vector<PickleId> stack_, memo_, constants_;
  std::vector<size_t> marks_;
  size_t items_ = 0, owned_bytes_ = 0, memo_used_ = 0;
  PickleId none_ = 0, empty_tuple_ = 0;
  PickleId unknown_ = kNothing;  // the first global that is not allowed: it may be called, or only stand there
};

}  // namespace phosphene
