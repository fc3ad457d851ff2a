// Threads that render a run's batches beside each other: each takes one after the other from the queue, and runs it on programs of its own.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "experiment/run/programs.h"
#include "experiment/run/work_queue.h"

namespace phosphene {

class Workers {
 public:
  // A worker for each of the backends, which outlive this and are used by no other thread meanwhile.
  using Render = std::function<bool(const ClaimedBatch& claimed, Programs& programs)>;

  explicit Workers(std::vector<std::unique_ptr<Programs>> programs) : programs_(std::move(programs)) {}

  // Calls `render` for each batch of the queue, which returns whether the batch came to its end, and gives the batch back. A single
  // worker is the calling thread. After the first exception the others stop after their step, and it is thrown.
  void run(WorkQueue& queue, const Render& render, const std::function<bool()>& stop_asked);

  [[nodiscard]] Programs& first() const { return *programs_.front(); }
  [[nodiscard]] size_t count() const { return programs_.size(); }
  // Set once a worker has failed.
  [[nodiscard]] const std::atomic<bool>& halt() const { return halt_; }

 private:
  void work(Programs& programs, WorkQueue& queue, const Render& render, const std::function<bool()>& stop_asked);

  std::vector<std::unique_ptr<Programs>> programs_;
  std::atomic<bool> halt_ = false;
  std::mutex mutex_;
  std::exception_ptr failure_;
};

}  // namespace phosphene
