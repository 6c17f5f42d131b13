// zener: reads the command line, hands over to the drivers, and turns errors into one line and an exit code.
#include "apps/zener/analyze_driver.hpp"
#include "apps/zener/dataset_driver.hpp"
#include "apps/zener/defects_driver.hpp"
#include "apps/zener/device_choice.hpp"
#include "apps/zener/elastic_driver.hpp"
#include "apps/zener/evaluate.hpp"
#include "apps/zener/fit_diffusion.hpp"
#include "apps/zener/fit_driver.hpp"
#include "apps/zener/kmc_driver.hpp"
#include "apps/zener/lattice_driver.hpp"
#include "apps/zener/map_driver.hpp"
#include "apps/zener/md_driver.hpp"
#include "apps/zener/neb_driver.hpp"
#include "apps/zener/phases_driver.hpp"
#include "apps/zener/python.hpp"
#include "apps/zener/relax_driver.hpp"
#include "apps/zener/swap_driver.hpp"
#include "apps/zener/train_driver.hpp"
#include "host/neutral/barrier_model.hpp"
#include "host/neutral/environments.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/network_file.hpp"
#include "host/neutral/pair_kra.hpp"
#include "host/neutral/preset_parts.hpp"
#include "host/neutral/schema.hpp"
#include "host/neutral/text.hpp"
#include "host/neutral/version.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>
#include <new>
#include <unistd.h>

