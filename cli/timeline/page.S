/*
 * The page's files, as they are, each with a zero behind it: C takes them for texts.
 * The assembler reads them from the root of the checkout; the Makefile says so to make.
 */
    .macro text name, file
    .global \name
    .type \name, @object
\name:
    .incbin "\file"
    .byte 0
    .size \name, . - \name
    .endm

    .section .rodata
    text page_html, "cli/timeline/page.html"
    text page_css, "cli/timeline/page.css"
    text page_view_js, "cli/timeline/page-view.js"
    text page_js, "cli/timeline/page.js"

    .section .note.GNU-stack, "", @progbits
