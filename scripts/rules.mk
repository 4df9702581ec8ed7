# What others take of Muster: an installation, or the library's sources as two files.

PREFIX  ?= /usr/local
INSTALL ?= install
VERSION := $(shell awk '/define MUSTER_VERSION_M|define MUSTER_VERSION_P/ \
                        { printf "%s%s", n++ ? "." : "", $$3 }' include/muster/version.h)

# Where things go below $(DESTDIR)$(PREFIX).
INSTALLED_IMAGES := muster-kernel.elf muster-kernel.efi muster-shim.elf muster-tdshim.fd \
                    muster-monitor.rom

.PHONY: amalgamation docs install $(BUILD)/muster.pc

#: make docs       the public headers as pages, build/doxygen/html/index.html
docs:
	scripts/make-docs

#: make amalgamation  the library as two files, build/amalgamation/muster.c and muster.h
amalgamation: $(BUILD)/amalgamation/muster.c
$(BUILD)/amalgamation/muster.c: scripts/amalgamate LICENSE $(LIB_C) $(LIB_S) \
                                $(wildcard abi/*.h include/*.h include/*/*.h lib/*.h lib/*/*.h lib/*/*.inc)
	scripts/amalgamate $(CC) $(@D)

$(BUILD)/muster.pc: scripts/muster.pc.in include/muster/version.h
	@mkdir -p $(@D)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' $< >$@.$$$$ && mv $@.$$$$ $@

#: make install    into $(DESTDIR)$(PREFIX), which is /usr/local if nothing else is said
install: all $(BUILD)/muster.pc
	$(INSTALL) -d $(addprefix $(DESTDIR)$(PREFIX)/,bin lib/pkgconfig include/muster share/muster \
	  share/man/man1 share/bash-completion/completions share/zsh/site-functions)
	$(INSTALL) $(BUILD)/muster $(DESTDIR)$(PREFIX)/bin/
	$(INSTALL) -m 644 $(BUILD)/libmuster.a $(DESTDIR)$(PREFIX)/lib/
	$(INSTALL) -m 644 $(BUILD)/muster.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig/
	$(INSTALL) -m 644 include/muster.h $(DESTDIR)$(PREFIX)/include/
	$(INSTALL) -m 644 include/muster/*.h $(DESTDIR)$(PREFIX)/include/muster/
	$(INSTALL) -m 644 $(addprefix $(BUILD)/,$(INSTALLED_IMAGES)) $(DESTDIR)$(PREFIX)/share/muster/
	$(INSTALL) -m 644 $(BUILD)/muster.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	$(INSTALL) -m 644 $(BUILD)/completion/muster $(DESTDIR)$(PREFIX)/share/bash-completion/completions/
	$(INSTALL) -m 644 $(BUILD)/completion/_muster $(DESTDIR)$(PREFIX)/share/zsh/site-functions/
