// A planned graph: a flat list of tasks over one arena, replayed once per optimisation step.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/backend.h"
#include "runtime/graph.h"
#include "runtime/memory_plan.h"
#include "runtime/states.h"

namespace phosphene {

struct Instruction;

struct ProgramOptions {
  bool fused = true;
#ifdef NDEBUG
  bool check_memory = false;
#else
  bool check_memory =
      true;  // fill dead values with NaN, put sentinels behind each value and check them after each step
#endif
  bool take_memory = true;  // at once, or when Program::take_memory is called
};

class Program {
 public:
  // One line of the plan, for `inspect --explain` and `bench`.
  struct Step {
    std::string layer;
    std::string kind;
    std::string implementation;
    std::vector<Attempt> attempts;
    Shape dst;
    double flops = 0;
    int64_t bytes = 0;  // operands, each read or written once
    int64_t workspace_bytes = 0;
    int64_t constant_bytes = 0, shared_bytes = 0;  // of PlannedTask
  };

  // Drops what neither `keep` nor a state needs, fuses (runtime/fuse.h), chooses implementations, lays out memory and takes it.
  // `keep`: transient values that can be read after run(). `backend` and `states` must outlive the program. Throws OutOfMemory
  // before it would take more memory than is available.
  Program(Graph graph, const std::vector<ValueId>& keep, Backend& backend, States& states, ProgramOptions options = {});

  // The arena, the constants and the memory of the states; once, before anything is run.
  void take_memory();
  // What that will be, without the states.
  [[nodiscard]] int64_t bytes_to_take() const { return arena_ == nullptr ? arena_bytes_ + copied_bytes_ : 0; }

  // Throws Stopped (runtime/stop.h) when that is asked for: before it, or on the CPU between two tasks.
  void run();

  // Adds the seconds of each step to `seconds` (resized to the steps); for benchmarks. A device may run each several times
  // (Backend::time): values and states have no meaning afterwards.
  void run_timed(std::vector<double>& seconds);

  // A kept value, or a state, in the order of its layout; float64 is rounded, bfloat16 widened.
  [[nodiscard]] std::vector<float> read(ValueId value) const;
  // The same as N C H W.
  [[nodiscard]] HostTensor read_nchw(ValueId value) const;
  // Of any type, as it lies in memory.
  [[nodiscard]] std::vector<std::byte> read_bytes(ValueId value) const;

  // Starts to read a kept value; the program may not run again before it is done.
  [[nodiscard]] std::unique_ptr<Transfer> start_read(ValueId value) const;

  // A sum of products that may have left float32.
  struct Overflow {
    std::string layer, source;  // whose sums, and the layer before it
    float magnitude = 0;        // of the source; infinite where it is not finite
  };
  // What was seen of a step.
  struct Look {
    std::vector<std::optional<Overflow>> overflows;  // by image: the first
    std::vector<float> numbers;                      // of the value that was asked for, in the order of its layout
  };
  // Runs task by task. `images`: of how many the sources of sums of products are looked at (runtime/overflow.h), none for 0. `value`: one
  // whose numbers are read as soon as they are written; none for kNoValue, and where it was fused away. `updates`: whether states are
  // updated, as by run(). Slow: for the first step, and where something is wrong.
  Look look(int64_t images, ValueId value, bool updates);

  // Runs task by task what updates no state, and names the layer that wrote the first value of image n which is not finite; ""
  // where there is none. Slow; for diagnosing an objective that is not finite.
  [[nodiscard]] std::string first_not_finite(int64_t n);

  [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }
  [[nodiscard]] int64_t arena_bytes() const { return arena_bytes_; }
  // Constants of the graph, packed weights and tables that this program took memory for; and packed weights that were there already,
  // for another program (of the same backend, or of one of its teams) or an earlier step of this one.
  [[nodiscard]] int64_t constant_bytes() const { return constant_bytes_; }
  [[nodiscard]] int64_t shared_bytes() const { return shared_bytes_; }
  [[nodiscard]] const Graph& graph() const { return graph_; }

 private:
  void note_operands(const std::vector<Instruction>& list, const std::vector<ValueId>& keep);
  void find_lifetimes(const std::vector<Instruction>& list, const std::vector<ValueId>& keep);
  void choose_implementations(const std::vector<Instruction>& list);
  void share_memory(const std::vector<Instruction>& list);
  void lay_out();
  void check_step(size_t index);
  // `numbers`: room that is used again.
  void look_at_source(size_t index, std::vector<std::optional<Overflow>>& overflows, std::vector<float>& numbers) const;
  float largest_of_image(ValueId value, int64_t n, int64_t images, std::vector<float>& part) const;
  // `wanted` of its elements, from `first` on.
  void read_into(ValueId value, int64_t first, int64_t wanted, std::vector<float>& numbers) const;

  Graph graph_;
  Backend& backend_;
  States& states_;
  ProgramOptions options_;
  std::unique_ptr<Memory> arena_;  // null until memory is taken
  std::vector<std::unique_ptr<Memory>> constants_;
  std::vector<std::byte*> pointers_;  // by ValueId; null where a value has no memory
  std::vector<std::unique_ptr<Task>> tasks_;
  std::unique_ptr<Sequence> sequence_;
  std::vector<Step> steps_;
  std::vector<ValueId> stored_;                   // the states and constants that are used
  std::vector<std::vector<ValueId>> operands_;    // by step
  std::map<ValueId, Lifetime> lifetimes_;         // of the transient values that own memory
  std::map<ValueId, ValueId> owners_;             // of those that share it
  std::vector<int64_t> offsets_;                  // in the arena: of these, then of the workspaces
  std::vector<std::vector<ValueId>> dies_after_;  // by step
  std::vector<std::vector<ValueId>> writes_;      // by step
  std::vector<bool> updates_state_;               // by step
  std::vector<float> safe_sources_;               // by step: largest_safe_source
  std::vector<int> in_place_;                     // by step: PlannedTask::in_place
  int64_t arena_bytes_ = 0;
  int64_t constant_bytes_ = 0, shared_bytes_ = 0;
  int64_t copied_bytes_ = 0;  // of the constants those of the graph, which are copied when memory is taken
};

}  // namespace phosphene
