#include "host/neutral/analysis_plan.hpp"

#include "host/neutral/atom_files_parts.hpp"
#include "host/neutral/errors.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace zener {
namespace {

std::int64_t stride_of(const CorrelatorPlan &plan, int level) {
  std::int64_t stride = 1;
  for (int l = 0; l < level; ++l) {
    stride *= plan.factor;
  }
  return stride;
}

int first_point(const CorrelatorPlan &plan, int level) {
  return level == 0 ? 0 : (plan.points + plan.factor - 1) / plan.factor;
}

// Numbers s in [begin, end) with s >= least and s - least a multiple of `every`.
std::int64_t count_of(std::int64_t begin, std::int64_t end, std::int64_t least, std::int64_t every) {
  const auto below = [&](std::int64_t limit) { return limit <= least ? 0 : (limit - least + every - 1) / every; };
  return std::max<std::int64_t>(0, below(end) - below(begin));
}

} // namespace

std::vector<AtomClass> atom_classes(const AnalysisPlan &plan, const std::vector<Atoms> &systems,
                                    std::vector<std::int32_t> &class_of_atom) {
  std::vector<AtomClass> classes;
  class_of_atom.clear();
  for (std::size_t k = 0; k < systems.size(); ++k) {
    const Atoms &system = systems[k];
    std::vector<std::vector<bool>> groups(system.size(), std::vector<bool>(plan.groups.size(), false));
    for (std::size_t g = 0; g < plan.groups.size(); ++g) {
      for (const std::int64_t atom : plan.groups[g].atoms) {
        if (atom < 0 || atom >= static_cast<std::int64_t>(system.size())) {
          throw ConfigError("the group '" + plan.groups[g].name + "' of the analyses names atom " + std::to_string(atom) +
                            "; allowed: 0 to " + std::to_string(system.size() - 1) + " (places of the atoms, counted from 0)");
        }
        groups[static_cast<std::size_t>(atom)][g] = true;
      }
    }
    std::map<std::pair<std::int32_t, std::vector<bool>>, std::int32_t> known;
    for (std::size_t i = 0; i < system.size(); ++i) {
      const std::int32_t type = system.type[i];
      const auto [at, is_new] = known.try_emplace({type, groups[i]}, static_cast<std::int32_t>(classes.size()));
      if (is_new) {
        AtomClass one;
        one.system = k;
        one.type = type;
        one.mass_amu = atom_files::mass_of(system, static_cast<std::size_t>(type));
        one.in_group = groups[i];
        classes.push_back(std::move(one));
      }
      ++classes[static_cast<std::size_t>(at->second)].atoms;
      class_of_atom.push_back(at->second);
    }
  }
  return classes;
}

std::vector<CorrelatorLag> correlator_lags(const CorrelatorPlan &plan, bool differences) {
  std::vector<CorrelatorLag> lags;
  for (int level = 0; level < plan.levels; ++level) {
    for (int point = first_point(plan, level); point < plan.points; ++point) {
      if (point > 0 || !differences) {
        lags.push_back({level, point, point * stride_of(plan, level)});
      }
    }
  }
  return lags;
}

std::int64_t correlated_pairs(const CorrelatorPlan &plan, bool differences, const CorrelatorLag &lag, std::int64_t begin,
                              std::int64_t end) {
  const std::int64_t stride = stride_of(plan, lag.level);
  // Samples made before a frame: s is made by frame s * stride (differences) or (s + 1) * stride - 1.
  const auto samples = [&](std::int64_t frame) { return differences ? (frame + stride - 1) / stride : frame / stride; };
  return count_of(samples(begin), samples(end), lag.point, lag.level == 0 ? plan.origins : 1);
}

} // namespace zener
