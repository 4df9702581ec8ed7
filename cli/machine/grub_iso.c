#include "cli/machine/grub_iso.h"

#include <stdlib.h>
#include <string.h>

#include <glib/gstdio.h>

#include "cli/base/child.h"
#include "cli/base/files.h"
#include "cli/base/temp.h"
#include "cli/cli.h"

#define MAKE_TIMEOUT_S 120u

#define PACKAGES "grub-common, grub-pc-bin, grub-efi-amd64-bin, xorriso and mtools"

/* Where GRUB and its platforms are; the tools that grub-mkrescue starts in turn. */
static const char *const tools[] = {"grub-mkrescue", "xorriso", "mformat"};
static const char *const platforms[] = {"/usr/lib/grub/i386-pc", "/usr/lib/grub/x86_64-efi"};

/* What is used, and what GRUB's own first script asks for under UEFI, and would miss aloud. */
#define GRUB_MODULES                                                                               \
    "multiboot2 normal serial iso9660 terminal all_video boot configfile "                         \
    "part_acorn part_amiga part_apple part_bsd part_dfly part_dvh part_gpt part_msdos part_plan "  \
    "part_sun part_sunpc"

/* Names in the image. */
#define CONFIG  "grub.cfg"
#define PROGRAM "program"
#define MODULE  "module"

/* Quoted for GRUB's script: in single quotes nothing but the quote itself means anything. */
static void append_quoted(GString *text, const char *words)
{
    g_string_append_c(text, '\'');
    for (; *words; words++)
        if (*words == '\'')
            g_string_append(text, "'\\''");
        else
            g_string_append_c(text, *words);
    g_string_append_c(text, '\'');
}

/*
 * Each word quoted apart, as GRUB puts what it hands on together with blanks between, and would
 * escape the blanks within one word.
 */
static bool append_words(GString *text, const char *words, GError **error)
{
    if (!words)
        return true;
    if (strpbrk(words, "\r\n\\'\"")) {
        g_set_error(error, CLI_ERROR, CLI_USAGE,
                    "the command line '%s' has a line end, a quote or a backslash, which GRUB does "
                    "not hand on as it is; leave them out",
                    words);
        return false;
    }
    char **list = g_strsplit(words, " ", -1);
    for (char **word = list; *word; word++)
        if (**word) {
            g_string_append_c(text, ' ');
            append_quoted(text, *word);
        }
    g_strfreev(list);
    return true;
}

/*
 * GRUB runs this at its start, and has no menu to show. A failure ends the boot here, in a sentence
 * of GRUB's on screen and serial port.
 */
static char *make_config(const struct grub_iso *iso, GError **error)
{
    GString *text = g_string_new("serial --unit=0 --speed=115200\n"
                                 "terminal_output --append serial\n"
                                 "insmod all_video\n"
                                 "multiboot2 /" PROGRAM);
    bool good = append_words(text, iso->words, error);
    for (unsigned i = 0; good && i < GRUB_ISO_MODULES && iso->modules[i]; i++) {
        g_string_append_printf(text, "\nmodule2 --nounzip /" MODULE "%u", i);
        good = append_words(text, iso->module_words[i], error);
    }
    g_string_append(text, "\nboot\n");
    return g_string_free(text, !good); /* NULL if its content is freed with it */
}

/*
 * One NEW=OLD of xorriso's; its own signs in the file's name are escaped. A link would become a
 * link in the image, which leads nowhere.
 */
static void add_graft(GPtrArray *argv, const char *name, const char *file)
{
    GString *graft = g_string_new(NULL);
    char *followed = realpath(file, NULL);
    g_string_printf(graft, "%s=", name);
    for (const char *at = followed ? followed : file; *at; at++) {
        if (*at == '=' || *at == '\\')
            g_string_append_c(graft, '\\');
        g_string_append_c(graft, *at);
    }
    free(followed);
    g_ptr_array_add(argv, g_string_free(graft, FALSE));
}

static char **make_command(const char *path, const char *config, const struct grub_iso *iso)
{
    GPtrArray *argv = g_ptr_array_new();
    g_ptr_array_add(argv, g_find_program_in_path(tools[0])); /* check_tools() has seen it */
    g_ptr_array_add(argv, g_strdup("-o"));
    g_ptr_array_add(argv, g_strdup(path));
    g_ptr_array_add(argv, g_strdup("--fonts="));
    g_ptr_array_add(argv, g_strdup("--locales="));
    g_ptr_array_add(argv, g_strdup("--themes="));
    g_ptr_array_add(argv, g_strdup("--install-modules=" GRUB_MODULES));
    add_graft(argv, "/boot/grub/" CONFIG, config);
    add_graft(argv, "/" PROGRAM, iso->program);
    for (unsigned i = 0; i < GRUB_ISO_MODULES && iso->modules[i]; i++) {
        char *name = g_strdup_printf("/" MODULE "%u", i);
        add_graft(argv, name, iso->modules[i]);
        g_free(name);
    }
    g_ptr_array_add(argv, NULL);
    return (char **)g_ptr_array_free(argv, FALSE);
}

/* GRUB's own tool says nothing of a platform that is not there, and makes half an image. */
static bool check_tools(GError **error)
{
    const char *missing = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(tools); i++) {
        char *found = g_find_program_in_path(tools[i]);
        if (!found && !missing)
            missing = tools[i];
        g_free(found);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(platforms); i++)
        if (!missing && !g_file_test(platforms[i], G_FILE_TEST_IS_DIR))
            missing = platforms[i];
    return !missing || files_refuse(error,
                                    "%s is missing, without which no image can be made that GRUB "
                                    "boots; install " PACKAGES,
                                    missing);
}

static bool check_files(const struct grub_iso *iso, GError **error)
{
    guint64 bytes;
    bool good = files_check("program", iso->program, &bytes, error);
    for (unsigned i = 0; good && i < GRUB_ISO_MODULES && iso->modules[i]; i++)
        good = files_check("module", iso->modules[i], &bytes, error);
    return good;
}

static bool make_image(const char *path, const char *config, const struct grub_iso *iso,
                       GError **error)
{
    char **argv = make_command(path, config, iso);
    char *said = child_output(argv, MAKE_TIMEOUT_S, error);
    bool good = said != NULL;
    if (!good)
        g_unlink(path);
    g_free(said);
    g_strfreev(argv);
    return good;
}

bool grub_iso_make(const char *path, const struct grub_iso *iso, GError **error)
{
    char *text = make_config(iso, error);
    bool ready = text && check_files(iso, error) && check_tools(error);
    char *folder = ready ? temp_create(error) : NULL;
    char *config = folder ? g_build_filename(folder, CONFIG, NULL) : NULL;
    GError *problem = NULL;
    bool good = false;
    if (config && g_file_set_contents(config, text, -1, &problem))
        good = make_image(path, config, iso, error);
    else if (problem)
        files_refuse(error, "cannot write %s: %s", config, problem->message);
    g_clear_error(&problem);
    temp_remove(folder);
    g_free(config);
    g_free(text);
    return good;
}
