#include "host/neutral/h5.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/h5_parts.hpp"

#include <hdf5.h>

#include <algorithm>
#include <limits>
#include <system_error>
#include <type_traits>
#include <utility>

namespace zener {

using namespace h5;

namespace {

constexpr std::uint64_t kCompressFrom = 64 * 1024; // smaller datasets are not worth chunks
constexpr std::uint64_t kChunkBytes = 1024 * 1024; // the library's chunk cache
constexpr std::size_t kMemoryStep = 1024 * 1024;   // by which a file in memory grows
constexpr std::uint64_t kDeflateRatio = 1032;      // deflate cannot do better (zlib's technical notes)

std::uint64_t product(const H5File::Shape &shape, const Place &place) {
  std::uint64_t n = 1;
  for (const std::uint64_t extent : shape) {
    if (extent != 0 && n > std::numeric_limits<std::uint64_t>::max() / 64 / extent) {
      place.fail("has a shape whose size overflows");
    }
    n *= extent;
  }
  return n;
}

Handle make_space(const H5File::Shape &shape, const Place &place) {
  if (shape.empty()) {
    return Handle(H5Screate(H5S_SCALAR), H5Sclose, place, "describe its shape");
  }
  const std::vector<hsize_t> extents(shape.begin(), shape.end());
  return Handle(
      H5Screate_simple(static_cast<int>(std::min<std::size_t>(extents.size(), H5S_MAX_RANK + 1)), extents.data(), nullptr),
      H5Sclose, place, "describe its shape");
}

H5File::Shape shape_of(hid_t space, const Place &place) {
  const H5S_class_t kind = H5Sget_simple_extent_type(space);
  if (kind == H5S_SCALAR) {
    return {};
  }
  const int rank = kind == H5S_SIMPLE ? H5Sget_simple_extent_ndims(space) : -1;
  if (rank < 0) {
    place.fail("holds no array");
  }
  std::vector<hsize_t> extents(static_cast<std::size_t>(rank));
  place.check(H5Sget_simple_extent_dims(space, extents.data(), nullptr), "read its shape");
  return {extents.begin(), extents.end()};
}

// A damaged file can announce any shape; memory is taken only for what the file can hold.
void check_stored(hid_t file, hid_t dataset, std::uint64_t bytes, const Place &place) {
  const Handle plist(H5Dget_create_plist(dataset), H5Pclose, place, "read its layout");
  const H5D_layout_t layout = H5Pget_layout(plist);
  if ((layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED) || H5Pget_external_count(plist) != 0) {
    place.fail("keeps its data in another file, which is not allowed here");
  }
  hsize_t length = 0;
  place.check(H5Fget_filesize(file, &length), "read the file's size");
  const std::uint64_t stored = std::min<std::uint64_t>(H5Dget_storage_size(dataset), length);
  const bool filtered = H5Pget_nfilters(plist) > 0;
  if (bytes > 0 && bytes / (filtered ? kDeflateRatio : 1) > stored) {
    place.fail("announces " + std::to_string(bytes) + " bytes but the file holds " + std::to_string(stored) +
               "; the file is damaged");
  }
}

template <class T> void check_type(hid_t type, const Place &place) {
  const H5T_class_t kind = std::is_floating_point_v<T> ? H5T_FLOAT : H5T_INTEGER;
  const bool same = H5Tget_class(type) == kind && H5Tget_size(type) == sizeof(T) &&
                    (kind == H5T_FLOAT || (H5Tget_sign(type) == H5T_SGN_NONE) == std::is_unsigned_v<T>);
  if (!same) {
    place.fail(std::string("is not of the expected type, ") +
               (kind == H5T_FLOAT     ? "float"
                : std::is_signed_v<T> ? "int"
                                      : "uint") +
               std::to_string(8 * sizeof(T)));
  }
}

Handle string_type(const Place &place) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose, place, "describe strings");
  place.check(H5Tset_size(type, H5T_VARIABLE), "describe strings");
  place.check(H5Tset_cset(type, H5T_CSET_UTF8), "describe strings");
  return type;
}

