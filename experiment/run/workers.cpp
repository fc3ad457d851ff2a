#include "experiment/run/workers.h"

#include <thread>
#include <utility>

#include "runtime/backend.h"

namespace phosphene {

void Workers::work(Programs& programs, WorkQueue& queue, Writer& writer, const Render& render,
                   const std::function<bool()>& stop_asked) {
  while (!halt_ && !stop_asked()) {
    const uint64_t returned = returned_;
    const std::optional<ClaimedBatch> claimed = queue.next();
    if (!claimed && end(returned)) return;
    if (!claimed) continue;
    try {
      const bool finished = render(*claimed, programs);
      const auto give_back = [&queue, batch = claimed->batch](bool whole) { queue.give_back(batch, whole); };
      writer.give(
          0, [give_back, finished] { give_back(finished); }, [give_back] { give_back(false); });
    } catch (const OutOfMemory&) {
      programs.clear();
      if (leave_to_others(claimed->batch, queue)) return;
      queue.give_back(claimed->batch, false);
      throw;
    } catch (...) {
      queue.give_back(claimed->batch, false);
      throw;
    }
  }
}

// Whether the queue that was empty still is: `returned` batches had been left to others before.
bool Workers::end(uint64_t returned) {
  const std::lock_guard lock(mutex_);
  if (returned_ != returned) return false;
  --at_work_;
  return true;
}

bool Workers::leave_to_others(const Batch& batch, WorkQueue& queue) {
  const std::lock_guard lock(mutex_);
  if (at_work_ <= 1) return false;
  --at_work_;
  queue.put_back(batch);
  ++returned_;
  return true;
}

void Workers::run(WorkQueue& queue, Writer& writer, const Render& render, const std::function<bool()>& stop_asked) {
  at_work_ = count();
  if (count() == 1) return work(first(), queue, writer, render, stop_asked);
  std::vector<std::thread> threads;
  for (const auto& programs : programs_) {
    threads.emplace_back([&, own = programs.get()] {
      try {
        work(*own, queue, writer, render, stop_asked);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (failure_ == nullptr) failure_ = std::current_exception();
        halt_ = true;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (failure_ != nullptr) std::rethrow_exception(std::exchange(failure_, nullptr));
}

}  // namespace phosphene
