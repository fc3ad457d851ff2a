// Files of weights by name, written byte by byte: zip archives, pickles, and what torch.save makes of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace phosphene::testing {

// The bytes of "504b0304".
std::string from_hex(const std::string& hex);

inline std::span<const std::byte> bytes_in(const std::string& text) { return std::as_bytes(std::span(text)); }

// A number's bytes, little-endian.
template <class Number>
std::string bytes_of_number(Number number) {
  return {reinterpret_cast<const char*>(&number), sizeof(number)};
}

struct ZipItem {
  std::string name, data;
  bool deflated = false;
};
// `wide` writes sizes and the directory's place in the fields of zip64.
std::string zip_of(const std::vector<ZipItem>& items, bool wide = false);

// Parts of pickles. A value is the opcodes that push it.
std::string pickled_text(const std::string& text);
std::string pickled_integer(int64_t value);
std::string pickled_tuple(const std::vector<std::string>& items);
std::string pickled_dict(const std::vector<std::pair<std::string, std::string>>& items);  // under texts
std::string pickled_call(const std::string& module, const std::string& name, const std::vector<std::string>& arguments);
std::string pickled_array(const std::vector<int64_t>& shape, const std::vector<float>& numbers);  // NumPy's
std::string pickle_of(const std::string& value);                                                  // a whole pickle

// A tensor of PyTorch's: a part of storage `key`, which has `count` elements of `type` ("Float").
struct PickledTensor {
  std::string key = "0";
  int64_t count = 0, offset = 0;
  std::vector<int64_t> dims = {}, strides = {};
  std::string type = "Float";
  std::string view = "";  // opcodes of the sixth item, if any
};
std::string pickled_tensor(const PickledTensor& tensor);

std::string torch_zip(const std::string& value, const std::vector<std::pair<std::string, std::string>>& storages,
                      const std::string& order = "little");
struct LegacyStorage {
  std::string key;
  int64_t count = 0;
  std::string data;
};
std::string torch_legacy(const std::string& value, const std::vector<LegacyStorage>& storages, bool little = true);

std::string bytes_of_floats(const std::vector<float>& numbers);

}  // namespace phosphene::testing
