// The commands: each adds itself to the command line, with its help, and runs when it is the one that was asked for.
// They throw phosphene::Error; main turns it into one line and an exit code.
#pragma once

#include <CLI/CLI.hpp>

namespace phosphene {

void add_convert_command(CLI::App& app);
void add_inspect_command(CLI::App& app);
void add_classify_command(CLI::App& app);
void add_render_command(CLI::App& app);
void add_report_command(CLI::App& app);
void add_schema_command(CLI::App& app);
void add_examples_command(CLI::App& app);
void add_gradients_command(CLI::App& app);
void add_adversarial_command(CLI::App& app);
void add_probe_command(CLI::App& app);
void add_bench_command(CLI::App& app);
void add_check_command(CLI::App& app);

}  // namespace phosphene
