#include "kernel/machine_check.h"

#include "abi/x86.h"
#include "lib/cpu/instructions.h"

bool machine_check_offered(void)
{
    uint32_t r[4];
    read_cpuid(CPUID_FEATURES, 0, r);
    return (r[3] & CPUID_1_EDX_MCE) && (r[3] & CPUID_1_EDX_MCA);
}

uint32_t machine_check_banks(void)
{
    return (uint32_t)(read_msr(MSR_MCG_CAP) & MCG_CAP_COUNT);
}

uint64_t machine_check_take(void)
{
    uint64_t status = read_msr(MSR_MCG_STATUS);
    for (uint32_t bank = 0; bank < machine_check_banks(); bank++)
        write_msr(MSR_MC0_STATUS + bank * MC_BANK_MSRS, 0);
    write_msr(MSR_MCG_STATUS, 0);
    return status;
}
