#pragma once

#include <functional>

namespace pilotlight::query {

/// Runs `work` on a thread of its own that gives way to all others of the process wherever
/// processors are short, and waits for it. What `work` throws passes through. Where no thread can
/// be started it runs on the caller's.
void run_yielding(const std::function<void()>& work);

}  // namespace pilotlight::query
