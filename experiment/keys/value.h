// Typed values of a config: a format, and how a value of it is read. Objects bind each of their keys to a member of a struct:
//
//   const Object<Adam> kAdam("Kingma and Ba, 2015.",
//                            {key("learning_rate", &Adam::learning_rate, number(1e-12, 1e6), "Step size."), ...});
//
// The default of a key is the member's own in a struct that was just made, and so is stated once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "experiment/keys/format.h"

namespace phosphene {

template <class T>
struct Value {
  FormatPtr format;
  std::function<T(const JsonReader&)> read;
  std::function<std::string(const T&)> text;  // a value as JSON text; empty where values cannot be shown
};

Value<double> number(double least, double most);
Value<int64_t> integer(int64_t least, int64_t most);
Value<uint64_t> seed_number();  // from 0 to 2^53: what every JSON reader keeps
Value<bool> boolean();
Value<std::string> text(std::string example);
Value<NamedFile> file(std::string example, FileKind kind = FileKind::other);

// One of the words, each with what it stands for.
template <class T>
Value<T> word(std::vector<std::pair<std::string, T>> meanings) {
  std::vector<std::string> allowed;
  for (const auto& [name, meaning] : meanings) allowed.push_back(name);
  return {std::make_shared<WordFormat>(allowed),
          [meanings, allowed](const JsonReader& reader) {
            const std::string found = reader.word(allowed);
            for (const auto& [name, meaning] : meanings)
              if (name == found) return meaning;
            reader.refuse("'{}' has no meaning", found);
          },
          [meanings](const T& value) {
            for (const auto& [name, meaning] : meanings)
              if (meaning == value) return "\"" + name + "\"";
            return std::string();
          }};
}

template <class T>
Value<std::vector<T>> list(Value<T> element, size_t least = 1, size_t most = SIZE_MAX) {
  return {std::make_shared<ListFormat>(element.format, least, most),
          [element, least, most](const JsonReader& reader) {
            reader.must_be_array();
            if (reader.size() < least || reader.size() > most) {
              if (reader.size() == 0) reader.refuse("expected at least {}, got an empty list", least);
              if (least == most) reader.refuse("expected {} entries, got {}", least, reader.size());
              reader.refuse("expected {} to {} entries, got {}", least, most, reader.size());
            }
            std::vector<T> values;
            for (size_t i = 0; i < reader.size(); ++i) values.push_back(element.read(reader.at(i)));
            return values;
          },
          {}};
}

// The first alternative that accepts the value's type.
template <class T>
Value<T> either(std::vector<Value<T>> alternatives) {
  std::vector<FormatPtr> formats;
  for (const Value<T>& one : alternatives) formats.push_back(one.format);
  auto format = std::make_shared<AlternativesFormat>(formats);
  return {format,
          [alternatives, format](const JsonReader& reader) {
            for (const Value<T>& one : alternatives)
              if (one.format->accepts(reader)) return one.read(reader);
            reader.refuse_type(format->words());
          },
          {}};
}

// Another type of the same values.
template <class T, class Convert>
auto converted(Value<T> value, Convert convert) {
  using U = std::decay_t<std::invoke_result_t<Convert, T>>;
  return Value<U>{value.format, [value, convert](const JsonReader& reader) { return convert(value.read(reader)); }, {}};
}

// A key of objects that are read into a T.
template <class T>
struct Key {
  KeyDescription description;
  std::function<void(const JsonReader&, T&)> read;  // of the key's value

  Key required() && {
    return with([](KeyDescription& key) { key.required = true, key.default_value.clear(); });
  }
  Key data() && {
    return with([](KeyDescription& key) { key.is_data = true; });
  }
  Key scope(int scopes) && {
    return with([&](KeyDescription& key) { key.scopes = scopes; });
  }
  Key example(std::string json) && {
    return with([&](KeyDescription& key) { key.example_value = std::move(json); });
  }
  // What is read where the key is missing, in the place of the member's own value.
  Key by_default(std::string json) && {
    return with([&](KeyDescription& key) { key.default_value = std::move(json); }, true);
  }
  // The default depends on other keys: the sentence says how.
  Key without_default() && {
    return with([](KeyDescription& key) { key.default_value.clear(); });
  }

  bool reads_default = false;  // where it is missing

