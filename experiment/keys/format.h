// What a value of a config may be. A format is stated once; the strict parser (value.h), the schema for editors, the reference of
// all keys and what jobs of one program may differ in all follow from it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "loaders/json_reader.h"
#include "runtime/interface.h"

namespace phosphene {

// How a file that a config names is looked for: a model and a photograph have folders of their own (find_model, find_photograph).
enum class FileKind {
  model,
  photograph,
  start,   // a photograph, or a safetensors file
  tensor,  // "FILE#TENSOR"
  other
};

// Is told of a text that names a file, and where it stands.
using FileVisitor = std::function<void(Json& text, const std::string& pointer, FileKind kind)>;

class Format : public Interface {
 public:
  // Whether the value is of this format's JSON type: how alternatives are told apart. The value itself may still be refused.
  [[nodiscard]] virtual bool accepts(const JsonReader& value) const = 0;
  // JSON Schema, draft 2020-12.
  [[nodiscard]] virtual Json schema() const = 0;
  // For people: "a whole number from 1 to 16384".
  [[nodiscard]] virtual std::string words() const = 0;
  // Removes what is data of tables: what is left decides which program is built.
  virtual void erase_data(Json& /*value*/) const {}
  // Writes the defaults of keys that are not there: equal results mean the same.
  virtual void add_defaults(Json& /*value*/) const {}
  // A value that is accepted, as JSON text.
  [[nodiscard]] virtual std::string example() const = 0;
  // The files that a value of this format names.
  virtual void visit_files(Json& /*value*/, const std::string& /*pointer*/, const FileVisitor& /*visit*/) const {}
  // The keys within, with the path that leads to each object ("" for this one, "[]" for a list's elements).
  virtual void visit(const std::string& /*path*/, class KeyVisitor& /*visitor*/) const {}
};
using FormatPtr = std::shared_ptr<const Format>;

// One key of an object.
struct KeyDescription {
  std::string name;
  std::string sentence;  // what it does, for people
  FormatPtr format;
  std::string default_value;  // JSON text, or "" where the sentence says what happens without the key
  std::string example_value;  // JSON text, or "": the default's or the format's
  bool required = false;
  bool is_data = false;  // a number in a table, not a part of what the program is
  int scopes = 0;        // bits, for callers that look keys up by scope

  [[nodiscard]] std::string example() const;
};

class KeyVisitor : public Interface {
 public:
  virtual void object(const std::string& path, const class ObjectFormat& object) = 0;
};

class NumberFormat final : public Format {
 public:
  // `whole`: only integers. Limits are inclusive.
  NumberFormat(double least, double most, bool whole) : least_(least), most_(most), whole_(whole) {}
  [[nodiscard]] bool accepts(const JsonReader& value) const override { return value.is_number(); }
  [[nodiscard]] Json schema() const override;
  [[nodiscard]] std::string words() const override;
  [[nodiscard]] std::string example() const override;

 private:
  double least_, most_;
  bool whole_;
};

class BooleanFormat final : public Format {
 public:
  [[nodiscard]] bool accepts(const JsonReader& value) const override { return value.is_boolean(); }
  [[nodiscard]] Json schema() const override;
  [[nodiscard]] std::string words() const override { return "true or false"; }
  [[nodiscard]] std::string example() const override { return "true"; }
};

// Any string but the empty one.
class TextFormat : public Format {
 public:
  explicit TextFormat(std::string words, std::string example, std::string pattern = "")
      : words_(std::move(words)), example_(std::move(example)), pattern_(std::move(pattern)) {}
  [[nodiscard]] bool accepts(const JsonReader& value) const override { return value.is_string(); }
  [[nodiscard]] Json schema() const override;
  [[nodiscard]] std::string words() const override { return words_; }
  [[nodiscard]] std::string example() const override;

 private:
  std::string words_, example_, pattern_;
};

class FileFormat final : public TextFormat {
 public:
  FileFormat(FileKind kind, std::string words, std::string example, std::string pattern = "")
      : TextFormat(std::move(words), std::move(example), std::move(pattern)), kind_(kind) {}
  void visit_files(Json& value, const std::string& pointer, const FileVisitor& visit) const override;

