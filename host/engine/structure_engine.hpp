// Structure of frames of atoms on one device: owns the memory that the analyses of structure need and runs their kernels.
#pragma once

#include "host/neutral/structure_plan.hpp"
#include "kernels/analysis/bonds.hpp"
#include "kernels/analysis/rdf.hpp"
#include "kernels/core/box.hpp"
#include "kernels/exec/queue.hpp"
#include "kernels/neighbours/lists.hpp"

#include <memory>
#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {

// Looks at frames that lie on the device already, one after another: K systems, N atoms in all, each always the same.
class StructureEngine {
public:
  // What the systems are: atoms of each element, elements as each system numbers them, and which directions are periodic.
  struct Systems {
    std::vector<std::int64_t> begin{0};                      // [K + 1]
    std::vector<std::vector<std::int64_t>> atoms_of_element; // [K][elements of the system]
    std::vector<std::array<bool, 3>> periodic;               // [K]
  };

  // Throws ConfigError for what cannot be found: a number out of its range, g(r), S(q) or Voronoi cells where a direction is
  // free.
  StructureEngine(Queue &queue, const StructurePlan &plan, Systems systems);

  // sites [N] by system, types as each system numbers its elements; boxes [K], order [N] places as given. Nothing of this is
  // kept or changed, positions need not be wrapped. Throws DataError for atoms that no structure can be found of (one on
  // another, a void beyond what a kernel's scratch holds).
  StructureResult look(View<const Site, 1> sites, View<const Box, 1> boxes, View<const std::int32_t, 1> given);

  // The same, but what is found stays on the device until the next frame: the views below have it, in the order given, where
  // the plan asks for it.
  void find(View<const Site, 1> sites, View<const Box, 1> boxes, View<const std::int32_t, 1> given);
  // Of the plan's Steinhardt parameters number `of` [N][7], l = 2 … 8.
  View<const double, 2> parameters(std::size_t of);
  View<const double, 1> volumes() const { return volume_.view(); }
  View<const std::uint8_t, 1> kinds() const { return kinds_.view(); }
  // g(r) and S(q) of the frame found last: what is small and belongs to no atom.
  void report_curves(StructureResult &result) const;

private:
  void begin_frame(View<const Site, 1> sites, View<const Box, 1> boxes, View<const std::int32_t, 1> given);
  void make_lists(double range_A);
  AtomsView atoms() const;
  double spacing() const;
  void find_cells();
  void find_parameters();
  void find_pairs();
  void find_waves();
  void find_kinds();
  void report_cells(StructureResult &result) const;
  void report_facets(StructureResult &result) const;
  void report_parameters(StructureResult &result) const;
  void report_kinds(StructureResult &result) const;
  void report_pairs(StructureResult &result) const;
  void report_waves(StructureResult &result) const;

  Queue &queue_;
  StructurePlan plan_;
  Systems systems_;
  std::int64_t n_ = 0;
  std::int64_t k_ = 0;
  int types_ = 0;
  // The frame as given, wrapped, and sorted for the lists.
  DeviceBuffer<Site> wrapped_, sorted_;
  DeviceBuffer<std::int32_t> given_, sort_order_, order_; // order_: places as given of the sorted atoms
  DeviceBuffer<Box> boxes_;
  DeviceBuffer<std::int64_t> begin_;
  DeviceBuffer<std::int32_t> flags_, halted_, counter_;
  std::vector<Box> host_boxes_;
  std::unique_ptr<NeighbourLists> lists_;
  double range_A_ = 0.0; // of the lists; 0: none are made of this frame
  // Voronoi cells of the frame; their facets are bonds.
  DeviceBuffer<std::int32_t> done_, trouble_;
  DeviceBuffer<double> volume_, area_;
  Bonds facets_, bonds_;
  DeviceBuffer<double> moments_, q_;      // q_: [plans][N][7]
  DeviceBuffer<std::int32_t> neighbours_; // [plans][N] number of them
  DeviceBuffer<std::uint8_t> kinds_;
  DeviceBuffer<std::uint64_t> pair_counts_; // [K][pairs of types][bins]
  // Waves of S(q): chosen anew when a cell has changed.
  struct ChosenWaves {
    std::vector<Wave> waves;
    std::vector<std::int32_t> bin;
    std::vector<double> length;
    std::vector<std::size_t> begin{0}; // [K + 1]
    std::vector<Box> boxes;            // that they were chosen for
  };
  void choose_waves();
  ChosenWaves chosen_;
  DeviceBuffer<Wave> waves_;
  DeviceBuffer<double> densities_; // [waves][types][2]
  double cell_range_A_ = 0.0;      // that settled all cells of the last frame
};

// One frame of each system, uploaded once. The call of the seam.
StructureResult find_structure(Queue &queue, const StructurePlan &plan, const std::vector<Atoms> &systems);

} // namespace ZENER_BACKEND
} // namespace zener