namespace zener {
namespace {

namespace fs = std::filesystem;

// Standard output is part of the result: a full disk behind it is an error like any other.
void flush_output() {
  std::cout.flush();
  if (!std::cout) {
    throw DataError("standard output cannot be written");
  }
}

// A preset by path, or by the name that `zener presets` lists.
fs::path find_preset(const std::string &given) {
  std::error_code error;
  if (fs::exists(given, error)) {
    return given;
  }
  if (given.find('/') == std::string::npos) {
    for (const std::string &name : {given, given + ".json"}) {
      fs::path shipped = home_folder() / "presets" / name;
      if (shipped.extension() == ".json" && fs::exists(shipped, error)) {
        return shipped;
      }
    }
  }
  return given; // the reader says that it is missing
}

struct Driver {
  const char *name;
  int (*run)(const RunOptions &);
  void (*check)(const RunOptions &);
};
constexpr Driver kDrivers[] = {{"analyze", run_analyze, check_analyze},
                               {"barrier_dataset", run_dataset, check_dataset},
                               {"barrier_map", run_map, check_map},
                               {"defects", run_defects, check_defects},
                               {"elastic", run_elastic, check_elastic},
                               {"fit_interactions", run_fit, check_fit},
                               {"kmc", run_kmc, check_kmc},
                               {"lattice_parameter", run_lattice, check_lattice},
                               {"md", run_md, check_md},
                               {"neb", run_neb, check_neb},
                               {"relax", run_relax, check_relax},
                               {"static_mc", run_kmc, check_kmc},
                               {"swap_mc_md", run_swap, check_swap},
                               {"train_barriers", run_train, check_train},
                               {"train_phases", run_phases, check_phases}};

// The driver that the preset asks for.
const Driver &driver_for(const RunOptions &options) {
  const std::string name = driver_of(load_preset_document(options.preset, options.edits), options.preset.string());
  const auto *found = std::find_if(std::begin(kDrivers), std::end(kDrivers), [&](const Driver &d) { return d.name == name; });
  if (found == std::end(kDrivers)) {
    throw InvariantError("the driver " + name + " has a schema, but nothing runs it");
  }
  return *found;
}

void list_presets() {
  std::vector<fs::path> files;
  const fs::path folder = home_folder() / "presets";
  for (const auto &entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  for (const fs::path &file : files) {
    const nlohmann::json preset = load_json(file, JsonUse::preset);
    std::cout << fmt::format("{:<26}  {:<17}  {}\n", file.stem().string(), preset.value("driver", ""),
                             preset.value("title", ""));
  }
  std::cout << "in " << folder.string() << "\n";
}

BarrierModel load_model(const fs::path &file) {
  if (file.extension() == ".json") {
    return read_pair_kra_file(file);
  }
  return read_network(file);
}

std::vector<std::string> elements_of(const BarrierModel &model) {
  const auto network = network_facts(model);
  return network ? network->elements : std::get<PairKra>(model).elements;
}

void evaluate_barriers(const fs::path &model_file, const std::vector<std::string> &more, const fs::path &environments_file,
                       const fs::path &out, const std::string &precision, const std::string &device, int threads) {
  BarrierModel model = load_model(model_file);
  if (!more.empty()) {
    std::vector<BarrierModel> members{std::move(model)};
    for (const std::string &file : more) {
      members.push_back(load_model(file));
    }
    model = make_ensemble(std::move(members), "--member: ");
  }
  if (const auto *pair = std::get_if<PairKra>(&model)) {
    check_barriers_positive(*pair, Structure::bcc, false);
  }
  const Environments environments = read_environments(environments_file, elements_of(model), environment_of(model).offsets);
  const ChosenDevice chosen = choose_device(device, threads);
  const EnvironmentBarriers found =
      chosen.backend->barriers(model, precision == "float64" ? Precision::float64 : Precision::float32, environments.types);
  const std::string text = environments_with_barriers(environments, found.barrier_eV, found.spread_eV);
  if (out.empty()) {
    std::cout << text;
  } else {
    write_file_atomically(out, text);
    log_info(fmt::format("barriers of {} environments written to {}", environments.size(), out.string()));
  }
}

// Exit code of a helper that the command cannot do without.
int run_helper(const std::string &script, const std::vector<std::string> &modules, const std::vector<std::string> &arguments) {
  const PythonChoice python = find_python(modules);
  if (python.program.empty()) {
    throw DataError(python.missing);
  }
  return run_python_script(python, script, arguments);
}

int run_benchmark(const std::vector<std::string> &arguments) {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path() / "zener_bench";
  if (!fs::exists(program, error)) {
    throw DataError(program.string() + " is missing: build it with `./zener.sh build`");
  }
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char *> argv;
  for (std::string &word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  std::cout.flush();
  execv(argv[0], argv.data());
  throw DataError(program.string() + " cannot be started");
}

int run_program(int argc, char **argv) {
  CLI::App app{fmt::format("zener {}: how atoms move in difficult metals. Backends: {}", kVersion, kBackends)};
  app.name("zener");
  app.require_subcommand(1);
  app.set_version_flag("--version", fmt::format("zener {} ({}), {}, backends: {}", kVersion, kCommit, kCompiler, kBackends));
  std::string log_level = "info";
  app.add_option("--log", log_level, "what the console shows: debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));

  RunOptions options;
  std::string preset;
  const auto add_device = [&](CLI::App *command) {
    command->add_option("--device", options.device, "auto, cpu, cuda:N or hip:N")->capture_default_str();
    command->add_option("--threads", options.threads, "threads of the CPU backend; 0 for all")->check(CLI::Range(0, 4096));
  };
  const auto add_preset = [&](CLI::App *command) {
    command->add_option("preset", preset, "a preset's file, or a name that `zener presets` lists")->required();
    command->add_option("--set", options.edits, "path=value: changes a key, e.g. --set hops=1000")
        ->type_name("PATH=VALUE")
        ->allow_extra_args(false);
    add_device(command);
  };

  CLI::App *run = app.add_subcommand("run", "run a preset");
  add_preset(run);
  std::string out;
  run->add_option("--out", out, "result folder, new or empty");
  run->add_flag("--resume", options.resume, "go on from the checkpoint in the result folder");

  CLI::App *check =
      app.add_subcommand("check", "validate a preset; print it in full with device, memory and time; run nothing");
  add_preset(check);

  CLI::App *presets = app.add_subcommand("presets", "list the presets");
  CLI::App *devices = app.add_subcommand("devices", "list the devices of every backend in this binary");
  CLI::App *schema = app.add_subcommand("schema", "print the JSON schema of a driver's presets");
  std::string driver = "kmc";
  schema->add_option("driver", driver, join(known_drivers(), ", "))->capture_default_str();

  CLI::App *barriers = app.add_subcommand("barriers", "barriers of environments in a JSON file");
  std::string model_file;
  std::vector<std::string> more_members;
  std::string environments_file;
  std::string barriers_out;
  std::string precision = "float32";
  barriers->add_option("model", model_file, "network (.safetensors) or pair_kra parameters (.json)")->required();
  barriers->add_option("environments", environments_file, "environments (.json)")->required();
  barriers->add_option("--member", more_members, "a further network of an ensemble (again for each): mean and spread_eV");
  barriers->add_option("--out", barriers_out, "file to write; standard output without it");
  barriers->add_option("--precision", precision, "of the network")
      ->check(CLI::IsMember({"float32", "float64"}))
      ->capture_default_str();
  add_device(barriers);

  CLI::App *evaluate = app.add_subcommand("evaluate", "energy, forces, virial and stress of structures");
  EvaluateOptions evaluation;
  std::string potential_file;
  std::string structure_file;
  std::string evaluation_out;
  evaluate->add_option("potential", potential_file, "a potential (.json); `zener potentials` says what stands in it")
      ->required();
  evaluate->add_option("structure", structure_file, "extended XYZ, LAMMPS data or dump, POSCAR; every frame")->required();
  evaluate->add_option("--out", evaluation_out, "extended XYZ file to write; standard output without it");
  evaluate->add_option("--precision", evaluation.precision, "of the potential")
      ->check(CLI::IsMember({"double", "mixed"}))
      ->capture_default_str();
  evaluate->add_option("--elements", evaluation.elements, "A,B,…: elements of the types 1, 2, … of LAMMPS files")
      ->delimiter(',');
  add_device(evaluate);

  CLI::App *potentials = app.add_subcommand("potentials", "list the kinds of potentials and the files that they read");

  CLI::App *plot = app.add_subcommand("plot", "draw the plots of a result folder");
  std::string plot_folder;
  plot->add_option("folder", plot_folder, "result folder")->required();

  CLI::App *fit_diffusion = app.add_subcommand(
      "fit-diffusion", "fit D(T) of finished runs of md, analyze and kmc: Arrhenius, quadratic in 1/T, two exponentials");
  FitDiffusionOptions ladder;
  std::vector<std::string> ladder_folders;
  std::string ladder_out;
  fit_diffusion->add_option("folders", ladder_folders, "result folders; all their temperatures are fitted together")
      ->required();
  fit_diffusion->add_option("--out", ladder_out, "result folder, new or empty; without it the fits are printed alone");
  fit_diffusion->add_flag("!--no-plots", ladder.plots, "draw no figures");

  CLI::App *import_nnk = app.add_subcommand("import-nnk", "turn the published weights.npy of the NNK program into safetensors");
  std::string weights;
  std::string imported;
  std::vector<std::string> import_options;
  import_nnk->add_option("weights", weights, "weights.npy")->required();
  import_nnk->add_option("model", imported, "model.safetensors to write")->required();
  import_nnk->allow_extras();

  CLI::App *bench = app.add_subcommand("bench", "benchmarks, e.g. `zener bench kmc --json FILE`");
  bench->prefix_command();

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp &request) {
    return app.exit(request);
  } catch (const CLI::CallForAllHelp &request) {
    return app.exit(request);
  } catch (const CLI::CallForVersion &request) {
    return app.exit(request);
  } catch (const CLI::ParseError &error) {
    const std::vector<std::string> rest = app.remaining();
    if (app.get_subcommands().empty() && !rest.empty() && !rest.front().starts_with('-')) {
      std::vector<std::string> names;
      for (const CLI::App *command : app.get_subcommands({})) {
        names.push_back(command->get_name());
      }
      throw ConfigError("there is no command " + in_quotes(rest.front()) + did_you_mean(rest.front(), names) +
                        "; there are: " + join(names, ", "));
    }
    throw ConfigError(std::string(error.what()) + " (zener --help lists what is possible)");
  }
  set_console_level(log_level == "debug"     ? LogLevel::debug
                    : log_level == "info"    ? LogLevel::info
                    : log_level == "warning" ? LogLevel::warning
                                             : LogLevel::error);
  options.out = out;

  if (run->parsed()) {
    options.preset = find_preset(preset);
    return driver_for(options).run(options);
  }
  if (check->parsed()) {
    options.preset = find_preset(preset);
    driver_for(options).check(options);
  } else if (presets->parsed()) {
    list_presets();
  } else if (devices->parsed()) {
    std::cout << describe_devices();
  } else if (schema->parsed()) {
    std::cout << schema_of(driver);
  } else if (barriers->parsed()) {
    evaluate_barriers(model_file, more_members, environments_file, barriers_out, precision, options.device, options.threads);
  } else if (evaluate->parsed()) {
    evaluation.potential = potential_file;
    evaluation.structure = structure_file;
    evaluation.out = evaluation_out;
    evaluation.device = options.device;
    evaluation.threads = options.threads;
    evaluate_structures(evaluation);
  } else if (potentials->parsed()) {
    std::cout << describe_potentials();
  } else if (plot->parsed()) {
    return run_helper(kPlotScript, kPlotModules, {plot_folder});
  } else if (fit_diffusion->parsed()) {
    ladder.folders.assign(ladder_folders.begin(), ladder_folders.end());
    ladder.out = ladder_out;
    fit_diffusion_of(ladder);
  } else if (import_nnk->parsed()) {
    std::vector<std::string> arguments{weights, imported};
    const std::vector<std::string> rest = import_nnk->remaining();
    arguments.insert(arguments.end(), rest.begin(), rest.end());
    return run_helper("import/import_nnk.py", {}, arguments);
  } else if (bench->parsed()) {
    return run_benchmark(bench->remaining());
  }
  flush_output();
  return static_cast<int>(ExitCode::done);
}

} // namespace
} // namespace zener

int main(int argc, char **argv) {
  try {
    return zener::run_program(argc, argv);
  } catch (const zener::Error &error) {
    zener::log_error(error.what());
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc &) {
    zener::log_error("out of memory on the host");
    return static_cast<int>(zener::ExitCode::no_device);
  } catch (const std::exception &error) {
    zener::log_error(std::string("internal error: ") + error.what());
    return static_cast<int>(zener::ExitCode::own_fault);
  }
}
