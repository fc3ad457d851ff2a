// The base of classes that are used through a pointer to them: deleted by it, and never copied.
#pragma once

namespace phosphene {

class Interface {
 public:
  Interface(const Interface&) = delete;
  Interface& operator=(const Interface&) = delete;
  virtual ~Interface() = default;

 protected:
  Interface() = default;
};

}  // namespace phosphene
