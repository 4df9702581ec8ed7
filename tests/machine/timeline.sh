#!/bin/sh
# Timelines: of real runs, and of made-up reports (tests/timeline/reports.py) in which everything
# happens that a run rarely shows.
. tests/machine/common.sh

cases() {
    echo "60 timeline_of_a_run_is_drawn_in_one_go one_go"
    echo "30 timeline_of_a_failed_run_is_drawn_too failed_run"
    echo "30 timeline_has_five_formats formats"
    echo "30 timeline_picture_has_a_dark_side_for_every_colour colours"
    echo "30 timeline_trace_keeps_the_format traces"
    echo "30 timeline_refuses_what_is_no_report bad_reports"
    echo "30 timeline_refuses_wrong_usage bad_usage"
    echo "30 timeline_is_written_whole_or_not_at_all whole_or_not"
    echo "30 timeline_is_drawn_where_there_is_no_font no_font"
    echo "60 timeline_page_of_a_hostile_guest_stays_a_page page hostile 12 7"
    echo "60 timeline_page_of_512_cpus_is_used_in_a_browser page failed 512 300"
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] || long_cases
}

long_cases() {
    echo "400 timeline_of_255_cpus_by_sipi many sipi"
    echo "400 timeline_of_255_cpus_by_mailbox many mailbox"
}

# report KIND [CPUS]: the made-up report, by its path.
report() {
    tests/timeline/reports.py "$@" >"$work/$1.json"
    echo "$work/$1.json"
}

draw() { expect_status 0 "$muster" timeline "$@"; }

one_go() {
    expect_status 0 "$muster" run --cpus 4 --wake mailbox --json "$work/report.json" \
        --timeline "$work/run.svg"
    tests/timeline/check_svg.py "$work/run.svg" auto || fail "the picture"
    # From the report it is the same picture.
    draw "$work/report.json" -o "$work/again.svg"
    cmp "$work/run.svg" "$work/again.svg" || fail "two pictures of one run"
    draw "$work/report.json" -o "$work/run.trace.json"
    tests/timeline/check_trace.py "$work/run.trace.json" 4 || fail "the trace"
    # What the trace draws is what the report says.
    jq -e --slurpfile report "$work/report.json" '
        [.traceEvents[] | select(.ph == "X" and .name == "on") | [.tid - 1, .ts]] as $on |
        all($report[0].cpus[]; . as $cpu |
            any($on[]; .[0] == $cpu.index and ((.[1] * 1000 - $cpu.stamps_ns.on) | fabs) < 2))' \
        "$work/run.trace.json" >/dev/null || fail "the trace has other times than the report"
}

# A QEMU that has nothing to run, and a kernel that sends its report.
failed_run() {
    report failed 3 >/dev/null
    jq -c '{from: "kernel", event: "report", result: "failed", proofs: [], way, cpus}' \
        "$work/failed.json" >"$work/lines"
    echo '{"from":"kernel","event":"end"}' >>"$work/lines"
    cat >"$work/qemu" <<'END'
#!/bin/sh
[ "$1" != --version ] || { echo "QEMU emulator version 7.2.22"; exit; }
for word; do
    case $word in file,id=muster-console,path=*) cat "${0%/*}/lines" >"${word##*path=}" ;; esac
done
sleep 20
END
    chmod +x "$work/qemu"
    expect_status 1 "$muster" run --cpus 4 --qemu "$work/qemu" --timeline "$work/failed.html"
    grep -q 'MUSTER_ERROR_NOT_ARRIVED' "$work/failed.html" || fail "the reason is not in the page"
    : >"$work/lines"
    expect_status 1 "$muster" run --cpus 4 --qemu "$work/qemu" --timeline "$work/none.svg" \
        --timeout 1 2>"$work/stderr"
    grep -q 'none.svg: not drawn, the kernel sent no report' "$work/stderr" || fail "no word of it"
    [ ! -e "$work/none.svg" ] || fail "a picture of nothing"
}

