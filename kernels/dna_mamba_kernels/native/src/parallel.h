// Work shared between threads, and per-thread scratch memory.
#pragma once
#include <cstddef>
#include <cstdint>

// Calls task(unit, workspace) once for every unit in [0, units) on at most `threads` threads, each with a scratch
// of `floats` floats aligned to 64 bytes, denormals flushed to zero. `gomp_parallel` is the OpenMP runtime to borrow
// threads from, or null to start threads of our own. False if memory ran out.
using Task = void (*)(const void* context, std::int64_t unit, float* workspace);
bool share(std::int64_t units, std::int64_t threads, std::size_t floats, const void* gomp_parallel, Task task,
           const void* context);
