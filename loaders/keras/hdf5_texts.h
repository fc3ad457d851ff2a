// Texts of variable length in HDF5's attributes, read without the HDF5 library, which believes what a damaged file says of their lengths
// and places (1.10.8 writes beyond its memory).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace phosphene::hdf5 {

// The `count` texts of an attribute, which stands in the object header (version 1) at `header`; `file` is the whole file, whose
// addresses are of 64 bits and begin at 0. `place` names the attribute in errors. Source: HDF5 File Format Specification 3.0, III.E
// (global heap), IV.A.1.a (object header), IV.A.2.m (attribute message).
std::vector<std::string> variable_texts(std::span<const std::byte> file, uint64_t header, const std::string& attribute,
                                        size_t count, const std::string& place);

}  // namespace phosphene::hdf5