# begins FILE TEXT: so that a viewer knows what it is.
begins() { head -c 64 "$1" | grep -aq "$2" || fail "$1 does not begin with $2"; }

formats() {
    made=$(report plain 16)
    for ending in svg png pdf html json SVG; do
        draw "$made" -o "$work/out.$ending" --title "Mine & <yours>"
    done
    begins "$work/out.svg" '<?xml version="1.0"'
    begins "$work/out.SVG" '<?xml version="1.0"'
    begins "$work/out.png" 'PNG'
    begins "$work/out.pdf" '^%PDF-'
    begins "$work/out.html" '<!DOCTYPE html>'
    begins "$work/out.json" '{"traceEvents":'
    tail -c 64 "$work/out.pdf" | grep -aq '%%EOF' || fail "the PDF has no end"
    tail -c 12 "$work/out.png" | grep -aq 'IEND' || fail "the PNG has no end"
    grep -q '<title>Mine &amp; &lt;yours&gt;</title>' "$work/out.html" || fail "the title"
    ! grep -E 'https?://' "$work/out.html" | grep -v www.w3.org || fail "the page asks the network"
}

colours() {
    for kind in plain failed hostile lost stamps; do
        made=$(report "$kind" 20)
        draw "$made" -o "$work/auto.svg"
        tests/timeline/check_svg.py "$work/auto.svg" auto || fail "$kind"
    done
    for theme in light dark; do
        draw "$made" -o "$work/$theme.svg" --theme "$theme"
        tests/timeline/check_svg.py "$work/$theme.svg" "$theme" || fail "$theme"
    done
    ! cmp -s "$work/light.svg" "$work/dark.svg" || fail "the dark is light"
    # In a thin row, too, a failure has its colour: #d55e00.
    draw "$(report failed 300)" -o "$work/many.svg"
    grep -q 'd55e00' "$work/many.svg" || fail "a failed CPU is not to be seen among 300"
}

traces() {
    for kind in plain failed hostile lost stamps; do
        draw "$(report "$kind" 9)" -o "$work/$kind.trace.json"
        tests/timeline/check_trace.py "$work/$kind.trace.json" 9 || fail "$kind"
    done
    expect "$work/plain.trace.json" '[.traceEvents[] | select(.ph == "s")] | length == 16'
    expect "$work/failed.trace.json" 'any(.traceEvents[]; .ph == "X" and .name == "failed")'
    expect "$work/failed.trace.json" \
        'any(.traceEvents[]; .name == "thread_name" and (.args.name | contains("NOT_ARRIVED")))'
}

# undrawn STATUS TEXT ARG...: muster timeline says so in one line, and writes nothing.
undrawn() {
    refused_by timeline "$@"
    [ "$(wc -l <"$work/stderr")" -eq 1 ] || fail "more than one line"
    [ -z "$(find "$work" -name 'out*')" ] || fail "something is written"
}

bad_reports() {
    out=$work/out.svg
    undrawn 3 'none: No such file' "$work/none" -o "$out"
    undrawn 3 'is a folder' "$work" -o "$out"
    undrawn 3 'not a regular file' /dev/zero -o "$out"
    : >"$work/empty"
    undrawn 3 'is empty' "$work/empty" -o "$out"
    undrawn 3 'is no JSON object' README.md -o "$out"
    echo '[{"schema":"muster.report/1"}]' >"$work/list"
    undrawn 3 'is no JSON object' "$work/list" -o "$out"
    report plain >/dev/null
    head -c 900 "$work/plain.json" >"$work/torn"
    undrawn 3 'is no JSON object' "$work/torn" -o "$out"
    awk 'BEGIN { printf "{\"a\":"; for (i = 0; i < 99999; i++) printf "["; }' >"$work/deep"
    undrawn 3 'is no JSON object' "$work/deep" -o "$out"
    echo '{"cpus":[]}' >"$work/bare"
    undrawn 3 'names no schema' "$work/bare" -o "$out"
    printf '{"schema":"other\\u001b[31m/2"}' >"$work/other"
    undrawn 3 "its schema is 'other/2'" "$work/other" -o "$out"
    ! grep -q "$(printf '\033')" "$work/stderr" || fail "a control character is printed"
    undrawn 3 'no time stamps' "$(report boot)" -o "$out"
    jq '.cpus = []' "$work/boot.json" >"$work/td"
    undrawn 3 'no time stamps' "$work/td" -o "$out"
    jq '.cpus = [range(5000) | {apic_id: ., stamps_ns: {on: 5}}]' "$work/plain.json" >"$work/huge"
    undrawn 3 'more than 4096 CPUs' "$work/huge" -o "$out"
}

