/**
 * Lists of words, as users and command lines write them.
 */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include <stdbool.h>

#include <glib.h>

/** Whether @line, words between blanks, has @word. */
bool words_have(const char *line, const char *word);

/**
 * The word of @more ("name=value" or "name", between blanks) whose name @line has already, or
 * another word of @more has. NULL if there is none. Caller frees.
 */
char *words_find_repeated(const char *line, const char *more);

/**
 * The word of @words (ending with NULL) that @word was meant to be: the only one that begins so, or
 * one that is a slip of the finger away. NULL: none is.
 */
const char *words_nearest(const char *const *words, const char *word);

/** @text so that a POSIX shell takes it for one word. Caller frees. */
char *words_quote(const char *text);

#endif
