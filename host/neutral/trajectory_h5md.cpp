#include "host/neutral/trajectory_h5md.hpp"

#include "host/neutral/elements.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/h5_parts.hpp"
#include "host/neutral/version.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

namespace zener {

using namespace h5;

namespace {

using Shape = std::vector<hsize_t>;

constexpr std::uint64_t kChunkBytes = 64 * 1024; // of frames that are small
constexpr hsize_t kMostFramesOfChunk = 256;

const char *const kAll = "/particles/all";

Handle group(hid_t file, const Place &place) {
  const Handle link(H5Pcreate(H5P_LINK_CREATE), H5Pclose, place, "create");
  place.check(H5Pset_create_intermediate_group(link, 1), "create");
  return Handle(H5Gcreate2(file, place.object.c_str(), link, H5P_DEFAULT, H5P_DEFAULT), H5Gclose, place, "create");
}

// Text of a fixed length, which every version of the library can read.
Handle text_type(std::size_t length, const Place &place) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose, place, "describe text");
  place.check(H5Tset_size(type, std::max<std::size_t>(length, 1)), "describe text");
  place.check(H5Tset_cset(type, H5T_CSET_UTF8), "describe text");
  place.check(H5Tset_strpad(type, H5T_STR_NULLPAD), "describe text");
  return type;
}

Handle space_of(const Shape &shape, const Place &place) {
  return Handle(shape.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr),
                H5Sclose, place, "describe its shape");
}

void attribute(hid_t object, const char *name, hid_t type, const Shape &shape, const void *data, const Place &place) {
  const Handle space = space_of(shape, place);
  const Handle id(H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose, place, "write an attribute of");
  place.check(H5Awrite(id, type, data), "write an attribute of");
}

void attribute(hid_t object, const char *name, std::string text, const Place &place) {
  const Handle type = text_type(text.size(), place);
  text.resize(std::max<std::size_t>(text.size(), 1));
  attribute(object, name, type, {}, text.data(), place);
}

// Of all elements: the symbol names the atomic number.
Handle species_type(const Place &place) {
  Handle type(H5Tenum_create(H5T_NATIVE_INT32), H5Tclose, place, "describe the elements");
  for (std::int32_t z = 1; z <= 118; ++z) {
    place.check(H5Tenum_insert(type, element_symbol(z).c_str(), &z), "describe the elements");
  }
  return type;
}

