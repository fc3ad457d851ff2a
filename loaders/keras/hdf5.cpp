#include "loaders/keras/hdf5.h"

#include <array>
#include <cstring>
#include <utility>

#include "loaders/apart.h"
#include "loaders/keras/hdf5_library.h"
#include "loaders/mapped_file.h"
#include "runtime/error.h"

namespace phosphene::hdf5 {
namespace {

enum class Question : int64_t { has, children, text, texts, dims, numbers, numbers_of_dims };

using Words = std::vector<std::string>;

// What goes between the processes: numbers of 64 bits, and texts behind their lengths.
class Message {
 public:
  Message() = default;
  explicit Message(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

  Message& add(int64_t number) {
    const auto bytes = std::as_bytes(std::span<const int64_t>(&number, 1));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  Message& add(const std::string& text) {
    add(std::ssize(text));
    const auto bytes = std::as_bytes(std::span<const char>(text));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  template <class T>
  Message& add(const std::vector<T>& values) {
    add(std::ssize(values));
    for (const T& value : values) add(value);
    return *this;
  }

  int64_t number() {
    int64_t number = 0;
    take(std::as_writable_bytes(std::span<int64_t>(&number, 1)));
    return number;
  }
  std::string text() {
    std::string text(count(), '\0');
    take(std::as_writable_bytes(std::span<char>(text)));
    return text;
  }
  Words words() {
    Words words(count());
    for (std::string& word : words) word = text();
    return words;
  }
  std::vector<int64_t> numbers() {
    std::vector<int64_t> numbers(count());
    for (int64_t& value : numbers) value = number();
    return numbers;
  }

 private:
  // The child may have been broken by its file.
  size_t count() {
    const int64_t count = number();
    if (count < 0 || static_cast<size_t>(count) > bytes_.size()) fail("HDF5", "the file is damaged");
    return static_cast<size_t>(count);
  }
  void take(std::span<std::byte> bytes) {
    if (bytes.size() > bytes_.size() - read_) fail("HDF5", "the file is damaged");
    if (!bytes.empty()) std::memcpy(bytes.data(), bytes_.data() + read_, bytes.size());
    read_ += bytes.size();
  }

  std::vector<std::byte> bytes_;
  size_t read_ = 0;
};

template <class T>
Apart::Reply reply_of(std::vector<T> values) {
  const auto owner = std::make_shared<const std::vector<T>>(std::move(values));
  return {std::as_bytes(std::span<const T>(*owner)), owner};
}

Apart::Reply reply_of(const Message& message) {
  return reply_of(std::vector<std::byte>(message.bytes().begin(), message.bytes().end()));
}

// In the child.
Apart::Reply answer(LibraryFile& file, Message request) {
  const auto question = static_cast<Question>(request.number());
  const std::string object = request.text();
  switch (question) {
    case Question::has:
      return reply_of(Message().add(int64_t{file.has(object)}));
    case Question::children:
      return reply_of(Message().add(file.children(object)));
    case Question::text: {
      const std::optional<std::string> text = file.text(object, request.text());
      return reply_of(Message().add(text ? Words{*text} : Words()));
    }
    case Question::texts: {
      const std::optional<Words> texts = file.texts(object, request.text());
      return reply_of(Message().add(int64_t{texts.has_value()}).add(texts.value_or(Words())));
    }
    case Question::dims:
      return reply_of(file.dims(object));
    case Question::numbers:
      return reply_of(file.numbers(object));
    case Question::numbers_of_dims:
      return reply_of(file.numbers(object, request.numbers()));
  }
  return {};
}

Message question(Question question, const std::string& object) {
  Message message;
  message.add(static_cast<int64_t>(question)).add(object);
  return message;
}

Message ask(Apart& library, const Message& request) { return Message(library.ask<std::byte>(request.bytes())); }

// As much as LibraryFile allows itself, and as much again for the library.
ApartLimits limits_for(std::span<const std::byte> bytes) {
  constexpr size_t kMemory = size_t{128} << 20, kTimesTheFile = 32;
  constexpr size_t kSeconds = 30, kBytesInASecond = 2'000'000;
  return {kMemory + kTimesTheFile * bytes.size(), static_cast<int>(kSeconds + bytes.size() / kBytesInASecond)};
}

// `open` is called in the child, at the first question.
template <class Open>
std::unique_ptr<Apart> library_for(std::span<const std::byte> bytes, const std::string& place, Open open) {
  const auto file = std::make_shared<std::optional<LibraryFile>>();
  return std::make_unique<Apart>(place, limits_for(bytes), [file, open](std::span<const std::byte> request) {
    if (!*file) file->emplace(open());
    return answer(**file, Message({request.begin(), request.end()}));
  });
}

}  // namespace

bool starts(std::span<const std::byte> bytes) {
  constexpr std::array<unsigned char, 8> kSignature{0x89, 'H', 'D', 'F', '\r', '\n', 0x1A, '\n'};
  return bytes.size() >= kSignature.size() && std::memcmp(bytes.data(), kSignature.data(), kSignature.size()) == 0;
}

File::File(std::string place, std::shared_ptr<const void> owner, std::unique_ptr<Apart> library)
    : place_(std::move(place)), owner_(std::move(owner)), library_(std::move(library)) {
  static_cast<void>(has(""));  // opens it
}

File::File(File&&) noexcept = default;
File::~File() = default;

File File::open(const std::string& path) {
  const auto mapped = MappedFile::open(path);
  const std::span<const std::byte> bytes = mapped->bytes();
  return {path, mapped, library_for(bytes, path, [path, bytes] { return LibraryFile::open(path, bytes); })};
}

File File::open(std::span<const std::byte> bytes, const std::string& place) {
  return {place, nullptr, library_for(bytes, place, [bytes, place] { return LibraryFile::in_memory(bytes, place); })};
}

bool File::has(const std::string& object) const {
  return ask(*library_, question(Question::has, object)).number() != 0;
}

std::vector<std::string> File::children(const std::string& group) const {
  return ask(*library_, question(Question::children, group)).words();
}

std::optional<std::string> File::text(const std::string& object, const std::string& attribute) const {
  Words texts = ask(*library_, question(Question::text, object).add(attribute)).words();
  if (texts.empty()) return std::nullopt;
  return std::move(texts.front());
}

std::optional<std::vector<std::string>> File::texts(const std::string& object, const std::string& attribute) const {
  Message reply = ask(*library_, question(Question::texts, object).add(attribute));
  if (reply.number() == 0) return std::nullopt;
  return reply.words();
}

std::vector<int64_t> File::dims(const std::string& dataset) const {
  return library_->ask<int64_t>(question(Question::dims, dataset).bytes());
}

std::vector<float> File::numbers(const std::string& dataset) {
  return library_->ask<float>(question(Question::numbers, dataset).bytes());
}

std::vector<float> File::numbers(const std::string& dataset, const std::vector<int64_t>& dims) const {
  return library_->ask<float>(question(Question::numbers_of_dims, dataset).add(dims).bytes());
}

}  // namespace phosphene::hdf5