std::vector<const char *> c_strings(const std::vector<std::string> &values, const Place &place) {
  std::vector<const char *> pointers;
  for (const std::string &value : values) {
    if (value.find('\0') != std::string::npos) {
      place.fail("cannot hold a text with a byte of value 0");
    }
    pointers.push_back(value.c_str());
  }
  return pointers;
}

// Strings of a dataset or attribute; read(memory type, buffer) fetches them.
template <class Read>
std::vector<std::string> fetch_strings(hid_t file_type, hid_t space, std::uint64_t n, const Place &place, Read read) {
  if (H5Tget_class(file_type) != H5T_STRING) {
    place.fail("is not of the expected type, string");
  }
  const htri_t variable = H5Tis_variable_str(file_type);
  place.check(variable, "read its type");
  std::vector<std::string> values(static_cast<std::size_t>(n));
  if (variable == 0) {
    const std::size_t width = H5Tget_size(file_type);
    if (width == 0 || n > (std::uint64_t{1} << 40) / width) {
      place.fail("has strings of an impossible length");
    }
    std::vector<char> bytes(static_cast<std::size_t>(n) * width);
    if (n > 0) {
      place.check(read(file_type, bytes.data()), "read");
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      const char *begin = bytes.data() + i * width;
      const char *end = std::find(begin, begin + width, '\0');
      values[i].assign(begin, end);
    }
    return values;
  }
  // The memory type keeps the file's character set: the library refuses to convert between them.
  const Handle type(H5Tcopy(file_type), H5Tclose, place, "read its type");
  struct Pointers {
    std::vector<char *> at;
    hid_t type;
    hid_t space;
    ~Pointers() { H5Dvlen_reclaim(type, space, H5P_DEFAULT, at.data()); }
  } pointers{std::vector<char *>(values.size(), nullptr), type, space};
  if (n > 0) {
    place.check(read(type, pointers.at.data()), "read");
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = pointers.at[i] == nullptr ? "" : pointers.at[i];
  }
  return values;
}

Handle make_dataset(hid_t file, hid_t type, const H5File::Shape &shape, std::uint64_t bytes, int deflate, const Place &place) {
  const Handle space = make_space(shape, place);
  const Handle link(H5Pcreate(H5P_LINK_CREATE), H5Pclose, place, "create");
  place.check(H5Pset_create_intermediate_group(link, 1), "create");
  const Handle plist(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, place, "create");
  place.check(H5Pset_obj_track_times(plist, false), "create");
  if (deflate > 0 && bytes >= kCompressFrom) {
    std::vector<hsize_t> chunk(shape.begin(), shape.end());
    std::uint64_t chunk_bytes = bytes;
    for (std::size_t i = 0; i < chunk.size() && chunk_bytes > kChunkBytes;) {
      if (chunk[i] == 1) {
        ++i;
        continue;
      }
      chunk_bytes /= chunk[i];
      chunk[i] = (chunk[i] + 1) / 2;
      chunk_bytes *= chunk[i];
    }
    place.check(H5Pset_chunk(plist, static_cast<int>(chunk.size()), chunk.data()), "set up compression");
    place.check(H5Pset_deflate(plist, static_cast<unsigned>(deflate)), "set up compression");
  }
  return Handle(H5Dcreate2(file, place.object.c_str(), type, space, link, plist, H5P_DEFAULT), H5Dclose, place, "create");
}

Handle open_dataset(hid_t file, const Place &place) {
  return Handle(H5Dopen2(file, place.object.c_str(), H5P_DEFAULT), H5Dclose, place, "open");
}