template <class T>
void fixed(hid_t file, const std::filesystem::path &path, const std::string &name, hid_t type, const std::vector<T> &values,
           const char *unit = nullptr) {
  const Place place{path, name};
  const Handle space = space_of({values.size()}, place);
  const Handle id(H5Dcreate2(file, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose, place,
                  "create");
  place.check(H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "write");
  if (unit != nullptr) {
    attribute(id, "unit", unit, place);
  }
}

std::vector<std::int32_t> numbers_of(const Atoms &atoms) {
  std::vector<std::int32_t> of_type;
  for (const std::string &element : atoms.elements) {
    const std::optional<int> z = atomic_number(element);
    if (!z) {
      throw InvariantError("'" + element + "' of a trajectory to be written is no element");
    }
    of_type.push_back(*z);
  }
  std::vector<std::int32_t> out;
  for (const std::int32_t type : atoms.type) {
    out.push_back(of_type.at(static_cast<std::size_t>(type)));
  }
  return out;
}

std::vector<std::int64_t> ids_of(const Atoms &atoms) {
  std::vector<std::int64_t> ids = atoms.id;
  if (ids.empty()) {
    ids.resize(atoms.size());
    std::iota(ids.begin(), ids.end(), std::int64_t{1});
  }
  return ids;
}

// A dataset whose first extent is the frame.
struct Series {
  std::string name;
  hid_t memory = -1; // type of the values in memory
  Shape frame;       // extents of one frame
};

// What a frame has, in the order of writing; step comes last.
struct Contents {
  bool velocity = false;
  bool force = false;
  bool image = false;
  bool energy = false;
  bool virial = false;

  static Contents of(const Atoms &atoms) {
    return {!atoms.velocity_A_ps.empty(), !atoms.force_eV_A.empty(), !atoms.image.empty(), atoms.has_energy, atoms.has_virial};
  }
  bool operator==(const Contents &) const = default;

  std::vector<Series> series(hsize_t n) const {
    const std::string all = kAll;
    std::vector<Series> out{{all + "/box/edges/value", H5T_NATIVE_DOUBLE, {3, 3}},
                            {all + "/position/value", H5T_NATIVE_DOUBLE, {n, 3}}};
    if (velocity) {
      out.push_back({all + "/velocity/value", H5T_NATIVE_DOUBLE, {n, 3}});
    }
    if (force) {
      out.push_back({all + "/force/value", H5T_NATIVE_DOUBLE, {n, 3}});
    }
    if (image) {
      out.push_back({all + "/image/value", H5T_NATIVE_INT32, {n, 3}});
    }
    if (energy) {
      out.push_back({"/observables/potential_energy/value", H5T_NATIVE_DOUBLE, {}});
    }
    if (virial) {
      out.push_back({"/observables/virial/value", H5T_NATIVE_DOUBLE, {3, 3}});
    }
    out.push_back({all + "/position/time", H5T_NATIVE_DOUBLE, {}});
    out.push_back({all + "/position/step", H5T_NATIVE_INT64, {}});
    return out;
  }
};

std::string parent(const std::string &name) { return name.substr(0, name.rfind('/')); }

const char *unit_of(const std::string &name) {
  static constexpr std::array<std::pair<const char *, const char *>, 7> kUnits{{{"/edges/value", "Angstrom"},
                                                                                {"/position/value", "Angstrom"},
                                                                                {"/velocity/value", "Angstrom ps-1"},
                                                                                {"/force/value", "eV Angstrom-1"},
                                                                                {"/potential_energy/value", "eV"},
                                                                                {"/virial/value", "eV"},
                                                                                {"/time", "ps"}}};
  for (const auto &[end, unit] : kUnits) {
    if (name.ends_with(end)) {
      return unit;
    }
  }
  return nullptr;
}

void make_series(hid_t file, const std::filesystem::path &path, const Series &series, const H5mdOptions &options) {
  const Place place{path, series.name};
  Shape extents{0};
  Shape most{H5S_UNLIMITED};
  Shape chunk{1};
  std::uint64_t bytes = 8;
  for (const hsize_t extent : series.frame) {
    extents.push_back(extent);
    most.push_back(extent);
    chunk.push_back(extent);
    bytes *= extent;
  }
  const hsize_t most_frames = options.frames > 0 ? std::min<hsize_t>(options.frames, kMostFramesOfChunk) : kMostFramesOfChunk;
  chunk[0] = std::clamp<hsize_t>(kChunkBytes / bytes, 1, most_frames);
  const Handle space(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), most.data()), H5Sclose, place,
                     "describe its shape");
  const Handle plist(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, place, "create");
  place.check(H5Pset_chunk(plist, static_cast<int>(chunk.size()), chunk.data()), "create");
  const bool large = series.frame.size() == 2 && series.frame[0] > 3;
  if (options.deflate > 0 && large) {
    place.check(H5Pset_shuffle(plist), "create");
    place.check(H5Pset_deflate(plist, static_cast<unsigned>(options.deflate)), "create");
  }
  const Handle link(H5Pcreate(H5P_LINK_CREATE), H5Pclose, place, "create");
  place.check(H5Pset_create_intermediate_group(link, 1), "create");
  const bool single = options.single_precision && series.frame.size() == 2 && series.name.find("/particles/all/box") != 0 &&
                      series.name.find("/particles") == 0 && H5Tequal(series.memory, H5T_NATIVE_DOUBLE) > 0;
  const Handle id(
      H5Dcreate2(file, series.name.c_str(), single ? H5T_NATIVE_FLOAT : series.memory, space, link, plist, H5P_DEFAULT),
      H5Dclose, place, "create");
  if (const char *unit = unit_of(series.name); unit != nullptr) {
    attribute(id, "unit", unit, place);
  }
}

// A reader beside a writer tries again when what it reads does not fit its checksum, after twice the time it waited before,
// from 1 ns on: 0.1 s in all here, while the library's 100 attempts would never end on a damaged file.
constexpr unsigned kReadAttempts = 17;

Handle access_of(const Place &place, bool clear) {
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, place, "open");
  place.check(H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST), "open"); // single-writer mode needs it
  place.check(H5Pset_file_locking(access, true, true), "open");
  place.check(H5Pset_metadata_read_attempts(access, kReadAttempts), "open");
  if (clear) { // the mark of a writer that was killed, as the tool h5clear does
    const hbool_t yes = 1;
    place.check(H5Pset(access, "clear_status_flags", &yes), "open");
    place.check(H5Pset(access, "skip_eof_check", &yes), "open");
  }
  return access;
}

const std::string kRoot = "/";

} // namespace

struct H5mdWriter::State {
  std::filesystem::path path;
  hid_t file = -1;
  Contents contents;
  std::vector<std::int32_t> species;
  std::vector<std::int64_t> ids;
  std::array<bool, 3> periodic{};
  std::vector<Series> series;
  std::vector<hid_t> datasets; // of series
  std::int64_t frames = 0;
  std::int64_t last_step = std::numeric_limits<std::int64_t>::min();

  ~State() { release(); }

  herr_t release() {
    for (const hid_t id : datasets) {
      H5Dclose(id);
    }
    datasets.clear();
    const herr_t code = file >= 0 ? H5Fclose(file) : 0;
    file = -1;
    return code;
  }

  void open_series() {
    const Place place{path, kRoot};
    place.check(H5Fstart_swmr_write(file), "begin to write");
    for (const Series &one : series) {
      const Place at{path, one.name};
      datasets.push_back(H5Dopen2(file, one.name.c_str(), H5P_DEFAULT));
      if (datasets.back() < 0) {
        datasets.pop_back();
        at.fail_call("open");
      }
    }
  }

  void check_atoms(const Atoms &atoms) const {
    if (numbers_of(atoms) != species || ids_of(atoms) != ids || atoms.cell.periodic != periodic ||
        !(Contents::of(atoms) == contents)) {
      throw InvariantError(path.string() + ": a frame has other atoms, boundaries or quantities than the first");
    }
  }

