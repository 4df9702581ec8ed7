/**
 * The rules that a guest's conformance is judged by (docs/conformance.md), by the names that the
 * monitor reports them under and the command reads.
 */
#ifndef ABI_CONFORMANCE_H
#define ABI_CONFORMANCE_H

/* Of the mailbox: judged once firmware has said what it owns. */
#define RULE_OPERANDS "mailbox-operands-after-command"
#define RULE_NOOP     "command-before-noop"
#define RULE_HALF     "firmware-half-written"
#define RULE_VECTOR   "vector-out-of-range"
#define RULE_COMMAND  "reserved-command"
#define RULE_RESERVED "reserved-field-not-zero"
#define RULE_CODE     "firmware-code-written"
#define RULE_TABLES   "firmware-tables-written"
#define RULE_CPU      "cpu-not-described"
#define RULE_TRAP     "trap-before-idt"
#define RULE_PAGE     "code-outside-vector-page"

/* Of any guest, always judged. */
#define RULE_NO_INIT "no-init"
#define RULE_NO_SIPI "no-sipi"

/** Both kinds as initializers of arrays, in the order in which they are told. */
#define RULES_OF_MAILBOX                                                                           \
    RULE_OPERANDS, RULE_NOOP, RULE_HALF, RULE_VECTOR, RULE_COMMAND, RULE_RESERVED, RULE_CODE,      \
        RULE_TABLES, RULE_CPU, RULE_TRAP, RULE_PAGE
#define RULES_OF_ANYBODY RULE_NO_INIT, RULE_NO_SIPI

#endif
