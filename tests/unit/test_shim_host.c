/* The hosts below the shim, and what each of them may refuse. TDCALLs and hypercalls are doubles.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "boot/hyperv.h"
#include "boot/native.h"
#include "boot/td.h"
#include "shim/host.h"
#include "shim/shim.h"
#include "tests/unit/fake_hypervisor.h"
#include "tests/unit/fake_machine.h" /* the library's privileged part, which is linked */

#define SHARED_BIT (1ull << 51)
#define RAM_PHYS   0x1000000ull
#define RAM_BYTES  0x1000000ull

static struct {
    bool td, accepts, shares, unshares;
    enum muster_status begin;
    uint64_t hypervisors_hz, hz;
} host;

struct shim shim;
static struct fake_hypervisor fake;
static struct muster_memory_range ranges[16];

bool td_is_active(void)
{
    return host.td;
}

uint64_t td_shared_bit(void)
{
    return SHARED_BIT;
}

bool td_accept(uint64_t phys, uint64_t bytes)
{
    (void)phys, (void)bytes;
    return host.accepts;
}

bool td_share(uint64_t phys, uint64_t bytes)
{
    (void)phys, (void)bytes;
    return false; /* what follows where it does is page tables: in QEMU only */
}

bool td_unshare(uint64_t phys, uint64_t bytes)
{
    (void)phys, (void)bytes;
    fail_msg("nothing was shared");
    return false;
}

enum muster_status hyperv_begin(struct muster_platform *platform)
{
    (void)platform;
    return host.begin;
}

uint64_t hyperv_tsc_hz(const struct muster_platform *platform)
{
    (void)platform;
    return host.hypervisors_hz;
}

void native_set_tsc_hz(uint64_t hz)
{
    host.hz = hz;
}

static bool let_share(uint64_t phys, uint64_t bytes)
{
    assert_int_equal(phys % SHARED_BYTES, 0);
    assert_int_equal(bytes, SHARED_BYTES);
    return host.shares;
}

static bool let_unshare(uint64_t phys, uint64_t bytes)
{
    (void)phys, (void)bytes;
    return host.unshares;
}

static int set_up(void **state)
{
    static const struct shim_host sharing = {.share = let_share, .unshare = let_unshare};
    (void)state;
    memset(&host, 0, sizeof(host));
    fake_hypervisor_init(&fake);
    shim.host = &sharing;
    muster_memory_init(&shim.map, ranges, sizeof(ranges) / sizeof(ranges[0]));
    assert_int_equal(muster_memory_add(&shim.map, RAM_PHYS, RAM_BYTES, MUSTER_MEMORY_USABLE), 0);
    return 0;
}

static void host_is_a_td_or_a_partition(void **state)
{
    (void)state;
    assert_ptr_equal(shim_host_of_firmware(&fake.platform), &shim_host_hyperv);
    host.td = true;
    assert_ptr_equal(shim_host_of_firmware(&fake.platform), &shim_host_td);
}

static void host_that_is_neither_is_refused(void **state)
{
    (void)state;
    fake.absent = true;
    const struct shim_host *unknown = shim_host_of_firmware(&fake.platform);
    assert_string_equal(unknown->begin(&fake.platform),
                        "as firmware the shim wants a TD, or a partition of Hyper-V");
}

static void partition_that_may_not_call_is_refused(void **state)
{
    static const enum muster_status answers[] = {MUSTER_DENIED, MUSTER_NOT_SUPPORTED};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        host.begin = answers[i];
        assert_string_equal(shim_host_hyperv.begin(&fake.platform),
                            "the hypervisor does not let us make hypercalls");
    }
    host.begin = MUSTER_OK;
    assert_null(shim_host_hyperv.begin(&fake.platform));
    assert_int_equal(host.hz, 0); /* the hypervisor did not tell */
    host.hypervisors_hz = 5;
    assert_null(shim_host_hyperv.begin(&fake.platform));
    assert_int_equal(host.hz, 5);
}

static void td_may_do_without_hypercalls(void **state)
{
    (void)state;
    host.begin = MUSTER_NOT_SUPPORTED;
    assert_null(shim_host_td.begin(&fake.platform));
}

static void unaccepted_memory_outside_of_a_td_is_refused(void **state)
{
    (void)state;
    assert_null(shim_host_hyperv.take_memory(RAM_PHYS, RAM_BYTES, false));
    assert_string_equal(shim_host_hyperv.take_memory(RAM_PHYS, RAM_BYTES, true),
                        "the HOB lists unaccepted memory, and this is no TD: nobody accepts it");
}

