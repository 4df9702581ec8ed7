#include "monitor/fw_cfg.h"

#include "abi/fw_cfg.h"
#include "boot/console.h"
#include "monitor/instructions.h"

bool fw_cfg_present(void)
{
    char signature[4];
    out16(FW_CFG_PORT_SELECTOR, FW_CFG_SIGNATURE);
    for (unsigned i = 0; i < sizeof(signature); i++)
        signature[i] = (char)in8(FW_CFG_PORT_DATA);
    out16(FW_CFG_PORT_SELECTOR, FW_CFG_ID);
    return !memcmp(signature, "QEMU", 4) && (in8(FW_CFG_PORT_DATA) & FW_CFG_ID_DMA);
}

/* The device is done when the write returns; the loop is for its word, not for our patience. */
static bool transfer(uint32_t control, void *to, uint32_t bytes)
{
    struct fw_cfg_dma dma = {
        .control = __builtin_bswap32(control),
        .bytes = __builtin_bswap32(bytes),
        .address = __builtin_bswap64((uint64_t)to),
    };
    uint64_t address = (uint64_t)&dma;
    __asm__ volatile("" : : : "memory"); /* the device reads it */
    out32(FW_CFG_PORT_DMA_HIGH, __builtin_bswap32((uint32_t)(address >> 32)));
    out32(FW_CFG_PORT_DMA_LOW, __builtin_bswap32((uint32_t)address));
    __asm__ volatile("" : : : "memory");
    return dma.control == 0;
}

bool fw_cfg_read(uint16_t item, void *to, uint32_t bytes)
{
    uint32_t key = (uint32_t)item << FW_CFG_DMA_SELECTOR_SHIFT;
    return transfer(key | FW_CFG_DMA_SELECT | FW_CFG_DMA_READ, to, bytes);
}

uint16_t fw_cfg_number(uint16_t item)
{
    uint16_t value = 0;
    fw_cfg_read(item, &value, sizeof(value));
    return value;
}

int64_t fw_cfg_find(const char *name, uint16_t *item)
{
    struct fw_cfg_entry file;
    uint32_t count;
    if (!fw_cfg_read(FW_CFG_FILE_DIR, &count, sizeof(count)))
        return -1;
    count = __builtin_bswap32(count);
    for (uint32_t i = 0; i < count && i < FW_CFG_FILES_MAX; i++) {
        if (!transfer(FW_CFG_DMA_READ, &file, sizeof(file)))
            return -1;
        if (strncmp(file.name, name, sizeof(file.name)))
            continue;
        *item = __builtin_bswap16(file.selector);
        return __builtin_bswap32(file.bytes);
    }
    return -1;
}
