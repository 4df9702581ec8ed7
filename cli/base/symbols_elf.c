/* An ELF file's symbol table, by libelf, which checks the file's own numbers. */
#include <fcntl.h>
#include <unistd.h>

#include <gelf.h>

#include "cli/base/files.h"
#include "cli/base/symbols_read.h"

static bool is_code(const GElf_Sym *symbol, Elf *elf)
{
    unsigned type = GELF_ST_TYPE(symbol->st_info);
    Elf_Scn *section = symbol->st_shndx < SHN_LORESERVE ? elf_getscn(elf, symbol->st_shndx) : NULL;
    GElf_Shdr header;
    return (type == STT_FUNC || type == STT_NOTYPE || type == STT_GNU_IFUNC) && section &&
           gelf_getshdr(section, &header) && (header.sh_flags & SHF_EXECINSTR);
}

static void add_table(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, GArray *places)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t each = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
    size_t count = data && each ? MIN(data->d_size / each, G_MAXINT) : 0;
    for (size_t i = 0; i < count; i++) {
        GElf_Sym symbol;
        if (!gelf_getsym(data, (int)i, &symbol) || !is_code(&symbol, elf))
            continue;
        const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);
        if (name && name[0])
            symbols_add(places, symbol.st_value, name);
    }
}

static void add_sections(Elf *elf, GArray *places)
{
    for (Elf_Scn *section = elf_nextscn(elf, NULL); section; section = elf_nextscn(elf, section)) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header))
            continue;
        if (header.sh_type == SHT_SYMTAB)
            add_table(elf, section, &header, places);
        /* What lies behind a section's end has no name. */
        if (header.sh_flags & SHF_EXECINSTR)
            symbols_add(places, header.sh_addr + header.sh_size, NULL);
    }
}

static bool check_header(const char *path, Elf *elf, GError **error)
{
    GElf_Ehdr header;
    if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
        return files_refuse(error, "symbols %s: is a broken ELF file: %s", path, elf_errmsg(-1));
    if (header.e_machine != EM_X86_64 && header.e_machine != EM_386)
        return files_refuse(error, "symbols %s: is for another machine than x86", path);
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
        return files_refuse(error, "symbols %s: is not linked yet; its addresses mean nothing",
                            path);
    return true;
}

bool symbols_read_elf(const char *path, GArray *places, GError **error)
{
    elf_version(EV_CURRENT);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    bool good = check_header(path, elf, error);
    if (good)
        add_sections(elf, places);
    elf_end(elf);
    if (fd >= 0)
        close(fd);
    return good;
}
