// HDF5 files: datasets and attributes by path, errors as DataError that name file, object and the library's reason.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace zener {

// An open HDF5 file. Paths inside it are like "/time_s/mean"; groups on the way are made when something is written. Numbers
// keep their type: what was written as float is read as float, anything else is refused. The same content gives the same
// bytes (no time stamps). Objects are not shared between threads.
//
// Shapes and types are checked before memory is taken, but the library itself (1.10) can crash on a damaged file, in its heap
// of strings: open only files that were just written or verified by a checksum, as checkpoint.cpp does.
class H5File {
public:
  using Shape = std::vector<std::uint64_t>; // empty: one value

  // Starts a file in memory; close() puts it on the disk. (Written straight to the disk, a file that meets a full disk leaves
  // the library in a state in which it crashes when the program ends.) `user_block` bytes (0, 512, 1024, …) at the start are
  // left to the caller.
  static H5File create(const std::filesystem::path &file, std::uint64_t user_block = 0);
  // Opens an existing file for reading.
  static H5File open(const std::filesystem::path &file);

  H5File(H5File &&other) noexcept;
  H5File &operator=(H5File &&other) noexcept;
  ~H5File(); // without close(), nothing that was written reaches the disk

  // Replaces the file atomically by what was written (write_file_atomically in files.hpp, whose `previous` this is). The object
  // cannot be used any more.
  void close(const std::filesystem::path &previous = {});

  // The bytes of a file that is being written, its user block included, which may be filled in. Valid until the next write.
  std::span<char> image();

  bool exists(const std::string &object) const;
  Shape shape(const std::string &dataset) const;
  void make_group(const std::string &group);

  // T: double, float, int32, int64, uint8, uint32, uint64. The number of values must be the product of the shape. With
  // deflate 1 to 9, data of 64 kB and more is stored compressed.
  template <class T> void write(const std::string &dataset, std::span<const T> values, const Shape &shape, int deflate = 0);
  template <class T> void write(const std::string &dataset, const std::vector<T> &values, const Shape &shape, int deflate = 0) {
    write<T>(dataset, std::span<const T>(values), shape, deflate);
  }
  template <class T> std::vector<T> read(const std::string &dataset) const;

  // UTF-8, of any length. Bytes of value 0 are refused.
  void write_strings(const std::string &dataset, const std::vector<std::string> &values, const Shape &shape);
  std::vector<std::string> read_strings(const std::string &dataset) const;

  // Attributes of a group ("/" is the root) or dataset that exists. Writing replaces.
  void write_attribute(const std::string &object, const std::string &name, const std::string &value);
  void write_attribute(const std::string &object, const std::string &name, double value);
  void write_attribute(const std::string &object, const std::string &name, std::int64_t value);
  void write_attribute(const std::string &object, const std::string &name, const std::vector<std::string> &values);
  bool has_attribute(const std::string &object, const std::string &name) const;
  std::string read_string_attribute(const std::string &object, const std::string &name) const;
  double read_double_attribute(const std::string &object, const std::string &name) const;
  std::int64_t read_int64_attribute(const std::string &object, const std::string &name) const;
  std::vector<std::string> read_strings_attribute(const std::string &object, const std::string &name) const;

private:
  H5File(std::filesystem::path file, std::int64_t id, bool writing) : file_(std::move(file)), id_(id), writing_(writing) {}

  std::filesystem::path file_;
  std::int64_t id_ = -1; // hid_t
  bool writing_ = false;
};

} // namespace zener
