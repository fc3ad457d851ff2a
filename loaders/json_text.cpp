#include "loaders/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/printable.h"

namespace phosphene {
namespace {

constexpr std::string_view kMark = "\xEF\xBF\xBD";  // U+FFFD

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// The byte whose digits stand at `at`, or -1: bytes of other than ASCII alone are ever written so.
int byte_at(std::string_view text, size_t at) {
  if (at + 2 > text.size()) return -1;
  const int high = digit(text[at]), low = digit(text[at + 1]);
  return high >= 8 && low >= 0 ? high * 16 + low : -1;
}

bool is_plain(std::string_view text) {
  if (text.find(kMark) != text.npos) return false;
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = utf8_character(text, at);
    if (bytes == 0) return false;
    at += bytes;
  }
  return true;
}

// Asks `change` of every text and key, which says whether anything was changed.
template <class Change>
bool change_texts(Json& json, const Change& change) {
  if (json.is_string()) return change(json.get_ref<std::string&>());
  if (json.is_array()) {
    bool changed = false;
    for (Json& one : json) changed |= change_texts(one, change);
    return changed;
  }
  if (!json.is_object()) return false;
  bool keys_change = false, changed = false;
  for (const auto& [key, value] : json.items()) {
    std::string name = key;
    keys_change |= change(name);
  }
  if (!keys_change) {
    for (auto& [key, value] : json.items()) changed |= change_texts(value, change);
    return changed;
  }
  Json renamed = Json::object();
  for (auto& [key, value] : json.items()) {
    std::string name = key;
    change(name);
    change_texts(value, change);
    renamed[name] = std::move(value);
  }
  json = std::move(renamed);
  return true;
}

bool any_not_plain(const Json& json) {
  if (json.is_string()) return !is_plain(json.get_ref<const std::string&>());
  if (json.is_array()) return std::any_of(json.begin(), json.end(), any_not_plain);
  if (!json.is_object()) return false;
  for (const auto& [key, value] : json.items())
    if (!is_plain(key) || any_not_plain(value)) return true;
  return false;
}

// Outside ASCII, characters that printable() would escape occur in texts alone.
std::string with_escaped_controls(std::string text) {
  constexpr char kDelete = 0x7F;
  const bool plain = std::all_of(text.begin(), text.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80 && c != kDelete; });
  if (plain) return text;
  std::string escaped;
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = std::max<size_t>(1, utf8_character(text, at));
    const std::string_view character = std::string_view(text).substr(at, bytes);
    const std::string shown = bytes == 1 && character[0] != kDelete ? std::string(character) : printable(character);
    escaped += shown == "\\x7f" ? "\\u007f" : shown;
    at += bytes;
  }
  return escaped;
}

}  // namespace

std::string as_utf8(std::string_view bytes) {
  std::string text;
  for (size_t at = 0; at < bytes.size();) {
    const size_t length = utf8_character(bytes, at);
    const std::string_view character = bytes.substr(at, std::max<size_t>(1, length));
    if (length > 0 && character != kMark) {
      text += character;
    } else {
      for (const char c : character) text += fmt::format("{}{:02X}", kMark, static_cast<unsigned char>(c));
    }
    at += character.size();
  }
  return text;
}

std::string as_bytes(std::string_view text) {
  std::string bytes;
  for (size_t at = 0; at < text.size();) {
    const int byte = text.substr(at).starts_with(kMark) ? byte_at(text, at + kMark.size()) : -1;
    if (byte >= 0) {
      bytes += static_cast<char>(byte);
      at += kMark.size() + 2;
    } else {
      bytes += text[at++];
    }
  }
  return bytes;
}

std::string json_text(const Json& json, int indent) {
  if (!any_not_plain(json)) return with_escaped_controls(json.dump(indent));
  Json written = json;
  change_texts(written, [](std::string& text) {
    if (is_plain(text)) return false;
    text = as_utf8(text);
    return true;
  });
  return with_escaped_controls(written.dump(indent));
}

void take_bytes_back(Json& json) {
  change_texts(json, [](std::string& text) {
    if (text.find(kMark) == text.npos) return false;
    std::string bytes = as_bytes(text);
    if (bytes == text) return false;
    text = std::move(bytes);
    return true;
  });
}

}  // namespace phosphene
