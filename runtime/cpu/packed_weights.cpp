#include "runtime/cpu/packed_weights.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <span>
#include <utility>

#include "runtime/error.h"

namespace phosphene {
namespace {

std::shared_ptr<std::byte> allocate_packed(int64_t bytes) {
  constexpr size_t kAlignment = 64;
  const size_t size = (static_cast<size_t>(std::max<int64_t>(bytes, 1)) + kAlignment - 1) / kAlignment * kAlignment;
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(kAlignment, size));
  if (memory == nullptr) fail("memory", "cannot allocate {} MB for weights", bytes >> 20);
  return {memory, [](std::byte* last) { std::free(last); }};
}

// Of one constructor's shared pointers, wherever they point.
bool same_owner(const std::weak_ptr<const void>& a, const std::shared_ptr<const void>& b) {
  return !a.owner_before(b) && !b.owner_before(a);
}

}  // namespace

void account(PlannedTask& planned, const Packed& packed) {
  (packed.shared ? planned.shared_bytes : planned.constant_bytes) += packed.bytes;
}

// One task's share of an entry, which therefore stays where it is.
class PackedWeights::Hold {
 public:
  Hold(std::shared_ptr<PackedWeights> all, Entries::iterator at) : all_(std::move(all)), at_(at) {}
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  ~Hold() {
    const std::lock_guard lock(all_->mutex_);
    all_->let_go(at_);
  }

 private:
  std::shared_ptr<PackedWeights> all_;
  Entries::iterator at_;
};

Packed PackedWeights::alone(int64_t bytes, const WritePacked& write) {
  const std::shared_ptr<std::byte> numbers = allocate_packed(bytes);
  write(numbers.get());
  return {numbers, bytes, false};
}

Packed PackedWeights::get(const Weights& weights, const std::string& form, int64_t bytes, const WritePacked& write) {
  if (weights.owner == nullptr) return alone(bytes, write);
  const std::lock_guard lock(mutex_);
  if (const auto found = find(weights, form); found != entries_.end()) {
    if (found->second.packed.bytes != bytes)
      fail_internal("packed weights", "{} bytes of a form that has {}", bytes, found->second.packed.bytes);
    return hold(found, true);
  }
  drop_what_cannot_be_asked_for();
  Entry entry{weights.owner, weights.shape, form, alone(bytes, write)};
  const auto added = entries_.emplace(weights.data, std::move(entry));
  ++held_.written;
  held_.unused += bytes;
  return hold(added, false);
}

PackedWeights::Held PackedWeights::held() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

PackedWeights::Entries::iterator PackedWeights::find(const Weights& weights, const std::string& form) {
  const auto [first, last] = entries_.equal_range(weights.data);
  const auto found = std::find_if(first, last, [&](const auto& at) {
    const Entry& entry = at.second;
    return same_owner(entry.owner, weights.owner) && entry.shape == weights.shape && entry.form == form;
  });
  return found == last ? entries_.end() : found;
}

Packed PackedWeights::hold(Entries::iterator at, bool shared) {
  Entry& entry = at->second;
  const auto hold = std::make_shared<const Hold>(shared_from_this(), at);
  if (entry.tasks++ == 0) {
    held_.unused -= entry.packed.bytes;
    held_.used += entry.packed.bytes;
  }
  return {{hold, entry.packed.numbers.get()}, entry.packed.bytes, shared};
}

void PackedWeights::let_go(Entries::iterator at) {
  Entry& entry = at->second;
  if (--entry.tasks > 0) return;
  entry.let_go_at = ++let_go_;
  held_.used -= entry.packed.bytes;
  held_.unused += entry.packed.bytes;
  if (entry.owner.expired())
    drop(at);
  else
    drop_what_is_too_much();
}

PackedWeights::Entries::iterator PackedWeights::drop(Entries::iterator at) {
  held_.unused -= at->second.packed.bytes;
  return entries_.erase(at);
}

void PackedWeights::drop_what_cannot_be_asked_for() {
  for (auto at = entries_.begin(); at != entries_.end();)
    at = at->second.tasks == 0 && at->second.owner.expired() ? drop(at) : std::next(at);
}

void PackedWeights::drop_what_is_too_much() {
  while (held_.unused > most_unused_) {
    auto oldest = entries_.end();
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
      const bool older = oldest == entries_.end() || at->second.let_go_at < oldest->second.let_go_at;
      if (at->second.tasks == 0 && older) oldest = at;
    }
    drop(oldest);
  }
}

std::optional<Packed> pack_bias(PackedWeights& packed, const Weights& bias, DType storage) {
  if (bias.data == nullptr) return std::nullopt;
  const std::span<const float> numbers(bias.data, static_cast<size_t>(bias.elements()));
  const std::string form = storage == DType::bf16 ? "bias bf16" : "bias f32";
  return packed.get(bias, form, bias.elements() * size_of(storage), [&](std::byte* to) {
    const std::vector<uint16_t> halves = storage == DType::bf16 ? to_bf16(numbers) : std::vector<uint16_t>();
    const auto bytes = storage == DType::bf16 ? std::as_bytes(std::span(halves)) : std::as_bytes(numbers);
    std::copy(bytes.begin(), bytes.end(), to);
  });
}

}  // namespace phosphene
