#include "tests/experiment/pages/browser.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>

namespace phosphene::testing {
namespace {

constexpr int kPatience = 60000;  // milliseconds for an answer: a machine may be busy

// In the child: reads commands from 3 and answers on 4.
[[noreturn]] void become_browser(int commands, int answers, const std::string& program, const std::string& profile) {
  // Beyond 3 and 4, so that neither takes the other's place.
  const int from = fcntl(commands, F_DUPFD, 10), to = fcntl(answers, F_DUPFD, 10);
  const int nowhere = ::open("/dev/null", O_WRONLY);
  dup2(from, 3);
  dup2(to, 4);
  dup2(nowhere, STDERR_FILENO);
  execl(program.c_str(), program.c_str(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--window-size=1200,900", "--remote-debugging-pipe", profile.c_str(), static_cast<char*>(nullptr));
  _exit(127);
}

}  // namespace

std::string find_browser() {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    for (const char* name : {"chromium", "chromium-browser", "google-chrome"})
      if (access((folder + "/" + name).c_str(), X_OK) == 0) return folder + "/" + name;
  return "";
}

Browser::Browser() {
  const std::string program = find_browser(), profile = "--user-data-dir=" + profile_.file("profile");
  std::array<int, 2> commands{}, answers{};
  if (pipe2(commands.data(), O_CLOEXEC) != 0 || pipe2(answers.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  process_ = fork();
  if (process_ == 0) become_browser(commands[0], answers[1], program, profile);
  close(commands[0]);
  close(answers[1]);
  to_ = commands[1];
  from_ = answers[0];
  const Json target = call("Target.createTarget", {{"url", "about:blank"}});
  session_ = call("Target.attachToTarget", {{"targetId", target.at("targetId")}, {"flatten", true}}).at("sessionId");
  call("Page.enable", Json::object());
}

Browser::~Browser() {
  close(to_);  // it ends where nobody can command it
  close(from_);
  for (int i = 0; i < 100; ++i) {
    if (waitpid(process_, nullptr, WNOHANG) != 0) return;
    usleep(50000);
  }
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

Json Browser::next_message() {
  for (;;) {
    if (const size_t end = received_.find('\0'); end != std::string::npos) {
      Json message = Json::parse(received_.substr(0, end));
      received_.erase(0, end + 1);
      if (message.value("method", "") == "Page.loadEventFired") loaded_ = true;
      return message;
    }
    pollfd waited{from_, POLLIN, 0};
    std::array<char, 65536> part;
    const ssize_t size = poll(&waited, 1, kPatience) > 0 ? read(from_, part.data(), part.size()) : 0;
    if (size <= 0) throw std::runtime_error("the browser does not answer");
    received_.append(part.data(), static_cast<size_t>(size));
  }
}

Json Browser::call(const std::string& method, const Json& parameters) {
  Json command = {{"id", ++calls_}, {"method", method}, {"params", parameters}};
  if (!session_.empty()) command["sessionId"] = session_;
  const std::string text = command.dump();
  for (size_t sent = 0; sent <= text.size();) {  // the last byte is a zero
    const ssize_t size = write(to_, text.c_str() + sent, text.size() + 1 - sent);
    if (size <= 0) throw std::runtime_error("the browser does not listen");
    sent += static_cast<size_t>(size);
  }
  for (;;) {
    Json answer = next_message();
    if (answer.value("id", int64_t{0}) != calls_) continue;
    if (answer.contains("error")) throw std::runtime_error(method + ": " + answer["error"].dump());
    return answer.at("result");
  }
}

void Browser::set_window(int width, int height) {
  call("Emulation.setDeviceMetricsOverride",
       {{"width", width}, {"height", height}, {"deviceScaleFactor", 1}, {"mobile", true}});
}

void Browser::set_dark() {
  const Json dark = {{"name", "prefers-color-scheme"}, {"value", "dark"}};
  call("Emulation.setEmulatedMedia", {{"features", Json::array({dark})}});
}

void Browser::open(const std::string& path) {
  loaded_ = false;
  call("Page.navigate", {{"url", "file://" + path}});
  while (!loaded_) next_message();
}

Json Browser::evaluate(const std::string& script) {
  const Json result =
      call("Runtime.evaluate", {{"expression", script}, {"awaitPromise", true}, {"returnByValue", true}});
  if (result.contains("exceptionDetails")) return result["exceptionDetails"].dump();
  return result.at("result").value("value", Json());
}

}  // namespace phosphene::testing
