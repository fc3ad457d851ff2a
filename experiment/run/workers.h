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
#include "experiment/run/writer.h"

namespace phosphene {

class Workers {
 public:
  // A worker for each of the backends, which outlive this and are used by no other thread meanwhile.
  using Render = std::function<bool(const ClaimedBatch& claimed, Programs& programs)>;

  explicit Workers(std::vector<std::unique_ptr<Programs>> programs) : programs_(std::move(programs)) {}

  // Calls `render` for each batch of the queue, which returns whether the batch came to its end, and gives the batch back when `writer` has
  // done what it was given before. A single
  // worker is the calling thread. One that finds too little memory while others work leaves its batch to them, and ends. After any other
  // exception the others stop after their step, and it is thrown.
  void run(WorkQueue& queue, Writer& writer, const Render& render, const std::function<bool()>& stop_asked);

  [[nodiscard]] Programs& first() const { return *programs_.front(); }
  [[nodiscard]] size_t count() const { return programs_.size(); }
  // Set once a worker has failed.
  [[nodiscard]] const std::atomic<bool>& halt() const { return halt_; }

 private:
  void work(Programs& programs, WorkQueue& queue, Writer& writer, const Render& render,
            const std::function<bool()>& stop_asked);
  bool end(uint64_t returned);
  bool leave_to_others(const Batch& batch, WorkQueue& queue);

  std::vector<std::unique_ptr<Programs>> programs_;
  std::atomic<bool> halt_ = false;
  std::mutex mutex_;
  std::exception_ptr failure_;
  size_t at_work_ = 0;
  std::atomic<uint64_t> returned_ = 0;  // batches that were left to others
};

}  // namespace phosphene
