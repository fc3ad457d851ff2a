// Chromium without a window, where there is one, driven through two pipes by its DevTools protocol.
#pragma once

#include <sys/types.h>

#include <nlohmann/json.hpp>
#include <string>

#include "loaders/json.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing {

// The path of a Chromium or Chrome, or "".
std::string find_browser();

class Browser {
 public:
  Browser();  // 1200 x 900 pixels
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;
  ~Browser();

  void set_window(int width, int height);
  void set_dark();
  // Goes to a file and waits until it is loaded.
  void open(const std::string& path);
  // The value of a script, waited for if it is a promise; the error as text where it throws.
  Json evaluate(const std::string& script);

 private:
  Json call(const std::string& method, const Json& parameters);
  Json next_message();

  TemporaryFolder profile_;
  pid_t process_ = -1;
  int to_ = -1, from_ = -1;  // the ends of the pipes
  int64_t calls_ = 0;
  std::string session_, received_;
  bool loaded_ = false;
};

}  // namespace phosphene::testing
