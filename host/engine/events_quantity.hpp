// Moves of atoms between the sites of a crystal, from averaged positions (kernels/analysis/events.hpp).
#pragma once

#include "host/engine/analysis_engine.hpp"
#include "host/neutral/events_plan.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

// The atoms as given are put on the sites at once: their origin is found here. Throws ConfigError where they do not fit.
std::unique_ptr<Quantity> make_events_quantity(Queue &queue, const EventsPlan &plan, const std::vector<Atoms> &systems,
                                               const std::vector<double> &mass_amu, bool remove_drift);

// Bytes that it keeps on the device, about.
double events_bytes(const EventsPlan &plan, double atoms, double systems);

} // namespace ZENER_BACKEND
} // namespace zener