 private:
  template <class Change>
  Key with(Change change, bool given = false) {
    change(description);
    reads_default = reads_default || given;
    return std::move(*this);
  }
};

// A key of a T that is read into a member of T, or of its base.
template <class T, class Owner, class Member, class V>
Key<T> key_of(std::string name, Member Owner::*member, Value<V> value, std::string sentence) {
  Key<T> made{
      {std::move(name), std::move(sentence), value.format, "", "", false, false, 0},
      [member, value](const JsonReader& reader, T& into) { into.*member = static_cast<Member>(value.read(reader)); }};
  if constexpr (std::is_same_v<Member, V> && std::is_default_constructible_v<T>) {
    if (value.text) made.description.default_value = value.text(T{}.*member);
  }
  return made;
}

template <class T, class Member, class V>
Key<T> key(std::string name, Member T::*member, Value<V> value, std::string sentence) {
  return key_of<T>(std::move(name), member, std::move(value), std::move(sentence));
}

// A key of a T whose value is handed to `read`.
template <class T, class V, class Read>
requires std::is_invocable_v<Read, V, T&> Key<T> key_read_by(std::string name, Value<V> value, std::string sentence,
                                                             Read read) {
  return {{std::move(name), std::move(sentence), value.format, "", "", false, false, 0},
          [read, value](const JsonReader& reader, T& into) { read(value.read(reader), into); }};
}

// A key that is read by itself, into what the keys before it have left.
template <class T>
Key<T> raw_key(std::string name, FormatPtr format, std::string sentence,
               std::function<void(const JsonReader&, T&)> read) {
  return {{std::move(name), std::move(sentence), std::move(format), "", "", false, false, 0}, std::move(read)};
}

// Reads each key that is there or must be, and each that is read where it is missing.
template <class T>
void read_keys(const std::vector<Key<T>>& keys, const JsonReader& reader, T& into) {
  for (const Key<T>& key : keys) {
    if (key.description.required || reader.has(key.description.name)) {
      key.read(reader.at(key.description.name), into);
    } else if (key.reads_default) {
      read_default(key.description, reader, [&](const JsonReader& given) { key.read(given, into); });
    }
  }
}

// An object whose keys are members of a T. `check` is asked once all keys are read, for what several keys say together.
template <class T>
class Object {
 public:
  using Check = std::function<void(const JsonReader&, T&)>;

  Object(std::string sentence, std::vector<Key<T>> keys, Check check = {})
      : keys_(std::move(keys)), check_(std::move(check)) {
    std::vector<KeyDescription> descriptions;
    for (const Key<T>& key : keys_) descriptions.push_back(key.description);
    format_ = std::make_shared<ObjectFormat>(std::move(sentence), std::move(descriptions));
  }

  [[nodiscard]] const std::shared_ptr<const ObjectFormat>& format() const { return format_; }

  void read(const JsonReader& reader, T& into) const {
    reader.only(format_->names());
    read_keys(keys_, reader, into);
    if (check_) check_(reader, into);
  }

  [[nodiscard]] Value<T> value() const {
    return {format_,
            [object = *this](const JsonReader& reader) {
              T made;
              object.read(reader, made);
              return made;
            },
            {}};
  }

 private:
  std::vector<Key<T>> keys_;
  Check check_;
  std::shared_ptr<const ObjectFormat> format_;
};

// A kind of thing: {"name": value}.
template <class T>
struct Kind {
  std::string name, sentence;
  Value<T> value;
  bool is_data = false;
};

// An object with exactly one of the kinds' names as its key.
template <class T>
Value<T> one_of(std::string sentence, std::vector<Kind<T>> kinds) {
  std::vector<KeyDescription> keys;
  for (const Kind<T>& kind : kinds)
    keys.push_back({kind.name, kind.sentence, kind.value.format, "", "", false, kind.is_data, 0});
  const size_t count = keys.size();
  auto format = std::make_shared<ObjectFormat>(std::move(sentence), std::move(keys), count);
  return {format,
          [kinds, format](const JsonReader& reader) {
            const std::string name = reader.kind(format->names());
            for (const Kind<T>& kind : kinds)
              if (kind.name == name) return kind.value.read(reader.at(name));
            reader.refuse("'{}' has no meaning", name);
          },
          {}};
}

}  // namespace phosphene
