// Setfl files and analytic parameters made up for tests: smooth functions that vanish at the cutoff.
#pragma once

#include "kernels/potentials/eam/eam_model.hpp"

#include <cmath>
#include <fmt/format.h>
#include <string>
#include <vector>

namespace zener::test {

// Tables of any number of elements, each with its own functions; by_pair: densities that differ with the order of the pair.
// Atoms of bcc crystals of about 3 A stay below `last_density`, compressed ones do not.
inline EamModel made_up_tables(const std::vector<std::string> &elements, bool by_pair, int radii = 2000,
                               double last_density = 12.0) {
  EamModel model;
  model.kind_name = by_pair ? "eam_fs" : "eam_alloy";
  model.element_names = elements;
  model.cutoff = 5.0;
  EamTables &tables = model.tables;
  tables.by_pair = by_pair;
  tables.densities = 500;
  tables.density_step = last_density / (tables.densities - 1);
  tables.radii = radii;
  tables.radius_step_A = model.cutoff / (radii - 1);
  const int T = model.size();
  const auto fade = [&](double r) { return r < model.cutoff ? std::pow(1.0 - r / model.cutoff, 3) : 0.0; };
  for (int a = 0; a < T; ++a) {
    model.mass_amu.push_back(50.0 + a);
    model.lattice_A.push_back(3.0 + 0.125 * a);
    model.lattice.emplace_back("bcc");
    for (int k = 0; k < tables.densities; ++k) {
      const double rho = k * tables.density_step;
      tables.embedding.push_back(-(1.5 + 0.2 * a) * std::sqrt(rho + 0.3) + 0.01 * (a + 1) * rho * rho);
    }
    for (int at = 0; at < (by_pair ? T : 1); ++at) {
      for (int k = 0; k < radii; ++k) {
        const double r = k * tables.radius_step_A;
        tables.density.push_back((6.0 + a - 0.7 * at) * fade(r) * std::exp(-0.2 * (a + 1) * r));
      }
    }
  }
  for (int a = 0; a < T; ++a) {
    for (int b = 0; b <= a; ++b) {
      for (int k = 0; k < radii; ++k) {
        const double r = k * tables.radius_step_A;
        tables.pair_times.push_back(r * fade(r) * (30.0 + 4 * a + b) * (std::exp(-1.1 * r) - 0.06 * (1.0 + 0.1 * b)));
      }
    }
  }
  return model;
}

// The file of a model of tables, `columns` numbers a line.
inline std::string setfl_text(const EamModel &model, int columns = 5) {
  const EamTables &tables = model.tables;
  std::string text = "made up\nfor tests\nby zener\n" + std::to_string(model.size());
  for (const std::string &element : model.element_names) {
    text += " " + element;
  }
  text += fmt::format("\n{} {:.17g} {} {:.17g} {:.17g}\n", tables.densities, tables.density_step, tables.radii,
                      tables.radius_step_A, model.cutoff);
  const auto put = [&](const std::vector<double> &values, std::size_t begin, int n) {
    for (int k = 0; k < n; ++k) {
      text += fmt::format("{:.17g}{}", values[begin + static_cast<std::size_t>(k)],
                          k + 1 == n || (k + 1) % columns == 0 ? "\n" : " ");
    }
  };
  std::size_t density = 0;
  for (int a = 0; a < model.size(); ++a) {
    const auto index = static_cast<std::size_t>(a);
    text += fmt::format("{} {:.17g} {:.17g} {}\n", 41 + a, model.mass_amu[index], model.lattice_A[index], model.lattice[index]);
    put(tables.embedding, index * static_cast<std::size_t>(tables.densities), tables.densities);
    for (int at = 0; at < (tables.by_pair ? model.size() : 1); ++at) {
      put(tables.density, density, tables.radii);
      density += static_cast<std::size_t>(tables.radii);
    }
  }
  for (std::size_t begin = 0; begin < tables.pair_times.size(); begin += static_cast<std::size_t>(tables.radii)) {
    put(tables.pair_times, begin, tables.radii);
  }
  return text;
}

// Finnis and Sinclair's form for Mo and Ta with their own parameters and a made-up pair between, repulsion included.
inline EamModel made_up_finnis_sinclair() {
  EamModel model;
  model.form = EamForm::finnis_sinclair;
  model.kind_name = "finnis_sinclair";
  model.element_names = {"Mo", "Ta"};
  const FinnisSinclairPair mo{4.114825, 0.0, 1.0, 3.25, 43.4475218, -31.9332978, 6.0804249, 1223.0, 2.7255, 3.9};
  const FinnisSinclairPair ta{4.076980, 0.0, 1.0, 4.2, 1.2157373, 0.0271471, -0.1217350, 91.0, 2.8629, 1.05};
  const FinnisSinclairPair cross{4.0, 1.8, 0.9, 3.7, 5.0, -2.5, 0.4, 300.0, 2.8, 2.0};
  // One by one: nvcc 13 copies no list of them.
  model.finnis_sinclair = std::vector<FinnisSinclairPair>(4);
  model.finnis_sinclair[0] = mo;
  model.finnis_sinclair[1] = model.finnis_sinclair[2] = cross;
  model.finnis_sinclair[3] = ta;
  model.finnis_sinclair_A = {1.887117, 2.591061};
  model.cutoff = 4.2;
  return model;
}

// The form of Zhou, Johnson and Wadley with whole exponents that differ and two sides of F3.
inline EamModel made_up_zhou() {
  EamModel model;
  model.form = EamForm::zhou;
  model.kind_name = "zhou";
  model.element_names = {"Mo", "Nb", "Ta"};
  ZhouElement mo, nb, ta;
  mo = {2.728100,
        2.723710,
        29.354065,
        29.354065,
        8.393531,
        4.476550,
        0.708787,
        1.120373,
        0.137640,
        0.275280,
        {-3.692913, -0.178812, 0.380450, -3.133650},
        {-3.71, 0.0, 0.875874},
        0.776222,
        0.776222,
        0.790879,
        -3.712093};
  nb = {2.841095,
        2.889829,
        31.417267,
        31.699834,
        7.595435,
        4.417068,
        0.579206,
        0.909354,
        0.138183,
        0.368801,
        {-4.924136, -0.535647, 1.649732, -2.738757},
        {-4.970108, 0.0, 1.928528},
        -0.764655,
        -0.765052,
        0.909898,
        -4.967403};
  nb.m = 18;
  nb.n = 21;
  ta = {2.860082,
        3.086341,
        33.787168,
        33.787168,
        8.489528,
        4.527748,
        0.611679,
        1.032101,
        0.176977,
        0.353954,
        {-5.103845, -0.405524, 1.112997, -3.585325},
        {-5.14, 0.0, 1.640098},
        0.221375,
        0.321375,
        0.848843,
        -5.141526};
  model.zhou = std::vector<ZhouElement>(3);
  model.zhou[0] = mo;
  model.zhou[1] = nb;
  model.zhou[2] = ta;
  model.cutoff = 5.5;
  return model;
}

} // namespace zener::test