  void write(std::size_t which, const void *data) {
    const Place place{path, series[which].name};
    Shape extent{static_cast<hsize_t>(frames) + 1};
    Shape start{static_cast<hsize_t>(frames)};
    Shape count{1};
    for (const hsize_t size : series[which].frame) {
      extent.push_back(size);
      start.push_back(0);
      count.push_back(size);
    }
    place.check(H5Dset_extent(datasets[which], extent.data()), "grow");
    const Handle space(H5Dget_space(datasets[which]), H5Sclose, place, "write");
    place.check(H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr), "write");
    const Handle memory = space_of(count, place);
    place.check(H5Dwrite(datasets[which], series[which].memory, memory, space, H5P_DEFAULT, data), "write");
  }
};

H5mdWriter::H5mdWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
H5mdWriter::H5mdWriter(H5mdWriter &&) noexcept = default;
H5mdWriter &H5mdWriter::operator=(H5mdWriter &&) noexcept = default;
H5mdWriter::~H5mdWriter() = default;

H5mdWriter H5mdWriter::create(const std::filesystem::path &path, const Atoms &first, const H5mdOptions &options) {
  silence();
  auto state = std::make_unique<State>();
  state->path = path;
  state->contents = Contents::of(first);
  state->species = numbers_of(first);
  state->ids = ids_of(first);
  state->periodic = first.cell.periodic;
  state->series = state->contents.series(first.size());
  const Place root{path, kRoot};
  {
    const Handle access = access_of(root, false);
    state->file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
  }
  if (state->file < 0) {
    root.fail_call("create the file");
  }
  const hid_t file = state->file;
  {
    const Place place{path, "/h5md"};
    const Handle h5md = group(file, place);
    const std::array<std::int32_t, 2> version{1, 1};
    attribute(h5md, "version", H5T_NATIVE_INT32, {2}, version.data(), place);
    const Handle author = group(file, {path, "/h5md/author"});
    attribute(author, "name", options.author, place);
    const Handle creator = group(file, {path, "/h5md/creator"});
    attribute(creator, "name", "Zener", place);
    attribute(creator, "version", std::string(kVersion), place);
    const Handle units = group(file, {path, "/h5md/modules/units"});
    const std::array<std::int32_t, 2> units_version{1, 0};
    attribute(units, "version", H5T_NATIVE_INT32, {2}, units_version.data(), place);
  }
  const std::string all = kAll;
  {
    const Place place{path, all + "/box"};
    const Handle box = group(file, place);
    const std::int32_t dimension = 3;
    attribute(box, "dimension", H5T_NATIVE_INT32, {}, &dimension, place);
    std::string words;
    for (const bool periodic : first.cell.periodic) {
      std::string word = periodic ? "periodic" : "none";
      word.resize(8);
      words += word;
    }
    const Handle type = text_type(8, place);
    attribute(box, "boundary", type, {3}, words.data(), place);
  }
  for (const Series &one : state->series) {
    make_series(file, path, one, options);
  }
  for (const Series &one : state->series) { // the same steps and times for all
    const std::string folder = parent(one.name);
    if (folder != all + "/position") {
      const Place place{path, folder};
      for (const char *name : {"/step", "/time"}) {
        place.check(
            H5Lcreate_hard(file, (all + "/position" + name).c_str(), file, (folder + name).c_str(), H5P_DEFAULT, H5P_DEFAULT),
            "link the steps of");
      }
    }
  }
  const Handle type = species_type({path, all + "/species"});
  fixed(file, path, all + "/species", type, state->species);
  fixed(file, path, all + "/id", H5T_NATIVE_INT64, state->ids);
  std::vector<double> mass;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const auto t = static_cast<std::size_t>(first.type[i]);
    mass.push_back(first.mass_amu.empty() ? atomic_mass_amu(state->species[i]) : first.mass_amu[t]);
  }
  fixed(file, path, all + "/mass", H5T_NATIVE_DOUBLE, mass, "u");
  root.check(H5Fflush(file, H5F_SCOPE_GLOBAL), "write the file");
  state->open_series();
  return H5mdWriter(std::move(state));
}

void H5mdWriter::append(const Atoms &atoms, std::int64_t step, double time_ps) {
  State &s = *state_;
  s.check_atoms(atoms);
  if (step <= s.last_step) {
    throw InvariantError(s.path.string() + ": step " + std::to_string(step) + " comes after step " +
                         std::to_string(s.last_step));
  }
  std::vector<const void *> data{atoms.cell.vectors.data(), atoms.position_A.data()};
  const auto add = [&](bool there, const void *what) {
    if (there) {
      data.push_back(what);
    }
  };
  add(s.contents.velocity, atoms.velocity_A_ps.data());
  add(s.contents.force, atoms.force_eV_A.data());
  add(s.contents.image, atoms.image.data());
  add(s.contents.energy, &atoms.total_energy_eV);
  add(s.contents.virial, atoms.virial_eV.data());
  data.push_back(&time_ps);
  for (std::size_t k = 0; k < data.size(); ++k) {
    s.write(k, data[k]);
  }
  const Place place{s.path, kRoot};
  place.check(H5Fflush(s.file, H5F_SCOPE_GLOBAL), "write the file");
  s.write(data.size(), &step); // the frame counts from here on
  place.check(H5Fflush(s.file, H5F_SCOPE_GLOBAL), "write the file");
  ++s.frames;
  s.last_step = step;
}