void put_attribute(hid_t file, hid_t type, const H5File::Shape &shape, const void *data, const Place &place) {
  const Handle object(H5Oopen(file, place.object.c_str(), H5P_DEFAULT), H5Oclose, place, "open the object");
  const htri_t present = H5Aexists(object, place.attribute.c_str());
  place.check(present, "look it up");
  if (present > 0) {
    place.check(H5Adelete(object, place.attribute.c_str()), "replace");
  }
  const Handle space = make_space(shape, place);
  const Handle attribute(H5Acreate2(object, place.attribute.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose, place,
                         "create");
  if (data != nullptr) { // null for an empty array
    place.check(H5Awrite(attribute, type, data), "write");
  }
}

Handle open_attribute(hid_t file, const Place &place) {
  return Handle(H5Aopen_by_name(file, place.object.c_str(), place.attribute.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose, place,
                "open");
}

template <class T> T number_attribute(hid_t file, const Place &place) {
  const Handle attribute = open_attribute(file, place);
  const Handle type(H5Aget_type(attribute), H5Tclose, place, "read its type");
  const Handle space(H5Aget_space(attribute), H5Sclose, place, "read its shape");
  check_type<T>(type, place);
  if (product(shape_of(space, place), place) != 1) {
    place.fail("is an array, one number is expected");
  }
  T value{};
  place.check(H5Aread(attribute, native<T>(), &value), "read");
  return value;
}

std::vector<std::string> strings_attribute(hid_t file, const Place &place) {
  const Handle attribute = open_attribute(file, place);
  const Handle type(H5Aget_type(attribute), H5Tclose, place, "read its type");
  const Handle space(H5Aget_space(attribute), H5Sclose, place, "read its shape");
  const std::uint64_t n = product(shape_of(space, place), place);
  if (n > H5Aget_storage_size(attribute)) {
    place.fail("announces more strings than it can hold; the file is damaged");
  }
  return fetch_strings(type, space, n, place, [&](hid_t memory, void *to) { return H5Aread(attribute, memory, to); });
}

const std::string kWhole = "/";

Handle file_access(const Place &place) {
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, place, "open");
  // Closing fails when something inside is still open, instead of postponing the work and its errors.
  place.check(H5Pset_fclose_degree(access, H5F_CLOSE_SEMI), "open");
  // Network file systems without locks are not an error.
  place.check(H5Pset_file_locking(access, true, true), "open");
  return access;
}

void check_file(hid_t id, const std::filesystem::path &file, const char *doing) {
  if (id < 0) {
    throw DataError(file.string() + ": cannot " + doing + ": " + reason());
  }
}

} // namespace

H5File H5File::create(const std::filesystem::path &file, std::uint64_t user_block) {
  silence();
  const Place place{file, kWhole};
  const Handle access = file_access(place);
  place.check(H5Pset_fapl_core(access, kMemoryStep, false), "create");
  const Handle plist(H5Pcreate(H5P_FILE_CREATE), H5Pclose, place, "create");
  place.check(H5Pset_userblock(plist, user_block), "reserve a user block");
  const hid_t id = H5Fcreate(file.c_str(), H5F_ACC_TRUNC, plist, access);
  check_file(id, file, "create");
  return H5File(file, id, true);
}

H5File H5File::open(const std::filesystem::path &file) {
  silence();
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::is_regular_file(status)) {
    throw DataError(file.string() +
                    ": cannot open: " + (std::filesystem::exists(status) ? "it is not a regular file" : error.message()));
  }
  const Place place{file, kWhole};
  const Handle access = file_access(place);
  const hid_t id = H5Fopen(file.c_str(), H5F_ACC_RDONLY, access);
  check_file(id, file, "open as HDF5");
  return H5File(file, id, false);
}

H5File::H5File(H5File &&other) noexcept
    : file_(std::move(other.file_)), id_(std::exchange(other.id_, -1)), writing_(std::exchange(other.writing_, false)) {}

H5File &H5File::operator=(H5File &&other) noexcept {
  std::swap(file_, other.file_);
  std::swap(id_, other.id_);
  std::swap(writing_, other.writing_);
  return *this;
}