 private:
  FileKind kind_;
};

class WordFormat final : public Format {
 public:
  explicit WordFormat(std::vector<std::string> allowed) : allowed_(std::move(allowed)) {}
  [[nodiscard]] bool accepts(const JsonReader& value) const override { return value.is_string(); }
  [[nodiscard]] Json schema() const override;
  [[nodiscard]] std::string words() const override;
  [[nodiscard]] std::string example() const override;

 private:
  std::vector<std::string> allowed_;
};

class ListFormat final : public Format {
 public:
  ListFormat(FormatPtr element, size_t least, size_t most) : element_(std::move(element)), least_(least), most_(most) {}
  [[nodiscard]] bool accepts(const JsonReader& value) const override { return value.is_array(); }
  [[nodiscard]] Json schema() const override;
  [[nodiscard]] std::string words() const override;
  void erase_data(Json& value) const override;
  void add_defaults(Json& value) const override;
  [[nodiscard]] std::string example() const override;
  void visit(const std::string& path, KeyVisitor& visitor) const override;
  void visit_files(Json& value, const std::string& pointer, const FileVisitor& visit) const override;

 private:
  FormatPtr element_;
  size_t least_, most_;
};

// One of several formats, which the type of the JSON tells apart: the first that accepts it.
class AlternativesFormat final : public Format {
 public:
  explicit AlternativesFormat(std::vector<FormatPtr> alternatives) : alternatives_(std::move(alternatives)) {}
  [[nodiscard]] const Format* of(const JsonReader& value) const;  // or null
  [[nodiscard]] bool accepts(const JsonReader& value) const override { return of(value) != nullptr; }
  [[nodiscard]] Json schema() const override;
  [[nodiscard]] std::string words() const override;
  void erase_data(Json& value) const override;
  void add_defaults(Json& value) const override;
  [[nodiscard]] std::string example() const override { return alternatives_.front()->example(); }
  void visit(const std::string& path, KeyVisitor& visitor) const override;
  void visit_files(Json& value, const std::string& pointer, const FileVisitor& visit) const override;

 private:
  std::vector<FormatPtr> alternatives_;
};

class ObjectFormat : public Format {
 public:
  // `one_of`: how many of the first keys exclude each other, one of which there must be: {"fourier": {}} or {"pixel": {}}.
  ObjectFormat(std::string sentence, std::vector<KeyDescription> keys, size_t one_of = 0)
      : sentence_(std::move(sentence)), keys_(std::move(keys)), one_of_(one_of) {}

  [[nodiscard]] const std::string& sentence() const { return sentence_; }
  [[nodiscard]] const std::vector<KeyDescription>& keys() const { return keys_; }
  [[nodiscard]] size_t one_of() const { return one_of_; }
  [[nodiscard]] std::vector<std::string> names(size_t first = 0, size_t count = SIZE_MAX) const;

  [[nodiscard]] bool accepts(const JsonReader& value) const override;
  [[nodiscard]] Json schema() const override;
  [[nodiscard]] std::string words() const override;
  void erase_data(Json& value) const override;
  void add_defaults(Json& value) const override;
  [[nodiscard]] std::string example() const override;
  void visit(const std::string& path, KeyVisitor& visitor) const override;
  void visit_files(Json& value, const std::string& pointer, const FileVisitor& visit) const override;

 private:
  std::string sentence_;
  std::vector<KeyDescription> keys_;
  size_t one_of_;
};

// A place within `pointer` (RFC 6901).
std::string pointer_to(const std::string& pointer, const std::string& key);

// As people write it: 1, not 1.0.
Json number_json(double value);

// The schema of a key's value, with its sentence and default.
Json schema_of(const KeyDescription& key);

// Calls read(the default value of a key that `object` lacks).
void read_default(const KeyDescription& key, const JsonReader& object,
                  const std::function<void(const JsonReader&)>& read);

}  // namespace phosphene
