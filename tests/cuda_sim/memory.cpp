#include "tests/cuda_sim/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "tests/cuda_sim/sim.h"

namespace phosphene::sim {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kAlignment = 256;  // what cudaMalloc promises, and no more
constexpr unsigned char kGuard = 0xA5, kFresh = 0xFF;

// A page without access, `inner` bytes, a page without access. Data stand at the end of the inner bytes.
struct Block {
  unsigned char* inner = nullptr;
  size_t inner_bytes = 0;
  unsigned char* data = nullptr;
  size_t bytes = 0;

  [[nodiscard]] bool intact() const {
    const auto is_guard = [](unsigned char byte) { return byte == kGuard; };
    return std::all_of(inner, data, is_guard) && std::all_of(data + bytes, inner + inner_bytes, is_guard);
  }
};
using Blocks = std::map<uintptr_t, Block>;

struct State {
  Blocks device, pinned;
  size_t used = 0;
  int open = 0;
  const char* running = nullptr;
  struct sigaction previous {};
};

// Never destroyed: programs free memory in destructors of their globals.
State& state() {
  static auto* state = new State;
  return *state;
}

size_t round_up(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

// Says who touched what he may not, then lets the fault happen again under whoever cared before.
void on_fault(int) {
  const auto say = [](const char* text) {
    if (write(STDERR_FILENO, text, std::strlen(text)) < 0) _exit(1);
  };
  const char* running = state().running;
  say("[simulated CUDA] bad address in ");
  say(running != nullptr ? running : "host code; memory of the device is none of its business");
  say("\n");
  sigaction(SIGSEGV, &state().previous, nullptr);
}

void report_faults() {
  static const bool once = [] {
    struct sigaction action {};
    action.sa_handler = on_fault;
    sigaction(SIGSEGV, &action, &state().previous);
    return true;
  }();
  static_cast<void>(once);
}

void* allocate(Blocks& blocks, size_t bytes) {
  report_faults();
  const size_t inner = round_up(bytes, kPage);
  void* map = mmap(nullptr, inner + 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) return nullptr;
  Block block{static_cast<unsigned char*>(map) + kPage, inner, nullptr, bytes};
  block.data = block.inner + inner - round_up(bytes, kAlignment);
  mprotect(block.inner, inner, PROT_READ | PROT_WRITE);
  std::memset(block.inner, kGuard, inner);
  std::memset(block.data, kFresh, bytes);
  blocks.emplace(reinterpret_cast<uintptr_t>(block.data), block);
  return block.data;
}

// Its bytes, 0 where there was no allocation.
size_t release(Blocks& blocks, void* data) {
  const auto at = blocks.find(reinterpret_cast<uintptr_t>(data));
  if (at == blocks.end()) return 0;
  const Block block = at->second;
  munmap(block.inner - kPage, block.inner_bytes + 2 * kPage);
  blocks.erase(at);
  return block.bytes;
}

const Block* find(const Blocks& blocks, const void* data) {
  const auto address = reinterpret_cast<uintptr_t>(data);
  auto at = blocks.upper_bound(address);
  if (at == blocks.begin()) return nullptr;
  --at;
  return address < at->first + at->second.bytes ? &at->second : nullptr;
}

bool holds(const Blocks& blocks, const void* data, size_t bytes) {
  if (bytes == 0) return true;
  const Block* block = find(blocks, data);
  return block != nullptr &&
         bytes <= static_cast<size_t>(block->data + block->bytes - static_cast<const unsigned char*>(data));
}

void protect(int mode) {
  for (const auto& [address, block] : state().device) mprotect(block.inner, block.inner_bytes, mode);
}

}  // namespace

void die(const std::string& why) {
  const char* running = state().running;
  std::fprintf(stderr, "[simulated CUDA] %s%s%s\n", running != nullptr ? running : "", running != nullptr ? ": " : "",
               why.c_str());
  std::abort();
}

void* allocate_device(size_t bytes) {
  if (bytes > device_bytes_free()) return nullptr;
  void* data = allocate(state().device, bytes);
  if (data == nullptr) return nullptr;
  state().used += bytes;
  if (state().open == 0) protect(PROT_NONE);
  return data;
}

void* allocate_pinned(size_t bytes) { return allocate(state().pinned, bytes); }

bool free_device(void* data) {
  const size_t bytes = release(state().device, data);
  state().used -= bytes;
  return bytes > 0;
}

bool free_pinned(void* data) { return release(state().pinned, data) > 0; }

bool on_device(const void* data, size_t bytes) { return holds(state().device, data, bytes); }
bool is_pinned(const void* data, size_t bytes) { return holds(state().pinned, data, bytes); }
bool touches_device(const void* data) { return find(state().device, data) != nullptr; }
bool touches_pinned(const void* data) { return find(state().pinned, data) != nullptr; }

size_t device_bytes_total() {
  const char* bytes = std::getenv("SIMCUDA_MEMORY");
  return bytes == nullptr ? size_t{8} << 30 : std::strtoull(bytes, nullptr, 10);
}

size_t device_bytes_free() { return device_bytes_total() - std::min(device_bytes_total(), state().used); }

void require_device(const void* data, size_t bytes, const std::string& role) {
  if (!on_device(data, bytes)) die(role + " is not " + std::to_string(bytes) + " bytes of the device's memory");
}

void spoil_workspace(void* workspace, size_t bytes) {
  require_device(workspace, bytes, "the workspace");
  std::memset(workspace, kFresh, bytes);
}

OpenMemory::OpenMemory() {
  if (state().open++ == 0) protect(PROT_READ | PROT_WRITE);
}

OpenMemory::~OpenMemory() {
  if (--state().open == 0) protect(PROT_NONE);
}

void run_operation(const std::string& what, const std::function<void()>& run) {
  state().running = what.c_str();
  run();
  for (const Blocks* blocks : {&state().device, &state().pinned}) {
    for (const auto& [address, block] : *blocks) {
      if (!block.intact()) die("wrote beside an allocation of " + std::to_string(block.bytes) + " bytes");
    }
  }
  state().running = nullptr;
}

}  // namespace phosphene::sim
