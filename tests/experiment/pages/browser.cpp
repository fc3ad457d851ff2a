#include "tests/experiment/pages/browser.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "tests/support/temporary_folder.h"

namespace phosphene::testing {
namespace {

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), &pclose);
  std::string output;
  std::array<char, 65536> part;
  while (const size_t size = pipe ? fread(part.data(), 1, part.size(), pipe.get()) : 0)
    output.append(part.data(), size);
  return output;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

}  // namespace

std::string find_browser() {
  std::istringstream folders(std::getenv("PATH") == nullptr ? "" : std::getenv("PATH"));
  for (std::string folder; std::getline(folders, folder, ':');)
    for (const char* name : {"chromium", "chromium-browser", "google-chrome"})
      if (std::filesystem::exists(folder + "/" + name)) return folder + "/" + name;
  return "";
}

std::string told_by(const std::string& page, const std::string& truth, const std::string& script,
                    const std::string& options) {
  const TemporaryFolder profile;
  const std::string copy = page.substr(0, page.rfind('.')) + "_checked.html";
  const std::string text = contents_of(page), end = "</body>";
  const size_t at = text.rfind(end);
  std::ofstream(copy, std::ios::binary) << text.substr(0, at) << "<script>" << truth << "</script>\n<script>" << script
                                        << "</script>\n"
                                        << text.substr(at);
  // Time passes as fast as there is nothing to do.
  std::string dom =
      output_of("'" + find_browser() +
                "' --headless --no-sandbox --disable-gpu --hide-scrollbars --virtual-time-budget=60000 "
                "--window-size=1200,900 --user-data-dir='" +
                profile.file("profile") + "' " + options + " --dump-dom 'file://" + copy + "' 2>/dev/null");
  const std::string open = "<pre id=\"told\">";
  const size_t first = dom.find(open);
  if (first == std::string::npos) return "the browser told nothing: " + dom.substr(0, 200);
  std::string told = dom.substr(first + open.size(), dom.find("</pre>", first) - first - open.size());
  for (const auto& [from, to] : {std::pair("&lt;", "<"), std::pair("&gt;", ">"), std::pair("&amp;", "&")})
    replace_all(told, from, to);
  return told;
}

}  // namespace phosphene::testing
