#include "host/neutral/relax_preset.hpp"

#include "host/neutral/atom_files.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/schema.hpp"

namespace zener {
namespace {

using nlohmann::json;

const std::vector<std::string> kFreedoms{"fixed", "isotropic", "axes", "full"};

CellFreedom read_freedom(ObjectReader &keys, const std::string &fallback) {
  const std::string met = keys.choice("cell", kFreedoms, fallback);
  return met == "fixed"       ? CellFreedom::fixed
         : met == "isotropic" ? CellFreedom::isotropic
         : met == "axes"      ? CellFreedom::axes
                              : CellFreedom::full;
}

double read_pressure(ObjectReader &keys) { return read_in_range(keys, "pressure_GPa", -1000.0, 10000.0, 0.0); }

} // namespace

std::string cell_freedom_name(CellFreedom freedom) { return kFreedoms[static_cast<std::size_t>(freedom)]; }

RelaxPlan read_relax(ObjectReader &keys, double force_tolerance_eV_A, bool with_cell) {
  ObjectReader relax = keys.object("relax");
  RelaxPlan plan;
  plan.method =
      relax.choice("method", {"fire", "lbfgs"}, "fire") == "fire" ? RelaxPlan::Method::fire : RelaxPlan::Method::lbfgs;
  plan.force_tolerance_eV_A = read_in_range(relax, "force_tolerance_eV_A", 1e-10, 10.0, force_tolerance_eV_A);
  plan.max_steps = read_integer(relax, "max_steps", 1, 100000000, 10000);
  plan.largest_move_A = read_in_range(relax, "largest_move_A", 1e-4, 1.0, 0.1);
  if (with_cell) {
    plan.cell = read_freedom(relax, "fixed");
    plan.pressure_GPa = read_pressure(relax);
    plan.stress_tolerance_GPa = read_in_range(relax, "stress_tolerance_GPa", 1e-8, 100.0, 0.01);
    if (plan.cell == CellFreedom::fixed && plan.pressure_GPa != 0.0) {
      relax.refuse_value("pressure_GPa", plan.pressure_GPa, "only 0 with a fixed cell; set cell to isotropic, axes or full");
    }
  }
  relax.finish();
  return plan;
}

json relax_json(const RelaxPlan &plan, bool with_cell) {
  json out{{"method", plan.method == RelaxPlan::Method::fire ? "fire" : "lbfgs"},
           {"force_tolerance_eV_A", plan.force_tolerance_eV_A},
           {"max_steps", plan.max_steps},
           {"largest_move_A", plan.largest_move_A}};
  if (with_cell) {
    out["cell"] = cell_freedom_name(plan.cell);
    out["pressure_GPa"] = plan.pressure_GPa;
    out["stress_tolerance_GPa"] = plan.stress_tolerance_GPa;
  }
  return out;
}

EquilibriumChoice read_equilibrium(ObjectReader &keys) {
  ObjectReader equilibrium = keys.object("equilibrium");
  EquilibriumChoice out;
  out.cell = read_freedom(equilibrium, "isotropic");
  out.pressure_GPa = read_pressure(equilibrium);
  out.tolerance_GPa = read_in_range(equilibrium, "tolerance_GPa", 1e-8, 10.0, 1e-4);
  if (out.cell == CellFreedom::fixed && out.pressure_GPa != 0.0) {
    equilibrium.refuse_value("pressure_GPa", out.pressure_GPa, "only 0 with a fixed cell; set cell to isotropic, axes or full");
  }
  equilibrium.finish();
  return out;
}

json equilibrium_json(const EquilibriumChoice &choice) {
  return {
      {"cell", cell_freedom_name(choice.cell)}, {"pressure_GPa", choice.pressure_GPa}, {"tolerance_GPa", choice.tolerance_GPa}};
}

RelaxPreset load_relax_preset(const std::filesystem::path &file, const std::vector<std::string> &edits) {
  const json document = load_preset_document(file, edits);
  validate(document, schema_of("relax"), file.string());
  return read_relax_preset(document, file);
}

RelaxPreset read_relax_preset(const json &document, const std::filesystem::path &file, std::set<std::string> *asked) {
  ObjectReader keys(document, file.string(), JsonUse::preset, asked);
  RelaxPreset preset;
  preset.file = file;
  keys.choice("driver", {"relax"});
  read_atoms_keys(keys, preset);
  preset.all_frames = keys.choice("frames", {"one", "all"}, "one") == "all";
  if (preset.all_frames && (!preset.structure.contains("file") || preset.structure.contains("frame"))) {
    keys.refuse_value("frames", "all",
                      preset.structure.contains("file") ? "only \"one\" where structure names a frame"
                                                        : "only \"one\" for a structure that is built");
  }
  preset.relax = read_relax(keys, 0.001, true);
  ObjectReader output = keys.object("output");
  read_output_folder(output, preset);
  output.finish();
  keys.finish();
  return preset;
}

json resolved(const RelaxPreset &preset) {
  json document{{"driver", "relax"},
                {"frames", preset.all_frames ? "all" : "one"},
                {"relax", relax_json(preset.relax, true)},
                {"output", {{"directory", absolute_text(preset.output_directory)}, {"plots", preset.plots}}}};
  put_atoms_keys(document, preset);
  return document;
}

std::vector<Atoms> make_structures(const RelaxPreset &preset) {
  if (!preset.all_frames) {
    return {make_structure(preset)};
  }
  ObjectReader keys(preset.structure, preset.file.string() + ": /structure", JsonUse::preset);
  const std::filesystem::path file = beside(preset.file, read_path(keys, "file"));
  AtomReadOptions options;
  if (keys.has("elements")) {
    options.type_elements = read_elements(keys, "elements", keys.value("elements"));
  }
  keys.finish();
  return read_atoms(file, options);
}

} // namespace zener
