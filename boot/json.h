/**
 * A writer of JSON lines on the debug console. A document is one line:
 *
 *     json_begin("kernel", "report");      {"from":"kernel","event":"report"
 *     json_number("cpus", 4);              ,"cpus":4
 *     json_open("stamps", '{'); ...        ,"stamps":{...
 *     json_close('}');                     }
 *     json_end();                          }\n
 *
 * Inside an array the key is NULL. One CPU at a time.
 */
#ifndef BOOT_JSON_H
#define BOOT_JSON_H

#include <stdbool.h>
#include <stdint.h>

void json_begin(const char *from, const char *event);
void json_end(void);
void json_open(const char *key, char bracket); /* '{' or '[' */
void json_close(char bracket);                 /* '}' or ']' */
void json_number(const char *key, uint64_t value);
void json_number_or_null(const char *key, bool known, uint64_t value);
void json_signed(const char *key, int64_t value);
void json_hex(const char *key, uint64_t value); /* as a string "0x..." */
void json_bool(const char *key, bool value);
void json_text(const char *key, const char *value); /* escaped; NULL becomes null */

#endif
