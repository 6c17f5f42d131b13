// Interatomic potentials as plain data, and the table of their kinds.
//
// A potential is one folder, kernels/potentials/NAME/, and one line in kernels/potentials/registered.inc:
//   NAME_model.hpp   the numbers of a potential of this folder, a class made from PotentialModel; no device code
//   NAME_file.cpp    its readers (compiled once, beside host/neutral) and NAME_kinds()
//   NAME_force.cpp   make_NAME(): the numbers on a device, and the kernels (compiled for each backend)
//   derivation.md    the formulas, with sources
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zener {

class ObjectReader;

class PotentialModel {
public:
  virtual ~PotentialModel() = default;
  virtual std::string folder() const = 0;                // "eam", …: whose make_ function takes it
  virtual std::string kind() const = 0;                  // "eam_alloy", …: as the user named it
  virtual std::vector<std::string> elements() const = 0; // in the order of the potential; empty: any
  virtual double cutoff_A() const = 0;
  // One line for logs: kind, elements, cutoff, size.
  virtual std::string description() const = 0;
};

using PotentialPointer = std::shared_ptr<const PotentialModel>;

// The sum of several potentials; its parts are no overlays themselves.
class OverlayModel final : public PotentialModel {
public:
  explicit OverlayModel(std::vector<PotentialPointer> parts) : parts_(std::move(parts)) {}
  const std::vector<PotentialPointer> &parts() const { return parts_; }
  std::string folder() const override { return "overlay"; }
  std::string kind() const override { return "overlay"; }
  std::vector<std::string> elements() const override; // those that all parts with elements know
  double cutoff_A() const override;
  std::string description() const override;

private:
  std::vector<PotentialPointer> parts_;
};

struct PotentialKind {
  const char *kind;        // as in {"kind": …}
  const char *description; // one line
  const char *files;       // the files it reads and the keys that name them, one line
  // Reads the object {"kind": …, …}; paths in it are relative to `base`. Asks `keys` for every key it knows ("kind" has been
  // asked for, and finish() is the caller's; who opens files calls it before, so that a wrong key is not hidden by them).
  PotentialPointer (*read)(ObjectReader &keys, const std::filesystem::path &base);
};

// All kinds, alphabetical, "overlay" among them.
std::vector<PotentialKind> potential_kinds();

// A potential from a JSON object of a preset, or from a JSON file of its own. `where` stands for the place in messages. Throws
// ConfigError for unknown kinds and keys (presets), DataError for the files.
PotentialPointer read_potential(const nlohmann::json &object, const std::filesystem::path &base, const std::string &where);
PotentialPointer read_potential_file(const std::filesystem::path &file);
// The same from a text.
PotentialPointer parse_potential(std::string_view json, const std::filesystem::path &base, const std::string &where);

// A path of a potential's object: relative to base.
std::filesystem::path potential_path(ObjectReader &keys, const std::string &key, const std::filesystem::path &base);

} // namespace zener