std::int64_t H5mdWriter::frames() const { return state_->frames; }

void H5mdWriter::close() {
  const Place place{state_->path, kRoot};
  place.check(state_->release(), "close the file");
}

namespace {

bool exists(hid_t file, const std::string &path) {
  for (std::size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
    if (H5Lexists(file, path.substr(0, at).c_str(), H5P_DEFAULT) <= 0) {
      return false;
    }
    if (at == std::string::npos) {
      return H5Oexists_by_name(file, path.c_str(), H5P_DEFAULT) > 0;
    }
  }
}

bool is_group(hid_t file, const std::string &path) {
  H5O_info_t info;
  return exists(file, path) && H5Oget_info_by_name(file, path.c_str(), &info, H5P_DEFAULT) >= 0 && info.type == H5O_TYPE_GROUP;
}

// A dataset that is open, with its shape.
struct Dataset {
  std::filesystem::path path;
  std::string name;
  Place place; // refers to these
  Handle id;
  Shape shape;

  Dataset(hid_t file, std::filesystem::path in, std::string dataset)
      : path(std::move(in)), name(std::move(dataset)), place{path, name},
        id(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose, place, "open") {
    const Handle space(H5Dget_space(id), H5Sclose, place, "read its shape");
    const int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 0 || rank > 8) {
      place.fail("holds no array");
    }
    shape.resize(static_cast<std::size_t>(rank));
    if (rank > 0) {
      place.check(H5Sget_simple_extent_dims(space, shape.data(), nullptr), "read its shape");
    }
    check_layout();
  }
  Dataset(const Dataset &) = delete;

  // Numbers of frame f (the first extent), or all when f is negative.
  template <class T> std::vector<T> read(std::int64_t f) const {
    Shape start(shape.size(), 0);
    Shape count = shape;
    if (f >= 0) {
      start.at(0) = static_cast<hsize_t>(f);
      count[0] = 1;
    }
    std::uint64_t total = 1;
    for (const hsize_t extent : count) {
      if (extent != 0 && total > (std::uint64_t{1} << 34) / extent) {
        place.fail("has a shape whose size overflows");
      }
      total *= extent;
    }
    const Handle type(H5Dget_type(id), H5Tclose, place, "read its type");
    const H5T_class_t kind = H5Tget_class(type);
    if (kind != H5T_INTEGER && kind != H5T_FLOAT && kind != H5T_ENUM) {
      place.fail("does not hold numbers");
    }
    std::vector<T> out(total);
    const Handle space(H5Dget_space(id), H5Sclose, place, "read");
    if (!shape.empty()) {
      place.check(H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr), "read");
    }
    const Handle memory = space_of(count, place);
    hid_t wanted = std::is_same_v<T, double> ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64;
    if (total == 0) {
      return out;
    }
    if (kind == H5T_ENUM) { // the numbers behind the names, of the file's own width
      const Handle base(H5Tget_super(type), H5Tclose, place, "read its type");
      if (H5Tget_size(base) != 4 && H5Tget_size(base) != 8 && H5Tget_size(base) != 1 && H5Tget_size(base) != 2) {
        place.fail("has numbers of an unknown width");
      }
      const Handle native(H5Tget_native_type(type, H5T_DIR_ASCEND), H5Tclose, place, "read its type");
      const std::size_t width = H5Tget_size(native);
      std::vector<std::uint8_t> bytes(total * width);
      place.check(H5Dread(id, native, memory, space, H5P_DEFAULT, bytes.data()), "read");
      for (std::size_t i = 0; i < total; ++i) {
        std::int64_t value = 0;
        for (std::size_t b = width; b-- > 0;) {
          value = value * 256 + bytes[i * width + b];
        }
        out[i] = static_cast<T>(value);
      }
      return out;
    }
    place.check(H5Dread(id, wanted, memory, space, H5P_DEFAULT, out.data()), "read");
    if constexpr (std::is_same_v<T, double>) {
      if (!std::all_of(out.begin(), out.end(), [](double value) { return std::isfinite(value); })) {
        place.fail("holds a number that is not finite");
      }
    }
    return out;
  }

  // The unit that the file states, or nothing.
  std::string unit() const {
    if (H5Aexists(id, "unit") <= 0) {
      return {};
    }
    const Handle attribute(H5Aopen(id, "unit", H5P_DEFAULT), H5Aclose, place, "read the unit of");
    const Handle type(H5Aget_type(attribute), H5Tclose, place, "read the unit of");
    if (H5Tget_class(type) != H5T_STRING || H5Aget_storage_size(attribute) > 4096) {
      place.fail("has a unit that is no text");
    }
    if (H5Tis_variable_str(type) > 0) {
      char *text = nullptr;
      place.check(H5Aread(attribute, type, &text), "read the unit of");
      std::string out = text == nullptr ? "" : text;
      H5free_memory(text);
      return out;
    }
    std::string text(H5Tget_size(type), '\0');
    place.check(H5Aread(attribute, type, text.data()), "read the unit of");
    return text.substr(0, text.find('\0'));
  }

  double factor(std::initializer_list<std::pair<const char *, double>> units) const {
    const std::string said = unit();
    if (said.empty()) {
      return 1.0;
    }
    std::string allowed;
    for (const auto &[name, value] : units) {
      if (said == name) {
        return value;
      }
      allowed += std::string(allowed.empty() ? "" : ", ") + name;
    }
    place.fail("has the unit '" + said + "', allowed: " + allowed);
  }

