// Threads of a block as fibers. A fiber runs threads one after the other until one of them waits for others; then another
// fiber takes over, so that kernels whose threads never wait cost one switch a block. What goes on next is drawn at random.
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "tests/cuda_sim/device.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace phosphene::sim {
namespace {

constexpr size_t kStackBytes = size_t{256} << 10, kPage = 4096;
constexpr unsigned kWarp = 32;
constexpr uint64_t kGarbage = ~uint64_t{0};

// Registers that a switch keeps, as __builtin_setjmp does: the compiler saves the others around it.
using Context = void* [5];

struct Fiber {
  Context context;
  ucontext_t start;
  bool started = false;
};

struct Thread {
  enum { fresh, running, at_warp, at_barrier, ready, returned } state = fresh;
  uint3 index{};
  Fiber* fiber = nullptr;
  // Of the warp operation or barrier that it waits at:
  unsigned mask = 0, source = 0;
  uint64_t bits = 0;
  Site where{};
};

struct Scheduler {
  const std::function<void()>* body = nullptr;
  std::vector<Thread> threads;
  std::vector<unsigned> order;   // in which threads start
  size_t started = 0, left = 0;  // threads
  std::vector<unsigned> ready;   // threads that waited and may go on
  std::vector<Fiber*> idle;
  Context context;
  Fiber* fiber = nullptr;  // the running one
  unsigned thread = 0;     // the one it runs
};
Scheduler& scheduler = *new Scheduler;  // operations run one at a time

// A function of its own: no function may jump to a context and save one.
[[noreturn, gnu::noinline]] void jump(Context& to) { __builtin_longjmp(to, 1); }

[[gnu::noinline]] void resume(Fiber& fiber) {
  scheduler.fiber = &fiber;
  if (__builtin_setjmp(scheduler.context) != 0) return;
  if (fiber.started) jump(fiber.context);
  fiber.started = true;
  setcontext(&fiber.start);
}

[[gnu::noinline]] void leave(Fiber& fiber) {
  if (__builtin_setjmp(fiber.context) == 0) jump(scheduler.context);
}

void become(unsigned thread) {
  scheduler.thread = thread;
  scheduler.threads[thread].state = Thread::running;
  threadIdx = scheduler.threads[thread].index;
}

void run_fiber() {
  Fiber& fiber = *scheduler.fiber;
  for (;;) {
    while (scheduler.started < scheduler.order.size()) {
      const unsigned thread = scheduler.order[scheduler.started++];
      become(thread);
      scheduler.threads[thread].fiber = &fiber;
      (*scheduler.body)();
      scheduler.threads[thread].state = Thread::returned;
      --scheduler.left;
    }
    scheduler.idle.push_back(&fiber);
    leave(fiber);
  }
}

// Never freed: the next kernel has as many threads.
Fiber* new_fiber() {
  auto* fiber = new Fiber;
  void* map = mmap(nullptr, kStackBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) die("no memory for a fiber");
  mprotect(static_cast<char*>(map) + kPage, kStackBytes - kPage, PROT_READ | PROT_WRITE);
  getcontext(&fiber->start);
  fiber->start.uc_stack.ss_sp = static_cast<char*>(map) + kPage;
  fiber->start.uc_stack.ss_size = kStackBytes - kPage;
  fiber->start.uc_link = nullptr;
  makecontext(&fiber->start, run_fiber, 0);
  return fiber;
}

void make_ready(unsigned thread) {
  scheduler.threads[thread].state = Thread::ready;
  scheduler.ready.push_back(thread);
}

// Completes the warp operation that a thread waits at once all lanes of its mask have come, or have returned.
bool complete_warp(unsigned waiting) {
  auto& threads = scheduler.threads;
  const unsigned first = waiting / kWarp * kWarp, mask = threads[waiting].mask;
  std::vector<unsigned> present;
  for (unsigned lane = 0; lane < kWarp && first + lane < threads.size(); ++lane) {
    const Thread& thread = threads[first + lane];
    if ((mask >> lane & 1U) == 0 || thread.state == Thread::returned) continue;
    if (thread.state != Thread::at_warp || thread.mask != mask) return false;
    present.push_back(first + lane);
  }
  uint64_t given[kWarp];
  std::fill(std::begin(given), std::end(given), kGarbage);
  for (const unsigned thread : present) given[thread - first] = threads[thread].bits;
  for (const unsigned thread : present) {
    threads[thread].bits = given[threads[thread].source % kWarp];
    make_ready(thread);
  }
  return true;
}

std::string describe(unsigned thread) {
  const Thread& t = scheduler.threads[thread];
  return std::string(t.where.file) + ":" + std::to_string(t.where.line) + ": thread " + std::to_string(thread);
}

// When nobody can run: what threads that returned were waited for, then the barrier.
void release() {
  auto& threads = scheduler.threads;
  unsigned waiting = 0;
  bool released = false;
  for (unsigned i = 0; i < threads.size(); ++i)
    if (threads[i].state == Thread::at_warp) released |= complete_warp(waiting = i);
  if (released) return;
  if (threads[waiting].state == Thread::at_warp) die(describe(waiting) + " waits for lanes that do not come");
  std::vector<unsigned> at_barrier;
  for (unsigned i = 0; i < threads.size(); ++i)
    if (threads[i].state == Thread::at_barrier) at_barrier.push_back(i);
  for (const unsigned i : at_barrier) {
    if (threads[i].where.line != threads[at_barrier.front()].where.line)
      die(describe(i) + " and " + describe(at_barrier.front()) + " wait at different barriers");
  }
  for (const unsigned i : at_barrier) make_ready(i);
}

void wait() {
  leave(*scheduler.fiber);  // the scheduler has set the thread's place when this returns
}

void run_block() {
  for (Thread& thread : scheduler.threads) thread.state = Thread::fresh;
  scheduler.left = scheduler.threads.size();
  scheduler.started = 0;
  auto& ready = scheduler.ready;
  while (scheduler.left > 0) {
    const bool more = scheduler.started < scheduler.order.size();
    const auto choices = static_cast<uint32_t>(ready.size() + (more ? 1 : 0));
    if (choices == 0) {
      release();
      continue;
    }
    const uint32_t choice = random(choices);
    if (choice == ready.size()) {
      if (scheduler.idle.empty()) scheduler.idle.push_back(new_fiber());
      Fiber* fiber = scheduler.idle.back();
      scheduler.idle.pop_back();
      resume(*fiber);
    } else {
      const unsigned thread = std::exchange(ready[choice], ready.back());
      ready.pop_back();
      become(thread);
      resume(*scheduler.threads[thread].fiber);
    }
  }
}

void shuffle_order() {
  auto& order = scheduler.order;
  for (auto i = static_cast<unsigned>(order.size()); i > 1; --i) std::swap(order[i - 1], order[random(i)]);
}

}  // namespace

