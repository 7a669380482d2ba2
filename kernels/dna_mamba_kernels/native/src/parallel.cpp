#include "parallel.h"

#include <atomic>
#include <cstdlib>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace {

// Decaying states end as denormals, which cost a hundred cycles an operation and mean nothing here.
class FlushDenormals {
#if defined(__x86_64__) || defined(_M_X64)
    unsigned saved = _mm_getcsr();

  public:
    FlushDenormals() { _mm_setcsr(saved | 0x8040u); }
    ~FlushDenormals() { _mm_setcsr(saved); }
#elif defined(__aarch64__)
    std::uint64_t saved;

  public:
    FlushDenormals() {
        asm volatile("mrs %0, fpcr" : "=r"(saved));
        asm volatile("msr fpcr, %0" ::"r"(saved | (1ull << 24)));
    }
    ~FlushDenormals() { asm volatile("msr fpcr, %0" ::"r"(saved)); }
#endif
};

// One thread's scratch, kept between calls: fresh pages for every call would cost more than a small scan.
class Scratch {
    void* memory = nullptr;
    std::size_t bytes = 0;

  public:
    ~Scratch() { std::free(memory); }
    float* at_least(std::size_t floats) {
        const std::size_t wanted = floats * sizeof(float) + 64;
        if (wanted > bytes) {
            std::free(memory);
            memory = std::malloc(wanted);
            bytes = memory ? wanted : 0;
        }
        const auto address = reinterpret_cast<std::uintptr_t>(memory);
        return memory ? reinterpret_cast<float*>((address + 63) / 64 * 64) : nullptr;
    }
};

// For the sanitizers' sweep: what a unit reads without having written it shows.
void poison([[maybe_unused]] float* workspace, [[maybe_unused]] std::size_t floats) {
#if defined(DNA_MAMBA_POISON)
    for (std::size_t i = 0; i < floats; ++i) workspace[i] = __builtin_nanf("");
#endif
}

struct Job {
    std::int64_t units;
    std::size_t floats;
    Task task;
    const void* context;
    std::atomic<std::int64_t> next{0};
    std::atomic<bool> failed{false};
};

void work(void* pointer) {
    thread_local Scratch scratch;
    Job& job = *static_cast<Job*>(pointer);
    float* workspace = scratch.at_least(job.floats);
    if (!workspace) {
        job.failed = true;
        return;
    }
    const FlushDenormals guard;
    for (std::int64_t unit; (unit = job.next.fetch_add(1)) < job.units;) {
        poison(workspace, job.floats);
        job.task(job.context, unit, workspace);
    }
}

void work_on_own_threads(Job& job, std::int64_t threads) {
    std::vector<std::thread> helpers;
    try {
        for (std::int64_t i = 1; i < threads; ++i) helpers.emplace_back(work, &job);
    } catch (const std::system_error&) {
        // The system gives no more threads: those there are do the work.
    }
    work(&job);
    for (std::thread& helper : helpers) helper.join();
}

}  // namespace

bool share(std::int64_t units, std::int64_t threads, std::size_t floats, const void* gomp_parallel, Task task,
           const void* context) {
    Job job{units, floats, task, context};
    if (threads > units) threads = units;
    if (threads <= 1) {
        work(&job);
    } else if (gomp_parallel) {
        using Parallel = void (*)(void (*)(void*), void*, unsigned, unsigned);
        reinterpret_cast<Parallel>(const_cast<void*>(gomp_parallel))(work, &job, static_cast<unsigned>(threads), 0);
    } else {
        work_on_own_threads(job, threads);
    }
    // A thread without scratch left its units to the others; only if none had any is work undone.
    return !job.failed || job.next >= job.units;
}
