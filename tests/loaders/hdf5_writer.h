// HDF5 files for tests, as Keras writes them.
#pragma once

#include <hdf5.h>

#include <string>
#include <vector>

namespace phosphene::testing {

class Hdf5Writer {
 public:
  explicit Hdf5Writer(const std::string& path);
  Hdf5Writer(const Hdf5Writer&) = delete;
  Hdf5Writer& operator=(const Hdf5Writer&) = delete;
  ~Hdf5Writer();

  [[nodiscard]] hid_t file() const { return file_; }
  // Groups on the way are made. Without numbers a dataset is declared and never written.
  void add(const std::string& name, const std::vector<hsize_t>& shape, const std::vector<float>& numbers = {});
  // The same in chunks of this shape, deflated.
  void add_packed(const std::string& name, const std::vector<hsize_t>& shape, const std::vector<hsize_t>& chunk,
                  const std::vector<float>& numbers = {});
  void group(const std::string& name);
  // Attributes of the object `name` ("/": the root): one text of variable length; a list of texts of fixed length.
  void text(const std::string& name, const std::string& attribute, const std::string& value);
  void texts(const std::string& name, const std::string& attribute, const std::vector<std::string>& values);

 private:
  void add_dataset(const std::string& name, const std::vector<hsize_t>& shape, const std::vector<float>& numbers,
                   hid_t creation);

  hid_t file_;
};

}  // namespace phosphene::testing
