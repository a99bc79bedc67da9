#pragma once

namespace pilotlight::app {

/// Gives back to the system what only a start or a reload needed: what was freed since, and the
/// code that has done its work. Code that runs again comes back by itself, from the page cache;
/// what was never written is all that is given back. Takes some milliseconds, in which other
/// threads may wait for memory: not while something waits to be judged or told. Thread: any.
void give_back_spare_memory();

}  // namespace pilotlight::app