private:
  void check_layout() const {
    const Handle plist(H5Dget_create_plist(id), H5Pclose, place, "read its layout");
    const H5D_layout_t layout = H5Pget_layout(plist);
    if ((layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED) || H5Pget_external_count(plist) != 0) {
      place.fail("keeps its data in another file, which is not allowed here");
    }
  }
};

// An element of H5MD: a group with value, step and time, or a dataset that holds for all steps.
class Element {
public:
  Element(hid_t file, const std::filesystem::path &path, const std::string &name) {
    if (!exists(file, name)) {
      return;
    }
    there_ = true;
    fixed_ = !is_group(file, name);
    value_.emplace(file, path, fixed_ ? name : name + "/value");
    if (fixed_) {
      return;
    }
    if (value_->shape.empty()) {
      value_->place.fail("has no extent of frames");
    }
    const Dataset step(file, path, name + "/step");
    const std::vector<std::int64_t> values = step.read<std::int64_t>(-1);
    if (step.shape.empty()) { // by an increment from an offset
      std::int64_t offset = 0;
      if (H5Aexists(step.id, "offset") > 0) {
        const Handle attribute(H5Aopen(step.id, "offset", H5P_DEFAULT), H5Aclose, step.place, "read the offset of");
        const Handle space(H5Aget_space(attribute), H5Sclose, step.place, "read the offset of");
        if (H5Sget_simple_extent_npoints(space) != 1) {
          step.place.fail("has an offset that is no number");
        }
        step.place.check(H5Aread(attribute, H5T_NATIVE_INT64, &offset), "read the offset of");
      }
      for (std::int64_t f = 0; f < static_cast<std::int64_t>(value_->shape[0]); ++f) {
        steps_.push_back(offset + f * values.at(0));
      }
    } else {
      steps_ = values;
      steps_.resize(std::min<std::size_t>(steps_.size(), value_->shape[0])); // a file that was cut off
    }
    if (exists(file, name + "/time")) {
      const Dataset time(file, path, name + "/time");
      times_ = time.read<double>(-1);
      if (time.shape.empty()) {
        const double increment = times_.at(0);
        times_.clear();
        for (std::size_t f = 0; f < steps_.size(); ++f) {
          times_.push_back(increment * static_cast<double>(f));
        }
      }
      const double factor = time.factor({{"ps", 1.0}, {"fs", 1e-3}, {"ns", 1e3}, {"s", 1e12}});
      for (double &t : times_) {
        t *= factor;
      }
      steps_.resize(std::min(steps_.size(), times_.size()));
    }
  }

  bool there() const { return there_; }
  bool is_fixed() const { return fixed_; }
  const Dataset &value() const { return *value_; }
  const std::vector<std::int64_t> &steps() const { return steps_; }
  std::optional<double> time(std::size_t f) const {
    return f < times_.size() ? std::optional<double>(times_[f]) : std::nullopt;
  }

  // The frame with this step; -1 for what is fixed; nothing when the file has none.
  std::optional<std::int64_t> frame(std::int64_t step, std::size_t likely) const {
    if (!there_) {
      return std::nullopt;
    }
    if (fixed_) {
      return -1;
    }
    if (likely < steps_.size() && steps_[likely] == step) {
      return static_cast<std::int64_t>(likely);
    }
    const auto it = std::find(steps_.begin(), steps_.end(), step);
    return it == steps_.end() ? std::nullopt : std::optional<std::int64_t>(it - steps_.begin());
  }

  // [N][3] of a frame, in our unit.
  std::vector<Vector3> vectors(std::int64_t f, std::size_t n, double factor) const {
    const std::vector<double> flat = value_->read<double>(f);
    if (flat.size() != 3 * n) {
      value_->place.fail("has " + std::to_string(flat.size()) + " numbers in a frame, 3 for each of " + std::to_string(n) +
                         " atoms are expected");
    }
    std::vector<Vector3> out(n);
    for (std::size_t i = 0; i < 3 * n; ++i) {
      out[i / 3][i % 3] = flat[i] * factor;
    }
    return out;
  }

private:
  bool there_ = false;
  bool fixed_ = false;
  std::optional<Dataset> value_;
  std::vector<std::int64_t> steps_;
  std::vector<double> times_;
};

constexpr std::initializer_list<std::pair<const char *, double>> kLengths{{"Angstrom", 1.0}, {"A", 1.0}, {"nm", 10.0}};

