// The HDF5 files of results: what every one of them says of its run, and datasets with units and a description.
#pragma once

#include "host/neutral/h5.hpp"
#include "host/neutral/version.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace zener {

// Starts a file whose root names its format, the driver, the preset's title and the resolved preset (JSON).
inline H5File create_result_file(const std::filesystem::path &path, const std::string &format, const std::string &driver,
                                 const std::string &title, const std::string &preset) {
  H5File file = H5File::create(path);
  file.write_attribute("/", "format", format);
  file.write_attribute("/", "zener_version", std::string(kVersion));
  file.write_attribute("/", "driver", driver);
  file.write_attribute("/", "title", title);
  file.write_attribute("/", "preset", preset);
  return file;
}

template <class T>
void put(H5File &file, const std::string &name, const std::vector<T> &values, const H5File::Shape &shape,
         const std::string &units, const std::string &description) {
  constexpr int kDeflate = 4;
  file.write(name, values, shape, kDeflate);
  file.write_attribute(name, "units", units);
  file.write_attribute(name, "description", description);
}

} // namespace zener
