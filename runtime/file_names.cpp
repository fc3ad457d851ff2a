#include "runtime/file_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <vector>

#include "runtime/printable.h"
#include "runtime/unicode_folds.h"

namespace phosphene {
namespace {

constexpr std::string_view kReserved = R"(/\:*?"<>|)";  // by Windows, and by SMB

void append_utf8(std::string& text, uint32_t code) {
  const auto append = [&](uint32_t byte) { text += static_cast<char>(byte); };
  const auto rest = [&](uint32_t shift) { append(0x80U | ((code >> shift) & 0x3FU)); };
  if (code < 0x80) return append(code);
  if (code < 0x800) return append(0xC0U | code >> 6U), rest(0);
  if (code < 0x10000) return append(0xE0U | code >> 12U), rest(6), rest(0);
  append(0xF0U | code >> 18U), rest(12), rest(6), rest(0);
}

// Calls visit(character) for each character, visit("") for each byte that is no part of one.
template <class Visit>
void for_each_character(std::string_view text, const Visit& visit) {
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = utf8_character(text, at);
    visit(text.substr(at, bytes));
    at += std::max<size_t>(1, bytes);
  }
}

bool is_ascii_letter_or_digit(char c) {  // whatever the locale
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Of no width, or as wide as a space.
bool is_space(uint32_t code) {
  return code == 0xA0 || code == 0xAD || code == 0x1680 || (code >= 0x2000 && code <= 0x200B) || code == 0x202F ||
         code == 0x205F || (code >= 0x2060 && code <= 0x2064) || code == 0x3000 || code == 0xFFFD || code >= 0xE0000;
}

template <class KeepAscii>
std::string cleaned(std::string_view text, const KeepAscii& keep) {
  std::string name;
  for_each_character(text, [&](std::string_view character) {
    const bool ascii = character.size() == 1;
    if (ascii && character[0] == ':') {
      name += '-';
    } else if (character.empty() || printable(character) != character ||
               (ascii ? !keep(character[0]) : is_space(code_point(character)))) {
      name += '_';
    } else {
      name += character;
    }
  });
  return name;
}

std::string ascii_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

// With any ending: CON.png is the console too.
bool is_device_of_windows(std::string_view name) {
  const std::string stem = ascii_lower(name.substr(0, name.find('.')));
  for (const char* device : {"con", "prn", "aux", "nul", "conin$", "conout$"})
    if (stem == device) return true;
  if (!stem.starts_with("com") && !stem.starts_with("lpt")) return false;
  const std::string number = stem.substr(3);
  return (number.size() == 1 && number[0] >= '0' && number[0] <= '9') || number == "¹" || number == "²" ||
         number == "³";
}

// The longest beginning of at most `most` bytes that ends between characters, without marks of a character that it lacks.
std::string_view cut(std::string_view name, size_t most) {
  if (name.size() <= most) return name;
  size_t end = 0;
  for (size_t at = 0; at < name.size();) {
    const size_t bytes = std::max<size_t>(1, utf8_character(name, at));
    if (at + bytes > most) break;
    end = at += bytes;
  }
  return name.substr(0, end);
}

// The iota that is written below a letter folds to one beside it, and so is ordered with the letter's marks.
bool is_mark(uint32_t code) {
  constexpr uint32_t kIota = 0x3B9;
  if (code == kIota) return true;
  const auto* range = std::upper_bound(std::begin(unicode::kMarks), std::end(unicode::kMarks), code,
                                       [](uint32_t c, const unicode::MarkRange& one) { return c < one.first; });
  return range != std::begin(unicode::kMarks) && code <= std::prev(range)->last;
}

// Hangul syllables (The Unicode Standard 15.0, 3.12).
void append_syllable(std::vector<uint32_t>& folded, uint32_t code) {
  constexpr uint32_t kFirst = 0xAC00, kLeading = 0x1100, kVowel = 0x1161, kTrailing = 0x11A7;
  constexpr uint32_t kTrailings = 28, kOfALeading = 21 * kTrailings;
  const uint32_t index = code - kFirst;
  folded.push_back(kLeading + index / kOfALeading);
  folded.push_back(kVowel + index % kOfALeading / kTrailings);
  if (index % kTrailings != 0) folded.push_back(kTrailing + index % kTrailings);
}

void append_folded(std::vector<uint32_t>& folded, uint32_t code) {
  if (code >= 0xAC00 && code <= 0xD7A3) return append_syllable(folded, code);
  const auto* longer = std::lower_bound(std::begin(unicode::kFoldLonger), std::end(unicode::kFoldLonger), code,
                                        [](const unicode::FoldLonger& one, uint32_t c) { return one.from < c; });
  if (longer != std::end(unicode::kFoldLonger) && longer->from == code) {
    for (const uint32_t to : longer->to)
      if (to != 0) folded.push_back(to);
    return;
  }
  const auto* run = std::upper_bound(std::begin(unicode::kFoldRuns), std::end(unicode::kFoldRuns), code,
                                     [](uint32_t c, const unicode::FoldRun& one) { return c < one.first; });
  if (run != std::begin(unicode::kFoldRuns)) {
    const unicode::FoldRun& one = *std::prev(run);
    if (code <= one.last && (code - one.first) % one.step == 0)
      code = static_cast<uint32_t>(static_cast<int64_t>(code) + one.difference);
  }
  folded.push_back(code);
}

}  // namespace

std::string as_file_name(std::string_view text) {
  return cleaned(text, [](char c) { return is_ascii_letter_or_digit(c) || c == '.' || c == '_' || c == '-'; });
}

std::string as_chosen_file_name(std::string_view text) {
  return cleaned(text, [](char c) { return kReserved.find(c) == std::string_view::npos; });
}

// FNV-1a, folded to 32 bits.
std::string short_hash(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return fmt::format("{:08x}", static_cast<uint32_t>(hash ^ hash >> 32U));
}

std::string as_whole_file_name(std::string name, size_t most) {
  if (name.empty()) return "_";
  if (name.front() == '.') name.front() = '_';
  if (is_device_of_windows(name)) name.insert(0, "_");
  if (name.size() > most) {
    const std::string hash = "_" + short_hash(name);
    name = std::string(cut(name, most - hash.size())) + hash;
  }
  for (auto last = name.rbegin(); last != name.rend() && (*last == '.' || *last == ' '); ++last) *last = '_';
  return name;
}

std::string folded_name(std::string_view name) {
  if (std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return ascii_lower(name);
  std::vector<uint32_t> folded;
  for_each_character(name, [&](std::string_view character) {
    if (character.empty())
      folded.push_back(0xFFFD);
    else
      append_folded(folded, code_point(character));
  });
  for (auto first = folded.begin(); first != folded.end();) {
    const auto last = std::find_if_not(first, folded.end(), is_mark);
    std::sort(first, last);
    first = last == folded.end() ? last : std::next(last);
  }
  std::string text;
  for (const uint32_t code : folded) append_utf8(text, code);
  return text;
}

std::string FileNames::take(const std::string& name) {
  std::string free = name;
  for (int number = 2; !is_free(free); ++number) free = fmt::format("{}_{}", name, number);
  add(free);
  return free;
}

}  // namespace phosphene