std::string particles_of(hid_t file, const std::filesystem::path &path) {
  const Place place{path, "/particles"};
  if (!is_group(file, "/particles")) {
    place.fail("is missing: this is no H5MD file with particles");
  }
  if (is_group(file, kAll)) {
    return kAll;
  }
  const Handle particles(H5Gopen2(file, "/particles", H5P_DEFAULT), H5Gclose, place, "open");
  H5G_info_t info;
  place.check(H5Gget_info(particles, &info), "read");
  std::array<char, 256> name{};
  if (info.nlinks != 1 ||
      H5Lget_name_by_idx(particles, ".", H5_INDEX_NAME, H5_ITER_INC, 0, name.data(), name.size(), H5P_DEFAULT) < 0) {
    place.fail("has " + std::to_string(info.nlinks) + " groups and none is called \"all\"");
  }
  return std::string("/particles/") + name.data();
}

std::array<bool, 3> boundary_of(hid_t file, const std::filesystem::path &path, const std::string &box) {
  const Place place{path, box, "boundary"};
  const Handle attribute(H5Aopen_by_name(file, box.c_str(), "boundary", H5P_DEFAULT, H5P_DEFAULT), H5Aclose, place, "open");
  const Handle type(H5Aget_type(attribute), H5Tclose, place, "read");
  const Handle space(H5Aget_space(attribute), H5Sclose, place, "read");
  if (H5Tget_class(type) != H5T_STRING || H5Sget_simple_extent_npoints(space) != 3) {
    place.fail("is not three words");
  }
  std::array<std::string, 3> words;
  if (H5Tis_variable_str(type) > 0) {
    std::array<char *, 3> text{};
    place.check(H5Aread(attribute, type, text.data()), "read");
    for (std::size_t k = 0; k < 3; ++k) {
      words[k] = text[k] == nullptr ? "" : text[k];
      H5free_memory(text[k]);
    }
  } else {
    const std::size_t width = H5Tget_size(type);
    if (width > 4096) {
      place.fail("is not three words");
    }
    std::string text(3 * width, '\0');
    place.check(H5Aread(attribute, type, text.data()), "read");
    for (std::size_t k = 0; k < 3; ++k) {
      const std::string word = text.substr(k * width, width);
      words[k] = word.substr(0, word.find_first_of(std::string("\0 ", 2)));
    }
  }
  std::array<bool, 3> periodic{};
  for (std::size_t k = 0; k < 3; ++k) {
    if (words[k] != "periodic" && words[k] != "none") {
      place.fail("is '" + words[k] + "', allowed: periodic, none");
    }
    periodic[k] = words[k] == "periodic";
  }
  return periodic;
}

// Name of a species.
std::string element_of(const Dataset &species, std::int64_t code, const std::vector<std::string> &type_elements) {
  const Handle type(H5Dget_type(species.id), H5Tclose, species.place, "read its type");
  std::string name;
  if (H5Tget_class(type) == H5T_ENUM) {
    const int members = H5Tget_nmembers(type);
    for (int m = 0; m < members; ++m) {
      const Handle native(H5Tget_native_type(type, H5T_DIR_ASCEND), H5Tclose, species.place, "read its type");
      std::array<std::uint8_t, 16> bytes{};
      const std::size_t width = std::min<std::size_t>(H5Tget_size(native), 8);
      species.place.check(H5Tget_member_value(native, static_cast<unsigned>(m), bytes.data()), "read its type");
      std::int64_t value = 0;
      for (std::size_t b = width; b-- > 0;) {
        value = value * 256 + bytes[b];
      }
      if (value == code) {
        char *text = H5Tget_member_name(type, static_cast<unsigned>(m));
        name = text == nullptr ? "" : text;
        H5free_memory(text);
      }
    }
  } else if (!type_elements.empty()) {
    if (code < 1 || code > static_cast<std::int64_t>(type_elements.size())) {
      species.place.fail("holds " + std::to_string(code) + ", elements are given for 1 to " +
                         std::to_string(type_elements.size()));
    }
    name = type_elements[static_cast<std::size_t>(code - 1)];
  } else {
    species.place.fail("numbers its species without names; give the elements of 1, 2, …");
  }
  if (!atomic_number(name)) {
    species.place.fail("names a species '" + name + "', which is no element");
  }
  return name;
}

void take_species(Atoms &atoms, const Element &species, std::int64_t f, std::size_t n, const H5mdReadOptions &options) {
  const std::vector<std::int64_t> codes = species.value().read<std::int64_t>(f);
  if (codes.size() != n) {
    species.value().place.fail("has " + std::to_string(codes.size()) + " species for " + std::to_string(n) + " atoms");
  }
  std::vector<std::pair<std::int64_t, std::int32_t>> known;
  for (const std::int64_t code : codes) {
    auto it = std::find_if(known.begin(), known.end(), [&](const auto &k) { return k.first == code; });
    if (it == known.end()) {
      known.emplace_back(code, type_of(atoms, element_of(species.value(), code, options.type_elements)));
      it = known.end() - 1;
    }
    atoms.type.push_back(it->second);
  }
}

Handle opened(const std::filesystem::path &path) {
  const Place root{path, kRoot};
  const Handle access = access_of(root, false);
  hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, access);
  if (file < 0) { // being written, or by a program that was killed
    file = H5Fopen(path.c_str(), H5F_ACC_RDONLY | H5F_ACC_SWMR_READ, access);
  }
  return Handle(file, H5Fclose, root, "open the file");
}

