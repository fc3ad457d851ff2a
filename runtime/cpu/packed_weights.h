// Weights in the forms that tasks read them in, kept once for all tasks of a backend and of its teams.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runtime/backend.h"
#include "runtime/tensor.h"

namespace phosphene {

// Packed numbers, aligned to 64 bytes: they live as long as a copy of this.
struct Packed {
  std::shared_ptr<const std::byte> numbers;
  int64_t bytes = 0;
  bool shared = false;  // they were there before they were asked for

  // For libraries that take no pointer to const. Nobody writes there.
  [[nodiscard]] std::byte* data() const { return const_cast<std::byte*>(numbers.get()); }
};

// Adds what a task holds to its accounts.
void account(PlannedTask& planned, const Packed& packed);

// Writes packed numbers into memory of the size asked for, which holds anything before.
using WritePacked = std::function<void(std::byte*)>;

// Any thread may call it, and let go of what it gave.
class PackedWeights : public std::enable_shared_from_this<PackedWeights> {
 public:
  // Numbers that no task holds any longer are kept up to so many bytes, those that were let go of last: a sweep over the blocks of a
  // layer plans one program after another that differ in their last convolution alone. They count as memory that is used.
  static constexpr int64_t kMostUnused = int64_t{64} << 20;

  // What it gives keeps it alive: it must be owned by a shared pointer.
  explicit PackedWeights(int64_t most_unused = kMostUnused) : most_unused_(most_unused) {}
  static std::shared_ptr<PackedWeights> make(int64_t most_unused = kMostUnused) {
    return std::make_shared<PackedWeights>(most_unused);
  }

  // The numbers of `weights` in a form, written unless they are there. `form` names all that `write` makes its bytes of besides the
  // numbers. Weights are the same where owner, address and shape are, and an owner is never taken for a later one at its address.
  // Those without an owner are packed each time. One thread writes at a time: the teams of a run want the same weights in the same
  // order, so that one packs them and the others find them.
  [[nodiscard]] Packed get(const Weights& weights, const std::string& form, int64_t bytes, const WritePacked& write);

  // Memory that is shared with nobody.
  [[nodiscard]] static Packed alone(int64_t bytes, const WritePacked& write);

  struct Held {
    int64_t used = 0, unused = 0;  // bytes: of what tasks hold, and of what is kept besides
    int64_t written = 0;           // how often numbers were packed
  };
  [[nodiscard]] Held held() const;

 private:
  struct Entry {
    std::weak_ptr<const void> owner;  // may have died; what is left of it keeps its identity
    std::vector<int64_t> shape;
    std::string form;
    Packed packed;
    int64_t tasks = 0;       // that hold it
    uint64_t let_go_at = 0;  // by the last of them, in the order of such events
  };
  using Entries = std::multimap<const float*, Entry>;  // by address
  class Hold;

  [[nodiscard]] Entries::iterator find(const Weights& weights, const std::string& form);
  [[nodiscard]] Packed hold(Entries::iterator at, bool shared);
  void let_go(Entries::iterator at);
  Entries::iterator drop(Entries::iterator at);
  void drop_what_cannot_be_asked_for();
  void drop_what_is_too_much();

  int64_t most_unused_;
  mutable std::mutex mutex_;  // of all below
  Entries entries_;
  Held held_;
  uint64_t let_go_ = 0;  // how often
};

// A bias of `storage`; nothing where there is none.
std::optional<Packed> pack_bias(PackedWeights& packed, const Weights& bias, DType storage = DType::f32);

}  // namespace phosphene
