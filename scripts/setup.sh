# shellcheck shell=sh
# The set-up that ./run and ./test share; sourced by them from the root of the checkout.
#
#   setup_packages NAME...   install those Debian packages that are missing, once
#   setup_build TARGET...    build, quietly unless it fails
#
# A second run finds everything there: it changes nothing and needs no network and no root.

# shellcheck disable=SC2034 # ./run and ./test use these lists
SETUP_RUN_PACKAGES="gcc make libc6-dev binutils pkg-config libglib2.0-dev libjson-glib-dev
    libelf-dev qemu-system-x86 seabios ca-certificates cpio busybox-static jq
    libcairo2-dev fonts-dejavu-core"
# For images that GRUB boots, under BIOS and under UEFI.
SETUP_ISO_PACKAGES="grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools ovmf"
# shellcheck disable=SC2034
SETUP_TEST_PACKAGES="$SETUP_RUN_PACKAGES libcmocka-dev libfdt-dev device-tree-compiler clang g++ cmake meson doxygen libclang-rt-dev python3 parallel
    zsh mandoc groff-base spin chromium chromium-driver $SETUP_ISO_PACKAGES"

# What those packages bring: asked for on a system that has no dpkg.
SETUP_COMMANDS="gcc make ld pkg-config qemu-system-x86_64 cpio busybox jq"
SETUP_LIBRARIES="glib-2.0 gio-unix-2.0 json-glib-1.0 libelf cairo"

setup_say() { printf '%s\n' "muster: $*" >&2; }

setup_fail() {
    setup_say "$@"
    exit 3
}

# A log's last lines, so that a failure can be understood without opening the file.
setup_show_log() {
    tail -n "${2:-12}" "$1" | sed 's/^/    /' >&2
    setup_say "the whole log: $1"
}

setup_missing_packages() {
    for package; do
        # One word for each architecture of it that dpkg has heard of.
        state=$(dpkg-query -W -f '${db:Status-Status} ' "$package" 2>/dev/null) || state=
        case " $state" in
        *" installed "*) ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

# Elsewhere than on Debian nothing is installed for the user; what is missing is named.
setup_check_without_dpkg() {
    missing=
    for command in $SETUP_COMMANDS; do
        command -v "$command" >/dev/null || missing="$missing $command"
    done
    for library in $SETUP_LIBRARIES; do
        pkg-config --exists "$library" 2>/dev/null || missing="$missing $library"
    done
    [ -z "$missing" ] ||
        setup_fail "this is not Debian, and these commands or libraries are missing:$missing." \
            "Install them (with headers), then run this again."
}

# How to become root: nothing where we are root, else sudo, else no way.
setup_as_root() {
    if [ "$(id -u)" = 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

setup_install() {
    log=build/setup.log
    setup_say "installing $# packages and what they need, once, for some minutes: $*"
    setup_say "what apt says meanwhile: $log"
    : >"$log"
    # The lists may be old or absent; if they cannot be had, installing may still work from
    # what is there, and its own message says what is wrong.
    setup_as_root apt-get -q update --error-on=any >>"$log" 2>&1 || {
        grep '^E:' "$log" | head -n 3 >&2
        setup_say "apt-get update failed; going on with the package lists that are there"
    }
    setup_as_root apt-get -q install -y --no-install-recommends "$@" >>"$log" 2>&1 || {
        setup_show_log "$log"
        setup_fail "apt could not install all packages. Is the network up, and does apt have a" \
            "Debian mirror? Was an installation interrupted (dpkg --configure -a mends that)? As root:" \
            "apt-get update && apt-get install $*"
    }
}

setup_packages() {
    mkdir -p build
    if ! command -v dpkg-query >/dev/null; then
        setup_check_without_dpkg
        return
    fi
    # shellcheck disable=SC2046 # a list of names
    set -- $(setup_missing_packages "$@")
    [ $# -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        setup_fail "these packages are missing, and there is neither root nor sudo to install" \
            "them: $*. As root: apt-get update && apt-get install $*"
    setup_install "$@"
}

setup_build() {
    setup_say "building, for a minute or two the first time"
    make -s -j"$(nproc)" "$@" >build/build.log 2>&1 || {
        setup_show_log build/build.log 30
        setup_say "the build failed"
        return 1
    }
}
