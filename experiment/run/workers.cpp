#include "experiment/run/workers.h"

#include <thread>
#include <utility>

namespace phosphene {

void Workers::work(Programs& programs, WorkQueue& queue, const Render& render,
                   const std::function<bool()>& stop_asked) {
  while (!halt_ && !stop_asked()) {
    const std::optional<ClaimedBatch> claimed = queue.next();
    if (!claimed) return;
    bool finished = false;
    try {
      finished = render(*claimed, programs);
    } catch (...) {
      queue.give_back(claimed->batch, false);
      throw;
    }
    queue.give_back(claimed->batch, finished);
  }
}

void Workers::run(WorkQueue& queue, const Render& render, const std::function<bool()>& stop_asked) {
  if (count() == 1) return work(first(), queue, render, stop_asked);
  std::vector<std::thread> threads;
  for (const auto& programs : programs_) {
    threads.emplace_back([&, own = programs.get()] {
      try {
        work(*own, queue, render, stop_asked);
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
