// Names of files in folders of photographs.
#pragma once

#include <string_view>

namespace phosphene {

enum class NameKind {
  photograph,  // ends like a picture's: .jpg, .jpeg, .jpe, .jfif, .png, or .webp, .heic, .tif, a raw file's ...
  bare,        // has no ending: its contents decide
  other        // .txt, .mov, .json ...
};

// By its ending, whatever the case. `name` may have folders in front.
NameKind name_kind(std::string_view name);

// Whether systems and programs keep it for themselves, as a file or as a folder: what begins with a dot (._IMG_1.jpg, .thumbnails,
// .Trash-1000), thumbnails (Thumbs.db, @eaDir, SYNOPHOTO_THUMB...), bins ($RECYCLE.BIN, #recycle, lost+found), __MACOSX, desktop.ini.
bool is_dust(std::string_view name);

}  // namespace phosphene
