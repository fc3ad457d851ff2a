// A step's tasks as a CUDA graph.
#pragma once

#include "runtime/cuda/device.h"

namespace phosphene {

// The first run enqueues every task, so that libraries load what they load; the second records them as one CUDA graph; from then
// on the graph is launched. Nothing that a task enqueues may depend on the host: step numbers and random keys lie in memory.
class RecordedSequence final : public Sequence {
 public:
  // `record` false: every run enqueues every task.
  RecordedSequence(Device& device, std::vector<Task*> tasks, bool record)
      : Sequence(std::move(tasks)), device_(device), record_(record) {}
  ~RecordedSequence() override;  // waits: what is enqueued needs the tasks' memory and code

  void run() override;

 private:
  void record();

  Device& device_;
  bool record_;
  int64_t runs_ = 0;
  cudaGraphExec_t graph_ = nullptr;
};

}  // namespace phosphene
