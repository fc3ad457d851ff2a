// Chromium, where there is one.
#pragma once

#include <string>

namespace phosphene::testing {

// The path of a Chromium or Chrome, or "".
std::string find_browser();

// What a page holds after `script` has run in a copy of it beside it, which is told in <pre id="told"> (browser_checks.js). `truth`: a
// script that stands before it. `options`: more of the browser's, as "--window-size=390,844".
std::string told_by(const std::string& page, const std::string& truth, const std::string& script,
                    const std::string& options = "");

}  // namespace phosphene::testing
