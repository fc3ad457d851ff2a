// Pictures of a run for use elsewhere: a poster, a film, all of a unit.
#pragma once

#include <cstdint>
#include <string>

namespace phosphene {

// A PNG of all finished pictures, or of those of one layer, each shrunk into a square of `side` pixels; in the order of the run, or
// within a layer of its units. A layer counts with and without ":pre". Returns how many there are. Throws where there are none.
int64_t write_poster(const std::string& run_folder, const std::string& layer, int64_t side, const std::string& path);

// An APNG of a picture on its way, from its snapshots; where it has none, of the images of its group, as of an interpolation. Returns the
// number of frames. Throws where there is one frame alone, or no such picture.
int64_t write_film(const std::string& run_folder, const std::string& picture, const std::string& path);

// A folder of everything about a unit, "LAYER:UNIT": its pictures and snapshots, their records, films, photographs, and unit.json, which
// says what is there. Returns the number of pictures. Throws where there are none, and for a folder that is there and not empty.
int64_t write_unit(const std::string& run_folder, const std::string& unit, const std::string& out);

}  // namespace phosphene
