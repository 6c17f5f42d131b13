// Diffusion by point defects that is free of how many of them a cell happens to hold: D of one defect, c(T) from its energy of
// formation, D = c(T) D_defect, and the sum over kinds of defects. Sangiovanni et al., supplement, S4 and equation S1: a
// Gaussian error of the free energy of formation makes c log-normal. Needs no device.
#pragma once

#include "host/neutral/transport.hpp"

#include <span>
#include <string>

namespace zener {

// G = energy - T entropy; independent Gaussian errors.
struct DefectFormation {
  double energy_eV = 0.0, energy_error_eV = 0.0;
  double entropy_k = 0.0, entropy_error_k = 0.0;
};

// A free energy in eV with its standard deviation.
Estimate formation_free_energy(const DefectFormation &formation, double temperature_K);

// Of a log-normal quantity exp(mu + sigma n).
struct LogNormal {
  double median = 0.0;
  double mean = 0.0;
  double standard_deviation = 0.0;
  double sigma = 0.0;           // of the logarithm
  double below(double n) const; // median times exp(-n sigma)
  double above(double n) const { return median * median / below(n); }
};

// Defects a site, c = exp(-G/kT): median; mean exp(-G/kT + s^2/(2 (kT)^2)) and standard deviation (S1). Not cut off at 1.
// Throws ConfigError as vacancy_concentration.
LogNormal defect_concentration(const Estimate &free_energy_eV, double temperature_K);

// c times D_defect: D_defect with a relative error that is not large stands for a log-normal of the same mean and variance, so
// that the product is log-normal. Without a known error of D_defect (NaN) c's alone.
LogNormal defect_share(const LogNormal &concentration, const Estimate &defect_diffusivity);

// Sum of independent shares: mean and variance are sums; the log-normal with this mean and variance (Fenton and Wilkinson).
LogNormal total_diffusivity(std::span<const LogNormal> shares);

// What a preset's "defect" asks for.
struct DefectDiffusionChoice {
  std::string name;   // "vacancy" or "interstitial"
  double count = 1.0; // in each system
  double sites = 0.0; // lattice sites of a system; 0: its atoms and extra_sites()
  DefectFormation formation;

  double extra_sites() const { return name == "vacancy" ? count : -count; }
};

} // namespace zener
