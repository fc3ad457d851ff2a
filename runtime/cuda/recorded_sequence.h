// Tasks as CUDA graphs.
#pragma once

#include <array>
#include <functional>

#include "runtime/cuda/device.h"

namespace phosphene {

// What `enqueue` enqueues, recorded once. Nothing of it may depend on the host: step numbers and random keys lie in memory.
class Recording {
 public:
  Recording(Device& device, const std::function<void()>& enqueue);
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
  ~Recording();  // waits: what is enqueued needs the tasks' memory and code

  void launch();

 private:
  Device& device_;
  cudaGraphExec_t graph_ = nullptr;
};

// Lets the host be ahead of a GPU by so many steps that the GPU never waits, and by no more: a program that is interrupted ends soon.
class StepQueue {
 public:
  explicit StepQueue(Device& device);
  StepQueue(const StepQueue&) = delete;
  StepQueue& operator=(const StepQueue&) = delete;
  ~StepQueue();

  void step_was_enqueued();

 private:
  Device& device_;
  std::array<cudaEvent_t, 2> marks_{};  // behind the last steps that were a multiple of kStepsBetweenMarks
  size_t next_ = 0;
  int64_t steps_ = 0;
};

// The first run enqueues every task, so that libraries load what they load; the second records them; from then on the recording is
// launched.
class RecordedSequence final : public Sequence {
 public:
  // `record` false: every run enqueues every task.
  RecordedSequence(Device& device, std::vector<Task*> tasks, bool record)
      : Sequence(std::move(tasks)), device_(device), queue_(device), record_(record) {}
  ~RecordedSequence() override { device_.wait_quietly(); }

  void run() override;

 private:
  Device& device_;
  StepQueue queue_;
  bool record_;
  int64_t runs_ = 0;
  std::unique_ptr<Recording> recording_;
};

// Seconds of one run of a task that has been bound, by the GPU's clock: the mean of as many as take a millisecond or two, at most
// 50, recorded as one so that the host's time for a launch is not counted. Each computes from what the one before left in memory.
double seconds_of(Device& device, Task& task);

}  // namespace phosphene
