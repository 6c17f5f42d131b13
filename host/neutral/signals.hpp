// SIGINT and SIGTERM ask a run to stop at its next checkpoint; a second one ends the program at once.
#pragma once

namespace zener {

void catch_stop_signals();

// The signal that asked, 0 when none did.
int stop_signal();
inline bool stop_requested() { return stop_signal() != 0; }

// Forgets a request (tests).
void clear_stop_signal();

} // namespace zener