unsigned lane() { return scheduler.thread % kWarp; }

uint64_t exchange(unsigned mask, uint64_t bits, unsigned source, Site where) {
  const unsigned self = scheduler.thread;
  Thread& thread = scheduler.threads[self];
  thread.where = where;
  if ((mask >> lane() & 1U) == 0) die(describe(self) + " is not in the mask that it gives");
  thread.state = Thread::at_warp;
  thread.mask = mask;
  thread.bits = bits;
  thread.source = source;
  complete_warp(self);
  wait();
  return thread.bits;
}

void barrier(Site where) {
  Thread& thread = scheduler.threads[scheduler.thread];
  thread.state = Thread::at_barrier;
  thread.where = where;
  wait();
}

void run_grid(dim3 grid, dim3 block, const std::function<void()>& body) {
  const unsigned count = block.x * block.y * block.z;
  scheduler.body = &body;
  scheduler.threads.assign(count, {});
  scheduler.order.resize(count);
  for (unsigned i = 0; i < count; ++i) {
    scheduler.threads[i].index = {i % block.x, i / block.x % block.y, i / (block.x * block.y)};
    scheduler.order[i] = i;
  }
  shuffle_order();
  blockDim = block;
  gridDim = grid;
  const uint64_t blocks = uint64_t{grid.x} * grid.y * grid.z, first = random(0xffffffffU) % blocks;
  for (uint64_t i = 0; i < blocks; ++i) {
    const uint64_t at = (first + i) % blocks;
    blockIdx = {static_cast<unsigned>(at % grid.x), static_cast<unsigned>(at / grid.x % grid.y),
                static_cast<unsigned>(at / grid.x / grid.y)};
    run_block();
  }
}

}  // namespace phosphene::sim