H5File::~H5File() {
  if (id_ >= 0) {
    H5Fclose(id_);
  }
}

void H5File::close(const std::filesystem::path &previous) {
  if (id_ < 0) {
    return;
  }
  if (writing_) {
    const std::span<const char> bytes = image();
    write_file_atomically(file_, {bytes.data(), bytes.size()}, previous);
  }
  const hid_t id = std::exchange(id_, -1);
  check_file(H5Fclose(id), file_, "close");
}

std::span<char> H5File::image() {
  silence();
  if (!writing_ || id_ < 0) {
    throw InvariantError(file_.string() + ": only a file that is being written has an image");
  }
  check_file(H5Fflush(id_, H5F_SCOPE_GLOBAL), file_, "write");
  const Place place{file_, kWhole};
  const Handle plist(H5Fget_create_plist(id_), H5Pclose, place, "read its user block");
  hsize_t block = 0;
  place.check(H5Pget_userblock(plist, &block), "read its user block");
  // The memory of the core driver holds the user block, then what the library calls the image.
  const ssize_t size = H5Fget_file_image(id_, nullptr, 0);
  void *memory = nullptr;
  const Handle access(H5Fget_access_plist(id_), H5Pclose, place, "find its memory");
  place.check(H5Fget_vfd_handle(id_, access, &memory), "find its memory");
  check_file(size < 0 ? -1 : 0, file_, "measure");
  return {*static_cast<char **>(memory), static_cast<std::size_t>(block) + static_cast<std::size_t>(size)};
}

bool H5File::exists(const std::string &object) const {
  silence();
  // Each step of the path must exist before the next may be asked for.
  for (std::size_t end = object.find('/', 1);; end = object.find('/', end + 1)) {
    const std::string path = object.substr(0, end);
    if (path.empty() || (path != "/" && H5Lexists(id_, path.c_str(), H5P_DEFAULT) <= 0)) {
      return false;
    }
    if (end == std::string::npos) {
      return H5Oexists_by_name(id_, path.c_str(), H5P_DEFAULT) > 0;
    }
  }
}

H5File::Shape H5File::shape(const std::string &dataset) const {
  silence();
  const Place place{file_, dataset};
  const Handle data = open_dataset(id_, place);
  const Handle space(H5Dget_space(data), H5Sclose, place, "read its shape");
  return shape_of(space, place);
}

void H5File::make_group(const std::string &group) {
  silence();
  const Place place{file_, group};
  const Handle link(H5Pcreate(H5P_LINK_CREATE), H5Pclose, place, "create");
  place.check(H5Pset_create_intermediate_group(link, 1), "create");
  const Handle made(H5Gcreate2(id_, group.c_str(), link, H5P_DEFAULT, H5P_DEFAULT), H5Gclose, place, "create the group");
}

