// Presets of the barrier_dataset driver: barriers of vacancies in random alloys, by nudged elastic bands.
#pragma once

#include "host/neutral/neb_preset.hpp"

namespace zener {

struct DatasetPreset : BandPreset {
  AlloyPreset alloy;                 // lattice and compositions
  std::vector<std::string> elements; // species code i + 1 is elements[i]
  int configurations = 1;            // random alloys of each composition
  int vacancies = 1;                 // sites of each that are left empty in turn
  double checkpoint_every_s = 300.0;

  std::int64_t rows() const { return static_cast<std::int64_t>(alloy.compositions.size()) * configurations * vacancies; }
};

// As load_neb_preset and the others of neb_preset.hpp.
DatasetPreset load_dataset_preset(const std::filesystem::path &file, const std::vector<std::string> &edits = {});
DatasetPreset read_dataset_preset(const nlohmann::json &document, const std::filesystem::path &file,
                                  std::set<std::string> *asked = nullptr);
nlohmann::json resolved(const DatasetPreset &preset);
// What must not change when a data set grows: all that the barriers of a row depend on.
nlohmann::json identity(const DatasetPreset &preset);

// Atoms of each element in the perfect crystals of each composition: [composition][element]. Appends to `warnings` where an
// element has so few parts that no atom of it is there.
std::vector<std::vector<std::int64_t>> composition_counts(const DatasetPreset &preset, std::vector<std::string> &warnings);
// "Nb5Mo22Ta73", parts as the preset gives them, in the order of the elements.
std::string composition_name(const DatasetPreset &preset, std::size_t composition);

// One vacancy in one random alloy. Rows go round the compositions, so that any number of them covers all.
struct DatasetRow {
  std::int64_t number = 0;
  std::size_t composition = 0;
  std::int64_t configuration = 0;
  int vacancy = 0;
};
DatasetRow dataset_row(const DatasetPreset &preset, std::int64_t number);

// Species codes on the sites of the bcc lattice (site_coordinates), 0 on the vacancy. Depends on the preset's seed,
// composition, configuration and vacancy alone. `counts` of the composition.
std::vector<std::uint8_t> dataset_occupancy(const DatasetPreset &preset, const DatasetRow &row,
                                            const std::vector<std::int64_t> &counts);

} // namespace zener
