#include "shim/fw_cfg.h"

#include "abi/fw_cfg.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/native.h"
#include "boot/port.h"
#include "lib/atomic.h"
#include "shim/host.h"
#include "shim/shim.h"

#define DATA_OFFSET PAGE_BYTES /* behind the descriptor's page */
#define CHUNK_BYTES (SHARED_BYTES - DATA_OFFSET)

#define PATIENCE_NS 5000000000u
#define LOOK_NS     10000u

static struct {
    uint64_t phys;
    uint8_t *page; /* where it is mapped: at its own address */
} fw_cfg;

/* One transfer to or from the data's place. The host may never end it. */
static bool transfer(uint32_t control, uint32_t bytes)
{
    struct fw_cfg_dma *dma = (void *)fw_cfg.page;
    const struct muster_platform *platform = &shim.platform;
    uint64_t deadline_ns = platform->time_ns(platform->context) + PATIENCE_NS;
    uint32_t left;
    dma->bytes = __builtin_bswap32(bytes);
    dma->address = __builtin_bswap64(fw_cfg.phys + DATA_OFFSET);
    u32_store_relaxed(&dma->control, __builtin_bswap32(control));
    port_out32(FW_CFG_PORT_DMA_HIGH, __builtin_bswap32((uint32_t)(fw_cfg.phys >> 32)));
    port_out32(FW_CFG_PORT_DMA_LOW, __builtin_bswap32((uint32_t)fw_cfg.phys));
    while ((left = u32_load_relaxed(&dma->control)) & ~__builtin_bswap32(FW_CFG_DMA_ERROR)) {
        if (platform->time_ns(platform->context) >= deadline_ns)
            return false;
        native_delay_ns(LOOK_NS);
    }
    return left == 0;
}

static uint32_t select(uint16_t selector)
{
    return (uint32_t)selector << 16 | FW_CFG_DMA_SELECT;
}

bool fw_cfg_read(uint16_t selector, void *to, uint64_t bytes)
{
    uint8_t *at = to;
    uint32_t control = select(selector) | FW_CFG_DMA_READ;
    while (bytes) {
        uint32_t chunk = bytes < CHUNK_BYTES ? (uint32_t)bytes : CHUNK_BYTES;
        if (!transfer(control, chunk))
            return false;
        memcpy(at, fw_cfg.page + DATA_OFFSET, chunk);
        at += chunk;
        bytes -= chunk;
        control = FW_CFG_DMA_READ; /* goes on where it was */
    }
    return true;
}

bool fw_cfg_write(uint16_t selector, uint32_t offset, const void *from, uint32_t bytes)
{
    if (bytes > PAGE_BYTES || !transfer(select(selector) | FW_CFG_DMA_SKIP, offset))
        return false;
    memcpy(fw_cfg.page + DATA_OFFSET, from, bytes);
    return transfer(FW_CFG_DMA_WRITE, bytes);
}

uint32_t fw_cfg_number(uint16_t selector)
{
    uint32_t number = 0;
    return fw_cfg_read(selector, &number, sizeof(number)) ? number : 0;
}

const char *fw_cfg_open(void)
{
    char signature[4] = {0};
    const char *error = shared_open(&fw_cfg.phys);
    if (error)
        return error;
    fw_cfg.page = (uint8_t *)fw_cfg.phys;
    if (!fw_cfg_read(FW_CFG_SIGNATURE, signature, sizeof(signature)) ||
        memcmp(signature, "QEMU", sizeof(signature)))
        return "there is no fw_cfg with DMA to boot from";
    return NULL;
}

const char *fw_cfg_close(void)
{
    return shared_close(fw_cfg.phys);
}
