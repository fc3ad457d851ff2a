// Fields of Caffe's topologies that change nothing that is computed: every other unknown field is refused.
#pragma once

#include <string>

namespace phosphene::caffe {

// The same text with spaces for the fields that only training, or the choice of an implementation, reads; lines and columns stay.
// Malformed text is returned as it is: the parser then says what is wrong with it.
std::string without_harmless_fields(const std::string& text);

}  // namespace phosphene::caffe
