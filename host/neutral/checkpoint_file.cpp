#include "host/neutral/checkpoint_file.hpp"

#include "host/neutral/data_json.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/sealed_file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <system_error>
#include <vector>

namespace zener {
namespace {

Seal seal_of(const std::string &driver) { return {"zener " + driver + " checkpoint", "a checkpoint"}; }

void compare(const nlohmann::json &stored, const nlohmann::json &current, const std::string &pointer,
             std::vector<std::string> &differences) {
  if (stored.is_object() && current.is_object()) {
    std::set<std::string> keys;
    for (const auto *side : {&stored, &current}) {
      for (const auto &item : side->items()) {
        keys.insert(item.key());
      }
    }
    for (const std::string &key : keys) {
      const auto a = stored.find(key);
      const auto b = current.find(key);
      const std::string at = pointer + "/" + key;
      if (a == stored.end() || b == current.end()) {
        differences.push_back(at +
                              (a == stored.end() ? " was absent and is " + shown(*b) : " was " + shown(*a) + " and is absent"));
      } else {
        compare(*a, *b, at, differences);
      }
    }
  } else if (stored.is_array() && current.is_array() && stored.size() == current.size()) {
    for (std::size_t i = 0; i < stored.size(); ++i) {
      compare(stored[i], current[i], pointer + "/" + std::to_string(i), differences);
    }
  } else if (stored != current) {
    differences.push_back((pointer.empty() ? "the whole" : pointer) + " was " + shown(stored) + " and is " + shown(current));
  }
}

} // namespace

std::filesystem::path previous_checkpoint(const std::filesystem::path &file) {
  std::filesystem::path previous = file;
  return previous.replace_extension().concat(".previous").concat(file.extension().string());
}

H5File begin_checkpoint(const std::filesystem::path &file, const std::string &identity, const CheckpointMeta &meta) {
  H5File h5 = H5File::create(file, kSealBytes);
  h5.make_group("/run");
  h5.write_attribute("/run", "identity", identity);
  h5.write_attribute("/run", "wall_s", meta.wall_s);
  h5.write_attribute("/run", "next_sample", meta.next_sample);
  return h5;
}

void end_checkpoint(H5File &h5, const std::filesystem::path &file, const std::string &driver) {
  close_sealed(h5, seal_of(driver), previous_checkpoint(file));
}

void read_checkpoint(const std::filesystem::path &file, const std::string &driver, std::string &identity, CheckpointMeta &meta,
                     const std::function<void(const H5File &)> &read) {
  try {
    verify_seal(file, seal_of(driver));
    const H5File h5 = H5File::open(file);
    identity = h5.read_string_attribute("/run", "identity");
    meta.wall_s = h5.read_double_attribute("/run", "wall_s");
    meta.next_sample = h5.read_int64_attribute("/run", "next_sample");
    read(h5);
  } catch (const DataError &error) {
    std::error_code ignored;
    const auto previous = previous_checkpoint(file);
    if (!std::filesystem::exists(previous, ignored)) {
      throw;
    }
    throw DataError(std::string(error.what()) + "; the checkpoint before it is " + previous.string() +
                    ": rename it to go on from there");
  }
}

void check_identity(const std::string &stored, const std::string &current, const std::filesystem::path &file) {
  const auto a = parse_data_json<nlohmann::json>(stored, file.string() + ": the identity of the run");
  const auto b = nlohmann::json::parse(current);
  if (!a.is_object()) {
    throw DataError(file.string() + ": the identity of the run is " + shown(a) + ", an object is expected");
  }
  std::vector<std::string> differences;
  compare(a, b, "", differences);
  if (differences.empty()) {
    return;
  }
  constexpr std::size_t kListed = 10;
  std::string message = file.string() + ": was written by another run than this one:";
  for (std::size_t i = 0; i < std::min(differences.size(), kListed); ++i) {
    message += "\n  " + differences[i];
  }
  if (differences.size() > kListed) {
    message += "\n  and " + std::to_string(differences.size() - kListed) + " more";
  }
  throw ConfigError(message + "\nSet these keys back, or start a new run in another folder");
}

} // namespace zener
