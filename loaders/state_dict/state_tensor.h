// A tensor as a file of weights holds it: where its numbers lie, and how they are read.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/tensor.h"

namespace phosphene {

enum class StateType : uint8_t { f16, bf16, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64, boolean };

const char* name_of(StateType type);  // "F32", as safetensors files have it
size_t bytes_of(StateType type);
bool is_floating(StateType type);

// Bytes that tensors share.
struct StateStorage {
  std::string file;  // for errors
  std::string name;  // "entry 'archive/data/0'"
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;  // of the bytes
  std::optional<uint32_t> crc;        // that the file states; checked before the first numbers are read
  mutable std::atomic<bool> checked = false;

  void check() const;  // throws when the bytes have another checksum
};

// Its numbers are read when they are asked for, so a table of tensors costs next to nothing.
struct StateTensor {
  std::string name;
  StateType type = StateType::f32;
  std::vector<int64_t> dims = {};     // none for a single number
  std::vector<int64_t> strides = {};  // in elements of the storage, which begin at `offset`
  int64_t offset = 0;
  bool big_endian = false;
  std::shared_ptr<const StateStorage> storage;

  [[nodiscard]] int64_t elements() const;
  // Floating-point numbers in row-major order: float32 straight from the file where they lie there in this order and aligned, else a
  // copy. Throws for integers, for NaN and infinite numbers (the first by its index), and when the file's checksum says otherwise.
  [[nodiscard]] Weights weights() const;
  // Integers and booleans (0 or 1) in row-major order. Throws for other types, and for what exceeds 63 bits.
  [[nodiscard]] std::vector<int64_t> integers() const;
  [[nodiscard]] bool mapped() const;  // weights() makes no copy
};

// Throws unless sizes and strides are possible and every element lies inside the storage.
void check_layout(const StateTensor& tensor);

// Row-major strides, or those of the transposed, column-major order; sizes must have been checked.
std::vector<int64_t> strides_of(const std::vector<int64_t>& dims, bool column_major = false);

}  // namespace phosphene
