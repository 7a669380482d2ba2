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
void expect_writes([[maybe_unused]] void* p, [[maybe_unused]] std::int64_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    constexpr std::uintptr_t huge = std::uintptr_t{1} << 21;
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    const auto start = (address + huge - 1) / huge * huge, end = (address + bytes) / huge * huge;
    if (p && end > start) madvise(reinterpret_cast<void*>(start), end - start, MADV_HUGEPAGE);
#endif
}

std::int64_t bytes_of(std::int64_t count, std::int64_t is_bfloat16) { return count * (is_bfloat16 ? 2 : 4); }

std::int64_t scan_units(const Run& run, const ScanInputs& in) {
    return in.batch * ((in.d_inner + run.block - 1) / run.block);
}

template <class Inputs>
std::int64_t tile_units(const Run& run, const Inputs& in) {
    return in.batch * ((in.length + run.tile - 1) / run.tile);
}

}  // namespace

int dna_mamba_abi_version() { return 4; }

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
    expect_writes(out->y, bytes_of(in->batch * in->length * in->d_inner, in->bfloat16));
    const std::int64_t tiles = (in->length + run->tile - 1) / run->tile;
    expect_writes(out->edges, bytes_of(in->batch * tiles * in->d_state * in->d_inner, 0));
    return Call<ScanInputs, ScanOutputs>{*run, *in, *out, table->scan_forward[in->bfloat16]}.go(scan_units(*run, *in));
}

int dna_mamba_scan_backward(const Run* run, const ScanInputs* in, const ScanGrads* grads) {
    const KernelTable* table = kernels(run->isa);
    if (!table) return no_such_isa;
    const std::int64_t bytes = bytes_of(in->batch * in->length * in->d_inner, in->bfloat16);
    void* const outputs[] = {grads->du, grads->ddelta, grads->dz, grads->daddend};
    for (void* p : outputs) expect_writes(p, bytes);
    return Call<ScanInputs, ScanGrads>{*run, *in, *grads, table->scan_backward[in->bfloat16]}.go(scan_units(*run, *in));
}

int dna_mamba_conv_forward(const Run* run, const ConvInputs* in, const ConvOutputs* out) {
    const KernelTable* table = kernels(run->isa);
    if (!table) return no_such_isa;
    expect_writes(out->y, bytes_of(in->batch * in->length * in->channels, in->bfloat16));
    return Call<ConvInputs, ConvOutputs>{*run, *in, *out, table->conv_forward[in->bfloat16]}.go(tile_units(*run, *in));
}

int dna_mamba_conv_backward(const Run* run, const ConvInputs* in, const ConvGrads* grads) {
    const KernelTable* table = kernels(run->isa);
    if (!table) return no_such_isa;
    expect_writes(grads->dx, bytes_of(in->batch * in->length * in->channels, in->bfloat16));
    return Call<ConvInputs, ConvGrads>{*run, *in, *grads, table->conv_backward[in->bfloat16]}.go(tile_units(*run, *in));
}

int dna_mamba_norm_forward(const Run* run, const NormInputs* in, const NormOutputs* out) {
    const KernelTable* table = kernels(run->isa);
    if (!table) return no_such_isa;
    expect_writes(out->y, bytes_of(in->batch * in->length * in->channels, in->y_bfloat16));
    const auto& kernel = table->norm_forward[in->x_bfloat16][in->y_bfloat16];
    return Call<NormInputs, NormOutputs>{*run, *in, *out, kernel}.go(tile_units(*run, *in));
}

int dna_mamba_norm_backward(const Run* run, const NormInputs* in, const NormGrads* grads) {
    const KernelTable* table = kernels(run->isa);
    if (!table) return no_such_isa;
    expect_writes(grads->dx, bytes_of(in->batch * in->length * in->channels, in->x_bfloat16));
    const auto& kernel = table->norm_backward[in->x_bfloat16][in->y_bfloat16];
    return Call<NormInputs, NormGrads>{*run, *in, *grads, kernel}.go(tile_units(*run, *in));
}