Matrix3 edges_of(const Element &edges, std::int64_t f) {
  const std::vector<double> v = edges.value().read<double>(f);
  const double factor = edges.value().factor(kLengths);
  Matrix3 h{};
  if (v.size() != 3 && v.size() != 9) {
    edges.value().place.fail("has " + std::to_string(v.size()) + " numbers in a frame, 3 or 9 are expected");
  }
  for (std::size_t k = 0; k < v.size(); ++k) {
    if (v.size() == 3) {
      h[k][k] = v[k] * factor;
    } else {
      h[k / 3][k % 3] = v[k] * factor;
    }
  }
  return h;
}

} // namespace

std::int64_t h5md_frames(const std::filesystem::path &path) {
  silence();
  const Handle file = opened(path);
  const Element position(file, path, particles_of(file, path) + "/position");
  return !position.there() ? 0 : position.is_fixed() ? 1 : static_cast<std::int64_t>(position.steps().size());
}

std::vector<Atoms> read_h5md(const std::filesystem::path &path, const H5mdReadOptions &options) {
  silence();
  const Handle file = opened(path);
  const std::string all = particles_of(file, path);
  const Element position(file, path, all + "/position");
  const Element velocity(file, path, all + "/velocity");
  const Element force(file, path, all + "/force");
  const Element image(file, path, all + "/image");
  const Element species(file, path, all + "/species");
  const Element id(file, path, all + "/id");
  const Element mass(file, path, all + "/mass");
  const Element edges(file, path, all + "/box/edges");
  const Element energy(file, path, "/observables/potential_energy");
  const Element virial(file, path, "/observables/virial");
  if (!position.there() || !species.there()) {
    Place{path, all}.fail(std::string("has no ") + (position.there() ? "species" : "position"));
  }
  const Shape &shape = position.value().shape;
  const std::size_t rank = position.is_fixed() ? 2 : 3;
  if (shape.size() != rank || shape[rank - 1] != 3 || shape[rank - 2] == 0) {
    position.value().place.fail("is not of shape [frames][atoms][3]");
  }
  const std::size_t n = shape[rank - 2];
  const std::array<bool, 3> periodic = boundary_of(file, path, all + "/box");
  if (!edges.there() && (periodic[0] || periodic[1] || periodic[2])) {
    Place{path, all + "/box"}.fail("has no edges, which periodic directions need");
  }
  const std::vector<std::int64_t> steps = position.is_fixed() ? std::vector<std::int64_t>{0} : position.steps();
  const auto count = static_cast<std::int64_t>(steps.size());
  const std::int64_t first = options.first < 0 ? options.first + count : options.first;
  const std::int64_t last = options.last < 0 ? options.last + count : options.last;
  if (first < 0 || last < first || last >= count) {
    throw DataError(path.string() + ": frames " + std::to_string(options.first) + " to " + std::to_string(options.last) +
                    " are asked for, the file has " + std::to_string(count));
  }
  std::vector<Atoms> out;
  for (auto f = static_cast<std::size_t>(first); f <= static_cast<std::size_t>(last); ++f) {
    Atoms atoms;
    const std::int64_t step = steps[f];
    atoms.cell.periodic = periodic;
    const double length = position.value().factor(kLengths);
    atoms.position_A = position.vectors(position.is_fixed() ? -1 : static_cast<std::int64_t>(f), n, length);
    // A box that is not written at a step is the last before it.
    if (edges.there()) {
      std::optional<std::int64_t> at = edges.frame(step, f);
      for (std::size_t g = 0; !at && g < edges.steps().size() && edges.steps()[g] <= step; ++g) {
        if (g + 1 == edges.steps().size() || edges.steps()[g + 1] > step) {
          at = static_cast<std::int64_t>(g);
        }
      }
      if (!at) {
        edges.value().place.fail("has no frame of step " + std::to_string(step));
      }
      atoms.cell.vectors = edges_of(edges, *at);
      if (!(volume(atoms.cell) > 0.0)) {
        edges.value().place.fail("span no volume in frame " + std::to_string(f));
      }
    } else {
      atoms.cell.vectors = {Vector3{1, 0, 0}, Vector3{0, 1, 0}, Vector3{0, 0, 1}};
    }
    if (const auto at = species.frame(step, f)) {
      take_species(atoms, species, *at, n, options);
    } else {
      species.value().place.fail("has no frame of step " + std::to_string(step));
    }
    if (const auto at = velocity.frame(step, f)) {
      const double factor =
          velocity.value().factor({{"Angstrom ps-1", 1.0}, {"A ps-1", 1.0}, {"nm ps-1", 10.0}, {"Angstrom fs-1", 1e3}});
      atoms.velocity_A_ps = velocity.vectors(*at, n, factor);
    }
    if (const auto at = force.frame(step, f)) {
      atoms.force_eV_A = force.vectors(*at, n, force.value().factor({{"eV Angstrom-1", 1.0}, {"eV A-1", 1.0}}));
    }
    if (const auto at = image.frame(step, f)) {
      const std::vector<std::int64_t> flat = image.value().read<std::int64_t>(*at);
      if (flat.size() != 3 * n) {
        image.value().place.fail("is not of shape [frames][atoms][3]");
      }
      atoms.image.resize(n);
      for (std::size_t i = 0; i < 3 * n; ++i) {
        if (std::abs(flat[i]) > (1 << 30)) {
          image.value().place.fail("holds " + std::to_string(flat[i]));
        }
        atoms.image[i / 3][i % 3] = static_cast<std::int32_t>(flat[i]);
      }
    }
    if (const auto at = id.frame(step, f)) {
      atoms.id = id.value().read<std::int64_t>(*at);
      if (atoms.id.size() != n) {
        id.value().place.fail("is not of shape [atoms]");
      }
    }
    if (const auto at = mass.frame(step, f)) {
      const std::vector<double> masses = mass.value().read<double>(*at);
      if (masses.size() != n) {
        mass.value().place.fail("is not of shape [atoms]");
      }
      bool usual = true;
      atoms.mass_amu.assign(atoms.elements.size(), 0.0);
      for (std::size_t i = 0; i < n; ++i) {
        const auto t = static_cast<std::size_t>(atoms.type[i]);
        if (!(masses[i] > 0.0) || (atoms.mass_amu[t] != 0.0 && atoms.mass_amu[t] != masses[i])) {
          mass.value().place.fail("gives an atom " + atoms.elements[t] +
                                  " a mass that is not positive or not that of the others");
        }
        atoms.mass_amu[t] = masses[i];
        usual = usual && masses[i] == atomic_mass_amu(*atomic_number(atoms.elements[t]));
      }
      if (usual) {
        atoms.mass_amu.clear();
      }
    }
    if (const auto at = energy.frame(step, f)) {
      const std::vector<double> value = energy.value().read<double>(*at);
      if (value.size() == 1) {
        atoms.has_energy = true;
        atoms.total_energy_eV = value[0] * energy.value().factor({{"eV", 1.0}});
      }
    }
    if (const auto at = virial.frame(step, f)) {
      const std::vector<double> value = virial.value().read<double>(*at);
      for (std::size_t k = 0; value.size() == 9 && k < 9; ++k) {
        atoms.has_virial = true;
        atoms.virial_eV[k / 3][k % 3] = value[k] * virial.value().factor({{"eV", 1.0}});
      }
    }
    atoms.info.emplace_back("step", step);
    if (const std::optional<double> time = position.time(f)) {
      atoms.info.emplace_back("time_ps", *time);
    }
    out.push_back(std::move(atoms));
  }
  return out;
}