static void td_memory_that_cannot_be_accepted_is_refused(void **state)
{
    (void)state;
    assert_null(shim_host_td.take_memory(RAM_PHYS, RAM_BYTES, false));
    assert_string_equal(shim_host_td.take_memory(RAM_PHYS, RAM_BYTES, true),
                        "memory that the TD HOB calls unaccepted could not be accepted");
    host.accepts = true;
    assert_null(shim_host_td.take_memory(RAM_PHYS, RAM_BYTES, true));
}

static void td_memory_in_shared_addresses_is_refused(void **state)
{
    const char *reaches = "a memory range in the TD HOB reaches into shared addresses";
    (void)state;
    host.accepts = true;
    assert_null(shim_host_td.take_memory(SHARED_BIT - PAGE_BYTES, PAGE_BYTES, true));
    assert_string_equal(shim_host_td.take_memory(SHARED_BIT - PAGE_BYTES, 2 * PAGE_BYTES, true),
                        reaches);
    assert_string_equal(shim_host_td.take_memory(SHARED_BIT, PAGE_BYTES, true), reaches);
}

static uint64_t never_called(void *context, uint64_t rax, struct muster_tdcall_registers *registers)
{
    (void)context, (void)rax, (void)registers;
    fail_msg("no call is made here");
    return 0;
}

static void td_starts_by_hypercall_where_its_host_offers_that(void **state)
{
    struct muster_cpu cpus[2] = {{.enabled = true}, {.enabled = true, .apic_id = 1}};
    struct muster_machine machine = {
        .platform = &fake.platform, .cpus = cpus, .cpu_count = 2, .confidential = true};
    (void)state;
    assert_int_equal(shim_host_td.choose_way(&machine), MUSTER_WAY_TD_START);
    fake.platform.tdcall = never_called;
    assert_int_equal(shim_host_td.choose_way(&machine), MUSTER_WAY_HYPERV);
    fake.features[1] = 0;
    assert_int_equal(shim_host_td.choose_way(&machine), MUSTER_WAY_TD_START);
    assert_int_equal(shim_host_hyperv.choose_way(&machine), MUSTER_WAY_HYPERV);
}

static void memory_is_shared_and_given_back(void **state)
{
    uint64_t phys = 0;
    (void)state;
    host.shares = host.unshares = true;
    assert_null(shared_open(&phys));
    assert_int_equal(muster_memory_find(&shim.map, phys)->owner, SHIM_OWNER);
    assert_null(shared_close(phys));
    assert_int_equal(muster_memory_find(&shim.map, phys)->owner, MUSTER_OWNER_NONE);
}

static void machine_without_2_mib_to_share_is_refused(void **state)
{
    uint64_t phys;
    (void)state;
    host.shares = true;
    assert_int_equal(muster_memory_reserve(&shim.map, RAM_PHYS, RAM_BYTES, SHIM_OWNER), MUSTER_OK);
    assert_string_equal(shared_open(&phys), "no free 2 MiB below 4 GiB to share with the host");
}

static void host_that_shares_nothing_is_named(void **state)
{
    uint64_t phys;
    (void)state;
    assert_string_equal(shared_open(&phys), "the host does not share memory (MapGPA)");
    assert_false(shim_host_td.share(RAM_PHYS, SHARED_BYTES));
    assert_true(shim_host_hyperv.share(RAM_PHYS, SHARED_BYTES));
}

static void shared_memory_that_does_not_become_private_is_never_used_again(void **state)
{
    uint64_t phys;
    (void)state;
    host.shares = true;
    assert_null(shared_open(&phys));
    assert_string_equal(shared_close(phys), "the host does not make shared memory private again");
    assert_int_equal(muster_memory_find(&shim.map, phys)->owner, SHIM_OWNER);
}

#define with_host(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_host(host_is_a_td_or_a_partition),
        with_host(host_that_is_neither_is_refused),
        with_host(partition_that_may_not_call_is_refused),
        with_host(td_may_do_without_hypercalls),
        with_host(unaccepted_memory_outside_of_a_td_is_refused),
        with_host(td_memory_that_cannot_be_accepted_is_refused),
        with_host(td_memory_in_shared_addresses_is_refused),
        with_host(td_starts_by_hypercall_where_its_host_offers_that),
        with_host(memory_is_shared_and_given_back),
        with_host(machine_without_2_mib_to_share_is_refused),
        with_host(host_that_shares_nothing_is_named),
        with_host(shared_memory_that_does_not_become_private_is_never_used_again),
    };
    return cmocka_run_group_tests_name("shim-host", tests, NULL, NULL);
}
