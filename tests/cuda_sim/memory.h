// The simulated GPU's memory, and host memory that it knows.
//
// Device memory begins as NaN bytes and cannot be read or written except while an operation runs: the host faults on it.
// Every allocation is followed by a page that nobody may touch, less than 256 bytes after its end; what lies between is checked
// after each operation.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace phosphene::sim {

// Null when there is not enough, of SIMCUDA_MEMORY bytes.
void* allocate_device(size_t bytes);
void* allocate_pinned(size_t bytes);
// False where there was no allocation.
bool free_device(void* data);
bool free_pinned(void* data);

bool on_device(const void* data, size_t bytes);  // all of it in one allocation
bool is_pinned(const void* data, size_t bytes);
// Any byte of an allocation of the device; of pinned memory.
bool touches_device(const void* data);
bool touches_pinned(const void* data);

size_t device_bytes_total();
size_t device_bytes_free();

// Device memory is open while one lives.
class OpenMemory {
 public:
  OpenMemory();
  OpenMemory(const OpenMemory&) = delete;
  OpenMemory& operator=(const OpenMemory&) = delete;
  ~OpenMemory();
};

// Runs one operation under its name; dies, naming it, when it wrote beside an allocation.
void run_operation(const std::string& what, const std::function<void()>& run);

}  // namespace phosphene::sim
