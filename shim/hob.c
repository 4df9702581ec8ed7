#include "shim/hob.h"

#include "abi/tdvf_image.h"
#include "abi/x86.h"
#include "boot/console.h"

static const char *read_resource(const uint8_t *at, const struct hob_header *header,
                                 hob_visitor *visitor, void *context)
{
    struct hob_resource resource;
    if (header->bytes < sizeof(resource))
        return "a resource in the TD HOB is shorter than 48 bytes";
    memcpy(&resource, at, sizeof(resource));
    if (resource.type != HOB_RESOURCE_SYSTEM_MEMORY &&
        resource.type != HOB_RESOURCE_UNACCEPTED_MEMORY)
        return NULL;
    if (!resource.bytes)
        return NULL;
    if (resource.start_phys % PAGE_BYTES || resource.bytes % PAGE_BYTES)
        return "a memory range in the TD HOB does not begin or end on a 4 KiB border";
    if (resource.start_phys + resource.bytes < resource.start_phys)
        return "a memory range in the TD HOB wraps around the address space";
    return visitor(context, resource.start_phys, resource.bytes,
                   resource.type == HOB_RESOURCE_UNACCEPTED_MEMORY);
}

/* Each header is copied before it is judged, and the step is what was judged. */
const char *hob_read(const void *list, uint64_t bytes, hob_visitor *visitor, void *context)
{
    const uint8_t *at = list;
    struct hob_header header;
    for (bool first = true;; first = false) {
        if (bytes < sizeof(header))
            return "the TD HOB has no end within its memory";
        memcpy(&header, at, sizeof(header));
        if (header.bytes < sizeof(header) || header.bytes > bytes)
            return "an entry of the TD HOB has an impossible length";
        if (first && (header.type != HOB_HANDOFF || header.bytes < sizeof(struct hob_handoff)))
            return "the TD HOB does not begin with a handoff entry: the host gave none";
        if (header.type == HOB_END)
            return NULL;
        if (header.type == HOB_RESOURCE) {
            const char *error = read_resource(at, &header, visitor, context);
            if (error)
                return error;
        }
        at += header.bytes;
        bytes -= header.bytes;
    }
}
