#include "tests/loaders/hdf5_writer.h"

#include <algorithm>
#include <cstring>

namespace phosphene::testing {
namespace {

hid_t parents() {
  const hid_t list = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(list, 1);
  return list;
}

}  // namespace

Hdf5Writer::Hdf5Writer(const std::string& path)
    : file_(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {}

Hdf5Writer::~Hdf5Writer() { H5Fclose(file_); }

void Hdf5Writer::add_dataset(const std::string& name, const std::vector<hsize_t>& shape,
                             const std::vector<float>& numbers, hid_t creation) {
  const hid_t links = parents(), space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
  const hid_t dataset = H5Dcreate2(file_, name.c_str(), H5T_IEEE_F32LE, space, links, creation, H5P_DEFAULT);
  if (!numbers.empty()) H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers.data());
  H5Dclose(dataset);
  H5Sclose(space);
  H5Pclose(links);
}

void Hdf5Writer::add(const std::string& name, const std::vector<hsize_t>& shape, const std::vector<float>& numbers) {
  add_dataset(name, shape, numbers, H5P_DEFAULT);
}

void Hdf5Writer::add_packed(const std::string& name, const std::vector<hsize_t>& shape,
                            const std::vector<hsize_t>& chunk, const std::vector<float>& numbers) {
  constexpr unsigned kLevel = 6;
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
  H5Pset_deflate(creation, kLevel);
  add_dataset(name, shape, numbers, creation);
  H5Pclose(creation);
}

void Hdf5Writer::group(const std::string& name) {
  const hid_t links = parents();
  H5Gclose(H5Gcreate2(file_, name.c_str(), links, H5P_DEFAULT, H5P_DEFAULT));
  H5Pclose(links);
}

void Hdf5Writer::text(const std::string& name, const std::string& attribute, const std::string& value) {
  const hid_t object = H5Oopen(file_, name.c_str(), H5P_DEFAULT), space = H5Screate(H5S_SCALAR),
              type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  const hid_t written = H5Acreate2(object, attribute.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
  const char* pointer = value.c_str();
  H5Awrite(written, type, &pointer);
  H5Aclose(written);
  H5Tclose(type);
  H5Sclose(space);
  H5Oclose(object);
}

void Hdf5Writer::texts(const std::string& name, const std::string& attribute, const std::vector<std::string>& values) {
  size_t longest = 1;
  for (const std::string& value : values) longest = std::max(longest, value.size());
  std::vector<char> characters(longest * values.size(), '\0');
  for (size_t i = 0; i < values.size(); ++i)
    std::memcpy(characters.data() + i * longest, values[i].data(), values[i].size());
  const hsize_t count = values.size();
  const hid_t object = H5Oopen(file_, name.c_str(), H5P_DEFAULT), space = H5Screate_simple(1, &count, nullptr);
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, longest);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  const hid_t written = H5Acreate2(object, attribute.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
  H5Awrite(written, type, characters.data());
  H5Aclose(written);
  H5Tclose(type);
  H5Sclose(space);
  H5Oclose(object);
}

}  // namespace phosphene::testing