H5mdWriter H5mdWriter::resume(const std::filesystem::path &path, const Atoms &atoms, std::int64_t step) {
  silence();
  auto state = std::make_unique<State>();
  state->path = path;
  state->contents = Contents::of(atoms);
  state->species = numbers_of(atoms);
  state->ids = ids_of(atoms);
  state->periodic = atoms.cell.periodic;
  state->series = state->contents.series(atoms.size());
  const Place root{path, kRoot};
  {
    const Handle access = access_of(root, true);
    state->file = H5Fopen(path.c_str(), H5F_ACC_RDWR, access);
  }
  if (state->file < 0) {
    root.fail_call("open the file");
  }
  root.check(H5Fincrement_filesize(state->file, 0), "find the end of the file"); // what was written after the last full flush
  {
    const std::string all = kAll;
    for (const Series &one : state->series) {
      if (!exists(state->file, one.name)) {
        Place{path, one.name}.fail("is missing; the file was begun with other quantities");
      }
    }
    const Dataset species(state->file, path, all + "/species");
    const Dataset ids(state->file, path, all + "/id");
    const std::vector<std::int64_t> codes = species.read<std::int64_t>(-1);
    if (!std::equal(codes.begin(), codes.end(), state->species.begin(), state->species.end()) ||
        ids.read<std::int64_t>(-1) != state->ids || boundary_of(state->file, path, all + "/box") != state->periodic) {
      root.fail("holds other atoms or boundaries than those that go on");
    }
    const Dataset steps(state->file, path, all + "/position/step");
    const std::vector<std::int64_t> known = steps.read<std::int64_t>(-1);
    const auto keep = static_cast<hsize_t>(std::upper_bound(known.begin(), known.end(), step) - known.begin());
    state->frames = static_cast<std::int64_t>(keep);
    state->last_step = keep > 0 ? known[keep - 1] : state->last_step;
    for (const Series &one : state->series) {
      const Dataset dataset(state->file, path, one.name);
      Shape extent{keep};
      extent.insert(extent.end(), one.frame.begin(), one.frame.end());
      if (dataset.shape.size() != extent.size() || dataset.shape[0] < keep ||
          !std::equal(one.frame.begin(), one.frame.end(), dataset.shape.begin() + 1)) {
        dataset.place.fail("has another shape than the atoms that go on");
      }
      dataset.place.check(H5Dset_extent(dataset.id, extent.data()), "cut off");
    }
  }
  root.check(H5Fflush(state->file, H5F_SCOPE_GLOBAL), "write the file");
  state->open_series();
  return H5mdWriter(std::move(state));
}

} // namespace zener
