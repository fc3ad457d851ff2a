// The interface of a backend: memory, and for every problem a task, or a refusal with its reason.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/error.h"
#include "runtime/gradient_epilogues.h"
#include "runtime/interface.h"
#include "runtime/tensor.h"

namespace phosphene {

class Problem;

// One planned step. `bind` is called after memory has been laid out (by autotuning also before); `run` allocates nothing, checks
// nothing.
class Task : public Interface {
 public:
  virtual void bind(std::span<std::byte* const> operands, std::byte* workspace) = 0;
  virtual void run() = 0;
};

// An implementation that was asked for a problem: its reason for refusing, or "" for the one that was taken.
struct Attempt {
  std::string implementation;
  std::string refusal;
};

struct PlannedTask {
  std::unique_ptr<Task> task;
  std::string implementation;     // "onednn jit:avx2", "kernel"
  std::vector<Attempt> attempts;  // in the order tried, the one taken last
  int64_t workspace_bytes = 0;
  int64_t constant_bytes = 0;  // packed weights and tables that were made for this task
  int64_t shared_bytes = 0;    // packed weights it holds that were there already, for another task
  int in_place = -1;           // the source in whose memory the destination is best written, where it dies here
};

// Memory of a backend, zeroed, aligned to 64 bytes or more. The address may be a device's. On the CPU a page is taken when it is
// first written.
class Memory : public Interface {
 public:
  [[nodiscard]] virtual std::byte* data() const = 0;
  [[nodiscard]] virtual int64_t bytes() const = 0;
};

// A backend's memory, in bytes.
struct MemoryUse {
  int64_t used = 0;       // now; on the CPU what this process has resident, on a GPU what is taken of it by anyone
  int64_t peak = 0;       // the most of it so far
  int64_t available = 0;  // that this process can still take
  std::string limit;      // the tightest limit: "the machine", "a cgroup", "ulimit -v"
};

// More memory is needed than is available; a caller may retry with a smaller batch.
class OutOfMemory : public Error {
 public:
  using Error::Error;
};

// Planned tasks in the order they run, again and again; a backend may record them once and replay the recording.
class Sequence : public Interface {
 public:
  explicit Sequence(std::vector<Task*> tasks) : tasks_(std::move(tasks)) {}

  virtual void run() {
    for (Task* task : tasks_) task->run();
  }

 protected:
  std::vector<Task*> tasks_;
};

// A copy to the host that is under way beside tasks asked for after it.
class Transfer : public Interface {
 public:
  [[nodiscard]] virtual bool done() const = 0;
  // Waits for the bytes; they live as long as the transfer.
  [[nodiscard]] virtual std::span<const std::byte> bytes() = 0;
};

// Which implementation was found to be the fastest: a problem in words, and the implementation's name.
using ImplementationChoices = std::map<std::string, std::string>;

// A device's peak speed, per second.
struct Peaks {
  double flops = 0;  // of a large matrix product
  double bytes = 0;  // read and written by a large copy
};

class Backend : public Interface {
 public:
  [[nodiscard]] virtual std::string description() const = 0;        // "cpu: oneDNN 2.6.3, 2 threads"
  [[nodiscard]] virtual std::string warning() const { return ""; }  // what makes it slower than it could be
  // Another backend of this device, for programs that are planned and run on another thread of the host while this one's are. It has
  // `threads` of its own (0: one per core), packed weights and implementations chosen by measurement in common with this one, and
  // computes the same bytes. Either may outlive the other. A backend and what was planned on it belong to one thread at a time, which
  // may be another one later. Throws for a device that runs one program at a time.
  [[nodiscard]] virtual std::unique_ptr<Backend> team(int threads);
  [[nodiscard]] virtual std::unique_ptr<Memory> allocate(int64_t bytes) = 0;
  [[nodiscard]] virtual MemoryUse memory() const = 0;
  // Copies from and to the host, in order with the tasks; the host's bytes may be reused, or are there, on return.
  virtual void write(std::byte* dst, std::span<const std::byte> src) = 0;
  virtual void read(std::span<std::byte> dst, const std::byte* src) = 0;
  // Starts to copy what the tasks asked for so far leave at `src`. Until it is done no task may be asked for that writes there.
  [[nodiscard]] virtual std::unique_ptr<Transfer> start_read(const std::byte* src, int64_t bytes);

  // Chooses an implementation. `where` is the layer's name, for errors.
  [[nodiscard]] virtual PlannedTask plan(const Problem& problem, const std::string& where) = 0;

  // The tasks must outlive it.
  [[nodiscard]] virtual std::unique_ptr<Sequence> sequence(std::vector<Task*> tasks) {
    return std::make_unique<Sequence>(std::move(tasks));
  }
  // Those of the problems planned so far that were chosen by measurement; a run that goes on must make them again.
  [[nodiscard]] virtual ImplementationChoices implementation_choices() const { return {}; }
  // Of convolutions whose values are stored as `storage`.
  [[nodiscard]] virtual GradientEpilogues gradient_epilogues(DType /*storage*/) const { return {}; }
  // Offsets in an arena are multiples of this.
  [[nodiscard]] virtual int64_t alignment() const { return 64; }
  // Waits until everything asked for has been done: read() does so by itself, for what it reads.
  virtual void wait() {}
  // Seconds of one run of a task that has been bound. It may be run several times, each on what the one before left in memory.
  virtual double time(Task& task);
  // Measures, for as long as a second; `storage` is that of the product's factors.
  [[nodiscard]] virtual Peaks measure_peaks(DType storage) = 0;
};

// Throws OutOfMemory unless `bytes` more are available, with 5 % to spare because a prediction may be wrong.
void require_memory(const Backend& backend, int64_t bytes);

}  // namespace phosphene