bad_usage() {
    made=$(report plain)
    undrawn 2 'which report' -o "$work/out.svg"
    undrawn 2 'where to' "$made"
    undrawn 2 'one argument too many' "$made" "$made" -o "$work/out.svg"
    undrawn 2 '.svg, .png, .pdf, .html or .json' "$made" -o "$work/out.gif"
    undrawn 2 '.svg, .png, .pdf, .html or .json' "$made" -o "$work/out"
    undrawn 2 'is the same file as' "$made" -o "$made"
    ln -s plain.json "$work/link.json"
    undrawn 2 'is the same file as' "$made" -o "$work/link.json"
    undrawn 2 'give one of auto, light, dark' "$made" -o "$work/out.svg" --theme red
    undrawn 2 "Unknown option --fly" "$made" -o "$work/out.svg" --fly
    jq -e . "$made" >/dev/null || fail "the report is broken"
    expect_status 2 "$muster" run --timeline "$work/out.gif"
    expect_status 2 "$muster" run --timeline "$work/out.json" --json "$work/out.json"
    expect_status 3 "$muster" run --timeline "$work/none/out.svg"
}

whole_or_not() {
    made=$(report plain)
    undrawn 3 'cannot be written' "$made" -o "$work/none/x.svg"
    mkdir "$work/folder.svg"
    undrawn 3 'is a folder' "$made" -o "$work/folder.svg"
    # A link and what it leads to stay; a device is written to as it is.
    echo old >"$work/target"
    ln -s target "$work/link.svg"
    draw "$made" -o "$work/link.svg"
    [ -L "$work/link.svg" ] || fail "the link is gone"
    begins "$work/target" '<?xml'
    ln -s /dev/full "$work/full.svg"
    undrawn 3 'cannot be written: No space left' "$made" -o "$work/full.svg"
    # A report that cannot be drawn leaves what was there.
    echo mine >"$work/kept.svg"
    expect_status 3 "$muster" timeline "$(report boot)" -o "$work/kept.svg"
    [ "$(cat "$work/kept.svg")" = mine ] || fail "the file that was there is gone"
}

no_font() {
    echo '<?xml version="1.0"?><fontconfig></fontconfig>' >"$work/fonts.conf"
    made=$(report failed 8)
    export FONTCONFIG_FILE="$PWD/$work/fonts.conf"
    draw "$made" -o "$work/out.svg" 2>"$work/stderr"
    grep -q 'there is no font here' "$work/stderr" || fail "no word of it"
    tests/timeline/check_svg.py "$work/out.svg" auto || fail "the picture"
}

# page KIND CPUS APIC-ID: as a reader uses it.
page() {
    command -v chromedriver >/dev/null || skip "there is no chromedriver"
    made=$(report "$1" "$2")
    draw "$made" -o "$work/$1.html"
    HOME=$work tests/timeline/browser.py "$work/$1.html" "$2" "$3" || fail "the page"
}

many() {
    muster_run "$1" 255 --timeline "$work/many.svg"
    tests/timeline/check_svg.py "$work/many.svg" auto || fail "the picture"
    draw "$work/report.json" -o "$work/many.trace.json"
    tests/timeline/check_trace.py "$work/many.trace.json" 255 || fail "the trace"
    draw "$work/report.json" -o "$work/many.html"
    HOME=$work tests/timeline/browser.py "$work/many.html" 255 77 || fail "the page"
}

main "$@"
