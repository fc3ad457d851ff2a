// Fields of Caffe's topologies that change nothing that is computed: every other unknown field is refused.
#pragma once

#include <string>

namespace phosphene::caffe {

// The same text with spaces for the fields that only training, or the choice of an implementation, reads; lines and columns stay.
// What is no well-formed text stays as it is, for the parser to say so.
std::string without_harmless_fields(const std::string& text);

}  // namespace phosphene::caffe
