// What an option takes: a word for it in help, the check of what is given, and what a shell may complete.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>

namespace phosphene {

// Names of values, as help shows them and completion understands them.
inline constexpr const char *kFile = "FILE", *kFolder = "FOLDER", *kModel = "MODEL", *kPhoto = "PHOTO",
                            *kConfig = "CONFIG.json", *kNetwork = "NETWORK", *kLayer = "LAYER", *kUnit = "LAYER:UNIT";

// How every command that reads a model explains it.
inline constexpr const char* kModelSentence =
    "model file, or the name of one in $PHOSPHENE_MODELS, ./models or ~/.cache/phosphene";

// Each sets the option's word, and a check whose error says what was expected and what was got.
CLI::Option* whole_number(CLI::Option* option, int64_t least, int64_t most);
CLI::Option* number(CLI::Option* option, double least = std::numeric_limits<double>::lowest(),
                    double most = std::numeric_limits<double>::max());
CLI::Option* one_of(CLI::Option* option, std::initializer_list<const char*> words, const std::string& or_begins = "");
CLI::Option* value(CLI::Option* option, const char* word);

}  // namespace phosphene
