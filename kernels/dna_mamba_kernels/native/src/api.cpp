#include "api.h"

#include "kernels.h"
#include "parallel.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace {

enum { ok = 0, no_such_isa = 1, no_memory = 2 };

bool has_avx2() {
#if defined(DNA_MAMBA_X86)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

bool has_avx512() {
#if defined(DNA_MAMBA_X86)
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#else
    return false;
#endif
}

const KernelTable* kernels(std::int64_t isa) {
    if (isa < 0 || isa > 3 || !(dna_mamba_supported_isas() >> isa & 1)) return nullptr;
#if defined(DNA_MAMBA_X86)
    if (isa == 3) return &avx512_kernels;
    if (isa == 2) return &avx2_kernels;
#endif
#if defined(DNA_MAMBA_NEON)
    if (isa == 1) return &neon_kernels;
#endif
    return &portable_kernels;
}

template <class Inputs, class Outputs>
struct Call {
    const Run& run;
    const Inputs& in;
    const Outputs& out;
    Kernel<Inputs, Outputs> kernel;

    static void task(const void* context, std::int64_t index, float* workspace) {
        const Call& call = *static_cast<const Call*>(context);
        call.kernel.unit(call.run, call.in, call.out, index, workspace);
    }
    int go(std::int64_t units) const {
        return share(units, run.threads, kernel.workspace(run, in), run.parallel, task, this) ? ok : no_memory;
    }
};

// Large outputs are fresh memory more often than not, and faulting it in by 4 KiB pages can cost as much as the scan:
// ask for huge pages where the system leaves the choice to programs. A hint, so its outcome does not matter.
void expect_writes([[maybe_unused]] float* p, [[maybe_unused]] std::int64_t count) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    constexpr std::uintptr_t huge = std::uintptr_t{1} << 21;
    const auto start = (reinterpret_cast<std::uintptr_t>(p) + huge - 1) / huge * huge;
    const auto end = reinterpret_cast<std::uintptr_t>(p + count) / huge * huge;
    if (p && end > start) madvise(reinterpret_cast<void*>(start), end - start, MADV_HUGEPAGE);
#endif
}

std::int64_t scan_units(const Run& run, const ScanInputs& in) {
    return in.batch * ((in.d_inner + run.block - 1) / run.block);
}

template <class Inputs>
std::int64_t tile_units(const Run& run, const Inputs& in) {
    return in.batch * ((in.length + run.tile - 1) / run.tile);
}

}  // namespace

int dna_mamba_abi_version() { return 3; }

int dna_mamba_supported_isas() {
    int bits = 1;
#if defined(DNA_MAMBA_NEON)
    bits |= 2;
#endif
    if (has_avx2()) bits |= 4;
    if (has_avx512()) bits |= 8;
    return bits;
}

int dna_mamba_scan_forward(const Run* run, const ScanInputs* in, const ScanOutputs* out) {
    const KernelTable* table = kernels(run->isa);
    if (!table) return no_such_isa;
    expect_writes(out->y, in->batch * in->length * in->d_inner);
    const std::int64_t tiles = (in->length + run->tile - 1) / run->tile;
    expect_writes(out->edges, in->batch * tiles * in->d_state * in->d_inner);
    return Call<ScanInputs, ScanOutputs>{*run, *in, *out, table->scan_forward}.go(scan_units(*run, *in));
}

int dna_mamba_scan_backward(const Run* run, const ScanInputs* in, const ScanGrads* grads) {
    const KernelTable* table = kernels(run->isa);
    if (!table) return no_such_isa;
    const std::int64_t count = in->batch * in->length * in->d_inner;
    expect_writes(grads->du, count);
    expect_writes(grads->ddelta, count);
    expect_writes(grads->dz, count);
    return Call<ScanInputs, ScanGrads>{*run, *in, *grads, table->scan_backward}.go(scan_units(*run, *in));
}

int dna_mamba_conv_forward(const Run* run, const ConvInputs* in, const ConvOutputs* out) {
    const KernelTable* table = kernels(run->isa);
    if (!table) return no_such_isa;
    expect_writes(out->y, in->batch * in->length * in->channels);
    return Call<ConvInputs, ConvOutputs>{*run, *in, *out, table->conv_forward}.go(tile_units(*run, *in));
}

int dna_mamba_conv_backward(const Run* run, const ConvInputs* in, const ConvGrads* grads) {
    const KernelTable* table = kernels(run->isa);
    if (!table) return no_such_isa;
    expect_writes(grads->dx, in->batch * in->length * in->channels);
    return Call<ConvInputs, ConvGrads>{*run, *in, *grads, table->conv_backward}.go(tile_units(*run, *in));
}

int dna_mamba_norm_forward(const Run* run, const NormInputs* in, const NormOutputs* out) {
    const KernelTable* table = kernels(run->isa);
    if (!table) return no_such_isa;
    expect_writes(out->y, in->batch * in->length * in->channels);
    return Call<NormInputs, NormOutputs>{*run, *in, *out, table->norm_forward}.go(tile_units(*run, *in));
}
