// The published Nb-Mo-Ta network where the data beside the repository have it.
#pragma once

#include "host/neutral/barrier_model.hpp"
#include "host/neutral/kmc_plan.hpp"
#include "tests/neutral/support.hpp"

#include <optional>

namespace zener::test {

inline constexpr const char *kNoNetwork = "the published network (data/nnk) is not beside the repository";

inline std::optional<Mlp> published_network() {
  const std::filesystem::path file = shared_file("data/nnk/nbmota_mlp.safetensors");
  return file.empty() ? std::nullopt : std::optional<Mlp>(read_mlp(file));
}

// Random equimolar walkers of a cube of n x n x n cells with a network of three elements, one group for each temperature.
inline KmcPlan network_plan(const BarrierModel &network, int n, const std::vector<double> &temperatures_K, int replicas) {
  KmcPlan plan;
  plan.cells = {n, n, n};
  plan.lattice_constant_A = network_facts(network)->lattice_constant_A;
  plan.elements = network_facts(network)->elements;
  plan.model = network;
  plan.seed = 1;
  plan.replicas = replicas;
  plan.order_shells = 2;
  const std::int64_t atoms = plan.sites() - 1;
  for (const double temperature : temperatures_K) {
    plan.groups.push_back({temperature, {atoms / 3, atoms / 3, atoms - 2 * (atoms / 3)}});
  }
  return plan;
}

} // namespace zener::test