template <class T> void H5File::write(const std::string &dataset, std::span<const T> values, const Shape &shape, int deflate) {
  silence();
  const Place place{file_, dataset};
  if (product(shape, place) != values.size()) {
    throw InvariantError(place.name() + " is given " + std::to_string(values.size()) + " values, its shape needs " +
                         std::to_string(product(shape, place)));
  }
  const Handle data = make_dataset(id_, native<T>(), shape, values.size_bytes(), deflate, place);
  if (!values.empty()) {
    place.check(H5Dwrite(data, native<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "write");
  }
}

template <class T> std::vector<T> H5File::read(const std::string &dataset) const {
  silence();
  const Place place{file_, dataset};
  const Handle data = open_dataset(id_, place);
  const Handle type(H5Dget_type(data), H5Tclose, place, "read its type");
  const Handle space(H5Dget_space(data), H5Sclose, place, "read its shape");
  check_type<T>(type, place);
  const std::uint64_t n = product(shape_of(space, place), place);
  check_stored(id_, data, n * sizeof(T), place);
  std::vector<T> values(static_cast<std::size_t>(n));
  if (n > 0) {
    place.check(H5Dread(data, native<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "read");
  }
  return values;
}

#define ZENER_H5_TYPE(T)                                                                                                       \
  template void H5File::write<T>(const std::string &, std::span<const T>, const Shape &, int);                                 \
  template std::vector<T> H5File::read<T>(const std::string &) const;
ZENER_H5_TYPE(double)
ZENER_H5_TYPE(float)
ZENER_H5_TYPE(std::int32_t)
ZENER_H5_TYPE(std::int64_t)
ZENER_H5_TYPE(std::uint8_t)
ZENER_H5_TYPE(std::uint32_t)
ZENER_H5_TYPE(std::uint64_t)
#undef ZENER_H5_TYPE

void H5File::write_strings(const std::string &dataset, const std::vector<std::string> &values, const Shape &shape) {
  silence();
  const Place place{file_, dataset};
  if (product(shape, place) != values.size()) {
    throw InvariantError(place.name() + " is given " + std::to_string(values.size()) + " strings, its shape needs " +
                         std::to_string(product(shape, place)));
  }
  const auto pointers = c_strings(values, place);
  const Handle type = string_type(place);
  const Handle data = make_dataset(id_, type, shape, 0, 0, place);
  if (!values.empty()) {
    place.check(H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()), "write");
  }
}

std::vector<std::string> H5File::read_strings(const std::string &dataset) const {
  silence();
  const Place place{file_, dataset};
  const Handle data = open_dataset(id_, place);
  const Handle type(H5Dget_type(data), H5Tclose, place, "read its type");
  const Handle space(H5Dget_space(data), H5Sclose, place, "read its shape");
  const std::uint64_t n = product(shape_of(space, place), place);
  check_stored(id_, data, n, place); // each string takes at least a byte
  return fetch_strings(type, space, n, place,
                       [&](hid_t memory, void *to) { return H5Dread(data, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, to); });
}

void H5File::write_attribute(const std::string &object, const std::string &name, const std::string &value) {
  silence();
  const Place place{file_, object, name};
  const Handle type = string_type(place);
  put_attribute(id_, type, {}, c_strings({value}, place).data(), place);
}

void H5File::write_attribute(const std::string &object, const std::string &name, double value) {
  silence();
  put_attribute(id_, H5T_NATIVE_DOUBLE, {}, &value, {file_, object, name});
}

void H5File::write_attribute(const std::string &object, const std::string &name, std::int64_t value) {
  silence();
  put_attribute(id_, H5T_NATIVE_INT64, {}, &value, {file_, object, name});
}

void H5File::write_attribute(const std::string &object, const std::string &name, const std::vector<std::string> &values) {
  silence();
  const Place place{file_, object, name};
  const Handle type = string_type(place);
  put_attribute(id_, type, {values.size()}, c_strings(values, place).data(), place);
}

bool H5File::has_attribute(const std::string &object, const std::string &name) const {
  silence();
  return exists(object) && H5Aexists_by_name(id_, object.c_str(), name.c_str(), H5P_DEFAULT) > 0;
}

std::string H5File::read_string_attribute(const std::string &object, const std::string &name) const {
  const auto values = read_strings_attribute(object, name);
  if (values.size() != 1) {
    Place{file_, object, name}.fail("is an array, one string is expected");
  }
  return values.front();
}

double H5File::read_double_attribute(const std::string &object, const std::string &name) const {
  silence();
  return number_attribute<double>(id_, {file_, object, name});
}

std::int64_t H5File::read_int64_attribute(const std::string &object, const std::string &name) const {
  silence();
  return number_attribute<std::int64_t>(id_, {file_, object, name});
}

std::vector<std::string> H5File::read_strings_attribute(const std::string &object, const std::string &name) const {
  silence();
  return strings_attribute(id_, {file_, object, name});
}

} // namespace zener
